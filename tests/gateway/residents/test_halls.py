"""A resident comes to a hall: scans its sticker, takes a ticket, watches the line, is called; nobody else may."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from gateway.http import live
from kernel.clock import CHINA, SystemClock
from kernel.crypto.keys import open_keys
from schema import appointment_hall
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall
from tests.appointments.lobby import COUNTERS, Lobby
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, Resident, agree, sign_in
from tests.gateway.residents.test_appointments import CONFIRM, DAYS, HOLD
from tests.gateway.residents.test_appointments_page import TOGETHER
from tests.gateway.residents.test_live import watching
from tests.gateway.residents.test_proofs import PROVE

CHECK_IN = """mutation ($place: String!, $id: ID, $latitude: Float, $longitude: Float) {
  checkInAppointment(placeCode: $place, appointment: $id, latitude: $latitude, longitude: $longitude) {
    id state queue { number state position ahead waitLow waitHigh waitError counter calls } } }"""
TAKE = """mutation ($place: String!, $service: String = "marriage", $latitude: Float, $longitude: Float) {
  takeTicket(placeCode: $place, service: $service, latitude: $latitude, longitude: $longitude) {
    id state queue { number state position ahead } } }"""
LEAVE = "mutation ($id: ID!) { leaveQueue(appointment: $id) { state } }"
QUEUE = "query ($id: ID!) { myAppointments { booking(id: $id) { state queue { number ahead counter calls } } } }"
WATCH = "subscription ($id: ID!) { appointmentQueue(appointment: $id) { state number position waitLow counter calls } }"
THERE = {each: OFFICE[each] for each in ("latitude", "longitude")}
WAITS = "query ($id: ID!) { myAppointments { booking(id: $id) { queue { waitLow } } } }"
ALONG = "{ myAppointments { companionOf { id state queue { number } details { officeZh } } } }"
EXPORT = "{ me { export } }"
ALWAYS = "".join(["calendar,day,kind,hours\n", *(f"city,{day},working,00:00-24:00\n" for day in DAYS)]).encode()
BRIEF = {**SERVICE, "minutes": 1, "lead_minutes": 0, "days": 1}
WHENEVER = {
    **WINDOW,
    "slot_minutes": 1,
    "schedules": [{"days": DAYS, "hours": "00:00-24:00", "places": {"public": 9}}],
}


@pytest.fixture
async def lobby(city: City, redis: Redis) -> Lobby:
    """A hall that can be booked for the next minute."""
    hall = Hall(city.settings, city.gateway.database, redis, open_keys(city.settings))
    hall.clock.advance(SystemClock().now() - hall.clock.now())
    await hall.build(BRIEF, offices=[{**OFFICE, "resources": [WHENEVER], "counters": list(COUNTERS)}], calendar=ALWAYS)
    return Lobby(hall)


async def book(who: Resident, minutes: int) -> tuple[str, datetime]:
    """Book a time in some minutes."""
    at = SystemClock().now().replace(second=0, microsecond=0) + timedelta(minutes=minutes)
    held = await who.data(HOLD, at=at.astimezone(CHINA).isoformat())
    return (await who.data(CONFIRM, hold=held["hold"]))["id"], at


def is_today(at: datetime) -> bool:
    return at.astimezone(CHINA).date() == SystemClock().now().astimezone(CHINA).date()


async def test_scanned_waiting_called_and_served_live(city: City, phones: Phones, lobby: Lobby, origin: str) -> None:
    who, place = await sign_in(city, phones, "wang"), await lobby.sticker()
    await lobby.open()
    await lobby.take()
    booked, at = await book(who, 3)
    async with watching(origin + live.PATH, who, booked, query=WATCH) as watcher:

        async def shown() -> Any:
            return (await watcher.event())[1]["data"]["appointmentQueue"]

        assert await shown() == {
            "state": "confirmed", "number": None, "position": None, "waitLow": None, "counter": None, "calls": 0,
        }  # fmt: skip
        came = await who.data(CHECK_IN, place=place, **THERE, **({} if is_today(at) else {"id": booked}))
        assert came == await who.data(CHECK_IN, place=place, id=booked, **THERE)
        assert (came["id"], came["state"]) == (booked, "checked_in")
        assert came["queue"] == {
            "number": "A002", "state": "checked_in", "position": 1, "ahead": 0, "waitLow": 0, "waitHigh": 0,
            "waitError": None, "counter": None, "calls": 0,
        }  # fmt: skip
        assert (await shown())["position"] == 1
        assert await lobby.next() == "A002"
        assert (await shown())["counter"] == "1"
        await lobby.press("serve")
        assert (await shown())["state"] == "serving"
        await lobby.press("finish")
        assert await shown() == {
            "state": "done", "number": "A002", "position": None, "waitLow": None, "counter": None, "calls": 0,
        }  # fmt: skip
        assert (await watcher.event())[0] == "complete"
    mine = (await who.data(QUEUE, id=booked))["booking"]
    assert mine == {"state": "done", "queue": {"number": "A002", "ahead": None, "counter": None, "calls": 0}}


async def test_nothing_is_told_while_only_seconds_pass(
    city: City, phones: Phones, lobby: Lobby, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appointment_hall, "_LOOK_SECONDS", 0.1)
    who = await sign_in(city, phones, "wang")
    await lobby.hall.load({"services": [{**BRIEF, "minutes": 60}]})
    await lobby.take()
    taken = await who.data(TAKE, place=await lobby.sticker(), **THERE)
    await lobby.open()
    await lobby.next()
    lobby.stand(SystemClock().now())
    await lobby.press("serve")  # for an hour from now on
    async with watching(origin + live.PATH, who, taken["id"], query=WATCH) as watcher:

        async def low() -> int:
            return int((await watcher.event())[1]["data"]["appointmentQueue"]["waitLow"])

        first = await low()
        if first == 60 * 60:  # the very second
            first = await low()
        while (await who.data(WAITS, id=taken["id"]))["booking"]["queue"]["waitLow"] > first - 3:
            await asyncio.sleep(0.1)
        await lobby.press("finish")
        assert await low() == 0


async def test_who_comes_along_watches_the_line_and_no_stranger_does(
    city: City, phones: Phones, lobby: Lobby, origin: str
) -> None:
    await lobby.hall.load({"services": [{**BRIEF, "people": 2, "most_active": 2}]})
    who, other = [await sign_in(city, phones, each) for each in ("wang", "li")]
    await agree(other, "real-name")
    await other.data(PROVE, **phones.person("li"))
    alone, _ = await book(who, 5)
    async with watching(origin + live.PATH, other, alone, query=WATCH) as watcher:
        refused = (await watcher.event())[1]["errors"][0]
        assert refused["extensions"]["code"] == "APPOINTMENT_UNKNOWN"
    at = SystemClock().now().replace(second=0, microsecond=0) + timedelta(minutes=3)
    held = await who.data(HOLD, at=at.astimezone(CHINA).isoformat(), people=2)
    booked = (await who.data(TOGETHER, hold=held["hold"], other=phones.person("li")["idNumber"]))["id"]
    async with watching(origin + live.PATH, other, booked, query=WATCH) as watcher:
        assert (await watcher.event())[1]["data"]["appointmentQueue"]["state"] == "confirmed"
        await who.data(CHECK_IN, place=await lobby.sticker(), id=booked, **THERE)
        shown = (await watcher.event())[1]["data"]["appointmentQueue"]
        assert (shown["number"], shown["position"]) == ("A001", 1)
    [named] = (await other.data(ALONG))["companionOf"]
    assert named == {
        "id": booked,
        "state": "checked_in",
        "queue": {"number": "A001"},
        "details": {"officeZh": OFFICE["name_zh"]},
    }
    assert await other.code(LEAVE, id=booked) == "APPOINTMENT_UNKNOWN"


async def test_a_walk_in_takes_one_ticket_and_leaves(city: City, phones: Phones, lobby: Lobby) -> None:
    who, other, place = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li"), await lobby.sticker()
    taken = await who.data(TAKE, place=place, **THERE)
    assert taken == await who.data(TAKE, place=place, **THERE)
    assert taken["queue"] == {"number": "A001", "state": "ticket", "position": 1, "ahead": 0}
    assert (await other.data(TAKE, place=place, **THERE))["queue"]["ahead"] == 1
    assert await other.code(LEAVE, id=taken["id"]) == "APPOINTMENT_UNKNOWN"
    assert await other.code(QUEUE, id=taken["id"]) == "APPOINTMENT_UNKNOWN"
    assert (await who.data(LEAVE, id=taken["id"]))["state"] == "left"
    assert (await who.data(LEAVE, id=taken["id"]))["state"] == "left"
    assert await lobby.line() == ["A002"]
    assert await who.code(TAKE, place=place, service="nothing", **THERE) == "HALL_NO_TICKETS"
    held = (await who.ask(EXPORT))["data"]["me"]["export"]["appointments"]["tickets"]
    assert [each["number"] for each in held] == ["A001"]


async def test_forged_check_ins_are_refused_by_code(city: City, phones: Phones, lobby: Lobby) -> None:
    who, other, place = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li"), await lobby.sticker()
    booked, _ = await book(who, 3)
    early, _ = await book(other, 45)
    forged = place[:-1] + ("A" if place[-1] != "A" else "B")
    elsewhere = await lobby.sticker("office:other")
    far, nowhere = {"latitude": OFFICE["latitude"] + 0.01}, {"latitude": None}
    for by, values, expected in (
        (other, {"place": place, "id": booked}, "APPOINTMENT_UNKNOWN"),
        (other, {"place": place, "id": early}, "HALL_TOO_EARLY"),
        (who, {"place": forged, "id": booked}, "HALL_STICKER_FORGED"),
        (who, {"place": f"https://q.example.com/P/{place}", "id": booked}, "HALL_STICKER_FORGED"),
        (who, {"place": elsewhere, "id": booked}, "APPOINTMENT_SERVICE_UNKNOWN"),
        (who, {"place": await lobby.sticker("bay:1", "bay"), "id": booked}, "HALL_ELSEWHERE"),
        (who, {"place": place, "id": booked, **far}, "HALL_TOO_FAR"),
        (who, {"place": place, "id": booked, **nowhere}, "HALL_POSITION_NEEDED"),
        (who, {"place": "what", "id": booked}, "HALL_STICKER_FORGED"),
    ):
        assert await by.code(CHECK_IN, **{**THERE, **values}) == expected
    assert await who.code(TAKE, place=place) == "HALL_POSITION_NEEDED"
    assert (await who.data(QUEUE, id=booked))["booking"] == {"state": "confirmed", "queue": None}
    assert (await who.data(CHECK_IN, place=place, id=booked, **THERE))["state"] == "checked_in"


async def test_whose_account_ends_waits_no_more(city: City, phones: Phones, lobby: Lobby) -> None:
    who = await sign_in(city, phones, "wang")
    taken = await who.data(TAKE, place=await lobby.sticker(), **THERE)
    await who.data("mutation { eraseAccount }")
    assert await lobby.line() == []
    assert await lobby.hall.ask("SELECT state, id::text FROM booking") == [("left", taken["id"])]


async def test_how_far_estimates_are_off_is_a_metric(lobby: Lobby, origin: str) -> None:
    await lobby.open()
    await lobby.take()
    await lobby.take()
    lobby.clock.advance(timedelta(minutes=5))
    for _ in range(2):
        await lobby.serve(timedelta(0))
    async with aiohttp.ClientSession() as client, client.get(origin + "/metrics") as response:
        lines = (await response.text()).splitlines()
    error = (5 * 60 + 4 * 60) // 2  # nothing and a minute were foretold, and both were five
    assert f'yiwang_hall_estimate_error_seconds{{office="hall",service="marriage"}} {error}' in lines
