"""make bench NAME=gateway: this gateway, its peers and the limit side by side; prints a table, writes gateway.json.

The gateway that is measured has core 0; load, upstream, databases and this program have core 1. Rounds are
interleaved. docs/benchmarks.md says what the figures mean.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import report
from bench.load import Load
from bench.machine import BenchError, take_the_machine, wait_until_listening
from bench.measure import Figures, measure
from bench.peers import hive, plain_nginx, strawberry_peer, tailcall, yiwang
from bench.peers.peer import Ground, Peer
from bench.upstream import register
from bench.upstream.register import Upstream
from bench.workloads import WORKLOADS

OUT = Path(__file__).parent / "out"

PEERS: dict[str, Callable[[Ground, ExitStack], Peer]] = {
    "yiwang": yiwang.start,
    "hive": hive.start,
    "hive-newest-node": hive.start_on_newest_node,
    "strawberry": strawberry_peer.start,
    "tailcall": tailcall.start,
    "nginx": plain_nginx.start,
}


@dataclass(frozen=True)
class Plan:
    """How long to measure."""

    rounds: int
    seconds: float
    warm_seconds: float


FULL = Plan(rounds=3, seconds=4, warm_seconds=4)
QUICK = Plan(rounds=1, seconds=2, warm_seconds=2)


def start(names: Sequence[str], upstream: Upstream, running: ExitStack) -> list[Peer]:
    """Start the gateways; ``running`` stops them."""
    peers = []
    for name in names:
        began = time.monotonic()
        peer = PEERS[name](Ground.make(OUT / "gateway", name, upstream.url), running)
        wait_until_listening(peer.program, peer.port)
        print(f"started  {name} ({peer.version}) in {time.monotonic() - began:.1f} s", flush=True)
        peers.append(peer)
    return peers


def contest(peers: Sequence[Peer], upstream: Upstream, plan: Plan) -> report.Rounds:
    """Warm all gateways up, then measure them in turn, round by round."""
    found: dict[str, dict[str, list[Figures]]] = {w.name: {p.name: [] for p in peers} for w in WORKLOADS}
    pairs = [(workload, peer) for workload in WORKLOADS for peer in peers]
    loads = {(w.name, p.name): Load(w.name, p.port, p.questions(w), OUT / "gateway" / p.name) for w, p in pairs}
    for number in range(plan.rounds + 1):
        for workload, peer in pairs:
            load = loads[workload.name, peer.name]
            seconds = plan.seconds if number else plan.warm_seconds
            try:
                figures = measure(peer, load, upstream, len(workload.calls), seconds)
            except BenchError as error:
                words = peer.program.last_words()
                raise BenchError(f"{peer.name}, {workload.name}: {error}\nthe end of its log:\n{words}") from error
            if number:
                found[workload.name][peer.name].append(figures)
            stage = f"round {number}" if number else "warm-up"
            rate = f"{figures.requests_per_cpu_second:8.0f} requests / CPU-second, busy {figures.busy:.2f}"
            print(f"{stage:8} {workload.name:9} {peer.name:16} {rate}", flush=True)
    return found


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="make bench NAME=gateway", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything runs")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PEERS), metavar="NAME,...")
    options = parser.parse_args()
    if unknown := set(options.only) - set(PEERS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    plan = QUICK if options.quick else FULL
    OUT.mkdir(exist_ok=True)
    try:
        take_the_machine()
        with ExitStack() as running:
            upstream = register.start(OUT, running)
            peers = start(options.only, upstream, running)
            rounds = contest(peers, upstream, plan)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    found = report.summary(rounds, {peer.name: peer.version for peer in peers}, asdict(plan))
    report.write(found, OUT / "gateway.json")
    print(f"\n{report.table(found)}\n\nwritten: bench/out/gateway.json")


if __name__ == "__main__":
    main()
