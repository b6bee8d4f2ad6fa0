"""Reminders of what is to come: so long before as its service says, once; none of what was booked later than that.

When that is stands with each booking, so that looking each minute costs what is due, and not all that is to come.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.deps import Deps
from flows.appointments.finding import booking_of
from flows.appointments.history import happen
from flows.appointments.notices import notify_everybody
from flows.appointments.tables import AppointmentService
from kernel.clock import Clock
from kernel.database import Database, driver

_ACTOR = "system:appointments"
_AT_ONCE = 1000
DUE = """
    SELECT id FROM booking WHERE state = 'confirmed' AND remind_at <= $1 AND starts_at > $1
    ORDER BY remind_at LIMIT $2
"""
# Whoever was reminded is not again, unless of another time: an event that has one says so.
_FOLLOW = """
    WITH open AS (
        SELECT b.id, b.created_at, s.remind_minutes, b.starts_at - s.remind_minutes * interval '1 minute' AS moment
        FROM booking b JOIN appointment_service s ON s.code = b.service
        WHERE {which} AND b.state IN ('confirmed', 'conflict') AND b.starts_at > $1 AND NOT EXISTS (
            SELECT 1 FROM booking_event e WHERE e.booking_id = b.id AND e.event = 'remind' AND NOT EXISTS (
                SELECT 1 FROM booking_event m WHERE m.booking_id = b.id AND m.details ? 'starts_at' AND m.id > e.id
            )
        )
        ORDER BY b.id FOR UPDATE OF b
    )
    UPDATE booking b SET remind_at = CASE WHEN remind_minutes > 0 AND moment >= open.created_at THEN moment END
    FROM open WHERE b.id = open.id
"""
_OF_SERVICE = _FOLLOW.format(which="b.service = $2")
# Of those alone that may be due, so that no more is read than is soon to come.
_FORGOTTEN = _FOLLOW.format(
    which="""b.remind_at IS NULL AND s.remind_minutes > 0
        AND b.starts_at - s.remind_minutes * interval '1 minute' BETWEEN b.created_at AND $1
        AND b.starts_at <= $1 + (SELECT max(remind_minutes) FROM appointment_service) * interval '1 minute'"""
)


def remind_at(service: AppointmentService, starts_at: datetime, created_at: datetime) -> datetime | None:
    """Return when people are to be reminded of a time; None: they are not, or have booked it later than that."""
    moment = starts_at - timedelta(minutes=service.remind_minutes)
    return moment if service.remind_minutes and moment >= created_at else None


async def follow(session: AsyncSession, clock: Clock, service: str) -> None:
    """Have the bookings of a service that are to come be reminded of as it says by now."""
    await (await driver(session)).execute(_OF_SERVICE, clock.now(), service)


async def find_forgotten(session: AsyncSession, clock: Clock) -> None:
    """Have people be reminded now of bookings that say no moment: a process of a former version has written them."""
    await (await driver(session)).execute(_FORGOTTEN, clock.now())


async def to_remind(database: Database, clock: Clock) -> Sequence[UUID]:
    """Return the bookings whose people are to be reminded now, those that are due the longest first."""
    async with database.snapshot() as session:
        rows = await (await driver(session)).fetch(DUE, clock.now(), _AT_ONCE)
    return [UUID(int=row["id"].int) for row in rows]


async def remind(deps: Deps, booking_id: UUID) -> None:
    """Remind the people of a booking, unless something has happened to it meanwhile."""
    row, now = await booking_of(deps.session, booking_id, lock=True), deps.clock.now()
    if row.state != "confirmed" or row.remind_at is None or not row.remind_at <= now < row.starts_at:
        return
    row.remind_at = None
    await happen(deps.session, deps.clock, row, "remind", _ACTOR)
    await notify_everybody(deps, row, "reminder", occasion=str(row.sequence), code=row.code)  # again once it is moved
