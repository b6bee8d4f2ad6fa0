"""Holds: a time kept for some minutes for whoever is about to confirm it.

What a hold is of travels with its holder, sealed, so that nothing of it is lost with Redis: then nothing is held any
more, and whoever confirms first has the place.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments import sealing
from flows.appointments.booking_tables import Booking
from flows.appointments.errors import NotBookableError, TakenError
from flows.appointments.finding import Asked, Free, next_free, times_at
from flows.appointments.offered import Offered
from flows.appointments.tables import Channel
from flows.appointments.taking import ROLL_OVER, Left, left_of
from flows.appointments.turnstile import Turnstile, Wanted
from flows.appointments.windows import check_bookable
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.database import driver
from kernel.ids import random_id

_SEALED = "appointment.hold"
WHILE_CONFIRMING = timedelta(seconds=30)
"""A request that takes longer is answered with an error by whatever stands before the gateway."""


class Hold(Struct, frozen=True, array_like=True):
    """A time that is kept until ``expires_at``, if ``is_kept``; else Redis was away, and it may be gone any moment.

    ``holder`` is an account's id, or whoever books for others.
    """

    id: str
    holder: str
    service: str
    office: str
    resource_id: UUID
    slot_ids: tuple[int, ...]
    starts_at: datetime
    ends_at: datetime
    people: int
    channel: Channel
    expires_at: datetime
    is_kept: bool
    right: UUID | None = None  # to book before others (``rights``)
    system: str = ""  # the department's own, which has this time

    def wanted(self, of: Asked, now: datetime) -> Wanted:
        """Return what it needs beyond the places that are its holder's own."""
        slots = tuple(each for each in self.slot_ids if each not in of.own)
        return Wanted(
            self.resource_id, of.day_of(self.starts_at), slots, self.channel, self.starts_at <= now + ROLL_OVER
        )


class Elsewhere(Protocol):
    """Departments' own booking systems."""

    def turn(self, system: str) -> AbstractAsyncContextManager[None]:
        """Wait for one's turn there, in no transaction. Raises SystemAwayError."""

    async def book(self, session: AsyncSession, row: Booking) -> bool:
        """Book there, as the last act of a transaction that books here; False: it is taken. Raises SystemAwayError."""


class Desk(Struct, frozen=True):
    """What holds are made with, in one process."""

    clock: Clock
    cipher: FieldCipher
    turnstile: Turnstile
    offered: Offered
    elsewhere: Elsewhere | None = None


async def hold(desk: Desk, holder: str, of: Asked, starts_at: datetime, right: UUID | None = None) -> Hold:
    """Keep a time for a holder, whose former hold ends by it; just the same once more is the same hold while it lasts.

    Raises NotBookableError, TakenError.
    """
    now, starts_at = desk.clock.now(), starts_at.astimezone(UTC)
    check_bookable(of.service, starts_at, now, of.office.time_zone)
    said = await desk.turnstile.of_holder(holder)
    former = _read(said)
    if (same := await _same(desk, former, of, starts_at, right)) is not None:
        return same
    for free in await desk.offered.slots_at(of, starts_at):
        made = _made(holder, of, free, now, right)
        wanted = made.wanted(of, now)
        if not wanted.slot_ids:
            raise NotBookableError("The appointment is at this time already", fix="Choose another one.")
        answer = await desk.turnstile.hold(
            made.id, wanted, now, made.expires_at, desk.offered.left_of, former=former.id if former else ""
        )
        if answer == "held":
            return await _noted(desk, made, wanted, of, said)
        if answer == "away" and free.places > 0:
            return replace(made, is_kept=False)
    if (same := await _same(desk, _read(await desk.turnstile.of_holder(holder)), of, starts_at, right)) is not None:
        return same  # it was asked for twice at once
    raise taken(await desk.offered.next_free(of, starts_at))


def _made(holder: str, of: Asked, free: Free, now: datetime, right: UUID | None) -> Hold:
    return Hold(
        id=random_id(),
        holder=holder,
        service=of.service.code,
        office=of.office.code,
        resource_id=free.resource_id,
        slot_ids=free.slot_ids,
        starts_at=free.starts_at,
        ends_at=free.starts_at + timedelta(minutes=of.minutes),
        people=of.people,
        channel=of.channel,
        expires_at=now + timedelta(minutes=of.service.hold_minutes),
        is_kept=True,
        system=free.system,
        right=right,
    )


