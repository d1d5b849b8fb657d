#!/usr/bin/env python3
"""A service on AWS's spot machines, as a user types it: our scripted EC2, real clocks, the real
daemon and endpoint. Its machines are processes that run the launcher of their user data, join the
daemon, are given the secret, and serve.
"""
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
SKYCTL = os.path.abspath(os.environ.get("SKYCTL", os.path.join(HERE, "../../build/cli/skyctl")))
SECRET = "hunter2-of-the-test"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()

SERVICE = """\
name: web
secrets: {API_KEY: null}
envs: {SKYCTL_BINARY: "%s"}
resources: {accelerators: "T4:1", ports: %d, use_spot: true, infra: aws}
service:
  readiness_probe: {path: /health, initial_delay_seconds: 60, endpoint_probe_interval_seconds: 0.5}
  replicas: 2
run: |
  test "$(printf %%s "$API_KEY" | sha256sum | cut -c1-64)" = "%s" || exit 9
  exec "$SKYCTL_BINARY" demo-llm --host "$MACHINE_ADDRESS" --port %d
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class AwsStory(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.mkdtemp(prefix="skyctl-aws-")
        self.home = os.path.join(self.work, "home")
        os.makedirs(self.home, mode=0o700)
        self.fake = subprocess.Popen(
            [sys.executable, "-B", os.path.join(HERE, "ec2_fake.py"), "--machines",
             os.path.join(self.work, "machines")], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.fake.stdout.readline().split()[-1]}"
        join = free_port()
        with open(os.path.join(self.home, "config.yaml"), "w", encoding="utf-8") as file:
            file.write(f"""\
skyctl:
  machines:
    advertise: http://127.0.0.1:{join}
    bind: 127.0.0.1:{join}
    sources: [127.0.0.1/32]
  aws:
    regions: [us-east-1, us-east-2]
    images: {{"": ami-12345678}}
    endpoints: {{ec2: "{self.url}", sts: "{self.url}"}}
""")
        self.port = free_port()
        self.file = os.path.join(self.work, "web.yaml")
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(SERVICE % (SKYCTL, self.port, DIGEST, self.port))
        signal.signal(signal.SIGALRM, self.too_long)
        signal.alarm(150)

    def too_long(self, *_):
        raise AssertionError("the test took longer than 150 s")

    def tearDown(self):
        signal.alarm(0)
        if self._outcome and not self._outcome.success:
            for name in ("daemon.log", "lb.out"):
                self.show(os.path.join(self.home, name))
            print(self.skyctl("events").stdout[-6000:], file=sys.stderr)
        self.skyctl("down", "web", "-y")
        self.skyctl("daemon", "stop")
        self.fake.terminate()
        self.fake.wait(10)
        self.fake.stdout.close()
        shutil.rmtree(self.work, ignore_errors=True)

    def show(self, path):
        if os.path.exists(path):
            with open(path, errors="replace", encoding="utf-8") as file:
                print(f"-- {path}\n{file.read()[-3000:]}", file=sys.stderr)

    def skyctl(self, *words):
        environment = {"PATH": os.environ["PATH"], "SKYCTL_HOME": self.home, "HOME": self.home,
                       "AWS_ACCESS_KEY_ID": "AKFAKE", "AWS_SECRET_ACCESS_KEY": "aws-secret",
                       "KUBECONFIG": os.path.join(self.home, "none")}
        return subprocess.run([SKYCTL, *words], env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, check=False)

    def held(self):
        with urllib.request.urlopen(self.url + "/_fake", timeout=10) as answer:
            return json.load(answer)

    def order_fake(self, **orders):
        request = urllib.request.Request(self.url + "/_fake", json.dumps(orders).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def running(self):
        return [one for one in self.held()["instances"] if one["state"] == "running"]

    def wait_for(self, is_true, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not is_true():
            if time.monotonic() > deadline:
                self.fail(f"{what}\n{self.skyctl('status', '-v').stdout}")
            time.sleep(0.2)

    def ready(self):
        status = json.loads(self.skyctl("status", "--json").stdout)
        return [row for row in status["replicas"] if row["status"] == "READY"]

    def ask(self):
        status = json.loads(self.skyctl("status", "--json").stdout)
        endpoint = status["services"][0]["endpoint"]
        url = endpoint if "://" in endpoint else "http://" + endpoint
        with urllib.request.urlopen(url + "/v1/models", timeout=10) as answer:
            return answer.status

    def kill_daemon(self):
        pids = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                with open(f"/proc/{pid}/environ", "rb") as file:
                    ours = f"SKYCTL_HOME={self.home}".encode() in file.read().split(b"\0")
            except OSError:
                continue
            if ours and b"daemon" in words and b"lb" not in words:
                pids.append(int(pid))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return len(pids)

    def up(self):
        done = self.skyctl("up", self.file, "-y", "--secret", f"API_KEY={SECRET}", "-n", "web")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return done.stdout

    def test_spot_replicas_serve_survive_a_preemption_and_leave_nothing(self):
        plan = self.up()
        self.assertIn("g4dn.xlarge[Spot]", plan)
        self.wait_for(lambda: len(self.ready()) == 2, "two replicas are ready")
        self.assertEqual(self.ask(), 200)
        machines = self.running()
        self.assertEqual(len(machines), 2)
        self.assertFalse(SECRET in json.dumps(machines), "a secret is in user data")
        self.assertIn("joined", self.skyctl("logs", "web", "1").stdout)

        self.order_fake(notice=machines[0]["id"], seconds=6)
        self.wait_for(lambda: any(one["id"] not in [m["id"] for m in machines]
                                  for one in self.running()), "a machine in its place")
        self.wait_for(lambda: len(self.ready()) == 2, "two are ready again")
        self.assertTrue("PreemptionNoticed" in self.skyctl("events", "web", "--json").stdout)

        self.assertGreater(self.kill_daemon(), 0)
        self.assertEqual(len(self.ready()), 2)  # brings it back
        self.assertEqual(len(self.running()), 2)

        done = self.skyctl("down", "web", "-y")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.wait_for(lambda: not self.running(), "no machine is left")
        self.wait_for(lambda: not self.held()["groups"], "no firewall is left", seconds=90)
        everything = self.skyctl("events", "--json").stdout
        for name in ("daemon.log", "lb.out"):
            with open(os.path.join(self.home, name), errors="replace", encoding="utf-8") as file:
                everything += file.read()
        for secret in (SECRET, "aws-secret"):
            self.assertFalse(secret in everything, "a secret is in events or logs")

    def test_a_daemon_killed_around_a_launch_leaks_nothing(self):
        self.order_fake(drop={"action": "RunInstances", "times": 1}, pending_seconds=2)
        self.up()
        for _ in range(4):
            time.sleep(0.7)
            self.kill_daemon()
            self.skyctl("status")  # brings it back
        self.wait_for(lambda: len(self.ready()) == 2, "two replicas are ready")
        self.assertEqual(len(self.running()), 2)
        self.assertEqual(self.skyctl("down", "web", "-y").returncode, 0)
        self.wait_for(lambda: not self.running(), "no machine is left")

    def test_check_tells_who_we_are_and_what_is_missing(self):
        done = self.skyctl("check", "aws")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("arn:aws:iam::123456789012:user/fake", done.stdout)
        self.order_fake(fail={"action": "RunInstances", "code": "UnauthorizedOperation",
                              "status": 403})
        done = self.skyctl("check", "aws")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn('"ec2:RunInstances"', done.stdout)


if __name__ == "__main__":
    unittest.main()
