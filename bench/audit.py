"""make bench NAME=audit: appends a second beside the commits a second that the same disk allows; entries verified.

What bounds appends is the head's lock, held from the append to the end of the commit: so the limit is one small
transaction after another on one connection, which is measured in the same run.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from sqlalchemy import text

from bench.report import conditions
from kernel.audit.entries import Event, append
from kernel.audit.verify import verify
from kernel.clock import SystemClock
from kernel.database import Database, open_database
from kernel.embedded import servers
from kernel.settings import Settings
from migrations.upgrade import upgrade

OUT = Path(__file__).parent / "out" / "audit.json"
AT_ONCE = 8  # the connections of one process's pool
CLOCK = SystemClock()
EVENT = Event(
    actor="credential:0a1b2c3d4e5f",
    on_behalf_of="department:city",
    action="service.published",
    object="service:parking",
    details={"version": 12, "replaced": 11, "digest": "9f" * 32, "forced": False},
)


async def one_append(database: Database) -> None:
    """A transaction that records, and does nothing else."""
    async with database.session() as session:
        await append(session, CLOCK, EVENT)


async def one_update(database: Database) -> None:
    """The least that any transaction which takes turns must do: lock a row, change it, commit."""
    async with database.session() as session:
        await (await session.connection()).execute(text("UPDATE limit_of_commits SET number = number + 1"))


async def rate(do: Callable[[Database], Awaitable[None]], database: Database, number: int, at_once: int) -> float:
    """Do it ``number`` times, ``at_once`` at a time; how many a second."""

    async def several() -> None:
        for _ in range(number // at_once):
            await do(database)

    began = time.perf_counter()
    await asyncio.gather(*(several() for _ in range(at_once)))
    return number // at_once * at_once / (time.perf_counter() - began)


async def measured(database: Database, rounds: int, number: int) -> dict[str, float]:
    """Take turns between the ways; medians."""
    await database.pool.execute("CREATE TABLE limit_of_commits AS SELECT 0 AS number")
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, do, at_once in (
            ("commits that take turns", one_update, AT_ONCE),
            ("appends, one after another", one_append, 1),
            (f"appends, {AT_ONCE} at once", one_append, AT_ONCE),
        ):
            found.setdefault(name, []).append(await rate(do, database, number, at_once))
    began = time.perf_counter()
    async with database.pool.acquire() as connection:
        report = await verify(connection, {}, {})
    if report.findings:
        raise SystemExit(f"the log that was just written is not whole: {report.findings[0]}")
    return {name: median(values) for name, values in found.items()} | {
        "entries verified": report.entries / (time.perf_counter() - began)
    }


async def run(settings: Settings, rounds: int, number: int) -> dict[str, float]:
    """Measure in a fresh database."""
    await upgrade(settings.database_url)
    async with open_database(settings) as database:
        return await measured(database, rounds, number)


def main() -> None:
    """Measure, print, and write it for programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything runs")
    plan = {"rounds": 1, "number": 80} if parser.parse_args().quick else {"rounds": 7, "number": 800}
    with (
        tempfile.TemporaryDirectory(prefix="yiwang-", ignore_cleanup_errors=True) as folder,
        servers(Settings(state_dir=folder, redis_url="unused")) as settings,  # durable: fsync as in production
    ):
        figures = asyncio.run(run(settings, **plan))
    for name, value in figures.items():
        print(f"{name:28} {value:9,.0f} a second")
    OUT.parent.mkdir(exist_ok=True)
    report = {"conditions": conditions(plan), "per_second": {k: round(v) for k, v in figures.items()}}
    OUT.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
