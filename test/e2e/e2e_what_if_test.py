"""`replay --what-if` of a past that the test itself made and watched."""

import json

from e2e_case import BURSTING, MIXED, E2ECase, main


class WhatIfTest(E2ECase):
    def what_if(self, *arguments):
        return json.loads(self.session.must("replay", *arguments, "--json"))

    def test_a_storm_is_told_beside_what_another_policy_would_have_made_of_it(self):
        self.up_ready("llama3", MIXED, 4)
        load = self.start_load("llama3", 10, 8)
        self.session.wait("requests are answered",
                          lambda: self.service("llama3")["qps"] > 0)
        self.session.must("preempt", "llama3", "--storm", "2")
        self.wait_event("llama3", "PreemptionNoticed", 2)
        report = self.no_request_failed(load)
        self.wait_ready("llama3", 4)
        self.session.wait("every request is in a sample",
                          lambda: self.arrivals("llama3") == report["sent"])

        answer = self.what_if("llama3", "--set", "replica_policy.base_ondemand_fallback_replicas=4")
        self.assertTrue(answer["is_estimate"])
        self.assertTrue(answer["sandbox"])
        self.assertEqual(answer["changes"], ["base_ondemand_fallback_replicas 2 -> 4"])
        recorded, same, other = answer["recorded"], answer["same_policy"], answer["what_if"]
        intents = [event for event in self.events("llama3", "LaunchIntended")]
        self.assertEqual(recorded["requests"], report["sent"])
        self.assertEqual(recorded["requests_failed"], 0)
        self.assertEqual(recorded["preemptions"], 2)
        self.assertEqual(recorded["launches"], len(intents))
        # The simulated past is the recorded one, as near as a model of it can be.
        self.assertEqual(same["requests"], report["sent"])
        self.assertEqual(same["preemptions"], 2)
        self.assertEqual(same["launches"], len(intents))
        self.assertAlmostEqual(same["availability"], recorded["availability"], delta=0.15)
        self.assertAlmostEqual(same["usd"], recorded["usd"], delta=0.2 * recorded["usd"])
        # On Kubernetes nothing would have been taken, and nothing paid.
        self.assertEqual(other["preemptions"], 0)
        self.assertEqual(other["launches"], 4)
        self.assertEqual(other["usd"], 0)
        self.assertGreater(other["availability"], recorded["availability"])
        self.assertEqual(answer["evidence"]["taken"], 2)

        shown = self.session.must("replay", "llama3", "--utc", "--what-if", self.file(
            "replica_policy:\n  base_ondemand_fallback_replicas: 4\n", "policy.yaml"))
        for words in ("SANDBOX llama3 from", "base_ondemand_fallback_replicas 2 -> 4", "an estimate",
                      "target ready, of the time", "WHAT IF*", "2 machines taken back"):
            self.assertIn(words, shown)
        self.session.must("down", "llama3", "-y")

    def arrivals(self, name):
        return sum(event["body"]["arrivals"] for event in self.events(name, "TrafficSampled"))

    def test_the_policy_can_be_changed_in_the_middle_and_the_past_stays_as_it_was(self):
        self.up_ready("llama3", BURSTING, 2)
        middle = self.events("llama3")[-1]["seq"]
        self.start_load("llama3", 4, 6).communicate(timeout=40)
        raised = self.wait_event("llama3", "ScaleEvaluated", 2)
        answer = self.what_if("llama3", "--since", str(middle), "--set",
                              "replica_policy.max_replicas=2")
        self.assertEqual(answer["changes"], ["max_replicas 4 -> 2"])
        self.assertEqual(answer["what_if"]["launches"], 0)
        self.assertGreater(answer["recorded"]["launches"], 0)
        self.assertGreater(answer["what_if"]["requests_above_target_qps"], 0)
        self.assertLess(answer["what_if"]["mean_ready"], answer["recorded"]["mean_ready"])
        self.assertTrue(raised)
        # Asked without a service's name, from another place, with the daemon stopped.
        self.session.must("down", "llama3", "-y")
        self.session.must("daemon", "stop")
        again = self.what_if("--log", self.session.home, "--since", str(middle), "--set",
                             "replica_policy.max_replicas=2")
        self.assertEqual(again["service"], "llama3")
        self.assertEqual(again["what_if"]["launches"], 0)
        # And when what was before that moment is not kept any more.
        self.session.must("log", "truncate", "--before", str(middle))
        self.assertGreater(self.events()[0]["seq"], 1)
        cut = self.what_if("--since", str(middle), "--set", "replica_policy.max_replicas=2")
        self.assertEqual(cut["recorded"], again["recorded"])
        self.assertEqual(cut["what_if"], again["what_if"])

    def test_what_cannot_be_asked_is_refused_with_the_way_out(self):
        self.up_ready("one", MIXED, 4)
        self.up_ready("two", MIXED, 4)
        change = ("--set", "replica_policy.min_replicas=1")
        self.refused("replay", *change, status=2, says=["say which service", "one, two"])
        self.refused("replay", "three", *change, says=["no service 'three'"])
        self.refused("replay", "one", "--set", "resources.use_spot=false",
                     says=["only keys of replica_policy"])
        self.refused("replay", "one", "--set", "replica_policy.min_replica=1",
                     says=["min_replicas"])
        self.refused("replay", "one", "--what-if", self.file("replica_policy:\n  placement: best\n",
                                                             "policy.yaml"),
                     says=["policy.yaml:2", "static_mixture", "spot_hedge"])
        self.refused("replay", "one", "--what-if", "nowhere.yaml", says=["nowhere.yaml"])
        self.refused("replay", "one", "--verify", *change, status=2)
        self.session.must("down", "one", "-y")
        self.session.must("down", "two", "-y")


if __name__ == "__main__":
    main()
