"""Appointments as FHIR: what is read is what is there, valid by HL7's models, and nobody's but their department's."""

from datetime import timedelta
from typing import get_args

import pytest

from auth.clients.pairwise import department_sector, pairwise_subject
from flows.appointments.fhir.statuses import STATUSES, states_of
from flows.appointments.states import State
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from tests.appointments.hall import SERVICE, WINDOW, Hall, on
from tests.gateway.fhir.reader import Reader

R4 = {"proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow", "checked-in", "waitlist"}
"""https://hl7.org/fhir/R4/valueset-appointmentstatus.html but for what was entered in error."""


async def test_the_statement_says_what_is_served(reader: Reader) -> None:
    said = await reader.get("metadata")
    assert said["fhirVersion"] == "4.0.1"
    [rest] = said["rest"]
    assert [each["type"] for each in rest["resource"]] == ["Schedule", "Slot", "Appointment"]


async def test_schedules_are_what_serves_people(reader: Reader) -> None:
    [schedule] = await reader.all("Schedule")
    assert (await reader.get(f"Schedule/{schedule['id']}")) == schedule
    assert schedule["active"] is True
    assert [each["display"] for each in schedule["actor"]] == ["一号窗口", "婚姻登记处"]
    assert schedule["serviceType"][0]["coding"][0]["code"] == "marriage"
    assert schedule["planningHorizon"] == {"end": "2026-12-16T16:00:00Z"}
    assert await reader.all("Schedule?service-type=marriage") == [schedule]
    assert await reader.all("Schedule?service-type=passport") == []


async def test_slots_are_found_by_their_schedule_start_and_status(reader: Reader, hall: Hall) -> None:
    [schedule] = await reader.all("Schedule")
    path = f"Slot?schedule=Schedule/{schedule['id']}&start=ge2026-12-01&start=lt2026-12-02"
    slots = await reader.all(path)
    assert [each["start"] for each in slots[:2]] == ["2026-12-01T01:00:00Z", "2026-12-01T01:30:00Z"]
    assert len(slots) == 6
    assert {(each["status"], each["comment"]) for each in slots} == {("free", "2 of 2 places")}
    for _ in range(2):
        await hall.book(await hall.resident(), on("12-01", "09:00"))
    await hall.ask("UPDATE appointment_slot SET status = 'closed' WHERE starts_at = '2026-12-01T09:30+08' RETURNING id")
    assert [each["status"] for each in await reader.all(path)][:3] == ["busy", "busy-unavailable", "free"]
    busy = await reader.all(f"{path}&status=busy,busy-unavailable")
    assert [each["id"] for each in busy] == [each["id"] for each in slots[:2]]
    assert await reader.get(f"Slot/{slots[5]['id']}") == slots[5]


async def test_pages_follow_each_other(reader: Reader) -> None:
    [schedule] = await reader.all("Schedule")
    path = f"Slot?schedule={schedule['id']}"
    slots = await reader.all(f"{path}&_count=7")
    assert slots == await reader.all(f"{path}&_count=200")
    assert len(slots) > 50
    again = {**WINDOW, "code": "w2"}
    office = {"code": "hall", "organisation": "city", "name_zh": "厅", "latitude": 31.2, "longitude": 121.4}
    await reader.hall.load({"services": [SERVICE], "offices": [{**office, "resources": [again]}]})
    assert len(await reader.all("Schedule?_count=1")) == 2


async def test_what_no_database_takes_is_refused(reader: Reader) -> None:
    [schedule] = await reader.all("Schedule")
    for page in ("2026-12-01T00:00:00%2B00:00_99999999999999999999", "2026-12-01T00:00:00%2B00:00_-1"):
        await reader.get(f"Slot?schedule={schedule['id']}&_after={page}", 400)
    await reader.get("Schedule?service-type=%00", 400)
    await reader.get("Slot/99999999999999999999", 404)


async def test_appointments_are_of_their_departments_programs(reader: Reader, hall: Hall) -> None:
    async with hall.database.session() as session:
        await add_department(session, hall.clock, "health", Text(zh="卫生", en="Health"))
    account = await hall.resident()
    booked = await hall.book(account, on("12-01", "09:00"))
    path = "Appointment?date=ge2026-12-01&date=le2026-12-01"
    await reader.get(path, 401)
    await reader.get(path, 401, token=await reader.program("garages", "civil", "parking:operate"))
    other = await reader.program("clinic", "health")
    assert "entry" not in await reader.get(path, token=other)
    await reader.get(f"Appointment/{booked.id}", 404, token=other)
    reader.token = await reader.program("registry")
    [found] = await reader.all(path)
    assert await reader.get(f"Appointment/{booked.id}") == found
    assert await reader.all(f"Appointment?identifier={booked.code}") == [found]
    assert (found["status"], found["start"]) == ("booked", "2026-12-01T01:00:00Z")
    assert [each["reference"] for each in found["slot"]] == [f"Slot/{each}" for each in booked.slot_ids]
    async with hall.database.session() as session:
        subject = await pairwise_subject(session, hall.clock, department_sector("civil"), account)
    assert found["participant"][0]["actor"]["identifier"]["value"] == subject
    assert str(account) not in str(found)
    hall.clock.advance(timedelta(minutes=6))
    await reader.get(path, 401)  # a token lives for five minutes


