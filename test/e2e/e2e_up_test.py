"""skyctl up: the plan it prints, what it asks, what it refuses; and the endpoint it opens."""

import http.client
import json
import os
import re
import socket
import subprocess
import time
import urllib.parse

from e2e_case import FIXED, SKYCTL, E2ECase, demo_llm, main

EXAMPLE = "examples/llama3.yaml"
ASK = "Launching a new service 'llama3'. Proceed? [Y/n]"


class UpTest(E2ECase):
    def example(self, *options):
        return self.up_arguments("llama3", EXAMPLE, *options, run=demo_llm("--model llama3"))

    def test_the_seeds_file_is_echoed_planned_and_priced(self):
        out = self.session.must(*self.example("-y"))
        for expected in [
                "Service from YAML spec: examples/llama3.yaml",
                "Readiness probe method:           POST /v1/chat/completions",
                '"model": "llama3"',
                "Readiness initial delay seconds:  1800",
                "Autoscaling from 2 to 4 replicas (target QPS per replica: 1)",
                "Static spot mixture with 2 base on-demand replicas",
                "CHOSEN", "SANDBOX", "g4dn.xlarge[Spot]", "n1-standard-4[Spot]",
                "ap-northeast-3b", "us-east4-a"]:
            self.assertIn(expected, out)
        self.assertRegex(out, r"(?i)kubernetes .* 0\.00")
        self.assertRegex(out, r"g4dn\.xlarge\[Spot\].* 0\.14 ")
        self.assertRegex(out, r"n1-standard-4\[Spot\].* 0\.15 ")
        self.assertGreaterEqual(out.count("✔"), 2, "both pools have a chosen offer")
        self.assertRegex(out, r"(?i)on-demand.*\$\d")

    def test_it_prints_the_endpoint_and_what_to_type_next(self):
        out = self.session.must(*self.example("-y"))
        endpoint = self.service("llama3")["endpoint"]
        self.assertIn(endpoint, out)
        for command in ["skyctl status", "skyctl events", "curl", "skyctl down llama3"]:
            self.assertIn(command, out)

    def test_it_asks_and_obeys_a_no(self):
        done = self.session.run(*self.example(), answer="n\n")
        self.assertIn(ASK, done.stdout)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.session.status()["services"], [])
        self.assertEqual(self.machines(), [])

    def test_it_asks_and_an_empty_line_means_yes(self):
        done = self.session.run(*self.example(), answer="\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(ASK, done.stdout)
        self.assertEqual(self.service("llama3")["name"], "llama3")

    def test_without_anybody_to_ask_it_names_the_flag(self):
        done = self.session.run(*self.example())
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("--yes", done.stderr)
        self.assertEqual(self.session.status()["services"], [])

    def test_a_name_that_exists_is_refused_with_the_way_out(self):
        self.up("twice", FIXED % 1)
        before = len(self.events("twice", "LaunchIntended"))
        refusal = self.refused(*self.up_arguments("twice", FIXED % 1, "-y"), says=["twice"])
        self.assertRegex(refusal.stderr, r"skyctl (update|down)")
        self.assertEqual(len(self.events("twice", "ServiceRegistered")), 1)
        self.assertLessEqual(before, 1)

    def test_without_the_sandbox_it_is_refused_clearly(self):
        path = self.file(FIXED % 1)
        self.refused("up", path, "-n", "real", "-y", "--run", "true", says=["--sandbox"])
        self.assertEqual(self.session.status()["services"], [])

    def test_a_taken_port_is_passed_over_and_the_log_says_why(self):
        taken = socket.socket()
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 30001))
            taken.listen()
        except OSError:
            pass  # somebody else has it: as good
        with taken:
            self.up_ready("moved", FIXED % 1, 1)
            port = int(self.service("moved")["endpoint"].rsplit(":", 1)[1])
            self.assertGreater(port, 30001)
            self.assertEqual(self.chat(self.session.endpoint("moved"))[0], 200)
            events = self.session.must("events", "moved", "--type", "EndpointAssigned")
            self.assertIn("30001", events + self.session.must("events", "moved"))
            self.assertRegex(events, r"(?i)in use|taken|another")


