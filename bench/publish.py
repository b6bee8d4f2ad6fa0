"""make bench NAME=publish: what 10, 100 and 1,000 published services cost; prints a table, writes publish.json.

Everything goes the way of real publications: credential, POST /publish, compiler process, database, announcement. At
each size the database is copied; at the end one gateway over each size stands beside the others and is measured.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from bench import report
from bench.client import Client
from bench.load import Load
from bench.machine import (
    GATEWAY_CORE,
    BenchError,
    Memory,
    Program,
    cpu_seconds,
    free_port,
    memory,
    take_the_machine,
    wait_until_listening,
)
from bench.measure import Figures, measure
from bench.own_platform import Platform
from bench.peers.peer import Peer
from bench.publishing import Publishers, Timing, service_name
from bench.upstream import register
from bench.upstream.generated import OPERATIONS
from bench.upstream.register import Upstream
from bench.workloads import Call, Workload

OUT = Path(__file__).parent / "out"
ASKED = 3  # the number of the service whose operation is measured; it is there at every size
WORKLOAD = Workload("operation", (Call(service_name(ASKED), "facility", ("name", "district", "capacity")),))


@dataclass(frozen=True)
class Plan:
    """Which sizes, and how long to measure."""

    sizes: tuple[int, ...]
    rounds: int
    seconds: float


FULL = Plan((10, 100, 1000), rounds=11, seconds=2)
QUICK = Plan((10, 30, 60), rounds=4, seconds=2)


@dataclass
class Worker:
    """A gateway with one worker over a copied database, and what was measured of it."""

    size: int
    program: Program
    port: int
    start_seconds: float
    start_cpu_seconds: float
    fresh: Memory
    first_ms: list[float] = field(default_factory=list)  # of the first operation on each service
    used: Memory | None = None  # after an operation on every service
    rounds: list[Figures] = field(default_factory=list)

    @property
    def peer(self) -> Peer:
        """The worker as something to load."""
        return Peer(f"{self.size} services", "", self.program, self.port, namespaced=True)


def publish(platform: Platform, upstream: Upstream, plan: Plan) -> dict[int, tuple[str, float, list[Timing]]]:
    """Publish up to each size; return its database copy, the seconds it took, and timed publications."""
    publishers = Publishers(platform, upstream.url, OUT)
    found = {}
    done = 0
    for size in plan.sizes:
        with publishers.running():
            seconds = publishers.grow(done, size) / (size - done)
            timings = publishers.time_editions(size - 1)
        found[size] = platform.copy_database(f"services_{size}"), seconds, timings
        live = median(timing.live_seconds for timing in timings)
        print(f"{size} services: a publication is live everywhere after {live:.3f} s", flush=True)
        done = size
    return found


def start(platform: Platform, size: int, database_url: str, running: ExitStack) -> Worker:
    """Start one worker, then touch every service once."""
    port, began = free_port(), time.monotonic()
    log = OUT / f"gateway-{size}.log"
    program = running.enter_context(platform.gateway(port, core=GATEWAY_CORE, log=log, database_url=database_url))
    wait_until_listening(program, port)
    with Client(port) as client:
        client.ask("{ __typename }")
        worker = Worker(size, program, port, time.monotonic() - began, cpu_seconds(program.pid), memory(program.pid))
        for number in range(size):
            asked = time.monotonic()
            answer = client.ask(f'{{ {service_name(number)} {{ facility(id: "f1000000") {{ id name }} }} }}')
            worker.first_ms.append((time.monotonic() - asked) * 1000)
            if "errors" in answer:
                raise BenchError(f"wrong answer: {answer}")
    worker.used = memory(program.pid)
    return worker


def contest(workers: Sequence[Worker], upstream: Upstream, plan: Plan) -> None:
    """Measure the same operation in every worker, in turn, round by round."""
    loads = {w.size: Load(f"operation-{w.size}", w.port, w.peer.questions(WORKLOAD), OUT) for w in workers}
    for number in range(plan.rounds + 1):
        for worker in workers if number % 2 else reversed(workers):  # so that a drift of the machine cancels out
            figures = measure(worker.peer, loads[worker.size], upstream, 1, plan.seconds)
            if number:
                worker.rounds.append(figures)
            stage = f"round {number}" if number else "warm-up"
            print(f"{stage:8} {worker.size:5} services {figures.cpu_ms_per_request:.4f} CPU ms a request", flush=True)


def summary(published: Mapping[int, Any], workers: Sequence[Worker], plan: Plan) -> dict[str, Any]:
    """Return what was found, and the figures that the targets are about."""
    sizes = {str(w.size): {"yiwang": _figures(w, *published[w.size][1:])} for w in workers}
    smallest_cost, largest_cost = _quiet_cost(workers[0]), _quiet_cost(workers[-1])
    largest = sizes[str(workers[-1].size)]["yiwang"]
    return {
        "conditions": report.conditions(asdict(plan)),
        "workloads": sizes,
        "operation_cost_ratio": round(largest_cost / smallest_cost, 3),
        "publish_to_live_seconds": largest["publish_to_live_seconds"],
    }


def _quiet_cost(worker: Worker) -> float:
    """Return the lower quartile: another program's noise only ever adds to a cost."""
    return quantiles([row.cpu_ms_per_request for row in worker.rounds], n=4)[0]


