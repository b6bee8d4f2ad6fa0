"""A hold becomes a booking: once, whoever asks how often; with all of its slots, or not at all."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from flows.appointments import holding
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.ending import end_for_another
from flows.appointments.errors import (
    ClashError,
    NamesMissingError,
    NoShowLimitError,
    SystemAwayError,
    WrongStateError,
)
from flows.appointments.finding import Asked, asked, next_free
from flows.appointments.history import begun
from flows.appointments.holding import Desk, Hold
from flows.appointments.no_shows import missed_too_often
from flows.appointments.notices import notify_named
from flows.appointments.papers.keeping import Bearer, check_answered, keep
from flows.appointments.persons import Clash, Person, Visit, check_open, companions_of, put
from flows.appointments.reminding import remind_at
from flows.appointments.right_tables import BookingRight
from flows.appointments.rights import claim, right_of
from flows.appointments.taking import give_back, take
from flows.appointments.watching import changed
from kernel.clock import rfc3339
from kernel.database import driver, lock_named
from kernel.ids import uuid7

_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none is read or heard as another
_CODE_LENGTH = 8


class Comer(Struct, frozen=True):
    """Who books: for the persons that come, as ``actor`` of the audit log. ``account_id``: whose booking it is.

    With an account the first person is its own; without, ``bearer`` is. ``details`` are those of the event: by which
    ``door``, and of staff who move a booking also the ``reason``.
    """

    actor: str
    account_id: UUID | None
    persons: Sequence[Person]
    answers: Mapping[str, str] = {}
    bearer: Bearer | None = None
    details: Mapping[str, str] = {}

    def is_self(self, person: Person) -> bool:
        return self.account_id is not None and person == self.persons[0]


async def confirm(
    desk: Desk,
    session: AsyncSession,
    made: Hold,
    comer: Comer,
    replaced: Booking | None = None,
    *,
    owned: bool = False,
) -> Booking:
    """Book what is held; ``replaced``, which the caller has locked, is given up by it, or stays if this fails.

    Whoever was to come to that comes to this, unless others are named. ``owned``: the places are taken already, by an
    offer of theirs that the caller has locked.

    Raises TakenError, ClashError, NotBookableError, WrongStateError, RightRefusedError, AnswerRefusedError,
    AnswersNeededError, SystemAwayError.
    """
    deps, now = Deps(session, desk.clock), desk.clock.now()
    await lock_named(session, f"hold {made.id}")
    if (known := (await session.exec(select(Booking).where(Booking.hold_id == made.id))).first()) is not None:
        if replaced is not None and known.replaces != replaced.id:
            raise WrongStateError("What was held is another appointment already", fix="Hold another time.")
        return known
    if replaced is not None and replaced.service != made.service:
        raise WrongStateError("What is held is of another service", fix=f"Hold a time of {replaced.service}.")
    of = await asked(session, made.service, made.office, made.people, made.channel)
    if replaced is not None and not owned:
        of = of.moving(replaced)
    if not owned:
        await holding.keep(desk, session, made, of)
    try:
        row = await _book(deps, made, of, comer, replaced, owned=owned)
        await keep(session, desk.cipher, row, comer.answers, comer.bearer)
        await check_answered(session, row, "confirm")
        if made.system:
            await _book_elsewhere(desk, session, row, of)
    except BaseException:
        await desk.turnstile.end_at(made.id, made.wanted(of, now), now, made.expires_at)
        raise
    return row


async def _book_elsewhere(desk: Desk, session: AsyncSession, row: Booking, of: Asked) -> None:
    if desk.elsewhere is None:
        raise SystemAwayError("Nothing here books at the office's own system", fix="Book by another door.")
    if not await desk.elsewhere.book(session, row):
        raise holding.taken(await next_free(session, desk.clock, of, row.starts_at))


async def _book(deps: Deps, made: Hold, of: Asked, comer: Comer, replaced: Booking | None, *, owned: bool) -> Booking:
    session, now = deps.session, deps.clock.now()
    row = _booking(made, comer, replaced, now)
    row.remind_at = remind_at(of.service, row.starts_at, now)
    if replaced is not None:
        if made.people > 1 and len(comer.persons) == 1:
            own = comer.persons[0]
            comer = replace(comer, persons=[own, *await companions_of(session, replaced.id, own)])
        await end_for_another(deps, replaced, comer.actor, **comer.details)
    _check_named(of, made.people, comer.persons)
    right = await _right(deps, made, comer, replaced)
    session.add(row)
    begun(session, row, comer.actor, "confirm", **comer.details)
    await session.flush()
    await _come(deps, row, of, comer, is_counted=right is None)
    if right is not None:
        right.used_by = row.id
        session.add(right)
    connection = await driver(session)
    wanted = made.wanted(of, now)
    if owned:  # and taken anew: they may be closed by now
        await give_back(connection, wanted.slot_ids, row.channel)
    left = await take(connection, wanted.slot_ids, row.channel, now, is_elsewhere=bool(made.system))
    if left is None:
        raise holding.taken(await next_free(session, deps.clock, of, made.starts_at))
    if replaced is not None:  # what both take is the new one's now
        replaced.slot_ids = [each for each in replaced.slot_ids if each not in of.own or each not in made.slot_ids]
    if made.people > 1 or replaced is not None:
        await notify_named(deps, row, replaced, comer.actor)
    changed(session, wanted, left, made.id)
    return row


def _check_named(of: Asked, people: int, persons: Sequence[Person]) -> None:
    """Raise NamesMissingError unless each is named once, and all of them where the service wants it."""
    own, *others = persons
    if any(each in own for person in others for each in person):
        raise NamesMissingError("Somebody is their own companion", "self", fix="Name the others alone.")
    told_by = [each for person in others for each in person]
    if len({*told_by}) < len(told_by):
        raise NamesMissingError("Somebody is named twice", "twice", fix="Name each of the others once.")
    if of.service.names_all and len(persons) < people:
        raise NamesMissingError(
            f"{people} people come, and {len(persons)} of them are named",
            "missing",
            fix="Name the others as companions.",
        )


async def _right(deps: Deps, made: Hold, comer: Comer, replaced: Booking | None) -> BookingRight | None:
    """Return the right by which this is booked, or by which was what it is moved from."""
    if made.right is not None:
        return await claim(deps, comer.account_id, comer.persons[0], (made.right, made.service))
    return await right_of(deps, replaced) if replaced is not None else None


async def _come(deps: Deps, row: Booking, of: Asked, comer: Comer, *, is_counted: bool) -> None:
    """Write down who comes, unless somebody cannot. Raises ClashError, NoShowLimitError."""
    session, connection = deps.session, await driver(deps.session)
    visit = Visit(row.service, of.service.most_active if is_counted else None, row.starts_at, row.ends_at)
    clash = await put(connection, row.id, comer.persons, visit)
    if comer.account_id is not None:
        await check_open(session, comer.account_id)
    if clash is not None:
        has_all = clash.person == comer.persons[0] and clash.has_all  # another time would not help
        others = [] if has_all else await next_free(session, deps.clock, of, row.starts_at)
        if await _is_own(session, comer, clash):
            raise _clashing(of, clash, others)
        raise _has_all(of) if has_all else _hindered(others)
    if not of.service.counts_no_shows or not is_counted:
        return
    missed = await missed_too_often(connection, comer.persons, row.starts_at, row.created_at)
    if missed is not None and not comer.is_self(missed.person):
        raise _hindered(await next_free(session, deps.clock, of, row.starts_at))
    if missed is not None:
        raise NoShowLimitError(missed.codes, missed.until)


def _booking(made: Hold, comer: Comer, replaced: Booking | None, now: datetime) -> Booking:
    own = uuid7()
    return Booking(
        id=own,
        uid=replaced.uid if replaced else own,
        code=new_code(),
        hold_id=made.id,
        account_id=comer.account_id,
        service=made.service,
        office=made.office,
        resource_id=made.resource_id,
        slot_ids=list(made.slot_ids),
        starts_at=made.starts_at,
        ends_at=made.ends_at,
        people=made.people,
        channel=made.channel,
        state="confirmed",
        sequence=replaced.sequence + 1 if replaced else 0,
        system=made.system or None,
        replaces=replaced.id if replaced else None,
        created_at=now,
        updated_at=now,
    )


def new_code() -> str:
    """Return a code that people say at a counter: 8 of 31 letters and digits, of which nobody guesses a used one."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))


