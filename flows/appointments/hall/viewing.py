"""A hall as it stands: what its counters, its screens and whoever waits are shown. Names are masked."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.tables import Account
from flows.appointments.booking_tables import Booking
from flows.appointments.hall.estimating import Foretold, Pace, Turns, left, opened, paces
from flows.appointments.hall.line import counters_for, line_of, present, services_at
from flows.appointments.hall.tables import HallRevision, HallTicket
from flows.appointments.states import AT_COUNTER, WAITING, State
from flows.appointments.tables import AppointmentService, HallCounter
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.masks import masked_name


class _View(Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class TicketView(_View, frozen=True, kw_only=True):
    """Somebody in the hall. ``counter`` has called them last; ``masked_name`` is empty where nobody knows them."""

    id: UUID
    number: str
    service: str
    state: State
    is_priority: bool
    is_late: bool
    has_appointment: bool
    starts_at: datetime
    arrived_at: datetime
    counter: str | None
    calls: int
    called_at: datetime | None
    masked_name: str
    code: str


class CounterView(_View, frozen=True, kw_only=True):
    """A counter, and who is called to it or served there. ``services``: what it serves; none: all of the office."""

    code: str
    name_zh: str
    name_en: str
    services: list[str]
    open: bool
    ticket: TicketView | None


class QueueView(_View, frozen=True, kw_only=True):
    """How many wait for a service, and how long a newcomer will, in seconds; null while no counter is open for it.

    ``error_s``: how far the last estimates were off, on average; null before there was one.
    """

    service: str
    name_zh: str
    name_en: str
    waiting: int
    low_s: int | None
    high_s: int | None
    error_s: int | None


class HallView(_View, frozen=True, kw_only=True):
    """All of a hall today. ``waiting`` is in the order of the line; ``revision`` rises with every change."""

    office: str
    name_zh: str
    name_en: str
    day: date
    revision: int
    counters: list[CounterView]
    waiting: list[TicketView]
    missed: list[TicketView]
    queues: list[QueueView]


async def hall_of(session: AsyncSession, clock: Clock, cipher: FieldCipher, office: str) -> HallView:
    """Return the hall of an office, of one that was closed too: somebody may be there. Raises UnknownServiceError."""
    return (await hall_and_line(session, clock, cipher, office))[0]


async def hall_and_line(
    session: AsyncSession, clock: Clock, cipher: FieldCipher, office: str
) -> tuple[HallView, Mapping[UUID, Foretold]]:
    """Return the hall of an office, and what those who wait are told, by booking. Raises UnknownServiceError."""
    line = await line_of(session, clock, office, even_closed=True)
    revision = await session.get(HallRevision, office)
    there = await present(session, line)
    names = await _names(session, cipher, {row.account_id for _, row in there if row.account_id})
    shown = [_ticket(ticket, row, names) for ticket, row in there]
    counters = await counters_for(session, office, still_open=True)
    waiting = [each for each in shown if each.state in WAITING]
    services = {each.code: each for each in await services_at(session, office)}
    known = await paces(session, office, sorted({*services, *(each.service for each in shown)}))
    busy = {
        ticket.counter: left(known[ticket.service], ticket.served_at, clock.now())
        for ticket, row in there
        if ticket.counter and row.state in AT_COUNTER
    }
    turns = Turns(opened(counters, busy), known)
    told = {each.id: turns.take(each.service) for each in waiting}
    view = HallView(
        office=office,
        name_zh=line.office.name_zh,
        name_en=line.office.name_en,
        day=line.day,
        revision=revision.revision if revision else 0,
        counters=[_counter(each, shown) for each in counters],
        waiting=waiting,
        missed=[each for each in shown if each.state == "missed"],
        queues=_queues(services, [each.service for each in waiting], turns, known),
    )
    return view, told


def _ticket(ticket: HallTicket, row: Booking, names: Mapping[UUID, str]) -> TicketView:
    return TicketView(
        id=row.id,
        number=ticket.number,
        service=ticket.service,
        state=row.state,
        is_priority=ticket.is_priority,
        is_late=ticket.is_late,
        has_appointment=bool(row.slot_ids),
        starts_at=row.starts_at,
        arrived_at=ticket.arrived_at,
        counter=ticket.counter,
        calls=ticket.calls,
        called_at=ticket.called_at,
        masked_name=names.get(row.account_id, "") if row.account_id else "",
        code=row.code,
    )


def _counter(counter: HallCounter, shown: Sequence[TicketView]) -> CounterView:
    at = [each for each in shown if each.counter == counter.code and each.state in AT_COUNTER]
    return CounterView(
        code=counter.code,
        name_zh=counter.name_zh,
        name_en=counter.name_en,
        services=counter.services,
        open=counter.opened_at is not None,
        ticket=at[0] if at else None,
    )


def _queues(
    services: Mapping[str, AppointmentService],
    waiting: Sequence[str],
    turns: Turns,
    known: Mapping[str, Pace],
) -> list[QueueView]:
    return [
        QueueView(
            service=each.code,
            name_zh=each.name_zh,
            name_en=each.name_en,
            waiting=sum(one == each.code for one in waiting),
            low_s=found.low if found else None,
            high_s=found.high if found else None,
            error_s=known[each.code].error_s,
        )
        for each in services.values()
        for found in [turns.wait(each.code)]
    ]


async def _names(session: AsyncSession, cipher: FieldCipher, accounts: set[UUID]) -> dict[UUID, str]:
    """Return masked names by account, those of accounts that became part of another one too."""
    found: dict[UUID, str] = {}
    rows = (await session.exec(select(Account).where(col(Account.id).in_(accounts)))).all() if accounts else []
    kept = {row.id: row.merged_into or row.id for row in rows}
    others = set(kept.values()) - set(kept)
    more = (await session.exec(select(Account).where(col(Account.id).in_(others)))).all() if others else []
    by_id = {row.id: row for row in (*rows, *more)}
    for account_id, holder in kept.items():
        name = by_id[holder].name
        if name is not None:
            found[account_id] = masked_name(cipher.open("account.name", holder, name))
    return found
