#!/usr/bin/env python3
"""The launcher of a machine of a cloud (adapters/vm/launch.sh), run by itself.

It joins before a desk that loses answers, passes on the notices of both clouds' metadata services,
says what came of the service, and ends the machine when nobody answers any more.
"""
import http.server
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
LAUNCHER = os.path.join(HERE, "../../adapters/vm/launch.sh")


class Desk(http.server.BaseHTTPRequestHandler):
    """The control plane's side and, below /metadata, the cloud's."""

    def log_message(self, *_):
        pass

    def reply(self, status, text=""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        calls = self.server.calls
        calls.append((self.path, self.headers.get("Authorization"), body))
        if self.server.is_gone:
            return self.reply(503)
        if self.path == "/v1/join":
            if sum(1 for path, _, _ in calls if path == "/v1/join") <= self.server.lost_answers:
                self.close_connection = True
                return None
            return self.reply(200, "#session S1\nAPI_KEY='hunt'\\''er2'\n")
        return self.reply(200)

    def do_PUT(self):
        self.reply(200, "metadata-token")

    def do_GET(self):
        if self.path.endswith("/spot/instance-action") and self.server.notice:
            fits = self.headers.get("X-aws-ec2-metadata-token") == "metadata-token"
            return self.reply(200 if fits else 401, self.server.notice)
        if "/instance/preempted" in self.path and self.headers.get("Metadata-Flavor") == "Google":
            return self.reply(200, "TRUE" if self.server.notice else "FALSE")
        return self.reply(404)


class LauncherTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="skyctl-launcher-")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Desk)
        self.server.calls, self.server.notice = [], ""
        self.server.is_gone, self.server.lost_answers = False, 0
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.launcher = None

    def tearDown(self):
        if self.launcher:
            try:
                os.killpg(self.launcher.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.launcher.wait()
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.folder)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, run="sleep 100", metadata="none", advertise=True, dead_after=100, port=1):
        self.write("boot.env", f"ADVERTISE_URL='{self.url if advertise else ''}'\n"
                   f"DEAD_AFTER='{dead_after}'\nMETADATA='{metadata}'\nSERVICE_PORT='{port}'\n"
                   "CONTAINER_IMAGE=''\n")
        self.write("serve.sh", f". '{self.folder}/secrets'\nexport API_KEY\n{run}\n")
        if advertise:
            self.write("join", "Authorization: Bearer J1\n")
        environment = {"PATH": os.environ["PATH"], "SKYCTL_ROOT": self.folder, "SKYCTL_BEAT": "0.2",
                       "SKYCTL_LOOK": "0.1", "SKYCTL_METADATA": self.url + "/metadata",
                       "SKYCTL_POWEROFF": f"touch {self.folder}/off"}
        self.launcher = subprocess.Popen(["/bin/sh", LAUNCHER], env=environment,
                                         start_new_session=True, stderr=subprocess.DEVNULL)

    def wait_for(self, is_true, what, seconds=15):
        deadline = time.monotonic() + seconds
        while not is_true():
            self.assertLess(time.monotonic(), deadline, f"{what}: {self.server.calls}")
            time.sleep(0.02)

    def has_called(self, path):
        return any(call[0].startswith(path) for call in self.server.calls)

    def body_of(self, path):
        return next(call[2] for call in self.server.calls if call[0].startswith(path))

    def test_it_joins_once_and_gives_the_secrets_to_the_service_only(self):
        self.server.lost_answers = 2
        self.start(run=f"printf '%s' \"$API_KEY\" > '{self.folder}/seen'; sleep 100")
        self.wait_for(lambda: os.path.exists(os.path.join(self.folder, "seen")), "no service")
        with open(os.path.join(self.folder, "seen"), encoding="utf-8") as file:
            self.wait_for(lambda: self.has_called("/v1/join/mark?name=run"), "no mark")
            self.assertEqual(file.read(), "hunt'er2")
        joins = [call for call in self.server.calls if call[0] == "/v1/join"]
        self.assertEqual(len(joins), 3)
        self.assertEqual(len({body for _, _, body in joins}), 1, "one machine, one nonce")
        self.assertEqual({token for _, token, _ in joins}, {"Bearer J1"})
        self.assertFalse(os.path.exists(os.path.join(self.folder, "join")), "the token is spent")
        later = {token for path, token, _ in self.server.calls if path != "/v1/join"}
        self.assertEqual(later, {"Bearer S1"})
        self.assertEqual(os.stat(os.path.join(self.folder, "secrets")).st_mode & 0o777, 0o600)

    def test_no_token_and_no_secret_is_on_a_command_line(self):
        self.start()
        self.wait_for(lambda: self.has_called("/v1/join/alive"), "no sign of life")
        lines = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    lines.append(file.read())
            except OSError:
                continue
        for secret in (b"Bearer", b"hunt"):
            self.assertFalse([line for line in lines if secret in line])

    def test_it_passes_on_a_notice_of_aws(self):
        self.start(metadata="aws")
        self.wait_for(lambda: self.has_called("/v1/join/mark?name=run"), "no mark")
        self.server.notice = json.dumps({"action": "terminate", "time": "2026-11-27T02:45:00Z"})
        self.wait_for(lambda: self.has_called("/v1/join/notice"), "no notice")
        self.assertEqual(json.loads(self.body_of("/v1/join/notice"))["action"], "terminate")

    def test_it_passes_on_a_preemption_of_gcp(self):
        self.start(metadata="gcp")
        self.wait_for(lambda: self.has_called("/v1/join/mark?name=run"), "no mark")
        self.server.notice = "yes"
        self.wait_for(lambda: self.has_called("/v1/join/notice"), "no notice")

    def test_it_tells_how_the_service_ended_with_its_last_words(self):
        self.start(run="echo out of memory; exit 7")
        self.wait_for(lambda: self.has_called("/v1/join/mark?name=ended"), "no end")
        body = self.body_of("/v1/join/mark?name=ended")
        self.assertTrue(body.startswith("status 7"), body)
        self.assertIn("out of memory", body)

    def test_it_tells_when_the_port_is_open(self):
        self.start(run="exec python3 -m http.server 18931 --bind 127.0.0.1", port=18931)
        self.wait_for(lambda: self.has_called("/v1/join/mark?name=port"), "no port")

    def test_it_ends_the_machine_when_the_control_plane_is_gone(self):
        self.start(dead_after=2)
        self.wait_for(lambda: self.has_called("/v1/join/alive"), "no sign of life")
        time.sleep(2.5)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "off")), "it lives")
        self.server.is_gone = True
        self.wait_for(lambda: os.path.exists(os.path.join(self.folder, "off")), "it stays for ever")

    def test_it_ends_the_machine_when_nobody_lets_it_join(self):
        self.server.is_gone = True
        self.start(dead_after=1)
        self.wait_for(lambda: os.path.exists(os.path.join(self.folder, "off")), "it stays for ever")

    def test_without_an_address_it_serves_and_calls_nobody(self):
        self.start(run=f"touch '{self.folder}/seen'; sleep 100", advertise=False)
        self.wait_for(lambda: os.path.exists(os.path.join(self.folder, "seen")), "no service")
        self.assertEqual(self.server.calls, [])


if __name__ == "__main__":
    unittest.main()
