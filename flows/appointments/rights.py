"""The right to book before others, of those whose appointment an office has cancelled: for one booking, for 14 days.

With it the places of the channel ``priority`` are theirs besides the public ones, and neither how many bookings they
have nor what they have missed counts. A booking that is moved takes its right along.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from auth.accounts.merging import parts_of
from flows.appointments.booking_tables import Booking, BookingPerson
from flows.appointments.deps import Deps
from flows.appointments.errors import RightRefusedError
from flows.appointments.persons import Person, person_of
from flows.appointments.right_tables import BookingRight

LASTS = timedelta(days=14)


async def grant(deps: Deps, row: Booking) -> None:
    """Give the people of a booking that its office has cancelled the right, or back that by which they had it."""
    until = deps.clock.now() + LASTS
    if (right := await right_of(deps, row)) is None:
        right = BookingRight(
            from_booking=row.id,
            account_id=row.account_id,
            service=row.service,
            granted_at=deps.clock.now(),
            until=until,
        )
    right.used_by, right.until = None, until
    deps.session.add(right)


async def right_of(deps: Deps, row: Booking) -> BookingRight | None:
    """Return the right by which a booking was made, locked."""
    chosen = select(BookingRight).where(BookingRight.used_by == row.id)
    return (await deps.session.exec(chosen.with_for_update())).first()


async def rights_of(deps: Deps, account_id: UUID) -> Sequence[BookingRight]:
    """Return the rights that an account may use now, the first to end first."""
    person = await person_of(deps.session, account_id)
    return (await deps.session.exec(await _open(deps, account_id, person))).all()


async def right_for(deps: Deps, account_id: UUID | None, person: Person, service: str) -> UUID | None:
    """Return the right that somebody, with an account or without, may use for a service; the first to end."""
    chosen = (await _open(deps, account_id, person)).where(BookingRight.service == service)
    right = (await deps.session.exec(chosen.limit(1))).first()
    return right.id if right else None


async def check(deps: Deps, account_id: UUID, right_id: UUID, service: str) -> None:
    """Refuse whoever may not use a right for a service. Raises RightRefusedError."""
    _ = _usable(await rights_of(deps, account_id), right_id, service)


async def claim(deps: Deps, account_id: UUID | None, person: Person, wanted: tuple[UUID, str]) -> BookingRight:
    """Return a right by its id and service for whoever books by it, locked. Raises RightRefusedError."""
    chosen = (await _open(deps, account_id, person)).where(BookingRight.id == wanted[0])
    found = (await deps.session.exec(chosen.with_for_update().execution_options(populate_existing=True))).all()
    return _usable(found, *wanted)


async def _open(deps: Deps, account_id: UUID | None, person: Person) -> SelectOfScalar[BookingRight]:
    parts = await parts_of(deps.session, account_id) if account_id else ()
    named = select(BookingPerson.booking_id).where(col(BookingPerson.person).in_(person))
    theirs = or_(
        col(BookingRight.account_id).in_(parts),
        col(BookingRight.account_id).is_(None) & col(BookingRight.from_booking).in_(named),
    )
    unused = select(BookingRight).where(theirs, col(BookingRight.used_by).is_(None))
    return unused.where(col(BookingRight.until) > deps.clock.now()).order_by(col(BookingRight.until))


def _usable(rights: Sequence[BookingRight], right_id: UUID, service: str) -> BookingRight:
    for each in rights:
        if each.id == right_id and each.service == service:
            return each
    raise RightRefusedError(
        "There is no such right to book before others, or it is used up or over, or of another service",
        fix="Hold without it, or see `myAppointments { rebookRights }`.",
    )
