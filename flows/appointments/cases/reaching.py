"""Who a case is for and where they are reached, whole: to be masked, or for whoever rings them, which is audited."""

from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import whole_of
from auth.provider.subjects import claims_of
from flows.appointments.booking_tables import Booking
from flows.appointments.notice_tables import AppointmentNotice
from flows.appointments.papers.keeping import Bearer, papers_of
from flows.appointments.persons import account_by_index
from kernel.crypto.fields import FieldCipher


class Reached(Struct, frozen=True):
    """What is known of somebody, empty where nothing is. ``phone``: E.164."""

    name: str = ""
    id_number: str = ""
    phone: str = ""
    account_id: UUID | None = None


async def person_of(session: AsyncSession, cipher: FieldCipher, row: Booking, bearer: Bearer | None) -> Reached:
    """Return what the account says, or what staff were told where no account has proven the ID number yet."""
    account_id = row.account_id or (bearer and await account_by_index(session, bearer.index))
    if not account_id:
        return Reached(bearer.name, bearer.id_number, bearer.phone) if bearer else Reached()
    known = await _of_account(session, cipher, account_id)
    return replace(known, phone=bearer.phone) if bearer and not known.phone else known


async def of_booking(session: AsyncSession, cipher: FieldCipher, row: Booking) -> Reached:
    """Return whom a booking is for."""
    return await person_of(session, cipher, row, (await papers_of(session, cipher, row.uid)).bearer)


async def of_notice(session: AsyncSession, cipher: FieldCipher, notice: AppointmentNotice) -> Reached:
    """Return whom a notice is to: whose the booking is, a companion, or who waits for a time."""
    row = await session.get(Booking, notice.about)
    person = await of_booking(session, cipher, row) if row is not None else Reached()
    if notice.account_id is None or notice.account_id == person.account_id:
        return person
    return await _of_account(session, cipher, notice.account_id)


async def _of_account(session: AsyncSession, cipher: FieldCipher, account_id: UUID) -> Reached:
    whole = await whole_of(session, account_id)
    said = await claims_of(session, cipher, whole, {"name", "id_number", "phone_number"})
    return Reached(said.get("name", ""), said.get("id_number", ""), said.get("phone_number", ""), account_id)
