"""make bench NAME=server: what one HTTP request costs before any work is done for it, by server.

CPU microseconds of the server's whole process tree per request: a POST of 80 bytes, a short answer, 32 keep-alive
connections of wrk. Server on core 0, wrk on core 1; medians of interleaved rounds in one run, and their ratio to
this gateway's direct path.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench.machine import (
    GATEWAY_CORE,
    BenchError,
    Program,
    cpu_seconds,
    free_port,
    memory,
    take_the_machine,
    wait_until_listening,
)

ROOT = Path(__file__).parent.parent
OUT = Path(__file__).parent / "out"
CONNECTIONS = 32
OURS = "direct"
_SCRIPT = """
wrk.method = "POST"
wrk.body = string.rep("x", 80)
wrk.headers["content-type"] = "application/json"
wrk.headers["accept"] = "application/json"
"""


@dataclass(frozen=True)
class Contender:
    """One way to serve: a program, and the path that is asked."""

    name: str
    program: str
    path: str = "/"


CONTENDERS = [
    Contender(OURS, "own", "/direct"),
    Contender("asgi", "own"),
    Contender("granian asgi", "granian asgi"),
    Contender("granian rsgi", "granian rsgi"),
    Contender("bare protocol", "bare"),
]


def command(program: str, port: int) -> list[str]:
    """Return the command line of a server; granian in the mode that measured best."""
    if not program.startswith("granian"):
        return [sys.executable, "-m", "bench.serving", program, str(port)]
    interface = program.split()[1]
    granian = [str(Path(sys.executable).parent / "granian"), "--interface", interface, "--loop", "uvloop"]
    granian += ["--http", "1", "--runtime-mode", "st", "--workers", "1", "--no-ws", "--no-access-log"]
    return [*granian, "--log-level", "error", "--host", "127.0.0.1", "--port", str(port), f"bench.serving:{interface}"]


@dataclass(frozen=True)
class Figures:
    """What one round found."""

    cpu_us: float
    requests_per_second: float
    rss_mib: float


def load(port: int, path: str, pid: int, seconds: int) -> Figures:
    """Load one server for some seconds."""
    script = OUT / "server.lua"
    script.write_text(_SCRIPT, encoding="utf-8")
    wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    before = cpu_seconds(pid)
    said = subprocess.run(
        [*wrk, "-s", str(script), f"http://127.0.0.1:{port}{path}"], check=True, capture_output=True, text=True
    ).stdout
    used = cpu_seconds(pid) - before
    found = re.search(r"(\d+) requests in", said)
    if not found or "Non-2xx" in said or "Socket errors" in said:
        raise BenchError(f"wrk said:\n{said}")
    requests = int(found[1])
    return Figures(used / requests * 1e6, requests / seconds, memory(pid).rss_mib)


def contest(rounds: int, seconds: int) -> dict[str, list[Figures]]:
    """Start all servers and load them in turn, round by round, after one round to warm up."""
    figures: dict[str, list[Figures]] = {contender.name: [] for contender in CONTENDERS}
    with ExitStack() as running:
        servers: dict[str, tuple[Program, int]] = {}
        for name in dict.fromkeys(contender.program for contender in CONTENDERS):
            port, log = free_port(), OUT / f"server-{name.replace(' ', '-')}.log"
            program = running.enter_context(Program(command(name, port), core=GATEWAY_CORE, log=log, cwd=ROOT))
            wait_until_listening(program, port)
            servers[name] = program, port
        for number in range(rounds + 1):
            for contender in CONTENDERS:
                program, port = servers[contender.program]
                found = load(port, contender.path, program.pid, seconds)
                print(f"round {number}  {contender.name:14} {found.cpu_us:6.1f} µs", flush=True)
                if number:
                    figures[contender.name].append(found)
    return figures


def summary(figures: dict[str, list[Figures]]) -> dict[str, dict[str, object]]:
    """Take medians, and ratios to our direct path."""
    cpu = {name: statistics.median(each.cpu_us for each in rounds) for name, rounds in figures.items()}
    return {
        name: {
            "cpu_us": round(cpu[name], 1),
            "ratio": round(cpu[name] / cpu[OURS], 2),
            "requests_per_second": round(statistics.median(each.requests_per_second for each in rounds)),
            "rss_mib": round(statistics.median(each.rss_mib for each in rounds), 1),
            "rounds": [round(each.cpu_us, 1) for each in rounds],
        }
        for name, rounds in figures.items()
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="make bench NAME=server", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything runs")
    quick = parser.parse_args().quick
    OUT.mkdir(exist_ok=True)
    try:
        take_the_machine()
        found = summary(contest(1, 1) if quick else contest(5, 3))
    except BenchError as error:
        sys.exit(f"bench: {error}")
    versions = {name: version(name) for name in ("granian", "httptools", "uvloop")}
    text = json.dumps({"versions": versions, "workloads": {"small post": found}}, indent=1)
    (OUT / "server.json").write_text(text + "\n", encoding="utf-8")
    print(f"\n| server | CPU µs | ratio to {OURS} | req / s | RSS MiB |\n|---|--:|--:|--:|--:|")
    for name, row in found.items():
        print(f"| {name} | {row['cpu_us']} | {row['ratio']} | {row['requests_per_second']} | {row['rss_mib']} |")


if __name__ == "__main__":
    main()
