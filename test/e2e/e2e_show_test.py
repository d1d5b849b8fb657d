"""What a user sees: status, events, why, logs."""

import json
import re
import time

from e2e_case import BURSTING, FIXED, MIXED, E2ECase, Lines, demo_llm, main

SERVICES = "NAME VERSION UPTIME STATUS REPLICAS ENDPOINT".split()
REPLICAS = "SERVICE_NAME ID VERSION ENDPOINT LAUNCHED RESOURCES STATUS REGION".split()


def cells(text, header):
    """The rows under a table's header, cut at the header's columns."""
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if line.split()[:len(header)] == header)
    starts = [lines[at].index(name if n == 0 else " " + name) + (n > 0)
              for n, name in enumerate(header)]
    rows = []
    for line in lines[at + 1:]:
        if not line.strip():
            break
        rows.append([line[a:b].strip() for a, b in zip(starts, starts[1:] + [len(line) + 1])])
    return rows


class StatusTest(E2ECase):
    def test_the_tables_are_the_seeds_cell_for_cell(self):
        self.up_ready("llama3", MIXED, 4)
        out = self.session.must("status")
        self.assertIn("SANDBOX", out)
        service = cells(out, SERVICES)[0]
        self.assertEqual(service[0], "llama3")
        self.assertEqual(service[1], "1")
        self.assertRegex(service[2], r"^(\d+m )?\d+s$")
        self.assertEqual(service[3], "READY")
        self.assertEqual(service[4], "4/4")
        self.assertRegex(service[5], r"^127\.0\.0\.1:30\d\d\d$")
        rows = cells(out, REPLICAS)
        self.assertEqual([row[1] for row in rows], ["1", "2", "3", "4"])
        for row in rows:
            self.assertEqual((row[0], row[2], row[6]), ("llama3", "1", "READY"))
            self.assertRegex(row[3], r"^http://127\.0\.0\.1:\d+$")
            self.assertRegex(row[4], r"^(\d+ secs? ago|a few secs ago|just now|1 min ago)$")
        base = [row for row in rows if row[7] == "kubernetes"]
        self.assertEqual([row[5] for row in base], ["1x Kubernetes({'T4': 1})"] * 2)
        for row in rows:
            if row not in base:
                self.assertRegex(row[5], r"^1x (AWS|GCP)\(\[Spot\]\{'T4': 1\}\)$")
                self.assertRegex(row[7], r"^[a-z]+-[a-z]+\d?-?\d$")

    def test_it_tells_the_truth_while_starting_when_ready_and_after_down(self):
        self.up("story", FIXED % 1, run=demo_llm("--startup-ms 1500"), speed="10")
        self.assertEqual(self.service("story")["status"], "REPLICA_INIT")
        text = self.session.must("status")
        self.assertIn("0/1", text)
        self.assertEqual(cells(text, REPLICAS)[0][6] in ("PENDING", "PROVISIONING", "STARTING"),
                         True, text)
        self.session.wait("STARTING is shown",
                          lambda: self.session.in_phase("story", "STARTING"), 10)
        self.wait_ready("story", 1)
        self.assertEqual(self.service("story")["status"], "READY")
        self.session.must("down", "story", "-y")
        after = self.session.status()
        self.assertEqual((after["services"], after["replicas"]), ([], []))
        self.assertNotIn("story", self.session.must("status"))

    def test_a_replica_that_stops_answering_is_not_ready_and_so_is_the_service(self):
        # Its second process answers; when that one is gone the first still runs.
        run = demo_llm().replace("exec ", "") + " & echo $! > server.pid; sleep 600"
        self.up_ready("frozen", FIXED % 1, 1, run=run)
        server = [pid for pid, line in self.session.processes().items()
                  if " demo-llm " in line and not line.startswith(("sh ", "/bin/", "bash "))]
        self.assertEqual(len(server), 1)
        import os
        import signal
        os.kill(server[0], signal.SIGSTOP)
        try:
            self.wait_service_status("frozen", "NOT_READY")
            self.assertEqual(len(self.session.in_phase("frozen", "NOT_READY")), 1)
        finally:
            os.kill(server[0], signal.SIGCONT)
        self.wait_service_status("frozen", "READY")

    def test_verbose_adds_cost_rate_target_and_reason(self):
        self.up_ready("llama3", MIXED, 4)
        out = self.session.must("status", "-v")
        for word in ["$", "QPS", "TARGET", "ZONE"]:
            self.assertIn(word, out.upper())

    def test_json_holds_what_the_tables_hold(self):
        self.up_ready("llama3", MIXED, 4)
        status = self.session.status("llama3")
        service = status["services"][0]
        for key in ["name", "version", "status", "ready", "live", "endpoint", "target", "usd_spent"]:
            self.assertIn(key, service)
        self.assertEqual([r["id"] for r in status["replicas"]], [1, 2, 3, 4])
        self.assertEqual(sum(r["spot"] for r in status["replicas"]), 2)
        spot_zones = {r["zone"] for r in status["replicas"] if r["spot"]}
        self.assertEqual(len(spot_zones), 2, "the spot replicas share a zone")
        self.assertTrue(all(r["region"] for r in status["replicas"]))

    def test_watch_repaints(self):
        self.up("seen", FIXED % 1)
        watch = Lines(self.session.start("status", "--watch"))
        watch.wait_for("seen")
        first = len(watch.lines)
        self.session.wait("a second picture", lambda: len(watch.lines) >= 2 * first, 5)


