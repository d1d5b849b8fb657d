"""The seed's scenario, played with the real skyctl in the sandbox, narrated and checked.

usage: demo_story.py SKYCTL
Everything lives in a temporary SKYCTL_HOME on loopback; nothing is left running.
"""

import json
import os
import subprocess
import sys
import time

from sandbox_session import SandboxSession, StepFailed

SERVICE = "llama3"
# SkyServe waits 300 s before it scales up and 1200 s before it scales down; so does skyctl by
# default. The story shortens the waits and speeds the sandbox's clouds up, and says so.
SPEED = "10"
SHORTER = [
    "replica_policy.qps_window_seconds=8",
    "replica_policy.upscale_delay_seconds=4",
    "replica_policy.downscale_delay_seconds=6",
    "readiness_probe.endpoint_probe_interval_seconds=1",
]
QPS = "3.6"
LOAD_SECONDS = 45


def say(text):
    print(f"\n\033[1m== {text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


class Story(SandboxSession):
    def show(self, *arguments):
        """Runs a command as a user would see it."""
        print("$ skyctl " + " ".join(f"'{a}'" if " " in a else a for a in arguments), flush=True)
        print(self.must(*arguments), end="", flush=True)

    def reach(self, what, condition, seconds):
        value = self.wait(what, condition, seconds)
        print(f"   [{time.monotonic() - self.started:5.1f} s] {what}", flush=True)
        return value

    def curl(self, *arguments):
        command = ["curl", "-sS", "-L", "--max-time", "20", *arguments]
        print("$ curl " + " ".join(f"'{a}'" if " " in a or "{" in a else a
                                   for a in command[1:]), flush=True)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise StepFailed(f"curl ended with status {done.returncode}")
        return done.stdout

    def ready(self, spot):
        return self.in_phase(SERVICE, "READY", spot)

    # ---- the steps

    def launch(self):
        say("A service of two base replicas on Kubernetes, up to two more on spot machines")
        print("The seed's waits (300 s up, 1200 s down) are shortened and the sandbox's clouds\n"
              f"run {SPEED} times as fast, so that the story fits into two minutes.")
        overrides = [word for setting in SHORTER for word in ("--set", setting)]
        self.show("up", "examples/llama3.yaml", "-n", SERVICE, "-y", "--sandbox",
                 "--sandbox-speed", SPEED, *overrides,
                 "--setup", "echo the model would be fetched here",
                 "--run", f"'{self.skyctl}' demo-llm --model llama3 --ttft-ms 40 --token-ms 5"
                          " --tokens 20")
        self.reach("two base replicas READY on Kubernetes",
                  lambda: len(self.ready(spot=False)) == 2, 30)
        self.show("status")

    def query(self):
        say("A chat completion through the one endpoint, plain and streamed")
        question = {"model": "llama3", "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "Who are you?"}]}
        url = self.endpoint(SERVICE) + "/v1/chat/completions"
        answer = self.curl(url, "-H", "Content-Type: application/json", "-d", json.dumps(question))
        print(answer)
        if json.loads(answer)["object"] != "chat.completion":
            raise StepFailed("the answer is no chat completion")
        streamed = self.curl("-N", url, "-H", "Content-Type: application/json", "-d",
                             json.dumps({**question, "stream": True, "max_tokens": 5}))
        print("\n".join(line for line in streamed.splitlines() if line))
        if "data: [DONE]" not in streamed:
            raise StepFailed("the stream did not end as a stream should")

    def peak(self):
        say(f"Load above the target: {QPS} requests a second, 1 a replica is the target")
        print(f"$ skyctl load {SERVICE} --qps {QPS} --duration {LOAD_SECONDS}s --stream &",
              flush=True)
        self.load = self.start("load", SERVICE, "--qps", QPS, "--duration", f"{LOAD_SECONDS}s",
                               "--stream", "--json")
        self.reach("two spot replicas are being launched",
                  lambda: len(self.live_spot()) == 2, 30)
        self.show("status")
        spot = self.reach("both spot replicas READY",
                         lambda: (lambda r: r if len(r) == 2 else None)(
                             self.ready(spot=True)), 30)
        zones = {r["zone"] for r in spot}
        if len(zones) != 2:
            raise StepFailed(f"the spot replicas share a zone: {zones}")
        self.show("status")

    def live_spot(self):
        return [r for r in self.replicas(SERVICE) if r["spot"]
                and r["status"] in ("PROVISIONING", "STARTING", "READY")]

    def preempt(self):
        victim = self.ready(spot=True)[0]
        say(f"The cloud takes replica {victim['id']} back ({victim['zone']}), with a notice")
        self.show("preempt", SERVICE, str(victim["id"]))
        self.reach("it gets no new request and finishes what it has (DRAINING)",
                  lambda: any(r["id"] == victim["id"] and r["status"] != "READY"
                              for r in self.replicas(SERVICE))
                  or all(r["id"] != victim["id"] for r in self.replicas(SERVICE)), 5)
        self.reach("its replacement is being launched",
                  lambda: any(r["id"] > victim["id"] and r["spot"] and r["id"] > 4
                              for r in self.replicas(SERVICE)), 5)
        self.reach("two spot replicas READY again, none of them the old one",
                  lambda: len([r for r in self.ready(spot=True)
                               if r["id"] != victim["id"]]) == 2, 30)
        self.show("why", f"{SERVICE}/{victim['id']}")

    def judge_load(self):
        output, _ = self.load.communicate(timeout=LOAD_SECONDS + 60)
        report = json.loads(output)
        say("The load is over")
        print(f"sent {report['sent']}, ok {report['ok']}, failed {report['failed']}")
        if report["failed"] != 0 or report["ok"] != report["sent"] or report["sent"] == 0:
            raise StepFailed("requests failed: " + output)
        print("Zero failed requests.")

    def calm(self):
        say("Without load the spot replicas go, the base stays")
        self.reach("scaled down to the two base replicas",
                  lambda: len(self.replicas(SERVICE)) == 2 and len(self.ready(spot=False)) == 2,
                  40)
        self.show("status", "-v")
        say("What happened, from the log (probes and samples left out)")
        print(self.decisions())
        service = self.status(SERVICE)["services"][0]
        spent, on_demand = service["usd_spent"], service["usd_all_on_demand"]
        print(f"Cost so far ${spent:.6f}; all on-demand it would have been ${on_demand:.6f}: "
              f"{100 - 100 * spent / on_demand:.0f} % saved.")
        if spent >= on_demand:
            raise StepFailed("it was not cheaper than all on-demand")

    def decisions(self):
        kinds = ["ScaleEvaluated", "LaunchIntended", "ReplicaBecameReady", "PreemptionNoticed",
                 "DrainStarted", "ReplicaPreempted", "TerminationSucceeded"]
        return self.must("events", SERVICE, *[w for k in kinds for w in ("--type", k)])

    def down(self):
        say("Down")
        self.show("down", SERVICE, "-y")
        self.show("daemon", "stop")

    def play(self):
        self.launch()
        self.query()
        self.peak()
        self.preempt()
        self.judge_load()
        self.calm()
        self.down()
        self.wait("nothing is left running", lambda: not self.processes(), 5)
        say(f"Done in {time.monotonic() - self.started:.0f} s; nothing is left running.")


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    story = Story(sys.argv[1], prefix="skyctl-demo-")
    try:
        story.play()
        return 0
    except (StepFailed, subprocess.TimeoutExpired, KeyError, ValueError) as failure:
        print(f"\ndemo: FAILED: {failure}", file=sys.stderr)
        print(story.run("status", "-v").stdout, file=sys.stderr)
        for name in ("daemon.log", "lb.out"):
            path = os.path.join(story.home, name)
            if os.path.exists(path):
                with open(path, errors="replace") as file:
                    print(f"--- {name}\n{file.read()[-3000:]}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        story.close()


if __name__ == "__main__":
    sys.exit(main())
