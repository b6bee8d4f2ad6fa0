"""``myAppointments``: what a resident has booked, as they see it."""

from datetime import timedelta
from uuid import UUID

import strawberry

from auth.policies import PUBLIC, SIGNED_IN
from flows.appointments.booking_tables import Booking
from flows.appointments.calendar_entries import entry_of, latest_of
from flows.appointments.finding import asked_of, booking_of, bookings_of, own_booking
from flows.appointments.icalendar import written
from schema.appointment_case import CaseFields
from schema.appointment_companions import NamedAppointments
from schema.appointment_notices import AppointmentNotices
from schema.appointment_queue import Queued
from schema.appointment_rights import AppointmentRights
from schema.appointment_waitlist import AppointmentWaits
from schema.caller import caller
from schema.context import Info
from schema.scalars import DateTimeText, check_first, text
from schema.ways_in import uuid

POLICIES = {
    "Query.myAppointments": SIGNED_IN,
    "MyAppointments": SIGNED_IN,
    "MyAppointment": PUBLIC,  # whoever has one was just given it
    "AppointmentDetails": PUBLIC,
}


@strawberry.type(name="AppointmentDetails", description="What an appointment is of, and where, in words.")
class DetailsShown:
    """Its service and office, also where nothing is booked any more."""

    service_zh: str
    service_en: str
    documents: list[str] = strawberry.field(description="What to bring.")
    office_zh: str
    office_en: str
    address_zh: str
    address_en: str
    phone: str = strawberry.field(description="The office's telephone; empty if it has said none.")
    time_zone: str
    change_until: DateTimeText = strawberry.field(description="Until then it can be moved or cancelled.")


@strawberry.type(name="MyAppointment", description="An appointment of the resident who asks.")
class AppointmentShown(Queued, CaseFields):
    """A booking."""

    code: str = strawberry.field(description="What to say at a counter or on the telephone.")
    service: strawberry.ID
    office: strawberry.ID
    starts_at: DateTimeText
    ends_at: DateTimeText
    people: int
    state: str
    replaces: strawberry.ID | None = strawberry.field(description="The one that was moved to this.")

    @strawberry.field(description="Its service and office in words.")  # type: ignore[untyped-decorator]  # strawberry's
    async def details(self, info: Info) -> DetailsShown:
        async with info.context.platform.database.snapshot() as session:
            row = await booking_of(session, UUID(self.id))
            of = await asked_of(session, row)
        return DetailsShown(
            service_zh=of.service.name_zh,
            service_en=of.service.name_en,
            documents=of.service.documents,
            office_zh=of.office.name_zh,
            office_en=of.office.name_en,
            address_zh=of.office.address_zh,
            address_en=of.office.address_en,
            phone=of.office.phone,
            time_zone=of.office.time_zone,
            change_until=text(row.starts_at - timedelta(minutes=of.service.cancel_minutes)),
        )

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="For their calendar, as iCalendar (RFC 5545). Its UID stays when it is moved; of what is cancelled "
        "it takes the entry back."
    )
    async def icalendar(self, info: Info) -> str:
        platform = info.context.platform
        async with platform.database.snapshot() as session:
            row = await latest_of(session, await booking_of(session, UUID(self.id)))
            return written(entry_of(await asked_of(session, row), row, platform.environment.issuer))


def shown_booking(row: Booking) -> AppointmentShown:
    """Return a booking as its resident sees it."""
    return AppointmentShown(
        id=strawberry.ID(str(row.id)),
        code=row.code,
        service=strawberry.ID(row.service),
        office=strawberry.ID(row.office),
        starts_at=text(row.starts_at),
        ends_at=text(row.ends_at),
        people=row.people,
        state=row.state,
        replaces=strawberry.ID(str(row.replaces)) if row.replaces else None,
    )


@strawberry.type(name="MyAppointments", description="What the resident who asks has booked.")
class MyAppointments(AppointmentNotices, AppointmentRights, AppointmentWaits, NamedAppointments):
    """The fields read in a snapshot each."""

    @strawberry.field(description="The latest first.")  # type: ignore[untyped-decorator]  # strawberry's
    async def bookings(self, info: Info, first: int = 10) -> list[AppointmentShown]:
        check_first(first)
        async with info.context.platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            return [shown_booking(each) for each in await bookings_of(session, owner.account_id, first)]

    @strawberry.field(description="One of them.")  # type: ignore[untyped-decorator]  # strawberry's
    async def booking(self, info: Info, id: strawberry.ID) -> AppointmentShown | None:  # noqa: A002 - the graph's name
        wanted = uuid(id, "id")
        async with info.context.platform.database.snapshot() as session:
            owner = await caller(session, info.context)
            return shown_booking(await own_booking(session, owner.account_id, wanted))


@strawberry.type
class MyAppointmentQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(description="The appointments of the resident who asks.")  # type: ignore[untyped-decorator]  # strawberry's
    def my_appointments(self) -> MyAppointments | None:
        return MyAppointments()
