"""A service on spot machines, as a user types it: a scripted cloud, real clocks, the real daemon and
endpoint. Its machines are processes that run the launcher of their user data, join the daemon, are
given the secret, and serve.

Each cloud's tests say what is its own: the fake, the configuration, the environment.
"""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../scripts"))

from loopback import free_port  # noqa: E402

SKYCTL = os.path.abspath(os.environ.get("SKYCTL", os.path.join(HERE, "../../build/cli/skyctl")))
SECRET = "hunter2-of-the-test"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()
SECONDS_AT_MOST = 170

SERVICE = """\
name: web
secrets: {API_KEY: null}
envs: {SKYCTL_BINARY: "%s"}
resources: {accelerators: "T4:1", ports: %d, use_spot: true}
service:
  readiness_probe: {path: /health, initial_delay_seconds: 60, endpoint_probe_interval_seconds: 0.5}
  replicas: 2
run: |
  test "$(printf %%s "$API_KEY" | sha256sum | cut -c1-64)" = "%s" || exit 9
  exec "$SKYCTL_BINARY" demo-llm --host "$MACHINE_ADDRESS" --port %d
"""


class Fake:
    """A scripted cloud that prints "listening on PORT" and takes orders at /_fake."""

    def __init__(self, script, machines):
        self.process = subprocess.Popen([sys.executable, "-B", script, "--machines", machines],
                                        stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().split()[-1]}"

    def held(self):
        with urllib.request.urlopen(self.url + "/_fake", timeout=10) as answer:
            return json.load(answer)

    def order(self, **orders):
        request = urllib.request.Request(self.url + "/_fake", json.dumps(orders).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def end(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


class StoryCase(unittest.TestCase):
    # ---- what each cloud says of itself

    def start_fakes(self):
        raise NotImplementedError

    def cloud_settings(self):
        """Lines of config.yaml, below `skyctl:`."""
        raise NotImplementedError

    def cloud_environment(self):
        raise NotImplementedError

    # ---- one home a test

    def setUp(self):
        self.work = tempfile.mkdtemp(prefix="skyctl-story-")
        self.home = os.path.join(self.work, "home")
        os.makedirs(self.home, mode=0o700)
        self.fakes = []
        self.start_fakes()
        join = free_port()
        with open(os.path.join(self.home, "config.yaml"), "w", encoding="utf-8") as file:
            file.write(f"skyctl:\n  machines:\n    advertise: http://127.0.0.1:{join}\n"
                       f"    bind: 127.0.0.1:{join}\n    sources: [127.0.0.1/32]\n"
                       + self.cloud_settings())
        port = free_port()
        self.file = os.path.join(self.work, "web.yaml")
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(SERVICE % (SKYCTL, port, DIGEST, port))
        signal.signal(signal.SIGALRM, self.too_long)
        signal.alarm(SECONDS_AT_MOST)

    def too_long(self, *_):
        raise AssertionError(f"the test took longer than {SECONDS_AT_MOST} s")

    def tearDown(self):
        signal.alarm(0)
        if not self._outcome.success:
            for name in ("daemon.log", "lb.out"):
                self.show(os.path.join(self.home, name))
            print(self.skyctl("events").stdout[-6000:], file=sys.stderr)
        self.skyctl("down", "web", "-y")
        self.skyctl("daemon", "stop")
        for fake in self.fakes:
            fake.end()
        shutil.rmtree(self.work, ignore_errors=True)

    def start_fake(self, script):
        fake = Fake(script, os.path.join(self.work, f"machines{len(self.fakes)}"))
        self.fakes.append(fake)
        return fake

    def show(self, path):
        if os.path.exists(path):
            with open(path, errors="replace", encoding="utf-8") as file:
                print(f"-- {path}\n{file.read()[-3000:]}", file=sys.stderr)

    # ---- doing

    def skyctl(self, *words):
        environment = {"PATH": os.environ["PATH"], "SKYCTL_HOME": self.home, "HOME": self.home,
                       "KUBECONFIG": os.path.join(self.home, "none"), **self.cloud_environment()}
        return subprocess.run([SKYCTL, *words], env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, check=False)

    def up(self):
        done = self.skyctl("up", self.file, "-y", "--secret", f"API_KEY={SECRET}", "-n", "web")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return done.stdout

    def down(self):
        done = self.skyctl("down", "web", "-y")
        self.assertEqual(done.returncode, 0, done.stderr)

    def kill_daemon(self):
        """As `kill -9` would; returns how many there were. The next command brings it back."""
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

    def ask(self):
        status = json.loads(self.skyctl("status", "--json").stdout)
        endpoint = status["services"][0]["endpoint"]
        url = endpoint if "://" in endpoint else "http://" + endpoint
        with urllib.request.urlopen(url + "/v1/models", timeout=10) as answer:
            return answer.status

    # ---- looking

    def wait_for(self, is_true, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not is_true():
            if time.monotonic() > deadline:
                self.fail(f"{what}\n{self.skyctl('status', '-v').stdout}")
            time.sleep(0.2)

    def ready(self):
        status = json.loads(self.skyctl("status", "--json").stdout)
        return [row for row in status["replicas"] if row["status"] == "READY"]

    def wait_until_ready(self, count=2):
        self.wait_for(lambda: len(self.ready()) == count, f"{count} replicas are ready")

    def running(self):
        """Ids of all machines that are there, with the fake that has them."""
        found = {}
        for fake in self.fakes:
            for one in fake.held()["instances"]:
                if one.get("state", one.get("status")) in ("running", "RUNNING"):
                    found[one.get("id") or one.get("name")] = fake
        return found

    def left_over(self):
        return [one for fake in self.fakes for kind in ("groups", "firewalls")
                for one in fake.held().get(kind, [])]

    def assert_no_secret(self, secrets):
        """In what people and logs see: events, output, user data."""
        everything = self.skyctl("events", "--json").stdout
        everything += json.dumps([fake.held() for fake in self.fakes])
        for name in ("daemon.log", "lb.out"):
            with open(os.path.join(self.home, name), errors="replace", encoding="utf-8") as file:
                everything += file.read()
        for secret in (SECRET, *secrets):
            self.assertFalse(secret in everything, "a secret is where it does not belong")

    # ---- the stories

    def tell_a_preemption(self, secrets):
        """Two replicas serve, one is taken, the daemon is killed, and nothing is left at the end."""
        self.assertIn("[Spot]", self.up())
        self.wait_until_ready()
        self.assertEqual(self.ask(), 200)
        before = self.running()
        self.assertEqual(len(before), 2)
        self.wait_for(lambda: "run after" in self.skyctl("logs", "web", "1").stdout, "boot marks")
        self.assert_no_secret(secrets)

        taken, fake = next(iter(before.items()))
        fake.order(notice=taken, seconds=6)
        self.wait_for(lambda: set(self.running()) - set(before), "a machine in its place")
        self.wait_until_ready()
        self.assertTrue("PreemptionNoticed" in self.skyctl("events", "web", "--json").stdout)

        self.assertGreater(self.kill_daemon(), 0)
        self.wait_until_ready()
        self.wait_for(lambda: len(self.running()) == 2, "no more than two machines")
        self.down()
        self.wait_for(lambda: not self.running(), "no machine is left")
        self.wait_for(lambda: not self.left_over(), "no firewall is left", seconds=90)
        self.assert_no_secret(secrets)

    def tell_of_kills_around_a_launch(self, kills=4):
        self.up()
        for _ in range(kills):
            time.sleep(0.7)
            self.kill_daemon()
            self.skyctl("status")
        self.wait_until_ready()
        self.wait_for(lambda: len(self.running()) == 2, "no more than two machines")
        self.down()
        self.wait_for(lambda: not self.running(), "no machine is left")
