"""One round of the contract probes: what is due is called, what was found is stored, entries follow the verdicts.

Any number of workers may do it at the same time: each takes what no other has. A worker that dies loses one look.
"""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.celery import TaskContext
from kernel.clock import CHINA, Clock
from kernel.crypto.keys import open_keys
from kernel.networks import Network, parse_networks
from services_catalog.announcements import announce
from services_catalog.probes.callees import callees
from services_catalog.probes.calling import Call, Callee, Identify, Unprobeable, check
from services_catalog.probes.settling import settle_all
from services_catalog.probes.tables import Probe, ProbeDay, ProbedEntry
from services_catalog.probes.targets import follow, forget_unused, holds_on
from services_catalog.probes.verdict import Checked, Verdict, after, counted, wait

_MOST = 500  # calls of one round
_AT_A_TIME = 64  # of all services
_OF_A_SERVICE = 2  # a probe must not be a load
_MOST_OF_A_SERVICE = 8  # in one round; the next one of a service begins when they are done
_TAKEN = timedelta(minutes=10)  # longer than those take, at 120 s each: who took them is dead then

_log = logging.getLogger(__name__)


async def probe_all_due(context: TaskContext, interval: timedelta, identify: Identify) -> None:
    """Do one round."""
    await _follow(context)
    probes = await _take(context)
    if probes:
        await _check_all(context, probes, interval, identify)
    newest = await settle_all(context.database, context.clock)
    if newest is not None:
        await announce(context.redis, newest)


async def _follow(context: TaskContext) -> None:
    more = True
    while more:
        async with context.database.session() as session:
            more = await follow(session, context.clock)
            if not more:
                await forget_unused(session)


async def _take(context: TaskContext) -> Sequence[Probe]:
    """Return what is due of entries that hold today, and see to it that nobody else takes it meanwhile."""
    now = context.clock.now()
    async with context.database.session() as session:
        probes: Sequence[Probe] = (await session.exec(_due(now))).all()
        for each in probes:
            each.taken_until = now + _TAKEN
            session.add(each)
        await session.flush()
        session.expunge_all()
    return probes


def _due(now: datetime) -> Any:
    """Select what is due, a few of each service of which none is being called."""
    free = col(Probe.taken_until).is_(None) | (col(Probe.taken_until) <= now)
    busy = select(Probe.service).where(col(Probe.taken_until) > now)
    place = func.row_number().over(partition_by=col(Probe.service), order_by=col(Probe.due_at))
    needed = col(Probe.id).in_(select(ProbedEntry.probe).where(holds_on(now.astimezone(CHINA).date())))
    waiting = select(Probe.id, place.label("place")).where(
        col(Probe.due_at) <= now, free, col(Probe.service).not_in(busy), needed
    )
    ranked = waiting.subquery()
    chosen = select(Probe).join(ranked, ranked.c.id == col(Probe.id)).where(ranked.c.place <= _MOST_OF_A_SERVICE)
    return chosen.order_by(col(Probe.due_at)).limit(_MOST).with_for_update(skip_locked=True, of=Probe)


async def _check_all(context: TaskContext, probes: Sequence[Probe], interval: timedelta, identify: Identify) -> None:
    async with context.database.session() as session:
        cipher = open_keys(context.settings).cipher
        known = await callees(session, cipher, {each.service for each in probes})
    everybody = asyncio.Semaphore(_AT_A_TIME)
    of_a_service: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_OF_A_SERVICE))
    networks = parse_networks(context.settings.upstream_networks)

    async def one(probe: Probe) -> None:
        try:
            async with of_a_service[probe.service], everybody:
                checked = await _checked(known.get(probe.service), probe, networks, identify)
            async with context.database.session() as session:
                await _record(session, context.clock, probe.id, checked, interval)
        except Exception:  # noqa: BLE001 - whatever it is, the others are to be recorded, and this one comes again
            _log.exception("a probe could not be recorded", extra={"probe": probe.id, "operation": probe.operation})

    await asyncio.gather(*(one(each) for each in probes))


async def _checked(
    callee: Callee | None, probe: Probe, networks: tuple[Network, ...], identify: Identify
) -> Checked | Unprobeable:
    operation = callee.operation(probe.operation) if callee else None
    if callee is None or operation is None:
        return Checked(failure=f"the graph has no {probe.operation} any more")
    try:
        return await check(callee, Call(operation, probe.arguments, probe.slow_after_ms), networks, identify)
    except Unprobeable as error:
        return error
    except Exception:  # noqa: BLE001 - answers are others' bytes: whatever they do to us, it is a finding
        _log.exception("a probe failed in a way that nobody has foreseen", extra={"operation": probe.operation})
        return Checked(failure="answered with what cannot be read at all")


async def _record(
    session: AsyncSession, clock: Clock, key: str, checked: Checked | Unprobeable, interval: timedelta
) -> None:
    """Store what a check found, and the verdict with it."""
    probe = await session.get(Probe, key, with_for_update=True)
    if probe is None:  # no entry needs it any more
        return
    now = clock.now()
    probe.checked_at, probe.taken_until = now, None
    session.add(probe)
    if isinstance(checked, Unprobeable):
        probe.failure, probe.found, probe.took_ms = f"not called: {checked}", [], None
        probe.due_at = now + interval
        return
    before = Verdict(probe.down, probe.streak)
    verdict = after(before, passed=checked.passed)
    if verdict.down != before.down:
        probe.since, probe.because = now, checked.reason if verdict.down else ""
    probe.down, probe.streak = verdict.down, verdict.streak
    probe.failure, probe.took_ms = checked.failure, checked.took_ms
    probe.found = msgspec.to_builtins(checked.deviations)
    probe.due_at = now + wait(verdict, interval, random.random())  # noqa: S311 - it spreads calls, and hides nothing
    await _count(session, probe.service, now.astimezone(CHINA).date(), counted(checked))


async def _count(session: AsyncSession, service: str, day: date, numbers: dict[str, int]) -> None:
    added = insert(ProbeDay).values(service=service, day=day, **numbers)
    sums = {name: col(getattr(ProbeDay, name)) + added.excluded[name] for name in numbers}
    await session.exec(added.on_conflict_do_update(index_elements=["service", "day"], set_=sums))
