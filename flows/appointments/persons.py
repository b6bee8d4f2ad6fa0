"""By what persons are told apart in bookings: so that nobody is at two places at once, whoever books for them."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import count, islice
from uuid import UUID

import asyncpg
from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import account_of
from auth.accounts.merging import parts_of
from auth.accounts.tables import Account
from auth.errors import AccountClosedError
from flows.appointments.booking_tables import BookingPerson
from kernel.crypto.blind_index import normal_id_number
from kernel.crypto.keys import Keys

_BYTES = 16
_THERE = ("active", "frozen")  # accounts

Person = tuple[bytes, ...]
"""All that somebody is told by: a booking from before they proved who they are, or a merge, knows only some of it."""

# All persons of a booking are locked, and in one order: the constraints would refuse a second one, but name no clash.
_LOCK = """
    SELECT pg_advisory_xact_lock(hashtextextended('appointments of ' || encode(person, 'hex'), 0))
    FROM unnest($1::bytea[]) person
"""
_ACTIVE = """
    SELECT p.person, p.service, p.ordinal, p.during && tstzrange($3, $4) AS meets,
        b.id, b.code, b.office, b.starts_at, b.account_id
    FROM booking_person p JOIN booking b ON b.id = p.booking_id
    WHERE p.person = ANY($1::bytea[]) AND p.active AND (p.during && tstzrange($3, $4) OR p.service = $2)
    ORDER BY meets DESC, b.starts_at
"""
_PUT = """
    INSERT INTO booking_person (booking_id, person, service, ordinal, during, active)
    SELECT $1, person, $2, ordinal, tstzrange($3, $4), true
    FROM unnest($5::bytea[], $6::smallint[]) AS given (person, ordinal)
"""

_BUSY = """
    SELECT lower(during) AS begin, upper(during) AS over FROM booking_person
    WHERE person = ANY($1::bytea[]) AND active AND during && tstzrange($2, $3)
"""
_COME = "SELECT person FROM booking_person WHERE booking_id = $1"
_FOLLOW = """
    UPDATE booking_person p SET during = tstzrange($2, $3), active = NOT EXISTS (
        SELECT 1 FROM booking_person other WHERE other.person = p.person AND other.active AND other.booking_id <> $1
            AND (other.during && tstzrange($2, $3) OR (other.service, other.ordinal) = (p.service, p.ordinal))
    )
    WHERE booking_id = $1 RETURNING active
