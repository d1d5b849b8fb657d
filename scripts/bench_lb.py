"""The endpoint beside HAProxy and nginx: CPU per request and per streamed chunk, time to the first
byte, memory, latency against load. Used by benches.py, and by the gates in test/bench.

Paired and interleaved: every round asks all three, in turn from either end, with one core for the
proxy and another for everything else. A ratio is the median over the rounds of ours to HAProxy's
in the same round. Rounds in which other processes took more than a third of a core are left out,
unless that leaves fewer than three; then all count, and that is said.

Ours has its access log and its metrics on; the others log nothing. HAProxy has one thread, reuses
connections always; nginx has one worker and does not buffer. Debian's packages of both.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time

from loopback import free_port, wait_for

ROUNDS = 5
SECONDS = 1.5  # of each measurement
STREAMS = 1000
CHUNK_MS = 24
IDLE = 5000
NOISE = 0.35  # cores that others may take
CURVE = [1, 2, 4, 8, 16, 32, 64, 128, 256]  # connections
COLOURS = {"skyctl": "#0b6e4f", "haproxy": "#c1432e", "nginx": "#4a6fa5"}

HAPROXY = """\
global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option http-no-delay
  http-reuse always
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  balance leastconn
  option forwardfor
  server s 127.0.0.1:{backend} maxconn 8000
"""
NGINX = """\
daemon off;
worker_processes 1;
pid {home}/pid;
error_log {home}/error;
events {{ worker_connections 16000; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  upstream b {{ least_conn; server 127.0.0.1:{backend}; keepalive 2048;
               keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://b;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffering off;
    }}
  }}
}}
"""


def pinned(core, words):
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or not shutil.which("taskset"):
        return words
    return ["taskset", "-c", str(cores[core % len(cores)])] + words


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def cpu_seconds(pid):
    """What a process, its threads and its children ran, to the nanosecond."""
    total = 0
    for one in [pid] + children_of(pid):
        for task in os.listdir(f"/proc/{one}/task"):
            with open(f"/proc/{one}/task/{task}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
    return total / 1e9


def resident_bytes(pid):
    total = 0
    for one in [pid] + children_of(pid):
        with open(f"/proc/{one}/status", encoding="ascii") as file:
            total += sum(int(l.split()[1]) * 1024 for l in file if l.startswith("VmRSS:"))
    return total


def busy_seconds():
    """Of the whole machine."""
    with open("/proc/stat", encoding="ascii") as file:
        words = [int(word) for word in file.readline().split()[1:]]
    return (sum(words[:8]) - words[3] - words[4]) / os.sysconf("SC_CLK_TCK")


class Setting:
    """A server, and proxies before it; everything ends with close()."""

    def __init__(self, peer):
        self.peer = peer
        self.home = tempfile.mkdtemp(prefix="skyctl-bench-lb-")
        self.children = []
        self.backend = free_port()
        self.server = self.start(pinned(1, [peer, "serve", str(self.backend)]))
        wait_for(self.backend, self.server)

    def start(self, words, **more):
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 text=True, **more)
        self.children.append(child)
        return child

    def end(self, child):
        child.terminate()
        try:
            child.wait(timeout=40)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        self.children.remove(child)

    def close(self):
        for child in reversed(self.children):
            child.kill()
            child.wait()
        self.children = []
        shutil.rmtree(self.home, ignore_errors=True)

    def file(self, name, text):
        path = os.path.join(self.home, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def skyctl(self, before=()):
        port = free_port()
        home = tempfile.mkdtemp(dir=self.home)
        words = list(before) + [self.peer, "proxy", home, str(port), str(self.backend)]
        return self.started(port, words)

    def haproxy(self):
        port = free_port()
        text = HAPROXY.format(port=port, backend=self.backend)
        return self.started(port, ["haproxy", "-db", "-f", self.file("haproxy.cfg", text)])

    def nginx(self):
        port = free_port()
        text = NGINX.format(port=port, backend=self.backend, home=self.home)
        return self.started(port, ["nginx", "-p", self.home, "-c", self.file("nginx.cfg", text)])

    def started(self, port, words):
        child = self.start(pinned(0, words), stderr=subprocess.DEVNULL)
        wait_for(port, child)
        return port, child

    def ask(self, port, connections, seconds, kind="get", most=0):
        words = [self.peer, "ask", str(port), str(connections), str(seconds), kind]
        done = subprocess.run(pinned(1, words + ([str(most)] if most else [])), check=True,
                              stdout=subprocess.PIPE, text=True, timeout=600)
        return json.loads(done.stdout)

    def watch(self, port, streams, seconds, on_steady=lambda: None):
        words = [self.peer, "watch", str(port), str(streams), str(seconds), str(CHUNK_MS)]
        child = self.start(pinned(1, words))
        if child.stdout.readline().strip() != "steady":
            raise OSError("the streams did not start")
        on_steady()
        result = json.loads(child.stdout.readline())
        self.end(child)
        return result


class Measure:
    """CPU of one proxy and of all others while something runs."""

    def __init__(self, setting, proxy):
        self.setting, self.proxy = setting, proxy
        self.begin()

    def begin(self):
        self.at = time.monotonic()
        self.busy = busy_seconds()
        self.cpu = cpu_seconds(self.proxy.pid)
        self.own = cpu_seconds(self.setting.server.pid) + cpu_seconds(os.getpid())
        self.reaped = sum(os.times()[2:4])

    def end(self):
        """The proxy's CPU seconds, and whether others left it alone (clients count as ours)."""
        cpu = cpu_seconds(self.proxy.pid) - self.cpu
        own = cpu_seconds(self.setting.server.pid) + cpu_seconds(os.getpid()) - self.own
        clients = sum(os.times()[2:4]) - self.reaped
        foreign = busy_seconds() - self.busy - cpu - own - clients
        return cpu, foreign / max(time.monotonic() - self.at, 0.01) < NOISE


