"""Who may book before others: places of the priority channel, once, whatever else they have booked or missed."""

from datetime import timedelta
from uuid import UUID

import pytest

from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.errors import ClashError, NoShowLimitError, RightRefusedError, TakenError
from flows.appointments.holding import Hold, hold
from flows.appointments.rights import LASTS, check, rights_of
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall, on
from tests.appointments.test_closing import office_cancels

NINE, NEXT = on("12-02", "09:00"), on("12-02", "09:30")
PRIORITY = {
    **WINDOW,
    "schedules": [{"days": ["working"], "hours": "09:00-12:00", "places": {"public": 1, "priority": 1}}],
}


@pytest.fixture
async def priority(bare_hall: Hall) -> Hall:
    await bare_hall.build(offices=[{**OFFICE, "resources": [PRIORITY]}])
    return bare_hall


async def only_right(hall: Hall, account: UUID) -> UUID:
    async with hall.database.session() as session:
        [one] = await rights_of(Deps(session, hall.clock), account)
    return one.id


async def number_of_rights(hall: Hall, account: UUID) -> int:
    async with hall.database.session() as session:
        return len(await rights_of(Deps(session, hall.clock), account))


async def holds(hall: Hall, account: UUID, right: UUID) -> Hold:
    wanted = await hall.wanted(channel="priority")
    return await hold(hall.desk(), str(account), wanted, NEXT, right)


async def cancelled_once(hall: Hall) -> tuple[UUID, Booking]:
    account = await hall.resident()
    booked = await hall.book(account, NINE)
    await office_cancels(hall, booked)
    return account, booked


async def test_it_is_for_a_place_that_others_cannot_have_and_used_up(priority: Hall) -> None:
    hall = priority
    account, _ = await cancelled_once(hall)
    other = await hall.resident()
    await hall.book(other, NEXT)
    with pytest.raises(TakenError):
        await hall.hold(account, NEXT)
    right = await only_right(hall, account)
    held = await holds(hall, account, right)
    booked = await hall.confirm(account, held)
    assert booked.channel == "priority"
    assert await number_of_rights(hall, account) == 0
    assert (await hall.confirm(account, held)).id == booked.id
    with pytest.raises(RightRefusedError):
        async with hall.database.session() as session:
            await check(Deps(session, hall.clock), account, right, "marriage")


async def test_it_is_nobody_elses(priority: Hall) -> None:
    account, _ = await cancelled_once(priority)
    stranger = await priority.resident()
    right = await only_right(priority, account)
    with pytest.raises(RightRefusedError):
        await priority.confirm(stranger, await holds(priority, stranger, right))
    assert await number_of_rights(priority, account) == 1


async def test_it_ends_after_a_fortnight(priority: Hall) -> None:
    account, _ = await cancelled_once(priority)
    priority.clock.advance(LASTS - timedelta(seconds=1))
    assert await number_of_rights(priority, account) == 1
    priority.clock.advance(timedelta(seconds=1))
    assert await number_of_rights(priority, account) == 0


async def test_what_is_booked_by_it_counts_against_no_limit(priority: Hall) -> None:
    hall = priority
    account, _ = await cancelled_once(hall)
    await hall.book(account, on("12-02", "10:00"))
    by_right = await hall.confirm(account, await holds(hall, account, await only_right(hall, account)))
    with pytest.raises(ClashError):
        await hall.book(account, on("12-02", "11:00"))
    await hall.cancel(account, by_right.id)
    with pytest.raises(ClashError):
        await hall.book(account, on("12-02", "11:30"))


async def test_nobody_is_at_two_places_by_it(priority: Hall) -> None:
    account, _ = await cancelled_once(priority)
    await priority.book(account, NEXT)
    with pytest.raises(ClashError) as clash:
        await priority.confirm(account, await holds(priority, account, await only_right(priority, account)))
    assert clash.value.clash["overlaps"] is True
    assert await number_of_rights(priority, account) == 1


async def test_moved_it_goes_along_and_cancelled_by_the_office_it_comes_back(priority: Hall) -> None:
    hall = priority
    account, _ = await cancelled_once(hall)
    by_right = await hall.confirm(account, await holds(hall, account, await only_right(hall, account)))
    moved = await hall.confirm(account, await hall.hold(account, on("12-02", "11:00")), replaced=by_right.id)
    await hall.book(account, on("12-02", "10:00"))  # which counts alone
    assert await number_of_rights(hall, account) == 0
    await office_cancels(hall, moved)
    assert await number_of_rights(hall, account) == 1
    assert await hall.ask("SELECT count(*) FROM booking_right") == [(1,)]


async def test_who_has_missed_too_often_may_use_it(priority: Hall) -> None:
    hall = priority
    account, _ = await cancelled_once(hall)
    for clock in ("09:00", "09:30", "10:00"):
        missed = await hall.book(account, on("12-01", clock))
        hall.clock.advance(on("12-01", clock) - hall.clock.now())
        await hall.miss(missed.id)
        hall.clock.advance(timedelta(hours=-20))
    with pytest.raises(NoShowLimitError):
        await hall.book(account, NEXT)
    await hall.confirm(account, await holds(hall, account, await only_right(hall, account)))


async def test_of_whom_no_account_is_known_it_is_whoever_was_named(priority: Hall) -> None:
    hall = priority
    account, booked = await cancelled_once(hall)
    await hall.ask("UPDATE booking_right SET account_id = NULL RETURNING 1")
    assert await only_right(hall, account) is not None
    assert await number_of_rights(hall, await hall.resident()) == 0
    assert booked.service == SERVICE["code"]
