"""The waitlist beside holds: nobody loses to an offer what they hold, and what they let go is offered."""

from datetime import timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis

from flows.appointments.errors import TakenError
from flows.appointments.holding import Hold, release
from flows.appointments.tables import Channel
from flows.appointments.waitlist.extending import offer_rolled_over
from flows.appointments.waitlist.wishes import Window
from flows.appointments.watching import attach_appointments
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall, on
from tests.appointments.test_waitlist import reload
from tests.appointments.waiting import entry, join, states, taken

NINE = on("12-08", "09:00")
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
async def shared(bare_hall: Hall) -> Hall:
    """One window, with a place for residents and one for the hotline."""
    places = {"days": ["tue"], "hours": "09:00-09:30", "places": {"public": 1, "hotline": 1}}
    await bare_hall.build(SERVICE, offices=[{**OFFICE, "resources": [{**WINDOW, "schedules": [places]}]}])
    return bare_hall


async def wait(hall: Hall, account: UUID) -> UUID:
    return await join(hall, account, [Window(NINE.date(), NINE.date(), 540, 570)])


async def held(hall: Hall, account: UUID, before: timedelta, channel: Channel = "public") -> Hold:
    """Hold nine o'clock so long before it."""
    hall.clock.advance(NINE - before - hall.clock.now())
    made = await hall.hold(account, NINE, await hall.wanted(channel=channel))
    assert made.is_kept
    return made


@pytest.mark.parametrize(
    ("channel", "earlier"), [("public", -20), ("hotline", 20)], ids=["what has just become everybody's", "its own"]
)
async def test_what_somebody_holds_when_it_becomes_everybody_s_is_theirs(
    shared: Hall, channel: Channel, earlier: int
) -> None:
    owner, waits, other = await shared.residents(3)
    await shared.book(owner, NINE)
    waiting = await wait(shared, waits)
    made = await held(shared, other, DAY + timedelta(seconds=earlier), channel)
    for _ in range(4):
        await shared.work(MINUTE)
    assert await states(shared, waiting) == ["waitlisted"]
    assert (await shared.confirm(other, made)).state == "confirmed"
    await shared.work(10 * MINUTE)
    assert (await states(shared, waiting), await taken(shared)) == (["waitlisted"], 2)


@pytest.mark.parametrize("is_released", [True, False])
async def test_a_hold_that_ends_is_offered_within_a_minute(shared: Hall, *, is_released: bool) -> None:
    owner, waits, other = await shared.residents(3)
    await shared.book(owner, NINE)
    waiting = await wait(shared, waits)
    made = await held(shared, other, DAY)
    await shared.work(4 * MINUTE)
    assert await states(shared, waiting) == ["waitlisted"]
    if is_released:
        await release(shared.desk(), made)
    await shared.work(MINUTE)
    assert await states(shared, waiting) == ["offered"]
    with pytest.raises(TakenError):
        await shared.confirm(other, made)


async def test_where_residents_hold_all_of_theirs_the_hotline_s_is_offered(shared: Hall) -> None:
    one, other, *waits = await shared.residents(4)
    waiting = [await wait(shared, each) for each in waits]
    made = await held(shared, one, DAY + MINUTE)
    await shared.work(MINUTE)
    assert await states(shared, *waiting) == ["offered", "waitlisted"]
    with pytest.raises(TakenError):
        await shared.hold(other, NINE)
    assert (await shared.confirm(one, made)).state == "confirmed"


async def test_what_residents_could_have_before_is_nobody_s_offer(shared: Hall) -> None:
    waiting = await wait(shared, await shared.resident())
    shared.clock.advance(NINE - DAY - shared.clock.now())
    await shared.work()
    assert (await states(shared, waiting), await shared.times(day="12-08")) == (["waitlisted"], ["09:00"])


async def test_nobody_holds_what_is_being_offered(shared: Hall) -> None:
    owner, waits, other = await shared.residents(3)
    await shared.book(owner, NINE)
    waiting = await wait(shared, waits)
    shared.clock.advance(NINE - DAY - shared.clock.now())
    async with shared.database.session() as session:
        await offer_rolled_over(session, shared.clock)
        with pytest.raises(TakenError):
            await shared.hold(other, NINE)
    assert await states(shared, waiting) == ["offered"]
    with pytest.raises(TakenError):
        await shared.hold(other, NINE)


async def test_of_places_that_are_added_within_a_day_those_are_offered_and_no_held_one(shared: Hall) -> None:
    owner, other, *waits = await shared.residents(4)
    await shared.book(owner, NINE)
    waiting = [await wait(shared, each) for each in waits]
    made = await held(shared, other, timedelta(hours=20))
    await reload(shared, {"public": 1, "hotline": 2}, hours="09:00-09:30")
    assert await states(shared, *waiting) == ["offered", "waitlisted"]
    assert (await shared.confirm(other, made)).state == "confirmed"


async def test_a_place_that_the_office_takes_away_and_gives_back_is_its_holder_s(shared: Hall) -> None:
    other, waits = await shared.residents(2)
    waiting = await wait(shared, waits)
    made = await held(shared, other, 7 * DAY)
    await reload(shared, {"public": 0, "hotline": 1}, hours="09:00-09:30")
    await reload(shared, {"public": 1, "hotline": 1}, hours="09:00-09:30")
    assert await states(shared, waiting) == ["waitlisted"]
    assert (await shared.confirm(other, made)).state == "confirmed"


async def test_holds_that_redis_forgets_are_offered_and_nothing_is_oversold(shared: Hall) -> None:
    owner, waits, other = await shared.residents(3)
    await shared.book(owner, NINE)
    waiting = await wait(shared, waits)
    made = await held(shared, other, DAY)
    await shared.redis.flushdb()
    await shared.work(MINUTE)
    assert (await entry(shared, waiting)).state == "offered"
    with pytest.raises(TakenError):
        await shared.confirm(other, made)
    assert await taken(shared) == 2


async def test_while_redis_is_away_the_database_decides_what_is_offered(shared: Hall) -> None:
    owner, *waits = await shared.residents(3)
    await shared.book(owner, NINE)
    waiting = [await wait(shared, each) for each in waits]
    shared.clock.advance(NINE - DAY - shared.clock.now())
    away = Redis(unix_socket_path="/nowhere/valkey.sock")
    attach_appointments(shared.database, away)
    async with shared.database.session() as session:
        await offer_rolled_over(session, shared.clock)
    await away.aclose()
    assert (await states(shared, *waiting), await taken(shared)) == (["offered", "waitlisted"], 2)
