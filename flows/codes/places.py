"""Stickers in the city: registering what stands somewhere, replacing it, and what a scan of one finds.

Whoever has a scan reads it here: the MAC says whether it is ours, the row whether it still counts and what it is of.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy.dialects import postgresql
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes import place_codes
from flows.codes.distance import Position, apart, position_of
from flows.codes.errors import PlaceRefusedError, PlaceUnknownError
from flows.codes.patrol_dues import end_due, is_overdue
from flows.codes.place_codes import KINDS, OBJECT_BYTES, PlaceMacKey, Tampered, Valid, short_code
from flows.codes.place_tables import Finding, PlaceKey, PlacePatrol, PlaceReport, StaticCode
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.crypto.suite import SUITES, SuiteName
from kernel.ids import uuid7
from kernel.settings import Settings

NEAR_METRES = 150
"""How far from its place a sticker may be scanned without a warning: positions in streets of towers err by 50 m."""

_COLUMN = "place_key.secret"
_MOST_KEYS = 256
_SCANNED_CHARACTERS = 200


class Standing(Struct, frozen=True):
    """What a scan has found: ``valid`` with the row, ``retired`` with it if there is one, or ``tampered``.

    ``metres`` is how far away from the place it was scanned, if both are known; ``is_far`` warns of it.
    """

    answer: str
    row: StaticCode | None = None
    metres: int | None = None

    @property
    def is_far(self) -> bool:
        return self.metres is not None and self.metres > NEAR_METRES


async def mac_keys(session: AsyncSession, cipher: FieldCipher, kid: int | None = None) -> dict[int, PlaceMacKey]:
    """Return every key of the MAC, or one; the retired ones too: they tell an old sticker from a forged one."""
    chosen = select(PlaceKey) if kid is None else select(PlaceKey).where(PlaceKey.kid == kid)
    rows = (await session.exec(chosen)).all()
    return {
        row.kid: PlaceMacKey(
            SUITES[row.suite], bytes.fromhex(cipher.open(_COLUMN, str(row.kid), row.secret)), row.retired_at is not None
        )
        for row in rows
    }


async def new_key(session: AsyncSession, clock: Clock, cipher: FieldCipher, suite: SuiteName = "intl") -> PlaceKey:
    """Make the key by which sheets are made from now on. Raises PlaceRefusedError when all 256 ids are given."""
    last = (await session.exec(select(PlaceKey.kid).order_by(col(PlaceKey.kid).desc()).limit(1))).first()
    kid = 0 if last is None else last + 1
    if kid >= _MOST_KEYS:
        raise PlaceRefusedError("There are 256 keys already", fix="Print the stickers of the city anew, as version 2.")
    secret = cipher.seal(_COLUMN, str(kid), secrets.token_hex(32))
    row = PlaceKey(kid=kid, suite=suite, secret=secret, created_at=clock.now())
    session.add(row)
    await session.flush()
    return row


async def retire_key(session: AsyncSession, clock: Clock, kid: int) -> None:
    """Have every sticker of a key answered as retired: it was stolen, or all have been replaced."""
    row = await session.get(PlaceKey, kid)
    if row is None:
        raise PlaceUnknownError(f"There is no key {kid}", fix="yiwang place-code list --keys shows them.")
    row.retired_at = row.retired_at or clock.now()
    session.add(row)


async def register(session: AsyncSession, clock: Clock, cipher: FieldCipher, place: StaticCode) -> StaticCode:
    """Register a sticker with a new id and the newest key. Raises PlaceRefusedError."""
    _check(place)
    taken = select(StaticCode).where(StaticCode.reference == place.reference, StaticCode.status == "active")
    if (there := (await session.exec(taken)).first()) is not None:
        code = there.short_code
        fix = f"Print it: yiwang place-code sheet {code}. Or retire it first: yiwang place-code retire {code}."
        raise PlaceRefusedError(f"{place.reference} has the code {code} already", fix=fix)
    place.kid, place.created_at = (await _newest_key(session, clock, cipher)).kid, clock.now()
    while True:
        place.object_id = secrets.token_bytes(OBJECT_BYTES)
        place.short_code = short_code(place.object_id)
        same = select(StaticCode.short_code).where(StaticCode.short_code == place.short_code)
        if (await session.exec(same)).first() is None:
            break
    session.add(place)
    await session.flush()
    return place


async def find_place(session: AsyncSession, code: str) -> StaticCode:
    """Return a sticker by its short code. Raises PlaceUnknownError."""
    found = (await session.exec(select(StaticCode).where(StaticCode.short_code == code.upper()))).first()
    if found is None:
        raise PlaceUnknownError(f"There is no place code {code!r}", fix="yiwang place-code list shows them.")
    return found


async def retire(session: AsyncSession, clock: Clock, code: str) -> StaticCode:
    """Have a sticker's scans answered as retired: it was replaced or taken down."""
    row = await find_place(session, code)
    if row.status == "active":
        row.status, row.retired_at = "retired", clock.now()
        session.add(row)
        await end_due(session, clock, row.object_id, "retired")
    return row


