"""Retention: the daemon cuts old events off by itself, and what is kept can be shown as before."""

import json
import math
import os
import time

from e2e_case import MIXED, E2ECase, main

CALM = 8  # seconds of history before the storm, for the daemon to cut off


class RetentionTest(E2ECase):
    seconds_at_most = 120

    def configure(self, text):
        path = os.path.join(self.session.home, "config.yaml")
        with open(path, "w") as file:
            file.write("kubernetes: {remote_identity: SERVICE_ACCOUNT}  # SkyPilot's, not ours\n"
                       "skyctl:\n  log:\n    retention:\n" + text)
        return path

    def info(self):
        return json.loads(self.session.must("log", "info", "--json"))

    def begins(self):
        return self.info()["first_retained"]

    def storm_after_some_calm(self):
        """Answers the sequence of the last calm event, and when the storm began."""
        self.up_ready("llama3", MIXED, 4)
        time.sleep(CALM)
        calm = self.events()[-1]["seq"]
        began = time.monotonic()
        self.session.must("preempt", "llama3", "--storm", "2")
        self.wait_event("llama3", "PreemptionNoticed", 2)
        self.wait_ready("llama3", 4)
        return calm, began

    def past(self, *arguments):
        """What the past commands say, apart from what a cut changes."""
        storms = json.loads(self.session.must("storms", "--json", *arguments))["storms"]
        self.assertEqual(len(storms), 1)
        verified = json.loads(self.session.must("replay", "--verify", "--json", *arguments))
        self.assertTrue(verified["identical"], verified)
        return storms[0], verified

    def test_old_events_go_by_age_and_the_rest_of_the_past_stays_as_it_was(self):
        calm, began = self.storm_after_some_calm()
        base = self.session.endpoint("llama3")
        last = self.events()[-1]["seq"]
        moments = [str(seq) for seq in range(calm, last, max(1, (last - calm) // 5))]
        shown = {m: self.session.must("replay", "--until", m, "-v") for m in moments}
        storm, verified = self.past()
        self.assertEqual(verified["first"], 1)
        self.assertEqual(self.begins(), 1)
        self.session.must("daemon", "stop")

        # A cut goes a sixteenth deeper than the age says: the storm is to stay.
        age = math.ceil((time.monotonic() - began + 3) * 16 / 15)
        self.configure(f"      max_age: {age}s\n")
        self.session.must("status")
        self.session.wait("the log is cut", lambda: self.begins() > 1, 40)
        first = self.begins()
        self.assertLessEqual(first, calm)
        cut = self.events(None, "LogTruncated")[-1]
        self.assertIn("older than ", cut["text"])
        self.assertEqual(cut["body"]["first_kept"], first)
        info = self.info()
        self.assertEqual(info["retention"], {"max_age_us": age * 1_000_000})
        self.assertIn(first - 1, [one["seq"] for one in info["snapshots"]])

        self.same_past(shown, storm, first)
        note = self.session.run("events", "--since", "1")
        self.assertIn(f"before #{first} is not kept", note.stderr)
        self.assertEqual(self.session.run("events", "--since", "1s").stderr, "")
        self.assertEqual(self.chat(base)[0], 200)

        # A backup, and the log itself without a daemon, show the same.
        copies = os.path.join(self.work, "copies")
        self.session.must("log", "backup", copies)
        copy = os.path.join(copies, os.listdir(copies)[0])
        self.session.must("log", "verify", "--deep", copy)
        self.same_past(shown, storm, first, "--log", copy)
        self.session.must("daemon", "stop")
        self.same_past(shown, storm, first, "--log", self.session.home)
        for moment, text in shown.items():
            self.assertEqual(self.session.must("replay", "--until", moment, "-v"), text)
        self.assertIn("Good", self.session.must("log", "verify", "--deep"))
        os.unlink(os.path.join(self.session.home, "config.yaml"))  # else the storm would go next
        self.session.must("status")
        self.wait_ready("llama3", 4)
        self.assertEqual(self.past()[0], storm)
        self.assertEqual(self.begins(), first)
        self.session.must("down", "llama3", "-y")

    def same_past(self, shown, storm, first, *arguments):
        for moment, text in shown.items():
            self.assertEqual(self.session.must("replay", "--until", moment, "-v", *arguments), text)
        moments = [int(moment) for moment in shown]
        played = self.session.must("replay", "--speed", "1000000", "--since", str(moments[0]),
                                   "--until", str(moments[-1]), "--json", *arguments)
        self.assertEqual([json.loads(line)["seq"] for line in played.splitlines()],
                         list(range(moments[0], moments[-1] + 1)))
        again, verified = self.past(*arguments)
        self.assertEqual(again, storm)
        self.assertEqual(verified["first"], first)
        why = self.session.run("why", "llama3/3", *arguments)
        self.assertEqual(why.returncode, 0, why.stderr)
        self.assertIn("preempt", why.stdout.lower())
        self.assertIn(f"before #{first} is not kept", why.stderr)
        for command in (["replay"], ["replay", "--verify"]):
            self.refused(*command, "--until", "1", *arguments,
                         says=["not kept any more", f"#{first}", "UTC"])

    def test_a_wrong_config_stops_the_start_and_names_each_wrong_line(self):
        path = self.configure("      max_age: 30\n      max_sise: 20GB\n")
        wrong = [f"{path}:5: skyctl.log.retention.max_age", "30d",
                 f"{path}:6: skyctl.log.retention.max_sise", "`max_size`"]
        service = self.file(MIXED)
        self.refused("up", service, "-n", "x", "-y", "--sandbox", "--run", "true", says=wrong)
        self.refused("daemon", says=wrong)
        self.refused("log", "info", says=wrong)
        self.assertFalse(os.path.exists(os.path.join(self.session.home, "log")))


if __name__ == "__main__":
    main()
