"""A booking as an entry of its person's calendar."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.finding import Asked
from flows.appointments.icalendar import Entry


async def latest_of(session: AsyncSession, row: Booking) -> Booking:
    """Return what a booking was moved to last, itself if it was not: one appointment is one entry."""
    chosen = select(Booking).where(Booking.uid == row.uid).order_by(col(Booking.sequence).desc()).limit(1)
    return (await session.exec(chosen)).one()


def entry_of(of: Asked, row: Booking, url: str) -> Entry:
    """Return what a booking is in a calendar; one that is cancelled is taken back."""
    service, office = of.service, of.office
    documents = f"\n请携带 / Bring: {', '.join(service.documents)}" if service.documents else ""
    phone = f"\n电话 / Telephone: {office.phone}" if office.phone else ""
    return Entry(
        uid=row.uid,
        sequence=row.sequence,
        is_cancelled=row.state in ("cancelled", "office_cancelled"),
        changed_at=row.updated_at,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        summary=service.name_zh,
        location=", ".join(each for each in (office.name_zh, office.address_zh) if each),
        description=f"预约号 / Code: {row.code}{phone}{documents}",
        latitude=office.latitude,
        longitude=office.longitude,
        organiser=office.name_zh,
        url=url,
    )
