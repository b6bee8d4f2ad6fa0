"""What time does in a hall: missed calls, no-shows, and the end of a day."""

from datetime import timedelta
from uuid import UUID

import pytest

from flows.appointments.deps import Deps
from flows.appointments.errors import UnknownServiceError, WrongStateError
from flows.appointments.finding import booking_of
from flows.appointments.hall.closing import never_came
from flows.appointments.hall.errors import UnknownCounterError
from flows.appointments.hall.holdings import leave_halls
from flows.appointments.hall.line import line_of
from flows.appointments.hall.position import position_of
from flows.appointments.hall.reading import visit_of
from tests.appointments.hall import on
from tests.appointments.lobby import COUNTERS, LOBBY, Lobby

MINUTE = timedelta(minutes=1)
NINE, HALF_PAST = on("12-01", "09:00"), on("12-01", "09:30")
ONE, TWO = COUNTERS


async def state(lobby: Lobby, booking_id: UUID) -> str:
    return (await lobby.hall.booking(booking_id)).state


async def test_after_three_calls_and_a_minute_somebody_is_missed_and_later_a_no_show(lobby: Lobby) -> None:
    await lobby.open()
    [ticket] = await lobby.take_many(1)
    await lobby.next()
    for _ in range(2):
        await lobby.hall.work(10 * MINUTE)  # so long a clerk forgets to call again
        await lobby.press("recall")
    await lobby.hall.work(MINUTE - timedelta(microseconds=1))
    assert await state(lobby, ticket.booking_id) == "called"
    await lobby.hall.work(timedelta(microseconds=1))
    assert await state(lobby, ticket.booking_id) == "missed"
    await lobby.hall.work(30 * MINUTE - timedelta(microseconds=1))
    assert await state(lobby, ticket.booking_id) == "missed"
    await lobby.hall.work(timedelta(microseconds=1))
    assert await state(lobby, ticket.booking_id) == "no_show"
    with pytest.raises(WrongStateError):
        await lobby.requeue(ticket)


async def test_who_is_back_in_time_is_called_three_times_again(lobby: Lobby) -> None:
    await lobby.open()
    [ticket] = await lobby.take_many(1)
    await lobby.miss()
    lobby.clock.advance(29 * MINUTE)
    await lobby.requeue(ticket)
    await lobby.hall.work(5 * MINUTE)
    assert await state(lobby, ticket.booking_id) == "requeued"
    assert (await lobby.call(ticket)).calls == 1


async def test_who_never_comes_is_a_no_show_where_a_counter_for_them_was_open_in_time(lobby: Lobby) -> None:
    await lobby.hall.load({"offices": [{**LOBBY, "counters": [ONE, {**TWO, "services": ["passport"]}]}]})
    early, missing, theirs = [
        await lobby.hall.book(each, at)
        for each, at in zip(await lobby.hall.residents(3), [NINE, HALF_PAST, HALF_PAST], strict=True)
    ]
    system = "INSERT INTO booking_system (code, department, url, cursor, failures, error, findings, created_at) "
    await lobby.hall.ask(system + "VALUES ('own', 'civil', '', '', 0, '', '{}', now()) RETURNING code")
    await lobby.hall.ask("UPDATE booking SET system = 'own' WHERE id = :id RETURNING id", id=theirs.id)
    lobby.stand(NINE)
    await lobby.open("2")  # is not for them
    lobby.stand(HALF_PAST)
    await lobby.open("1")
    await lobby.hall.work(15 * MINUTE)
    assert [await state(lobby, each.id) for each in (early, missing, theirs)] == ["confirmed", "no_show", "confirmed"]


