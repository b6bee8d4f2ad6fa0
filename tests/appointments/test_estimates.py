"""How many are before somebody in a hall, and how long they will wait."""

from collections.abc import Sequence
from datetime import timedelta

from flows.appointments.finding import booking_of
from flows.appointments.hall.estimating import Foretold, Open, Pace, Turns, Wait, left, opened
from flows.appointments.hall.position import Position, position_of
from flows.appointments.hall.reading_once import HallNow
from flows.appointments.hall.tables import HallTicket
from flows.appointments.hall.viewing import hall_and_line
from flows.appointments.tables import HallCounter
from tests.appointments.hall import on
from tests.appointments.lobby import Lobby

NINE, MINUTE = on("12-01", "09:00"), timedelta(minutes=1)
KNOWN = {"a": Pace(600, None), "b": Pace(60, 90)}


def foretell(service: str, ahead: Sequence[str], counters: Sequence[Open]) -> Foretold:
    turns = Turns(counters, KNOWN)
    for each in ahead:
        turns.take(each)
    newcomer = turns.wait(service)
    found = turns.take(service)
    assert found.wait == newcomer
    return found


def test_whom_a_counter_for_somebody_may_call_first_is_before_them() -> None:
    both, only_b = Open([]), Open(["b"])
    assert foretell("a", ["a", "b", "a"], [both]).ahead == 3
    assert foretell("b", ["a", "b", "a"], [only_b]).ahead == 1
    assert foretell("b", ["a", "b", "a"], [only_b, both]).ahead == 3
    assert foretell("a", ["a", "b", "a"], [only_b]).ahead == 2  # no counter is open for them


def test_an_estimate_has_each_called_by_the_counter_for_them_that_is_free_first() -> None:
    both, only_b = Open([]), Open(["b"])
    assert foretell("a", ["a", "b", "a"], [both]).wait == Wait(1260, None)
    assert foretell("b", ["a", "b", "a"], [both, only_b]).wait == Wait(60, 90)
    assert foretell("a", ["a", "b", "a"], [both, only_b]).wait == Wait(1200, None)
    assert foretell("b", ["a", "b", "a"], [only_b]).wait == Wait(60, 90)
    assert foretell("a", ["a"], [only_b]).wait is None
    assert foretell("a", [], [Open([], 300), Open(["a"], 200)]).wait == Wait(200, None)
    assert (Wait(60, 90).low, Wait(60, 90).high, Wait(60, None).high) == (0, 150, 60)


def test_a_wait_is_another_one_by_the_whole_minute() -> None:
    said = [Wait(seconds, error).minutes for seconds, error in ((300, 90), (299, 90), (271, 89), (270, 89), (0, None))]
    assert said == [(3, 7, 2), (3, 7, 2), (3, 6, 1), (3, 6, 1), (0, 1, None)]


def test_who_is_at_a_counter_stays_for_the_rest_of_what_a_service_lasts() -> None:
    assert left(KNOWN["a"], None, NINE) == 600  # called, and on their way
    assert left(KNOWN["a"], NINE, NINE + 4 * MINUTE) == 360
    assert left(KNOWN["a"], NINE, NINE + 12 * MINUTE) == 0


def test_counters_that_are_closed_or_out_of_use_call_nobody() -> None:
    calling, away, gone = (
        HallCounter(office="hall", code=code, name_zh=code, services=["a"], opened_at=at, closed_at=end)
        for code, at, end in (("1", NINE, None), ("2", None, None), ("3", NINE, NINE))
    )
    assert opened([calling, away, gone], {"1": 60}) == [Open(["a"], 60)]


async def positions(lobby: Lobby, ticket: HallTicket) -> Position:
    """Return where somebody stands, which is the same asked alone and read with the hall."""
    async with lobby.hall.database.snapshot() as session:
        alone = await position_of(session, lobby.clock, await booking_of(session, ticket.booking_id))
        hall = HallNow(*await hall_and_line(session, lobby.clock, lobby.hall.keys.cipher, "hall"), 0.0)
    assert hall.position_of(ticket.booking_id) == alone
    return alone


async def test_nobody_is_the_next_while_another_service_goes_first_at_the_same_counter(lobby: Lobby) -> None:
    await lobby.open()
    first = await lobby.take(priority=True)
    await lobby.take(service="passport")
    last = await lobby.take()
    assert [(each.ahead, each.wait) for each in [await positions(lobby, last)]] == [(2, Wait(40 * 60, None))]
    assert await lobby.next() == first.number
    assert (await positions(lobby, last)).ahead == 1


async def test_an_estimate_counts_who_is_served(lobby: Lobby) -> None:
    await lobby.open()
    await lobby.take()
    await lobby.next()
    waits = await lobby.take()
    assert (await positions(lobby, waits)).wait == Wait(30 * 60, 0)  # the first was foretold no wait, and had none
    await lobby.press("serve")
    lobby.clock.advance(12 * MINUTE)
    assert (await positions(lobby, waits)).wait == Wait(18 * 60, 0)
    assert (await lobby.take()).estimate_s == (18 + 30) * 60
    assert (await lobby.view()).queues[0].low_s == (18 + 30 + 30) * 60


async def test_estimates_follow_the_last_services_and_show_how_far_they_were_off(lobby: Lobby) -> None:
    await lobby.open()
    await lobby.take()
    queue = (await lobby.view()).queues[0]
    assert (queue.service, queue.waiting, queue.low_s, queue.error_s) == ("marriage", 1, 30 * 60, None)  # as planned
    taken = await lobby.take_many(2)
    assert [each.estimate_s for each in taken] == [1800, 3600]
    for _ in range(3):  # at 10:02, 10:07 and 10:12; foretold were none, 30 and 60 minutes
        await lobby.serve(5 * MINUTE)
    queue = (await lobby.view()).queues[0]
    assert (queue.waiting, queue.low_s, queue.high_s) == (0, 0, queue.error_s)
    assert queue.error_s == ((2 - 0) + (30 - 7) + (60 - 11)) * 60 // 3
    await lobby.take_many(2)
    assert (await lobby.take()).estimate_s == 10 * 60
    assert (await lobby.view()).queues[0].high_s == 15 * 60 + queue.error_s


async def test_no_estimate_is_made_while_nobody_serves(lobby: Lobby) -> None:
    assert (await lobby.take()).estimate_s is None
    assert (await lobby.view()).queues[0].low_s is None
