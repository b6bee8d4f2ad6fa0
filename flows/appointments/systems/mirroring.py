"""Their slots become rows of ours, so that whatever searches, holds or draws needs not know whose they are.

Rows of slots are locked in the order of their times, as everywhere, then lines; and no booking's in the same
transaction: whoever books or gives back has a booking's row first.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Raw, Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.colliding import collide
from flows.appointments.deps import Deps
from flows.appointments.lines import draw
from flows.appointments.systems.wire import Slot
from flows.appointments.tables import (
    CHANNELS,
    AppointmentException,
    AppointmentOffice,
    AppointmentResource,
    AppointmentSchedule,
)
from flows.appointments.taking import ROLL_OVER, for_channel
from flows.appointments.waitlist.offering import in_turn, offer
from kernel.clock import Clock
from kernel.database import Database, driver
from services_catalog.organisations.calendars import Span

_PUT = f"""
    INSERT INTO appointment_slot AS s
        (resource_id, schedule_id, starts_at, ends_at, capacity, quota, status, version)
    SELECT resource, schedule, starts, ends, (SELECT sum(n) FROM unnest(string_to_array(quota, ',')::int[]) n),
        string_to_array(quota, ',')::smallint[], status, version
    FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::bigint[])
        AS given (resource, schedule, starts, ends, quota, status, version)
    ON CONFLICT (resource_id, starts_at) DO UPDATE SET schedule_id = excluded.schedule_id, ends_at = excluded.ends_at,
        quota = excluded.quota, status = excluded.status, version = excluded.version,
        capacity = greatest(excluded.capacity, s.taken)
    WHERE s.version IS NULL OR s.version < excluded.version
        OR (s.version = excluded.version AND s.status <> excluded.status)
    RETURNING id, {for_channel("$8", "1")} AS places
"""  # noqa: S608 - a text of ours
# All of them, in one order: what is written next takes them in none.
_LOCK_SLOTS = f"""
    SELECT s.id, {for_channel("$3", "1")} AS places
    FROM appointment_slot s JOIN unnest($1::uuid[], $2::timestamptz[]) AS given (resource, starts)
        ON s.resource_id = given.resource AND s.starts_at = given.starts
    ORDER BY s.resource_id, s.starts_at FOR UPDATE OF s
"""  # noqa: S608 - as above
_OVER = """
    WITH gone AS (
        SELECT s.id FROM appointment_slot s
        WHERE s.resource_id = ANY ($1::uuid[]) AND s.starts_at >= $2 AND s.starts_at < $5 AND NOT EXISTS (
            SELECT 1 FROM unnest($3::uuid[], $4::timestamptz[]) AS listed (resource, starts)
            WHERE listed.resource = s.resource_id AND listed.starts = s.starts_at
        )
        ORDER BY s.resource_id, s.starts_at FOR UPDATE
    ), deleted AS (
        DELETE FROM appointment_slot s USING gone WHERE s.id = gone.id AND s.taken = 0
    )
    UPDATE appointment_slot s SET status = 'closed' FROM gone WHERE s.id = gone.id AND s.taken > 0
"""


Told = tuple[AppointmentResource, Slot]
"""What a system says of a time of one of its resources."""

FINDINGS = 20
"""So many are kept of a system."""


_ANY = [Span(0, 2880)]  # also of a slot that ends on the next day


class MismatchError(ValueError):
    """The file of offices and a system do not say the same: of each of many slots, and told once."""


UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


def finding(where: str, error: Exception) -> str:
    """Return what an operator reads."""
    return str(error) if isinstance(error, MismatchError) else f"{where}: {error}"


def together(new: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return findings once each, the new ones first."""
    return [*dict.fromkeys([*new, *known])][:FINDINGS]


class Read(Struct, frozen=True):
    """What could be read of what a system said, and what is wrong with the rest."""

    slots: list[Told]
    findings: list[str]


class Resources:
    """The resources of a system that are in use, by what it calls them."""

    def __init__(self, rows: Sequence[tuple[AppointmentResource, AppointmentOffice]]) -> None:
        self.all = [row for row, _ in rows]
        self.zones = {row.id: office.time_zone for row, office in rows}
        self._by_name = {(row.office, row.code): row for row, office in rows if not (row.closed_at or office.closed_at)}

    def get(self, office: str, resource: str) -> AppointmentResource | None:
        return self._by_name.get((office, resource))

    def read(self, given: Sequence[Raw], where: str) -> Read:
        """Read slots one by one: what is wrong with one concerns no other."""
        found = Read([], [])
        for number, raw in enumerate(given):
            try:
                found.slots.append(self.checked(msgspec.json.decode(raw, type=Slot)))
            except UNREADABLE as error:
                found.findings.append(finding(f"{where}/{number}", error))
        return found

    def checked(self, slot: Slot) -> Told:
        """Return a slot with its resource. Raises MismatchError."""
        name, row = f"{slot.office}/{slot.resource}", self.get(slot.office, slot.resource)
        if row is None:
            raise MismatchError(f"{name} is no resource of this system in the file of offices, or closed")
        if slot.ends - slot.starts != timedelta(minutes=row.slot_minutes):
            raise MismatchError(f"a slot of {name} has not its {row.slot_minutes} minutes")
        if slot.starts.second or slot.starts.microsecond:
            raise MismatchError(f"a slot of {name} begins at no whole minute")
        if strange := sorted(set(slot.services) - set(row.skills)):
            raise MismatchError(f"{', '.join(strange)} is no skill of {name}")
        return row, slot


async def resources_of(session: AsyncSession, system: str) -> Resources:
    """Return a system's resources."""
    chosen = (
        select(AppointmentResource, AppointmentOffice)
        .join(AppointmentOffice, col(AppointmentOffice.code) == AppointmentResource.office)
        .where(AppointmentResource.system == system)
        .order_by(col(AppointmentResource.id))
    )
    return Resources((await session.exec(chosen)).all())


