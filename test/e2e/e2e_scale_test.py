"""Bursting under load, and machines that are taken away under load: no request may fail."""

import time

from e2e_case import BURSTING, LIVE, MIXED, E2ECase, main


def log_ms(event):
    """The instant of the log's own clock, in milliseconds."""
    return event["at_us"] / 1000


class ScalingTest(E2ECase):
    def test_load_brings_two_spot_replicas_in_two_zones_and_they_leave_after_it(self):
        self.up_ready("llama3", BURSTING, 2)
        self.assertEqual([r["spot"] for r in self.session.replicas("llama3")], [False, False])
        load = self.start_load("llama3", 8, 9, "--stream")
        spot = self.wait_ready("llama3", 2, spot=True)
        self.assertEqual(len({r["zone"] for r in spot}), 2, "they share a zone")
        self.assertEqual({r["cloud"] for r in spot} - {"aws", "gcp"}, set())
        self.no_request_failed(load, at_least=60)
        self.session.wait("the spot replicas are gone again",
                          lambda: len(self.session.replicas("llama3")) == 2
                          and len(self.session.in_phase("llama3", "READY", spot=False)) == 2, 20)
        evaluations = [e["body"] for e in self.events("llama3", "ScaleEvaluated")]
        self.assertLessEqual({"raised", "lowered"}, {e["verdict"] for e in evaluations})
        raised = next(e for e in evaluations if e["verdict"] == "raised" and e["target_before"] == 2)
        self.assertEqual(raised["target_after"], 4)
        self.assertGreater(raised["rate_milli_rps"], 2000)
        service = self.service("llama3")
        self.assertLess(service["usd_spent"], service["usd_all_on_demand"])

    def test_without_load_nothing_is_scaled(self):
        self.up_ready("llama3", BURSTING, 2)
        time.sleep(3)
        self.assertEqual(len(self.events("llama3", "LaunchIntended")), 2)
        self.assertEqual(len(self.session.in_phase("llama3", "READY")), 2)


class PreemptionTest(E2ECase):
    def reaction(self, name):
        """Milliseconds of log time from each notice to the next launch that was intended."""
        events = self.events(name, "PreemptionNoticed", "LaunchIntended")
        taken, result = set(), []
        for notice in (e for e in events if e["type"] == "PreemptionNoticed"):
            launch = next((e for e in events if e["type"] == "LaunchIntended"
                           and e["seq"] > notice["seq"] and e["seq"] not in taken), None)
            self.assertIsNotNone(launch, f"nothing replaces replica {notice['replica']}")
            taken.add(launch["seq"])
            result.append(log_ms(launch) - log_ms(notice))
        return result

    def is_replaced(self, old):
        ready = self.session.in_phase("llama3", "READY", spot=True)
        return len(ready) == 2 and not {r["id"] for r in ready} & old

    def preempt_under_load(self, arguments, victims):
        load = self.start_load("llama3", 15, 8, "--stream")
        time.sleep(1)
        self.session.must("preempt", "llama3", *arguments)
        self.wait_event("llama3", "PreemptionNoticed", count=len(victims))
        self.session.wait("all victims are replaced and READY", lambda: self.is_replaced(victims),
                          15)
        self.no_request_failed(load, at_least=100)
        noticed = {e["replica"] for e in self.events("llama3", "PreemptionNoticed")}
        self.assertEqual(noticed, victims)
        for victim in victims:
            order = [e["type"] for e in self.events("llama3", "PreemptionNoticed", "DrainStarted",
                                                    "ReplicaPreempted", replica=victim)]
            self.assertEqual(order[:2], ["PreemptionNoticed", "DrainStarted"])
        reaction = self.reaction("llama3")
        print(f"notice -> launch intended: {', '.join(f'{ms:.1f}' for ms in reaction)} ms",
              flush=True)
        self.assertLess(sum(reaction) / len(reaction), 1000)

    def spot(self):
        return self.session.in_phase("llama3", "READY", spot=True)

    def test_a_preempted_replica_is_drained_and_replaced(self):
        self.up_ready("llama3", MIXED, 4)
        victim = self.spot()[0]
        other = self.spot()[1]["id"]
        load = self.start_load("llama3", 15, 7, "--stream")
        time.sleep(1)
        self.session.must("preempt", "llama3", str(victim["id"]))
        self.session.wait("it is drained", lambda: all(
            r["id"] != victim["id"] or r["status"] not in LIVE
            for r in self.session.replicas("llama3")), 5)
        self.session.wait("it is replaced", lambda: len(
            [r for r in self.spot() if r["id"] != victim["id"]]) == 2, 15)
        self.assertIn(other, [r["id"] for r in self.spot()])
        self.no_request_failed(load, at_least=80)
        reaction = self.reaction("llama3")
        print(f"notice -> launch intended: {reaction[0]:.1f} ms", flush=True)
        self.assertLess(reaction[0], 1000)
        replacement = self.events("llama3", "LaunchIntended")[-1]
        self.assertGreater(replacement["replica"], 4, "ids never repeat")

    def test_a_whole_zone_is_taken_and_replaced_elsewhere(self):
        self.up_ready("llama3", MIXED, 4)
        zone = self.spot()[0]["zone"]
        gone = {r["id"] for r in self.spot() if r["zone"] == zone}
        load = self.start_load("llama3", 15, 6)
        self.session.must("preempt", "llama3", "--zone", zone)
        self.session.wait("replaced", lambda: len(
            [r for r in self.spot() if r["id"] not in gone]) == 2, 15)
        self.no_request_failed(load, at_least=70)
        self.assertEqual({e["replica"] for e in self.events("llama3", "PreemptionNoticed")}, gone)

    def test_a_storm_takes_all_spot_replicas_at_once(self):
        self.up_ready("llama3", MIXED, 4)
        self.preempt_under_load(["--storm", "2"], {r["id"] for r in self.spot()})

    def test_what_is_not_there_cannot_be_preempted(self):
        self.up_ready("llama3", MIXED, 4)
        for choice in [["99"], ["--zone", "mars-1"]]:
            self.refused("preempt", "llama3", *choice, says=["no running spot replica", "status"])
        base = self.session.in_phase("llama3", "READY", spot=False)[0]["id"]
        self.refused("preempt", "llama3", str(base), says=["spot"])
        self.assertEqual(self.events("llama3", "PreemptionNoticed"), [])


if __name__ == "__main__":
    main()
