"""Whoever is named in somebody else's booking sees it, and can leave it: nobody else can keep their time."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, false, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking, BookingPerson
from flows.appointments.deps import Deps
from flows.appointments.errors import UnknownBookingError
from flows.appointments.finding import booking_of, own_booking, theirs
from flows.appointments.history import happen
from flows.appointments.notices import notify
from flows.appointments.persons import person_of


async def naming(session: AsyncSession, account_id: UUID) -> Sequence[Booking]:
    """Return the bookings to come of others that name an account's person, by their time."""
    chosen = select(Booking).where(
        col(Booking.id).in_(
            select(BookingPerson.booking_id).where(
                col(BookingPerson.person).in_(await person_of(session, account_id)), col(BookingPerson.active)
            )
        ),
        ~func.coalesce(await theirs(session, account_id), false()),  # unknown of one that staff have made
    )
    return (await session.exec(chosen.order_by(col(Booking.starts_at)))).all()


async def coming_to(session: AsyncSession, account_id: UUID, booking_id: UUID) -> Booking:
    """Return a booking that an account has made, or that names its person, also one that is over.

    Raises UnknownBookingError.
    """
    named = col(BookingPerson.person).in_(await person_of(session, account_id))
    chosen = select(BookingPerson.booking_id).where(BookingPerson.booking_id == booking_id, named)
    if (await session.exec(chosen)).first() is None:
        return await own_booking(session, account_id, booking_id)
    return await booking_of(session, booking_id)


async def leave(deps: Deps, account_id: UUID, booking_id: UUID) -> None:
    """Have a booking name an account's person no longer; whoever made it is told.

    Raises UnknownBookingError, WrongStateError.
    """
    row = await booking_of(deps.session, booking_id, lock=True)
    if row.id not in [each.id for each in await naming(deps.session, account_id)]:
        raise UnknownBookingError(
            "No appointment of somebody else's names you by this id",
            fix="`myAppointments { companionOf }` lists them; `cancelAppointment` is for your own.",
        )
    await happen(deps.session, deps.clock, row, "withdraw", f"account:{account_id}")
    person = await person_of(deps.session, account_id)
    theirs = delete(BookingPerson).where(col(BookingPerson.booking_id) == row.id, col(BookingPerson.person).in_(person))
    await deps.session.exec(theirs)
    await notify(deps, row, "companion_left", row.updated_at.isoformat(), code=row.code)
