"""Replicas that misbehave, new versions, the end of a service, and secrets."""

import hashlib
import os
import time

from e2e_case import FIXED, LIVE, E2ECase, demo_llm, main

HASTY = """\
resources: {cpus: 2+, ports: 8888}
service:
  readiness_probe:
    path: /health
    initial_delay_seconds: 1
    timeout_seconds: 1
    endpoint_probe_interval_seconds: 0.2
  replicas: 1
"""


class MisbehavingReplicaTest(E2ECase):
    def test_one_that_never_answers_fails_after_its_initial_delay(self):
        self.up("mute", HASTY, run="echo loading for ever; sleep 600")
        failed = self.session.wait("FAILED_INITIAL_DELAY", lambda: [
            r for r in self.session.replicas("mute") if r["status"] == "FAILED_INITIAL_DELAY"], 20)
        self.assertRegex(failed[0]["reason"], r"(?i)initial|ready|delay")
        self.assertEqual(self.chat_refused("mute"), 503)
        self.session.must("down", "mute", "-y")
        self.assertEqual(self.machines(), [])

    def chat_refused(self, name):
        """With nothing to wait for, a request is held no longer than a moment."""
        try:
            return self.request(self.session.endpoint(name), timeout=3)[0]
        except TimeoutError:
            return 503  # still held: a replacement may come

    def test_one_that_crashes_at_once_fails_with_its_last_words_and_is_retried_slowly(self):
        self.up("brittle", FIXED % 1, run="echo cannot open the model file; exit 3")
        failed = self.session.wait("FAILED", lambda: [
            r for r in self.session.replicas("brittle") if r["status"] == "FAILED"], 15)
        self.assertIn("cannot open the model file", failed[0]["reason"])
        self.assertIn("3", failed[0]["reason"])
        began = self.events("brittle", "LaunchIntended")[0]["seq"]
        time.sleep(10)
        launches = [e for e in self.events("brittle", "LaunchIntended") if e["seq"] >= began]
        print(f"launches of a replica that crashes at once, in 10 s: {len(launches)}", flush=True)
        self.assertLessEqual(len(launches), 8)
        self.assertIn(self.service("brittle")["status"], ("FAILED", "REPLICA_INIT"))
        self.assertIn("cannot open the model file", self.session.must("status", "-v"))
        self.session.must("down", "brittle", "-y")
        self.assertEqual(self.machines(), [])

    def test_a_setup_that_fails_is_told_as_such(self):
        self.up("unfit", FIXED % 1, setup="echo no such package >&2; exit 7")
        failed = self.session.wait("FAILED", lambda: [
            r for r in self.session.replicas("unfit") if r["status"] == "FAILED"], 15)
        self.assertIn("no such package", failed[0]["reason"])
        self.assertIn("setup", failed[0]["reason"])

    def test_one_that_floods_its_log_takes_a_bounded_part_of_the_disk(self):
        self.up("loud", FIXED % 1,
                run="head -c 60000000 /dev/zero | tr '\\0' x | fold -w 120; echo flood over; "
                    + demo_llm())
        most = 0
        deadline = time.monotonic() + 30
        while not self.session.in_phase("loud", "READY"):
            most = max(most, self.disk_use())
            self.assertLess(time.monotonic(), deadline, "it never became READY")
            time.sleep(0.1)
        most = max(most, self.disk_use())
        print(f"disk used while 60 MB were printed: {most / 1e6:.0f} MB", flush=True)
        self.assertLess(most, 40_000_000)
        self.assertIn("flood over", self.session.must("logs", "loud", "1"))

    def disk_use(self):
        total = 0
        for folder, _, files in os.walk(self.session.home):
            for name in files:
                try:
                    total += os.stat(os.path.join(folder, name)).st_blocks * 512
                except FileNotFoundError:
                    pass
        return total


