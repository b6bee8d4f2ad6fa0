"""Confirming what is offered: as any hold, but for its places, which are the entry's already."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments import booking
from flows.appointments.booking import Comer
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.holding import Desk, Hold
from flows.appointments.waitlist.entries import entry_id_of, entry_of, happen
from flows.appointments.waitlist.tables import WaitlistEntry


async def confirm(
    desk: Desk, session: AsyncSession, made: Hold, comer: Comer, replaced: Booking | None = None
) -> Booking:
    """As ``booking.confirm``. An offer that is over confirms, as any hold, only where a place is free for all."""
    entry = await _standing(session, made, desk.clock.now())
    row = await booking.confirm(desk, session, made, comer, replaced, owned=entry is not None)
    if entry is not None:
        entry.booking_id = row.id
        await happen(Deps(session, desk.clock), entry, "confirm", comer.actor)
    return row


async def _standing(session: AsyncSession, made: Hold, now: datetime) -> WaitlistEntry | None:
    """Return the locked entry whose offer a hold is, while it stands: whoever locks it first decides."""
    if (entry_id := entry_id_of(made)) is None:
        return None
    entry = await entry_of(session, entry_id, lock=True)
    return entry if entry.state == "offered" and made.expires_at > now else None