def _figures(worker: Worker, publish_seconds: float, timings: Sequence[Timing]) -> dict[str, Any]:
    used = worker.used or worker.fresh
    exact = {
        "publish_to_live_seconds": median(timing.live_seconds for timing in timings),
        "publish_to_live_seconds_worst": max(timing.live_seconds for timing in timings),
        "publish_answered_seconds": median(timing.answered_seconds for timing in timings),
        "publish_seconds_each_two_at_once": publish_seconds,
        "start_seconds": worker.start_seconds,
        "start_cpu_seconds": worker.start_cpu_seconds,
        "rss_mib": worker.fresh.rss_mib,
        "pss_mib": worker.fresh.pss_mib,
        "rss_mib_all_used": used.rss_mib,
        "pss_mib_all_used": used.pss_mib,
        "first_request_ms": median(worker.first_ms),
        "cpu_ms_per_request": median(row.cpu_ms_per_request for row in worker.rounds),
        "cpu_ms_per_request_quiet": _quiet_cost(worker),
        "requests_per_cpu_second": median(row.requests_per_cpu_second for row in worker.rounds),
    }
    rounded = {name: round(value, 4) for name, value in exact.items()}
    return {"operations": worker.size * OPERATIONS, **rounded, "processes": worker.fresh.processes}


def table(found: Mapping[str, Any]) -> str:
    """Write the summary as a Markdown table."""
    columns = [
        ("operations", "operations", "d"),
        ("publish → live s", "publish_to_live_seconds", ".3f"),
        ("worst", "publish_to_live_seconds_worst", ".3f"),
        ("worker start s", "start_seconds", ".2f"),
        ("its CPU s", "start_cpu_seconds", ".2f"),
        ("RSS MiB", "rss_mib", ".0f"),
        ("PSS MiB", "pss_mib", ".0f"),
        ("PSS, all used", "pss_mib_all_used", ".0f"),
        ("first request ms", "first_request_ms", ".1f"),
        ("CPU ms a request", "cpu_ms_per_request", ".4f"),
    ]
    lines = ["| services | " + " | ".join(title for title, _, _ in columns) + " |", "|" + "--:|" * (len(columns) + 1)]
    for size, peers in found["workloads"].items():
        cells = [f"{peers['yiwang'][key]:{form}}" for _, key, form in columns]
        lines.append(f"| {size} | " + " | ".join(cells) + " |")
    cost, live = found["operation_cost_ratio"], found["publish_to_live_seconds"]
    lines += ["", f"one operation at the largest size costs {cost:.2f} of what it costs at the smallest (target ≤ 1.1)"]
    lines.append(f"a publication at the largest size is live in every process after {live:.3f} s (target ≤ 1)")
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="make bench NAME=publish", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes and one round, to see that everything runs")
    plan = QUICK if parser.parse_args().quick else FULL
    OUT.mkdir(exist_ok=True)
    try:
        take_the_machine()
        with ExitStack() as running:
            upstream = register.start(OUT, running)
            platform = Platform(running)
            published = publish(platform, upstream, plan)
            workers = [start(platform, size, published[size][0], running) for size in plan.sizes]
            contest(workers, upstream, plan)
    except BenchError as error:
        sys.exit(f"bench: {error}")
    found = summary(published, workers, plan)
    report.write(found, OUT / "publish.json")
    print(f"\n{table(found)}\n\nwritten: bench/out/publish.json")


if __name__ == "__main__":
    main()
