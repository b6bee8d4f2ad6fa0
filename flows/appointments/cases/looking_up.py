"""Finding a case: by any code that it has had, by whose pass code was read, or by an ID number."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking, BookingPerson
from flows.appointments.calendar_entries import latest_of
from flows.appointments.cases.doors import Door, reach_of
from flows.appointments.errors import UnknownBookingError
from flows.appointments.persons import Person

MOST = 20


async def by_code(session: AsyncSession, door: Door, code: str) -> Booking:
    """Return the case of a code as it stands now, also of one from before it was moved. Raises UnknownBookingError."""
    bare = "".join(each for each in code.upper() if each.isalnum())
    chosen = select(Booking).where(Booking.code == bare, await reach_of(session, door))
    row = (await session.exec(chosen)).first()
    if row is None:
        raise UnknownBookingError(
            "No case here has this code", fix="Have it read once more: it never has 0, 1, I or O."
        )
    return await latest_of(session, row)


async def by_person(session: AsyncSession, door: Door, person: Person) -> Sequence[Booking]:
    """Return the cases to which somebody comes, as they stand now, those with the latest times first."""
    comes = select(BookingPerson.booking_id).where(col(BookingPerson.person).in_(person))
    stands = col(Booking.state) != "rescheduled"
    chosen = select(Booking).where(col(Booking.id).in_(comes), stands, await reach_of(session, door))
    return (await session.exec(chosen.order_by(col(Booking.starts_at).desc()).limit(MOST))).all()


async def case_of(session: AsyncSession, door: Door, case_id: UUID, *, lock: bool = False) -> Booking:
    """Return a case as it stands now. Raises UnknownBookingError."""
    chosen = select(Booking).where(Booking.uid == case_id, await reach_of(session, door))
    latest = chosen.order_by(col(Booking.sequence).desc()).limit(1)
    row = (await session.exec(latest.with_for_update() if lock else latest)).first()
    if row is None:
        raise UnknownBookingError("There is no such case here", fix="Look it up by its code.")
    return row
