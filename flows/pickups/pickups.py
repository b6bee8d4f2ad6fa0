"""Filing, using and withdrawing what somebody picks up: a code is used once, and PostgreSQL alone decides that."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.typed_codes import new_code, normal
from flows.appointments.tables import AppointmentOffice
from flows.pickups.errors import (
    PickupDiffersError,
    PickupElsewhereError,
    PickupOverError,
    PickupRefusedError,
    PickupUsedError,
    UnknownPickupError,
)
from flows.pickups.notices import notify
from flows.pickups.tables import Pickup
from kernel.audit.entries import Event, append
from kernel.clock import Clock, local
from kernel.crypto.blind_index import normal_id_number
from kernel.crypto.keys import Keys
from kernel.database import lock_named
from kernel.ids import uuid7

MOST_DAYS = 180
_LETTERS = 10
"""Fifty bits: of 100,000 that lie ready nobody hits one in ten thousand million tries."""
_TITLE, _CODE = "pickup.title", "pickup.code"


class Deps(Struct, frozen=True):
    """One transaction's."""

    session: AsyncSession
    clock: Clock
    keys: Keys


class NewPickup(Struct, frozen=True):
    """What lies ready for the bearer of an ID number at ``office``; ``title`` is a short text that only they read."""

    issuer: str
    reference: str
    office: str
    id_number: str
    title: str
    until: datetime


async def file(deps: Deps, said: NewPickup, actor: str) -> Pickup:
    """File it, and have its person told; the same again is the same one.

    Raises IdNumberError, PickupRefusedError, PickupDiffersError.
    """
    session, keys, now = deps.session, deps.keys, deps.clock.now()
    person = keys.index.index("account.id_number", normal_id_number(said.id_number))
    await lock_named(session, f"pickup {said.issuer} {said.reference}")
    if (known := await _known(session, said.issuer, said.reference)) is not None:
        if _differs(keys, known, said, person):
            raise PickupDiffersError(
                f"Something else was filed as {said.reference}", fix="Withdraw that, and file this as something else."
            )
        return known
    if await session.get(AppointmentOffice, said.office) is None:
        raise PickupRefusedError(f"There is no office {said.office!r}", fix="`appointmentOffices` lists them.")
    if not now < said.until <= now + timedelta(days=MOST_DAYS):
        raise PickupRefusedError(f"until is not within {MOST_DAYS} days", fix="Send a moment to come.")
    own, code = uuid7(), new_code(_LETTERS)
    row = Pickup(
        id=own,
        issuer=said.issuer,
        reference=said.reference,
        office=said.office,
        person=person,
        title=keys.cipher.seal(_TITLE, own, said.title),
        code=keys.cipher.seal(_CODE, own, code),
        code_index=_index(keys, code),
        until=said.until.astimezone(UTC),
        filed_at=now,
        filed_by=actor,
    )
    session.add(row)
    await session.flush()
    await notify(session, deps.clock, row)
    await _audited(deps, "pickup.filed", row, actor)
    return row


async def use(deps: Deps, office: AppointmentOffice, code: str, use_id: str, actor: str) -> Pickup:
    """Use a code at an office, once; the same request again has the same answer.

    Raises UnknownPickupError, PickupElsewhereError, PickupUsedError, PickupOverError.
    """
    chosen = select(Pickup).where(Pickup.code_index == _index(deps.keys, code)).with_for_update()
    row = (await deps.session.exec(chosen)).first()
    if row is None:
        raise UnknownPickupError("There is no such code", fix="Compare it with the resident's screen.")
    if row.office != office.code:
        where = await deps.session.get_one(AppointmentOffice, row.office)
        raise PickupElsewhereError(f"It lies at {where.name_zh} ({where.code})", fix="Send the resident there.")
    if row.state == "used" and (row.use_id, row.ended_by) == (use_id, actor):
        return row
    if row.state == "used" and row.ended_at is not None:
        raise PickupUsedError(
            f"It was picked up at {local(row.ended_at, office.time_zone)} at {office.name_zh} ({office.code})",
            fix="Ask the resident; whoever has filed it can file it anew.",
        )
    if row.state == "withdrawn" or row.until <= deps.clock.now():
        until = local(row.until, office.time_zone)
        why = "It was withdrawn" if row.state == "withdrawn" else f"It was to be picked up until {until}"
        raise PickupOverError(why, fix="Send the resident to whoever has filed it.")
    row.state, row.use_id = "used", use_id
    await _end(deps, "pickup.used", row, actor)
    return row


async def withdraw(deps: Deps, row: Pickup, actor: str) -> None:
    """Withdraw what the caller has locked, unless it was used; again it is as before. Raises PickupUsedError."""
    if row.state == "used":
        raise PickupUsedError("It was picked up already", fix="Nothing is left to withdraw.")
    if row.state == "ready":
        row.state = "withdrawn"
        await _end(deps, "pickup.withdrawn", row, actor)


async def filed(session: AsyncSession, issuer: str, reference: str, *, lock: bool = False) -> Pickup:
    """Return what an office has filed. Raises UnknownPickupError."""
    if (row := await _known(session, issuer, reference, lock=lock)) is None:
        raise UnknownPickupError(f"{issuer} has filed nothing as {reference[:64]}", fix="Compare the reference.")
    return row


async def pickups_of(session: AsyncSession, person: bytes | None, first: int) -> Sequence[Pickup]:
    """Return what lies or lay ready for a person, the latest first."""
    if person is None:
        return []
    mine = select(Pickup).where(Pickup.person == person).order_by(col(Pickup.id).desc())
    return (await session.exec(mine.limit(first))).all()


def state_of(row: Pickup, now: datetime) -> str:
    """Return ready, used, withdrawn, or expired: nobody has come in time."""
    return "expired" if row.state == "ready" and row.until <= now else row.state


def title_of(keys: Keys, row: Pickup) -> str:
    """Return what it is; empty once its person is erased."""
    return keys.cipher.open(_TITLE, row.id, row.title) if row.title else ""


def code_of(keys: Keys, row: Pickup) -> str:
    """Return its code, for its person alone."""
    return keys.cipher.open(_CODE, row.id, row.code) if row.code else ""


async def _known(session: AsyncSession, issuer: str, reference: str, *, lock: bool = False) -> Pickup | None:
    chosen = select(Pickup).where(Pickup.issuer == issuer, Pickup.reference == reference)
    return (await session.exec(chosen.with_for_update() if lock else chosen)).first()


def _differs(keys: Keys, known: Pickup, said: NewPickup, person: bytes) -> bool:
    was = (known.office, known.until, known.person, title_of(keys, known))
    return was != (said.office, said.until, person, said.title)


def _index(keys: Keys, code: str) -> bytes:
    return keys.index.index(_CODE, normal(code))


async def _end(deps: Deps, action: str, row: Pickup, actor: str) -> None:
    row.ended_at, row.ended_by = deps.clock.now(), actor
    deps.session.add(row)
    await _audited(deps, action, row, actor)


async def _audited(deps: Deps, action: str, row: Pickup, actor: str) -> None:
    event = Event(actor=actor, action=action, object=f"pickup:{row.id}", details={"office": row.office})
    await append(deps.session, deps.clock, event)