async def test_a_day_ends_for_everybody_in_the_hall_and_its_counters(lobby: Lobby) -> None:
    await lobby.open("1")
    await lobby.open("2")
    served, missed, called, waits = await lobby.take_many(4)
    await lobby.next("1")
    await lobby.press("serve", "1")
    await lobby.miss("2")
    await lobby.next("2")
    lobby.stand(on("12-01", "00:00") - timedelta(microseconds=1))
    await lobby.hall.ask("UPDATE booking SET updated_at = now() + interval '10 years' RETURNING id")  # missed just now
    await lobby.hall.work()
    assert [await state(lobby, each.booking_id) for each in (served, missed, called, waits)] == [
        "serving", "missed", "called", "ticket",
    ]  # fmt: skip
    await lobby.hall.work(timedelta(microseconds=1))
    assert [await state(lobby, each.booking_id) for each in (served, missed, called, waits)] == [
        "done", "no_show", "left", "left",
    ]  # fmt: skip
    view = await lobby.view()
    assert ([each.open for each in view.counters], view.waiting, view.missed) == ([False, False], [], [])
    assert await lobby.hall.ask("SELECT count(*) FROM hall_ticket WHERE ended_at IS NULL OR served_at IS NOT NULL") == [
        (0,)
    ]
    await lobby.open("1")
    await lobby.hall.work()
    assert (await lobby.view()).counters[0].open


async def test_an_office_that_is_closed_empties_its_hall_and_is_in_no_others_way(lobby: Lobby) -> None:
    account = await lobby.hall.resident()
    await lobby.open("1")
    await lobby.open("2")
    [called, waits], erased = await lobby.take_many(2), await lobby.take(account)
    await lobby.next("1")
    await lobby.hall.load({"offices": [{**LOBBY, "closed": True}]})
    await lobby.hall.work()
    opened = "SELECT code FROM hall_counter WHERE opened_at IS NOT NULL"
    assert await lobby.hall.ask(opened) == [("1",)]  # somebody is at it
    async with lobby.hall.database.session() as session:
        await leave_halls(Deps(session, lobby.clock), account)
    assert await state(lobby, erased.booking_id) == "left"
    lobby.stand(on("12-01", "00:00"))
    await lobby.hall.work()
    assert [await state(lobby, each.booking_id) for each in (called, waits)] == ["left", "left"]
    await lobby.hall.work()
    assert await lobby.hall.ask(opened) == []


async def test_who_is_at_a_counter_of_an_office_that_is_closed_meanwhile_is_served_to_the_end(lobby: Lobby) -> None:
    served, called = await lobby.take_many(2)
    for counter in "12":
        await lobby.open(counter)
        await lobby.next(counter)
    await lobby.press("serve", "1")
    await lobby.hall.load({"offices": [{**LOBBY, "closed": True}]})
    for refused in (lobby.press("transfer", "1", "passport"), lobby.next("1")):
        with pytest.raises(UnknownServiceError, match="'hall' is closed"):
            await refused
    await lobby.press("finish", "1")
    await lobby.press("skip", "2")
    assert [await state(lobby, each.booking_id) for each in (served, called)] == ["done", "missed"]
    await lobby.close("1")
    await lobby.hall.work()
    assert [each.open for each in (await lobby.view()).counters] == [False, False]


async def test_who_is_at_a_counter_that_is_closed_meanwhile_is_served_to_the_end(lobby: Lobby) -> None:
    served, waits = await lobby.take_many(2)
    await lobby.open()
    await lobby.next()
    await lobby.press("serve")
    await lobby.hall.load({"offices": [{**LOBBY, "counters": [{**ONE, "closed": True}, TWO]}]})
    await lobby.hall.work()
    view = await lobby.view()
    assert [(each.code, each.open) for each in view.counters] == [("1", True), ("2", False)]
    assert view.queues[0].low_s is None  # it calls nobody any more
    await lobby.press("finish")
    with pytest.raises(UnknownCounterError):
        await lobby.next()
    await lobby.hall.work()
    assert [each.code for each in (await lobby.view()).counters] == ["2"]
    assert [await state(lobby, each.booking_id) for each in (served, waits)] == ["done", "ticket"]


