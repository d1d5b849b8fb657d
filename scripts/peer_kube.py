"""The real Kubernetes control plane here: etcd, apiserver, scheduler, controller manager.

Debian has the source package and etcd; everything else it builds with is unpacked beside it, not
installed. What was built is kept in ~/.cache/skyctl/kubernetes-VERSION (XDG_CACHE_HOME is obeyed).
No kubelet: who starts it plays the nodes. See scripts/peers.
"""

import glob
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time

from loopback import free_port

PROGRAMS = ("kube-apiserver", "kube-scheduler", "kube-controller-manager")
# Unpacked, so that nothing is installed and no service of theirs starts.
UNPACKED = ("etcd-server", "golang-1.19-go", "golang-1.19-src",
            "golang-github-modern-go-reflect2-dev", "kubernetes-client")
TOOLS = {"make": "make", "patch": "patch", "rsync": "rsync", "jq": "jq", "openssl": "openssl",
         "dpkg-source": "dpkg-dev", "haproxy": "haproxy"}
LEAST_FREE = 6 << 30  # bytes, while it builds
BUILD_LIMIT = 2400  # seconds
READY_LIMIT = 60


class Unavailable(Exception):
    """It cannot be had on this machine; the text says why."""


def say(text):
    print(f"scripts/peers kube: {text}", file=sys.stderr, flush=True)


def cache_root():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "skyctl")


def kept():
    """The newest folder that is complete, or None."""
    for folder in sorted(glob.glob(os.path.join(cache_root(), "kubernetes-*")), reverse=True):
        if os.path.exists(os.path.join(folder, "complete")):
            return folder
    return None


def run(command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=BUILD_LIMIT, **options)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command[:3])} ... failed:\n{done.stdout[-1500:]}")
    return done.stdout


def install_tools():
    missing = sorted({TOOLS[t] for t in TOOLS if not (shutil.which(t) or
                                                      os.path.exists(f"/usr/sbin/{t}"))})
    if not missing:
        return
    if os.geteuid() != 0 and not shutil.which("sudo"):
        raise Unavailable(f"needs root or sudo to install {', '.join(missing)}")
    say(f"installing {' '.join(missing)}")
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    run([*as_root, "apt-get", *wait, "update", "-qq"])
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive"]
    run([*as_root, *quiet, "apt-get", *wait, "install", "-y", "-qq", "--no-install-recommends",
         *missing])


def private_apt(work):
    """Options of an apt that knows the machine's Debian sources and their source packages."""
    if not os.path.exists("/etc/debian_version"):
        raise Unavailable("this is no Debian")
    with open("/etc/os-release", encoding="utf-8") as file:
        names = dict(line.strip().split("=", 1) for line in file if "=" in line)
    codename = names.get("VERSION_CODENAME", "").strip('"')
    form = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    found = set()
    for line in run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"]).split():
        uri, release, component = line.split("|")
        if release in (codename, f"{codename}-updates", f"{codename}-security"):
            found.add(f"{uri} {release} {component}")
    if not found:
        raise Unavailable("apt knows no archive of Debian")
    for folder in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(work, "apt", folder))
    with open(os.path.join(work, "apt/sources.list"), "w", encoding="utf-8") as file:
        for one in sorted(found):
            file.write(f"deb {one}\ndeb-src {one}\n")
    options = {"Dir::Etc::sourcelist": f"{work}/apt/sources.list", "Dir::Etc::sourceparts": "-",
               "Dir::State::lists": f"{work}/apt/lists", "Dir::Cache": f"{work}/apt/cache",
               "APT::Sandbox::User": "root"}
    words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    run(["apt-get", *words, "update", "-qq"])
    return words


def unpack(words, work, root):
    run(["apt-get", *words, "download", *UNPACKED], cwd=work)
    for package in glob.glob(os.path.join(work, "*.deb")):
        run(["dpkg-deb", "-x", package, root])
        os.remove(package)


