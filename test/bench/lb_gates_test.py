"""What a request and a streamed chunk may cost the endpoint, counted instead of timed: so the
numbers are the same on a busy machine. Each is the difference of two runs that differ only in how
many there were. usage: lb_gates_test.py LB_PEER"""

import os
import re
import shutil
import signal
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "scripts"))
from bench_lb import Setting, children_of  # pylint: disable=wrong-import-position

PEER = sys.argv.pop()
os.environ.pop("MALLOC_PERTURB_", None)  # meson's: filling memory would be counted, too
CONNECTIONS = 16
FEW, MANY = 300, 1300  # requests
STREAMS = 20
SHORT, LONG = 1, 3  # seconds of streams

MOST_INSTRUCTIONS_A_GET = 12_000  # HAProxy 2.6: 29 thousand
MOST_INSTRUCTIONS_A_POST = 25_000  # of OpenAI's client: 15 headers, 1 KB; answered with JSON
MOST_INSTRUCTIONS_A_CHUNK = 2_000  # HAProxy 2.6: 5 thousand
MOST_CALLS_A_GET = 4.5  # 4.18: two reads, two writes, a share of epoll_wait; more when it is alone
MOST_CALLS_A_POST = 5.5  # 5.20: one more: is the pooled connection still there? It may not be repeated
MOST_CALLS_A_CHUNK = 2.3


def needs(program):
    """Skips loudly: the reason is a line of the output that scripts/test repeats."""
    def decide(test):
        if shutil.which(program):
            return test
        print(f"SKIPPED: {program} is not installed: {test.__name__}")
        return unittest.skip(f"{program} is not installed")(test)
    return decide


def run_with(before, work):
    """Runs the proxy under a program with `work(setting, port)`; returns work's result."""
    setting = Setting(PEER)
    try:
        port, child = setting.skyctl(before)
        result = work(setting, port)
        for traced in children_of(child.pid):  # strace itself would only let go of it
            os.kill(traced, signal.SIGTERM)
        if before[0] == "valgrind":  # it is the proxy's own process
            child.terminate()
        child.wait(timeout=60)
        return result
    finally:
        setting.close()


def instructions(work):
    with tempfile.TemporaryDirectory(prefix="skyctl-gates-") as folder:
        out = os.path.join(folder, "callgrind")
        result = run_with(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"], work)
        with open(out, encoding="ascii", errors="replace") as file:
            return result, int(re.search(r"(?m)^(?:summary|totals): (\d+)", file.read()).group(1))


def calls(work):
    with tempfile.TemporaryDirectory(prefix="skyctl-gates-") as folder:
        out = os.path.join(folder, "strace")
        result = run_with(["strace", "-f", "-c", "-o", out], work)
        total = 0
        with open(out, encoding="ascii", errors="replace") as file:
            for line in file:  # % time, seconds, usecs/call, calls, [errors,] name
                words = line.split()
                if len(words) >= 5 and words[3].isdigit() and words[-1] != "total":
                    total += int(words[3])
        return result, total


def requests(kind):
    return lambda count: lambda setting, port: setting.ask(
        port, CONNECTIONS, 300, kind, count)["requests"]


def chunks(seconds):
    return lambda setting, port: setting.watch(port, STREAMS, seconds)["chunks"]


def per_one(count, less, more):
    few, few_cost = count(less)
    many, many_cost = count(more)
    return (many_cost - few_cost) / (many - few)


class Gates(unittest.TestCase):
    @needs("valgrind")
    def test_a_request_takes_few_instructions(self):
        for kind, most in (("get", MOST_INSTRUCTIONS_A_GET), ("post", MOST_INSTRUCTIONS_A_POST)):
            cost = per_one(instructions, requests(kind)(FEW), requests(kind)(MANY))
            print(f"instructions a {kind}: {cost:.0f}")
            self.assertLess(cost, most)

    @needs("valgrind")
    def test_a_chunk_takes_few_instructions(self):
        cost = per_one(instructions, chunks(SHORT), chunks(LONG))
        print(f"instructions a chunk: {cost:.0f}")
        self.assertLess(cost, MOST_INSTRUCTIONS_A_CHUNK)

    @needs("strace")
    def test_a_request_takes_few_system_calls(self):
        for kind, most in (("get", MOST_CALLS_A_GET), ("post", MOST_CALLS_A_POST)):
            cost = per_one(calls, requests(kind)(FEW), requests(kind)(MANY))
            print(f"system calls a {kind}: {cost:.2f}")
            self.assertLess(cost, most)

    @needs("strace")
    def test_a_chunk_takes_few_system_calls(self):
        cost = per_one(calls, chunks(SHORT), chunks(LONG))
        print(f"system calls a chunk: {cost:.2f}")
        self.assertLess(cost, MOST_CALLS_A_CHUNK)


if __name__ == "__main__":
    unittest.main(verbosity=2)
