"""make bench NAME=catalogue: how many pages of the catalogue one gateway core serves, beside Strawberry's own view.

The catalogue is `yiwang demo generate`'s, published the real way. Pages: home, category, search, entry. "cached" pages
are asked again and again; for "uncached" searches no question is ever repeated. The gateway has core 0; wrk, PostgreSQL
and Valkey share the other one. ARGS="--services 1000 --nodes 74073" is the whole size, which takes minutes to publish;
of ARGS="--services 100000" all but a thousand are filled in (bench.many_entries).
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import (
    GATEWAY_CORE,
    LOAD_CORE,
    BenchError,
    Program,
    cpu_seconds,
    free_port,
    memory,
    take_the_machine,
    wait_until_listening,
)
from bench.many_entries import generate
from bench.own_platform import ROOT, Platform
from services_catalog.demo.names import items

CONNECTIONS = 16
_CARD = "code name { zh en translated } state promisedTime { amount unit } authority { code name { zh } } topics"
_WHOLE = f"{_CARD} summary {{ zh en }} materials {{ id name {{ zh }} necessity forms }} channels {{ id kind url }}"
HOME = f"query($d:String){{catalog{{home(district:$d){{total topics{{value count}} popular{{{_CARD}}}}}}}}}"
CATEGORY = f"query($t:String,$d:String){{catalog{{search(topic:$t,district:$d){{total hits{{entry{{{_CARD}}}}}}}}}}}"
SEARCH = f"query($q:String,$d:String){{catalog{{search(text:$q,district:$d){{total hits{{entry{{{_CARD}}}}}}}}}}}"
ENTRY = f"query($c:String!){{catalog{{entry(code:$c){{{_WHOLE}}}}}}}"
_SERVED = 600  # pages a second that must be reached, and within
_P99_MS, _UNCACHED_P99_MS, _TIMES = 100, 150, 20


@dataclass(frozen=True)
class Figure:
    """What one load found."""

    pages_per_second: float
    pages_per_cpu_second: float
    p50_ms: float
    p99_ms: float


class Load:
    """Requests for wrk, in a file."""

    def __init__(self, folder: Path, name: str, port: int, bodies: Iterator[dict[str, object]]) -> None:
        self._port = port
        self._file = folder / f"{name}.http"
        self._file.write_bytes(b"\0".join(_request(port, body) for body in bodies))

    def run(self, pid: int, seconds: int) -> Figure:
        """Load for some seconds. Raises BenchError if one answer was wrong."""
        command = ["taskset", "--cpu-list", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout"]
        command += ["10s", "-s", str(ROOT / "bench" / "pages.lua"), f"http://127.0.0.1:{self._port}", "--"]
        before = cpu_seconds(pid)
        done = subprocess.run([*command, str(self._file)], capture_output=True, text=True, check=False)
        used = cpu_seconds(pid) - before
        lines = [line[3:] for line in done.stdout.splitlines() if line.startswith("@@ ")]
        if len(lines) != 2:
            raise BenchError(f"wrk said:\n{done.stdout}{done.stderr}")
        asked, wrong, p50, p99, took, broken = map(int, lines[0].split())
        if wrong or broken or not asked:
            raise BenchError(f"{asked} answers, {wrong} wrong, {broken} broken; one: {lines[1]}")
        return Figure(asked / took * 1e6, asked / used, p50 / 1000, p99 / 1000)


def _request(port: int, body: dict[str, object]) -> bytes:
    data = json.dumps(body).encode()
    head = f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
    return (head + f"accept: application/json\r\ncontent-length: {len(data)}\r\n\r\n").encode() + data


def bodies(districts: list[str], codes: list[str]) -> dict[str, list[dict[str, object]]]:
    """Return what is asked, by the kind of page."""
    topics = sorted({topic for item in items() for topic in item.topics})
    words = [item.everyday_name or item.name for item in items()]
    new = [f"{a}{b}" for a, b in itertools.product(words, ("怎么办", "预约", "材料", "查询"))]
    turns = [*zip(itertools.cycle(districts), words, strict=False)]
    return {
        "home": [_body(HOME, d=each) for each in districts],
        "category": [_body(CATEGORY, t=topic, d=each) for topic in topics for each in districts[:3]],
        "search": [_body(SEARCH, q=word, d=each) for each, word in turns],
        "entry": [_body(ENTRY, c=code) for code in codes],
        "no page at all": [_body("{catalog:__typename}")],  # a request's own cost, which no cache takes away
        "search, uncached": [_body(SEARCH, q=word, d=each) for word in new for each in districts],
    }


def _body(query: str, **variables: str) -> dict[str, object]:
    return {"query": query, "variables": variables}


def ask(port: int, body: dict[str, object], seconds: float = 30) -> Any:
    """Ask one page; return what the catalogue answers."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310 - as above
        result = json.load(answer)
    if "errors" in result:
        raise BenchError(f"wrong: {result['errors'][:2]}")
    return result["data"]["catalog"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=2000)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    take_the_machine()
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="yiwang-bench-")))
        platform = Platform(running)
        began = time.monotonic()
        generate(platform, options.services, options.nodes)
        print(f"published {options.services:,} services in {time.monotonic() - began:.0f} s", flush=True)
        port, began = free_port(), time.monotonic()
        gateway = running.enter_context(platform.gateway(port, core=GATEWAY_CORE, log=folder / "gateway.log"))
        wait_until_listening(gateway, port)
        ask(port, _body("{catalog{search(first:1){total}}}"), 900)  # it listens before it can answer
        took, used = time.monotonic() - began, cpu_seconds(gateway.pid)
        print(f"a new gateway serves after {took:.1f} s, {used:.1f} s of CPU", flush=True)
        _measure(running, folder, gateway, port, options.seconds)
        print(f"gateway: {memory(gateway.pid).rss_mib:.0f} MiB; load average {os.getloadavg()[0]:.1f}")


