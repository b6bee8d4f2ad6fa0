"""make bench NAME=booking: a release rush for appointments, and a search for free times over 300 offices.

2,000 people want one of 200 places, 150 at a time, through the whole stack: one gateway on a core of its own, then two
gateways while Valkey is killed in the middle and forgets everything. Beside it, in one process, the same by counting
and then inserting, and by the conditional update alone. docs/benchmarks.md says what the figures mean.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from time import monotonic
from typing import Any

import aiohttp
import asyncpg
from msgspec.structs import replace

from bench.appointments import keeping, methods
from bench.appointments.city import HALL, SEARCHED, build, fill_up, times
from bench.appointments.people import Rush, rush
from bench.issuing import tokens
from bench.machine import (
    GATEWAY_CORE,
    LOAD_CORE,
    Program,
    cpu_seconds,
    free_port,
    take_the_machine,
    wait_until_listening,
)
from bench.month.kills import Servers
from bench.own_platform import DEPARTMENT, Platform
from bench.report import conditions
from kernel.database import asyncpg_url, open_database
from kernel.embedded.servers import start_missing, stop, with_urls
from kernel.redis import open_redis
from kernel.settings import Settings, state_path, variable

OUT = Path(__file__).parent / "out" / "booking.json"
PLACES, AT_ONCE = 200, 150
SEARCH_MS = 100.0
"""The most that a search over 300 offices and 14 days may take, 99 times of 100."""
_SEARCH = f'{{ appointmentOffices(service: "{SEARCHED}", days: 14, first: 300) {{ code days {{ day first times }} }} }}'
_AWAY_SECONDS = 1.0
_WARM_UP = 5  # the first one has the graph's own types built
_ISSUER = "https://id.example"  # whichever gateway is asked
_OVERSOLD = """
    SELECT count(*) FROM (
        SELECT s.id FROM appointment_slot s JOIN appointment_resource r ON r.id = s.resource_id AND r.office = $1
            LEFT JOIN booking b ON s.id = ANY (b.slot_ids) AND b.returned_at IS NULL
        GROUP BY s.id HAVING s.taken <> count(b.id) OR s.taken > s.capacity
    ) wrong
"""
_OVERLAPS = """
    SELECT count(*) FROM booking_person a JOIN booking_person b ON a.person = b.person AND a.booking_id < b.booking_id
    WHERE a.active AND b.active AND a.during && b.during
"""


class Bench:
    """The platform's servers, which can be killed, and its gateways."""

    def __init__(self, running: ExitStack) -> None:
        folder = running.enter_context(tempfile.TemporaryDirectory(prefix="yiwang-bench-", ignore_cleanup_errors=True))
        bare = Settings(state_dir=folder)
        self.servers = Servers(bare, (), start_missing(bare))
        running.callback(lambda: stop([*self.servers.running.values()]))
        self.settings = replace(with_urls(bare, [*self.servers.running.values()]), issuer=_ISSUER)
        self.platform = Platform(running, self.settings)
        self._running, self._folder = running, Path(folder)

    def gateway(self, core: str) -> tuple[str, Program]:
        port = free_port()
        log = self._folder / f"gateway-{port}.log"
        variables = {variable("issuer"): _ISSUER}
        program = self._running.enter_context(self.platform.gateway(port, core=core, log=log, variables=variables))
        wait_until_listening(program, port)
        return f"http://127.0.0.1:{port}", program

    async def forget(self) -> None:
        """Kill Valkey, and have it come back a second later with nothing of what it knew."""
        self.servers.kill("valkey")
        await asyncio.sleep(_AWAY_SECONDS)
        shutil.rmtree(state_path(self.settings) / "valkey")
        self.servers.start("valkey")


async def _in_one_process(settings: Settings, people: int) -> dict[str, Any]:
    async with open_redis(settings) as redis:
        pool = await asyncpg.create_pool(asyncpg_url(settings.database_url), min_size=20, max_size=20)
        ways: dict[str, methods.Method] = {"count, then insert": methods.count, "conditional update": methods.update}
        ways["turnstile, then update"] = methods.through(redis)
        found = {}
        for name, method in ways.items():
            await redis.flushall()
            found[name] = await methods.measured(pool, method, people, AT_ONCE, seed=7)
            print(f"{name:24} {found[name]}", flush=True)
        found["a place, lines kept or not"] = await keeping.measured(pool)
        print(f"a place, lines kept or not: {found['a place, lines kept or not']}", flush=True)
        await pool.close()
    return found