async def rekey(session: AsyncSession, clock: Clock, cipher: FieldCipher, code: str) -> StaticCode:
    """Move a sticker to the newest key: the one that hangs is retired, and its new sheet replaces it."""
    row = await find_place(session, code)
    row.kid = (await _newest_key(session, clock, cipher)).kid
    session.add(row)
    return row


async def listed(session: AsyncSession, *, overdue_at: datetime | None = None) -> Sequence[StaticCode]:
    """Return the active stickers; with ``overdue_at`` those that no patrol has seen for 30 days by then."""
    chosen = col(StaticCode.status) == "active" if overdue_at is None else is_overdue(overdue_at)
    return (await session.exec(select(StaticCode).where(chosen).order_by(StaticCode.reference))).all()


async def standing(
    session: AsyncSession, cipher: FieldCipher, scanned: str, where: Position | None = None, *, base: str = ""
) -> Standing:
    """Return what a scan has found; ``where`` is the phone, if it says so. A whole URL must begin with ``base``."""
    kid = place_codes.kid_of(scanned)
    read = place_codes.read(scanned, await mac_keys(session, cipher, kid) if kid is not None else {}, base)
    if isinstance(read, Tampered):
        return Standing("tampered")
    row = await session.get(StaticCode, read.code.object_id)
    if row is None or row.kind != read.code.kind:
        return Standing("retired")
    far = apart(position_of(row.latitude, row.longitude), where)
    valid = isinstance(read, Valid) and row.status == "active" and row.kid == read.code.kid
    return Standing("valid" if valid else "retired", row, far)


class Look(Struct, frozen=True):
    """A patrol's: who (as the audit log names them), what they found, and where their phone was."""

    actor: str
    found: Finding = "ok"
    where: Position | None = None


async def patrolled(session: AsyncSession, clock: Clock, row: StaticCode, look: Look) -> PlacePatrol:
    """Record that somebody of the city has looked at a sticker; one that is well and in its place counts as verified.

    In its place is one that was scanned there, or that is to hang nobody knows where.
    """
    place = position_of(row.latitude, row.longitude)
    far = apart(place, look.where)
    patrol = PlacePatrol(object_id=row.object_id, found=look.found, actor=look.actor, at=clock.now(), metres=far)
    if look.found == "ok" and (place is None or (far is not None and far <= NEAR_METRES)):
        row.last_verified_at = patrol.at
        await end_due(session, clock, row.object_id, "patrolled")
    session.add_all([patrol, row])
    return patrol


async def reported(session: AsyncSession, clock: Clock, scanned: str, request_id: str) -> None:
    """Record that somebody thinks a sticker is wrong; again with the same id, at once too, it is the same report."""
    claimed = place_codes.claimed(scanned)
    row = await session.get(StaticCode, claimed) if claimed is not None else None
    values = {
        "id": uuid7(),
        "scanned": scanned[:_SCANNED_CHARACTERS],
        "object_id": claimed if row is not None else None,
        "at": clock.now(),
        "request_id": request_id,
    }
    await session.exec(postgresql.insert(PlaceReport).values(values).on_conflict_do_nothing())


def base_url(settings: Settings, issuer: str) -> str:
    """Return what place codes begin with: the domain that is set for them, or the platform's own address."""
    return f"https://q.{settings.place_code_domain}" if settings.place_code_domain else issuer


async def _newest_key(session: AsyncSession, clock: Clock, cipher: FieldCipher) -> PlaceKey:
    living = select(PlaceKey).where(col(PlaceKey.retired_at).is_(None)).order_by(col(PlaceKey.kid).desc())
    return (await session.exec(living.limit(1))).first() or await new_key(session, clock, cipher)


def _check(place: StaticCode) -> None:
    if place.kind not in KINDS:
        raise PlaceRefusedError(f"There is no kind {place.kind!r}", fix=f"There are {', '.join(KINDS)}.")
    if (place.latitude is None) != (place.longitude is None) or (
        place.latitude is not None and position_of(place.latitude, place.longitude) is None
    ):
        raise PlaceRefusedError("The position is none on Earth", fix="Give latitude and longitude in degrees.")
    if not all(each.strip() for each in (place.reference, place.name_zh, place.name_en, place.street_zh)):
        raise PlaceRefusedError("A place has a reference, names and a street", fix="Residents compare them.")
