"""Builds the release and measures it against its goals.

usage: scripts/bench [log | lb | kubernetes | size | reaction | placement | sim]... [--json]
                     [--events N]

  log       the event log against raw file appends and reads on the same disk, in the same run
  lb        the endpoint beside HAProxy and nginx, paired; a plot in build/bench-lb.svg
  kubernetes  how fast a watch's events are folded, and what a watched pod costs in memory
  size      binary size, resident memory of an idle daemon, and a clean build (minutes)
  reaction  in the sandbox, with load: how soon a dead replica is not chosen any more, and how soon
            the replacement of a noticed one is durably decided
  placement what placement policies cost and give on spot traces; SKYCTL_TRACES names the folder
            of the recorded ones, glpsol finds the exact omniscient cost
  sim       simulated worlds: how much faster than the clock
  --json    one JSON object a line: {"name", "value", "unit", "goal", "holds", "low", "high"}
  --events  length of the history that `log` makes, reads and starts from; default 10 million, which
            is what the goals are about (3 GB of disk and some minutes)

Without names: all of them. A value is the median of rounds whose two sides took turns; low and high
are the rounds it lies between. A goal of null is a figure without one. Absolute times depend on
the machine and its neighbours; ratios less so. Exit status: 0 every goal holds, 1 one does not or
could not be measured, 2 wrong usage.
"""

import datetime
import json
import os
import queue
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import bench_lb
import bench_log
import bench_sim
import placement_bench
from sandbox_session import SandboxSession, StepFailed

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build")
SKYCTL = os.path.join(BUILD, "cli", "skyctl")
WATCH_BENCH = os.path.join(BUILD, "test", "bench", "watch_bench")
MIB = 1 << 20


class Table:
    """Shows figures as they come; remembers whether all goals hold."""

    def __init__(self, as_json):
        self.as_json = as_json
        self.all_hold = True
        if not as_json:
            print(f"{'':58} {'value':>10} {'':8} {'rounds':>20} {'goal':>10}")

    def add(self, figure):
        holds = figure.get("holds")
        self.all_hold &= holds is not False
        if self.as_json:
            print(json.dumps(figure), flush=True)
            return
        goal = figure.get("goal") or "-"
        verdict = "" if holds is None else "holds" if holds else "DOES NOT HOLD"
        low, high = figure["low"], figure["high"]
        spread = "" if low == high else f"{low:.3g} to {high:.3g}"
        value = f"{figure['value']:>10.4g} {figure['unit']:8}"
        print(f"{figure['name']:58} {value} {spread:>20} {goal:>10} {verdict}".rstrip(), flush=True)

    def rounds(self, name, unit, values, at_most=None, at_least=None):
        value = statistics.median(values)
        goal, holds = None, None
        if at_most is not None:
            goal, holds = f"<= {at_most}", value <= at_most
        elif at_least is not None:
            goal, holds = f">= {at_least}", value >= at_least
        self.add({"name": name, "value": round(value, 4), "unit": unit,
                  "goal": goal, "holds": holds,
                  "low": round(min(values), 4), "high": round(max(values), 4)})

    def figure(self, name, value, unit, at_most=None):
        self.rounds(name, unit, [value], at_most)

    def broken(self, name, why):
        print(f"scripts/bench: {name}: {why}", file=sys.stderr)
        self.all_hold = False


# ---- size

def bench_size(table):
    with tempfile.TemporaryDirectory(prefix="skyctl-bench-") as directory:
        stripped = os.path.join(directory, "stripped")
        subprocess.run(["strip", "-o", stripped, SKYCTL], check=True)
        table.figure("binary, stripped", os.path.getsize(stripped) / MIB, "MiB")
    table.figure("idle daemon, resident", idle_daemon_bytes() / MIB, "MiB", at_most=64)
    measure_clean_build(table)


