"""make bench NAME=sign_on: what signing on costs: tokens in one process, and the session check in a real gateway.

The gateway has core 0 and is asked the same small query by nobody, by residents, and by residents for an operation
that is for residents only, so that the department is told who asks. docs/benchmarks.md says what the figures mean.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import msgspec

from bench import issuing
from bench.load import Load
from bench.machine import GATEWAY_CORE, BenchError, free_port, take_the_machine, wait_until_listening
from bench.measure import measure
from bench.own_platform import Platform
from bench.peers.peer import Peer
from bench.report import conditions
from bench.upstream import register
from bench.upstream.register import Upstream
from bench.workloads import WORKLOADS, Question, document
from kernel.version import __version__

OUT = Path(__file__).parent / "out"
TARGET_MS = 0.15
"""The most CPU that the session check may add to a graph request."""
RESIDENTS = 20
NOBODY, PUBLIC, TOLD = "nobody", "resident", "resident, department told"
SERVICES = {NOBODY: ("library", "public"), PUBLIC: ("library", "public"), TOLD: ("theatre", "L1")}


def questions(kind: str, tokens: Sequence[str]) -> list[Question]:
    """Return the small query, one with each token."""
    small = WORKLOADS[0]
    calls = tuple(replace(call, service=SERVICES[kind][0]) for call in small.calls)
    question = replace(small, calls=calls).graphql(namespaced=True)
    return [replace(question, authorization=f"Bearer {token}") for token in tokens] or [question]


def start(running: ExitStack) -> tuple[Platform, Upstream, Peer]:
    """Start the department, the platform and its gateway, and publish."""
    upstream = register.start(OUT, running)
    platform = Platform(running)
    port, folder = free_port(), OUT / "sign_on"
    folder.mkdir(exist_ok=True)
    program = running.enter_context(platform.gateway(port, core=GATEWAY_CORE, log=folder / "log"))
    wait_until_listening(program, port)
    for service, access in dict(SERVICES.values()).items():
        described = document(service, upstream.url, prefixed=False)
        platform.submit(port, service, f"{upstream.url}/{service}", described, access)
    return platform, upstream, Peer("yiwang", __version__, program, port, namespaced=True)


def graph_requests(
    upstream: Upstream, peer: Peer, tokens: Sequence[str], rounds: int, seconds: float
) -> dict[str, Any]:
    """Load the gateway in turn by each kind, and return the CPU milliseconds of a request, round by round."""
    loads = {
        kind: Load(kind.split(",")[0] + str(at), peer.port, questions(kind, tokens if at else ()), OUT / "sign_on")
        for at, kind in enumerate(SERVICES)
    }
    found: dict[str, list[float]] = {kind: [] for kind in SERVICES}
    for number in range(rounds + 1):
        for kind, load in loads.items():
            cpu_ms = measure(peer, load, upstream, 1, seconds).cpu_ms_per_request
            print(f"round {number}  {kind:26} {cpu_ms:.4f} CPU ms", flush=True)
            if number:
                found[kind].append(round(cpu_ms, 5))
    return {kind: {"cpu_ms": median(each), "low_cpu_ms": _low(each), "rounds": each} for kind, each in found.items()}


def _low(figures: Sequence[float]) -> float:
    """Return the lower quartile: noise only ever adds to a cost."""
    return quantiles(figures, n=4, method="inclusive")[0] if len(figures) > 1 else figures[0]


def summary(costs: Mapping[str, issuing.Cost], requests: Mapping[str, Any]) -> dict[str, Any]:
    """Put the figures together with what the check adds to a request."""
    base = requests[NOBODY]
    added = {
        kind: {
            "ms": round(requests[kind]["cpu_ms"] - base["cpu_ms"], 4),
            "low_ms": round(requests[kind]["low_cpu_ms"] - base["low_cpu_ms"], 4),
            "ratio": round(requests[kind]["cpu_ms"] / base["cpu_ms"], 3),
        }
        for kind in (PUBLIC, TOLD)
    }
    return {
        "tokens": {
            name: {
                "per_cpu_second": cost.per_cpu_second,
                **{k: round(v, 2) for k, v in msgspec.to_builtins(cost).items()},
            }
            for name, cost in costs.items()
        },
        "requests": dict(requests),
        "added": added,
        "reached": added[PUBLIC]["ms"] <= TARGET_MS,
    }


def table(found: Mapping[str, Any]) -> str:
    """Write the summary as two Markdown tables."""
    lines = ["| one process | per CPU-second | CPU µs | PostgreSQL's µs |", "|---|--:|--:|--:|"]
    for name, row in found["tokens"].items():
        lines.append(f"| {name} | {row['per_cpu_second']:,} | {row['cpu_us']:.1f} | {row['postgres_us']:.0f} |")
    lines += ["", "| graph request by | CPU ms | lower quartile | added ms | ratio |", "|---|--:|--:|--:|--:|"]
    for kind, row in found["requests"].items():
        more = found["added"].get(kind)
        added, ratio = (f"{more['ms']:.4f}", f"{more['ratio']:.3f}") if more else ("", "")
        lines.append(f"| {kind} | {row['cpu_ms']:.4f} | {row['low_cpu_ms']:.4f} | {added} | {ratio} |")
    more = found["added"][PUBLIC]
    lines += ["", f"the session check adds {more['ms']:.4f} CPU ms to a graph request (target <= {TARGET_MS})"]
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="make bench NAME=sign_on", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything runs")
    quick = parser.parse_args().quick
    rounds, seconds, scale = (1, 1.0, 0.1) if quick else (7, 3.0, 1.0)
    OUT.mkdir(exist_ok=True)
    try:
        take_the_machine()
        with ExitStack() as running:
            platform, upstream, peer = start(running)
            settings = msgspec.structs.replace(platform.settings, gateway_host="127.0.0.1", gateway_port=peer.port)
            tokens = asyncio.run(issuing.tokens(settings, RESIDENTS))
            requests = graph_requests(upstream, peer, tokens, rounds, seconds)
            costs = asyncio.run(issuing.costs(settings, rounds, scale))
    except BenchError as error:
        sys.exit(f"bench: {error}")
    found = {"conditions": conditions({"rounds": rounds, "seconds": seconds}), **summary(costs, requests)}
    (OUT / "sign_on.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\n{table(found)}\n\nwritten: bench/out/sign_on.json")


if __name__ == "__main__":
    main()
