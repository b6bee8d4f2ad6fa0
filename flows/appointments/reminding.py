"""Reminders of what is to come: so long before as its service says, once; none of what was booked later than that."""

from collections.abc import Sequence
from uuid import UUID

from flows.appointments.deps import Deps
from flows.appointments.finding import booking_of
from flows.appointments.history import happen
from flows.appointments.notices import notify_everybody
from kernel.clock import Clock
from kernel.database import Database, driver

_ACTOR = "system:appointments"
_AT_ONCE = 1000
_DUE = """
    SELECT b.id FROM booking b JOIN appointment_service s ON s.code = b.service
    WHERE b.state = 'confirmed' AND b.starts_at > $1
        AND b.starts_at - s.remind_minutes * interval '1 minute' BETWEEN b.created_at AND $1
        AND NOT EXISTS (
            SELECT 1 FROM booking_event e WHERE e.booking_id = b.id AND e.event = 'remind' AND NOT EXISTS (
                SELECT 1 FROM booking_event m WHERE m.booking_id = b.id AND m.details ? 'starts_at' AND m.id > e.id
            )
        )
        AND ($3::uuid IS NULL OR b.id = $3)
    ORDER BY b.starts_at LIMIT $2
"""


async def to_remind(database: Database, clock: Clock) -> Sequence[UUID]:
    """Return the bookings whose people are to be reminded now, the earliest first."""
    async with database.snapshot() as session:
        rows = await (await driver(session)).fetch(_DUE, clock.now(), _AT_ONCE, None)
    return [UUID(int=row["id"].int) for row in rows]


async def remind(deps: Deps, booking_id: UUID) -> None:
    """Remind the people of a booking, unless something has happened to it meanwhile."""
    row = await booking_of(deps.session, booking_id, lock=True)
    if await (await driver(deps.session)).fetchval(_DUE, deps.clock.now(), 1, booking_id) is None:
        return
    await happen(deps.session, deps.clock, row, "remind", _ACTOR)
    await notify_everybody(deps, row, "reminder", occasion=str(row.sequence), code=row.code)  # again once it is moved
