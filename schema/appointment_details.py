"""What an appointment is of, and where, in words: for whoever has booked it and for whoever comes along."""

from datetime import timedelta
from uuid import UUID

import strawberry

from auth.policies import PUBLIC
from flows.appointments.finding import asked_of, booking_of
from schema.context import Info
from schema.scalars import DateTimeText, text

POLICIES = {"AppointmentDetails": PUBLIC}  # whoever has one was just given it


@strawberry.type(name="AppointmentDetails", description="What an appointment is of, and where, in words.")
class DetailsShown:
    """Its service and office, also where nothing is booked any more."""

    service_zh: str
    service_en: str
    documents_zh: list[str] = strawberry.field(description="What to bring.")
    documents_en: list[str] = strawberry.field(description="The same in English; none where nobody has said it.")
    office_zh: str
    office_en: str
    address_zh: str
    address_en: str
    phone: str = strawberry.field(description="The office's telephone; empty if it has said none.")
    time_zone: str
    change_until: DateTimeText = strawberry.field(description="Until then it can be moved or cancelled.")


@strawberry.type
class Detailed:
    """The part of an appointment's types that this file is for."""

    id: strawberry.ID

    @strawberry.field(description="Its service and office in words.")  # type: ignore[untyped-decorator]  # strawberry's
    async def details(self, info: Info) -> DetailsShown:
        async with info.context.platform.database.snapshot() as session:
            row = await booking_of(session, UUID(self.id))
            of = await asked_of(session, row)
        return DetailsShown(
            service_zh=of.service.name_zh,
            service_en=of.service.name_en,
            documents_zh=of.service.documents_zh,
            documents_en=of.service.documents_en,
            office_zh=of.office.name_zh,
            office_en=of.office.name_en,
            address_zh=of.office.address_zh,
            address_en=of.office.address_en,
            phone=of.office.phone,
            time_zone=of.office.time_zone,
            change_until=text(row.starts_at - timedelta(minutes=of.service.cancel_minutes)),
        )