class EventsTest(E2ECase):
    def test_follow_shows_decisions_as_they_happen(self):
        self.up("llama3", MIXED)
        follow = Lines(self.session.start("events", "llama3", "--follow"))
        for kind in ["ScaleEvaluated", "PlacementChosen", "ProvisionSucceeded", "ProbeAnswered",
                     "ReplicaBecameReady"]:
            follow.wait_for(kind)
        self.wait_ready("llama3", 4)
        victim = self.session.in_phase("llama3", "READY", spot=True)[0]
        asked = time.monotonic()
        self.session.must("preempt", "llama3", str(victim["id"]))
        seen = follow.wait_for("PreemptionNoticed")
        self.assertLess(seen - asked, 2.0)
        follow.wait_for("DrainStarted")

    def test_follow_goes_on_over_a_restart_of_the_daemon(self):
        self.up_ready("llama3", FIXED % 1, 1)
        follow = Lines(self.session.start("events", "--follow", "--type", "DaemonStarted",
                                          "--type", "CommandReceived", "--json"))
        follow.wait_for("DaemonStarted")
        self.session.kill_daemon()
        self.session.must("status")
        self.session.wait("the second start is followed",
                          lambda: sum("DaemonStarted" in line for _, line in follow.lines) == 2, 10)
        seqs = [json.loads(line)["seq"] for _, line in follow.lines]
        self.assertEqual(seqs, sorted(set(seqs)), "an event came twice, or out of order")

    def test_filters_choose_by_service_type_replica_and_since(self):
        self.up("one", FIXED % 2)
        self.up("two", FIXED % 1)
        self.wait_ready("one", 2)
        self.wait_ready("two", 1)
        launches = self.events("one", "LaunchIntended")
        self.assertEqual(len(launches), 2)
        self.assertEqual({e["service"] for e in launches}, {"one"})
        self.assertEqual({e["type"] for e in launches}, {"LaunchIntended"})
        self.assertEqual(len(self.events(None, "LaunchIntended")), 3)
        self.assertEqual(len(self.events("one", "LaunchIntended", replica=2)), 1)
        self.assertEqual(len(self.events("one", "launchintended", "ReplicaPlanned")), 4)
        later = self.session.events("one", "--since", str(launches[1]["seq"]))
        self.assertEqual(later[0]["seq"], launches[1]["seq"])
        self.assertEqual(len(self.session.events("one", "--since", "1h", "--type",
                                                 "LaunchIntended")), 2)

    def test_sequences_are_dense_and_causes_come_before_effects(self):
        self.up_ready("llama3", FIXED % 1, 1)
        events = self.events()
        self.assertEqual([e["seq"] for e in events], list(range(1, len(events) + 1)))
        for event in events:
            self.assertLess(event.get("cause") or 0, event["seq"])
        launch = next(e for e in events if e["type"] == "LaunchIntended")
        self.assertGreater(launch["cause"], 0)

    def test_it_reads_the_directory_when_no_daemon_runs(self):
        self.up_ready("llama3", FIXED % 1, 1)
        self.session.must("down", "llama3", "-y")
        with_daemon = self.events()
        self.session.must("daemon", "stop")
        self.assertEqual(self.session.pids_of("daemon"), [])
        without = self.events()
        self.assertEqual(without[:len(with_daemon)], with_daemon)
        self.assertEqual(without[-1]["type"], "DaemonStopped")
        self.assertIn("ReplicaBecameReady", self.session.must("events", "llama3"))
        self.assertEqual(self.session.pids_of("daemon"), [], "reading started a daemon")

    def test_before_anything_happened_there_is_nothing_and_no_error(self):
        self.assertEqual(self.session.must("events"), "")
        self.assertEqual(self.session.status()["services"], [])

    def test_every_line_is_short_and_readable(self):
        self.up_ready("llama3", BURSTING, 2)
        for line in self.session.must("events").splitlines():
            self.assertRegex(line, r"#?\d+.*\d\d:\d\d:\d\d.*[A-Z][a-z]+[A-Z][a-z]+")
            self.assertLess(len(line), 400, line)


