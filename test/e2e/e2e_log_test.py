"""The log under a full disk, and a log that belongs to another home."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from e2e_case import FIXED, SKYCTL, E2ECase, SandboxSession, main

MARK = "SKYCTL_E2E_IN_NAMESPACE"


def mount_small_disk(directory):
    return subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=0700", "skyctl-e2e",
                           directory], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


class FullDiskTest(E2ECase):
    seconds_at_most = 90

    def test_the_daemon_stops_the_endpoint_answers_and_nothing_acknowledged_is_lost(self):
        home = self.session.home
        mounted = mount_small_disk(home)
        if mounted.returncode != 0:
            return self.again_in_a_namespace(mounted.stderr.strip())
        try:
            self.story(home)
        finally:
            self.session.close()
            subprocess.run(["umount", "-l", home], check=False)
            shutil.rmtree(home, ignore_errors=True)
            self.session.home = tempfile.mkdtemp(prefix="skyctl-e2e-")
            self.session.environment["SKYCTL_HOME"] = self.session.home

    def again_in_a_namespace(self, why):
        if os.environ.get(MARK):
            self.fail(f"cannot mount in a namespace: {why}")
        if subprocess.run(["unshare", "-rm", "true"], stderr=subprocess.DEVNULL).returncode != 0:
            raise unittest.SkipTest(f"no small disk can be mounted here ({why})")
        inner = subprocess.run(["unshare", "-rm", sys.executable, os.path.abspath(__file__),
                                "FullDiskTest"], env=dict(os.environ, **{MARK: "1"}), timeout=80)
        self.assertEqual(inner.returncode, 0)

    def fill(self, home):
        """Takes every free byte, and goes on taking what becomes free."""
        with open(os.path.join(home, "filler"), "ab", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass

    def story(self, home):
        self.up_ready("llama3", FIXED % 2, 2)
        base = self.session.endpoint("llama3")
        before = self.events()
        # Room for a start, not for the block that a new write-ahead file reserves: that would
        # take hours of events to fill.
        self.session.must("daemon", "stop")
        self.fill(home)
        os.truncate(os.path.join(home, "filler"),
                    os.path.getsize(os.path.join(home, "filler")) - (1 << 20))
        self.session.must("status")
        daemon = self.session.pids_of("daemon")[0]

        def stopped():
            self.fill(home)
            self.assertEqual(self.chat(base)[0], 200)
            return daemon not in self.session.processes()
        self.session.wait("the daemon gives up", stopped, 40)
        for _ in range(10):
            self.assertEqual(self.chat(base)[0], 200)
        self.assertEqual(len(self.machines()), 2)
        refused = self.refused("status", timeout=70)
        self.assertRegex(refused.stderr, r"(?i)no space|space left|disk")

        acknowledged = self.session.run("events", "--json").stdout.splitlines()
        os.unlink(os.path.join(home, "filler"))
        self.wait_service_status("llama3", "READY")
        after = self.events()
        self.assertEqual(after[:len(before)], before)
        self.assertEqual([e["seq"] for e in after], list(range(1, len(after) + 1)))
        self.assertGreaterEqual(len(after), len(acknowledged))
        self.assertEqual(len(self.events("llama3", "LaunchIntended")), 2)
        self.assertEqual(len(self.machines()), 2)
        self.session.must("down", "llama3", "-y")


class ForeignLogTest(E2ECase):
    def fill_home(self, session, stop=True):
        path = self.file(FIXED % 1)
        session.must("up", path, "-n", "svc", "-y", "--sandbox", "--sandbox-speed", "50",
                     "--run", f"exec '{SKYCTL}' demo-llm")
        session.must("down", "svc", "-y")
        if stop:
            session.must("daemon", "stop")

    def test_a_log_copied_in_from_another_home_is_refused(self):
        other = SandboxSession(SKYCTL, prefix="skyctl-e2e-")
        try:
            self.fill_home(self.session)
            self.fill_home(other)
            mine = os.path.join(self.session.home, "log")
            shutil.rmtree(mine)
            shutil.copytree(os.path.join(other.home, "log"), mine)
            refusal = self.refused(*self.up_arguments("x", FIXED % 1, "-y"))
            self.assertRegex(refusal.stderr, r"(?i)another|other|different|belongs|foreign|copied|moved")
            self.assertEqual(self.machines(), [])
        finally:
            self.assertEqual(other.close(), [])

    def test_a_log_that_lost_its_newest_file_is_not_taken_for_an_empty_one(self):
        self.fill_home(self.session, stop=False)
        daemon = self.session.pids_of("daemon")
        self.session.kill_daemon()  # a log that is closed in order has everything in its tables
        self.session.wait("the daemon is gone", lambda: not self.session.pids_of("daemon"))
        self.assertEqual(len(daemon), 1)
        log = os.path.join(self.session.home, "log")
        gone = [os.path.join(folder, name) for folder, _, names in os.walk(log) for name in names
                if name.endswith(".log")]
        self.assertTrue(gone, "the log has a write-ahead file")
        for path in gone:
            os.unlink(path)
        refusal = self.refused(*self.up_arguments("x", FIXED % 1, "-y"))
        self.assertRegex(refusal.stderr, r"(?i)lost|missing|acknowledged|corrupt|damaged")
        for pid in self.session.pids_of("lb"):  # it outlived the daemon, which will not come back
            os.kill(pid, signal.SIGTERM)
        self.session.wait("the endpoint is gone", lambda: not self.session.pids_of("lb"))

    def test_an_empty_log_directory_in_a_used_home_is_not_taken_for_a_new_one(self):
        self.fill_home(self.session)
        log = os.path.join(self.session.home, "log")
        shutil.rmtree(log)
        os.mkdir(log, 0o700)
        done = self.session.run(*self.up_arguments("x", FIXED % 1, "-y"))
        if done.returncode == 0:  # a whole new log is honest; an old one without its events is not
            self.assertEqual(self.events()[0]["seq"], 1)
            self.assertEqual(len(self.events("svc")), 0)


if __name__ == "__main__":
    main()
