"""Who comes: told apart by all that is known of them, and nothing is said of them to others."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from auth.accounts.accounts import account_of
from auth.accounts.merging import merge
from auth.accounts.tables import Account
from auth.errors import AccountClosedError
from auth.residents.erasure import erase
from flows.appointments.booking import Comer, confirm
from flows.appointments.deps import Deps
from flows.appointments.errors import ClashError, NamesMissingError, NoShowLimitError
from flows.appointments.holdings import erase_appointments
from flows.appointments.persons import Person, person_by_number, person_of
from kernel.crypto.blind_index import normal_id_number
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall, on

NINE = on("12-01", "09:00")
NUMBER = "11010519491231002X"


@pytest.fixture
async def couples(bare_hall: Hall) -> Hall:
    """A hall for one or two, with room for all."""
    window = {**WINDOW, "schedules": [{"days": ["working"], "hours": "09:00-17:00", "places": {"public": 9}}]}
    await bare_hall.build({**SERVICE, "people": 2}, offices=[{**OFFICE, "resources": [window]}])
    return bare_hall


async def person(hall: Hall, account: UUID) -> Person:
    async with hall.database.session() as session:
        return await person_of(session, account)


async def prove(hall: Hall, account: UUID) -> None:
    async with hall.database.session() as session:
        row = await account_of(session, account)
        row.id_number_index = hall.keys.index.index("account.id_number", normal_id_number(NUMBER))
        session.add(row)


async def test_who_proves_their_id_number_has_not_one_booking_more(couples: Hall) -> None:
    one, other = await couples.residents(2)
    first = await couples.book(one, NINE)
    await prove(couples, one)
    with pytest.raises(ClashError, match=first.code):
        await couples.book(one, on("12-02", "09:00"))
    async with couples.database.session() as session:
        named = await person_by_number(session, couples.keys, NUMBER)
    held = await couples.hold(other, NINE, await couples.wanted(people=2))
    with pytest.raises(ClashError):
        await couples.confirm(other, held, named)


async def test_who_has_merged_accounts_has_not_one_booking_more(couples: Hall) -> None:
    one, other = await couples.residents(2)
    first = await couples.book(other, NINE)
    await prove(couples, one)
    async with couples.database.session() as session:
        await merge(session, couples.clock, one, other, "test")
    with pytest.raises(ClashError, match=first.code):
        await couples.book(one, on("12-02", "09:00"))


async def test_nothing_is_said_of_whom_somebody_names(couples: Hall) -> None:
    hall = couples
    one, other, busy = await hall.residents(3)
    for day in ("12-01", "12-02", "12-03"):
        missed = await hall.book(other, on(day, "10:00"))
        await hall.work(on(day, "10:16") - hall.clock.now())
        await hall.miss(missed.id)
    await hall.book(busy, on("12-08", "10:00"))
    two, said = await hall.wanted(people=2), set()
    for named, at in ((other, on("12-09", "10:00")), (busy, on("12-08", "10:00")), (busy, on("12-09", "10:00"))):
        with pytest.raises(ClashError) as refused:
            await hall.confirm(one, await hall.hold(one, at, two), await person(hall, named))
        assert refused.value.clash == {}
        said.add(str(refused.value))
    assert len(said) == 1
    with pytest.raises(NoShowLimitError):
        await hall.book(other, on("12-09", "10:00"))


async def test_whom_somebody_has_named_hears_that_no_other_time_helps(couples: Hall) -> None:
    hall = couples
    one, named = await hall.residents(2)
    held = await hall.hold(one, NINE, await hall.wanted(people=2))
    await hall.confirm(one, held, await person(hall, named))
    with pytest.raises(ClashError, match="as many appointments of marriage") as refused:
        await hall.book(named, on("12-09", "10:00"))
    assert (refused.value.next_free, refused.value.clash) == ([], {})
    assert "leave" in refused.value.fix
    with pytest.raises(ClashError) as refused:
        await hall.book(named, NINE)  # at that very time
    assert refused.value.next_free == []


async def test_a_service_may_want_everybody_named(couples: Hall) -> None:
    await couples.load({"services": [{**SERVICE, "people": 2, "names_all": True}]})
    one, wanted = await couples.resident(), await couples.wanted(people=2)
    with pytest.raises(NamesMissingError, match="2 people come, and 1 of them") as refused:
        await couples.book(one, NINE, wanted)
    assert refused.value.extensions["problem"] == "missing"
    async with couples.database.session() as session:
        named = await person_by_number(session, couples.keys, NUMBER)
    booked = await couples.confirm(one, await couples.hold(one, NINE, wanted), named)
    later = await couples.hold(one, on("12-02", "09:00"), wanted)
    assert (await couples.confirm(one, later, replaced=booked.id)).people == 2  # who was named before comes along


async def test_who_has_an_account_is_one_companion(couples: Hall) -> None:
    await couples.load({"services": [{**SERVICE, "people": 3, "names_all": True}]})
    one, other = await couples.residents(2)
    await prove(couples, other)
    async with couples.database.session() as session:
        named = await person_by_number(session, couples.keys, NUMBER)
    assert len(named) == 2
    booked = await couples.confirm(one, await couples.hold(one, NINE, await couples.wanted(people=2)), named)
    later = await couples.hold(one, on("12-02", "09:00"), await couples.wanted(people=3))
    with pytest.raises(NamesMissingError, match="3 people come, and 2 of them"):
        await couples.confirm(one, later, replaced=booked.id)


async def test_nobody_is_their_own_companion(couples: Hall) -> None:
    one, wanted = await couples.resident(), await couples.wanted(people=2)
    await prove(couples, one)
    async with couples.database.session() as session:
        oneself = await person_by_number(session, couples.keys, NUMBER)
    with pytest.raises(NamesMissingError) as refused:
        await couples.confirm(one, await couples.hold(one, NINE, wanted), oneself)
    assert refused.value.extensions["problem"] == "self"


async def test_nobody_is_named_twice(couples: Hall) -> None:
    await couples.load({"services": [{**SERVICE, "people": 3}]})
    one, other = await couples.residents(2)
    named = await person(couples, other)
    with pytest.raises(NamesMissingError) as refused:
        await couples.confirm(one, await couples.hold(one, NINE, await couples.wanted(people=3)), named, named)
    assert refused.value.extensions["problem"] == "twice"


async def test_who_comes_along_is_moved_too(couples: Hall) -> None:
    one, other = await couples.residents(2)
    two = await couples.wanted(people=2)
    old = await couples.confirm(one, await couples.hold(one, NINE, two), await person(couples, other))
    moved = await couples.confirm(one, await couples.hold(one, on("12-01", "10:00"), two), replaced=old.id)
    with pytest.raises(ClashError):
        await couples.book(other, on("12-01", "10:00"))
    await couples.cancel(one, moved.id)
    couples.clock.advance(timedelta(minutes=6))
    assert (await couples.book(other, on("12-01", "11:00"))).state == "confirmed"


async def test_whose_account_is_erased_keeps_nothing_that_was_being_booked(hall: Hall) -> None:
    one = await hall.resident()
    held = await hall.hold(one, NINE)
    async with hall.database.session() as session:
        row = await confirm(hall.desk(), session, held, Comer(f"account:{one}", one, [await person_of(session, one)]))
        await session.flush()
        erasing = asyncio.create_task(_erase(hall, one))
        await hall.until_waiting()
    await erasing
    assert (await hall.booking(row.id)).state == "cancelled"
    assert await hall.ask("SELECT count(*) FROM booking_person") == [(0,)]


async def test_whose_account_is_erased_meanwhile_books_nothing(hall: Hall) -> None:
    one = await hall.resident()
    held = await hall.hold(one, NINE)
    async with hall.database.session() as session:
        person = await person_of(session, one)
        await _erase(hall, one)
        with pytest.raises(AccountClosedError):
            await confirm(hall.desk(), session, held, Comer(f"account:{one}", one, [person]))
        await session.rollback()
    assert await hall.ask("SELECT count(*) FROM booking") == [(0,)]


async def _erase(hall: Hall, account_id: UUID) -> None:
    async with hall.database.session() as session:
        account = await session.get_one(Account, account_id, with_for_update={"key_share": True})
        await erase_appointments(Deps(session, hall.clock), account_id)
        await erase(session, hall.clock, account)
