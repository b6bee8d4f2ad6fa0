"""Slots written ahead, and brought in line with schedules that have changed.

Whoever has booked keeps their time: a slot that is no longer served but taken is closed, not deleted, and its bookings
become conflicts that people decide; one that would have fewer places than are taken keeps those that are.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import any_, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.colliding import collide
from flows.appointments.hours import Opening, Planned, planned
from flows.appointments.lines import draw
from flows.appointments.office_days import OfficeDays, days_of
from flows.appointments.tables import (
    AppointmentOffice,
    AppointmentResource,
    AppointmentSchedule,
    AppointmentService,
)
from flows.appointments.taking import ROLL_OVER, for_channel
from kernel.clock import Clock
from kernel.database import driver
from services_catalog.organisations.errors import UnknownOrganisationError

_AHEAD = 2
"""Days written beyond the last that is released: a worker that rests over a weekend's night leaves none missing."""

_FREED = "freed slots of appointments"  # in AsyncSession.info
_PUT = f"""
    INSERT INTO appointment_slot AS s (resource_id, schedule_id, starts_at, ends_at, capacity, quota, status)
    SELECT $1, schedule, starts, ends, (SELECT sum(n) FROM unnest(string_to_array(quota, ',')::int[]) n),
        string_to_array(quota, ',')::smallint[], 'open'
    FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::text[]) AS given (schedule, starts, ends, quota)
    ON CONFLICT (resource_id, starts_at) DO UPDATE SET schedule_id = excluded.schedule_id,
        ends_at = excluded.ends_at, quota = excluded.quota, status = 'open', version = NULL,
        capacity = greatest(excluded.capacity, s.taken)
    WHERE (s.schedule_id, s.ends_at, s.quota, s.status)
            IS DISTINCT FROM (excluded.schedule_id, excluded.ends_at, excluded.quota, 'open')
        OR s.version IS NOT NULL
        OR s.capacity <> greatest(excluded.capacity, s.taken)
    RETURNING id, {for_channel("$6", "1")} AS places
"""  # noqa: S608 - a text of ours
# Whoever books, moves or gives back has a booking's row before those of slots: so bookings come first here, too.
_BOOKINGS = """
    SELECT 1 FROM booking
    WHERE resource_id = ANY ($1::uuid[]) AND starts_at >= $2 AND state IN ('confirmed', 'conflict')
    ORDER BY id FOR UPDATE
"""
_SLOTS = f"""
    SELECT id, {for_channel("$3", "1")} AS places FROM appointment_slot s
    WHERE resource_id = ANY ($1::uuid[]) AND starts_at >= $2
    ORDER BY resource_id, starts_at FOR UPDATE
"""  # noqa: S608 - as above
_OVER = """
    WITH gone AS (
        SELECT id FROM appointment_slot
        WHERE resource_id = $1 AND starts_at >= $2 AND starts_at <> ALL ($3::timestamptz[])
    ), deleted AS (
        DELETE FROM appointment_slot s USING gone WHERE s.id = gone.id AND s.taken = 0
    )
    UPDATE appointment_slot s SET status = 'closed' FROM gone WHERE s.id = gone.id AND s.taken > 0
"""


_AHEAD_OF = select(func.coalesce(func.max(AppointmentService.days), 0) + _AHEAD).where(
    col(AppointmentService.code) == any_(col(AppointmentResource.skills))
)
_RESOURCES = (
    select(AppointmentResource, AppointmentOffice, _AHEAD_OF.correlate(AppointmentResource).scalar_subquery())
    .join(AppointmentOffice, col(AppointmentOffice.code) == AppointmentResource.office)
    .where(col(AppointmentResource.system).is_(None))  # of the others slots are a mirror (``systems.mirroring``)
)


class _Work(NamedTuple):
    """What is to be written of a resource: from its first day to its last. ``anew``: others may have booked there.

    ``begins_at``: where its line begins, today.
    """

    resource: AppointmentResource
    begins_at: datetime
    days: OfficeDays | None
    first: date
    last: date
    anew: bool


async def due(session: AsyncSession, clock: Clock) -> Sequence[UUID]:
    """Return the resources whose slots are not written as far ahead as released, or of days that have changed."""
    in_use = _RESOURCES.where(col(AppointmentResource.closed_at).is_(None), col(AppointmentOffice.closed_at).is_(None))
    rows = (await session.exec(in_use)).all()
    offices = {office.code: office for _, office, _ in rows}
    digests = {code: await _digest(session, office, clock.now()) for code, office in offices.items()}
    return [
        each.id
        for each, office, ahead in rows
        if each.filled_of != digests[office.code]
        or each.filled_until is None
        or each.filled_until < _today(office, clock.now()) + timedelta(days=ahead)
    ]


