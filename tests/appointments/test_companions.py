"""Whoever is named hears of it, sees it, and can leave."""

from uuid import UUID

import pytest

from auth.accounts.tables import Account
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.errors import UnknownBookingError
from flows.appointments.holdings import erase_appointments
from flows.appointments.leaving import coming_to, leave, naming
from flows.appointments.persons import person_by_number
from kernel.crypto.blind_index import normal_id_number
from tests.appointments.hall import OFFICE, SERVICE, TEN, Hall, on
from tests.appointments.test_closing import office_cancels

ID_NUMBER, OTHER = "11010519491231002X", "440524188001010014"
NINE = on("12-02", "09:00")


@pytest.fixture
async def couples(bare_hall: Hall) -> Hall:
    await bare_hall.build({**SERVICE, "people": 2}, offices=[OFFICE])
    return bare_hall


async def named(hall: Hall, number: str = ID_NUMBER) -> UUID:
    """Return the account of somebody whose ID number is known."""
    index = hall.keys.index.index("account.id_number", normal_id_number(number))
    async with hall.database.session() as session:
        account = Account(created_at=TEN, ial=2, id_number_index=index)
        session.add(account)
    return account.id


async def together(hall: Hall, account: UUID, number: str = ID_NUMBER, replaced: Booking | None = None) -> Booking:
    of = await hall.wanted(2)
    at = NINE if replaced is None else on("12-02", "10:00")
    held = await hall.hold(account, at, of)
    async with hall.database.session() as session:
        companion = await person_by_number(session, hall.keys, number)
    return await hall.confirm(account, held, companion, replaced=replaced.id if replaced else None)


async def told(hall: Hall) -> list[tuple[UUID, str]]:
    return [tuple(row) for row in await hall.ask("SELECT account_id, kind FROM appointment_notice ORDER BY id")]


async def names(hall: Hall, account: UUID) -> list[UUID]:
    async with hall.database.session() as session:
        return [row.id for row in await naming(session, account)]


async def leaves(hall: Hall, account: UUID, booking_id: UUID) -> None:
    async with hall.database.session() as session:
        await leave(Deps(session, hall.clock), account, booking_id)


async def test_they_hear_of_it_of_its_moves_and_of_its_end(couples: Hall) -> None:
    hall = couples
    companion, account = await named(hall), await hall.resident()
    booked = await together(hall, account)
    assert await names(hall, companion) == [booked.id]
    moved = await together(hall, account, replaced=booked)
    assert await names(hall, companion) == [moved.id]
    assert await names(hall, account) == []
    await hall.cancel(account, moved.id)
    assert await names(hall, companion) == []
    assert await told(hall) == [(companion, "companion"), (companion, "moved"), (companion, "cancelled")]


async def test_who_is_named_no_longer_hears_that(couples: Hall) -> None:
    hall = couples
    companion, other, account = await named(hall), await named(hall, OTHER), await hall.resident()
    booked = await together(hall, account)
    await together(hall, account, OTHER, replaced=booked)
    assert await told(hall) == [(companion, "companion"), (other, "companion"), (companion, "cancelled")]


async def test_all_hear_that_the_office_has_cancelled(couples: Hall) -> None:
    companion, account = await named(couples), await couples.resident()
    await office_cancels(couples, await together(couples, account))
    assert sorted((await told(couples))[1:]) == sorted((each, "office_cancelled") for each in (companion, account))


async def test_who_is_erased_is_known_in_no_booking_of_others(couples: Hall) -> None:
    companion, account = await named(couples), await couples.resident()
    booked = await together(couples, account)
    async with couples.database.session() as session:
        await erase_appointments(Deps(session, couples.clock), companion)
    assert await couples.ask("SELECT count(*) FROM booking_person") == [(1,)]
    assert (await couples.booking(booked.id)).state == "confirmed"


async def test_who_leaves_is_free_and_the_other_hears_it(couples: Hall) -> None:
    hall = couples
    companion, account = await named(hall), await hall.resident()
    booked = await together(hall, account)
    await leaves(hall, companion, booked.id)
    assert await names(hall, companion) == []
    assert (await told(hall))[1:] == [(account, "companion_left")]
    assert (await hall.booking(booked.id)).state == "confirmed"
    await hall.book(companion, NINE)
    with pytest.raises(UnknownBookingError):
        await leaves(hall, companion, booked.id)


async def test_whoever_comes_and_nobody_else_looks_at_it_also_when_it_is_over(couples: Hall) -> None:
    hall = couples
    companion, account, stranger = await named(hall), await hall.resident(), await hall.resident()
    booked = await together(hall, account)
    await hall.cancel(account, booked.id)
    async with hall.database.session() as session:
        for each in (companion, account):
            assert (await coming_to(session, each, booked.id)).id == booked.id
        with pytest.raises(UnknownBookingError):
            await coming_to(session, stranger, booked.id)


async def test_nobody_leaves_what_is_their_own_or_a_strangers(couples: Hall) -> None:
    await named(couples)
    account, stranger = await couples.residents(2)
    booked = await together(couples, account)
    for each in (account, stranger):
        with pytest.raises(UnknownBookingError):
            await leaves(couples, each, booked.id)
