"""What the end-to-end tests share: one home a test, service files, readers of what skyctl prints.

Each test starts with an empty home and a bounded time, and ends with the proof that no process of
it is left. The skyctl under test is $SKYCTL; meson passes it.
"""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

from sandbox_session import SandboxSession, StepFailed  # noqa: E402

SKYCTL = os.path.abspath(os.environ.get("SKYCTL", os.path.join(ROOT, "build/cli/skyctl")))
# Clouds fifty times as fast: a spot machine comes in about a second, a notice is 0.6 to 2.4 s.
SPEED = "50"
LIVE = ("PENDING", "PROVISIONING", "STARTING", "READY", "NOT_READY")

PROBE = """\
  readiness_probe:
    path: /health
    initial_delay_seconds: 20
    timeout_seconds: 2
    endpoint_probe_interval_seconds: 0.2
"""
# Two replicas on Kubernetes, two on spot machines, whatever the load.
MIXED = """\
resources: {cpus: 4+, memory: 8+, accelerators: "T4:1", ports: 8888, use_spot: true}
service:
""" + PROBE + """\
  replica_policy: {min_replicas: 4, base_ondemand_fallback_replicas: 2}
"""
# Two replicas on Kubernetes, up to two more on spot machines when the load asks for it.
BURSTING = """\
resources: {cpus: 4+, memory: 8+, accelerators: "T4:1", ports: 8888, use_spot: true}
service:
""" + PROBE + """\
  replica_policy:
    min_replicas: 2
    max_replicas: 4
    base_ondemand_fallback_replicas: 2
    target_qps_per_replica: 1
    qps_window_seconds: 3
    upscale_delay_seconds: 1
    downscale_delay_seconds: 2
"""
# One or more replicas on the cheapest machines there are: Kubernetes, without an accelerator.
FIXED = """\
resources: {cpus: 2+, ports: 8888}
service:
""" + PROBE + """\
  replicas: %d
"""


def demo_llm(*options):
    """The command of a replica that serves quickly."""
    flags = " ".join(options)
    return f"exec '{SKYCTL}' demo-llm --ttft-ms 20 --token-ms 2 --tokens 5 {flags}".strip()


class Lines:
    """Reads a command's output as it comes: (arrival, line)."""

    def __init__(self, child):
        self.child = child
        self.lines = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        try:
            for line in self.child.stdout:
                with self.changed:
                    self.lines.append((time.monotonic(), line.rstrip("\n")))
                    self.changed.notify_all()
        except ValueError:  # closed under us at the end of the test
            pass

    def wait_for(self, text, seconds=15):
        """The arrival time of the first line that holds `text`."""
        deadline = time.monotonic() + seconds
        seen = 0
        with self.changed:
            while True:
                for when, line in self.lines[seen:]:
                    if text in line:
                        return when
                seen = len(self.lines)
                left = deadline - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    shown = "\n".join(line for _, line in self.lines[-20:])
                    raise StepFailed(f"no line with {text!r} within {seconds} s; the last:\n{shown}")


