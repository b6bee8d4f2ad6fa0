"""What staff may do at their door, what not, and what each answer says."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from redis.asyncio import Redis

from auth.residents.attempts import attempt
from flows.appointments.booking_tables import Booking
from gateway.http.desks.cases import LOOK_UPS
from tests.appointments.hall import OFFICE, WINDOW, Hall
from tests.appointments.test_closing import office_cancels
from tests.gateway.conftest import City
from tests.gateway.residents.desks import ASKING, LI, PLACES, Staff, registry, staff
from tests.gateway.residents.hosts import Phones, Resident, prove_face, sign_in
from tests.gateway.residents.test_appointment_case import HISTORY, booked
from tests.gateway.residents.test_appointments import EVERY_DAY, HOLD, MINE, tomorrow

CARD = {"certificate": "card"}
NINE, TEN = tomorrow("09:00"), tomorrow("10:00")


@pytest.fixture
async def hall(city: City, redis: Redis) -> Hall:
    return await registry(city, redis)


@pytest.fixture
async def clerk(hall: Hall, client: httpx.AsyncClient) -> Staff:
    return await staff(hall, client, "clerk", "hall")


@pytest.fixture
async def hotline(hall: Hall, client: httpx.AsyncClient) -> Staff:
    return await staff(hall, client, "hotline")


async def proven(city: City, phones: Phones, name: str) -> Resident:
    who = await sign_in(city, phones, name)
    await prove_face(phones, who, name)
    return who


async def book(at_door: Staff, id_number: str = LI, at: str = NINE, office: str = "hall", **more: Any) -> Any:
    hold = await at_door.hold(at, office, idNumber=id_number)
    return await at_door.done("/cases", hold=hold, idNumber=id_number, answers=CARD, **more)


async def test_each_door_books_its_own_places_and_no_others(
    city: City, phones: Phones, hall: Hall, clerk: Staff, hotline: Staff
) -> None:
    """Of each time one place is for residents, one for the counter, one for the hotline."""
    first = await book(clerk)
    assert (first["channel"], first["state"]) == ("counter", "confirmed")
    assert await clerk.code("/holds", service="marriage", office="hall", startsAt=NINE, idNumber=LI) == (
        409, "APPOINTMENT_TAKEN",
    )  # fmt: skip
    assert await clerk.code("/holds", service="marriage", office="west", startsAt=NINE, idNumber=LI) == (
        404, "APPOINTMENT_SERVICE_UNKNOWN",
    )  # fmt: skip
    other = phones.person("li")["idNumber"]
    assert (await book(hotline, other))["channel"] == "hotline"
    assert (await book(hotline, other, TEN, "west"))["office"]["code"] == "west"
    taken = {"hall": [NINE], "west": [TEN]}
    for office, gone in taken.items():
        times = await hotline.done("/times", "GET", service="marriage", at=office, day=NINE[:10])
        free = [each["startsAt"][11:16] for each in times["times"]]
        assert len(free) == 6 - len(gone)
    days = (await hotline.done("/days", "GET", service="marriage"))["days"]
    assert {each["office"] for each in days} == {"hall", "west"}
    assert {each["office"] for each in (await clerk.done("/days", "GET", service="marriage"))["days"]} == {"hall"}
    assert (await (await sign_in(city, phones, "wang")).data(HOLD, at=NINE))["isKept"]


async def test_more_hold_at_once_than_there_are_connections(city: City, hall: Hall, hotline: Staff) -> None:
    free = [(tomorrow(f"{9 + n // 2:02}:{n % 2 * 30:02}"), at) for n in range(6) for at in ("hall", "west")]
    assert len(free) > city.settings.database_pool_size
    held = await asyncio.gather(*(hotline.hold(time, office, idNumber=LI) for time, office in free))
    assert len({*held}) == len(free)


async def test_who_has_an_account_finds_what_staff_booked_in_it(
    city: City, phones: Phones, hall: Hall, hotline: Staff
) -> None:
    who, other = await proven(city, phones, "wang"), await sign_in(city, phones, "li")
    made = await book(hotline, phones.person("wang")["idNumber"], name="不必再说")
    assert made["who"]["hasAccount"]
    assert "不" not in made["who"]["name"]
    [mine] = (await who.data(MINE))["bookings"]
    assert (mine["id"], mine["code"]) == (made["id"], made["code"])
    assert (await other.data(MINE))["bookings"] == []
    history = (await who.data(HISTORY, id=made["id"]))["booking"]["history"]
    assert [(each["event"], each["by"]) for each in history] == [("confirm", "热线")]
    assert await hall.ask("SELECT person FROM case_papers") == [(None,)]


async def test_who_has_none_has_the_code_and_finds_it_once_they_prove_their_number(
    city: City, phones: Phones, hall: Hall, hotline: Staff, clerk: Staff
) -> None:
    person = phones.person("wang")
    made = await book(hotline, person["idNumber"], name=person["name"], phone="13800138000")
    assert made["who"] == {
        "name": "*" * (len(person["name"]) - 1) + person["name"][-1],
        "idNumber": person["idNumber"][0] + "*" * 16 + person["idNumber"][-1],
        "phone": "+86 138****8000",
        "hasAccount": False,
    }
    who = await sign_in(city, phones, "wang")
    assert (await who.data(MINE))["bookings"] == []
    await prove_face(phones, who, "wang")
    [mine] = (await who.data(MINE))["bookings"]
    assert mine["id"] == made["id"]
    assert (await clerk.done(f"/cases/{made['id']}", "GET"))["who"]["hasAccount"]
    moved = await clerk.done(
        f"/cases/{made['id']}/move", hold=await clerk.hold(TEN, moving=made["id"]), reason="person_asked"
    )
    assert moved["id"] == made["id"]
    held = (await who.data("{ me { export } }"))["export"]["appointments"]
    assert len(held["bookings"]) == 2
    assert held["papers"][0]["bearer"]["id_number"] == person["idNumber"]
    assert await who.data("mutation { eraseAccount }") is True
    assert await hall.ask("SELECT count(*) FROM case_papers") == [(0,)]
    assert await hall.ask("SELECT DISTINCT state FROM booking ORDER BY 1") == [("cancelled",), ("rescheduled",)]


async def test_whom_to_ring_is_said_whole_to_who_serves_the_case_and_audited(
    city: City, phones: Phones, hall: Hall, client: httpx.AsyncClient
) -> None:
    hotline, clerk = await staff(hall, client, "hotline"), await staff(hall, client, "clerk", "hall")
    made = await book(hotline, name="王秀英", phone="13800138000", office="west")
    for door in (hotline, clerk):
        assert await door.done(f"/cases/{made['id']}/ring") == {"name": "王秀英", "phone": "+8613800138000"}
    stranger = await staff(hall, client, "display", "hall")
    assert await stranger.code(f"/cases/{made['id']}/ring") == (403, "STAFF_ROLE_MISSING")
    person = phones.person("wang")
    await proven(city, phones, "wang")
    other = await book(hotline, person["idNumber"], TEN, "west")
    assert await hotline.done(f"/cases/{other['id']}/ring") == {"name": person["name"], "phone": ""}
    read = "SELECT object FROM audit_entry WHERE action = 'case.person_read' ORDER BY seq"
    assert await hall.ask(read) == [(f"booking:{made['id']}",)] * 2 + [(f"booking:{other['id']}",)]


async def test_whom_to_ring_is_said_no_more_often_than_numbers_are_looked_up(
    hall: Hall, client: httpx.AsyncClient, redis: Redis
) -> None:
    one, other = [await staff(hall, client, "hotline") for _ in range(2)]
    made = await book(one, phone="13800138000")
    ring = f"/cases/{made['id']}/ring"
    for _ in range(LOOK_UPS.most - 1):
        await attempt(redis, LOOK_UPS, f"credential:{one.key_id}")
    await one.done(ring)
    assert await one.code(ring) == (429, "TOO_MANY_ATTEMPTS")
    assert await one.code("/cases/find", idNumber=LI) == (429, "TOO_MANY_ATTEMPTS")
    assert (await other.done(ring))["phone"] == "+8613800138000"
    assert await hall.ask("SELECT count(*) FROM audit_entry WHERE action = 'case.person_read'") == [(2,)]


async def test_what_is_sent_twice_is_done_once(hall: Hall, clerk: Staff) -> None:
    hold = await clerk.hold(NINE, idNumber=LI)
    one, other = [await clerk.done("/cases", hold=hold, idNumber=LI, answers=CARD) for _ in range(2)]
    assert one["id"] == other["id"]
    at = f"/cases/{one['id']}"
    moving, note = await clerk.hold(TEN, moving=one["id"]), uuid4()
    for _ in range(2):
        await clerk.done(f"{at}/move", hold=moving, reason="person_asked")
        await clerk.done(f"{at}/notes/{note}", "PUT", text="带孩子来")
    for _ in range(2):
        seen = await clerk.done(f"{at}/cancel", reason="illness")
    assert [each["event"] for each in seen["history"]] == ["confirm", "move", "note", "cancel"]
    assert (seen["history"][2]["text"], seen["history"][3]["reason"]) == ("带孩子来", "illness")
    assert await hall.ask("SELECT count(*) FROM booking") == [(2,)]
    assert b"\xe5\xad\xa9" not in bytes((await hall.ask("SELECT text FROM case_note"))[0][0])
    assert [each["id"] for each in (await clerk.done("/cases/find", code=one["code"]))["cases"]] == [one["id"]]


async def test_staff_may_after_the_cut_off_until_it_begins(
    city: City, phones: Phones, hall: Hall, clerk: Staff
) -> None:
    who = await sign_in(city, phones, "wang")
    mine = await booked(who)
    cancel = "mutation ($id: ID!) { cancelAppointment(appointment: $id) { state } }"
    assert await who.code(cancel, id=mine["id"]) == "APPOINTMENT_TOO_LATE"
    await change(hall, mine["id"], begun=True)
    assert await clerk.code(f"/cases/{mine['id']}/cancel", reason="illness") == (409, "APPOINTMENT_TOO_LATE")
    await change(hall, mine["id"], begun=False)
    assert (await clerk.done(f"/cases/{mine['id']}/cancel", reason="illness"))["state"] == "cancelled"
    assert await clerk.code(f"/cases/{mine['id']}/excuse", reason="illness") == (409, "APPOINTMENT_STATE")


async def test_whose_office_cancelled_books_before_others_also_by_telephone(hall: Hall, hotline: Staff) -> None:
    await office_cancels(hall, await hall.booking(UUID((await book(hotline))["id"])))
    await hall.ask("UPDATE appointment_slot SET capacity = 4, quota = '{1,1,1,1}' RETURNING id")
    first = await book(hotline, at=TEN)
    assert (first["channel"], first["state"]) == ("priority", "confirmed")
    assert (await book(hotline, at=tomorrow("11:00")))["channel"] == "hotline"
    assert await hall.ask("SELECT account_id, used_by IS NOT NULL FROM booking_right") == [(None, True)]


async def test_a_no_show_is_excused_with_a_reason(hall: Hall, clerk: Staff) -> None:
    made = await book(clerk)
    await change(hall, made["id"], begun=True)
    async with hall.database.session() as session:
        row = await session.get_one(Booking, made["id"])
        row.state = "no_show"
        session.add(row)
    for _ in range(2):
        seen = await clerk.done(f"/cases/{made['id']}/excuse", reason="illness")
    assert seen["isExcused"]
    assert [each["event"] for each in seen["history"]] == ["confirm", "excuse"]


async def change(hall: Hall, booking_id: str, *, begun: bool) -> None:
    async with hall.database.session() as session:
        row = await session.get_one(Booking, booking_id)
        row.starts_at = hall.clock.now() + timedelta(minutes=-1 if begun else 1)
        session.add(row)


async def test_who_comes_is_found_by_their_number_where_the_service_is(
    hall: Hall, clerk: Staff, hotline: Staff, client: httpx.AsyncClient
) -> None:
    made = await book(hotline, office="west")
    for door in (clerk, hotline, await staff(hall, client, "operator", "west")):
        found = (await door.done("/cases/find", idNumber=f" {LI[:6]} {LI[6:].lower()}"))["cases"]
        assert [each["id"] for each in found] == [made["id"]]
    passport = {**ASKING, "code": "passport", "questions": []}
    window = {**WINDOW, "skills": ["passport"], "schedules": [{**EVERY_DAY, "places": PLACES}]}
    await hall.load({"services": [passport], "offices": [{**OFFICE, "resources": [window]}]})
    assert (await clerk.done("/cases/find", idNumber=LI))["cases"] == []
    assert await clerk.code("/cases/find", code=made["code"]) == (404, "APPOINTMENT_UNKNOWN")
    for action in ("", "/cancel"):
        answer = await clerk.ask("POST" if action else "GET", f"/cases/{made['id']}{action}", {"reason": "illness"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "APPOINTMENT_UNKNOWN")
    looked_up = "SELECT count(*) FROM audit_entry WHERE action = 'case.found' AND object LIKE 'person:%'"
    assert await hall.ask(looked_up) == [(4,)]


@pytest.mark.parametrize(
    ("role", "office", "expected"),
    [
        (None, "hall", (403, "STAFF_ROLE_MISSING")),
        ("display", "hall", (403, "STAFF_ROLE_MISSING")),
        ("hotline", "hall", (403, "STAFF_ROLE_MISSING")),
        ("clerk", "", (403, "STAFF_ROLE_MISSING")),
        ("clerk", "nowhere", (404, "APPOINTMENT_SERVICE_UNKNOWN")),
    ],
)
async def test_a_role_opens_its_own_door(
    hall: Hall, client: httpx.AsyncClient, role: Any, office: str, expected: tuple[int, str]
) -> None:
    door = await staff(hall, client, role, office)
    assert await door.code("/cases/find", code="ABCD2345") == expected
    assert await Staff(client, "", office).code("/cases/find", code="ABCD2345") == (401, "CREDENTIAL_REFUSED")


HOLDING = {"service": "marriage", "office": "hall", "startsAt": NINE, "idNumber": LI}
NOTHING = "00000000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/cases/find", {}, (400, "BAD_REQUEST")),
        ("/cases/find", {"code": "A", "idNumber": LI}, (400, "BAD_REQUEST")),
        ("/cases/find", {"code": "\x00"}, (400, "BAD_REQUEST")),
        ("/cases/find", {"code": "ABCD2345"}, (404, "APPOINTMENT_UNKNOWN")),
        ("/cases/find", {"idNumber": LI[:-1] + "0"}, (422, "ID_NUMBER_INVALID")),
        ("/cases/find", {"name": "王"}, (400, "BAD_REQUEST")),
        ("/holds", {**HOLDING, "idNumber": None}, (400, "BAD_REQUEST")),
        ("/holds", {**HOLDING, "moving": NOTHING}, (400, "BAD_REQUEST")),
        ("/holds", {**HOLDING, "service": "none"}, (404, "APPOINTMENT_SERVICE_UNKNOWN")),
        ("/holds", {**HOLDING, "startsAt": "0001-01-01T00:00:00+08:00"}, (400, "BAD_REQUEST")),
        ("/holds", {**HOLDING, "startsAt": NINE[:19]}, (400, "BAD_REQUEST")),
        ("/holds", {**HOLDING, "startsAt": "2026-01-01T09:00:00+08:00"}, (409, "APPOINTMENT_NOT_BOOKABLE")),
        ("/holds", {**HOLDING, "idNumber": None, "moving": NOTHING}, (404, "APPOINTMENT_UNKNOWN")),
        ("/cases", {"hold": "x", "idNumber": LI}, (403, "APPOINTMENT_HOLD_REFUSED")),
        ("/cases", {"hold": "x", "idNumber": LI, "phone": "12"}, (422, "PHONE_NUMBER_INVALID")),
        (f"/cases/{NOTHING}/cancel", {"reason": "Because!"}, (400, "BAD_REQUEST")),
        (f"/cases/{NOTHING}/cancel", {"reason": "illness"}, (404, "APPOINTMENT_UNKNOWN")),
        (f"/cases/{NOTHING}/answers", {"answers": {"photos": 1}}, (400, "BAD_REQUEST")),
        ("/cases/none/cancel", {"reason": "illness"}, (404, "HTTP_ERROR")),
    ],
)
async def test_what_cannot_be_says_why(
    hall: Hall, clerk: Staff, path: str, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert await clerk.code(path, **body) == expected


async def test_a_hold_is_for_one_person_and_answers_name_their_question(
    hall: Hall, clerk: Staff, hotline: Staff, phones: Phones
) -> None:
    hold, other = await clerk.hold(NINE, idNumber=LI), phones.person("wang")["idNumber"]
    refused = (403, "APPOINTMENT_HOLD_REFUSED")
    assert await clerk.code("/cases", hold=hold, idNumber=other, answers=CARD) == refused
    assert await hotline.code("/cases", hold=hold, idNumber=LI, answers=CARD) == refused
    assert await clerk.code("/cases", hold=hold, idNumber=LI, companions=[other]) == (409, "APPOINTMENT_NOT_BOOKABLE")
    answer = await clerk.ask("POST", "/cases", {"hold": hold, "idNumber": LI})
    assert answer.json()["error"]["details"]["questions"] == ["certificate"]
    answer = await clerk.ask("POST", "/cases", {"hold": hold, "idNumber": LI, "answers": {"certificate": "x"}})
    assert (answer.status_code, answer.json()["error"]["details"]["question"]) == (422, "certificate")
    made = await clerk.done("/cases", hold=hold, idNumber=LI, answers=CARD)
    note = uuid4()
    await clerk.done(f"/cases/{made['id']}/notes/{note}", "PUT", text="一")
    again = await book(clerk, other, TEN)
    assert await clerk.code(f"/cases/{again['id']}/notes/{note}", "PUT", text="二") == (404, "APPOINTMENT_UNKNOWN")
    clash = await clerk.ask("POST", "/holds", {**HOLDING, "idNumber": other})
    assert clash.json()["error"]["details"]["nextFree"]


@pytest.mark.parametrize(
    "query",
    [
        {"service": "marriage", "at": "hall"},
        {"service": "marriage", "at": "hall", "day": "tomorrow"},
        {"service": "marriage", "at": "hall", "day": "0001-01-01"},
        {"service": "marriage", "at": "hall", "day": NINE[:10], "people": "0"},
        {"service": "mar\nriage", "at": "hall", "day": NINE[:10]},
    ],
)
async def test_times_that_cannot_be_asked_for(hall: Hall, clerk: Staff, query: dict[str, str]) -> None:
    answer = await clerk.ask("GET", "/times", **query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST")
