"""Records the log that test/golden reads: base, burst, a storm, a restart after kill -9, down.

usage: record.py SKYCTL DIRECTORY

Played with the real skyctl in the sandbox, in a home of its own. DIRECTORY gets the log as it lies
on disk, nothing stripped but RocksDB's own diary (LOG*), and two texts made by the same skyctl:
`status.txt` (in the middle of the storm) and `storms.json`; then `truncated`, the same log cut off
before the storm, so that its past begins with a snapshot of that release. Record again only for a
new schema: a log of each released one stays, beside the earlier ones.
"""

import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts"))
from sandbox_session import SandboxSession  # noqa: E402

SERVICE = "llama3"
SETTINGS = [
    "replica_policy.qps_window_seconds=6",
    "replica_policy.upscale_delay_seconds=3",
    "replica_policy.downscale_delay_seconds=4",
    "readiness_probe.endpoint_probe_interval_seconds=5",
]


def play(session):
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    overrides = [word for setting in SETTINGS for word in ("--set", setting)]
    session.must("up", os.path.join(root, "examples/llama3.yaml"), "-n", SERVICE, "-y", "--sandbox",
                 "--sandbox-speed", "10", *overrides, "--setup", "true",
                 "--run", f"'{session.skyctl}' demo-llm --model llama3 --ttft-ms 40 --token-ms 5"
                          " --tokens 20")

    def ready(spot):
        return session.in_phase(SERVICE, "READY", spot)

    session.wait("the base is ready", lambda: len(ready(False)) == 2, 60)
    load = session.start("load", SERVICE, "--qps", "3.6", "--duration", "50s", "--json")
    spot = session.wait("the burst is ready",
                        lambda: (lambda r: r if len(r) == 2 else None)(ready(True)), 60)
    old = {replica["id"] for replica in spot}
    session.must("preempt", SERVICE, "--storm", "2")
    session.wait("the burst is ready again",
                 lambda: len([r for r in ready(True) if r["id"] not in old]) == 2, 60)
    session.kill_daemon()
    time.sleep(1)
    session.status()  # brings it back
    load.communicate(timeout=90)
    session.wait("scaled down", lambda: len(session.replicas(SERVICE)) == 2, 60)
    session.must("down", SERVICE, "-y")
    session.wait("down", lambda: not session.status()["services"], 30)
    session.must("daemon", "stop")


def copy_log(session, target):
    shutil.copytree(os.path.join(session.home, "log"), target,
                    ignore=shutil.ignore_patterns("LOG", "LOG.old*", "lock", "LOCK"))


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    session = SandboxSession(sys.argv[1], prefix="skyctl-golden-")
    directory = sys.argv[2]
    try:
        play(session)
        copy_log(session, os.path.join(directory, "log"))
        storms = session.must("storms", "--json")
        with open(os.path.join(directory, "storms.json"), "w", encoding="utf-8") as file:
            file.write(storms)
        notices = session.events(SERVICE, "--type", "PreemptionNoticed")
        status = session.must("replay", "--until", str(notices[-1]["seq"] + 15))
        with open(os.path.join(directory, "status.txt"), "w", encoding="utf-8") as file:
            file.write(f"#{notices[-1]['seq'] + 15}\n{status}")
        session.must("log", "truncate", "--before", str(notices[0]["seq"] - 20))
        copy_log(session, os.path.join(directory, "truncated"))
        return 0
    finally:
        left = session.close()
        if left:
            print("left running: " + ", ".join(left), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
