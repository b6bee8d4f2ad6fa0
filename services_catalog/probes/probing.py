"""One round of the contract probes: what is due is called, what was found is stored, entries follow the verdicts.

Any number of workers may do it at the same time: each takes what no other has. A worker that dies loses one look.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
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
from services_catalog.probes.tables import Probe, ProbeDay
from services_catalog.probes.targets import follow, forget_unused
from services_catalog.probes.verdict import Checked, Verdict, after, counted, wait

_MOST = 500  # calls of one round
_AT_A_TIME = 64  # of all services
_OF_A_SERVICE = 2  # a probe must not be a load
_TAKEN = timedelta(minutes=2)  # longer than any call takes: who took it is dead then


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
    """Return what is due, and see to it that nobody else takes it meanwhile."""
    async with context.database.session() as session:
        now = context.clock.now()
        due = select(Probe).where(col(Probe.due_at) <= now).order_by(col(Probe.due_at)).limit(_MOST)
        probes = (await session.exec(due.with_for_update(skip_locked=True))).all()
        for each in probes:
            each.due_at = now + _TAKEN
            session.add(each)
        await session.flush()
        session.expunge_all()
    return probes


async def _check_all(context: TaskContext, probes: Sequence[Probe], interval: timedelta, identify: Identify) -> None:
    async with context.database.session() as session:
        cipher = open_keys(context.settings).cipher
        known = await callees(session, cipher, {each.service for each in probes})
    everybody = asyncio.Semaphore(_AT_A_TIME)
    of_a_service: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_OF_A_SERVICE))
    networks = parse_networks(context.settings.upstream_networks)

    async def one(probe: Probe) -> None:
        async with of_a_service[probe.service], everybody:
            checked = await _checked(known.get(probe.service), probe, networks, identify)
        async with context.database.session() as session:
            await _record(session, context.clock, probe.id, checked, interval)

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


async def _record(
    session: AsyncSession, clock: Clock, key: str, checked: Checked | Unprobeable, interval: timedelta
) -> None:
    """Store what a check found, and the verdict with it."""
    probe = await session.get(Probe, key, with_for_update=True)
    if probe is None:  # no entry needs it any more
        return
    now = clock.now()
    probe.checked_at = now
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
