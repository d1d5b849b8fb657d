"""A storm caused by hand is found and told as a witness saw it who never read the log.

The witness polls the status table and counts its own requests; `skyctl storms` reads the log.
"""

import datetime
import json
import os
import threading
import time
import xml.etree.ElementTree

from e2e_case import MIXED, PROBE, E2ECase, main

# Three replicas that can only be in one zone: the whole service lives there.
ONE_ZONE = """\
resources: {cpus: 4+, accelerators: "T4:1", ports: 8888, use_spot: true, infra: aws/us-east-2/us-east-2a}
service:
""" + PROBE + """\
  replica_policy: {min_replicas: 3}
"""


def seconds_of(iso):
    return datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp()


class Witness:
    """Looks at the number of ready replicas all the time: [(when, ready)]."""

    def __init__(self, session, name):
        self.session, self.name = session, name
        self.seen = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def _look(self):
        while not self.over.is_set():
            ready = self.session.status(self.name)["services"][0]["ready"]
            self.seen.append((time.time(), ready))
            self.over.wait(0.05)

    def stop(self):
        self.over.set()
        self.thread.join(timeout=10)
        return self.seen


class StormTest(E2ECase):
    def storms(self, name):
        return json.loads(self.session.must("storms", name, "--json"))["storms"]

    def cause(self, name, count, arguments, victims):
        """A storm under load, seen from outside: (storm, what the witness saw, its load report)."""
        witness = Witness(self.session, name)
        load = self.start_load(name, 15, 10, "--stream")
        time.sleep(1)
        self.session.must("preempt", name, *arguments)
        self.session.wait("all victims are replaced and READY", lambda: len(
            [r for r in self.session.in_phase(name, "READY") if r["id"] not in victims]) == count,
            25)
        output, errors = load.communicate(timeout=50)
        report = json.loads(output)
        time.sleep(1)
        seen = witness.stop()
        self.session.wait("the storm is over",
                          lambda: self.storms(name) and self.storms(name)[0]["recovered"], 10)
        storms = self.storms(name)
        self.assertEqual(len(storms), 1, storms)
        return storms[0], seen, report

    def is_told_as_seen(self, storm, seen, report, target, victims):
        self.assertEqual(storm["preempted"], len(victims))
        self.assertEqual((storm["lost"], storm["most_at_once"]), (0, len(victims)))
        self.assertEqual((storm["target"], storm["ready_before"]), (target, target))
        lowest = min(ready for _, ready in seen)
        self.assertEqual(storm["lowest_ready"], lowest)
        self.assertEqual(storm["depth"], target - lowest)
        zones = {}
        for victim in victims:
            zones[victim["zone"]] = zones.get(victim["zone"], 0) + 1
        told = {zone["zone"]: zone["preempted"] for zone in storm["zones"] if zone["preempted"]}
        self.assertEqual(told, zones)
        # When it went down and when it was back, as the polls saw it: each of them takes a moment.
        gap = max(b - a for (a, _), (b, _) in zip(seen, seen[1:])) + 0.5
        down = next(when for when, ready in seen if ready < target)
        back = max(when for when, ready in seen if ready < target)
        self.assertAlmostEqual(seconds_of(storm["began"]), down, delta=gap)
        self.assertAlmostEqual(seconds_of(storm["recovered"]), back, delta=gap)
        self.assertAlmostEqual(storm["below_target_us"] / 1e6, back - down, delta=2 * gap)
        self.assertAlmostEqual(storm["to_recover_us"] / 1e6,
                               seconds_of(storm["recovered"]) - seconds_of(storm["began"]), delta=0.01)
        # 15 requests a second came meanwhile, as long as the load went on.
        requests = storm["requests"]
        self.assertEqual(requests["failed"] + requests["shed"], report["failed"])
        expected = 15 * storm["to_recover_us"] / 1e6
        self.assertAlmostEqual(requests["arrived"], expected, delta=0.25 * expected + 20)
        self.assertLessEqual(requests["arrived"], report["sent"])
        noticed = {d["replica"] for d in storm["decisions"] if d["type"] == "DrainStarted"}
        self.assertLessEqual({v["id"] for v in victims}, noticed)
        for decision in storm["decisions"]:
            self.assertTrue(self.session.must("why", str(decision["seq"])).strip())

    def is_told_to_people(self, name, storm, victims):
        text = self.session.must("storms", name, "--utc")
        self.assertIn(f"{len(victims)} replicas lost", text)
        self.assertIn(storm["began"][11:19], text)
        picture = os.path.join(self.work, "storm.svg")
        self.session.must("storms", name, "--utc", "--svg", picture)
        root = xml.etree.ElementTree.parse(picture).getroot()
        words = " ".join(root.itertext())
        for victim in victims:
            self.assertIn(victim["zone"], words)

    def test_a_storm_over_two_zones_is_told_as_a_witness_saw_it(self):
        self.up_ready("llama3", MIXED, 4)
        victims = self.session.in_phase("llama3", "READY", spot=True)
        storm, seen, report = self.cause("llama3", 4, ["--storm", "2"], {v["id"] for v in victims})
        self.assertEqual(report["failed"], 0, report)
        self.is_told_as_seen(storm, seen, report, 4, victims)
        self.is_told_to_people("llama3", storm, victims)

    def test_a_zone_that_takes_everything_is_told_as_a_witness_saw_it(self):
        victims = self.up_ready("lonely", ONE_ZONE, 3)
        self.assertEqual({v["zone"] for v in victims}, {"us-east-2a"})
        storm, seen, report = self.cause("lonely", 3, ["--zone", "us-east-2a"],
                                         {v["id"] for v in victims})
        self.assertEqual(min(ready for _, ready in seen), 0)
        self.is_told_as_seen(storm, seen, report, 3, victims)
        self.assertGreater(storm["requests"]["most_held"], 0)
        self.is_told_to_people("lonely", storm, victims)

    def test_one_preemption_is_an_ordinary_day(self):
        self.up_ready("llama3", MIXED, 4)
        victim = self.session.in_phase("llama3", "READY", spot=True)[0]
        self.session.must("preempt", "llama3", str(victim["id"]))
        self.wait_event("llama3", "TerminationSucceeded")
        self.assertEqual(self.storms("llama3"), [])
        self.assertIn("No preemption storm", self.session.must("storms", "llama3"))


if __name__ == "__main__":
    main()
