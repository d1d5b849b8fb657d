#!/usr/bin/env python3
"""A service on GCP before our scripted Compute Engine, and one on both clouds, as a user types it
(test/vm/story_case.py)."""
import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../vm"))
from story_case import StoryCase  # noqa: E402


class GcpStory(StoryCase):
    def start_fakes(self):
        self.fake = self.start_fake(os.path.join(HERE, "gce_fake.py"))
        key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt",
                              "rsa_keygen_bits:2048"], capture_output=True, text=True, check=True)
        self.key = key.stdout
        self.login = os.path.join(self.work, "account.json")
        with open(self.login, "w", encoding="utf-8") as file:
            json.dump({"type": "service_account", "project_id": "proj", "private_key": key.stdout,
                       "client_email": "sky@proj.iam.gserviceaccount.com",
                       "token_uri": self.fake.url + "/token"}, file)

    def cloud_settings(self):
        return ("  gcp:\n    regions: [us-central1, us-east4]\n"
                f"    endpoints: {{compute: \"{self.fake.url}\", "
                f"cloudresourcemanager: \"{self.fake.url}\"}}\n")

    def cloud_environment(self):
        return {"GOOGLE_APPLICATION_CREDENTIALS": self.login}

    def test_spot_replicas_serve_survive_a_preemption_and_leave_nothing(self):
        self.tell_a_preemption([self.key[100:140]])

    def test_a_daemon_killed_around_a_launch_leaks_nothing(self):
        self.fake.order(drop={"method": "POST", "path": "/instances", "times": 1},
                        operation_seconds=2)
        self.tell_of_kills_around_a_launch()

    def test_check_names_the_permissions_that_are_missing(self):
        done = self.skyctl("check", "gcp")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.fake.order(permissions=["compute.instances.list"])
        done = self.skyctl("check", "gcp")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("compute.instances.create", done.stdout)
        self.assertNotIn("compute.instances.list\n", done.stdout)


class BothClouds(GcpStory):
    """The cheapest zones of two clouds, a storm in one of them, and nothing left in either."""

    def start_fakes(self):
        super().start_fakes()
        self.ec2 = self.start_fake(os.path.join(HERE, "../aws/ec2_fake.py"))

    def cloud_settings(self):
        return (super().cloud_settings() +
                "  aws:\n    regions: [us-east-1]\n    images: {\"\": ami-12345678}\n"
                f"    endpoints: {{ec2: \"{self.ec2.url}\", sts: \"{self.ec2.url}\"}}\n")

    def cloud_environment(self):
        return {**super().cloud_environment(), "AWS_ACCESS_KEY_ID": "AKFAKE",
                "AWS_SECRET_ACCESS_KEY": "aws-secret"}

    def test_a_storm_in_one_cloud_moves_the_service_to_the_other(self):
        self.up()
        self.wait_until_ready()
        first = self.running()
        self.assertEqual({fake for fake in first.values()}, {self.ec2}, "AWS is cheapest here")
        for zone in "abcdef":
            self.ec2.order(capacity={"zone": "us-east-1" + zone, "count": 0})
        for machine in first:
            self.ec2.order(notice=machine, seconds=3)
        self.wait_for(lambda: list(self.running().values()) == [self.fake, self.fake],
                      "both machines are on GCP now")
        self.wait_until_ready()
        self.assertEqual(self.ask(), 200)
        self.down()
        self.wait_for(lambda: not self.running(), "no machine is left on either side")
        self.wait_for(lambda: not self.left_over(), "no firewall is left", seconds=90)


# Once is enough for what both classes would tell.
for told in [name for name in dir(GcpStory) if name.startswith("test_")]:
    setattr(BothClouds, told, None)

if __name__ == "__main__":
    unittest.main()
