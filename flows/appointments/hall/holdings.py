"""What halls hold about a resident: to take along, and to give up with the account. Numbers name nobody."""

from typing import Any
from uuid import UUID

from sqlmodel import col, select

from auth.accounts.merging import parts_of
from auth.residents.holdings import plain_row
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.hall.requeueing import leave
from flows.appointments.hall.tables import HallTicket
from flows.appointments.states import WAITING

_HIDDEN = {"standing"}


async def halls_held(deps: Deps, account_id: UUID) -> list[dict[str, Any]]:
    """Return their tickets as JSON's own types."""
    parts = await parts_of(deps.session, account_id)
    of = select(HallTicket).join(Booking, col(Booking.id) == col(HallTicket.booking_id))
    rows = (await deps.session.exec(of.where(col(Booking.account_id).in_(parts)))).all()
    return [plain_row(row, _HIDDEN) for row in rows]


async def leave_halls(deps: Deps, account_id: UUID) -> None:
    """Have them wait nowhere any more; no booking is locked before."""
    parts = await parts_of(deps.session, account_id)
    waits = select(Booking).where(col(Booking.account_id).in_(parts), col(Booking.state).in_({*WAITING, "called"}))
    for row in (await deps.session.exec(waits.order_by(Booking.office))).all():
        await leave(deps, row.id, f"account:{account_id}")
