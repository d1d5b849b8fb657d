"""Nodes that are none: registered with the real apiserver, kept alive by heartbeats, and played.

A pod that the real scheduler binds to one of them gets a server of its own at an address of
127.0.0.0/8, and the status a kubelet would write. A pod that is being deleted ends.
"""

import http.server
import itertools
import json
import ssl
import threading
import time
import urllib.parse

HEARTBEAT = 1.5  # seconds; the controller manager gives a node six
LOOK = 0.1


def condition(kind, status, reason):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"type": kind, "status": status, "reason": reason, "message": reason,
            "lastHeartbeatTime": now, "lastTransitionTime": now}


class Replica:
    """The server in a pod: answers everything with the pod's name, and says so when it is not up."""

    def __init__(self, name, address, port):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(length)
                body = json.dumps({"pod": name}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass  # a client that has gone away is none of ours

        self.server = Server((address, port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class LogServer:
    """The part of a kubelet that the apiserver asks for output: three lines a pod, stamped."""

    LINES = ("setup is done", "loading the model", "listening on 8888")

    def __init__(self, plane):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                asked = urllib.parse.parse_qs(url.query)
                lines = [f"2026-11-27T03:00:0{i}.5Z {text}" for i, text in
                         enumerate(LogServer.LINES)]
                since = asked.get("sinceTime", [""])[0][:19]
                lines = [one for one in lines if one[:19] >= since]
                if "tailLines" in asked:
                    lines = lines[-int(asked["tailLines"][0]):]
                body = "".join(one + "\n" for one in lines).encode()
                is_ours = url.path.startswith("/containerLogs/") and url.path.endswith("/replica")
                self.send_response(200 if is_ours else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(plane.file("server.crt"), plane.file("server.key"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class FakeNodes:
    """Plays the kubelet of every node it was told of, in one thread."""

    numbers = itertools.count(2)

    def __init__(self, plane):
        self.plane = plane
        self.logs = LogServer(plane)
        self.nodes = {}  # name -> beats
        self.pods = {}  # uid -> Replica
        self.holding = False  # True: pods are bound and never start
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.play, daemon=True)
        self.beats = threading.Thread(target=self.beat, daemon=True)

    def start(self):
        self.thread.start()
        self.beats.start()

    def stop(self):
        self.stopping.set()
        for thread in (self.thread, self.beats):
            if thread.is_alive():
                thread.join()
        self.logs.stop()
        for replica in self.pods.values():
            replica.stop()
        self.pods.clear()

    def add_node(self, name, labels=None, gpus=0, cpus=16, memory="64Gi", taints=()):
        room = {"cpu": str(cpus), "memory": memory, "pods": "110"}
        if gpus:
            room["nvidia.com/gpu"] = str(gpus)
        node = {"apiVersion": "v1", "kind": "Node",
                "metadata": {"name": name,
                             "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
                "spec": {"taints": list(taints)}}
        status, answer = self.plane.call("POST", "/api/v1/nodes", node)
        assert status == 201, answer
        patch = {"status": {"capacity": room, "allocatable": room,
                            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
                            "daemonEndpoints": {"kubeletEndpoint": {"Port": self.logs.port}},
                            "conditions": [condition("Ready", "True", "KubeletReady")]}}
        status, answer = self.plane.call("PATCH", f"/api/v1/nodes/{name}/status", patch,
                                         "application/merge-patch+json")
        assert status == 200, answer
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                 "metadata": {"name": name, "namespace": "kube-node-lease"},
                 "spec": {"holderIdentity": name, "leaseDurationSeconds": 40}}
        self.plane.call("POST", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
                        lease)
        self.renew(name)
        with self.lock:
            self.nodes[name] = True
        self.wait_until_good([name])

    def remove_node(self, name):
        with self.lock:
            self.nodes.pop(name, None)
        self.plane.call("DELETE", f"/api/v1/nodes/{name}")

    def silence(self, name):
        """No heartbeat any more; whatever runs there goes on."""
        with self.lock:
            self.nodes[name] = False

    def revive(self, name):
        with self.lock:
            self.nodes[name] = True
        self.renew(name)

    def wait_until_good(self, names=None, seconds=40):
        """Until the controller manager has taken its own taints off: it believes a heartbeat, and
        that the node says Ready again."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            for name in names or list(self.nodes):
                self.renew(name)
                self.plane.call("PATCH", f"/api/v1/nodes/{name}/status",
                                {"status": {"conditions": [condition("Ready", "True", "Back")]}},
                                "application/strategic-merge-patch+json")
            _, seen = self.plane.call("GET", "/api/v1/nodes")
            bad = [t for node in seen["items"] for t in node["spec"].get("taints", [])
                   if t["key"].startswith("node.kubernetes.io/") and
                   (names is None or node["metadata"]["name"] in names)]
            if not bad:
                return
            time.sleep(0.2)
        raise AssertionError(f"nodes stay tainted: {bad}")

    def renew(self, name):
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
        self.plane.call("PATCH", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/"
                        + name, {"spec": {"renewTime": now}}, "application/merge-patch+json")

    def beat(self):
        while not self.stopping.wait(HEARTBEAT):
            with self.lock:
                alive = [name for name, beats in self.nodes.items() if beats]
            for name in alive:
                try:
                    self.renew(name)
                except OSError:
                    pass  # the apiserver is away: it is asked again

    def play(self):
        while not self.stopping.wait(LOOK):
            try:
                status, answer = self.plane.call("GET", "/api/v1/pods?limit=1000")
                if status == 200:
                    self.look(answer["items"])
            except (OSError, ValueError):
                pass

    def look(self, pods):
        present = set()
        for pod in pods:
            node = pod["spec"].get("nodeName")
            uid = pod["metadata"]["uid"]
            present.add(uid)
            with self.lock:
                plays = self.nodes.get(node, False)
            if not plays:
                continue
            if pod["metadata"].get("deletionTimestamp"):
                self.end(pod)
            elif uid not in self.pods and not self.holding and \
                    pod["status"].get("phase") == "Pending":
                self.run(pod)
        for uid in [uid for uid in self.pods if uid not in present]:
            self.pods.pop(uid).stop()

    def run(self, pod):
        number = next(self.numbers)
        address = f"127.1.{number // 250}.{number % 250 + 1}"
        [port] = [p["containerPort"] for p in pod["spec"]["containers"][0]["ports"]]
        self.pods[pod["metadata"]["uid"]] = Replica(pod["metadata"]["name"], address, port)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.patch_status(pod, {
            "phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
            "hostIP": "127.0.0.1", "startTime": now,
            "conditions": [condition("Ready", "True", "x"), condition("PodScheduled", "True", "x")],
            "containerStatuses": [{
                "name": "replica", "image": "i", "imageID": "i", "ready": True, "restartCount": 0,
                "state": {"running": {"startedAt": now}}}]})

    def patch_status(self, pod, status):
        meta = pod["metadata"]
        return self.plane.call("PATCH", f"/api/v1/namespaces/{meta['namespace']}/pods/"
                               f"{meta['name']}/status", {"status": status},
                               "application/strategic-merge-patch+json")

    def end(self, pod):
        meta = pod["metadata"]
        replica = self.pods.pop(meta["uid"], None)
        if replica:
            replica.stop()
        self.plane.call("DELETE", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}",
                        {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}})