def cost_of_requests(setting, proxy, connections, kind):
    port, child = proxy
    measure = Measure(setting, child)
    result = setting.ask(port, connections, SECONDS, kind)
    cpu, quiet = measure.end()
    return {"cost": cpu / result["requests"] * 1e6, "quiet": quiet}


def cost_of_chunks(setting, proxy, streams):
    port, child = proxy
    measure = Measure(setting, child)
    result = setting.watch(port, streams, SECONDS, measure.begin)
    cpu, quiet = measure.end()
    return {"cost": cpu / max(result["chunks"], 1) * 1e6, "ttfb": result["p50_us"], "quiet": quiet}


def paired(rounds, name, key="cost"):
    """The ratios of `name` to HAProxy in the rounds that count, and how many were quiet."""
    quiet = [r for r in rounds if all(one["quiet"] for one in r.values())]
    counted = quiet if len(quiet) >= 3 else rounds
    return [r[name][key] / r["haproxy"][key] for r in counted], len(quiet)


def in_rounds(proxies, measure):
    rounds = []
    for number in range(ROUNDS):
        names = list(proxies) if number % 2 == 0 else list(reversed(proxies))
        rounds.append({name: measure(proxies[name]) for name in names})
    return rounds


def show(table, rounds, what, goal, key="cost", unit="us"):
    for name in rounds[0]:
        table.rounds(f"{what}, {name}", unit, [r[name][key] for r in rounds])
    for name in rounds[0]:
        if name != "haproxy":
            ratios, quiet = paired(rounds, name, key)
            label = f"{what}, {name}:haproxy ({quiet}/{len(rounds)} quiet)"
            table.rounds(label, "x", ratios, goal if name == "skyctl" else None)


def curve(setting, proxies):
    points = {name: [] for name in proxies}
    for connections in CURVE:
        for name, (port, _) in proxies.items():
            result = setting.ask(port, connections, 0.7)
            rate = result["requests"] / result["seconds"]
            points[name].append((rate, result["p50_us"], result["p99_us"]))
    return points