async def hold_by_right(desk: Desk, holder: str, of: Asked, starts_at: datetime, right: UUID | None) -> Hold | None:
    """Hold a place of those who come before others, for whoever has a right to; None if there is none.

    Then they hold one of the others, by their right as well. Raises NotBookableError.
    """
    if right is None:
        return None
    try:
        return await hold(desk, holder, replace(of, channel="priority"), starts_at, right)
    except TakenError:
        return None


def turn(desk: Desk, made: Hold) -> AbstractAsyncContextManager[None]:
    """Wait for one's turn to confirm a hold, before any transaction. Raises SystemAwayError."""
    return desk.elsewhere.turn(made.system) if made.system and desk.elsewhere else nullcontext()


async def release(desk: Desk, made: Hold) -> None:
    """Give a hold back before its time is over."""
    of = await desk.offered.asked(made.service, made.office, made.people, made.channel)
    await desk.turnstile.release(made.id, made.wanted(of, desk.clock.now()))


async def keep(desk: Desk, session: AsyncSession, made: Hold, of: Asked) -> None:
    """Keep what a transaction confirms. A hold that is over, or was lost, is held anew if its place is still free.

    One that is over says no more what can be booked: that is looked up. Raises NotBookableError, TakenError.
    """
    now = desk.clock.now()
    if made.expires_at <= now:
        check_bookable(of.service, made.starts_at, now, of.office.time_zone)
        served = await times_at(session, desk.clock, of, made.starts_at)
        if made.slot_ids not in [each.slot_ids for each in served]:
            raise taken(await next_free(session, desk.clock, of, made.starts_at))
    elif made.starts_at <= now:
        raise NotBookableError("This time is over", fix="Choose a later one.")

    async def load(slot_ids: Sequence[int]) -> list[Left]:
        return await left_of(await driver(session), slot_ids)

    until = max(made.expires_at, now + WHILE_CONFIRMING)
    if await desk.turnstile.hold(made.id, made.wanted(of, now), now, until, load) == "taken":
        raise taken(await next_free(session, desk.clock, of, made.starts_at))


def taken(others: Sequence[datetime]) -> TakenError:
    """Return what is said where nothing is free, whether booked, held, or never there; others are."""
    fix = "Choose one of nextFree." if others else "Choose another day or office."
    return TakenError("Nothing is free at this time", others, fix=fix)


def sealed(cipher: FieldCipher, made: Hold) -> str:
    """Return a hold as its holder is given it."""
    return sealing.sealed(cipher, _SEALED, made.holder, msgspec.json.encode(made).decode())


def opened(cipher: FieldCipher, holder: str, text: str) -> Hold:
    """Return a holder's own hold. Raises HoldRefusedError."""
    return msgspec.json.decode(sealing.unsealed(cipher, _SEALED, holder, text), type=Hold)


class _Note(Struct, frozen=True, array_like=True):
    """A holder's one hold, as Redis knows it. ``own``: the slots of what is moved by it.

    Processes of other versions read and write it while they are replaced: fields are added at the end, with a default.
    """

    id: str
    places: Wanted
    expires_at: datetime | None = None
    made: Hold | None = None
    own: tuple[int, ...] = ()


async def _same(desk: Desk, note: _Note | None, of: Asked, starts_at: datetime, right: UUID | None) -> Hold | None:
    """Return a holder's hold if it is of just what is asked for and lasts: then it is asked for once more."""
    if note is None or (made := note.made) is None or made.expires_at <= (now := desk.clock.now()):
        return None
    what = (made.service, made.office, made.people, made.channel, made.starts_at, made.ends_at, made.right, note.own)
    ends_at = starts_at + timedelta(minutes=of.minutes)
    if what != (of.service.code, of.office.code, of.people, of.channel, starts_at, ends_at, right, of.own):
        return None
    return made if await desk.turnstile.lasts(made.id, note.places, now) else None


async def _noted(desk: Desk, made: Hold, wanted: Wanted, of: Asked, read: str) -> Hold:
    """Note a holder's one hold, which ends the one before. Of two of the same the one that was noted first stays."""
    said = msgspec.json.encode(_Note(made.id, wanted, made.expires_at, made, of.own)).decode()
    lasts = made.expires_at - desk.clock.now()
    while (stands := await desk.turnstile.note(made.holder, read, said, lasts)) is not None:
        if (same := await _same(desk, _read(stands), of, made.starts_at, made.right)) is not None:
            await desk.turnstile.release(made.id, wanted)
            return same
        read = stands
    if (former := _read(read)) is not None:
        await desk.turnstile.release(former.id, former.places)
    return made


def _read(said: str) -> _Note | None:
    return msgspec.json.decode(said, type=_Note) if said else None