async def put(session: AsyncSession, clock: Clock, resources: Resources, slots: Sequence[Told]) -> None:
    """Have slots be as their system says, unless what is known of one is newer. What comes free is for who waits."""
    await in_turn(session)
    latest = {(row.id, slot.starts): slot for row, slot in sorted(slots, key=lambda each: each[1].version)}
    keys = sorted(key for key in latest if key[1] >= clock.now())
    told = [latest[key] for key in keys]
    await _lock(session, {key[0] for key in keys})
    schedules = await _schedules(session, {(key[0], services_of(slot)) for key, slot in zip(keys, told, strict=True)})
    connection, until = await driver(session), clock.now() + ROLL_OVER
    rows = await connection.fetch(_LOCK_SLOTS, [key[0] for key in keys], [key[1] for key in keys], until)
    before = {row["id"]: row["places"] for row in rows}
    written = await connection.fetch(
        _PUT,
        [key[0] for key in keys],
        [schedules[key[0], services_of(slot)] for key, slot in zip(keys, told, strict=True)],
        [key[1] for key in keys],
        [each.ends for each in told],
        [",".join(map(str, quota(each))) for each in told],
        ["closed" if each else "open" for each in await _closed(session, resources, keys, told)],
        [each.version for each in told],
        until,
    )
    await _draw(session, clock, resources, {key[0] for key in keys})
    freed = {row["id"]: row["places"] - before[row["id"]] for row in written if row["id"] in before}
    await offer(Deps(session, clock), freed)


async def close_others(
    session: AsyncSession, clock: Clock, resources: Resources, slots: Sequence[Told], until: datetime
) -> None:
    """Serve no time to come that a whole listing of a span lacks; nobody who has booked one loses it by that."""
    ids = {each.id for each in resources.all}
    await _lock(session, ids)
    connection = await driver(session)
    listed = [row.id for row, _ in slots], [slot.starts for _, slot in slots]
    await connection.execute(_OVER, sorted(ids), clock.now(), *listed, until)
    await _draw(session, clock, resources, ids)


async def _lock(session: AsyncSession, ids: Collection[UUID]) -> None:
    """Lock resources against whoever else writes their slots; new bookings refer to the rows meanwhile."""
    chosen = select(AppointmentResource.id).where(col(AppointmentResource.id).in_(ids))
    await session.exec(chosen.order_by(col(AppointmentResource.id)).with_for_update(key_share=True))


async def _draw(session: AsyncSession, clock: Clock, resources: Resources, ids: Collection[UUID]) -> None:
    connection = await driver(session)
    for each in resources.all:
        if each.id in ids:
            zone = ZoneInfo(resources.zones[each.id])
            today = clock.now().astimezone(zone).date()
            await draw(connection, each, datetime.combine(today, time(), zone))


async def _closed(
    session: AsyncSession, resources: Resources, keys: Sequence[tuple[UUID, datetime]], slots: Sequence[Slot]
) -> list[bool]:
    """Return which slots nobody is served in: their system says so, or the hours of their office on that day."""
    offices = {each.office for each in slots}
    rows = await session.exec(select(AppointmentException).where(col(AppointmentException.office).in_(offices)))
    hours = {(each.office, each.day): msgspec.convert(each.hours, list[Span]) for each in rows}
    found = []
    for (resource, starts), slot in zip(keys, slots, strict=True):
        local = starts.astimezone(ZoneInfo(resources.zones[resource]))
        begin = local.hour * 60 + local.minute
        end = begin + (slot.ends - starts) // timedelta(minutes=1)
        spans = hours.get((slot.office, local.date()), _ANY)
        found.append(slot.closed or not any(span.begin <= begin and end <= span.end for span in spans))
    return found


async def collide_all(database: Database, clock: Clock, resource_ids: Iterable[UUID]) -> None:
    """Have bookings whose time is served no more be conflicts."""
    for each in sorted(set(resource_ids)):
        async with database.session() as session:
            await collide(session, clock, each)


def services_of(slot: Slot) -> tuple[str, ...]:
    """Return the services of a slot in one order."""
    return tuple(sorted(set(slot.services)))


def quota(slot: Slot) -> list[int]:
    """Return the places of each channel, without what others have taken. Those for few keep theirs the longest.

    A system that knows no channels has them all for the public.
    """
    left = max(slot.capacity - slot.taken, 0)
    places = dict(slot.channels) or {"public": left}
    found = []
    for channel in reversed(CHANNELS):
        found.append(min(places.get(channel, 0), left))
        left -= found[-1]
    return found[::-1]


async def _schedules(
    session: AsyncSession, wanted: Collection[tuple[UUID, tuple[str, ...]]]
) -> dict[tuple[UUID, tuple[str, ...]], UUID]:
    """Return the schedules by which a mirror's slots are of services; those that are missing are made.

    They have no days: nothing is ever written ahead by them.
    """
    ids = {resource for resource, _ in wanted}
    mine = select(AppointmentSchedule).where(
        col(AppointmentSchedule.resource_id).in_(ids),
        col(AppointmentSchedule.ended_at).is_(None),
        AppointmentSchedule.days == [],
    )
    known = {(row.resource_id, tuple(row.services)): row.id for row in (await session.exec(mine)).all()}
    for resource, services in sorted(set(wanted) - known.keys()):
        row = AppointmentSchedule(
            resource_id=resource, days=[], begin_minute=0, end_minute=1440, quota=[0] * 4, services=list(services)
        )
        session.add(row)
        known[resource, services] = row.id
    await session.flush()
    return known