"""


class Clash(Struct, frozen=True):
    """Why a person cannot come: as many of the service as they may have (``has_all``), or another booking at that time.

    ``overlaps``: the one that is named is at that time. ``account_id`` is whoever made it.
    """

    person: Person
    has_all: bool
    overlaps: bool
    booking_id: UUID
    code: str
    service: str
    office: str
    starts_at: datetime
    account_id: UUID | None


async def person_of(session: AsyncSession, account_id: UUID) -> Person:
    """Return an account's person: by digests of the account and its parts, and by their ID number's index if known."""
    account = await account_of(session, account_id)
    index = account.id_number_index
    return (*((index,) if index else ()), *await _digests(session, account.id))


async def person_by_number(session: AsyncSession, keys: Keys, id_number: str) -> Person:
    """Return the bearer of an ID number. Raises IdNumberError."""
    index = index_of(keys, id_number)
    account_id = await account_by_index(session, index)
    return (index, *(await _digests(session, account_id) if account_id else ()))


def index_of(keys: Keys, id_number: str) -> bytes:
    """Return the blind index of an ID number. Raises IdNumberError."""
    return keys.index.index("account.id_number", normal_id_number(id_number))


async def account_by_index(session: AsyncSession, index: bytes) -> UUID | None:
    """Return the account that has proven an ID number."""
    theirs = select(Account.id).where(Account.id_number_index == index, col(Account.status).in_(_THERE))
    return (await session.exec(theirs)).first()


async def companions_of(session: AsyncSession, booking_id: UUID, own: Person) -> list[Person]:
    """Return who else comes to a booking, each once: whoever has an account may have several rows there."""
    others = select(BookingPerson.person).where(
        BookingPerson.booking_id == booking_id, col(BookingPerson.person).not_in(own)
    )
    rows = {*(await session.exec(others)).all()}
    known = [await person_of(session, each) for each in await accounts_named(session, booking_id)]
    persons = [each for each in known if rows.intersection(each)]
    return persons + [(each,) for each in sorted(rows.difference(*persons))]


async def accounts_named(session: AsyncSession, booking_id: UUID, but: Collection[UUID] = ()) -> list[UUID]:
    """Return the accounts of those who come to a booking, as far as their ID numbers are known, but for some."""
    chosen = select(Account.id).where(
        col(Account.id_number_index).in_(select(BookingPerson.person).where(BookingPerson.booking_id == booking_id)),
        col(Account.status).in_(_THERE),
    )
    return [each for each in (await session.exec(chosen.order_by(col(Account.id)))).all() if each not in but]


async def _digests(session: AsyncSession, account_id: UUID) -> list[bytes]:
    parts = await parts_of(session, account_id)
    return [hashlib.sha256(b"account" + each.bytes).digest()[:_BYTES] for each in parts]


class Visit(Struct, frozen=True):
    """When persons come for what, and how many bookings of that each of them may have.

    None as ``most``: it counts for nobody, neither now nor when they book again. Its ordinals are below 0.
    """

    service: str
    most: int | None
    begin: datetime
    end: datetime


async def lock(connection: "asyncpg.Connection[asyncpg.Record]", persons: Sequence[Person]) -> list[bytes]:
    """Have nobody else book or wait for these persons until the transaction ends; all that they are told by."""
    told_by = sorted({each for person in persons for each in person})
    await connection.execute(_LOCK, told_by)
    return told_by


async def lock_those_of(connection: "asyncpg.Connection[asyncpg.Record]", booking_id: UUID) -> None:
    """Lock, as ``lock``, whoever comes to a booking that the caller has locked."""
    await lock(connection, [tuple(row["person"] for row in await connection.fetch(_COME, booking_id))])


async def check_open(session: AsyncSession, account_id: UUID) -> None:
    """Refuse an account that was erased before its person was locked. Raises AccountClosedError."""
    status = (await session.exec(select(Account.status).where(Account.id == account_id))).one()  # as it is now
    if status == "erased":
        raise AccountClosedError("The account is erased", fix="Begin anew.")


async def clash_of(connection: "asyncpg.Connection[asyncpg.Record]", person: Person, visit: Visit) -> Clash | None:
    """Return why a person cannot come, as things are now."""
    return _first_clash(await _active(connection, person, visit), person, visit)


async def busy_in(
    connection: "asyncpg.Connection[asyncpg.Record]", person: Person, span: tuple[datetime, datetime]
) -> list[tuple[datetime, datetime]]:
    """Return from when to when a person has something else within a span, as things are now."""
    return [(row["begin"], row["over"]) for row in await connection.fetch(_BUSY, person, *span)]


async def put(
    connection: "asyncpg.Connection[asyncpg.Record]", booking_id: UUID, persons: Sequence[Person], visit: Visit
) -> Clash | None:
    """Write down that persons come, unless one of them cannot: then say why."""
    told_by = await lock(connection, persons)
    rows = await _active(connection, told_by, visit)
    for person in persons:
        if (clash := _first_clash(rows, person, visit)) is not None:
            return clash
    used = {(row["person"], row["ordinal"]) for row in rows if row["service"] == visit.service}
    numbers = count() if visit.most is not None else count(-1, -1)
    free = list(islice(numbers, len(used) + 1))
    ordinals = [next(n for n in free if (each, n) not in used) for each in told_by]
    await connection.execute(_PUT, booking_id, visit.service, visit.begin, visit.end, told_by, ordinals)
    return None


async def follow(
    connection: "asyncpg.Connection[asyncpg.Record]", booking_id: UUID, begin: datetime, end: datetime
) -> bool:
    """Have a booking's persons, whom the caller has locked, be there at its time.

    False: some of them are elsewhere, and count as absent.
    """
    return all(row["active"] for row in await connection.fetch(_FOLLOW, booking_id, begin, end))


async def _active(
    connection: "asyncpg.Connection[asyncpg.Record]", told_by: Sequence[bytes], visit: Visit
) -> list[asyncpg.Record]:
    return [*await connection.fetch(_ACTIVE, told_by, visit.service, visit.begin, visit.end)]


def _first_clash(rows: Sequence[asyncpg.Record], person: Person, visit: Visit) -> Clash | None:
    mine = [row for row in rows if row["person"] in person]
    counted = [row for row in mine if row["service"] == visit.service and row["ordinal"] >= 0]
    if visit.most is not None and len({row["id"] for row in counted}) >= visit.most:
        return _clash(person, counted[0], has_all=True)
    return _clash(person, mine[0], has_all=False) if mine and mine[0]["meets"] else None


def _clash(person: Person, row: asyncpg.Record, *, has_all: bool) -> Clash:
    return Clash(
        person=person,
        has_all=has_all,
        overlaps=row["meets"],
        booking_id=UUID(int=row["id"].int),
        code=row["code"],
        service=row["service"],
        office=row["office"],
        starts_at=row["starts_at"],
        account_id=row["account_id"] and UUID(int=row["account_id"].int),
    )
