"""The event log's figures for scripts/bench: the parts of log_bench, then the program as typed.

Works in a directory of its own under $TMPDIR (or /tmp), which needs about 200 bytes of disk an
event and is removed at the end, whatever happens.
"""

import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from sandbox_session import SandboxSession, StepFailed

EVENTS = 10_000_000  # what the goals speak of
FEWEST_EVENTS = 200_000  # twice the tail behind a snapshot
BYTES_PER_EVENT = 400  # on disk at the same time: flat file, log, and some room
PART_SECONDS = 900  # a slow disk, and a machine that others use
STARTS = 7
START_SECONDS = 60
COMMAND_SECONDS = 600


def bench_log(table, build, events):
    """`build` is the release's build directory; `events` the length of the history."""
    with tempfile.TemporaryDirectory(prefix="skyctl-bench-") as directory:
        free = shutil.disk_usage(directory).free
        if free < events * BYTES_PER_EVENT:
            raise StepFailed(f"{events} events need {events * BYTES_PER_EVENT >> 20} MiB in "
                             f"{directory}, {free >> 20} are free; set TMPDIR or --events")
        program = os.path.join(build, "test", "bench", "log_bench")
        for part in ["append", "durable", "follow"]:
            scratch = os.path.join(directory, part)
            os.mkdir(scratch)
            run_part(table, [program, part, scratch])
            shutil.rmtree(scratch)
        home = os.path.join(directory, "home")
        os.mkdir(home, mode=0o700)
        run_part(table, [program, "make-history", home, str(events)])
        killed = os.path.join(directory, "killed")
        copy_home(home, killed)
        run_part(table, [program, "history", home])
        os.remove(os.path.join(home, "flat"))
        skyctl = os.path.join(build, "cli", "skyctl")
        measure_commands(table, skyctl, home, events)
        measure_start(table, skyctl, killed, os.path.join(directory, "start"))


def copy_home(source, target):
    """A copy of a log that no process has open; tables never change, so they are linked."""
    def link_or_copy(one, other):
        (os.link if one.endswith(".sst") else shutil.copy2)(one, other)
    shutil.copytree(os.path.join(source, "log"), os.path.join(target, "log"),
                    copy_function=link_or_copy)
    os.chmod(target, 0o700)


def run_part(table, command):
    """The program prints our JSON lines itself: it alone can pair each figure with its limit."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True) as child:
        deadline = time.monotonic() + PART_SECONDS
        count = 0
        for line in child.stdout:
            table.add(json.loads(line))
            count += 1
            if time.monotonic() > deadline:
                break
        if time.monotonic() > deadline:
            child.kill()
        if child.wait() != 0 or count == 0:
            name = os.path.basename(command[0])
            raise StepFailed(f"{name} ended with status {child.returncode} after {count} figures")


# ---- what reads the whole history

def measure_commands(table, skyctl, home, events):
    environment = dict(os.environ, SKYCTL_HOME=os.path.join(home, "nobody"))
    for name, arguments in [("replay --until, to the end", ["replay", "--until", str(events)]),
                            ("replay --verify", ["replay", "--verify"]),
                            ("storms", ["storms"])]:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        subprocess.run([skyctl, *arguments, "--log", home], env=environment, check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       timeout=COMMAND_SECONDS)
        seconds = time.monotonic() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        table.figure(name, events / seconds, "events/s")
        table.figure(f"{name}, CPU", 1e6 * cpu / events, "us/event")


# ---- starting

def measure_start(table, skyctl, killed, home):
    """From exec to the first answer of the API, on copies of what a killed daemon left; and once
    more after that one was stopped in order."""
    after_kill, after_stop = [], []
    for _ in range(STARTS):
        copy_home(killed, home)
        session = SandboxSession(skyctl, home=home)
        try:
            daemon, seconds = start(session)
            after_kill.append(1000 * seconds)
            session.must("daemon", "stop")
            daemon.wait()
            after_stop.append(1000 * start(session)[1])
        finally:
            left = session.close()
        if left:
            raise StepFailed(f"had to be killed at the end: {left}")
    table.rounds("start after kill -9, exec to serving", "ms", after_kill, at_most=250)
    table.rounds("start after daemon stop, exec to serving", "ms", after_stop, at_most=250)


def start(session):
    """A daemon that answers, and how many seconds that took."""
    began = time.monotonic()
    daemon = session.start("daemon")
    while time.monotonic() - began < START_SECONDS:
        if status_is_answered(os.path.join(session.home, "api.sock")):
            return daemon, time.monotonic() - began
        if daemon.poll() is not None:
            raise StepFailed(f"the daemon ended: {daemon.stderr.read().strip()}")
        time.sleep(0.0005)
    raise StepFailed(f"the daemon did not answer within {START_SECONDS} s")


def status_is_answered(path):
    """One question for the services and their replicas, without another process between."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as api:
        api.settimeout(START_SECONDS)
        try:
            api.connect(path)
            api.sendall(b"GET /v1/status HTTP/1.1\r\nHost: daemon\r\nConnection: close\r\n\r\n")
            return re.match(rb"HTTP/1.1 200 ", api.recv(64)) is not None
        except (FileNotFoundError, ConnectionError):
            return False
