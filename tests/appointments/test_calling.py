"""Counters call: nobody twice, in order, again after a minute, and what is pressed twice happens once."""

import asyncio
from datetime import timedelta

import pytest

from flows.appointments.errors import OfficeFileError, WrongStateError
from flows.appointments.hall.errors import CalledJustNowError, CounterStateError, UnknownCounterError
from tests.appointments.hall import on
from tests.appointments.lobby import COUNTERS, LOBBY, Lobby

MINUTE = timedelta(minutes=1)


async def test_counters_that_call_at_once_never_call_the_same(lobby: Lobby) -> None:
    numbers = [str(each) for each in range(1, 9)]
    counters = [{"code": each, "name_zh": f"{each}号"} for each in numbers]
    await lobby.hall.load({"offices": [{**LOBBY, "counters": counters}]})
    await asyncio.gather(*(lobby.open(each) for each in numbers))
    await lobby.take_many(20)
    called: list[str] = []
    for _ in range(2):
        called += await asyncio.gather(*(lobby.next(each) for each in numbers))
        await asyncio.gather(*(lobby.press("serve", each) for each in numbers))
        await asyncio.gather(*(lobby.press("finish", each) for each in numbers))
    called += await asyncio.gather(*(lobby.next(each) for each in numbers))
    assert sorted(called) == [""] * 4 + [f"A{nth:03}" for nth in range(1, 21)]


async def test_to_press_twice_is_to_press_once(lobby: Lobby) -> None:
    await lobby.open()
    await lobby.take_many(3)
    assert set(await asyncio.gather(*(lobby.next() for _ in range(5)))) == {"A001"}
    assert (await lobby.view()).counters[0].ticket is not None
    for what, state in (("serve", "serving"), ("finish", "done")):
        again = await asyncio.gather(*(lobby.press(what) for _ in range(5)))
        assert {each.number for each in again} == {"A001"}
        assert await lobby.hall.ask("SELECT state FROM booking WHERE state = :state", state=state) == [(state,)]
    assert await lobby.miss() == "A002"
    assert (await lobby.press("skip")).number == "A002"
    assert await lobby.line() == ["A003"]
    assert await lobby.hall.ask(
        "SELECT event, count(*) FROM booking_event WHERE event <> 'take' GROUP BY event ORDER BY event"
    ) == [("call", 2), ("finish", 1), ("miss", 1), ("serve", 1)]


async def test_a_counter_calls_what_it_serves_and_nobody_while_it_is_closed_or_busy(lobby: Lobby) -> None:
    counters = [{**COUNTERS[0], "services": ["passport"]}, COUNTERS[1]]
    await lobby.hall.load({"offices": [{**LOBBY, "counters": counters}]})
    await lobby.take()
    await lobby.take(service="passport")
    with pytest.raises(CounterStateError, match="closed"):
        await lobby.next()
    with pytest.raises(UnknownCounterError):
        await lobby.next("9")
    await lobby.open("1")
    await lobby.open("2")
    assert [await lobby.next("1"), await lobby.next("2")] == ["B001", "A001"]
    await lobby.press("serve", "1")
    for refused in (lobby.next("1"), lobby.close("1"), lobby.press("recall", "1"), lobby.press("skip", "1")):
        with pytest.raises(CounterStateError):
            await refused
    await lobby.press("finish", "1")
    assert await lobby.next("1") == ""
    await lobby.close("1")
    assert [each.open for each in (await lobby.view()).counters] == [False, True]


async def test_who_is_called_is_called_again_a_minute_later_three_times_in_all(lobby: Lobby) -> None:
    await lobby.open()
    await lobby.take_many(1)
    await lobby.next()
    lobby.clock.advance(MINUTE - timedelta(microseconds=1))
    with pytest.raises(CalledJustNowError):
        await lobby.press("recall")
    lobby.clock.advance(timedelta(microseconds=1))
    assert (await lobby.press("recall")).calls == 2
    lobby.clock.advance(MINUTE)
    assert (await lobby.press("recall")).calls == 3
    lobby.clock.advance(MINUTE)
    with pytest.raises(CounterStateError, match="3 times"):
        await lobby.press("recall")


