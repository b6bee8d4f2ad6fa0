"""make bench NAME=transport: what one call to a department costs the gateway, by transport.

CPU microseconds of the client process per call, medians of interleaved rounds in one run on uvloop, and how many times
the own transport's cost they are. The floor is bare asyncio streams: no checks, no limits, no timeouts. The server is
another process on the other core.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

import uvloop

from gateway.upstream.native import NativeTransport
from gateway.upstream.resolver import Resolver
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.through_aiohttp import AiohttpTransport
from gateway.upstream.transport import Limits
from gateway.upstream.upstream import Upstream
from kernel.networks import split_url
from supergraph.wire import Request

ROUNDS = 7
CALLS = {"own": 4000, "own with policies": 4000, "streams": 4000, "aiohttp": 800}
CONCURRENT = 64
BODIES = {
    "small": json.dumps({"id": "P-1024", "name": "x" * 220, "free": 17, "open": True}).encode(),
    "large": json.dumps([{"id": n, "name": "x" * 200, "free": 17, "open": True} for n in range(100)]).encode(),
}
OUT = Path(__file__).parent / "out" / "transport.json"

Call = Callable[[str], Awaitable[bytes]]


class Answers(asyncio.Protocol):
    """The cheapest upstream: answers GET requests from memory."""

    ready: ClassVar = {
        f"/{name}".encode(): b"HTTP/1.1 200 OK\r\nserver: bench\r\ndate: Mon, 02 Nov 2026 08:00:00 GMT\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        for name, body in BODIES.items()
    }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # a stream protocol

    def data_received(self, data: bytes) -> None:
        self.transport.write(self.ready[data.split(b" ", 2)[1]])


async def serve() -> None:
    """Be the upstream: print the port, then answer until ended."""
    server = await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Streams:
    """The floor: a request and its answer on asyncio streams, nothing else."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(self, name: str) -> bytes:
        reader, writer = (
            self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        )
        writer.write(b"GET /%b HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n\r\n" % name.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head[head.index(b"content-length: ") + 16 :].split(b"\r\n", 1)[0])
        body = await reader.readexactly(size)
        self._idle.append((reader, writer))
        return body

    async def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


def _requests(name: str) -> Request:
    return Request("GET", f"/{name}", (("accept", "application/json"),))


async def measure(call: Call, name: str, calls: int, concurrent: int) -> float:
    """Return CPU microseconds per call."""

    async def worker() -> None:
        for _ in range(calls // concurrent):
            if len(await call(name)) != len(BODIES[name]):
                raise AssertionError("a wrong answer")

    start = time.process_time()
    await asyncio.gather(*(worker() for _ in range(concurrent)))
    return (time.process_time() - start) / calls * 1e6


async def compare(port: int) -> dict[str, dict[str, dict[str, float]]]:
    """Measure all transports in turn, round by round."""
    loop = asyncio.get_running_loop()
    settings = UpstreamSettings(url=f"http://127.0.0.1:{port}", allow=("127.0.0.0/8",))
    url, resolver = split_url(settings.url), Resolver()
    own, aiohttp = (kind("bench", url, settings, resolver) for kind in (NativeTransport, AiohttpTransport))
    upstream, streams = Upstream("bench", settings, resolver), Streams(port)

    async def through_own(name: str) -> bytes:
        return (await own.send(_requests(name), Limits(loop.time() + 30, 10))).body

    async def through_aiohttp(name: str) -> bytes:
        return (await aiohttp.send(_requests(name), Limits(loop.time() + 30, 10))).body

    async def with_policies(name: str) -> bytes:
        return (await upstream.call(_requests(name), loop.time() + 30)).body

    peers: dict[str, Call] = {
        "streams": streams.call,
        "own": through_own,
        "own with policies": with_policies,
        "aiohttp": through_aiohttp,
    }
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for name in BODIES:
        for label, concurrent in (("sequential", 1), (f"x{CONCURRENT}", CONCURRENT)):
            rounds: dict[str, list[float]] = {peer: [] for peer in peers}
            for _ in range(ROUNDS):
                for peer, call in peers.items():
                    rounds[peer].append(await measure(call, name, CALLS[peer], concurrent))
            medians = {peer: statistics.median(values) for peer, values in rounds.items()}
            figures[f"{name} {label}"] = {
                **{peer: {"cpu_us": round(value, 1)} for peer, value in medians.items()},
                "ratio": {peer: round(value / medians["own"], 2) for peer, value in medians.items() if peer != "own"},
            }
    for closing in (own, aiohttp, upstream, streams):
        await closing.close()
    return figures


def show(figures: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print the table."""
    print("CPU µs per call (times own)\n")
    print("| workload | " + " | ".join(CALLS) + " |\n|---|" + "---:|" * len(CALLS))
    for workload, figure in figures.items():
        cells = (f"{figure[peer]['cpu_us']:.0f} ({figure['ratio'].get(peer, 1.0):.2f})" for peer in CALLS)
        print(f"| {workload} | " + " | ".join(cells) + " |")


def main() -> None:
    """Start the upstream on the last core, measure on the first."""
    cores = sorted(os.sched_getaffinity(0))
    with subprocess.Popen([sys.executable, "-m", "bench.transport", "serve"], stdout=subprocess.PIPE) as server:
        try:
            os.sched_setaffinity(server.pid, {cores[-1]})
            os.sched_setaffinity(0, {cores[0]})
            assert server.stdout is not None  # noqa: S101 - a pipe was asked for
            figures = uvloop.run(compare(int(server.stdout.readline())))
        finally:
            server.terminate()
    show(figures)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"workloads": figures}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    uvloop.run(serve()) if sys.argv[1:] == ["serve"] else main()