class EndpointTest(E2ECase):
    def test_curl_gets_a_chat_completion_as_json(self):
        self.up_ready("llama3", FIXED % 1, 1)
        url = self.session.endpoint("llama3") + "/v1/chat/completions"
        question = {"model": "llama3", "messages": [{"role": "user", "content": "Who are you?"}]}
        done = subprocess.run(["curl", "-sS", "-L", "--max-time", "10", url, "-H",
                               "Content-Type: application/json", "-d", json.dumps(question)],
                              stdout=subprocess.PIPE, text=True, check=True)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["object"], "chat.completion")
        self.assertTrue(answer["choices"][0]["message"]["content"])
        self.assertIn("stand-in", done.stdout)

    def test_streamed_tokens_arrive_one_by_one(self):
        self.up_ready("llama3", FIXED % 1, 1,
                      run=f"exec '{SKYCTL}' demo-llm --ttft-ms 50 --token-ms 100 --tokens 10")
        url = urllib.parse.urlsplit(self.session.endpoint("llama3"))
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
        connection.request("POST", "/v1/chat/completions", json.dumps(
            {"model": "llama3", "stream": True, "messages": [{"role": "user", "content": "Go"}]}),
            {"Content-Type": "application/json"})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertIn("text/event-stream", answer.getheader("Content-Type"))
        arrivals, last = [], b""
        for line in answer:
            if line.startswith(b"data: {"):
                arrivals.append(time.monotonic())
            last = line if line.strip() else last
        connection.close()
        self.assertEqual(last.strip(), b"data: [DONE]")
        self.assertGreaterEqual(len(arrivals), 10)
        # Ten tokens 100 ms apart: a proxy that collects them would deliver all at the end.
        self.assertGreater(arrivals[-1] - arrivals[0], 0.5)
        gaps = [later - earlier for earlier, later in zip(arrivals, arrivals[1:])]
        self.assertLess(max(gaps), 0.8 * (arrivals[-1] - arrivals[0]))

    def test_a_request_before_the_first_replica_is_ready_is_held_not_refused(self):
        self.up("early", FIXED % 1, run=demo_llm("--startup-ms 1500"))
        status, _, text = self.chat(self.session.endpoint("early"))
        self.assertEqual(status, 200, text)

    def test_garbage_and_a_vanished_client_hurt_nobody_else(self):
        self.up_ready("tough", FIXED % 1, 1)
        base = self.session.endpoint("tough")
        url = urllib.parse.urlsplit(base)
        for bytes_sent in [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n",
                           b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                           b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                           b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20000]:
            with socket.create_connection((url.hostname, url.port), timeout=5) as client:
                try:
                    client.sendall(bytes_sent)
                    client.shutdown(socket.SHUT_WR)
                    answer = client.recv(65536)
                except OSError:
                    continue  # closed while we were still talking: its right
                self.assertFalse(answer and not re.match(rb"HTTP/1\.1 4\d\d ", answer), answer[:80])
        for _ in range(20):
            client = socket.create_connection((url.hostname, url.port), timeout=5)
            client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n"
                           b"Content-Length: 1000\r\n\r\n{")
            client.close()
        self.assertEqual(self.chat(base)[0], 200)
        self.assertEqual(len(self.session.pids_of("lb")), 1)


