"""An office closes a day: nothing of it can be booked any more, and every booking of it is cancelled by the office.

First its hours are taken away in one transaction, by which all that was booked is a conflict: who books at that moment
is in it, or refused. Then each booking is cancelled in a transaction of its own; what a crash has left is found again.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.cancelling import office_cancel
from flows.appointments.deps import Deps
from flows.appointments.errors import NotBookableError, UnknownServiceError
from flows.appointments.filling import fill
from flows.appointments.finding import booking_of
from flows.appointments.tables import AppointmentException, AppointmentOffice, AppointmentResource

_TO_COME = ("confirmed", "conflict")


async def office_of(session: AsyncSession, code: str) -> AppointmentOffice:
    """Return an office. Raises UnknownServiceError."""
    row = await session.get(AppointmentOffice, code)
    if row is None:
        raise UnknownServiceError(f"There is no office {code!r}", fix="yiwang appointments show lists them.")
    return row


async def close(deps: Deps, office: AppointmentOffice, day: date, reason: str) -> None:
    """Have an office serve nobody on a day. Raises NotBookableError, UnknownOrganisationError."""
    if day < deps.clock.now().astimezone(ZoneInfo(office.time_zone)).date():
        raise NotBookableError(f"{day} is over", fix="Name a day to come.")
    row = await deps.session.get(AppointmentException, (office.code, day))
    row = row or AppointmentException(office=office.code, day=day)
    row.hours, row.note = [], reason
    deps.session.add(row)
    await deps.session.flush()
    resources = select(AppointmentResource.id).where(AppointmentResource.office == office.code)
    await fill(deps.session, deps.clock, (await deps.session.exec(resources)).all(), anew=True)


async def to_cancel(deps: Deps, office: AppointmentOffice, day: date) -> Sequence[Booking]:
    """Return the bookings of an office's day that are still to come, by their time."""
    begin = datetime.combine(day, time(), ZoneInfo(office.time_zone))
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(office.time_zone))
    chosen = select(Booking).where(
        Booking.office == office.code,
        col(Booking.state).in_(_TO_COME),
        col(Booking.starts_at) >= max(begin, deps.clock.now()),
        col(Booking.starts_at) < end,
    )
    return (await deps.session.exec(chosen.order_by(col(Booking.starts_at)))).all()


async def cancel_of(deps: Deps, booking_id: UUID, actor: str, reason: str) -> bool:
    """Cancel a booking of a day that is closed; False: its person was quicker."""
    row = await booking_of(deps.session, booking_id, lock=True)
    if row.state not in _TO_COME:
        return False
    await office_cancel(deps, row, actor, reason)
    return True