async def _digest(session: AsyncSession, office: AppointmentOffice, now: datetime) -> str | None:
    try:
        days = await days_of(session, office, _today(office, now))
    except UnknownOrganisationError:
        return None  # to fill its resources says so, of each
    return days.digest if days else ""


async def fill(session: AsyncSession, clock: Clock, resource_ids: Collection[UUID], *, anew: bool = False) -> int:
    """Write the slots of resources that are missing; if their days have changed or ``anew``, all from now on.

    Returns how many bookings have become conflicts. Raises UnknownOrganisationError.
    """
    chosen = _RESOURCES.where(col(AppointmentResource.id).in_(resource_ids)).order_by(col(AppointmentResource.id))
    lock = chosen.with_for_update(key_share=True, of=AppointmentResource)  # new bookings refer to the rows meanwhile
    rows = (await session.exec(lock.execution_options(populate_existing=True))).all()
    now, works = clock.now(), list[_Work]()
    for resource, office, ahead in rows:
        today = _today(office, now)
        begins_at = datetime.combine(today, time(), ZoneInfo(office.time_zone))
        days = await days_of(session, office, today)
        last, written = today + timedelta(days=ahead), resource.filled_until or today - timedelta(days=1)
        if anew or resource.filled_of != (days.digest if days else ""):
            works.append(_Work(resource, begins_at, days, today, max(last, written), anew=True))
        elif last > written:
            first = max(today, written + timedelta(days=1))
            works.append(_Work(resource, begins_at, days, first, last, anew=False))
    before = await _lock(await driver(session), [each.resource.id for each in works if each.anew], now)
    return sum([await _fill(session, clock, each, before) for each in works])


def freed_slots(session: AsyncSession) -> dict[int, int]:
    """Return, once, how many places residents have by this transaction of slots of days of before."""
    freed: dict[int, int] = session.info.pop(_FREED, {})
    return freed


def _today(office: AppointmentOffice, now: datetime) -> date:
    return now.astimezone(ZoneInfo(office.time_zone)).date()


async def _lock(
    connection: "asyncpg.Connection[asyncpg.Record]", resource_ids: Collection[UUID], now: datetime
) -> dict[int, int]:
    """Lock the bookings to come and all slots; also those bookings that others made while we waited for slots.

    Returns how many places of each slot residents can have now.
    """
    while True:
        try:
            async with connection.transaction():  # a savepoint: if it fails, its locks are gone
                await connection.execute(_BOOKINGS, list(resource_ids), now)
                slots = await connection.fetch(_SLOTS, list(resource_ids), now, now + ROLL_OVER)
                await connection.execute(f"{_BOOKINGS} NOWAIT", list(resource_ids), now)
        except asyncpg.LockNotAvailableError:
            continue  # whoever has it moves, and waits for a slot
        return {row["id"]: row["places"] for row in slots}


async def _fill(session: AsyncSession, clock: Clock, work: _Work, before: Mapping[int, int]) -> int:
    resource, now = work.resource, clock.now()
    slots = [] if work.days is None else await _planned(session, work, work.days)
    coming = [each for each in slots if each.starts_at >= now]
    connection = await driver(session)
    put = await connection.fetch(
        _PUT,
        resource.id,
        [each.schedule_id for each in coming],
        [each.starts_at for each in coming],
        [each.ends_at for each in coming],
        [",".join(map(str, each.quota)) for each in coming],
        now + ROLL_OVER,
    )
    if work.anew and resource.filled_until is not None:
        freed = {row["id"]: row["places"] - before.get(row["id"], 0) for row in put}
        session.info.setdefault(_FREED, Counter()).update(freed)  # added up, if it is written twice
    resource.filled_until, resource.filled_of = work.last, work.days.digest if work.days else ""
    session.add(resource)
    if work.anew:
        await connection.execute(_OVER, resource.id, now, [each.starts_at for each in coming])
    await draw(connection, resource, work.begins_at)
    return await collide(session, clock, resource.id) if work.anew else 0


async def _planned(session: AsyncSession, work: _Work, days: OfficeDays) -> list[Planned]:
    of = select(AppointmentSchedule).where(
        AppointmentSchedule.resource_id == work.resource.id, col(AppointmentSchedule.ended_at).is_(None)
    )
    openings = [
        Opening(
            each.id,
            tuple(each.days),
            each.begin_minute,
            each.end_minute,
            tuple(each.quota),
            each.valid_from,
            each.valid_to,
        )
        for each in (await session.exec(of.order_by(col(AppointmentSchedule.begin_minute)))).all()
    ]
    slot = timedelta(minutes=work.resource.slot_minutes)
    found: list[Planned] = []
    for ahead in range((work.last - work.first).days + 1):
        day = work.first + timedelta(days=ahead)
        found += planned(openings, days.calendar, day, slot, days.exceptions.get(day))
    return found
