"""One temporary home with the real skyctl in it: for the demo and for the end-to-end tests.

Everything is on loopback. close() ends what runs there and proves that nothing is left.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time


class StepFailed(Exception):
    """Something that should have happened did not; the text says what."""


class SandboxSession:
    def __init__(self, skyctl, prefix="skyctl-", home=None):
        self.skyctl = os.path.abspath(skyctl)
        self.home = home or tempfile.mkdtemp(prefix=prefix)
        self.environment = dict(os.environ, SKYCTL_HOME=self.home)
        self.environment.pop("MAKEFLAGS", None)
        # Whoever runs this may have a cluster: it is none of a test's business.
        self.environment["KUBECONFIG"] = os.path.join(self.home, "no-kubeconfig")
        self.started = time.monotonic()
        self.children = []

    # ---- commands

    def run(self, *arguments, timeout=120, answer=None):
        """Runs one command; answers the finished process with its output as text.

        `answer` is what its user types; without it nobody is at the keyboard.
        """
        typed = {"stdin": subprocess.DEVNULL} if answer is None else {"input": answer}
        return subprocess.run([self.skyctl, *arguments], env=self.environment, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **typed)

    def must(self, *arguments, timeout=120):
        """The output of a command that has to succeed."""
        done = self.run(*arguments, timeout=timeout)
        if done.returncode != 0:
            raise StepFailed(f"skyctl {' '.join(arguments)} ended with status {done.returncode}: "
                             f"{done.stderr.strip()}")
        return done.stdout

    def start(self, *arguments):
        """A command in the background; ended by close()."""
        child = subprocess.Popen([self.skyctl, *arguments], env=self.environment,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        self.children.append(child)
        return child

    # ---- what is there

    def status(self, service=None):
        """`status --json`, with what matters most of each replica's offer beside its id."""
        status = json.loads(self.must("status", *([service] if service else []), "--json"))
        for replica in status["replicas"]:
            offer = replica["offer"] or {}
            replica["spot"] = offer.get("market") == "spot"
            for part in ("cloud", "region", "zone"):
                replica[part] = offer.get(part, "")
        return status

    def replicas(self, service):
        return self.status(service)["replicas"]

    def in_phase(self, service, phase, spot=None):
        return [r for r in self.replicas(service)
                if r["status"] == phase and (spot is None or r["spot"] == spot)]

    def endpoint(self, service):
        return "http://" + self.status(service)["services"][0]["endpoint"]

    def events(self, service=None, *arguments):
        lines = self.must("events", *([service] if service else []), "--json", *arguments)
        return [json.loads(line) for line in lines.splitlines()]

    def wait(self, what, condition, seconds=30):
        """Polls until condition() holds and answers its value."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            time.sleep(0.05)
        raise StepFailed(f"this did not happen within {seconds} s: {what}")

    # ---- processes

    def processes(self):
        """Everything that belongs to this home: {pid: command line}.

        It carries the home in its environment, or works in it, or names it in its command line.
        """
        mark = f"SKYCTL_HOME={self.home}".encode()
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if int(pid) == os.getpid():
                continue
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as command:
                    line = command.read().replace(b"\0", b" ").decode(errors="replace").strip()
                if not line:  # a zombie has none
                    continue
                with open(f"/proc/{pid}/environ", "rb") as environment:
                    ours = mark in environment.read().split(b"\0")
                works_in = os.readlink(f"/proc/{pid}/cwd")
            except OSError:
                continue
            if ours or (works_in + "/").startswith(self.home + "/") or self.home + "/" in line:
                found[int(pid)] = line
        return found

    def pids_of(self, subcommand):
        """Processes of `skyctl SUBCOMMAND` in this home."""
        return [pid for pid, line in self.processes().items()
                if len(line.split()) > 1 and line.split()[1] == subcommand]

    def kill_daemon(self):
        for pid in self.pids_of("daemon"):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:  # a second one, which has just ended by itself
                pass

    def close(self):
        """Ends everything; answers the command lines of what had to be killed by hand."""
        for child in self.children:
            if child.poll() is None:
                child.terminate()
                child.wait(timeout=10)
            child.stdout.close()
            child.stderr.close()
        try:
            for service in self.status()["services"]:
                self.run("down", service["name"], "-y", timeout=60)
        except (StepFailed, ValueError, KeyError, subprocess.TimeoutExpired):
            pass
        self.run("daemon", "stop")
        deadline = time.monotonic() + 5
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        left = self.processes()
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.home, ignore_errors=True)
        return sorted(left.values())
