"""An office closes a day: nothing of it can be booked any more, and every booking of it is cancelled by the office.

First its hours are taken away in one transaction: who books at that moment is seen next, or refused. Then each booking
is cancelled in a transaction of its own; what a crash has left is found again.
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
from flows.appointments.lines import draw
from flows.appointments.tables import AppointmentException, AppointmentOffice, AppointmentResource
from kernel.database import driver

# Slots that mirror a department's own system, which ``fill`` leaves alone; what is read of it later keeps them closed.
_CLOSE = """
    UPDATE appointment_slot s SET status = 'closed' FROM (
        SELECT id FROM appointment_slot WHERE resource_id = ANY ($1::uuid[]) AND starts_at >= $2 AND starts_at < $3
        ORDER BY resource_id, starts_at FOR UPDATE
    ) locked
    WHERE s.id = locked.id
"""
_TO_COME = ("confirmed", "conflict")


async def office_of(session: AsyncSession, code: str) -> AppointmentOffice:
    """Return an office. Raises UnknownServiceError."""
    row = await session.get(AppointmentOffice, code)
    if row is None:
        raise UnknownServiceError(f"There is no office {code!r}", fix="yiwang appointments show lists them.")
    return row


def check_to_come(deps: Deps, office: AppointmentOffice, day: date) -> None:
    """Refuse a day that is over at an office. Raises NotBookableError."""
    if day < deps.clock.now().astimezone(ZoneInfo(office.time_zone)).date():
        raise NotBookableError(f"{day} is over", fix="Name a day to come.")


async def close(deps: Deps, office: AppointmentOffice, day: date, reason: str) -> None:
    """Have an office serve nobody on a day. Raises NotBookableError, UnknownOrganisationError."""
    check_to_come(deps, office, day)
    row = await deps.session.get(AppointmentException, (office.code, day))
    row = row or AppointmentException(office=office.code, day=day)
    row.hours, row.note, row.closed_at = [], reason, deps.clock.now()
    deps.session.add(row)
    await deps.session.flush()
    resources = select(AppointmentResource.id).where(AppointmentResource.office == office.code)
    await fill(deps.session, deps.clock, (await deps.session.exec(resources)).all(), anew=True)
    await _close_mirrored(deps, office, day)


async def _close_mirrored(deps: Deps, office: AppointmentOffice, day: date) -> None:
    of = select(AppointmentResource).where(
        AppointmentResource.office == office.code, col(AppointmentResource.system).is_not(None)
    )
    lock = of.order_by(col(AppointmentResource.id)).with_for_update(key_share=True)
    resources, connection = (await deps.session.exec(lock)).all(), await driver(deps.session)
    await connection.execute(_CLOSE, [each.id for each in resources], *_span(office, day))
    today, _ = _span(office, deps.clock.now().astimezone(ZoneInfo(office.time_zone)).date())
    for each in resources:
        await draw(connection, each, today)


def _span(office: AppointmentOffice, day: date) -> tuple[datetime, datetime]:
    """Return when an office's day begins and ends."""
    zone = ZoneInfo(office.time_zone)
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


async def to_cancel(deps: Deps, office: AppointmentOffice, day: date) -> Sequence[Booking]:
    """Return the bookings of an office's day that are still to come, by their time."""
    begin, end = _span(office, day)
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
