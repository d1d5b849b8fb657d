"""Services on a real Kubernetes control plane: up, logs of what was made, kills, verdicts, the end."""

import json
import os
import signal
import time
import unittest

import fake_nodes
import kube_case
from kube_case import KubeCase, PLAIN, PROBE, WITH_GPU

SECRET = "hunter2-kube-test-secret"

# Base on the cluster, nothing else: there is no other cloud.
SEED = """\
envs: {MODEL_NAME: llama3, OLLAMA_HOST: "0.0.0.0:8888", PRICE: "$5 $(date)"}
secrets: {HF_TOKEN: null}
workdir: %s
resources: {cpus: 4+, memory: 8+, accelerators: "T4:1", ports: 8888, use_spot: true}
service:
""" + PROBE + """\
  replica_policy: {min_replicas: 2, base_ondemand_fallback_replicas: 2}
"""


class UpTest(KubeCase):
    @classmethod
    def add_nodes(cls):
        super().add_nodes()
        cls.nodes.add_node("large", cpus=64, memory="512Gi")

    def test_a_service_comes_up_serves_and_leaves_nothing(self):
        workdir = os.path.join(self.work, "code")
        os.makedirs(os.path.join(workdir, "sub"))
        with open(os.path.join(workdir, "sub", "hello.txt"), "w", encoding="utf-8") as file:
            file.write("hello")
        shown = self.session.must(*self.up_arguments(
            "llama3", SEED % workdir, "-y", "--secret", f"HF_TOKEN={SECRET}"))
        self.assertIn("4CPU--16GB", shown)
        self.assertNotIn("SANDBOX", shown)
        self.wait_ready("llama3", 2)

        rows = self.session.replicas("llama3")
        self.assertEqual({row["cloud"] for row in rows}, {"kubernetes"})
        status, _, text = self.request(self.session.endpoint("llama3"), "/anything")
        self.assertEqual(status, 200)
        self.assertIn("llama3-", json.loads(text)["pod"])

        shown = json.loads(self.plane.kubectl("-n", self.namespace, "get", "pods", "-l",
                                              "skyctl.dev/service=llama3", "-o", "json").stdout)
        self.assertEqual(len(shown["items"]), 2)
        self.assertEqual({pod["spec"]["nodeName"] for pod in shown["items"]}, {"gpu-1", "gpu-2"})
        spec = shown["items"][0]["spec"]
        [container] = spec["containers"]
        self.assertEqual(container["resources"]["limits"], {"nvidia.com/gpu": "1"})
        self.assertEqual(container["resources"]["requests"]["cpu"], "4")
        self.assertIs(spec["automountServiceAccountToken"], False)
        soon = {t["key"]: t.get("tolerationSeconds") for t in spec["tolerations"]}
        self.assertEqual(soon["node.kubernetes.io/unreachable"], 10)
        # What a kubelet makes of "$$": one dollar sign, and nothing of ours is expanded.
        env = {one["name"]: one.get("value") for one in container["env"]}
        self.assertEqual(env["PRICE"], "$$5 $$(date)")
        self.assertNotIn("HF_TOKEN", {k for k, v in env.items() if v})
        [secret] = [one for one in self.objects("secrets") if one["type"] == "Opaque"]
        self.assertEqual(set(secret["data"]), {"HF_TOKEN"})
        files = [one for one in self.objects("configmaps") if one.get("binaryData")]
        self.assertEqual(len(files), 1)

        self.down_clean("llama3")
        self.assert_nowhere(SECRET)
        self.assert_nowhere(self.plane.TOKEN)

    def assert_nowhere(self, text):
        """Not in a log, an event, or what the daemon printed."""
        self.assertNotIn(text, self.session.must("events", "--json"))
        for folder, _, names in os.walk(self.session.home):
            if os.path.basename(folder) == "secrets":
                continue
            for path in (os.path.join(folder, name) for name in names):
                if os.path.isfile(path):  # and no socket
                    with open(path, "rb") as file:
                        self.assertNotIn(text.encode(), file.read(), path)

    def test_fifty_pods_asked_for_twice_are_fifty_pods(self):
        self.session.must(*self.up_arguments("many", PLAIN % 50, "-y"))
        self.session.wait("some pods", lambda: len(self.pods()) >= 10)
        before = {p["metadata"]["name"]: p["metadata"]["uid"] for p in self.pods()}
        os.kill(self.daemon_pid(), signal.SIGKILL)
        self.session.must("status")  # brings it back
        self.wait_ready("many", 50, seconds=60)
        after = {p["metadata"]["name"]: p["metadata"]["uid"] for p in self.pods()}
        self.assertEqual(len(after), 50)
        self.assertEqual({name: after.get(name) for name in before}, before)
        replicas = {p["metadata"]["labels"]["skyctl.dev/replica"] for p in self.pods()}
        self.assertEqual(len(replicas), 50)
        self.down_clean("many")

    def test_a_daemon_killed_before_any_answer_makes_no_second_pod(self):
        type(self).nodes.holding = True
        self.addCleanup(setattr, type(self).nodes, "holding", False)
        self.session.must(*self.up_arguments("web", PLAIN % 3, "-y"))
        self.wait_pods(3)
        uids = {p["metadata"]["uid"] for p in self.pods()}
        for _ in range(5):
            os.kill(self.daemon_pid(), signal.SIGKILL)
            self.session.must("status")
        type(self).nodes.holding = False
        self.wait_ready("web", 3)
        self.assertEqual({p["metadata"]["uid"] for p in self.pods()}, uids)
        self.down_clean("web")

    def test_a_pod_more_than_there_are_accelerators_is_refused_for_capacity_at_once(self):
        self.session.must(*self.up_arguments("gpu", WITH_GPU % 3, "-y"))
        [failed, *_] = self.wait_event("gpu", "ProvisionFailed")
        self.assertEqual(failed["body"]["failure"]["kind"], "capacity")
        self.assertIn("Insufficient nvidia.com/gpu", failed["body"]["failure"]["text"])
        intents = self.events("gpu", "LaunchIntended", replica=failed["replica"])
        self.assertLess(failed["at_us"] - intents[0]["at_us"], 2_000_000)
        self.wait_ready("gpu", 2)
        self.assertLessEqual(len(self.pods()), 3)
        self.down_clean("gpu")

    def test_what_no_node_has_is_refused_before_anything_is_made(self):
        text = WITH_GPU.replace("T4:1", "H200:8") % 1
        self.refused(*self.up_arguments("big", text, "-y"), says=["no machine has H200:8", "T4:1"])
        self.assertEqual(self.pods(), [])

    def test_a_namespace_s_quota_is_a_quota(self):
        self.plane.call("POST", self.path("resourcequotas"), {
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"},
            "spec": {"hard": {"pods": "1"}}})
        self.session.wait("the quota counts", lambda: self.objects("resourcequotas")[0].get(
            "status", {}).get("hard"))
        self.session.must(*self.up_arguments("web", PLAIN % 2, "-y"))
        [failed, *_] = self.wait_event("web", "ProvisionFailed")
        self.assertEqual(failed["body"]["failure"]["kind"], "quota")
        self.assertIn("exceeded quota", failed["body"]["failure"]["text"])
        self.wait_ready("web", 1)
        self.down_clean("web")

    def test_a_workdir_too_large_for_a_cluster_is_refused_with_the_way_out(self):
        workdir = os.path.join(self.work, "code")
        os.makedirs(workdir)
        with open(os.path.join(workdir, "weights.bin"), "wb") as file:
            file.write(b"\0" * 800_000)
        self.session.must(*self.up_arguments("web", f"workdir: {workdir}\n" + PLAIN % 1, "-y"))
        [failed, *_] = self.wait_event("web", "ProvisionFailed")
        self.assertEqual(failed["body"]["failure"]["kind"], "invalid")
        self.assertIn("image_id: docker:", failed["body"]["failure"]["text"])
        self.session.must("down", "web", "-y")

    def test_without_a_cloud_the_error_says_what_is_missing_and_the_way_out(self):
        self.session.environment["KUBECONFIG"] = os.path.join(self.work, "nothing")
        self.refused(*self.up_arguments("web", PLAIN % 1, "-y"),
                     says=["no cloud is set up", "no kubeconfig", "daemon stop", "--sandbox"])

    # ---- autoscalers

    def say_of(self, pod, reason, message):
        """What an autoscaler says of a pod, as it says it: an event."""
        meta = pod["metadata"]
        status, answer = self.plane.call("POST", self.path("events"), {
            "apiVersion": "v1", "kind": "Event", "metadata": {"generateName": "e-"},
            "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": meta["name"],
                               "namespace": self.namespace, "uid": meta["uid"]},
            "reason": reason, "message": message, "type": "Normal",
            "source": {"component": "cluster-autoscaler"}})
        self.assertEqual(status, 201, answer)

    def pod_without_a_node(self):
        return self.session.wait("a pod that finds no node", lambda: [
            pod for pod in self.pods() if not pod["spec"].get("nodeName")])[0]

    def test_a_pod_waits_for_the_node_an_autoscaler_brings(self):
        self.configure("kubernetes: {autoscaler: generic}\n"
                       "skyctl: {kubernetes: {expose: podip}}\n")
        self.session.must(*self.up_arguments("gpu", WITH_GPU % 3, "-y"))
        pod = self.pod_without_a_node()
        self.say_of(pod, "TriggeredScaleUp", "pod triggered scale-up: 1->2 (max: 3)")
        time.sleep(2)
        self.assertEqual(self.events("gpu", "ProvisionFailed"), [])
        type(self).nodes.add_node("gpu-brought", kube_case.T4, gpus=1)
        self.addCleanup(type(self).nodes.remove_node, "gpu-brought")
        self.wait_ready("gpu", 3)
        self.assertIn(pod["metadata"]["uid"], {p["metadata"]["uid"] for p in self.pods()})
        self.down_clean("gpu")

    def test_an_autoscaler_that_says_no_is_believed_and_quoted(self):
        self.configure("kubernetes: {autoscaler: generic}\n"
                       "skyctl: {kubernetes: {expose: podip}}\n")
        self.session.must(*self.up_arguments("gpu", WITH_GPU % 3, "-y"))
        self.say_of(self.pod_without_a_node(), "NotTriggerScaleUp", "max node group size reached")
        [failed, *_] = self.wait_event("gpu", "ProvisionFailed")
        self.assertEqual(failed["body"]["failure"]["kind"], "capacity")
        self.assertIn("max node group size reached", failed["body"]["failure"]["text"])
        self.down_clean("gpu")

    # ---- addresses

    def test_each_replica_has_a_load_balancer_where_the_home_asks_for_one(self):
        self.configure("kubernetes: {ports: loadbalancer}\n")
        self.session.must(*self.up_arguments("web", PLAIN % 1, "-y"))
        [service] = self.session.wait("its Service", lambda: self.objects("services"))
        self.assertEqual(service["spec"]["type"], "LoadBalancer")
        [pod] = self.pods()
        self.assertEqual(service["metadata"]["ownerReferences"][0]["uid"], pod["metadata"]["uid"])
        self.assertEqual(self.session.in_phase("web", "READY"), [])  # no address, no replica
        self.plane.call("PATCH", f"{self.path('services')}/{service['metadata']['name']}/status",
                        {"status": {"loadBalancer": {"ingress": [{"ip": pod["status"]["podIP"]}]}}},
                        "application/merge-patch+json")
        self.wait_ready("web", 1)
        self.down_clean("web")

    def test_output_comes_from_the_pod_whole_its_end_and_what_is_new(self):
        self.session.must(*self.up_arguments("web", PLAIN % 1, "-y"))
        self.wait_ready("web", 1)
        lines = "".join(line + "\n" for line in fake_nodes.LogServer.LINES)
        self.assertEqual(self.session.must("logs", "web", "1"), lines)
        self.assertEqual(self.session.must("logs", "web", "1", "--tail", "1"),
                         fake_nodes.LogServer.LINES[-1] + "\n")
        following = self.session.start("logs", "web", "1", "--follow")
        time.sleep(3)  # asked for again and again: nothing comes twice
        following.terminate()
        self.assertEqual(following.communicate(timeout=10)[0], lines)
        self.down_clean("web")

    def test_a_pod_deleted_by_somebody_is_lost_and_replaced(self):
        self.session.must(*self.up_arguments("web", PLAIN % 1, "-y"))
        self.wait_ready("web", 1)
        [pod] = self.pods()
        self.plane.kubectl("-n", self.namespace, "delete", "pod", pod["metadata"]["name"],
                           "--wait=false")
        self.wait_event("web", "PreemptionNoticed")
        self.session.wait("another pod serves", lambda: [
            row for row in self.session.in_phase("web", "READY") if row["id"] != 1])
        self.down_clean("web")

    def test_orphans_of_ours_go_and_strangers_stay(self):
        self.session.must(*self.up_arguments("web", PLAIN % 1, "-y"))
        self.wait_ready("web", 1)
        [pod] = self.pods()
        labels = dict(pod["metadata"]["labels"], **{"skyctl.dev/replica": "77"})
        container = {"name": "replica", "image": "i", "ports": [{"containerPort": 8888}]}
        for name, log in (("ours", labels["skyctl.dev/log"]), ("other", "0" * 32)):
            status, answer = self.plane.call("POST", self.path("pods"), {
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": name, "labels": dict(labels, **{"skyctl.dev/log": log})},
                "spec": {"containers": [container]}})
            self.assertEqual(status, 201, answer)
        os.kill(self.daemon_pid(), signal.SIGKILL)
        self.session.must("status")  # a start sweeps
        names = lambda: {p["metadata"]["name"] for p in self.pods()}  # noqa: E731
        self.session.wait("the orphan is gone", lambda: "ours" not in names())
        self.assertIn("other", names())
        self.assertIn(pod["metadata"]["name"], names())
        self.assertEqual(len(self.events(None, "OrphanFound")), 1)
        self.plane.call("DELETE", f"{self.path('pods')}/other", {"gracePeriodSeconds": 0})
        self.down_clean("web")


if __name__ == "__main__":
    kube_case.main()
