"""Runs simulated worlds, one process for each core, and sums up what they saw.

usage: scripts/sim [--seeds A-B] [--hours H] [--jobs N] [--real-log]
       scripts/sim --seed N [--trace] [--hours H] [--real-log]

  --seeds A-B   the worlds of these seeds; without: 1-200
  --seed N      one world; the same seed is the same run, byte for byte, in every build
  --trace       prints each event and each fault of it
  --hours H     simulated hours of faults in each world (2); a calm of an hour or more follows
  --jobs N      processes (the number of cores)
  --real-log    the log is the production one on RocksDB, on files that fail; four times as slow

A world that breaks an invariant ends the run: it prints the seed, the commit, the sentence and what
happened last, and the exit status is 1. So it is when 500 worlds or more have not seen every kind
of failed launch and every transition of a replica. Wrong usage: 2.
"""

import argparse
import os
import queue
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BATCH = 25  # worlds a process runs before it tells: short enough for a line of progress
FULL_COVERAGE_FROM = 500  # worlds: fewer need not see everything


def parse(words):
    parser = argparse.ArgumentParser(prog="scripts/sim", add_help=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--seeds", default="1-200")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--real-log", action="store_true")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(words)
    if options.help:
        print(__doc__.strip())
        sys.exit(0)
    try:
        first, last = (int(part) for part in options.seeds.split("-"))
    except ValueError:
        parser.error("--seeds wants A-B, two numbers")
    if options.seed is not None:
        first = last = options.seed
    if first > last or first < 0 or options.hours <= 0 or options.jobs < 1:
        parser.error("the first seed is not above the last; hours and jobs are positive")
    if options.trace and options.seed is None:
        parser.error("--trace is for one --seed")
    return options, first, last


def program(options):
    """Its target in the build."""
    return "test/sim/sim_on_rocksdb" if options.real_log else "test/sim/sim"


def path(options):
    return os.path.join(ROOT, "build", program(options))


class Runs:
    """Batches of seeds on several processes; the first failure stops the rest."""

    def __init__(self, options, first, last):
        self.options, self.last = options, last
        self.batches = queue.Queue()
        for begin in range(first, last + 1, BATCH):
            self.batches.put((begin, min(begin + BATCH - 1, last)))
        self.lock = threading.Lock()
        self.lines, self.failure, self.processor_seconds, self.done = [], None, 0.0, 0

    def command(self, begin, end):
        return [os.path.join(ROOT, "build", program(self.options)), "--seeds", f"{begin}-{end}",
                "--hours", str(self.options.hours)]

    def work(self):
        while self.failure is None:
            try:
                begin, end = self.batches.get_nowait()
            except queue.Empty:
                return
            finished = subprocess.run(self.command(begin, end), capture_output=True, text=True,
                                      check=False)
            with self.lock:
                if finished.returncode != 0:
                    self.failure = self.failure or finished.stderr + finished.stdout
                    return
                self.lines += finished.stdout.splitlines()
                self.done += end - begin + 1
                if sys.stderr.isatty():
                    print(f"\r{self.done} worlds", end="", file=sys.stderr, flush=True)

    def run(self):
        threads = [threading.Thread(target=self.work) for _ in range(self.options.jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if sys.stderr.isatty():
            print(file=sys.stderr)


def main():
    options, first, last = parse(sys.argv[1:])
    build = subprocess.run(["scripts/build", "--only", program(options)], cwd=ROOT, check=False)
    if build.returncode != 0:
        return 1
    runs = Runs(options, first, last)
    if options.trace:
        return subprocess.run(runs.command(first, last) + ["--trace", "--hash"],
                              check=False).returncode
    begun, before = time.monotonic(), os.times()
    runs.run()
    took, after = time.monotonic() - begun, os.times()
    if runs.failure is not None:
        print(runs.failure.strip())
        print(f"\nagain, with everything that happened: scripts/sim --seed N --trace "
              f"--hours {options.hours:g}")
        return 1
    complete = ["--complete"] if runs.done >= FULL_COVERAGE_FROM else []
    report = subprocess.run([path(options), "--report", *complete],
                            input="\n".join(runs.lines), text=True, check=False)
    hours = sum(int(line.split()[1]) for line in runs.lines
                if line.endswith(" simulated_seconds")) / 3600
    worked = after.children_user + after.children_system \
        - before.children_user - before.children_system
    print(f"wall time: {took:.1f} s; processor time: {worked:.1f} s; "
          f"{hours * 3600 / max(took, 0.001):.0f} times real time, "
          f"{hours * 3600 / max(worked, 0.001):.0f} on one core")
    return report.returncode


if __name__ == "__main__":
    sys.exit(main())
