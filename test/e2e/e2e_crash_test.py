"""kill -9 at the worst moments: nothing is lost, launched twice or left running."""

import json
import os
import signal
import subprocess
import time

from e2e_case import FIXED, MIXED, E2ECase, demo_llm, main


class DaemonKilledTest(E2ECase):
    def launches(self, name):
        return len(self.events(name, "LaunchIntended"))

    def test_twenty_kills_under_load_cost_no_request_and_no_replica(self):
        self.up_ready("llama3", MIXED, 4)
        ids = [r["id"] for r in self.session.replicas("llama3")]
        machines, balancer = self.machines(), self.session.pids_of("lb")
        load = self.start_load("llama3", 20, 20)
        killed = set()
        for _ in range(20):
            time.sleep(0.3)
            daemon = self.session.pids_of("daemon")
            self.assertEqual(len(daemon), 1)
            os.kill(daemon[0], signal.SIGKILL)
            killed.add(daemon[0])
            self.session.must("status", timeout=10)
        self.assertEqual(len(killed), 20)
        self.assertIsNone(load.poll(), "the load ended before the kills did")
        self.no_request_failed(load, at_least=380)
        self.assertEqual([r["id"] for r in self.session.replicas("llama3")], ids)
        self.assertEqual(self.machines(), machines, "machines were started or lost")
        self.assertEqual(self.session.pids_of("lb"), balancer, "the endpoint was restarted")
        self.assertEqual(self.launches("llama3"), 4)
        self.assertEqual(len(self.events(None, "DaemonStarted")), 21)
        self.assertEqual(len(self.session.in_phase("llama3", "READY")), 4)
        self.session.must("down", "llama3", "-y")
        self.assertEqual(self.machines(), [])

    def test_killed_while_provisioning_it_finishes_what_it_began(self):
        self.up("llama3", MIXED, speed="20")
        self.wait_event("llama3", "LaunchIntended", count=2)
        self.session.kill_daemon()
        self.session.must("status")
        self.session.kill_daemon()
        self.session.must("status")
        self.wait_ready("llama3", 4)
        self.assertEqual(self.launches("llama3"), 4)
        self.assertEqual(len(self.machines()), 4)
        self.assertEqual([r["id"] for r in self.session.replicas("llama3")], [1, 2, 3, 4])

    def test_killed_right_after_up_returned_the_service_still_comes(self):
        self.up("llama3", FIXED % 2)
        self.session.kill_daemon()
        self.assertEqual(self.service("llama3")["name"], "llama3")
        self.wait_ready("llama3", 2)
        self.assertEqual(self.launches("llama3"), 2)
        self.assertEqual(len(self.machines()), 2)
        self.assertEqual(self.chat(self.session.endpoint("llama3"))[0], 200)

    def test_killed_while_terminating_nothing_is_left_behind(self):
        self.up_ready("llama3", MIXED, 4)
        self.session.must("down", "llama3", "-y", "--async")
        self.session.kill_daemon()
        self.session.must("status")
        self.session.wait("the service is gone", lambda: not self.session.status()["services"], 20)
        self.wait_no_machines()
        self.assertEqual(self.launches("llama3"), 4)

    def test_what_died_while_no_daemon_ran_is_replaced(self):
        self.up_ready("llama3", FIXED % 2, 2)
        self.session.kill_daemon()
        victim = self.machines()[0]
        # The machine with everything on it goes down.
        os.killpg(os.getpgid(victim), signal.SIGKILL)
        self.session.must("status")
        self.session.wait("two READY, one of them new", lambda: {3} <= {
            r["id"] for r in self.session.in_phase("llama3", "READY")}, 20)
        self.assertEqual(self.launches("llama3"), 3)
        self.assertEqual(len(self.machines()), 2)

    def test_any_command_brings_it_back(self):
        self.up_ready("llama3", FIXED % 1, 1)
        for command in [["status"], ["logs", "llama3", "1"], ["why", "llama3/1"],
                        ["down", "llama3", "-y"]]:
            self.session.kill_daemon()
            done = self.session.run(*command)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(self.session.pids_of("daemon")), 1, command)
        self.wait_no_machines()