async def test_a_counter_that_works_past_midnight_is_closed_when_nobody_is_at_it(lobby: Lobby) -> None:
    lobby.stand(on("11-30", "23:50"))
    await lobby.open("1")
    await lobby.open("2")
    lobby.stand(on("12-01", "00:00"))
    await lobby.take()
    await lobby.next("1")
    await lobby.hall.work()
    assert [each.open for each in (await lobby.view()).counters] == [True, False]
    await lobby.press("serve")
    await lobby.press("finish")
    await lobby.hall.work()
    assert not (await lobby.view()).counters[0].open


async def test_who_checks_in_before_midnight_for_after_it_waits_on(lobby: Lobby) -> None:
    booked = await lobby.hall.book(await lobby.hall.resident(), NINE)
    soon = on("12-01", "00:10")
    await lobby.hall.ask("UPDATE booking SET starts_at = :soon RETURNING id", soon=soon)
    lobby.stand(soon - 25 * MINUTE)
    async with lobby.hall.database.session() as session:
        line = await line_of(session, lobby.clock, "hall")
        found = await visit_of(session, lobby.clock, line.office, booked.account_id or UUID(int=0))
    await lobby.open()
    today, ticket = await lobby.take(), await lobby.come(found)
    assert (ticket.number, str(ticket.day)) == ("A001", "2026-12-01")
    with pytest.raises(WrongStateError, match="A001 is a ticket of 2026-12-01, and here it is 2026-11-30"):
        await lobby.call(ticket)
    assert [await lobby.next(), await lobby.next()] == [today.number] * 2
    assert (await lobby.press("serve")).booking_id == today.booking_id
    lobby.stand(soon)
    await lobby.hall.work()
    await lobby.open()
    assert (await lobby.call(ticket)).calls == 1
    assert (await lobby.press("serve")).booking_id == ticket.booking_id


async def test_who_comes_before_midnight_for_after_it_stands_in_the_line_of_that_day(lobby: Lobby) -> None:
    booked = [
        await lobby.hall.book(each, at)
        for each, at in zip(await lobby.hall.residents(3), [NINE, NINE, HALF_PAST], strict=True)
    ]
    soon = on("12-01", "00:10")
    await lobby.hall.ask("UPDATE booking SET starts_at = :soon RETURNING id", soon=soon)
    lobby.stand(soon - 25 * MINUTE)
    await lobby.open()
    await lobby.take()
    came = []
    for each in booked:
        came.append(await lobby.come(each))
        lobby.clock.advance(MINUTE)
    assert [(each.number, each.estimate_s) for each in came] == [("A001", None), ("A002", None), ("A003", None)]
    seconds: list[int | None] = [None, None, None]  # nobody knows which counters will be open
    for moment in (soon - 15 * MINUTE, soon - 5 * MINUTE):
        lobby.stand(moment)
        async with lobby.hall.database.session() as session:
            stand = [await position_of(session, lobby.clock, await booking_of(session, each.id)) for each in booked]
        assert [each.ahead for each in stand] == [0, 1, 2]
        assert [each.wait.seconds if each.wait else None for each in stand] == seconds
        seconds = [0, 1800, 3600]
    assert await lobby.line() == ["A001", "A002", "A003"]


async def test_a_ticket_whose_booking_is_over_ends_with_it(lobby: Lobby) -> None:
    await lobby.open()
    said, before = await lobby.take_many(2)
    await lobby.miss()
    async with lobby.hall.database.session() as session:
        await never_came(Deps(session, lobby.clock), said.booking_id, "operator:hall")
    assert (await lobby.view()).missed == []
    await lobby.hall.ask("UPDATE booking SET state = 'no_show' WHERE id = :id RETURNING id", id=before.booking_id)
    await lobby.hall.work(timedelta(days=1))
    assert await lobby.hall.ask("SELECT count(*) FROM hall_ticket WHERE ended_at IS NULL") == [(0,)]