def _measure(running: ExitStack, folder: Path, gateway: Program, port: int, seconds: int) -> None:
    found = ask(port, _body("{catalog{search(first:100,facets:true){facets{district{value}} hits{entry{code}}}}}"))[
        "search"
    ]
    districts = [each["value"] for each in found["facets"]["district"]][:40]
    codes = [hit["entry"]["code"] for hit in found["hits"]]
    asked = bodies(districts, codes)
    theirs = _peer(running, folder, port, asked)
    print(f"{'page':18} {'pages/s':>8} {'per CPU-s':>9} {'p50 ms':>7} {'p99 ms':>7} {'Strawberry':>11} {'times':>6}")
    for name, requests in asked.items():
        load = Load(folder, name.replace(", ", "-"), port, iter(requests))
        if "uncached" not in name:
            load.run(gateway.pid, 2)
        ours = load.run(gateway.pid, seconds)
        peer = theirs.get(name)
        line = [name.ljust(18), f"{ours.pages_per_second:8.0f}", f"{ours.pages_per_cpu_second:9.0f}"]
        line += [f"{ours.p50_ms:7.1f}", f"{ours.p99_ms:7.1f}"]
        if peer:
            times = ours.pages_per_cpu_second / peer.pages_per_cpu_second
            line += [f"{peer.pages_per_cpu_second:11.0f}", f"{times:6.1f}"]
        print(" ".join(line))
    print(f"must reach: {_SERVED} pages/s, p99 {_P99_MS} ms ({_UNCACHED_P99_MS} uncached), {_TIMES} times Strawberry's")


def _peer(running: ExitStack, folder: Path, port: int, asked: dict[str, list[dict[str, object]]]) -> dict[str, Figure]:
    """Measure Strawberry's view on the same answers."""
    whole = {
        "home": ask(port, asked["home"][0])["home"],
        "search": ask(port, asked["search"][0])["search"],
        "entry": ask(port, asked["entry"][0])["entry"],
    }
    data = folder / "entries.json"
    data.write_text(json.dumps(whole), encoding="utf-8")
    theirs = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(theirs), "--workers", "1"]
    command += ["--log-level", "warning", "bench.peers.strawberry_catalogue:app"]
    environment = {"BENCH_ENTRIES": str(data)}
    peer = running.enter_context(
        Program(command, core=GATEWAY_CORE, log=folder / "peer.log", cwd=ROOT, env=environment)
    )
    wait_until_listening(peer, theirs)
    return {
        name: Load(folder, f"peer-{name}", theirs, iter(asked[name][:1])).run(peer.pid, 5)
        for name in ("home", "category", "search", "entry")
    }


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        sys.exit(str(error))