class UpdateTest(E2ECase):
    def test_a_rolling_update_costs_no_request_and_one_replica_more_at_a_time(self):
        text = FIXED % 2
        self.up_ready("llama3", text, 2)
        load = self.start_load("llama3", 15, 10)
        new = self.file(text, "new.yaml")
        self.session.must("update", "llama3", new, "-y", "--run", demo_llm("--queue 63"),
                          "--set", "rollout.bake_seconds=1")
        most = 0

        def done():
            nonlocal most
            replicas = self.session.replicas("llama3")
            most = max(most, sum(r["status"] in LIVE for r in replicas))
            return (len(replicas) == 2 and all(r["version"] == 2 and r["status"] == "READY"
                                               for r in replicas))
        self.session.wait("both replicas are of version 2", done, 25)
        self.no_request_failed(load, at_least=130)
        self.assertLessEqual(most, 3, "more than one above the target")
        self.assertEqual(self.service("llama3")["version"], 2)
        self.assertEqual(len(self.events("llama3", "LaunchIntended")), 4)

    def test_a_broken_new_version_is_rolled_back_by_itself(self):
        text = FIXED % 2
        self.up_ready("llama3", text, 2)
        ids = {r["id"] for r in self.session.replicas("llama3")}
        load = self.start_load("llama3", 15, 8)
        new = self.file(text, "new.yaml")
        self.session.must("update", "llama3", new, "-y", "--run", "echo broken build; exit 1",
                          "--set", "rollout.bake_seconds=1")
        back = self.wait_event("llama3", "VersionRolledBack", seconds=30)[0]
        self.assertIn("broken build", back["body"]["reason"])
        self.no_request_failed(load, at_least=100)
        self.assertEqual({r["id"] for r in self.session.in_phase("llama3", "READY")}, ids)
        self.session.wait("only the old machines run", lambda: len(self.machines()) == 2, 10)
        self.assertRegex(self.session.must("status", "-v"), r"(?i)rolled back|broken build")

    def test_an_update_of_a_policy_replaces_nothing(self):
        self.up_ready("llama3", FIXED % 1, 1)
        self.session.must("update", "llama3", self.file(FIXED % 2, "new.yaml"), "-y",
                          "--setup", "true", "--run", demo_llm())
        self.wait_ready("llama3", 2)
        self.assertEqual(len(self.events("llama3", "LaunchIntended")), 2)
        self.assertIn(1, [r["id"] for r in self.session.in_phase("llama3", "READY")])

    def test_an_update_of_nothing_or_with_a_bad_file_is_refused(self):
        self.refused("update", "ghost", self.file(FIXED % 1), "-y", says=["ghost"])
        self.up_ready("llama3", FIXED % 1, 1)
        self.refused("update", "llama3", self.file("service: {replicas: x}\n", "bad.yaml"), "-y",
                     says=["bad.yaml"])
        self.assertEqual(self.service("llama3")["version"], 1)


class DownTest(E2ECase):
    def test_down_while_provisioning_leaves_nothing(self):
        self.up("brief", FIXED % 3, speed="2")
        self.wait_event("brief", "LaunchIntended", count=3)
        self.session.must("down", "brief", "-y")
        self.assertEqual(self.machines(), [])
        self.assertEqual(self.session.status()["services"], [])
        self.assertEqual(len(self.events("brief", "ServiceRemoved")), 1)
        time.sleep(1)
        self.assertEqual(self.machines(), [], "a late launch came after the end")

    def test_down_takes_children_of_replicas_along(self):
        self.up_ready("family", FIXED % 1, 1,
                      run="setsid sleep 611 & (sleep 612 &) ; " + demo_llm())
        self.session.must("down", "family", "-y")
        left = [line for line in self.session.processes().values() if "sleep 61" in line]
        self.assertEqual(left, [])

    def test_down_asks_first(self):
        self.up("kept", FIXED % 1)
        done = self.session.run("down", "kept", answer="n\n")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.service("kept")["name"], "kept")
        self.assertEqual(self.session.run("down", "kept", answer="y\n").returncode, 0)
        self.assertEqual(self.session.status()["services"], [])

    def test_a_name_can_be_used_again_and_ids_of_its_events_stay_apart(self):
        self.up_ready("again", FIXED % 1, 1)
        self.session.must("down", "again", "-y")
        replicas = self.up_ready("again", FIXED % 1, 1)
        self.assertEqual(self.chat(self.session.endpoint("again"))[0], 200)
        self.assertGreater(replicas[0]["id"], 1, "ids never repeat")


class SecretsTest(E2ECase):
    secret = "hunter2-b7e91c04-never-in-clear"

    def test_a_secret_reaches_its_replica_and_no_other_place(self):
        text = (FIXED % 1) + "secrets:\n  API_TOKEN: null\nenvs:\n  PLAIN: visible\n"
        command = ("printf %s \"$API_TOKEN\" | sha256sum; echo plain is $PLAIN; " + demo_llm())
        out = self.session.must(*self.up_arguments(
            "vault", text, "-y", "--secret", f"API_TOKEN={self.secret}", run=command))
        self.assertNotIn(self.secret, out)
        self.wait_ready("vault", 1)
        logs = self.session.must("logs", "vault", "1")
        self.assertIn(hashlib.sha256(self.secret.encode()).hexdigest(), logs)
        self.assertIn("plain is visible", logs)

        for command in [["events"], ["events", "--json"], ["status", "-v"], ["status", "--json"],
                        ["why", "vault/1"], ["logs", "vault", "1"]]:
            self.assertNotIn(self.secret, self.session.must(*command), command)
        for pid, line in self.session.processes().items():
            self.assertNotIn(self.secret, line, pid)
        holders = self.files_with_the_secret()
        self.assertTrue(holders, "the store keeps it for the next launch")
        for path in holders:
            name = os.path.relpath(path, self.session.home)
            self.assertRegex(name, r"^(secrets|sandbox)/")
            self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)
        self.session.must("down", "vault", "-y")
        self.assertEqual(self.files_with_the_secret(), [], "it outlived its service")

    def files_with_the_secret(self):
        found = []
        for folder, _, files in os.walk(self.session.home):
            for name in files:
                path = os.path.join(folder, name)
                try:
                    with open(path, "rb") as file:
                        if self.secret.encode() in file.read():
                            found.append(path)
                except OSError:
                    continue
        return found

    def test_a_missing_secret_is_asked_for_by_name(self):
        text = (FIXED % 1) + "secrets:\n  API_TOKEN: null\n"
        self.refused(*self.up_arguments("vault", text, "-y"), says=["API_TOKEN", "--secret"])


if __name__ == "__main__":
    main()
