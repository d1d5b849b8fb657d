"""Builds, runs the suites, and counts test cases.

usage: scripts/test [SUITE...] [--asan | --tsan] [--self-test]

  SUITE       unit, crash, lb, e2e, ...; without one: all there are
  --asan      in build-asan: AddressSanitizer and UndefinedBehaviorSanitizer, three times as slow
  --tsan      in build-tsan: ThreadSanitizer, where threads meet: tests of adapters, cli, events, lb
  --self-test proves the counting of results (is itself a unit test)

The last line says `N passed, N failed`, and `, N skipped` when some were; why each was skipped is
told before it. Exit status: 0 all passed, 1 some failed, 2 wrong usage.
"""

import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIPPED_STATUS = 77  # what meson, and so our tests, take for "skipped"
TSAN_TESTS = {"adapters", "cli", "events", "lb"}
SANITIZED = ["-Dbuildtype=debugoptimized", "-Db_lundef=false", "-Doptimization=1"]
KINDS = {  # build directory, its options, environment of the tests, how much slower they are
    "release": ("build", [], {}, 1),
    "asan": ("build-asan", SANITIZED + ["-Db_sanitize=address,undefined"],
             {"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
              "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1"}, 4),
    "tsan": ("build-tsan", SANITIZED + ["-Db_sanitize=thread"],
             {"TSAN_OPTIONS": f"halt_on_error=1:suppressions={ROOT}/scripts/tsan_suppressions"}, 6),
}