def compile_programs(work, root):
    tree = os.path.join(work, "tree")
    run(["dpkg-source", "-x", *glob.glob(f"{work}/*.dsc"), tree])
    # The vendored one crashes when built with Go 1.19: within a minute the apiserver is gone.
    reflect = f"{tree}/vendor/github.com/modern-go/reflect2"
    shutil.rmtree(reflect)
    shutil.copytree(f"{root}/usr/share/gocode/src/github.com/modern-go/reflect2", reflect)
    os.makedirs(f"{tree}/.go/src/k8s.io")
    os.symlink("../../..", f"{tree}/.go/src/k8s.io/kubernetes")
    environment = {
        "PATH": f"{root}/usr/lib/go-1.19/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": os.path.join(work, "home"), "LANG": "C.UTF-8",
        "GOROOT": f"{root}/usr/lib/go-1.19", "GOPATH": f"{tree}/.go", "CGO_ENABLED": "0",
        "GOPROXY": "off", "GOFLAGS": "-mod=vendor", "GOCACHE": os.path.join(work, "gocache"),
        "KUBE_GIT_COMMIT": "debian", "KUBE_GIT_TREE_STATE": "archive",
        "KUBE_GIT_VERSION": "v1.20.2", "KUBE_GIT_MAJOR": "1", "KUBE_GIT_MINOR": "20"}
    os.makedirs(environment["HOME"])
    run(["make", "WHAT=" + " ".join(f"cmd/{name}" for name in PROGRAMS)], cwd=tree,
        env=environment)
    return f"{tree}/_output/bin"


def build():
    """Returns the folder with the programs; builds them when they are not there."""
    folder = kept()
    if folder:
        return folder
    install_tools()
    os.makedirs(cache_root(), exist_ok=True)
    if shutil.disk_usage(cache_root()).free < LEAST_FREE:
        raise Unavailable(f"less than 6 GiB are free in {cache_root()}")
    say("building the Kubernetes control plane, once: about five minutes")
    with tempfile.TemporaryDirectory(dir=cache_root(), prefix="building-") as work:
        words = private_apt(work)
        run(["apt-get", *words, "source", "--download-only", "-qq", "kubernetes"], cwd=work)
        [description] = glob.glob(f"{work}/*.dsc")
        version = os.path.basename(description).removeprefix("kubernetes_").removesuffix(".dsc")
        root = os.path.join(work, "root")
        unpack(words, work, root)
        made = compile_programs(work, root)
        ready = os.path.join(work, "ready")
        os.makedirs(ready)
        for name in PROGRAMS:
            shutil.copy(os.path.join(made, name), ready)
        for name in ("etcd", "kubectl"):
            shutil.copy(f"{root}/usr/bin/{name}", ready)
        with open(os.path.join(ready, "complete"), "w", encoding="utf-8") as file:
            file.write(version + "\n")
        folder = os.path.join(cache_root(), f"kubernetes-{version}")
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(ready, folder)
    return folder


