"""What the tests against the real Kubernetes control plane share: one plane a file, one namespace
and one home a test.

Where the plane cannot be built, every test says so and is skipped.
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

import e2e_case  # noqa: E402
from e2e_case import E2ECase, SKYCTL, StepFailed, main  # noqa: E402,F401
import peer_kube  # noqa: E402
from fake_nodes import FakeNodes  # noqa: E402

USER_TOKENS = (("little-token-77aa", "little"),)
T4 = {"cloud.google.com/gke-accelerator": "nvidia-tesla-t4"}

PROBE = e2e_case.PROBE
# One replica or more on the cluster, each with an accelerator.
WITH_GPU = """\
resources: {cpus: 2+, accelerators: "T4:1", ports: 8888}
service:
""" + PROBE + """\
  replicas: %d
"""
PLAIN = """\
resources: {cpus: 1+, ports: 8888}
service:
""" + PROBE + """\
  replicas: %d
"""


class KubeCase(E2ECase):
    seconds_at_most = 90
    plane = None
    nodes = None

    why_not = None  # this machine cannot have a control plane: every test says so

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="skyctl-kube-")
        try:
            cls.plane = peer_kube.ControlPlane(cls.folder, USER_TOKENS)
            cls.plane.start()
        except (peer_kube.Unavailable, OSError, subprocess.SubprocessError) as error:
            cls.tearDownClass()
            cls.why_not = f"no Kubernetes control plane here ({' '.join(str(error).split())})"
            return
        cls.nodes = FakeNodes(cls.plane)
        cls.add_nodes()
        cls.nodes.start()

    @classmethod
    def add_nodes(cls):
        cls.nodes.add_node("gpu-1", T4, gpus=1)
        cls.nodes.add_node("gpu-2", T4, gpus=1)

    @classmethod
    def tearDownClass(cls):
        if cls.nodes:
            cls.nodes.stop()
        if cls.plane:
            cls.plane.stop()
        cls.nodes = cls.plane = None
        shutil.rmtree(cls.folder, ignore_errors=True)

    def setUp(self):
        self.began = time.monotonic()
        if self.why_not:
            self.skipTest(self.why_not)
        super().setUp()
        self.namespace = "t-" + self._testMethodName.removeprefix("test_").replace("_", "-")[:50]
        self.namespace = self.namespace.rstrip("-")
        status, answer = self.plane.call("POST", "/api/v1/namespaces", {
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        self.assertEqual(status, 201, answer)
        self.use_kubeconfig()
        self.configure()

    def tearDown(self):
        if "kube-apiserver" not in self.plane.children:  # a test that failed has left it so
            self.plane.start_apiserver()
        for pod in self.pods():  # whatever a failed test has left must not take the next one's room
            self.plane.call("DELETE", f"{self.path('pods')}/{pod['metadata']['name']}",
                            {"gracePeriodSeconds": 0})
        super().tearDown()

    # ---- the home

    def use_kubeconfig(self, **options):
        path = os.path.join(self.work, "kubeconfig")
        self.plane.write_kubeconfig(path, namespace=self.namespace, **options)
        self.session.environment["KUBECONFIG"] = path
        return path

    def configure(self, text="skyctl: {kubernetes: {expose: podip}}\n"):
        with open(os.path.join(self.session.home, "config.yaml"), "w", encoding="utf-8") as file:
            file.write(text)

    def up_arguments(self, name, text, *options, run=None, setup="true", speed=None):
        path = text if text.endswith(".yaml") else self.file(text, f"{name}.yaml")
        return ["up", path, "-n", name, "--setup", setup, "--run", run or "exec serve", *options]

    # ---- the cluster

    def path(self, kind):
        return f"/api/v1/namespaces/{self.namespace}/{kind}"

    def objects(self, kind):
        status, answer = self.plane.call("GET", self.path(kind))
        self.assertEqual(status, 200, answer)
        return answer["items"]

    def pods(self):
        return self.objects("pods")

    def wait_pods(self, count, seconds=20):
        return self.session.wait(f"{count} pods", lambda: len(self.pods()) == count, seconds)

    def down_clean(self, name):
        """Ends the service; nothing of it may stay."""
        self.session.must("down", name, "-y")
        self.session.wait("nothing is left in the namespace", self.is_clean, 30)

    def is_clean(self):
        ours = [one["metadata"]["name"] for kind in ("pods", "configmaps", "secrets", "services")
                for one in self.objects(kind)
                if one["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") == "skyctl"]
        return not ours

    def daemon_pid(self):
        class Link(http.client.HTTPConnection):
            def connect(link):
                link.sock = socket.socket(socket.AF_UNIX)
                link.sock.connect(os.path.join(self.session.home, "api.sock"))

        link = Link("daemon")
        link.request("GET", "/v1/health")
        return json.loads(link.getresponse().read())["pid"]

    def measure(self, what, is_so, seconds=20):
        """How long it takes until it is so."""
        began = time.monotonic()
        self.session.wait(what, is_so, seconds)
        return time.monotonic() - began
