"""The month is played: the clock goes from moment to moment, and whoever's moment has come goes on."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any

from msgspec import Struct

from bench.month.accounting import Accounting, money
from bench.month.agenda import TICK, Agenda
from bench.month.drivers import Drivers
from bench.month.hosts import Host
from bench.month.kills import Killer, Servers
from bench.month.platform import Platform
from bench.month.town import APPS, START, Month
from kernel.clock import ManualClock
from kernel.database import open_database
from kernel.settings import Settings

_HOUR = timedelta(hours=1)
_REST = timedelta(hours=40)  # after the last party: late queries, refunds and bills come to their end
_PERIODIC = ("parking.look", "payments.reconcile")


class Progress(Struct, frozen=True):
    """How far a run is."""

    at: datetime
    entered: int
    tasks: int
    seconds: float


class Played(Struct, frozen=True):
    """A month that is over."""

    platform: Platform
    month: Month
    drivers: Drivers
    killed: Counter[str]
    seconds: float


@asynccontextmanager
async def played(
    settings: Settings,
    month: Month,
    progress: Callable[[Progress], None],
    killing: tuple[Servers | None, int] | None = None,
) -> AsyncIterator[Played]:
    """Play a month in a new, migrated database and an empty Valkey; ``killing``: so often, also servers if given."""
    began = time.monotonic()
    async with _opened(settings, month) as platform:
        await platform.build(month)
        agenda = Agenda()
        drivers = Drivers(platform, month, agenda)
        killer = Killer(platform, month, *killing) if killing else None
        hours, shown = START, 0.0
        while (at := agenda.next) is not None:
            hours = await _go_to(platform, at, hours)
            if killer is not None:
                killer.look(platform.clock.now())
            await platform.work_beside(asyncio.create_task(agenda.go_on(platform.clock.now())))
            if (seconds := time.monotonic() - began) > shown + 10:
                shown = seconds
                progress(Progress(platform.clock.now(), len(drivers.known), platform.tasks, seconds))
        if killer is not None:
            await killer.close()
        end = platform.clock.now() + _REST
        while platform.clock.now() < end:
            hours = await _go_to(platform, platform.clock.now() + timedelta(minutes=30), hours)
            await platform.work()
        killed = killer.done if killer else Counter[str]()
        yield Played(platform, month, drivers, killed, time.monotonic() - began)


async def _go_to(platform: Platform, at: datetime, hours: datetime) -> datetime:
    """Move the clock on by whole ticks, and do on the way what beat starts every hour."""
    while hours + _HOUR <= at:
        hours += _HOUR
        platform.clock.advance(max(hours - platform.clock.now(), timedelta(0)))
        await platform.work()
        for name in _PERIODIC:
            await platform.worker.call("periodic", name)
    ticks = max(-((platform.clock.now() - at) // TICK), 0)
    platform.clock.advance(ticks * TICK)
    return hours


@asynccontextmanager
async def _opened(settings: Settings, month: Month) -> AsyncIterator[Platform]:
    clock = ManualClock(START)
    hosts = [Host(each, clock, Random(f"{month.seed} {each}")) for each in APPS]  # noqa: S311 - repeatable
    async with open_database(settings) as database, aclosing(Platform(settings, database, clock, hosts)) as platform:
        yield platform


async def report(over: Played) -> dict[str, Any]:
    """Count what happened, and compare everything with what truly did."""
    accounting = Accounting(over.platform, over.month, over.drivers)
    await accounting.compare()
    gates = over.drivers.gates.values()
    faults = sum((each.faults for each in gates), Counter())
    return {
        **accounting.figures,
        "sent": sum(each.sent for each in gates),
        "answered_as_duplicates": sum(each.duplicates for each in gates),
        "faults": dict(sorted(faults.items())),
        "said": dict(sorted(over.drivers.said.items())),
        "tasks": over.platform.tasks,
        "killed": dict(sorted(over.killed.items())),
        "asked_again": dict(sorted(over.platform.again.items())),
        **{name: await _counted(over.platform, query) for name, query in _COUNTED.items()},
        "money_fen": money(accounting.owed.values()),
        "differences": dict(accounting.differences),
        "shown": accounting.shown,
        "seconds": round(over.seconds),
    }


_COUNTED = {
    "attempts": "provider || ', ' || state AS name FROM payment_attempt",
    "orders": "state AS name FROM payment_order",
    "refunds": "because || ', ' || state AS name FROM payment_refund",
    "notices": "kind AS name FROM parking_notice",
    "states": "state AS name FROM parking_session WHERE superseded_by IS NULL",
}


async def _counted(platform: Platform, query: str) -> dict[str, int]:
    rows = await platform.database.pool.fetch(f"SELECT count(*) AS n, {query} GROUP BY 2 ORDER BY 2")
    return {row["name"]: row["n"] for row in rows}
