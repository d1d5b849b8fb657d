"""The simulator against the clock: how many worlds a machine can afford."""

import os
import resource
import subprocess

REPLICAS = 10
STEADY_HOURS = 24
HOSTILE_WORLDS, HOSTILE_HOURS = 200, 2
ALL_WORLDS, CORES = 10_000, 2  # what the goal is about
ROUNDS = 3


def processor_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bench_sim(table, build):
    sim = os.path.join(build, "test", "sim", "sim")
    steady = [sim, "--seeds", "1-1", "--hours", str(STEADY_HOURS), "--steady", str(REPLICAS)]
    hostile = [sim, "--seeds", f"1-{HOSTILE_WORLDS}", "--hours", str(HOSTILE_HOURS)]
    ratios = [STEADY_HOURS * 3600 / processor_seconds(steady) for _ in range(ROUNDS)]
    table.rounds(f"a steady service of {REPLICAS} replicas, times real time, one core", "x", ratios,
                 at_least=1000)
    minutes = [processor_seconds(hostile) / HOSTILE_WORLDS * ALL_WORLDS / CORES / 60
               for _ in range(ROUNDS)]
    table.rounds(f"{ALL_WORLDS} hostile worlds of {HOSTILE_HOURS} h, {CORES} cores, from "
                 f"{HOSTILE_WORLDS}", "min", minutes, at_most=15)