class ControlPlane:
    """One control plane in one folder, on loopback, with an administrator's token."""

    TOKEN = "kube-admin-token-3f1c"

    def __init__(self, directory, extra_tokens=()):
        self.programs = build()
        self.directory = directory
        self.children = {}
        self.etcd_port, self.peer_port, self.port = free_port(), free_port(), free_port()
        self.server = f"https://127.0.0.1:{self.port}"
        os.makedirs(directory, exist_ok=True)
        with open(self.file("tokens.csv"), "w", encoding="utf-8") as file:
            file.write(f'{self.TOKEN},admin,1,"system:masters"\n')
            for token, user in extra_tokens:
                file.write(f"{token},{user},{user}\n")
        self.make_keys()
        self.write_kubeconfig(self.file("kubeconfig"))

    def file(self, name):
        return os.path.join(self.directory, name)

    def make_keys(self):
        def openssl(*words):
            run(["openssl", *words], cwd=self.directory)
        openssl("genrsa", "-out", "service.key", "2048")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out",
                "ca.crt", "-days", "2", "-subj", "/CN=test-authority")
        with open(self.file("names"), "w", encoding="utf-8") as file:
            file.write("subjectAltName=IP:127.0.0.1,DNS:kube.test\n")
        self.make_certificate("server", "/CN=apiserver", "names")

    def make_certificate(self, name, subject, extensions=None, days=2):
        """Of the test's authority; `days` below zero: expired."""
        run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out",
             f"{name}.csr", "-subj", subject], cwd=self.directory)
        command = ["openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey",
                   "ca.key", "-CAcreateserial", "-out", f"{name}.crt", "-days", str(days)]
        run(command + (["-extfile", extensions] if extensions else []), cwd=self.directory)

    def write_kubeconfig(self, path, user=None, server=None, namespace="default"):
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "c", "cluster": {
                "server": server or self.server, "certificate-authority": self.file("ca.crt")}}],
            "users": [{"name": "u", "user": user or {"token": self.TOKEN}}],
            "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u",
                                                      "namespace": namespace}}]}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return path

    def start_child(self, name, *words):
        with open(self.file(f"{name}.log"), "a", encoding="utf-8") as log:
            self.children[name] = subprocess.Popen(
                [os.path.join(self.programs, name), *words], cwd=self.directory,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self):
        url = f"http://127.0.0.1:{self.etcd_port}"
        peer = f"http://127.0.0.1:{self.peer_port}"
        self.start_child("etcd", "--data-dir", self.file("etcd-data"), "--unsafe-no-fsync",
                         "--listen-client-urls", url, "--advertise-client-urls", url,
                         "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                         "--initial-cluster", f"default={peer}", "--log-level", "error")
        self.start_apiserver()
        common = ("--kubeconfig", self.file("kubeconfig"), "--leader-elect=false",
                  "--port", "0", "--secure-port")
        self.start_child("kube-scheduler", *common, str(free_port()))
        self.start_child("kube-controller-manager", *common, str(free_port()),
                         "--node-monitor-grace-period=6s", "--node-monitor-period=1s",
                         "--pod-eviction-timeout=5s",
                         "--service-account-private-key-file", self.file("service.key"),
                         "--controllers=*,-attachdetach,-persistentvolume-binder")

    def start_apiserver(self):
        self.start_child(
            "kube-apiserver", "--etcd-servers", f"http://127.0.0.1:{self.etcd_port}",
            "--bind-address", "127.0.0.1", "--secure-port", str(self.port),
            "--tls-cert-file", "server.crt", "--tls-private-key-file", "server.key",
            "--client-ca-file", "ca.crt", "--token-auth-file", "tokens.csv",
            "--authorization-mode", "RBAC", "--service-account-key-file", "service.key",
            "--service-account-signing-key-file", "service.key",
            "--service-account-issuer", "https://kube.test",
            "--disable-admission-plugins", "ServiceAccount",
            "--service-cluster-ip-range", "10.96.0.0/24", "--allow-privileged")
        give_up = time.monotonic() + READY_LIMIT
        while time.monotonic() < give_up:
            if self.children["kube-apiserver"].poll() is not None:
                raise Unavailable(f"the apiserver ended:\n{self.tail('kube-apiserver')}")
            try:
                if self.call("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise Unavailable(f"the apiserver was not ready:\n{self.tail('kube-apiserver')}")

    def stop_apiserver(self):
        child = self.children.pop("kube-apiserver")
        child.kill()
        child.wait()

    def tail(self, name):
        with open(self.file(f"{name}.log"), encoding="utf-8", errors="replace") as file:
            return file.read()[-1500:]

    def stop(self):
        for child in self.children.values():
            child.send_signal(signal.SIGKILL)
        for child in self.children.values():
            child.wait()
        self.children.clear()

    def call(self, method, path, body=None, content_type="application/json", token=None):
        """(status, parsed answer) of one request."""
        context = ssl.create_default_context(cafile=self.file("ca.crt"))
        link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
        try:
            link.request(method, path, body if isinstance(body, (str, type(None)))
                         else json.dumps(body),
                         {"Authorization": f"Bearer {token or self.TOKEN}",
                          "Content-Type": content_type})
            answer = link.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            link.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def compact(self):
        """Forgets etcd's history: every position before now is too old."""
        def ask(path, body):
            link = http.client.HTTPConnection("127.0.0.1", self.etcd_port, timeout=20)
            link.request("POST", path, json.dumps(body))
            answer = json.loads(link.getresponse().read())
            link.close()
            return answer
        newest = ask("/v3/kv/range", {"key": "AA=="})["header"]["revision"]
        ask("/v3/kv/compaction", {"revision": newest, "physical": True})

    def kubectl(self, *words, check=True, **options):
        return subprocess.run([os.path.join(self.programs, "kubectl"), "--kubeconfig",
                               self.file("kubeconfig"), *words], text=True, timeout=60,
                              stdin=options.pop("stdin", subprocess.DEVNULL),
                              capture_output=True, check=check, **options)


def run_until_interrupted(directory):
    plane = ControlPlane(os.path.abspath(directory))
    try:
        plane.start()
        print(f"ready: export KUBECONFIG={plane.file('kubeconfig')}\n"
              f"kubectl is {plane.programs}/kubectl; Ctrl-C ends it", flush=True)
        while all(child.poll() is None for child in plane.children.values()):
            time.sleep(0.5)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        plane.stop()


def main(words):
    try:
        if words in (["build"], ["path"], []):
            print(kept() or "" if words == ["path"] else build())
            return 0
        if words[0] == "run" and len(words) <= 2:
            with tempfile.TemporaryDirectory(prefix="kube-") as directory:
                return run_until_interrupted(words[1] if len(words) == 2 else directory)
    except Unavailable as error:
        say(f"not possible here: {error}")
        return 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
