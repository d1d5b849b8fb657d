#!/usr/bin/env python3
"""A service on AWS before our scripted EC2, as a user types it (test/vm/story_case.py)."""
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../vm"))
from story_case import StoryCase  # noqa: E402


class AwsStory(StoryCase):
    def start_fakes(self):
        self.fake = self.start_fake(os.path.join(HERE, "ec2_fake.py"))

    def cloud_settings(self):
        return ("  aws:\n    regions: [us-east-1, us-east-2]\n    images: {\"\": ami-12345678}\n"
                f"    endpoints: {{ec2: \"{self.fake.url}\", sts: \"{self.fake.url}\"}}\n")

    def cloud_environment(self):
        return {"AWS_ACCESS_KEY_ID": "AKFAKE", "AWS_SECRET_ACCESS_KEY": "aws-secret"}

    def test_spot_replicas_serve_survive_a_preemption_and_leave_nothing(self):
        self.fake.order(keys={"AKFAKE": "aws-secret"})
        self.tell_a_preemption(["aws-secret"])

    def test_a_daemon_killed_around_a_launch_leaks_nothing(self):
        self.fake.order(drop={"action": "RunInstances", "times": 1}, pending_seconds=2)
        self.tell_of_kills_around_a_launch()

    def test_check_tells_who_we_are_and_what_is_missing(self):
        done = self.skyctl("check", "aws")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("arn:aws:iam::123456789012:user/fake", done.stdout)
        self.fake.order(fail={"action": "RunInstances", "code": "UnauthorizedOperation",
                              "status": 403})
        done = self.skyctl("check", "aws")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn('"ec2:RunInstances"', done.stdout)


if __name__ == "__main__":
    unittest.main()
