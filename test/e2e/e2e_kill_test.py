"""kill -9 of the daemon at random moments of a busy time, with an independent witness.

The moments come from a seed; SKYCTL_KILLS says how many there are: 200, or 40 where CI is set.
"""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import witness
from e2e_case import FIXED, HERE, MIXED, E2ECase, main

FULL, IN_CI = 200, 40
KILLS = int(os.environ.get("SKYCTL_KILLS", IN_CI if os.environ.get("CI") else FULL))
SEED = int(os.environ.get("SKYCTL_KILL_SEED", "1"))
LONGEST_LIFE = 0.6  # seconds from a daemon's first sign of life to its death
MACHINE = re.compile(r"sky-(.+)-(\d+)-(\d+)-([0-9a-f]{8})$")


class Operator(threading.Thread):
    """Types commands all the time, and remembers which were answered with success."""

    def __init__(self, case):
        super().__init__(daemon=True)
        self.case, self.is_over = case, threading.Event()
        self.done = []  # (command, service)
        self.refused = []  # what a command said that failed

    def type(self, command, service, *more):
        try:
            answer = self.case.session.run(command, service, *more, timeout=30)
        except subprocess.TimeoutExpired:
            return self.done.append(("STUCK", f"{command} {service}"))
        if answer.returncode == 0:
            self.done.append((command, service))
        else:
            self.refused.append(f"{command} {service}: {answer.stderr.strip()}")

    def run(self):
        for turn in range(1, 10_000):
            name = f"other{turn}"
            arguments = self.case.up_arguments(name, FIXED % 1, "-y", speed="20")
            for step in (lambda: self.type("preempt", "llama3", "--storm", "1"),
                         lambda: self.type("up", *arguments[1:]),
                         lambda: self.type("status", "llama3"),
                         lambda: self.type("down", name, "-y")):
                if self.is_over.wait(0.5):
                    return
                step()


class Load(threading.Thread):
    """Requests to the endpoint without a pause."""

    def __init__(self, case, base):
        super().__init__(daemon=True)
        self.case, self.base, self.is_over = case, base, threading.Event()
        self.answered, self.failed = 0, []

    def run(self):
        while not self.is_over.wait(0.02):
            try:
                status, _, text = self.case.chat(self.base)
            except OSError as failure:
                status, text = 0, str(failure)
            if status == 200:
                self.answered += 1
            else:
                self.failed.append(f"{status} {text[:200]}")


class KillTest(E2ECase):
    seconds_at_most = 60 + 5 * KILLS

    def test_no_witnessed_event_is_lost_and_nothing_is_launched_twice(self):
        if KILLS < FULL:
            print(f"ONLY {KILLS} KILLS: SKYCTL_KILLS={FULL} runs them all", flush=True)
        self.machines_seen = {}  # (service, replica, attempt) -> {machine}
        self.up_ready("llama3", MIXED, 4, speed="20")
        base = self.session.endpoint("llama3")
        seen = os.path.join(self.work, "witnessed")
        watcher = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "witness.py"), self.follow_socket(), seen],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        operator, loads = Operator(self), [Load(self, base) for _ in range(3)]
        busy = [operator, *loads]
        try:
            for one in busy:
                one.start()
            killed = self.kill_often()
        finally:
            for one in busy:
                one.is_over.set()
            for one in busy:
                one.join(timeout=60)
            self.session.must("status")
            time.sleep(0.5)  # the witness hears the last ones
            watcher.terminate()
            complaints = watcher.communicate(timeout=10)[0]
        self.assertEqual(complaints, "", "the witness")
        self.check_requests(loads, killed)
        commits = self.check_log(seen, killed)
        self.check_operator(operator)
        machines = self.check_machines()
        print(f"{killed} kills, {commits} commits witnessed, {len(operator.done)} commands and "
              f"{sum(load.answered for load in loads)} requests answered, {machines} machines",
              flush=True)

    # ---- killing

    def follow_socket(self):
        return os.path.join(self.session.home, "follow.sock")

    def kill_often(self):
        moments, killed = random.Random(SEED), 0
        while killed < KILLS:
            daemons = self.session.pids_of("daemon")
            if not daemons:
                starter = self.session.start("status")
                daemons = self.session.wait("a daemon", lambda: self.session.pids_of("daemon"), 20)
            else:
                starter = None
            time.sleep(moments.uniform(0, LONGEST_LIFE))
            for pid in daemons:
                try:
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
                except ProcessLookupError:
                    pass
            if starter:
                starter.communicate(timeout=60)  # it may have met its daemon's death
            self.look_at_machines()
        return killed

    def look_at_machines(self):
        for folder, names, _ in os.walk(os.path.join(self.session.home, "sandbox")):
            for name in names:
                found = MACHINE.match(name)
                if found:
                    self.machines_seen.setdefault(found.groups()[:3], set()).add(name)

    # ---- proofs

    def check_requests(self, loads, killed):
        failed = [text for load in loads for text in load.failed]
        self.assertEqual(failed, [], "requests failed")
        self.assertGreater(sum(load.answered for load in loads), killed)

    def check_log(self, seen, killed):
        stored_file = os.path.join(self.work, "stored")
        subprocess.run([sys.executable, os.path.join(HERE, "witness.py"), self.follow_socket(),
                        stored_file, "--until-caught-up"], check=True, timeout=60)
        witnessed, stored = witness.read_commits(seen), witness.read_commits(stored_file)
        self.assertGreater(len(witnessed), killed)
        for seq, commit in witnessed.items():
            self.assertEqual(stored.get(seq), commit, f"the commit at {seq} is not as witnessed")
        self.log = self.events()
        self.assertEqual([e["seq"] for e in self.log], list(range(1, len(self.log) + 1)))
        self.session.must("daemon", "stop")
        self.assertIn("Good", self.session.must("log", "verify", "--deep"))
        self.session.must("replay", "--verify")
        return len(witnessed)

    def check_operator(self, operator):
        self.assertEqual([what for command, what in operator.done if command == "STUCK"], [])
        registered = {e["service"] for e in self.log if e["type"] == "ServiceRegistered"}
        removed = {e["service"] for e in self.log if e["type"] == "ServiceRemoved"}
        ups = {os.path.basename(service).removesuffix(".yaml")
               for command, service in operator.done if command == "up"}
        downs = {service for command, service in operator.done if command == "down"}
        self.assertLessEqual(ups, registered, "answered, and forgotten")
        self.assertLessEqual(downs, removed, "answered, and forgotten")
        # However many daemons died under a command: it was answered, and done once.
        nothing_to_take = "no running spot replica"
        self.assertEqual([text for text in operator.refused if nothing_to_take not in text], [])
        orders = [e["body"]["request"] for e in self.log if e["type"] == "CommandReceived"]
        self.assertNotIn("", orders)
        self.assertEqual(len(orders), len(set(orders)), "taken twice")

    def check_machines(self):
        twice = {key: names for key, names in self.machines_seen.items() if len(names) > 1}
        self.assertEqual(twice, {}, "launched twice")
        count = len(self.machines_seen)
        self.assertGreaterEqual(count, 4)
        self.session.must("status")
        for service in self.session.status()["services"]:
            self.session.must("down", service["name"], "-y")
        self.wait_no_machines()
        self.machines_seen = {}
        self.look_at_machines()
        self.assertEqual(self.machines_seen, {}, "left behind")
        return count


if __name__ == "__main__":
    main()