async def _is_own(session: AsyncSession, comer: Comer, clash: Clash) -> bool:
    if comer.account_id is None or not comer.is_self(clash.person):
        return False
    return clash.account_id in await parts_of(session, comer.account_id)


def _hindered(others: Sequence[datetime]) -> ClashError:
    """Say that something stands against it, and nothing of what somebody else does: anybody may name them."""
    text = "Somebody who is to come cannot at this time, or has this service booked as often as one may"
    fix = "Choose another time. If they have this service booked, that does not help: they move or cancel it first."
    return ClashError(text, {}, others, fix=fix)


def _has_all(of: Asked) -> ClashError:
    """Say that whom it is for comes to as many as they may; somebody else has made those."""
    text = (
        f"Whom this is for comes to as many appointments of {of.service.code} as one may at a time, whoever made them"
    )
    return ClashError(text, {}, fix="No other time helps: leave, move or cancel one of those first.")


def _clashing(of: Asked, clash: Clash, others: Sequence[datetime]) -> ClashError:
    """Name the clash to whoever has made both bookings, for themself."""
    why = (
        f"is for the same service, and {of.service.most_active} at a time is the most"
        if clash.has_all
        else "overlaps this time"
    )
    return ClashError(
        f"Your appointment {clash.code} {why}",
        {
            "overlaps": clash.overlaps,
            "id": str(clash.booking_id),
            "code": clash.code,
            "service": clash.service,
            "office": clash.office,
            "startsAt": rfc3339(clash.starts_at),
        },
        others,
        fix="Move or cancel that one." if clash.has_all else "Move or cancel that one, or choose one of nextFree.",
    )