class OrderAgainTest(E2ECase):
    """A command whose daemon dies under it asks the next one, and what it asked is done once."""

    def orders(self, name, command):
        return [event for event in self.events(name, "CommandReceived")
                if event["body"]["command"] == command]

    def cut_off(self, *arguments):
        """That command, whose daemon does not come to its order any more and is killed then."""
        daemon = self.session.pids_of("daemon")
        self.assertEqual(len(daemon), 1)
        os.kill(daemon[0], signal.SIGSTOP)
        command = self.session.start(*arguments)
        time.sleep(2.5)  # whether it is there it asks for a second; then its order is sent
        os.kill(daemon[0], signal.SIGKILL)
        output, errors = command.communicate(timeout=30)
        self.assertEqual(command.returncode, 0, output + errors)
        return output

    def test_each_command_outlives_the_daemon_that_was_to_answer_it(self):
        self.up_ready("llama3", MIXED, 4)
        second = self.file(MIXED, "second.yaml")
        self.cut_off(*self.up_arguments("qwen", FIXED % 1, "-y"))
        self.cut_off("update", "llama3", second, "-y", "--setup", "true", "--run", demo_llm("# 2"))
        self.cut_off("preempt", "llama3", "--storm", "1")
        self.cut_off("down", "qwen", "-y")
        self.assertEqual(len(self.orders("qwen", "up")), 1)
        self.assertEqual(len(self.orders("llama3", "update")), 1)
        self.assertEqual(len(self.orders("llama3", "preempt")), 1)
        self.assertEqual(len(self.orders("qwen", "down")), 1)
        self.assertEqual([s["name"] for s in self.session.status()["services"]], ["llama3"])
        self.assertEqual(self.service("llama3")["version"], 2)

    def post(self, path, body, request_id):
        """As a client of its own makes an order: (status, answer)."""
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "10", "-w", "\n%{http_code}", "--unix-socket",
             os.path.join(self.session.home, "api.sock"), "-H", f"Idempotency-Key: {request_id}",
             "-d", json.dumps(body), "http://daemon" + path],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=15, check=True)
        answer, status = done.stdout.rsplit("\n", 1)
        return int(status), answer

    def test_an_order_whose_answer_was_lost_is_answered_again_and_done_once(self):
        self.up_ready("llama3", FIXED % 1, 1)
        second = {"yaml": FIXED % 1, "name": "llama3", "setup": "true", "run": demo_llm("# 2"),
                  "sandbox": {"enabled": True, "speed_percent": 5000}}
        third = dict(second, run=demo_llm("# 3"))
        down = {"service": "llama3"}
        for number, (path, body) in enumerate([("/v1/update", second), ("/v1/update", third),
                                               ("/v1/down", down)]):
            first = self.post(path, body, f"order-{number}")
            self.assertEqual(first, (200, "{}"))
            self.session.kill_daemon()
            self.bring_back()
            self.assertEqual(self.post(path, body, f"order-{number}"), first)
        self.session.wait("it is gone", lambda: not self.session.status()["services"], 20)
        self.bring_back()
        self.assertEqual(self.post("/v1/down", down, "order-2"), (200, "{}"))
        self.assertEqual(self.post("/v1/down", down, "order-3")[0], 404)
        self.assertEqual(self.post("/v1/up", second, "order-2")[0], 409)  # of another order
        self.assertEqual(self.post("/v1/down", down, "not an id")[0], 400)
        self.assertEqual(len(self.orders("llama3", "update")), 2)
        self.assertEqual(len(self.orders("llama3", "down")), 1)

    def bring_back(self):
        """A daemon that answers, also with no service to keep."""
        def answers():
            asked = subprocess.run(
                ["curl", "-sS", "--max-time", "5", "--unix-socket",
                 os.path.join(self.session.home, "api.sock"), "http://daemon/v1/health"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            if asked.returncode != 0 and not self.session.pids_of("daemon"):
                self.session.start("daemon")
            return asked.returncode == 0
        self.session.wait("the daemon answers", answers, 15)


class BalancerKilledTest(E2ECase):
    def test_five_kills_and_it_is_back_in_under_a_second_each(self):
        self.up_ready("llama3", FIXED % 2, 2)
        base = self.session.endpoint("llama3")
        for _ in range(5):
            self.assertEqual(self.chat(base)[0], 200)
            pids = self.session.pids_of("lb")
            self.assertEqual(len(pids), 1)
            os.kill(pids[0], signal.SIGKILL)
            killed = time.monotonic()
            while True:
                try:
                    if self.request(base, timeout=2)[0] == 200:
                        break
                except OSError:
                    pass
                self.assertLess(time.monotonic() - killed, 5, "the endpoint did not come back")
                time.sleep(0.01)
            taken = time.monotonic() - killed
            print(f"endpoint killed -> answers again: {taken * 1000:.0f} ms", flush=True)
            self.assertLess(taken, 1.0)
        self.assertEqual(self.session.endpoint("llama3"), base)
        time.sleep(1.5)  # what was asked so far is in a sample by now
        last = self.events(None)[-1]["seq"]
        for _ in range(20):
            self.assertEqual(self.chat(base)[0], 200)
        self.session.wait("20 requests are counted, no more", lambda: self.counted(last) == 20, 10)
        samples = [e["body"] for e in self.events("llama3", "TrafficSampled")]
        self.assertTrue(all(s["in_flight"] < 100 and s["arrivals"] < 1000 for s in samples), samples)
        self.assertEqual(len(self.machines()), 2)
        self.assertEqual(len(self.events("llama3", "LaunchIntended")), 2)

    def counted(self, since):
        return sum(e["body"]["arrivals"] for e in self.events("llama3", "TrafficSampled")
                   if e["seq"] > since)

    def test_both_killed_at_once_both_come_back(self):
        self.up_ready("llama3", FIXED % 1, 1)
        base = self.session.endpoint("llama3")
        for pid in self.session.pids_of("daemon") + self.session.pids_of("lb"):
            os.kill(pid, signal.SIGKILL)
        self.session.must("status")
        self.session.wait("it answers", lambda: self.answers(base), 5)
        self.assertEqual(len(self.events("llama3", "LaunchIntended")), 1)

    def answers(self, base):
        try:
            return self.request(base, timeout=2)[0] == 200
        except OSError:
            return False


class DaemonTest(E2ECase):
    def test_stop_says_what_goes_on_running_and_the_endpoint_answers_on(self):
        self.up_ready("llama3", FIXED % 1, 1)
        base = self.session.endpoint("llama3")
        said = self.session.must("daemon", "stop")
        self.assertRegex(said, r"1 service")
        self.assertEqual(self.session.pids_of("daemon"), [])
        for _ in range(5):
            self.assertEqual(self.chat(base)[0], 200)
        self.assertEqual(len(self.machines()), 1)
        self.assertEqual(self.service("llama3")["status"], "READY")

    def test_stop_without_one_is_no_failure(self):
        self.assertIn("No daemon", self.session.must("daemon", "stop"))

    def test_a_second_daemon_on_one_home_ends_and_the_first_is_unhurt(self):
        self.up_ready("llama3", FIXED % 1, 1)
        first = self.session.pids_of("daemon")
        refusal = self.refused("daemon", timeout=10)
        self.assertRegex(refusal.stderr, r"(?i)already|another|lock|in use|runs")
        self.assertEqual(self.session.pids_of("daemon"), first)
        self.assertEqual(self.service("llama3")["status"], "READY")
        self.assertEqual(len(self.events(None, "DaemonStarted")), 1)

    def test_ten_commands_at_once_start_one_daemon(self):
        self.up_ready("llama3", FIXED % 1, 1)
        self.session.kill_daemon()
        started = [subprocess.Popen([self.session.skyctl, "status"], env=self.session.environment,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE, text=True) for _ in range(10)]
        for child in started:
            _, errors = child.communicate(timeout=20)
            self.assertEqual(child.returncode, 0, errors)
        self.assertEqual(len(self.session.pids_of("daemon")), 1)
        self.assertEqual(len(self.events(None, "DaemonStarted")), 2)

    def test_in_the_foreground_it_ends_on_a_signal(self):
        daemon = self.session.start("daemon")
        self.session.wait("its socket", lambda: os.path.exists(self.session.home + "/api.sock"), 5)
        self.assertEqual(self.session.status()["services"], [])
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(timeout=5), 0)


if __name__ == "__main__":
    main()
