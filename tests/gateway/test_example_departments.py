"""An example department behind the gateway: it believes who asks by the gateway's published keys alone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from auth.issuer import issuer
from kernel.clock import SystemClock
from services_catalog.publishing import Submission
from tests.corpus.processes import free_port, listening, process
from tests.examples.platform import platform
from tests.gateway.conftest import JSON_HEADERS, City
from tests.gateway.sign_in import signed_in

FOLDER = Path(__file__).parents[2] / "examples" / "departments" / "hospital"


@pytest.fixture
async def hospital(city: City, tmp_path: Path) -> AsyncIterator[City]:
    """A city whose hospital runs, is published, and trusts the city."""
    port, log = free_port(), tmp_path / "hospital.log"
    manifest = yaml.safe_load((FOLDER / "service.yaml").read_text())
    manifest |= {"department": "city", "upstream": {"url": f"http://127.0.0.1:{port}/his/v2"}}
    submission = Submission(manifest, {"swagger.json": (FOLDER / "swagger.json").read_text()})
    with platform() as published:
        published.jwks = city.gateway.keys.ring.jwks(SystemClock().now())
        trust = ["--trust", issuer(city.settings), "--keys", published.url]
        with process(["examples.departments.hospital", "--port", str(port), *trust], log, {}) as started:
            listening(started, port, log)
            await city._publishing.publish("city", "test", submission)
            await city.gateway.registry.refresh()
            yield city


async def ask(city: City, query: str, header: dict[bytes, bytes], **variables: Any) -> dict[str, Any]:
    body = msgspec.json.encode({"query": query, "variables": variables})
    _, _, reply = await city.gateway.direct["/graphql"]("POST", b"", JSON_HEADERS | header, body)
    answer: dict[str, Any] = msgspec.json.decode(reply)
    return answer


BOOK = """
mutation ($shift: String!) {
  hospital {
    createAppointment(input: {shift_id: $shift, patient: {name: "王小明", phone: "13800000000"}}) { appointment_no }
  }
}
"""
READ = "query ($no: String!) { hospital { appointment(appointment_no: $no) { appointment_no state } } }"


async def test_an_appointment_is_booked_and_read_by_its_resident_alone(hospital: City) -> None:
    mine = (await signed_in(hospital.gateway, hospital.settings, "openid-1")).header()
    others = (await signed_in(hospital.gateway, hospital.settings, "openid-2")).header()
    found = await ask(hospital, "{ hospital { schedule(doctor_id: 1001, days: 14) { shift_id state } } }", {})
    shift = next(each["shift_id"] for each in found["data"]["hospital"]["schedule"] if each["state"] == "open")
    made = await ask(hospital, BOOK, mine, shift=shift)
    number = made["data"]["hospital"]["createAppointment"]["appointment_no"]
    read = await ask(hospital, READ, mine, no=number)
    assert read["data"]["hospital"]["appointment"] == {"appointment_no": number, "state": "booked"}
    refused = await ask(hospital, READ, others, no=number)
    assert refused["data"]["hospital"]["appointment"] is None
    assert refused["errors"][0]["extensions"]["status"] == 404
