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
from bench.machine import BenchError, cpu_seconds, take_the_machine, wait_until_listening
from bench.measure import Figures, measure
from bench.peers import hive, plain_nginx, strawberry_peer, tailcall, yiwang
from bench.peers.peer import Ground, Peer
from bench.upstream import register
from bench.upstream.register import Upstream
from bench.workloads import WORKLOADS, Workload

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


FULL = Plan(rounds=3, seconds=4)
QUICK = Plan(rounds=1, seconds=2)
WARM_UP_SECONDS = 2.0
LONGEST_WARM_UP_SECONDS = 25.0


def start(names: Sequence[str], upstream: Upstream, running: ExitStack) -> tuple[list[Peer], dict[str, str]]:
    """Start the gateways; ``running`` stops them. Those that this machine cannot run are left out, with the reason."""
    peers, left_out = [], {}
    for name in names:
        began = time.monotonic()
        try:
            peer = PEERS[name](Ground.make(OUT / "gateway", name, upstream.url), running)
            wait_until_listening(peer.program, peer.port)
        except BenchError as error:
            if name == report.OURS:
                raise
            left_out[name] = str(error)
            print(f"LEFT OUT {name}: {error}", flush=True)
        else:
            print(f"started  {name} ({peer.version}) in {time.monotonic() - began:.1f} s", flush=True)
            peers.append(peer)
    return peers, left_out


class Contest:
    """All gateways under all workloads, in turn."""

    def __init__(self, peers: Sequence[Peer], upstream: Upstream) -> None:
        self._upstream = upstream
        self._loads = {
            (workload, peer): Load(workload.name, peer.port, peer.questions(workload), OUT / "gateway" / peer.name)
            for workload in WORKLOADS
            for peer in peers
        }
        self.found: dict[str, dict[str, list[Figures]]] = {w.name: {p.name: [] for p in peers} for w in WORKLOADS}

    def warm_up(self) -> None:
        """Load each gateway until it has worked as long as it needs to get fast, however busy the machine is."""
        for workload, peer in self._loads:
            began = time.monotonic()
            target = cpu_seconds(peer.program.pid) + peer.warm_cpu_seconds
            while cpu_seconds(peer.program.pid) < target and time.monotonic() - began < LONGEST_WARM_UP_SECONDS:
                self._measure("warm-up", workload, peer, WARM_UP_SECONDS)

    def round(self, number: int, seconds: float) -> None:
        """Measure each gateway once."""
        for workload, peer in self._loads:
            figures = self._measure(f"round {number}", workload, peer, seconds)
            self.found[workload.name][peer.name].append(figures)

    def _measure(self, stage: str, workload: Workload, peer: Peer, seconds: float) -> Figures:
        load = self._loads[workload, peer]
        try:
            figures = measure(peer, load, self._upstream, len(workload.calls), seconds)
        except BenchError as error:
            words = peer.program.last_words()
            raise BenchError(f"{peer.name}, {workload.name}: {error}\nthe end of its log:\n{words}") from error
        rate = f"{figures.requests_per_cpu_second:8.0f} requests / CPU-second, busy {figures.busy:.2f}"
        print(f"{stage:8} {workload.name:9} {peer.name:16} {rate}", flush=True)
        return figures


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
            peers, left_out = start(options.only, upstream, running)
            contest = Contest(peers, upstream)
            contest.warm_up()
            for number in range(1, plan.rounds + 1):
                contest.round(number, plan.seconds)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    found = report.summary(contest.found, {peer.name: peer.version for peer in peers}, asdict(plan))
    found["left_out"] = left_out
    report.write(found, OUT / "gateway.json")
    print(f"\n{report.table(found)}\n{report.verdict(found)}\nwritten: bench/out/gateway.json")


if __name__ == "__main__":
    main()
