"""The servers that bench/compare measures: how each is found, started with fair settings, and ended.

A Peer is a value: what it is called, how `fanfare bench` speaks to it (its preset), the program it
needs, and a function that starts it and returns the words that say where it is. To add one, write
such a function and put a Peer into PEERS.
"""
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

HERE = Path(__file__).resolve().parent
NCHAN_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")


@dataclass
class Place:
    """Where a peer runs: its directory, its core, and the binaries that were built."""
    directory: Path
    core: int
    bench_binary: Path  # fanfare-bench, for the floors
    children: list = field(default_factory=list)

    def start(self, command, **options):
        child = subprocess.Popen(
            ["taskset", "-c", str(self.core), *map(str, command)], cwd=self.directory,
            stdin=subprocess.DEVNULL, stderr=open(self.directory / "stderr.txt", "a"),
            start_new_session=True, **options)
        self.children.append(child)
        return child

    def start_and_read_url(self, command):
        """Of a program that says `ready URL`."""
        child = self.start(command, stdout=subprocess.PIPE, text=True)
        line = child.stdout.readline()
        if not line.startswith("ready "):
            raise RuntimeError(f"{command[0]} did not become ready: {line!r}")
        return child, line.split()[1]

    def start_at_port(self, command, port):
        child = self.start(command, stdout=open(self.directory / "stdout.txt", "a"))
        wait_for_port(port, child)
        return child

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def stop(self):
        for child in reversed(self.children):
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGTERM)
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                pass
            # Whoever outlived its parent.
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()
        self.children.clear()


@dataclass(frozen=True)
class Peer:
    name: str
    preset: str
    needs: str      # a program, or a file
    settings: str   # for the report
    start: Callable  # (Place) -> (words for fanfare bench, root process or None)
    keeps_history: bool = False  # honours Last-Event-ID
    has_http: bool = True

    def missing(self):
        found = Path(self.needs).exists() if "/" in self.needs else shutil.which(self.needs)
        return None if found else f"{self.needs} is not installed"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def filled(name, values):
    """A file of this directory with its @NAMES@ replaced."""
    text = (HERE / name).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    return text


def wait_for_port(port, child, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if child.poll() is not None:
            raise RuntimeError(f"{child.args} ended with {child.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nobody listens at port {port}")


def fanfare(engine):
    def start(place):
        # fanfare bench starts it itself.
        return ["--engine", engine, "--workers", "1", "--server-core", str(place.core)], None
    return start


def floor(engine, mode):
    def start(place):
        child, url = place.start_and_read_url(
            [place.bench_binary, "event-floor", "--engine", engine, "--mode", mode])
        return ["--url", url], child.pid
    return start


def nchan(place):
    port = free_port()
    config = place.write("nginx.conf", filled("nginx_nchan.conf.in",
                                              {"DIR": place.directory, "PORT": port}))
    child = place.start_at_port(
        ["nginx", "-p", place.directory, "-e", place.directory / "error.log", "-c", config], port)
    return ["--url", f"http://127.0.0.1:{port}"], child.pid


def node(place):
    child, url = place.start_and_read_url(["node", HERE / "node_sse.mjs", "0"])
    return ["--url", url], child.pid


def pushpin(place):
    _, origin = place.start_and_read_url(["node", HERE / "node_sse.mjs", "0"])
    port, push_port = free_port(), free_port()
    values = {"DIR": place.directory, "PORT": port, "PUSH_PORT": push_port, "SPEC1": free_port(),
              "SPEC2": free_port(), "SPEC3": free_port()}
    config = place.write("pushpin.conf", filled("pushpin.conf.in", values))
    fetcher = place.write("zurl.conf", filled("zurl.conf.in", values))
    place.write("routes", f"* {origin.removeprefix('http://')}\n")
    (place.directory / "run").mkdir(exist_ok=True)
    (place.directory / "log").mkdir(exist_ok=True)
    place.start(["zurl", f"--config={fetcher}"], stdout=subprocess.DEVNULL)
    child = place.start_at_port(["pushpin", f"--config={config}"], port)
    wait_for_port(push_port, child)
    time.sleep(1)  # its processes find one another
    return ["--url", f"http://127.0.0.1:{port}",
            "--publish", f"http://127.0.0.1:{push_port}/publish/"], child.pid


def redis(place):
    port = free_port()
    child = place.start_at_port(
        ["redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no",
         "--maxclients", "19900", "--tcp-backlog", "4096",
         "--protected-mode", "no",
         "--client-output-buffer-limit", "pubsub 0 0 0"], port)
    return ["--url", f"redis://127.0.0.1:{port}"], child.pid


def nats(place):
    port = free_port()
    config = place.write("nats.conf", f"listen: 127.0.0.1:{port}\nmax_connections: 19900\n")
    child = place.start_at_port(["nats-server", "-c", config], port)
    return ["--url", f"nats://127.0.0.1:{port}"], child.pid


def mercure(place):
    port = free_port()
    key = "!ChangeThisMercureHubJWTSecretKey!"
    config = place.write("Caddyfile", "{\n admin off\n auto_https off\n}\n"
                         f"http://127.0.0.1:{port} {{\n mercure {{\n  publisher_jwt {key}\n"
                         f"  subscriber_jwt {key}\n  anonymous\n  transport local\n }}\n}}\n")
    child = place.start_at_port(["mercure", "run", "--config", config], port)
    return ["--url", f"http://127.0.0.1:{port}"], child.pid


def centrifugo(place):
    port = free_port()
    config = place.write("config.json", filled("centrifugo.json.in", {"PORT": port}))
    child = place.start_at_port(["centrifugo", "-c", config], port)
    return ["--url", f"http://127.0.0.1:{port}"], child.pid


FLOOR = "bare loop on the broker's engine and parser, one thread; reads no publisher while 128 KiB are unsent"
PEERS = [
    Peer("fanfare-io_uring", "fanfare", "/proc/self/exe", "one worker, defaults", fanfare("io_uring"), True),
    Peer("fanfare-epoll", "fanfare", "/proc/self/exe", "one worker, defaults", fanfare("epoll"), True),
    *(Peer(f"floor-{mode}-{engine}", "plain", "/proc/self/exe", FLOOR, floor(engine, mode), True)
      for mode in ("coalesce", "one-send") for engine in ("io_uring", "epoll")),
    Peer("nchan", "nchan", str(NCHAN_MODULE), "bench/peers/nginx_nchan.conf.in: one worker, memory store, no keep-alive limit, 512 MB shared memory", nchan, True),
    Peer("nchan-websocket", "nchan-ws", str(NCHAN_MODULE), "the same, read by WebSocket", nchan),
    Peer("pushpin", "pushpin", "pushpin", "bench/peers/pushpin.conf.in: message_rate and message_hwm raised beyond what is sent, 50,000 connections; its processes share the server's core with its origin (Node)", pushpin),
    Peer("node", "plain", "node", "bench/peers/node_sse.mjs: http module, no framework", node),
    Peer("redis", "redis", "redis-server", "raw pub/sub, no HTTP: no persistence, no output buffer limit", redis, has_http=False),
    Peer("nats", "nats", "nats-server", "raw pub/sub, no HTTP: defaults, verbose so that publishes are answered", nats, has_http=False),
    Peer("mercure", "mercure", "mercure", "local transport, anonymous subscribers", mercure),
    Peer("centrifugo", "centrifugo", "centrifugo", "bench/peers/centrifugo.json.in: memory engine, unidirectional SSE", centrifugo),
]
