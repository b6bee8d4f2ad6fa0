"""A booking as an entry of its person's calendar."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.finding import Asked
from flows.appointments.icalendar import Entry
from flows.appointments.tables import AppointmentService


async def latest_of(session: AsyncSession, row: Booking) -> Booking:
    """Return what a booking was moved to last, itself if it was not: one appointment is one entry."""
    chosen = select(Booking).where(Booking.uid == row.uid).order_by(col(Booking.sequence).desc()).limit(1)
    return (await session.exec(chosen)).one()


def entry_of(of: Asked, row: Booking, url: str) -> Entry:
    """Return what a booking is in a calendar; one that is cancelled is taken back."""
    service, office = of.service, of.office
    phone = [f"电话 / Telephone: {office.phone}"] if office.phone else []
    return Entry(
        uid=row.uid,
        sequence=row.sequence,
        is_cancelled=row.state in ("cancelled", "office_cancelled"),
        changed_at=row.updated_at,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        summary=service.name_zh,
        location=", ".join(each for each in (office.name_zh, office.address_zh) if each),
        description="\n".join([f"预约号 / Code: {row.code}", *phone, *_to_bring(service)]),
        latitude=office.latitude,
        longitude=office.longitude,
        organiser=office.name_zh,
        url=url,
    )


def _to_bring(service: AppointmentService) -> list[str]:
    said = (("请携带：", "、", service.documents_zh), ("Bring: ", ", ", service.documents_en))
    return [begin + comma.join(documents) for begin, comma, documents in said if documents]
