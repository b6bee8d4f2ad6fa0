"""What recording costs a request: the same request with and without it, in one process and one run.

The endpoint is real from the request's bytes to the answer's, token included; the plan is at hand, and the departments
are left out, so the share that recording takes is the most that it can be. ``count`` is the counting alone. Rounds are
interleaved, the loop's own cost is taken off ``count``; figures are medians of CPU nanoseconds.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

from bench.report import conditions
from gateway.http.graphql import GraphQLOverHTTP
from gateway.http.request_ids import RequestIds
from gateway.pipeline.execute import Outcome
from gateway.pipeline.plan import Planned
from gateway.recording import Recorder, Sent
from kernel.clock import ManualClock
from kernel.settings import Settings

ROUNDS, REQUESTS, COUNTS = 15, 5_000, 200_000
OUT = Path(__file__).parent / "out" / "recording.json"
QUERY = "query Lots($near: String) { parking { lots(near: $near) { id name free } } }"
BODY = json.dumps({"query": QUERY, "variables": {"near": "x"}}).encode()
HEADERS = {b"content-type": b"application/json", b"authorization": b"Bearer x"}
CLIENT = "wx0123456789abcdef"
Record = Callable[[Sent, str], None]


def main() -> None:
    """Measure, print and write for programs."""
    with_, without, count = asyncio.run(measured())
    report = {
        "request_ns": {"with": round(with_), "without": round(without)},
        "ratio": round(with_ / without, 3),
        "count_ns": round(count),
    }
    print(
        f"a request without departments: {with_:,.0f} ns with recording, {without:,.0f} ns without: {report['ratio']}"
    )
    print(f"counting alone: {count:,.0f} ns")
    OUT.parent.mkdir(exist_ok=True)
    rounds = {"rounds": ROUNDS, "requests": REQUESTS, "counts": COUNTS}
    OUT.write_text(json.dumps({"conditions": conditions(rounds), **report}, indent=2) + "\n")


async def measured() -> tuple[float, float, float]:
    """Return nanoseconds of a request with and without recording, and of counting."""
    nothing: Any = None  # neither is called
    recorder = Recorder(nothing, nothing, ManualClock(datetime(2026, 11, 29, tzinfo=UTC)))
    sent = Sent(QUERY, "Lots", ("parking",))
    endpoints = endpoint(sent, recorder), endpoint(sent, lambda _sent, _client: None)
    ways: list[list[float]] = [[], [], []]
    for _ in range(ROUNDS):
        for way, each in zip(ways, endpoints, strict=False):
            way.append(await of_requests(each))
        ways[2].append(of_counts(recorder, sent))
    with_, without, count = (median(way) for way in ways)
    return with_, without, count


def endpoint(sent: Sent, record: Record) -> GraphQLOverHTTP:
    """Return the endpoint over a plan that is at hand and departments that have answered."""
    planned, outcome = Planned(None, [], sent=sent), Outcome(b'{"parking":{"lots":[]}}', [])

    async def plan(*_: object) -> Planned:
        return planned

    async def execute(*_: object) -> Outcome:
        return outcome

    token = SimpleNamespace(client_id=CLIENT)
    planner: Any = SimpleNamespace(plan=plan)
    executor: Any = SimpleNamespace(execute=execute)
    authenticator: Any = lambda _: token  # noqa: E731 - it stands for an object
    return GraphQLOverHTTP(planner, authenticator, executor, RequestIds(), Settings(access_log=False), record=record)


async def of_requests(ask: Callable[..., Awaitable[Any]]) -> float:
    """Return the CPU nanoseconds of one request."""
    began = time.process_time_ns()
    for _ in range(REQUESTS):
        await ask("POST", b"", HEADERS, BODY)
    return (time.process_time_ns() - began) / REQUESTS


def of_counts(record: Record, sent: Sent) -> float:
    """Return the CPU nanoseconds of counting once."""
    began = time.process_time_ns()
    for _ in range(COUNTS):
        record(sent, CLIENT)
    middle = time.process_time_ns()
    for _ in range(COUNTS):
        pass
    return (2 * middle - began - time.process_time_ns()) / COUNTS


if __name__ == "__main__":
    main()
