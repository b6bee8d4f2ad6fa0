"""Residents of the hall who wait, and what they do about it."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from flows.appointments.booking import Comer
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.finding import booking_of
from flows.appointments.persons import person_of
from flows.appointments.waitlist import confirming, joining
from flows.appointments.waitlist.entries import entry_of, offer_of
from flows.appointments.waitlist.joining import Wish
from flows.appointments.waitlist.tables import WaitlistEntry
from flows.appointments.waitlist.wishes import Window
from kernel.database import driver
from tests.appointments.hall import Hall

ANY = Window(date(2026, 12, 1), date(2026, 12, 11), 0, 1440)


async def join(
    hall: Hall, account: UUID, windows: Sequence[Window] = (ANY,), service: str = "marriage", people: int = 1
) -> UUID:
    """Have them wait; nothing is free just then, whatever is free later."""
    hall.clock.advance(timedelta(seconds=1))
    async with hall.database.session() as session:
        connection = await driver(session)
        closing = "UPDATE appointment_slot SET status = 'closed' WHERE status = 'open' RETURNING id"
        rows = await connection.fetch(closing)
        row = await joining.join(Deps(session, hall.clock), account, Wish(service, ["hall"], windows, people))
        again = "UPDATE appointment_slot SET status = 'open' WHERE id = ANY ($1::bigint[])"
        await connection.execute(again, [each["id"] for each in rows])
        return row.id


async def leave(hall: Hall, account: UUID, entry: UUID) -> None:
    async with hall.database.session() as session:
        await joining.leave(Deps(session, hall.clock), account, entry)


async def entry(hall: Hall, entry_id: UUID) -> WaitlistEntry:
    async with hall.database.session() as session:
        return await entry_of(session, entry_id)


async def states(hall: Hall, *entries: UUID) -> list[str]:
    return [(await entry(hall, each)).state for each in entries]


async def accept(hall: Hall, account: UUID, entry_id: UUID, replaced: UUID | None = None) -> Booking:
    async with hall.database.session() as session:
        made = offer_of(await entry_of(session, entry_id), str(account))
        comer = Comer(f"account:{account}", account, [await person_of(session, account)])
        former = await booking_of(session, replaced, lock=True) if replaced else None
        return await confirming.confirm(hall.desk(), session, made, comer, former)


async def give_up(hall: Hall, booked: Booking) -> None:
    """Its person cancels, and its places have rested."""
    assert booked.account_id is not None
    await hall.cancel(booked.account_id, booked.id)
    await hall.work(timedelta(minutes=31))


async def taken(hall: Hall) -> int:
    return int((await hall.ask("SELECT sum(taken) FROM appointment_slot"))[0][0])
