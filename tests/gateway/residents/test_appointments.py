"""A resident's appointments through the graph: find, hold, confirm, move, cancel; and what others are told."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from click.testing import CliRunner
from redis.asyncio import Redis

from cli.draw import verify
from flows.appointments.cancelling import office_cancel
from flows.appointments.deps import Deps
from flows.appointments.finding import booking_of
from kernel.clock import CHINA, SystemClock
from kernel.crypto.keys import open_keys
from tests.appointments.hall import OFFICE, SERVICE, WINDOW, Hall
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, ask, code, sign_in

OFFICES = """query ($service: String!, $near: Position, $people: Int = 1) {
  appointmentOffices(service: $service, near: $near, days: 7, people: $people) {
    code nameZh phone metres timeZone days { day first times } } }"""
TIMES = """query ($day: String!, $people: Int = 1, $rebooking: Boolean = false) {
  appointmentTimes(service: "marriage", office: "hall", day: $day, people: $people, rebooking: $rebooking) {
    startsAt places } }"""
HOLD = """mutation ($at: String!, $people: Int = 1) {
  holdAppointment(service: "marriage", office: "hall", startsAt: $at, people: $people) {
    hold startsAt endsAt expiresAt isKept } }"""
CONFIRM = "mutation ($hold: String!) { confirmAppointment(hold: $hold) { id code state startsAt } }"
MOVE = "mutation ($id: ID!, $hold: String!) { moveAppointment(appointment: $id, hold: $hold) { id state replaces } }"
CANCEL = "mutation ($id: ID!) { cancelAppointment(appointment: $id) { id state } }"
MINE = "{ myAppointments { bookings { id state code service office people } } }"
BY_RIGHT = """mutation ($at: String!, $right: ID, $moving: ID) {
  holdAppointment(service: "marriage", office: "hall", startsAt: $at, right: $right, moving: $moving) { hold } }"""
TOLD = """{ myAppointments { notices { kind appointment service office startsAt reason at state } companionOf { id }
  rebookRights { id service until appointment } } }"""
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ALWAYS = "".join(["calendar,day,kind,hours\n", *(f"city,{day},working,09:00-12:00\n" for day in DAYS)]).encode()
EVERY_DAY = {"days": DAYS, "hours": "09:00-12:00", "places": {"public": 1}}


@pytest.fixture
async def hall(city: City, redis: Redis) -> Hall:
    made = Hall(city.settings, city.gateway.database, redis, open_keys(city.settings))
    made.clock.advance(SystemClock().now() - made.clock.now())
    couple = {**SERVICE, "people": 2, "further_minutes": 30}
    scarce = {**SERVICE, "code": "passport", "level": "L3"}
    window = {**WINDOW, "skills": ["marriage", "passport"], "schedules": [EVERY_DAY]}
    await made.build(couple, scarce, offices=[{**OFFICE, "resources": [window]}], calendar=ALWAYS)
    return made


def tomorrow(clock: str, days: int = 2) -> str:
    day = SystemClock().now().astimezone(CHINA).date() + timedelta(days=days)
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=CHINA).isoformat()


async def test_from_finding_an_office_to_cancelling(city: City, phones: Phones, hall: Hall) -> None:
    here = {"latitude": 31.2, "longitude": 121.4}
    [office] = (await ask(city, OFFICES, service="marriage", near=here))["data"]["appointmentOffices"]
    day = tomorrow("09:00")[:10]
    assert (office["code"], office["metres"], office["timeZone"]) == ("hall", 0, "Asia/Shanghai")
    assert office["phone"] == OFFICE["phone"]
    assert {"day": day, "first": f"{day}T01:00:00Z", "times": 6} in office["days"]
    [two] = (await ask(city, OFFICES, service="marriage", people=2))["data"]["appointmentOffices"]
    assert next(each["times"] for each in two["days"] if each["day"] == day) == 5
    times = (await ask(city, TIMES, day=day))["data"]["appointmentTimes"]
    assert [each["startsAt"][11:16] for each in times] == ["01:00", "01:30", "02:00", "02:30", "03:00", "03:30"]

    who, other = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    held = await who.data(HOLD, at=tomorrow("09:00"))
    assert held["isKept"]
    refused = await other.ask(HOLD, at=tomorrow("09:00"))
    assert code(refused) == "APPOINTMENT_TAKEN"
    assert refused["errors"][0]["extensions"]["nextFree"][0].startswith(f"{day}T01:30")
    booked = await who.data(CONFIRM, hold=held["hold"])
    assert booked["state"] == "confirmed"
    assert (await who.data(CONFIRM, hold=held["hold"])) == booked
    assert await other.code(CONFIRM, hold=held["hold"]) == "APPOINTMENT_HOLD_REFUSED"
    assert await other.code(CANCEL, id=booked["id"]) == "APPOINTMENT_UNKNOWN"
    assert [each["id"] for each in (await who.data(MINE))["bookings"]] == [booked["id"]]
    assert (await other.data(MINE))["bookings"] == []

    moved = await who.data(MOVE, id=booked["id"], hold=(await who.data(HOLD, at=tomorrow("11:00")))["hold"])
    assert (moved["state"], moved["replaces"]) == ("confirmed", booked["id"])
    clash = await who.ask(CONFIRM, hold=(await who.data(HOLD, at=tomorrow("10:00")))["hold"])
    assert code(clash) == "APPOINTMENT_CLASH"
    assert clash["errors"][0]["extensions"]["clash"]["id"] == moved["id"]
    assert (await who.data(CANCEL, id=moved["id"]))["state"] == "cancelled"
    assert (await who.data(CANCEL, id=moved["id"]))["state"] == "cancelled"
    assert {each["state"] for each in (await who.data(MINE))["bookings"]} == {"cancelled", "rescheduled"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({"at": "tomorrow"}, "ARGUMENT_REFUSED", id="no moment"),
        pytest.param({"at": "0001-01-01T00:00:00+08:00"}, "ARGUMENT_REFUSED", id="the first year"),
        pytest.param({"at": "9999-12-31T23:59:59Z"}, "ARGUMENT_REFUSED", id="the last year"),
        pytest.param({"at": "2026-01-01T09:00:00"}, "ARGUMENT_REFUSED", id="no zone"),
        pytest.param({"at": "2026-01-01T09:00:00+08:00"}, "APPOINTMENT_NOT_BOOKABLE", id="past"),
        pytest.param({"at": tomorrow("09:00", 20)}, "APPOINTMENT_NOT_BOOKABLE", id="not released"),
        pytest.param({"at": tomorrow("09:00"), "people": 3}, "APPOINTMENT_NOT_BOOKABLE", id="too many people"),
        pytest.param({"at": tomorrow("03:00")}, "APPOINTMENT_TAKEN", id="at night"),
    ],
)
async def test_what_cannot_be_held_says_why(
    city: City, phones: Phones, hall: Hall, values: dict[str, Any], expected: str
) -> None:
    who = await sign_in(city, phones, "wang")
    assert await who.code(HOLD, **values) == expected


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "tomorrow"])
async def test_a_day_that_no_calendar_reaches_is_refused(city: City, phones: Phones, hall: Hall, day: str) -> None:
    assert code(await ask(city, TIMES, day=day)) == "ARGUMENT_REFUSED"
    await hall.load({"services": [{**SERVICE, "code": "drawn", "draw_seconds": 30}]})
    who = await sign_in(city, phones, "wang")
    assert await who.code(DRAW, day=day) == "ARGUMENT_REFUSED"


async def test_who_is_not_known_well_enough_is_told_so_and_strangers_hold_nothing(
    city: City, phones: Phones, hall: Hall
) -> None:
    who = await sign_in(city, phones, "wang")
    scarce = HOLD.replace("marriage", "passport")
    assert await who.code(scarce, at=tomorrow("09:00")) == "ASSURANCE_TOO_LOW"
    assert code(await ask(city, HOLD, at=tomorrow("09:00"))) == "SIGN_IN_NEEDED"


@pytest.mark.parametrize("given", ["", "x", "é" * 100, "A" * 5000, "AAAA====", "../..", "\u0000"])
async def test_a_forged_hold_is_refused(city: City, phones: Phones, hall: Hall, given: str) -> None:
    who = await sign_in(city, phones, "wang")
    assert await who.code(CONFIRM, hold=given) in {"APPOINTMENT_HOLD_REFUSED", "ARGUMENT_REFUSED"}


async def test_who_confirms_too_often_waits(city: City, phones: Phones, hall: Hall) -> None:
    who = await sign_in(city, phones, "wang")
    for _ in range(30):
        assert await who.code(CONFIRM, hold="no hold") == "APPOINTMENT_HOLD_REFUSED"
    assert await who.code(CONFIRM, hold="no hold") == "TOO_MANY_ATTEMPTS"
    assert await who.code(MOVE, id=str(UUID(int=1)), hold="no hold") == "TOO_MANY_ATTEMPTS"


JOIN = """mutation ($day: String!) { joinAppointmentDraw(service: "drawn", office: "hall", day: $day) }"""
DRAW = """query ($day: String!) { appointmentDraw(service: "drawn", office: "hall", day: $day) {
  release closesAt commitment entry entries rank admittedAt turn } }"""
HOLD_DRAWN = """mutation ($at: String!, $turn: String = "") {
  holdAppointment(service: "drawn", office: "hall", startsAt: $at, turn: $turn) { isKept } }"""


async def test_a_day_that_is_released_by_lot_is_joined_drawn_and_held_by_turn(
    city: City, phones: Phones, redis: Redis, client: httpx.AsyncClient
) -> None:
    """The release was a few seconds ago; the draw of some seconds is joined, and closes while the test waits."""
    who, other, late = [await sign_in(city, phones, name) for name in ("wang", "li", "chen")]
    now = SystemClock().now().astimezone(CHINA)
    opened = now - timedelta(seconds=2)
    hall = Hall(city.settings, city.gateway.database, redis, open_keys(city.settings))
    hall.clock.advance(now - hall.clock.now())
    drawn = {**SERVICE, "code": "drawn", "draw_seconds": 15 + opened.second, "release": f"{opened:%H:%M}"}
    await hall.build(drawn, offices=[{**OFFICE, "resources": [
        {**WINDOW, "skills": ["drawn"], "schedules": [EVERY_DAY]}]}], calendar=ALWAYS)  # fmt: skip
    day = (opened.date() + timedelta(days=14)).isoformat()
    at = f"{day}T09:00:00+08:00"
    entries = {await each.data(JOIN, day=day) for each in (who, other)}
    before = await who.data(DRAW, day=day)
    assert (before["rank"], before["turn"], before["entry"] in entries) == (None, None, True)
    for each in (who, late):
        assert await each.code(HOLD_DRAWN, at=at) == "APPOINTMENT_DRAW"
    await asyncio.sleep(max(0.0, (datetime.fromisoformat(before["closesAt"]) - SystemClock().now()).total_seconds()))
    mine, theirs = await who.data(DRAW, day=day), await other.data(DRAW, day=day)
    assert {mine["rank"], theirs["rank"]} == {1, 2}
    assert await late.code(HOLD_DRAWN, at=at, turn=mine["turn"]) == "APPOINTMENT_HOLD_REFUSED"
    assert (await who.data(HOLD_DRAWN, at=at, turn=mine["turn"]))["isKept"]
    answer = await client.get(f"/appointments/draws/{mine['release']}")
    assert set(answer.json()["entries"]) == entries
    assert answer.json()["commitment"] == before["commitment"]
    checked = CliRunner().invoke(verify, ["-", "--receipt", mine["entry"]], input=answer.content)
    assert f"rank {mine['rank']}" in checked.output
    broken = answer.content.replace(answer.json()["seed"].encode(), b"00" * 16)
    assert CliRunner().invoke(verify, ["-"], input=broken).exit_code == 1
    assert (await client.get("/appointments/draws/none")).json()["error"]["code"] == "APPOINTMENT_DRAW_UNKNOWN"


async def test_they_take_it_along_and_what_is_to_come_ends_with_the_account(
    city: City, phones: Phones, hall: Hall
) -> None:
    who, other = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    booked = await who.data(CONFIRM, hold=(await who.data(HOLD, at=tomorrow("09:00")))["hold"])
    held = (await who.data("{ me { export } }"))["export"]["appointments"]
    assert [(each["id"], each["state"]) for each in held["bookings"]] == [(booked["id"], "confirmed")]
    assert [each["event"] for each in held["events"]] == ["confirm"]
    assert (await other.data("{ me { export } }"))["export"]["appointments"]["bookings"] == []
    assert await who.data("mutation { eraseAccount }") is True
    assert (await hall.booking(UUID(booked["id"]))).state == "cancelled"
    assert await hall.ask("SELECT count(*) FROM booking_person") == [(0,)]


async def test_what_the_office_cancels_is_told_and_booked_again_before_others(
    city: City, phones: Phones, hall: Hall
) -> None:
    hours = {**EVERY_DAY, "places": {"public": 1, "priority": 1}}
    await hall.load({"offices": [{**OFFICE, "resources": [{**WINDOW, "schedules": [hours]}]}]})
    who, other = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    booked = await who.data(CONFIRM, hold=(await who.data(HOLD, at=tomorrow("09:00")))["hold"])
    async with hall.database.session() as session:
        row = await booking_of(session, UUID(booked["id"]), lock=True)
        await office_cancel(Deps(session, SystemClock()), row, "operator:test", "停电")
    mine = await who.data(TOLD)
    [notice] = mine["notices"]
    assert (notice["kind"], notice["appointment"], notice["reason"]) == ("office_cancelled", booked["id"], "停电")
    [right] = mine["rebookRights"]
    assert (right["service"], right["appointment"], mine["companionOf"]) == ("marriage", booked["id"], [])

    at, day = tomorrow("09:30"), tomorrow("09:30")[:10]
    await other.data(CONFIRM, hold=(await other.data(HOLD, at=at))["hold"])
    assert await who.code(HOLD, at=at) == "APPOINTMENT_TAKEN"
    free = [await ask(city, TIMES, day=day, rebooking=each) for each in (False, True)]
    taken = f"{day}T01:30:00Z"
    assert [taken in [each["startsAt"] for each in one["data"]["appointmentTimes"]] for one in free] == [False, True]
    assert await other.code(BY_RIGHT, at=at, right=right["id"]) == "APPOINTMENT_RIGHT_REFUSED"
    assert await who.code(BY_RIGHT, at=at, right=right["id"], moving=booked["id"]) == "ARGUMENT_REFUSED"
    again = await who.data(CONFIRM, hold=(await who.data(BY_RIGHT, at=at, right=right["id"]))["hold"])
    assert (again["state"], (await who.data(TOLD))["rebookRights"]) == ("confirmed", [])
    assert await other.code("mutation ($id: ID!) { leaveAppointment(appointment: $id) }", id=again["id"]) == (
        "APPOINTMENT_UNKNOWN"
    )