async def test_every_state_has_a_status(reader: Reader, hall: Hall) -> None:
    assert {*STATUSES} == {*get_args(State)}
    assert {*STATUSES.values()} == R4
    assert sorted(each for status in R4 for each in states_of(frozenset({status}))) == sorted(STATUSES)
    booked = await hall.book(await hall.resident(), on("12-01", "09:00"))
    reader.token = await reader.program("registry")
    for state, status in STATUSES.items():
        await hall.ask("UPDATE booking SET state = :state RETURNING id", state=state)
        found = await reader.get(f"Appointment/{booked.id}")
        assert found["status"] == status
        assert await reader.all(f"Appointment?date=2026-12-01&status={status}") == [found]
        assert await reader.all(f"Appointment?date=2026-12-01&status={','.join(R4 - {status})}") == []


async def test_a_walk_in_has_neither_slots_nor_somebody_known(reader: Reader, hall: Hall) -> None:
    booked = await hall.book(await hall.resident(), on("12-01", "09:00"))
    await hall.ask("UPDATE booking SET account_id = NULL, slot_ids = '{}', people = 2, state = 'ticket' RETURNING id")
    reader.token = await reader.program("registry")
    found = await reader.get(f"Appointment/{booked.id}")
    assert "slot" not in found
    assert [each.get("type") for each in found["participant"]] == [[{"text": "patient"}], [{"text": "companion"}], None]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("Patient", 404, "FHIR_NOT_FOUND"),
        ("Schedule/none", 404, "FHIR_NOT_FOUND"),
        ("Schedule/01234567-89ab-7def-8123-456789abcdef", 404, "FHIR_NOT_FOUND"),
        ("Slot/0", 404, "FHIR_NOT_FOUND"),
        ("Slot/99999999999999999999", 404, "FHIR_NOT_FOUND"),
        ("Slot", 400, "FHIR_PARAMETER"),
        ("Slot?schedule=x", 404, "FHIR_NOT_FOUND"),
        ("Slot?schedule=01234567-89ab-7def-8123-456789abcdef&start=soon", 400, "FHIR_PARAMETER"),
        ("Slot?schedule=01234567-89ab-7def-8123-456789abcdef&start=ge2026-02-30", 400, "FHIR_PARAMETER"),
        ("Slot?schedule=01234567-89ab-7def-8123-456789abcdef&status=open", 400, "FHIR_PARAMETER"),
        ("Slot?schedule=01234567-89ab-7def-8123-456789abcdef&_after=x", 400, "FHIR_PARAMETER"),
        ("Slot?schedule=01234567-89ab-7def-8123-456789abcdef&_after=2026-12-01T00:00:00Z_x", 400, "FHIR_PARAMETER"),
        ("Schedule?_count=0", 400, "FHIR_PARAMETER"),
        ("Schedule?_format=xml", 400, "FHIR_PARAMETER"),
        ("Schedule?name=x", 400, "FHIR_PARAMETER"),
        ("Schedule?service-type=a,b", 400, "FHIR_PARAMETER"),
        ("Schedule?service-type=a&service-type=b", 400, "FHIR_PARAMETER"),
        ("Appointment?date=ge2026-12-01", 401, "TOKEN_REFUSED"),
    ],
)
async def test_what_is_wrong_is_an_operation_outcome(reader: Reader, path: str, status: int, code: str) -> None:
    said = await reader.get(path, status)
    [issue] = said["issue"]
    assert issue["details"]["coding"][0]["code"] == code
    assert issue["diagnostics"].endswith(".")


async def test_a_token_is_for_one_api(reader: Reader, hall: Hall) -> None:
    both = ("appointments:read", "parking:operate")
    with pytest.raises(KeyError, match="access_token"):
        await reader.program("all", "civil", *both)
    reader.token = await reader.program("registry")
    said = await reader.get("Appointment", 400)
    assert said["issue"][0]["details"]["coding"][0]["code"] == "FHIR_PARAMETER"