async def _rushed(bench: Bench, urls: list[str], bearers: list[str], ahead: int, *, kill: bool) -> dict[str, Any]:
    """Have the rush for a day, and compare what came of it with the database."""
    found: Rush = await rush(urls, bearers, times(ahead), AT_ONCE, (PLACES // 2, bench.forget) if kill else None)
    connection = await asyncpg.connect(asyncpg_url(bench.settings.database_url))
    wrong, overlaps = await connection.fetchval(_OVERSOLD, HALL), await connection.fetchval(_OVERLAPS)
    await connection.close()
    cuts = quantiles(found.waits, n=100)
    return {
        "people": len(bearers),
        "booked": found.ended["booked"],
        "in_database": await _booked(bench, ahead),
        "slots_that_differ": wrong,
        "overlaps": overlaps,
        "requests": len(found.waits),
        "requests_per_second": round(len(found.waits) / found.seconds),
        "attempts_per_second": round(len(bearers) / found.seconds),
        "p50_ms": round(cuts[49], 1),
        "p99_ms": round(cuts[98], 1),
        "refused": dict(found.refused),
        "failed": dict(found.failed),
        "kept_holds": found.kept,
    }


async def _booked(bench: Bench, ahead: int) -> int:
    connection = await asyncpg.connect(asyncpg_url(bench.settings.database_url))
    day = times(ahead)
    rows = await connection.fetchval(
        "SELECT count(*) FROM booking WHERE office = $1 AND state = 'confirmed' AND starts_at BETWEEN $2 AND $3",
        HALL,
        day[0],
        day[-1],
    )
    await connection.close()
    return int(rows)


async def _searched(url: str, number: int, pid: int) -> dict[str, Any]:
    """Search so often, each time until the last byte is there; ``pid`` is the gateway's."""
    waits, before, said = list[float](), 0.0, b""
    async with aiohttp.ClientSession() as client:
        async with client.get(f"{url}/health") as answer:  # a port is open before its worker has started
            await answer.read()
        for turn in range(_WARM_UP + number):
            before = cpu_seconds(pid) if turn <= _WARM_UP else before
            began = monotonic()
            async with client.post(f"{url}/graphql", json={"query": _SEARCH}) as answer:
                said = await answer.read()
            waits.append((monotonic() - began) * 1000)
    offices = json.loads(said)["data"]["appointmentOffices"]
    cuts, first = quantiles(waits[_WARM_UP:], n=100), round(waits[0])
    days, cpu_ms = sum(len(each["days"]) for each in offices), (cpu_seconds(pid) - before) * 1000 / number
    found = {"offices": len(offices), "days": days, "first_ms": first, "cpu_ms": round(cpu_ms, 1)}
    return {**found, "p50_ms": round(cuts[49], 1), "p99_ms": round(cuts[98], 1)}


def _is_exact(found: dict[str, Any]) -> bool:
    """Whether every place was given once, and nobody's request failed."""
    counts = found["booked"] == found["in_database"] == PLACES
    return bool(counts and not found["failed"] and not found["slots_that_differ"] and not found["overlaps"])


def _played(running: ExitStack, people: int, searches: int) -> dict[str, Any]:
    bench = Bench(running)

    async def prepare() -> list[str]:
        async with open_database(bench.settings) as database:
            await build(database, DEPARTMENT, search=True)
            await fill_up(database)
        return await tokens(bench.settings, 2 * people)

    bearers = asyncio.run(prepare())
    found: dict[str, Any] = {"methods": asyncio.run(_in_one_process(bench.settings, people))}
    url, gateway = bench.gateway(GATEWAY_CORE)
    found["search"] = asyncio.run(_searched(url, searches, gateway.pid))
    print(f"search over 300 offices: {found['search']}", flush=True)
    before = cpu_seconds(gateway.pid)
    one = found["one gateway"] = asyncio.run(_rushed(bench, [url], bearers[:people], 2, kill=False))
    one["cpu_ms_a_request"] = round((cpu_seconds(gateway.pid) - before) * 1000 / one["requests"], 2)
    print(f"one gateway: {one}", flush=True)
    other, _ = bench.gateway(LOAD_CORE)
    two = asyncio.run(_rushed(bench, [url, other], bearers[people:], 4, kill=True))
    found["two gateways, Valkey killed"] = two
    print(f"two gateways, Valkey killed: {two}", flush=True)
    return found


def main() -> int:
    """Measure, print, and write it for programs."""
    parser = argparse.ArgumentParser(prog="make bench NAME=booking", description=__doc__)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--searches", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="few people, to see that everything runs")
    given = parser.parse_args()
    if given.quick:
        given.people, given.searches = 400, 10
    take_the_machine()
    with ExitStack() as running:
        found = _played(running, given.people, given.searches)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"conditions": conditions(vars(given)), **found}, indent=2, ensure_ascii=False) + "\n")
    exact = _is_exact(found["one gateway"]) and _is_exact(found["two gateways, Valkey killed"])
    print("exactly 200 confirmed, nothing oversold, no 5xx" if exact else "DIFFERENCES: see above")
    print(f"search p99 {found['search']['p99_ms']} ms ({SEARCH_MS:.0f} ms wanted)")
    return 0 if exact else 1


if __name__ == "__main__":
    sys.exit(main())
