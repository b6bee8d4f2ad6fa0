"""Whose visit a code is that staff read in a hall: a resident's pass code, or what is written on an appointment.

For pass codes an office's hall is a verifier (``flows.codes.verifiers``) whose secret nobody has: its staff sign in by
keys of their own. It is registered when the first code is read there, and can be revoked like any other.
"""

from datetime import datetime, time, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from flows.appointments.booking_tables import Booking, BookingPerson
from flows.appointments.errors import UnknownBookingError
from flows.appointments.hall.queue import EARLIEST, LATEST, arrival
from flows.appointments.persons import person_of
from flows.appointments.states import ACTIVE
from flows.appointments.tables import AppointmentOffice
from flows.codes import device_codes, opaque_codes, pass_codes
from flows.codes.checking import check
from flows.codes.desk import Desk
from flows.codes.errors import PassCodeRefusedError, VerifierRefusedError
from flows.codes.refusals import Refusal
from flows.codes.subjects import holder_of
from flows.codes.tables import CodeVerifier
from flows.codes.verifiers import Verifier, register, unrevoked
from kernel.clock import Clock
from kernel.database import driver, lock_named

PURPOSE = "check_in"
_PREFIXES = (pass_codes.PREFIX, device_codes.PREFIX, opaque_codes.PREFIX)


def is_pass_code(text: str) -> bool:
    """Whether a text is meant to be a pass code."""
    return text.startswith(_PREFIXES)


async def holder_shown(
    session: AsyncSession, desk: Desk, office: AppointmentOffice, text: str, request_id: str
) -> UUID | PassCodeRefusedError:
    """Return the account whose pass code was read, or why it is refused, which is recorded as well.

    The same request within five seconds is answered as the first time. Raises VerifierRefusedError,
    CodesUnavailableError.
    """
    checked = await check(session, desk, await _verifier(session, desk, office), text, request_id)
    if checked.result != "ok":
        return PassCodeRefusedError(Refusal(checked.result), checked.message)
    holder = await holder_of(await driver(session), bytes.fromhex(checked.subject))
    if holder is None:
        return PassCodeRefusedError(Refusal.REVOKED, "The code is revoked")
    return holder.account_id


async def visit_of(session: AsyncSession, clock: Clock, office: AppointmentOffice, account_id: UUID) -> Booking:
    """Return the visit of a person at an office today, whoever booked it.

    Of several it is one that can be checked in now, else one that has missed its calls, else any; the nearest of those.
    Raises UnknownBookingError.
    """
    told_by, parts = await person_of(session, account_id), await parts_of(session, account_id)
    theirs = select(BookingPerson.booking_id).where(col(BookingPerson.person).in_(told_by))
    begin, end = _day(clock.now(), ZoneInfo(office.time_zone))
    begin, end = begin - LATEST, end + EARLIEST  # they can be checked in across midnight
    chosen = select(Booking).where(
        or_(col(Booking.id).in_(theirs), col(Booking.account_id).in_(parts)),
        Booking.office == office.code,
        col(Booking.state).in_(sorted(ACTIVE)),
        col(Booking.starts_at) >= begin,
        col(Booking.starts_at) < end,
    )
    rows = (await session.exec(chosen)).all()
    if not rows:
        raise UnknownBookingError("They have no appointment here today", fix="Take a ticket, or make an appointment.")
    now = clock.now()
    return min(rows, key=lambda row: (_rank(row, now), abs(row.starts_at - now)))


async def booking_by_code(session: AsyncSession, text: str) -> Booking:
    """Return the booking with a code that people say. Raises UnknownBookingError."""
    row = (await session.exec(select(Booking).where(Booking.code == text.upper()))).first()
    if row is None:
        raise UnknownBookingError(
            f"There is no appointment {text[:40]!r}", fix="Compare the code, or have the resident's pass code shown."
        )
    return row


async def _verifier(session: AsyncSession, desk: Desk, office: AppointmentOffice) -> Verifier:
    """Return an office's hall as a reader of codes, where the office is now."""
    own = uuid5(NAMESPACE_URL, f"urn:yiwang:hall:{office.code}")
    await lock_named(session, f"hall verifier {own}")
    row = await session.get(CodeVerifier, own)
    if row is None:
        row = CodeVerifier(
            id=own,
            name_zh=office.name_zh,
            name_en=office.name_en or office.name_zh,
            purposes=[PURPOSE],
            verifier_group=PURPOSE,
            secret=b"",
            registered_at=desk.clock.now(),
        )
        await register(session, desk.clock, desk.cipher, row)
    row.latitude, row.longitude = office.latitude, office.longitude
    session.add(row)
    await session.flush()
    found = await unrevoked(session, own)
    if found is None:
        raise VerifierRefusedError(
            f"This hall reads pass codes no more: verifier {own} is revoked", fix="Type the appointment's own code."
        )
    return found


def _rank(row: Booking, now: datetime) -> int:
    if row.state in ("confirmed", "conflict") and arrival(row.starts_at, now) in ("in time", "late"):
        return 0
    return 1 if row.state == "missed" else 2


def _day(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    begin = datetime.combine(now.astimezone(zone).date(), time(), zone)
    return begin, begin + timedelta(days=1)
