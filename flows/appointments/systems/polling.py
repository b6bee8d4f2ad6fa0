"""A round of asking the departments' systems: what has changed, and once an hour all of it.

No transaction waits for them: what they say is read first, and then written down. Any number of workers may do it; each
system is asked by one at a time. What cannot be read of an answer is a finding (``yiwang appointments systems``).
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Raw, Struct
from sqlalchemy import ARRAY, ColumnElement, Uuid, all_, any_, func, literal, or_
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.errors import SystemAwayError, UnknownBookingError
from flows.appointments.messages import GIVE_UP_ELSEWHERE, BookingElsewhere
from flows.appointments.states import GIVEN_UP
from flows.appointments.systems.changing import change
from flows.appointments.systems.client import Client, Clients
from flows.appointments.systems.mirroring import (
    FINDINGS,
    UNREADABLE,
    Resources,
    Told,
    close_others,
    collide_all,
    finding,
    put,
    resources_of,
    together,
)
from flows.appointments.systems.wire import Change
from flows.appointments.tables import AppointmentService, BookingSystem
from kernel.clock import Clock
from kernel.database import Database
from kernel.outbox import send

EVERY = timedelta(seconds=5)
_WHOLE_EVERY = timedelta(hours=1)
_LONGEST = timedelta(minutes=1)  # between two rounds of a system that fails
_ROUND = timedelta(minutes=4)
_SETTLES = timedelta(minutes=1)  # longer than any booking takes
_PAGES = 200  # of a round; with 1,000 slots each they are those of 300 windows for a month
_AHEAD = timedelta(days=2)
_AT_ONCE = 2_000  # slots of a transaction

_log = logging.getLogger(__name__)


class Round(Struct):
    """What a round has led to. ``more``: the next one goes on at once."""

    cursor: str
    findings: list[str]
    is_whole: bool
    more: bool = False


async def poll_due(database: Database, clock: Clock, clients: Clients) -> None:
    """Ask the systems whose turn it is."""
    await asyncio.gather(*(_poll(database, clock, clients.of(each), each) for each in await _claim(database, clock)))


async def _claim(database: Database, clock: Clock) -> Sequence[BookingSystem]:
    now = clock.now()
    due = select(BookingSystem).where(
        col(BookingSystem.closed_at).is_(None),
        or_(col(BookingSystem.due_at).is_(None), col(BookingSystem.due_at) <= now),
        or_(col(BookingSystem.taken_until).is_(None), col(BookingSystem.taken_until) <= now),
    )
    async with database.session() as session:
        rows = (await session.exec(due.with_for_update(skip_locked=True, key_share=True))).all()
        for row in rows:
            row.taken_until, row.due_at = now + 2 * _ROUND, now + EVERY
            session.add(row)
        await session.flush()
        session.expunge_all()
    return rows


async def _poll(database: Database, clock: Clock, client: Client, system: BookingSystem) -> None:
    """Ask one. Whatever its answers do to us, the others are asked, and this one again."""
    done, error = None, ""
    try:
        async with asyncio.timeout(_ROUND.total_seconds()):
            done = await _round(database, clock, client, system)
    except SystemAwayError as away:
        error = away.said
    except TimeoutError:
        error = f"it took more than {_ROUND}"
    except Exception as failed:  # noqa: BLE001 - answers are others' bytes: whatever they do to us, it is a finding
        _log.exception("a booking system's answers could not be followed", extra={"system": system.code})
        error = f"its answers could not be followed: {type(failed).__name__}"
    now = clock.now()
    async with database.session() as session:
        row = await session.get_one(BookingSystem, system.code, with_for_update={"key_share": True})
        row.taken_until, row.error = None, error[:500]
        row.failures = 0 if done else row.failures + 1
        if done is None:
            row.due_at = now + min(EVERY * 2 ** min(row.failures, 10), _LONGEST)
        else:
            row.polled_at = now
            row.cursor = done.cursor
            row.findings = together(done.findings, [] if done.is_whole else row.findings)
            row.synced_at = now if done.is_whole else row.synced_at
            if done.more:
                row.due_at = None
        session.add(row)


async def _round(database: Database, clock: Clock, client: Client, system: BookingSystem) -> Round:
    async with database.snapshot() as session:
        resources = await resources_of(session, system.code)
        days = await session.exec(select(func.max(AppointmentService.days)))
        until = clock.now() + timedelta(days=days.one() or 0) + _AHEAD
    is_due = system.synced_at is None or system.synced_at <= clock.now() - _WHOLE_EVERY
    if not is_due and (done := await _changes(database, clock, client, system, resources)) is not None:
        return done
    return await _whole(database, clock, client, system, (resources, until))


async def _changes(
    database: Database, clock: Clock, client: Client, system: BookingSystem, resources: Resources
) -> Round | None:
    """Follow what has changed; None: all has to be read anew."""
    page = await client.changes(system.cursor)
    if page is None:
        return None
    slots: list[Told] = []
    findings: list[str] = []
    told = []
    for number, raw in enumerate(page.changes):
        try:
            each = msgspec.json.decode(raw, type=Change)
            if each.slot is not None:
                slots.append(resources.checked(each.slot))
            elif each.appointment is not None:
                told.append((number, each.appointment))
        except UNREADABLE as error:
            findings.append(finding(f"changes/{number}", error))
    await _write(database, clock, resources, slots)
    for number, appointment in told:
        try:
            async with database.session() as session:
                wrong = await change(Deps(session, clock), system.code, resources, appointment)
        except (UnknownBookingError, LookupError) as error:
            wrong = str(error)
        findings += [f"changes/{number}: {wrong}"] if wrong else []
    await collide_all(database, clock, {row.id for row, slot in slots if slot.closed})
    return Round(page.cursor, findings, is_whole=False, more=page.more)


async def _whole(
    database: Database, clock: Clock, client: Client, system: BookingSystem, what: tuple[Resources, datetime]
) -> Round:
    """Read all times to come; what they have is compared with what is booked here."""
    (resources, until), began = what, clock.now()
    raws: list[Raw] = []
    page = await client.slots(began, until)
    first = page
    for _ in range(_PAGES):
        raws += page.slots
        if page.cursor is None:
            break
        page = await client.slots(began, until, page.cursor)
    else:
        raise SystemAwayError(f"GET /slots has more than {_PAGES} pages", fix="Put up to 1,000 slots into each.")
    read = resources.read(raws, "slots")
    await _write(database, clock, resources, read.slots)
    async with database.session() as session:
        await close_others(session, clock, resources, read.slots, until)
    await collide_all(database, clock, [each.id for each in resources.all])
    booked = {each for _, slot in read.slots for each in slot.booked}
    missing = await _compare(database, clock, system.code, booked, (began, until))
    return Round(first.changes, [*missing, *read.findings], is_whole=True)


async def _write(database: Database, clock: Clock, resources: Resources, slots: Sequence[Told]) -> None:
    """Some at a time, each resource's together: others free places by the same turn."""
    ordered = sorted(slots, key=lambda told: (told[0].id, told[1].starts))
    for begin in range(0, len(ordered), _AT_ONCE):
        async with database.session() as session:
            await put(session, clock, resources, ordered[begin : begin + _AT_ONCE])