async def test_somebody_is_called_out_of_turn_and_by_one_counter_alone(lobby: Lobby) -> None:
    await lobby.open("1")
    await lobby.open("2")
    first, second, third = await lobby.take_many(3)
    assert (await lobby.call(third)).counter == "1"
    assert (await lobby.call(third)).calls == 1  # pressed again
    with pytest.raises(WrongStateError):
        await lobby.call(third, "2")
    with pytest.raises(CounterStateError):
        await lobby.call(first)
    assert await lobby.next("2") == first.number
    assert await lobby.line() == [second.number]


async def test_who_is_sent_on_counts_as_having_come_when_they_came(lobby: Lobby) -> None:
    await lobby.open()
    await lobby.take_many(1)
    await lobby.take_many(2, "passport")
    assert await lobby.next() == "A001"
    await lobby.press("serve")
    assert {(await lobby.press("transfer", "1", "passport")).service for _ in range(2)} == {"passport"}
    assert await lobby.line() == ["A001", "B001", "B002"]
    assert await lobby.next() == "A001"
    with pytest.raises(WrongStateError):
        await lobby.press("transfer", "1", "passport")


@pytest.mark.case("AP-15")
async def test_who_has_missed_their_calls_waits_again_once_behind_the_next_three(lobby: Lobby) -> None:
    account = await lobby.hall.resident()
    booked = await lobby.hall.book(account, on("12-01", "09:00"))
    lobby.stand(on("12-01", "08:40"))
    ticket = await lobby.come(booked)
    await lobby.open()
    await lobby.take_many(5)
    assert await lobby.miss() == ticket.number
    assert [each.number for each in (await lobby.view()).missed] == [ticket.number]
    assert (await lobby.come(booked)).number == ticket.number  # they scan again
    assert (await lobby.requeue(ticket)).requeues == 1  # and a clerk presses, too
    assert await lobby.line() == ["A002", "A003", "A004", "A001", "A005", "A006"]
    await lobby.call(ticket)
    await lobby.press("skip")
    for refused in (lobby.requeue(ticket), lobby.come(booked)):
        with pytest.raises(WrongStateError):
            await refused


async def test_who_leaves_is_called_no_more(lobby: Lobby) -> None:
    await lobby.open()
    first, second = await lobby.take_many(2)
    assert [(await lobby.leave(first)).number for _ in range(2)] == ["A001", "A001"]
    assert await lobby.next() == second.number
    await lobby.leave(second)
    assert (await lobby.view()).counters[0].ticket is None
    with pytest.raises(WrongStateError):
        await lobby.requeue(first)


async def test_nobody_in_the_hall_is_named_to_others(lobby: Lobby) -> None:
    account = await lobby.hall.resident()
    name = lobby.hall.keys.cipher.seal("account.name", account, "王秀英")
    await lobby.hall.ask("UPDATE account SET name = :name WHERE id = :id RETURNING id", name=name, id=account)
    await lobby.take(account)
    await lobby.take()
    assert [each.masked_name for each in (await lobby.view()).waiting] == ["**英", ""]


async def test_counters_follow_their_file(lobby: Lobby) -> None:
    assert (await lobby.hall.load({"offices": [LOBBY]})).changes == []
    wrong = {**LOBBY, "counters": [{**COUNTERS[0], "services": ["nothing"]}]}
    with pytest.raises(OfficeFileError, match="/offices/0/counters/0/services"):
        await lobby.hall.load({"offices": [wrong]})
    closed = {**LOBBY, "counters": [{**COUNTERS[0], "closed": True}]}
    assert [each.how for each in (await lobby.hall.load({"offices": [closed]})).changes] == ["closed"]
    with pytest.raises(UnknownCounterError):
        await lobby.open("1")