class WhyAndLogsTest(E2ECase):
    def test_why_prints_the_chain_from_the_cause_to_the_replica(self):
        self.up_ready("llama3", MIXED, 4)
        victim = self.session.in_phase("llama3", "READY", spot=True)[0]
        self.session.must("preempt", "llama3", str(victim["id"]))
        self.wait_event("llama3", "PreemptionNoticed")
        self.wait_event("llama3", "LaunchIntended", count=5)
        story = self.session.must("why", f"llama3/{victim['id']}")
        for word in [victim["zone"], "notice"]:
            self.assertIn(word, story.lower())
        successor = self.events("llama3", "LaunchIntended")[-1]
        story = self.session.must("why", f"llama3/{successor['replica']}").lower()
        self.assertRegex(story, r"preempt|notice|replace")
        self.assertTrue(self.session.must("why", str(successor["seq"])).strip())

    def test_why_at_a_moment_shows_the_state_of_then_and_what_another_outcome_needed(self):
        self.up_ready("llama3", BURSTING, 2)
        intended = self.events("llama3", "LaunchIntended")[0]["seq"]
        then = self.session.must("why", "llama3", "--at", str(intended), "--utc")
        self.assertIn(f"after #{intended}: REPLICA_INIT", then)
        self.assertIn("target 2, ready 0", then)
        self.assertIn("PROVISIONING", then)
        now = self.session.must("why", "llama3", "--at", "0s")
        self.assertIn("ready 2", now)
        # one request a second each, over three seconds: a third replica needs a seventh request
        self.assertIn("a target of 3 needs 7 requests in 3 s (more than 2 QPS) for 1 s", now)
        every = json.loads(self.session.must("why", "--at", str(intended), "--json"))["services"]
        self.assertEqual([one["moment"]["service"] for one in every], ["llama3"])
        self.assertEqual(every[0]["moment"]["status"], "REPLICA_INIT")
        self.assertEqual(every[0]["moment"]["another_target"]["fewest_arrivals_for_more"], 7)
        kinds = {one["kind"] for one in every[0]["otherwise"]}
        self.assertLessEqual({"scale", "placement", "plan"}, kinds)
        self.assertEqual(self.session.must("why", "--at", "1"),
                         "There was no service at that moment.\n")
        self.refused("why", status=2, says=["--at"])
        self.refused("why", "3", "--at", "1h", status=2, says=["sequence"])

    def test_logs_hold_what_setup_and_run_printed(self):
        self.up_ready("chatty", FIXED % 1, 1, setup="echo fetching the model; echo oops >&2",
                      run="echo starting the server; " + demo_llm())
        out = self.session.must("logs", "chatty", "1")
        for words in ["fetching the model", "oops", "starting the server", "stand-in"]:
            self.assertIn(words, out)
        self.assertLess(out.index("fetching the model"), out.index("starting the server"))
        last = self.session.must("logs", "chatty", "1", "--tail", "1")
        self.assertEqual(len(last.splitlines()), 1)
        self.refused("logs", "chatty", "77", says=["77"])

    def test_logs_follow_until_the_replica_ends(self):
        self.up_ready("chatty", FIXED % 1, 1,
                      run="(while sleep 0.2; do echo tick; done) & " + demo_llm())
        child = self.session.start("logs", "chatty", "1", "--follow")
        follow = Lines(child)
        follow.wait_for("tick")
        count = len(follow.lines)
        self.session.wait("more of it", lambda: len(follow.lines) > count, 5)
        self.session.must("down", "chatty", "-y")
        child.wait(timeout=10)

    def test_metrics_are_prometheus_text(self):
        import subprocess
        self.up_ready("llama3", FIXED % 1, 1)
        base = self.session.endpoint("llama3")
        for _ in range(5):
            self.assertEqual(self.chat(base)[0], 200)
        done = subprocess.run(["curl", "-sS", "--max-time", "5", "--unix-socket",
                               self.session.home + "/api.sock", "http://daemon/metrics"],
                              stdout=subprocess.PIPE, text=True, check=True)
        samples = [line for line in done.stdout.splitlines() if line and not line.startswith("#")]
        self.assertTrue(samples)
        for line in samples:
            self.assertRegex(line, r'^[a-z_][a-z0-9_]*(\{[^}]*\})? [-+0-9.eEinfNa]+$')
        self.assertRegex(done.stdout, r"# TYPE \S+ (counter|gauge)")
        self.assertTrue(re.search(r'service="llama3"', done.stdout))


if __name__ == "__main__":
    main()
