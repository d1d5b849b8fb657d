"""What becomes of pods and nodes, and of the watch that tells: notices, silence, restarts, cuts."""

import os
import random
import shutil
import signal
import subprocess
import time
import unittest

import kube_case
from kube_case import KubeCase, PLAIN
from loopback import free_port, wait_for


class FateTest(KubeCase):
    @classmethod
    def add_nodes(cls):
        for number in (1, 2, 3):
            cls.nodes.add_node(f"n-{number}")

    def up_on_nodes(self, count=2):
        self.session.must(*self.up_arguments("web", PLAIN % count, "-y"))
        self.wait_ready("web", count)

    def row_of(self, pod):
        return int(pod["metadata"]["labels"]["skyctl.dev/replica"])

    def status_of(self, replica):
        for row in self.session.replicas("web"):
            if row["id"] == replica:
                return row["status"]
        return "GONE"

    def out_of_rotation(self, pod, seconds=20):
        replica = self.row_of(pod)
        return self.measure("it is out of rotation",
                            lambda: self.status_of(replica) != "READY", seconds)

    # ---- nodes and pods

    def test_a_node_with_a_spot_notice_is_left_before_it_goes(self):
        self.up_on_nodes()
        pod = self.pods()[0]
        node = pod["spec"]["nodeName"]
        self.plane.kubectl("taint", "node", node,
                           "cloud.google.com/impending-node-termination=:NoSchedule")
        self.addCleanup(self.plane.kubectl, "taint", "node", node,
                        "cloud.google.com/impending-node-termination-", check=False)
        self.assertLess(self.out_of_rotation(pod), 3)
        [notice] = self.wait_event("web", "PreemptionNoticed", replica=self.row_of(pod))
        self.assertIn("impending-node-termination", notice["body"]["text"])
        self.wait_ready("web", 2)
        self.down_clean("web")

    def test_an_evicted_pod_is_drained_and_replaced(self):
        self.up_on_nodes()
        pod = self.pods()[0]
        name = pod["metadata"]["name"]
        status, answer = self.plane.call("POST", f"{self.path('pods')}/{name}/eviction", {
            "apiVersion": "policy/v1beta1", "kind": "Eviction",
            "metadata": {"name": name, "namespace": self.namespace}})
        self.assertEqual(status, 201, answer)
        self.assertLess(self.out_of_rotation(pod), 3)
        self.wait_event("web", "PreemptionNoticed", replica=self.row_of(pod))
        self.wait_ready("web", 2)
        self.down_clean("web")

    def test_a_pod_on_a_node_tainted_no_execute_is_drained(self):
        self.up_on_nodes()
        pod = self.pods()[0]
        node = pod["spec"]["nodeName"]
        self.plane.kubectl("taint", "node", node, "maintenance=now:NoExecute")
        self.addCleanup(self.plane.kubectl, "taint", "node", node, "maintenance-", check=False)
        self.assertLess(self.out_of_rotation(pod), 5)
        self.wait_ready("web", 2)
        self.down_clean("web")

    def test_a_silent_node_s_pod_is_probed_at_once_and_leaves_when_it_is_dead(self):
        self.up_on_nodes()
        pod = self.pods()[0]
        node = pod["spec"]["nodeName"]
        nodes = type(self).nodes
        nodes.silence(node)
        nodes.pods.pop(pod["metadata"]["uid"]).stop()  # the machine has gone, and its server
        try:
            # Its connection shows it long before the cluster does (six seconds here).
            self.assertLess(self.out_of_rotation(pod), 5)
            self.session.wait("it is replaced", lambda: len(self.session.in_phase("web", "READY"))
                              == 2, 40)
        finally:
            nodes.revive(node)
            nodes.wait_until_good()
        self.down_clean("web")

    def test_what_crashes_again_and_again_ends_with_its_status(self):
        self.up_on_nodes(1)
        [pod] = self.pods()
        type(self).nodes.patch_status(pod, {"containerStatuses": [{
            "name": "replica", "image": "i", "imageID": "i", "ready": False, "restartCount": 5,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]})
        [lost] = self.wait_event("web", "InstanceLost", replica=self.row_of(pod))
        self.assertTrue(lost["body"]["by_user_code"])
        self.assertIn("OOMKilled", lost["body"]["text"])
        self.session.must("down", "web", "-y")

    # ---- the watch

    def no_ready_replica_left(self, since):
        """No replica went out of rotation or came new after that event."""
        kinds = ("ReplicaBecameNotReady", "DrainStarted", "InstanceLost", "ReplicaPlanned")
        return [e for e in self.events("web", *kinds) if e["seq"] > since]

    def gone_from_rotation(self, since):
        """Replicas that were noticed or lost after that event, each once however it was told."""
        found = [e["replica"] for e in self.events("web", "PreemptionNoticed", "InstanceLost")
                 if e["seq"] > since]
        self.assertEqual(len(found), len(set(found)), "told twice")
        return sorted(found)

    def start_apiserver(self):
        """And waits until the nodes, whose heartbeats had nowhere to go, are good again."""
        plane, nodes = type(self).plane, type(self).nodes
        plane.start_apiserver()
        nodes.wait_until_good()

    def last_seq(self):
        return max(e["seq"] for e in self.events(None))

    def churn(self, count):
        """Changes that the watch has to carry: labels of the pods."""
        for number in range(count):
            for pod in self.pods():
                self.plane.call("PATCH", f"{self.path('pods')}/{pod['metadata']['name']}",
                                {"metadata": {"annotations": {"n": str(number)}}},
                                "application/merge-patch+json")

    def test_an_apiserver_that_restarts_takes_no_replica_out_of_rotation(self):
        self.up_on_nodes(3)
        self.churn(30)
        seq = self.last_seq()
        type(self).plane.stop_apiserver()
        time.sleep(2)
        status, _, _ = self.request(self.session.endpoint("web"), "/x")
        self.assertEqual(status, 200)
        self.start_apiserver()
        self.churn(3)
        time.sleep(2)
        self.assertEqual(self.no_ready_replica_left(seq), [])
        # What happens afterwards is seen: the watch, or the list after it, is alive.
        gone = self.pods()[0]
        self.plane.call("DELETE", f"{self.path('pods')}/{gone['metadata']['name']}",
                        {"gracePeriodSeconds": 0})
        self.session.wait("the loss is seen", lambda: self.status_of(self.row_of(gone)) not in
                          ("READY", "NOT_READY"), 40)
        self.wait_ready("web", 3, seconds=40)
        self.down_clean("web")

    def test_what_went_while_history_was_compacted_is_missed_afterwards(self):
        self.up_on_nodes(3)
        seq = self.last_seq()
        gone = self.pods()[0]
        pid = self.daemon_pid()
        os.kill(pid, signal.SIGSTOP)
        self.churn(5)
        self.plane.call("DELETE", f"{self.path('pods')}/{gone['metadata']['name']}",
                        {"gracePeriodSeconds": 0})
        type(self).plane.stop_apiserver()
        self.start_apiserver()
        type(self).plane.compact()
        os.kill(pid, signal.SIGCONT)
        self.session.wait("the loss is seen", lambda: self.status_of(self.row_of(gone)) not in
                          ("READY", "NOT_READY"), 40)
        self.wait_ready("web", 3, seconds=40)
        self.assertEqual(self.gone_from_rotation(seq), [self.row_of(gone)])
        self.down_clean("web")

    def test_a_watch_cut_again_and_again_loses_and_doubles_nothing(self):
        haproxy = shutil.which("haproxy") or "/usr/sbin/haproxy"
        if not os.path.exists(haproxy):
            self.skipTest("haproxy is not installed")
        port = free_port()
        config = self.file(f"""\
defaults
  mode tcp
  timeout connect 2s
  timeout client 60s
  timeout server 60s
listen kube
  bind 127.0.0.1:{port}
  server api 127.0.0.1:{self.plane.port}
""", "haproxy.cfg")
        between = subprocess.Popen([haproxy, "-db", "-f", config], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (between.kill(), between.wait()))
        wait_for(port, between)
        self.use_kubeconfig(server=f"https://127.0.0.1:{port}")
        self.up_on_nodes(3)
        seq = self.last_seq()
        chance = random.Random(7)
        for _ in range(25):
            self.churn(1)
            time.sleep(chance.random() * 0.15)
            between.kill()  # wherever in a frame it is
            between.wait()
            between = subprocess.Popen([haproxy, "-db", "-f", config], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        self.assertEqual(self.no_ready_replica_left(seq), [])
        gone = self.pods()[:2]
        for pod in gone:
            self.plane.call("DELETE", f"{self.path('pods')}/{pod['metadata']['name']}",
                            {"gracePeriodSeconds": 0})
        replicas = sorted(self.row_of(pod) for pod in gone)
        self.session.wait("both are seen", lambda: self.gone_from_rotation(seq) == replicas, 40)
        self.wait_ready("web", 3, seconds=40)
        self.assertEqual(self.gone_from_rotation(seq), replicas)
        self.down_clean("web")


if __name__ == "__main__":
    kube_case.main()
