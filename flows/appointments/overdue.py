"""Bookings whose time is over. Whoever was not reported as missing has come; what was a conflict has not been held."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.cancelling import office_cancel
from flows.appointments.deps import Deps
from flows.appointments.finding import booking_of
from flows.appointments.history import happen
from kernel.clock import Clock
from kernel.database import Database

OVER = timedelta(hours=12)
"""So long after its end, when the office's day is over."""
_ACTOR = "system:appointments"
_AT_ONCE = 1000


async def overdue(database: Database, clock: Clock) -> Sequence[UUID]:
    """Return the bookings that are over and still stand as if they were to come, the earliest first."""
    open_ = col(Booking.state).in_(("confirmed", "conflict"))
    chosen = select(Booking.id).where(open_, col(Booking.ends_at) < clock.now() - OVER)
    async with database.snapshot() as session:
        return (await session.exec(chosen.order_by(col(Booking.starts_at)).limit(_AT_ONCE))).all()


async def end(session: AsyncSession, clock: Clock, booking_id: UUID) -> None:
    """End a booking that is over, unless something has happened to it meanwhile."""
    row = await booking_of(session, booking_id, lock=True)
    if row.ends_at < clock.now() - OVER and row.state in ("confirmed", "conflict"):
        if row.state == "confirmed":
            await happen(session, clock, row, "finish", _ACTOR)
        else:
            await office_cancel(Deps(session, clock), row, _ACTOR, "")
