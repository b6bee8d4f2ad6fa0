"""docs/appointment_system.yaml, the structs that read it, the example that answers it, and the check of systems."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from jsonschema import Draft202012Validator

from flows.appointments.systems.checking import Check
from flows.appointments.systems.client import Client
from flows.appointments.systems.wire import (
    AppointmentChange,
    Change,
    ChangePage,
    Place,
    Refused,
    Slot,
    SlotPage,
    Wish,
)
from kernel.ids import uuid7
from kernel.networks import parse_networks
from supergraph.openapi import compile_document
from tests.appointments.hospital import EIGHT, LOOPBACK, Clinic
from tests.examples.contract import FORMATS, Contract

_PATH = Path(__file__).parents[2] / "docs" / "appointment_system.yaml"


@pytest.mark.parametrize("struct", [Slot, SlotPage, Place, AppointmentChange, Change, ChangePage, Wish, Refused])
def test_the_document_has_the_fields_that_are_sent_and_read(struct: type[msgspec.Struct]) -> None:
    told = Contract(_PATH).document["components"]["schemas"][struct.__name__]
    fields = msgspec.structs.fields(struct)
    assert sorted(told["properties"]) == sorted(each.encode_name for each in fields)
    assert sorted(told.get("required", [])) == sorted(each.encode_name for each in fields if each.required)


def test_the_document_has_no_defect() -> None:
    found = compile_document("it", lambda _: _PATH.read_bytes(), service="booking")
    assert (found.operations, found.typed, found.findings) == (4, 4, ())


async def test_the_example_answers_as_the_document_says_and_is_asked_as_it_says(clinic: Clinic) -> None:
    contract, number = Contract(_PATH), uuid7()
    booked = await clinic.book(await clinic.hall.resident())
    wish = {
        "office": "hospital-clinic", "resource": "vaccination", "service": "vaccination", "people": 1,
        "starts": EIGHT.isoformat(), "ends": (EIGHT + timedelta(minutes=15)).isoformat(), "channel": "public",
        "code": "ABCD2345",
    }  # fmt: skip
    schema = {"$ref": "#/components/schemas/Wish", "components": contract.document["components"]}
    Draft202012Validator(schema, format_checker=FORMATS).validate(wish)
    await clinic.counter(f"appointments/{booked.id}", {"state": "cancelled", "reason": "ill"})
    first, until = "2026-11-30T10:00:00%2B08:00", "2026-12-20T10:00:00%2B08:00"
    asked: list[tuple[str, str, int, Any]] = [
        ("GET", f"/slots?from={first}&to={until}", 200, None),
        ("GET", f"/changes?after={clinic.registration.name}-0", 200, None),
        ("GET", "/changes?after=x", 410, None),
        ("PUT", f"/appointments/{number}", 201, wish),
        ("PUT", f"/appointments/{number}", 200, wish),
        ("PUT", f"/appointments/{uuid7()}", 410, {**wish, "service": "marriage"}),
        ("DELETE", f"/appointments/{number}", 204, None),
        ("PUT", f"/appointments/{number}", 410, wish),
    ]
    for _ in range(3):
        await clinic.patient()
    asked.insert(3, ("PUT", f"/appointments/{uuid7()}", 409, wish))
    async with aiohttp.ClientSession() as client:
        for step, (method, target, status, body) in enumerate(asked):
            if step == 4:
                clinic.slot().capacity = 4
            headers = {"yiwang-identity": clinic.signer.header("hospital")}
            async with client.request(method, clinic.url + target, json=body, headers=headers) as answer:
                text = await answer.read()
                assert answer.status == status, text
                if text and status in (200, 409) and "capacity" in text.decode():
                    contract.check(method, target, status, answer.content_type, msgspec.json.decode(text))


async def test_the_check_finds_nothing_wrong_with_the_example(clinic: Clinic) -> None:
    assert await _checked(clinic) == []
    assert all(slot.booked == [] for slot in clinic.registration.slots.values())


async def _checked(clinic: Clinic) -> list[str]:
    client = Client("hospital", clinic.url, clinic.signer, parse_networks(LOOPBACK))
    return [f"{each.where}: {each.what}" for each in await Check(client, clinic.hall.clock.now(), time.monotonic).run()]


@pytest.mark.parametrize(
    ("method", "fault", "said"),
    [
        ("GET", "200 {}", "GET /changes without a word of the platform: answered 200, not 401"),
        ("DELETE", "204 ", "DELETE /appointments/{id} with"),
        ("PUT", "500 ", "PUT of a free time: answered 500, not 201 or 200"),
    ],
)
async def test_the_check_says_what_is_wrong_and_where(clinic: Clinic, method: str, fault: str, said: str) -> None:
    clinic.faults[method] = [fault]
    assert any(said in each for each in await _checked(clinic))


async def test_the_check_finds_a_system_that_forgets_and_counts_wrongly(clinic: Clinic) -> None:
    registration = clinic.registration
    registration.given_up = _Forgetful()
    note = registration.note

    def counting(slot: Any) -> None:
        note(slot)
        slot.taken, slot.version = len(slot.booked), 0

    registration.note = counting  # type: ignore[method-assign]  # a department's mistake
    found = await _checked(clinic)
    for said in (
        "GET /slots after a PUT: `taken` counts the appointment",
        "GET /slots after a PUT: `version` is not higher",
        "PUT after its DELETE: answered 201, not 410",
        "PUT after the DELETE of an unknown id: answered 201, not 410",
    ):
        assert said in found


class _Forgetful(set[Any]):
    def add(self, _: Any) -> None:
        """Remember nothing."""


async def test_where_nothing_answers_it_says_so(clinic: Clinic) -> None:
    client = Client("hospital", "http://127.0.0.1:1/booking", clinic.signer, parse_networks(LOOPBACK))
    [found] = await Check(client, clinic.hall.clock.now(), time.monotonic).run()
    assert found.what == "127.0.0.1:1 cannot be reached"
