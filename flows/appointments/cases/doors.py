"""Where staff stand, and how far they reach from there: an office's counter, or the hotline of all below a body."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.cases.past import HOTLINE, counter
from flows.appointments.errors import UnknownServiceError
from flows.appointments.finding import services_of
from flows.appointments.tables import AppointmentOffice, Channel
from kernel.clock import Clock
from services_catalog.organisations.roles import Action, where_may
from services_catalog.organisations.tables import Organisation


class Door(Struct, frozen=True):
    """Whoever serves somebody; ``office`` None: at the hotline.

    ``offices``: where they may book. A counter's are its own alone: it gives away no other's places.
    """

    actor: str
    office: AppointmentOffice | None
    offices: Sequence[AppointmentOffice]

    @property
    def name(self) -> str:
        """As a case's history has it."""
        return HOTLINE if self.office is None else counter(self.office.code)

    @property
    def channel(self) -> Channel:
        """Whose places they book."""
        return "hotline" if self.office is None else "counter"

    def check_books_at(self, office: str) -> None:
        """Raise UnknownServiceError unless they may book at an office."""
        if office not in [each.code for each in self.offices]:
            books_at = ", ".join(each.code for each in self.offices[:5])
            raise UnknownServiceError(f"You do not book at {office[:60]!r}", fix=f"You do at: {books_at}.")


async def offices_of(session: AsyncSession, clock: Clock, actor: str, action: Action) -> Sequence[AppointmentOffice]:
    """Return the offices for which somebody may do something, by their codes."""
    chosen = select(AppointmentOffice).join(Organisation, col(Organisation.code) == AppointmentOffice.organisation)
    allowed = where_may(actor, action, clock.now()) & col(AppointmentOffice.closed_at).is_(None)
    return (await session.exec(chosen.where(allowed).order_by(AppointmentOffice.code))).all()


async def reach_of(session: AsyncSession, door: Door) -> ColumnElement[bool]:
    """The condition that a booking is within reach: at one of their offices, or of what a counter's office serves."""
    reached = col(Booking.office).in_([each.code for each in door.offices])
    if door.office is None:
        return reached
    return reached | col(Booking.service).in_([each.code for each in await services_of(session, door.office.code)])