def svg(points):
    """Latency (logarithmic) against requests per second; p50 drawn, p99 dashed."""
    width, height, left, bottom = 720, 420, 70, 50
    rates = [p[0] for series in points.values() for p in series]
    tops = [max(p[2], 1) for series in points.values() for p in series]
    decades = len(str(int(max(tops))))

    def place(rate, us):
        across = left + rate / max(rates) * (width - left - 20)
        up = math.log10(max(us, 1)) / decades * (height - bottom - 20)
        return f"{across:.1f},{height - bottom - up:.1f}"

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>']
    for decade in range(decades + 1):
        begin, end = place(0, 10 ** decade), place(max(rates), 10 ** decade)
        out.append(f'<polyline points="{begin} {end}" stroke="#ddd"/>')
        out.append(f'<text x="8" y="{begin.split(",")[1]}">{10 ** decade} us</text>')
    for number, (name, series) in enumerate(points.items()):
        for index, dash in ((1, ""), (2, ' stroke-dasharray="4 3"')):
            line = " ".join(place(p[0], p[index]) for p in series)
            out.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[name]}" '
                       f'stroke-width="2"{dash}/>')
        out.append(f'<text x="{left + 20 + 110 * number}" y="16" fill="{COLOURS[name]}">'
                   f"{name}: p50, p99 dashed</text>".replace(": p50, p99 dashed", ""))
    out.append(f'<text x="{left}" y="{height - 12}">requests per second, 0 to '
               f"{max(rates):.0f}; closed loop of {CURVE[0]} to {CURVE[-1]} connections; p50, "
               "p99 dashed</text>")
    return "\n".join(out + ["</svg>"]) + "\n"


def bench_lb(table, build):
    peer = os.path.join(build, "test", "bench", "lb_peer")
    setting = Setting(peer)
    try:
        proxies = {"skyctl": setting.skyctl()}
        for name in ("haproxy", "nginx"):
            if shutil.which(name) or os.path.exists(f"/usr/sbin/{name}"):
                proxies[name] = getattr(setting, name)()
            else:
                table.broken("lb", f"{name} is not installed: apt-get install {name}")
        if "haproxy" not in proxies:
            return
        for connections, kind, goal in ((64, "get", 0.85), (256, "get", 0.70), (64, "post", 0.80)):
            rounds = in_rounds(proxies, lambda one, c=connections, k=kind: cost_of_requests(
                setting, one, c, k))
            show(table, rounds, f"CPU a {kind.upper()}, {connections} connections", goal)
        rounds = in_rounds(proxies, lambda one: cost_of_chunks(setting, one, STREAMS))
        show(table, rounds, f"CPU a chunk, {STREAMS} streams", 0.90)
        direct = setting.watch(setting.backend, 200, SECONDS)["p50_us"]
        rounds = in_rounds(proxies, lambda one: cost_of_chunks(setting, one, 200))
        for one in rounds:
            for result in one.values():
                result["added"] = max(result["ttfb"] - direct, 1)
        show(table, rounds, "added time to first byte, 200 streams", 1.0, "added")
        path = os.path.join(build, "bench-lb.svg")
        with open(path, "w", encoding="ascii") as file:
            file.write(svg(curve(setting, proxies)))
        print(f"scripts/bench: latency against load: {path}", file=sys.stderr)
        for name, (port, child) in proxies.items():
            idle = setting.start([peer, "idle", str(port), str(IDLE)])
            if idle.stdout.readline().strip() != "ready":
                raise OSError(f"{name} did not take {IDLE} connections")
            table.figure(f"resident with {IDLE} idle connections, {name}",
                         resident_bytes(child.pid) / (1 << 20), "MiB",
                         16 if name == "skyctl" else None)
            setting.end(idle)
    finally:
        setting.close()