async def _compare(
    database: Database, clock: Clock, system: str, booked: Collection[UUID], span: tuple[datetime, datetime]
) -> list[str]:
    """Have what stands only there given up, unless it is being booked now; return what stands only here."""
    async with database.session() as session:
        here = await _states(session, booked)
        for each in sorted(booked):
            if here.get(each) in (None, *GIVEN_UP):
                send(session, clock, GIVE_UP_ELSEWHERE, BookingElsewhere(each, system), _SETTLES)
        ours = select(Booking.code).where(
            Booking.system == system,
            Booking.state == "confirmed",
            col(Booking.starts_at) >= span[0],
            col(Booking.starts_at) < span[1],
            col(Booking.created_at) < span[0] - _SETTLES,
            col(Booking.id) != all_(_ids(booked)),
        )
        codes = (await session.exec(ours.order_by(col(Booking.starts_at)).limit(FINDINGS))).all()
    return [f"slots: no `booked` has the appointment {code}" for code in codes]


def _ids(ids: Collection[UUID]) -> ColumnElement[list[UUID]]:
    """All in one parameter: a statement has at most 32,767."""
    return literal(list(ids), ARRAY(Uuid))


async def _states(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, str]:
    rows = await session.exec(select(Booking.id, Booking.state).where(col(Booking.id) == any_(_ids(ids))))
    return dict(rows.all())


async def ask_at_once(session: AsyncSession, code: str, department: str) -> bool:
    """Have a department's system asked by the next round; False: it has none of this code."""
    mine = update(BookingSystem).where(
        col(BookingSystem.code) == code,
        col(BookingSystem.department) == department,
        col(BookingSystem.closed_at).is_(None),
    )
    done = await session.exec(mine.values(due_at=None))
    return bool(done.rowcount)
