"""Bookings whose time an office no longer serves: nobody is stranded, they stand as conflicts until people decide."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import all_, any_, exists, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.history import happen
from flows.appointments.notices import notify
from flows.appointments.tables import AppointmentSchedule, AppointmentSlot
from kernel.clock import Clock

_ACTOR = "system:appointments"


async def collide(session: AsyncSession, clock: Clock, resource_id: UUID) -> int:
    """Have the confirmed bookings to come that their slots no longer serve be conflicts; how many became so now."""
    is_not_served = exists().where(
        col(AppointmentSlot.id) == any_(col(Booking.slot_ids)),
        col(AppointmentSlot.schedule_id) == AppointmentSchedule.id,
        col(AppointmentSlot.starts_at) < Booking.ends_at,  # behind it is a buffer
        (col(AppointmentSlot.status) == "closed") | (col(Booking.service) != all_(col(AppointmentSchedule.services))),
    )
    coming = (col(Booking.resource_id) == resource_id) & (col(Booking.starts_at) >= clock.now())
    kept = col(Booking.kept_at).is_not(None)
    await session.exec(update(Booking).where(coming, kept, ~is_not_served).values(kept_at=None))  # served as any other
    chosen = select(Booking).where(coming, Booking.state == "confirmed", ~kept, is_not_served)
    rows = (await session.exec(chosen.order_by(col(Booking.id)).with_for_update())).all()
    for row in rows:
        await happen(session, clock, row, "collide", _ACTOR)
        await notify(Deps(session, clock), row, "conflict", row.updated_at.isoformat(), code=row.code)
    return len(rows)


async def conflicts(session: AsyncSession, office: str = "", most: int | None = None) -> Sequence[Booking]:
    """Return the bookings, or those of an office, that wait for a decision, by their time: its work items."""
    chosen = select(Booking).where(Booking.state == "conflict").order_by(col(Booking.starts_at)).limit(most)
    return (await session.exec(chosen.where(Booking.office == office) if office else chosen)).all()
