"""An example department behind the gateway, each a process of its own: it believes who asks by the published keys."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple

import aiohttp
import msgspec
import pytest
import yaml

from auth.accounts.unclaimed import account_named, by_register
from auth.credentials import issue
from auth.keys.key_ring import KeyRing, load
from auth.mandates.kinds import Evidence, NewMandate, Organisation, Person
from auth.mandates.mandates import grant
from auth.sessions.tables import Session
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.settings import Settings
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from tests.corpus.processes import free_port, gateway, listening, process
from tests.gateway.sign_in import SignedIn, signed_in

FOLDER = Path(__file__).parents[2] / "examples" / "departments" / "hospital"
CLOCK = SystemClock()


class Ring(NamedTuple):
    """The keys that the gateway's process has made."""

    newest: KeyRing


def headers(who: SignedIn) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in who.header().items()}


class City(NamedTuple):
    """A running gateway, and what stands behind it."""

    client: aiohttp.ClientSession
    settings: Settings
    database: Database
    keys: Ring

    async def resident(self, subject: str) -> dict[str, str]:
        """Return the headers of a resident who has signed in."""
        return headers(await signed_in(self, self.settings, subject))

    async def ask(self, query: str, headers: dict[str, str], **variables: object) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        async with self.client.post("/graphql", json=body, headers=headers) as response:
            answer: dict[str, Any] = await response.json(content_type=None)
            return answer


@pytest.fixture
async def city(database: Database, settings: Settings, tmp_path: Path) -> AsyncIterator[City]:
    """A city whose hospital runs, is published, and trusts the city alone."""
    port, log = free_port(), tmp_path / "hospital.log"
    async with gateway(settings, tmp_path / "gateway.log") as client:
        base = str(client._base_url).rstrip("/")
        address = msgspec.structs.replace(settings, issuer=base)
        async with database.session() as session:
            await add_department(session, CLOCK, "first-hospital", Text(zh="医院", en="Hospital"))
            credential = await issue(session, CLOCK, "first-hospital")
        with process(["examples.departments.hospital", "--port", str(port), "--trust", base], log, {}) as started:
            listening(started, port, log)
            manifest = yaml.safe_load((FOLDER / "service.yaml").read_text())
            manifest["upstream"] = {"url": f"http://127.0.0.1:{port}/his/v2"}
            given = {"manifest": manifest, "bundle": {"swagger.json": (FOLDER / "swagger.json").read_text()}}
            bearer = {"authorization": f"Bearer {credential}"}
            async with client.post("/publish", json=given, headers=bearer) as response:
                assert response.status == 200, await response.text()
            async with database.session() as session:  # now that the gateway has made its keys
                keys = Ring(await load(session, open_keys(settings).cipher, CLOCK))
            yield City(client, address, database, keys)


BOOK = """
mutation ($shift: String!) {
  hospital {
    createAppointment(input: {shift_id: $shift, patient: {name: "王小明", phone: "13800000000"}}) { appointment_no }
  }
}
"""
READ = "query ($no: String!) { hospital { appointment(appointment_no: $no) { appointment_no state } } }"
SHIFTS = "{ hospital { schedule(doctor_id: 1001, days: 14) { shift_id state } } }"


async def mandate(city: City, who: SignedIn, kind: Literal["child", "company"]) -> dict[str, str]:
    """Let a resident act for a child or a company at the hospital; return the headers of a call for them."""
    async with city.database.session() as session:
        child = await account_named(
            session, CLOCK, open_keys(city.settings), by_register("李小满", "310101201906010025")
        )
        wanted = NewMandate(
            kind=kind,
            principal=Person(child.id) if kind == "child" else Organisation("91310000MA0000000Y"),
            agent=(await session.get_one(Session, who.token.sid)).account_id,
            scope=("hospital",),
            purpose="Appointments",
            expires_at=CLOCK.now() + timedelta(days=30),
            evidence=Evidence("court-order" if kind == "child" else "power-of-attorney", "1"),
            born=date(2019, 6, 1) if kind == "child" else None,
        )
        row = await grant(session, CLOCK, wanted, None, "L4")
    return headers(who) | {"yiwang-acting-for": str(row.id)}


async def test_what_is_done_for_a_child_or_a_company_is_theirs_and_not_its_agent_s(city: City) -> None:
    who = await signed_in(city, city.settings, "openid-1")
    sides = [headers(who), await mandate(city, who, "child"), await mandate(city, who, "company")]
    shifts = (await city.ask(SHIFTS, {}))["data"]["hospital"]["schedule"]
    free = (each["shift_id"] for each in shifts if each["state"] == "open")
    for side in sides:
        made = await city.ask(BOOK, side, shift=next(free))
        number = made["data"]["hospital"]["createAppointment"]["appointment_no"]
        for reader in sides:
            read = (await city.ask(READ, reader, no=number))["data"]["hospital"]["appointment"]
            assert (read is not None) is (reader is side)


async def test_an_appointment_is_booked_and_read_by_its_resident_alone(city: City) -> None:
    mine, others = await city.resident("openid-1"), await city.resident("openid-2")
    found = await city.ask(SHIFTS, {})
    shift = next(each["shift_id"] for each in found["data"]["hospital"]["schedule"] if each["state"] == "open")
    stranger = await city.ask(BOOK, {}, shift=shift)
    assert stranger["errors"][0]["extensions"]["code"] == "SIGN_IN_NEEDED"
    made = await city.ask(BOOK, mine, shift=shift)
    number = made["data"]["hospital"]["createAppointment"]["appointment_no"]
    read = await city.ask(READ, mine, no=number)
    assert read["data"]["hospital"]["appointment"] == {"appointment_no": number, "state": "booked"}
    refused = await city.ask(READ, others, no=number)
    assert refused["data"]["hospital"]["appointment"] is None
    assert refused["errors"][0]["extensions"]["status"] == 404
