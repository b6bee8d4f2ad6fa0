"""Coming to a hall: the window, the place, the sticker, and tickets of those without an appointment."""

import asyncio
from datetime import timedelta

import pytest

from flows.appointments.errors import WrongStateError
from flows.appointments.hall.errors import (
    ElsewhereError,
    NoTicketsError,
    PositionNeededError,
    StickerForgedError,
    StickerRetiredError,
    TooEarlyError,
    TooFarError,
    TooLateError,
)
from flows.appointments.hall.line import line_of
from flows.appointments.hall.reading import visit_of
from flows.appointments.hall.scanning import office_scanned
from flows.codes import places
from flows.codes.distance import Position
from kernel.clock import CHINA
from kernel.errors import YiwangError
from tests.appointments.hall import WINDOW, on
from tests.appointments.lobby import COUNTERS, HERE, LOBBY, PASSPORT, Lobby

NINE = on("12-01", "09:00")


async def scan(lobby: Lobby, text: str, where: Position | None = HERE) -> str:
    async with lobby.hall.database.session() as session:
        return office_scanned(await places.standing(session, lobby.hall.keys.cipher, text, where))


async def test_a_hall_is_known_by_its_sticker_and_by_no_other(lobby: Lobby) -> None:
    text = await lobby.sticker()
    assert await scan(lobby, text) == "hall"
    assert await scan(lobby, text, Position(31.201, 121.4)) == "hall"  # 111 m away: phones err
    refused: list[tuple[type[YiwangError], str, Position | None]] = [
        (StickerForgedError, text[:-1] + ("A" if text[-1] != "A" else "B"), HERE),
        (StickerForgedError, f"https://city.example.com/P/{text}", HERE),
        (PositionNeededError, text, None),
        (TooFarError, text, Position(31.202, 121.4)),
        (ElsewhereError, await lobby.sticker("lot:1", "lot"), HERE),
        (ElsewhereError, await lobby.sticker("bay:1"), HERE),
    ]
    for error, scanned, where in refused:
        with pytest.raises(error):
            await scan(lobby, scanned, where)
    assert await scan(lobby, await lobby.sticker("office:other", at=None), None) == "other"
    async with lobby.hall.database.session() as session:
        [row] = [each for each in await places.listed(session) if each.reference == "office:hall"]
        await places.retire(session, lobby.clock, row.short_code)
    with pytest.raises(StickerRetiredError):
        await scan(lobby, text)


async def test_a_booking_is_checked_in_within_its_window_alone(lobby: Lobby) -> None:
    hall = lobby.hall
    early, late, over = [await hall.book(each, NINE) for each in await hall.residents(2)] + [
        await hall.book(await hall.resident(), on("12-01", "09:30"))
    ]
    lobby.stand(on("12-01", "08:29"))
    with pytest.raises(TooEarlyError) as refused:
        await lobby.come(early)
    assert refused.value.extensions["at"] == "2026-12-01T00:30:00Z"
    lobby.stand(on("12-01", "08:30"))
    ticket = await lobby.come(early)
    assert (ticket.number, ticket.is_late, str(ticket.day)) == ("A001", False, "2026-12-01")
    lobby.stand(on("12-01", "09:10"))
    assert (await lobby.come(late)).is_late
    lobby.stand(on("12-01", "09:41"))
    with pytest.raises(TooLateError) as gone:
        await lobby.come(over)
    assert gone.value.extensions["at"] == "2026-12-01T01:40:00Z"
    assert (await hall.booking(over.id)).state == "confirmed"


async def test_to_check_in_often_at_once_is_to_check_in_once(lobby: Lobby) -> None:
    booked = await lobby.hall.book(await lobby.hall.resident(), NINE)
    lobby.stand(on("12-01", "08:45"))
    tickets = await asyncio.gather(*(lobby.come(booked) for _ in range(10)))
    assert {each.number for each in tickets} == {"A001"}
    events = await lobby.hall.ask("SELECT event, details FROM booking_event WHERE event = 'check_in'")
    assert events == [("check_in", {"how": "place_code", "number": "A001"})]


async def test_an_appointment_of_another_office_and_one_that_is_cancelled_are_refused(lobby: Lobby) -> None:
    account = await lobby.hall.resident()
    booked = await lobby.hall.book(account, NINE)
    other = {"code": "other", "organisation": "city", "name_zh": "别处", "latitude": 31.0, "longitude": 121.0}
    await lobby.hall.load({"offices": [{**other, "resources": [WINDOW], "counters": list(COUNTERS)}]})
    lobby.stand(on("12-01", "06:00"))
    with pytest.raises(ElsewhereError):
        await lobby.come(booked, "other")
    await lobby.hall.cancel(account, booked.id)
    lobby.stand(on("12-01", "08:45"))
    with pytest.raises(WrongStateError):
        await lobby.come(booked)