class Counts:
    def __init__(self, passed=0, failed=0, skipped=0, reasons=()):
        self.passed, self.failed, self.skipped = passed, failed, skipped
        self.reasons = list(reasons)

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __repr__(self):
        return f"Counts{vars(self)}"

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.reasons += other.reasons

    def line(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


# ---- counting

def number(pattern, text):
    match = re.search(pattern, text)
    return int(match.group(1)) if match else 0


def count_boost(output, status):
    """Boost.Test's short report; one that crashed has none and counts as one failure."""
    failed = number(r"(\d+) test cases? out of \d+ failed", output)
    if "test case" not in output or not re.search(r"test cases? out of \d+", output):
        left = len(re.findall(r"Leaving test case", output))
        return Counts(left, 1)
    # Cases that --run_test leaves to another entry are called skipped, too; "Running" knows better.
    elsewhere = number(r"test cases? out of (\d+)", output) - number(r"(?m)^Running (\d+)", output)
    skipped = number(r"(\d+) test cases? out of \d+ skipped", output) - elsewhere
    if status not in (0, SKIPPED_STATUS) and failed == 0:
        failed = 1  # every case passed and the end of the process did not: a leak, a lost thread
    reasons = re.findall(r"Test case (\S+ is skipped because .*)", output)
    return Counts(number(r"(\d+) test cases? out of \d+ passed", output), failed, skipped, reasons)


def count_unittest(output, status):
    """Python's unittest; test/e2e prints a line with the reason for each skip."""
    ran = number(r"(?m)^Ran (\d+) tests? in", output)
    failed = number(r"failures=(\d+)", output) + number(r"errors=(\d+)", output)
    skipped = number(r"skipped=(\d+)", output)
    if status not in (0, SKIPPED_STATUS) and failed == 0:
        failed = 1
    reasons = re.findall(r"(?m)SKIPPED: (.*): (\S+)$", output)
    return Counts(max(ran - failed - skipped, 0), failed, skipped,
                  [f"{name}: {why}" for why, name in reasons])


def count(test):
    """The counts of one line of meson's testlog.json."""
    output = (test.get("stdout") or "") + (test.get("stderr") or "")
    status = test.get("returncode", 1)
    if test["result"] == "SKIP" or status == SKIPPED_STATUS:
        lines = output.strip().splitlines()
        return Counts(skipped=1, reasons=[f"{test['name']}: {lines[-1] if lines else 'no reason'}"])
    status = status or (0 if test["result"] in ("OK", "EXPECTEDFAIL") else 1)
    if re.search(r"(?m)^Running \d+ test cases?", output):
        return count_boost(output, status)
    if re.search(r"(?m)^Ran \d+ tests? in", output):
        return count_unittest(output, status)
    return Counts(0, 1) if status else Counts(1, 0)


def self_test():
    def log(output, status=0, result=None):
        return {"name": "t", "stdout": output, "returncode": status,
                "result": result or ("FAIL" if status else "OK")}

    boost = "Running 3 test cases...\n  {} test cases out of 3 passed\n"
    cases = [
        (log("anything"), Counts(1, 0)),
        (log("anything", 1), Counts(0, 1)),
        (log("", 0, "TIMEOUT"), Counts(0, 1)),
        (log("first\nno docker here\n", 77, "SKIP"), Counts(0, 0, 1, ["t: no docker here"])),
        (log(boost.format(3)), Counts(3, 0)),
        (log("Running 1 test case...\n  1 test case out of 1 passed\n"), Counts(1, 0)),
        (log(boost.format(2) + "  1 test case out of 3 failed\n", 201), Counts(2, 1)),
        (log(boost.format(3), 1), Counts(3, 1)),
        (log("Running 3 test cases...\nLeaving test case \"a\"; testing\n", -11), Counts(1, 1)),
        (log("Running 3 test cases...\nLeaving test case \"a\"; testing\n", 0, "TIMEOUT"),
         Counts(1, 1)),
        (log(boost.format(2) + "  1 test case out of 3 skipped\n"
             "Test case s/a is skipped because no haproxy\n"),
         Counts(2, 0, 1, ["s/a is skipped because no haproxy"])),
        (log("Running 2 test cases...\n  1 test case out of 5 passed\n"
             "  4 test cases out of 5 skipped\nTest case s/a is skipped because no haproxy\n"),
         Counts(1, 0, 1, ["s/a is skipped because no haproxy"])),
        (log("Ran 5 tests in 1.2s\n\nOK\n"), Counts(5, 0)),
        (log("[  0.1 s] SKIPPED: no curl here: Up.test_a\nRan 5 tests in 1.2s\n\n"
             "FAILED (failures=1, errors=2, skipped=1)\n", 1),
         Counts(1, 3, 1, ["Up.test_a: no curl here"])),
    ]
    wrong = [(test, count(test), wanted) for test, wanted in cases if count(test) != wanted]
    for test, got, wanted in wrong:
        print(f"{test}\n  counted {got}\n  wanted  {wanted}")
    if Counts(1, 2, 3).line() != "1 passed, 2 failed, 3 skipped":
        wrong.append("the line")
    print(f"run_tests --self-test: {len(cases) + 1} cases, {len(wrong)} wrong")
    return 1 if wrong else 0


# ---- running

def suites_of(test):
    return {suite.split(":")[-1] for suite in test["suite"]}


def introspect(directory):
    output = subprocess.run(["meson", "introspect", "--tests", directory], check=True,
                            capture_output=True, text=True).stdout
    return json.loads(output)


def choose(tests, suites, kind):
    chosen = [test for test in tests if not suites or suites_of(test) & set(suites)]
    if kind == "tsan":
        chosen = [test for test in chosen if test["name"].split("_")[0] in TSAN_TESTS]
    return [test["name"] for test in chosen]


def run(directory, names, suites, environment, slower):
    """Runs those tests; the counts of all. One that left no result has failed."""
    log = os.path.join(directory, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.remove(log)
    environment = dict(os.environ, BOOST_TEST_COLOR_OUTPUT="no", BOOST_TEST_REPORT_LEVEL="short",
                       **environment)
    command = ["meson", "test", "-C", directory, "--no-rebuild", "--print-errorlogs",
               "--timeout-multiplier", str(slower), *sorted(set(names))]
    command += [f"--suite={suite}" for suite in suites]  # a name may be in two suites
    finished = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False)
    counts, seen = Counts(), 0
    if os.path.exists(log):
        with open(log, encoding="utf-8") as lines:
            for line in lines:
                counts.add(count(json.loads(line)))
                seen += 1
    if seen < len(names):
        print(f"scripts/test: {len(names) - seen} tests left no result", file=sys.stderr)
        counts.add(Counts(failed=len(names) - seen))
    if finished.returncode != 0 and counts.failed == 0:
        counts.add(Counts(failed=1))
    return counts


def parse(arguments):
    kind, suites = "release", []
    for word in arguments:
        if word in ("-h", "--help"):
            print(__doc__.strip())
            sys.exit(0)
        if word == "--self-test":
            sys.exit(self_test())
        if word in ("--asan", "--tsan"):
            if kind != "release":
                sys.exit(usage("one sanitizer at a time"))
            kind = word[2:]
        elif word.startswith("-"):
            sys.exit(usage(f"unknown option {word}"))
        else:
            suites.append(word)
    return kind, suites


def usage(text):
    print(f"scripts/test: {text}; see scripts/test --help", file=sys.stderr)
    return 2


def main():
    kind, suites = parse(sys.argv[1:])
    os.chdir(ROOT)
    directory, options, environment, slower = KINDS[kind]
    if subprocess.run(["scripts/build", directory, *options], check=False).returncode != 0:
        print("scripts/test: the build failed")
        print(Counts(failed=1).line())
        return 1
    tests = introspect(directory)
    known = sorted(set().union(*(suites_of(test) for test in tests)))
    unknown = [suite for suite in suites if suite not in known]
    if unknown:
        return usage(f"no suite {', '.join(unknown)}; there are: {', '.join(known)}")
    names = choose(tests, suites, kind)
    if not names:
        return usage(f"no test is in these suites with --{kind}")
    counts = run(directory, names, suites, environment, slower)
    for reason in counts.reasons:
        print(f"SKIPPED  {reason}")
    print(counts.line(), flush=True)
    return 1 if counts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
