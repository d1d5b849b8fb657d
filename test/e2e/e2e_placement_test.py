"""Placement policies as a user meets them: in a service whose fleet one plans, and on spot traces.

The recorded traces do not ship with the program: SKYCTL_TRACES names the folder with aws1.json,
aws2.json and aws3.json. Without it their test is skipped and says so.
"""

import json
import os
import unittest

from e2e_case import PROBE, E2ECase, main

TRACES = os.environ.get("SKYCTL_TRACES", "")
# SpotHedge with one extra replica: (availability, cost) computed independently of this program.
PRINTED = {"aws1": (99.27, 55.2), "aws2": (97.94, 57.2), "aws3": (99.41, 43.3)}


# Four replicas, and how much of the time they must be ready: nothing else.
STATED = """\
resources: {cpus: 4+, memory: 8+, accelerators: "T4:1", ports: 8888, use_spot: true}
service:
""" + PROBE + """\
  replica_policy: {min_replicas: 4, availability: 99.5}
"""


class PlacementTest(E2ECase):
    def test_a_stated_availability_alone_places_replaces_and_is_explained(self):
        self.up("stated", STATED)
        self.wait_serving("stated", 4)
        placed = self.planned("stated")[0]
        self.assertEqual(placed["body"]["policy"], "hazard_hedge:availability=99.5")
        self.assertGreater(placed["body"]["plan_cost_micro"], 0)
        why = self.session.must("why", f"stated/{placed['replica']}")
        self.assertRegex(why, r"\$0\.\d+.*up \d+ (min|h), hazard \d\.\d\d/h")
        self.session.must("preempt", "stated", "--storm", "1")
        self.wait_event("stated", "PreemptionNoticed", 1)
        self.wait_serving("stated", 4)
        self.session.kill_daemon()
        self.session.must("status")
        self.wait_serving("stated", 4)
        self.session.must("replay", "--verify")

    def planned(self, name):
        """The placements that the policy of the whole fleet made."""
        return [one for one in self.events(name, "PlacementChosen")
                if one["body"]["policy"].startswith("hazard_hedge")]

    def wait_serving(self, name, count):
        self.session.wait(f"{count} replicas of {name} or more READY",
                          lambda: len(self.session.in_phase(name, "READY")) >= count, 40)

    def simulate(self, *arguments):
        return json.loads(self.session.must("simulate", *arguments, "--json"))["traces"]

    def load_file(self, lines):
        return self.file("# a day\n" + "\n".join(lines) + "\n", "load.txt")

    def test_a_load_moves_the_autoscaler_and_tells_what_requests_met(self):
        load = self.load_file(["0.05"] * 720 + ["0.4"] * 720)
        trace, = self.simulate("--trace", "drawn:3", "--policy", "spot_hedge", "--policy",
                               "all_on_demand", "--runs", "1", "--load", load)
        hedge, on_demand = trace["policies"]
        days = trace["days"] - 1 / 24
        for one in (hedge, on_demand):
            requests = one["requests"]
            self.assertAlmostEqual(requests["arrived"] / (days * 86400 * 0.225), 1, delta=0.05)
            self.assertLessEqual(requests["failed"], requests["arrived"])
            self.assertGreaterEqual(requests["latency_mean_seconds"], 10)
            self.assertGreaterEqual(requests["latency_p99_seconds"],
                                    requests["latency_p50_seconds"])
        self.assertAlmostEqual(on_demand["cost"], 1, delta=0.02)
        self.assertLess(hedge["cost"], on_demand["cost"])
        self.assertNotIn("bound_cost", trace)
        text = self.session.must("simulate", "--trace", "drawn:3", "--policy", "spot_hedge",
                                 "--runs", "1", "--load", load)
        self.assertIn("FAILED %", text)

    def test_a_wrong_load_is_refused_with_its_line(self):
        for lines, part in ((["1", "two"], "line 3"), (["-1"], "line 2"), ([], "no line")):
            self.refused("simulate", "--trace", "drawn:3", "--policy", "spot_hedge", "--load",
                         self.load_file(lines), says=[part])

    @unittest.skipUnless(TRACES, "SKYCTL_TRACES names no folder with recorded traces")
    def test_recorded_traces_give_the_published_figures_and_stated_availabilities(self):
        for name, (availability, cost) in PRINTED.items():
            stated = {goal: f"hazard_hedge:availability={goal}" for goal in (99, 99.5, 99.9)}
            policies = [word for policy in ("spot_hedge", "hazard_hedge", *stated.values())
                        for word in ("--policy", policy)]
            trace, = self.simulate("--trace", os.path.join(TRACES, f"{name}.json"),
                                   "--runs", "2", *policies)
            seen = {one["policy"]: one for one in trace["policies"]}
            hedge, ours = seen["spot_hedge"], seen["hazard_hedge"]
            self.assertAlmostEqual(100 * hedge["availability"], availability, delta=0.1, msg=name)
            self.assertAlmostEqual(100 * hedge["cost"], cost, delta=1, msg=name)
            self.assertLess(ours["cost"], 0.85 * hedge["cost"], name)
            for goal, policy in stated.items():
                self.assertGreaterEqual(100 * seen[policy]["availability"], goal - 0.1,
                                        f"{name} {goal}")


if __name__ == "__main__":
    main()