async def test_a_walk_in_has_one_ticket_of_a_service_and_gets_it_again(lobby: Lobby) -> None:
    account = await lobby.hall.resident()
    taken = await asyncio.gather(*(lobby.take(account) for _ in range(10)))
    assert {each.number for each in taken} == {"A001"}
    assert (await lobby.take(account, "passport")).number == "B001"
    row = await lobby.hall.booking(taken[0].booking_id)
    assert (row.state, row.resource_id, row.slot_ids, row.channel) == ("ticket", None, [], "counter")
    await lobby.leave(taken[0])
    assert (await lobby.take(account)).number == "A002"


async def test_a_counters_ticket_is_given_once_for_a_request(lobby: Lobby) -> None:
    assert [(await lobby.take(key=each)).number for each in ("a", "a", "b", "", "")] == [
        "A001", "A001", "A002", "A003", "A004",
    ]  # fmt: skip


async def test_a_request_of_another_day_is_another_one(lobby: Lobby) -> None:
    first = await lobby.take(key="a")
    lobby.clock.advance(timedelta(days=1))
    again = await lobby.take(key="a")
    assert (again.number, again.booking_id == first.booking_id) == ("A001", False)


async def test_of_several_visits_it_is_the_one_that_can_be_checked_in_now(lobby: Lobby) -> None:
    account = await lobby.hall.resident()
    first = await lobby.hall.book(account, NINE)
    second = await lobby.hall.book(account, on("12-01", "09:30"), await lobby.hall.wanted(service="passport"))
    lobby.stand(NINE)
    for expected in (first, second, second):
        async with lobby.hall.database.session() as session:
            line = await line_of(session, lobby.clock, "hall")
            found = await visit_of(session, lobby.clock, line.office, account)
        assert found.id == expected.id
        await lobby.come(found)
        lobby.clock.advance(timedelta(minutes=10) if found.id == first.id else timedelta(minutes=20))
    await lobby.open()
    await lobby.miss()
    async with lobby.hall.database.session() as session:
        assert (await visit_of(session, lobby.clock, line.office, account)).id == first.id


async def test_numbers_begin_anew_with_the_offices_day(lobby: Lobby) -> None:
    lobby.stand(on("11-30", "23:59"))
    assert [each.number for each in await lobby.take_many(1)] == ["A001"]
    assert lobby.clock.now().astimezone(CHINA).day == 1  # and of UTC it is still the day before
    again = await lobby.take()
    assert (again.number, str(again.day)) == ("A001", "2026-12-01")
    assert await lobby.line() == ["A001"]


async def test_there_are_no_tickets_without_a_counter_for_them(lobby: Lobby) -> None:
    counters = [{**each, "services": ["marriage"]} for each in COUNTERS]
    await lobby.hall.load({"offices": [{**LOBBY, "counters": counters}]})
    with pytest.raises(NoTicketsError):
        await lobby.take(service="passport")
    with pytest.raises(NoTicketsError):
        await lobby.take(service="nothing")
    await lobby.hall.load({"services": [{**PASSPORT, "closed": True}], "offices": [LOBBY]})
    with pytest.raises(NoTicketsError):
        await lobby.take(service="passport")


async def test_an_appointment_counts_from_half_an_hour_before_whenever_it_is_checked_in(lobby: Lobby) -> None:
    first, second = [await lobby.hall.book(each, NINE) for each in await lobby.hall.residents(2)]
    lobby.stand(on("12-01", "08:29"))
    await lobby.take_many(3)  # at 8:29, 8:30 and 8:31
    lobby.clock.advance(timedelta(minutes=20))
    await lobby.come(second)
    await lobby.come(first)
    await lobby.take(priority=True)
    assert await lobby.line() == ["A006", "A001", "A002", "A004", "A005", "A003"]


async def test_who_comes_late_waits_behind_the_next_two(lobby: Lobby) -> None:
    booked = await lobby.hall.book(await lobby.hall.resident(), NINE)
    lobby.stand(on("12-01", "08:50"))
    await lobby.take_many(3)
    lobby.stand(on("12-01", "09:05"))
    assert (await lobby.come(booked)).is_late
    assert await lobby.line() == ["A001", "A002", "A004", "A003"]