def measure_clean_build(table):
    """Last, because it takes minutes: nothing but skyctl, without ccache, in a folder of its own.

    As many compilers as cores. The CPU time is what neighbours cannot lengthen much.
    """
    cores = len(os.sched_getaffinity(0))
    print("scripts/bench: size: a clean build; this takes minutes", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="skyctl-bench-") as directory:
        quiet = {"env": dict(os.environ, CCACHE_DISABLE="1"), "check": True,
                 "stdout": subprocess.DEVNULL}
        subprocess.run(["meson", "setup", directory, ROOT], **quiet)
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(["ninja", "-C", directory, "--quiet", f"-j{cores}", "cli/skyctl"], **quiet)
        took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    table.figure(f"clean build of skyctl, {cores} cores", took, "s")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    table.figure("clean build of skyctl, CPU", cpu, "s")


def idle_daemon_bytes():
    session = SandboxSession(SKYCTL, prefix="skyctl-bench-")
    try:
        daemon = session.start("daemon")
        session.wait("the daemon answers", lambda: session.run("status").returncode == 0)
        time.sleep(2)  # what it does at the start is over
        with open(f"/proc/{daemon.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        raise StepFailed("the kernel does not tell the daemon's memory")
    finally:
        session.close()


# ---- reaction

SERVICE = """\
resources: {cpus: 4+, memory: 8+, accelerators: "T4:1", ports: 8888, use_spot: true}
service:
  readiness_probe:
    path: /health
    initial_delay_seconds: 20
    endpoint_probe_interval_seconds: 1
  replica_policy: {min_replicas: 4, base_ondemand_fallback_replicas: 2}
"""
NAME = "reaction"
ROUNDS = 5
SPEED = "20"  # clouds that many times as fast; a notice of 30 s is then 1.5 s
QPS = 200     # so that a connection to any replica shows its death within 20 ms or so


class Follower:
    """`skyctl events --follow`: each event with the moment it arrived here."""

    def __init__(self, session):
        self.events = queue.Queue()
        self.child = session.start("events", NAME, "--follow", "--json")
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for line in self.child.stdout:
                self.events.put((time.time(), json.loads(line)))
        except ValueError:
            pass  # closed at the end

    def next(self, what, wanted, seconds=15):
        """The next event for which wanted(event) holds; earlier ones are passed over."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                arrived, event = self.events.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                raise StepFailed(f"this did not happen within {seconds} s: {what}") from None
            if wanted(event):
                return arrived, event


def wall(event):
    return datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()


def server_pid(session, replica):
    """The process that serves at the replica's port."""
    port = str(replica["port"])
    mark = f"SKYCTL_REPLICA_PORT={port}".encode()
    for pid in session.pids_of("demo-llm"):
        with open(f"/proc/{pid}/environ", "rb") as environment:
            if mark in environment.read().split(b"\0"):
                return pid
    raise StepFailed(f"no process serves at port {port}")


def four_ready(session):
    return session.wait("four replicas READY", lambda: (
        lambda ready: ready if len(ready) == 4 else None)(session.in_phase(NAME, "READY")))


def time_of_death(session, follower):
    """Seconds from killing a replica's server to the event that took it out of the choice."""
    victim = four_ready(session)[0]
    pid = server_pid(session, victim)
    killed = time.time()
    os.kill(pid, 9)
    gone = ("ReplicaEjected", "InstanceLost", "ReplicaBecameNotReady")
    _, event = follower.next("the dead replica is not chosen any more", lambda e: (
        e["replica"] == victim["id"] and e["type"] in gone and wall(e) >= killed))
    return wall(event) - killed


def time_of_notice(session, follower):
    """Seconds from a notice to its replacement's launch intent, durable and read by a follower."""
    victim = [r for r in four_ready(session) if r["spot"]][0]
    session.must("preempt", NAME, str(victim["id"]))
    _, notice = follower.next("the notice", lambda e: (
        e["type"] == "PreemptionNoticed" and e["replica"] == victim["id"]))
    arrived, _ = follower.next("the replacement's launch intent", lambda e: (
        e["type"] == "LaunchIntended" and e["replica"] > victim["id"]))
    return arrived - wall(notice)


def under_load(session, follower, measure):
    """That measurement some times while requests go on, and the report of those requests."""
    load = session.start("load", NAME, "--qps", str(QPS), "--duration", "10m", "--json")
    seconds = [measure(session, follower) for _ in range(ROUNDS)]
    load.terminate()  # it reports what it has
    return seconds, json.loads(load.communicate(timeout=60)[0])


def bench_reaction(table):
    session = SandboxSession(SKYCTL, prefix="skyctl-bench-")
    try:
        service = os.path.join(session.home, "service.yaml")
        with open(service, "w", encoding="utf-8") as file:
            file.write(SERVICE)
        session.must("up", service, "-n", NAME, "-y", "--sandbox", "--sandbox-speed", SPEED,
                     "--setup", "true", "--run",
                     f"exec '{SKYCTL}' demo-llm --ttft-ms 5 --token-ms 1 --tokens 5")
        four_ready(session)
        follower = Follower(session)
        deaths, _ = under_load(session, follower, time_of_death)
        add_times(table, "replica killed -> not chosen", deaths)
        notices, report = under_load(session, follower, time_of_notice)
        add_times(table, "notice -> replacement intended, seen", notices, at_most=50)
        table.figure(f"failed of {report['sent']} requests at notices", report["failed"], "",
                     at_most=0)
    finally:
        session.close()


def add_times(table, name, seconds, at_most=None):
    table.rounds(name, "ms", [1000 * one for one in seconds], at_most)


# ---- the command

BENCHES = {"log": lambda table, events: bench_log.bench_log(table, BUILD, events),
           "lb": lambda table, _: bench_lb.bench_lb(table, BUILD),
           "kubernetes": lambda table, _: bench_log.run_part(table, [WATCH_BENCH]),
           "size": lambda table, _: bench_size(table),
           "reaction": lambda table, _: bench_reaction(table),
           "placement": lambda table, _: placement_bench.bench_placement(table, SKYCTL),
           "sim": lambda table, _: bench_sim.bench_sim(table, BUILD)}


class UsageError(Exception):
    pass


def read_words(words):
    """The benches wanted, whether as JSON, and how many events."""
    names, as_json, events = [], False, bench_log.EVENTS
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "--json":
            as_json = True
        elif word == "--events":
            text = words.pop(0) if words else ""
            if not text.isdecimal() or int(text) < bench_log.FEWEST_EVENTS:
                raise UsageError(f"--events takes a number from {bench_log.FEWEST_EVENTS}, "
                                 f"not '{text}'")
            events = int(text)
        elif word in BENCHES:
            names.append(word)
        else:
            raise UsageError(f"no bench {word}; there are: {', '.join(BENCHES)}")
    return names or list(BENCHES), as_json, events


def usage(text):
    print(f"scripts/bench: {text}; see scripts/bench --help", file=sys.stderr)
    return 2


def main():
    if "-h" in sys.argv or "--help" in sys.argv:
        print(__doc__.strip())
        return 0
    try:
        names, as_json, events = read_words(sys.argv[1:])
    except UsageError as error:
        return usage(error)
    os.chdir(ROOT)
    if not shutil.which("strip"):
        return usage("strip is missing; run scripts/setup")
    for target in ["cli/skyctl", "test/bench/log_bench", "test/bench/lb_peer",
                   "test/bench/watch_bench", "test/sim/sim"]:
        build = ["scripts/build", "--only", target]
        if subprocess.run(build, stdout=sys.stderr, check=False).returncode != 0:
            return 1
    table = Table(as_json)
    for name in names:
        try:
            BENCHES[name](table, events)
        except (StepFailed, subprocess.SubprocessError, OSError, KeyError, ValueError) as failure:
            table.broken(name, failure)
    return 0 if table.all_hold else 1


if __name__ == "__main__":
    sys.exit(main())