class E2ECase(unittest.TestCase):
    seconds_at_most = 60  # a test that takes longer is broken; most take two to eight

    # ---- one home a test

    def setUp(self):
        self.began = time.monotonic()
        self.work = tempfile.mkdtemp(prefix="skyctl-e2e-files-")
        self.session = SandboxSession(SKYCTL, prefix="skyctl-e2e-")
        signal.signal(signal.SIGALRM, self._too_long)
        signal.alarm(self.seconds_at_most)

    def _too_long(self, _number, _frame):
        raise StepFailed(f"the test took longer than {self.seconds_at_most} s")

    def tearDown(self):
        signal.alarm(0)
        if self._failed():
            self._tell_state()
        left = self.session.close()
        shutil.rmtree(self.work, ignore_errors=True)
        self.assertEqual(left, [], "these processes were left running")

    def _failed(self):
        # Where unittest keeps the outcome until tearDown has run (Python 3.11).
        result = getattr(self._outcome, "result", None)
        broken = getattr(result, "failures", []) + getattr(result, "errors", [])
        return any(test is self for test, _ in broken) or not self._outcome.success

    def _tell_state(self):
        say = lambda text: print(text, file=sys.stderr, flush=True)  # noqa: E731
        say(f"---- state of {self.id()}")
        for name in ("daemon.log", "lb.out"):
            path = os.path.join(self.session.home, name)
            if os.path.exists(path):
                with open(path, errors="replace") as file:
                    say(f"-- {name}\n{file.read()[-2000:]}")
        for command in (["status", "-v"], ["events"]):
            try:
                done = self.session.run(*command, timeout=10)
                lines = [line for line in done.stdout.splitlines()
                         if "ProbeAnswered" not in line and "TrafficSampled" not in line]
                say(f"-- skyctl {' '.join(command)}\n" + "\n".join(lines[-60:]) + done.stderr)
            except (subprocess.TimeoutExpired, OSError) as failure:
                say(f"-- skyctl {' '.join(command)}: {failure}")

    # ---- services

    def file(self, text, name="service.yaml"):
        path = os.path.join(self.work, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def up_arguments(self, name, text, *options, run=None, setup="true", speed=SPEED):
        path = text if text.endswith(".yaml") else self.file(text, f"{name}.yaml")
        return ["up", path, "-n", name, "--sandbox", "--sandbox-speed", speed,
                "--setup", setup, "--run", run or demo_llm(), *options]

    def up(self, name, text, *options, **keywords):
        """Brings a service up; answers what the command printed."""
        return self.session.must(*self.up_arguments(name, text, "-y", *options, **keywords))

    def up_ready(self, name, text, count, *options, **keywords):
        """Brings it up and waits until `count` replicas are READY; answers them."""
        self.up(name, text, *options, **keywords)
        return self.wait_ready(name, count)

    def wait_ready(self, name, count, seconds=20, spot=None):
        def enough():
            ready = self.session.in_phase(name, "READY", spot)
            return ready if len(ready) == count else None
        return self.session.wait(f"{count} replicas of {name} READY", enough, seconds)

    def wait_service_status(self, name, wanted, seconds=20):
        self.session.wait(f"{name} is {wanted}", lambda: self.service(name)["status"] == wanted,
                          seconds)

    def service(self, name):
        return self.session.status(name)["services"][0]

    # ---- refusals

    def refused(self, *arguments, status=1, says=(), timeout=30, answer=None):
        """A command that has to fail with that exit status and those words on standard error."""
        done = self.session.run(*arguments, timeout=timeout, answer=answer)
        self.assertEqual(done.returncode, status,
                         f"skyctl {' '.join(arguments)}\n{done.stdout}{done.stderr}")
        for words in says:
            self.assertIn(words.lower(), done.stderr.lower())
        self.assertNotIn("terminate called", done.stderr)
        return done

    # ---- requests

    def request(self, base, path="/v1/models", body=None, timeout=15):
        """One request on a connection of its own: (status, headers, text)."""
        url = urllib.parse.urlsplit(base)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=timeout)
        try:
            connection.request("POST" if body is not None else "GET", path,
                               json.dumps(body) if body is not None else None,
                               {"Content-Type": "application/json"} if body is not None else {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        finally:
            connection.close()

    def chat(self, base, **more):
        body = {"model": "llama3", "messages": [{"role": "user", "content": "Who are you?"}], **more}
        return self.request(base, "/v1/chat/completions", body)

    def start_load(self, name, qps, seconds, *options):
        return self.session.start("load", name, "--qps", str(qps), "--duration", f"{seconds}s",
                                  "--json", *options)

    def no_request_failed(self, load, at_least=1):
        """Waits for the end of a load and checks its report; answers it."""
        output, errors = load.communicate(timeout=50)
        self.assertEqual(load.returncode, 0, output + errors)
        report = json.loads(output)
        self.assertEqual(report["failed"], 0, output)
        self.assertEqual(report["ok"], report["sent"], output)
        self.assertGreaterEqual(report["sent"], at_least, output)
        return report

    # ---- events

    def events(self, name=None, *types, replica=None):
        flags = [word for kind in types for word in ("--type", kind)]
        if replica is not None:
            flags += ["--replica", str(replica)]
        return self.session.events(name, *flags)

    def wait_event(self, name, kind, count=1, seconds=15, replica=None):
        def enough():
            found = self.events(name, kind, replica=replica)
            return found if len(found) >= count else None
        return self.session.wait(f"{count} x {kind} of {name}", enough, seconds)

    # ---- processes

    def machines(self):
        """Pids of the sandbox's machines of this home."""
        return sorted(self.session.pids_of("sandbox-instance"))

    def wait_no_machines(self, seconds=15):
        self.session.wait("no machine is left", lambda: not self.machines(), seconds)


class TimedResult(unittest.TextTestResult):
    """One line a test, with its time; a skip says so loudly."""

    def _line(self, test, outcome):
        taken = time.monotonic() - getattr(test, "began", time.monotonic())
        self.stream.writeln(f"[{taken:5.1f} s] {outcome} {test.id().removeprefix('__main__.')}")
        self.stream.flush()

    def addSuccess(self, test):
        unittest.TestResult.addSuccess(self, test)
        self._line(test, "ok")

    def addFailure(self, test, err):
        unittest.TestResult.addFailure(self, test, err)
        self._line(test, "FAILED")

    def addError(self, test, err):
        unittest.TestResult.addError(self, test, err)
        self._line(test, "FAILED")

    def addSkip(self, test, reason):
        unittest.TestResult.addSkip(self, test, reason)
        self._line(test, f"SKIPPED: {reason}:")


def main():
    if not os.access(SKYCTL, os.X_OK):
        print(f"no skyctl at {SKYCTL}; build it, or set SKYCTL", file=sys.stderr)
        sys.exit(1)
    os.chdir(ROOT)
    runner = unittest.TextTestRunner(stream=sys.stderr, resultclass=TimedResult, verbosity=0)
    unittest.main(testRunner=runner)
