"""The days of an office: those of its organisation's calendar, and its exceptions; slots remember of which they are."""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256

import msgspec
from msgspec import Struct
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.tables import AppointmentException, AppointmentOffice
from services_catalog.organisations.calendars import Calendar, Span
from services_catalog.organisations.duty import calendar_of


class OfficeDays(Struct, frozen=True):
    """All that decides when an office may serve, its schedules aside. ``exceptions``: the only hours of a day."""

    calendar: Calendar
    exceptions: Mapping[date, tuple[Span, ...]]

    @property
    def digest(self) -> str:
        """Another one where any day is."""
        of = self.calendar
        said = (of.zone, of.week, sorted(of.days.items()), sorted(self.exceptions.items()))
        return sha256(msgspec.json.encode(said)).hexdigest()


async def days_of(session: AsyncSession, office: AppointmentOffice, today: date) -> OfficeDays | None:
    """Return an office's days; None: it is closed, or nobody has a calendar. Raises UnknownOrganisationError."""
    calendar = None if office.closed_at else await calendar_of(session, today, office.organisation)
    if calendar is None:
        return None
    differing = await session.exec(select(AppointmentException).where(AppointmentException.office == office.code))
    return OfficeDays(calendar, {each.day: msgspec.convert(each.hours, tuple[Span, ...]) for each in differing})