class BadInputTest(E2ECase):
    def refused_file(self, text, *says):
        path = self.file(text, "bad.yaml")
        refusal = self.refused("up", path, "-n", "bad", "-y", "--sandbox",
                               says=["bad.yaml", *says])
        self.assertEqual(self.session.status()["services"], [])
        return refusal.stderr

    def test_a_file_that_is_no_yaml_is_refused_with_its_line(self):
        self.assertRegex(self.refused_file("service:\n  replicas: [1\nrun: x\n"), r"bad\.yaml:\d+")

    def test_an_unknown_key_is_refused_with_the_nearest_one_and_its_line(self):
        error = self.refused_file(
            "resources: {ports: 8080}\nservice:\n  readiness_probe: /\n  replica_polcy:\n"
            "    min_replicas: 1\nrun: x\n", "replica_polcy", "replica_policy")
        self.assertRegex(error, r"bad\.yaml:4")

    def test_a_wrong_type_is_refused_with_what_is_allowed(self):
        error = self.refused_file(
            "resources: {ports: 8080}\nservice:\n  replica_policy:\n    min_replicas: many\nrun: x\n",
            "min_replicas")
        self.assertRegex(error, r"bad\.yaml:4")
        self.assertRegex(error, r"(?i)number|integer")

    def test_what_skyserve_never_checked_is_refused_before_anything_runs(self):
        policy = "resources: {{ports: 8080, use_spot: true}}\nservice:\n  replica_policy: {}\nrun: x\n"
        for keys in ["{min_replicas: 1, max_replicas: 3, target_qps_per_replica: 0}",
                     "{min_replicas: 1, upscale_delay_seconds: -5}",
                     "{min_replicas: 3, max_replicas: 1}"]:
            self.refused_file(policy.format(keys), "replica")

    def test_a_file_that_is_not_there_is_named(self):
        self.refused("up", "/nowhere/at/all.yaml", "-n", "bad", "-y", "--sandbox",
                     says=["/nowhere/at/all.yaml"])

    def test_wrong_usage_ends_with_two(self):
        for arguments in [["up"], ["frobnicate"], ["status", "--no-such-flag"], ["logs", "x"],
                          ["preempt", "x"], ["events", "--type", "NoSuchThing"],
                          ["events", "--since", "yesterdayish"], []]:
            done = self.refused(*arguments, status=2)
            self.assertTrue(done.stderr + done.stdout)

    def test_help_is_no_failure(self):
        self.assertIn("up", self.session.must("--help"))
        self.assertIn("--sandbox", self.session.must("up", "--help"))

    def test_an_unknown_service_is_an_error_of_every_command(self):
        commands = [["down", "ghost", "-y"], ["status", "ghost"], ["logs", "ghost", "1"],
                    ["preempt", "ghost", "1"], ["why", "ghost"],
                    ["load", "ghost", "--qps", "1", "--duration", "1s"]]
        for arguments in commands:  # nothing was ever started here: they say how to begin
            self.assertRegex(self.refused(*arguments).stderr, "ghost|skyctl up")
        self.up("other", FIXED % 1)
        for arguments in commands:
            self.refused(*arguments, says=["ghost"])


class HomeTest(E2ECase):
    def in_home(self, home):
        self.session.environment["SKYCTL_HOME"] = home

    def tearDown(self):
        self.in_home(self.session.home)
        super().tearDown()

    def test_a_home_that_is_a_file_is_refused(self):
        path = self.file("hello", "home")
        self.in_home(path)
        self.refused(*self.up_arguments("x", FIXED % 1, "-y"), says=[path, "SKYCTL_HOME"])
        self.refused("daemon", says=[path])
        with open(path) as file:
            self.assertEqual(file.read(), "hello")

    def test_a_home_that_cannot_be_made_is_refused(self):
        self.in_home("/proc/no-such-place/home")
        self.refused(*self.up_arguments("x", FIXED % 1, "-y"), says=["SKYCTL_HOME"])
        self.refused("daemon", says=["/proc/no-such-place/home"])

    def test_a_home_that_cannot_be_written_is_refused(self):
        if os.geteuid() == 0:
            home = "/proc/self"  # root may write everywhere else
        else:
            home = os.path.join(self.work, "sealed")
            os.mkdir(home, 0o500)
        self.in_home(home)
        self.refused("daemon", says=[home])

    def test_a_home_too_long_for_a_socket_is_refused(self):
        self.in_home("/tmp/" + "x" * 120)
        for command in [["status"], ["daemon"], self.up_arguments("x", FIXED % 1, "-y")]:
            done = self.session.run(*command)
            self.assertIn(done.returncode, (1, 2))
            self.assertIn("too long", done.stderr)

    def test_the_home_and_what_is_in_it_belong_to_the_user_alone(self):
        self.up_ready("mine", FIXED % 1, 1)
        for folder, _, files in os.walk(self.session.home):
            self.assertEqual(os.stat(folder).st_mode & 0o077, 0, folder)
            for name in files:
                path = os.path.join(folder, name)
                try:
                    mode = os.stat(path).st_mode
                except FileNotFoundError:
                    continue  # a file that lives for a moment
                self.assertEqual(mode & 0o077, 0, path)


if __name__ == "__main__":
    main()
