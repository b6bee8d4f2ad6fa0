"""An account is erased: what it waits for and books just then is given up, and whoever is busy with it goes on."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from flows.appointments.booking import Comer
from flows.appointments.deps import Deps
from flows.appointments.ending import come_back
from flows.appointments.finding import booking_of
from flows.appointments.holdings import appointments_held, erase_appointments
from flows.appointments.persons import person_of
from flows.appointments.waitlist import confirming
from flows.appointments.waitlist.entries import entry_of, offer_of
from flows.appointments.waitlist.offering import in_turn, offer_returned
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall, on
from tests.appointments.waiting import give_up, join, states

NINE = on("12-01", "09:00")


@pytest.fixture
async def full(bare_hall: Hall) -> Hall:
    """One window with one place of half an hour each for residents and for the hotline, from nine to ten."""
    window = {**WINDOW, "schedules": [{"days": ["tue"], "hours": "09:00-10:00", "places": {"public": 1, "hotline": 1}}]}
    await bare_hall.build(SERVICE, offices=[{**OFFICE, "resources": [window]}])
    return bare_hall


async def test_an_account_that_is_erased_waits_no_more_and_its_offer_goes_on(full: Hall) -> None:
    owner, one, other = await full.residents(3)
    booked = await full.book(owner, NINE)
    waiting = [await join(full, one), await join(full, other)]
    await give_up(full, booked)
    async with full.database.session() as session:
        held = await appointments_held(Deps(session, full.clock), full.keys.cipher, one)
        await erase_appointments(Deps(session, full.clock), one)
    assert [each["state"] for each in held["waitlist"]] == ["offered"]
    assert [each["event"] for each in held["waitlist_events"]] == ["join", "offer"]
    await full.work()
    assert await states(full, *waiting) == ["left", "offered"]
    assert await full.ask("SELECT count(*) FROM waitlist_person WHERE entry_id = :id", id=waiting[0]) == [(0,)]


async def test_an_account_that_is_erased_while_it_confirms_its_offer_keeps_nothing(full: Hall) -> None:
    owner, one = await full.residents(2)
    booked = await full.book(owner, NINE)
    waits = await join(full, one)
    await give_up(full, booked)
    async with full.database.session() as session:
        made = offer_of(await entry_of(session, waits, lock=True), str(one))
        erasing = asyncio.create_task(_erase(full, one))
        await full.until_waiting()
        comer = Comer(f"account:{one}", one, [await person_of(session, one)])
        row = await confirming.confirm(full.desk(), session, made, comer)
    await erasing
    assert (await full.booking(row.id)).state == "cancelled"
    assert await full.ask("SELECT count(*) FROM booking_person WHERE booking_id = :id", id=row.id) == [(0,)]


async def _erase(hall: Hall, account: UUID) -> None:
    async with hall.database.session() as session:
        await erase_appointments(Deps(session, hall.clock), account)


async def test_an_account_that_is_erased_while_it_books_what_is_offered_holds_nobody_up(full: Hall) -> None:
    owner, one = await full.residents(2)
    booked = await full.book(owner, NINE)
    waits = await join(full, one)
    await full.cancel(owner, booked.id)
    full.clock.advance(timedelta(minutes=31))
    held = await full.hold(one, NINE, await full.wanted(channel="hotline"))
    async with full.database.session() as session:
        await in_turn(session)
        row = await booking_of(session, booked.id, lock=True)
        assert await come_back(Deps(session, full.clock), row)
        confirming_it = asyncio.create_task(full.confirm(one, held))  # has the person, and waits for the slot
        await full.until_waiting(1)
        erasing = asyncio.create_task(_erase(full, one))
        await full.until_waiting(2)
        await offer_returned(Deps(session, full.clock), row)  # has the slot, and wants the entry
    made = await confirming_it
    await erasing
    assert (await full.booking(made.id)).state == "cancelled"
    assert await states(full, waits) == ["left"]
