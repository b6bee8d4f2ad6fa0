"""The vehicle register, asked as the platform asks it, and its document."""

from datetime import date
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import yaml

from adapters.errors import HostUnavailableError, OutcomeUnknownError
from adapters.sandbox.development import VEHICLES_KEY
from adapters.sandbox.world import RESIDENTS
from adapters.vehicle_register import Answer, KeeperReply, KeeperRequest, VehicleRegister
from tests.sandbox.conftest import City

PEOPLE = {each.key: each for each in RESIDENTS}
PLATE = "沪A12345"
_DOCUMENT = yaml.safe_load((Path(__file__).parents[2] / "docs" / "vehicle_register.yaml").read_text())


async def says(city: City, key: str, plate: str = PLATE) -> tuple[str, date | None]:
    register = VehicleRegister(city.signed(VEHICLES_KEY, "/vehicles"))
    reply = await register.keeper(KeeperRequest(plate, PEOPLE[key].name, PEOPLE[key].id_number))
    assert reply.reference.startswith("vehicle-")
    return reply.answer, reply.since


async def test_a_keeper_is_told_from_everybody_else_and_a_sale_changes_that(city: City) -> None:
    assert await says(city, "wang") == ("keeper", date(2024, 3, 1))
    assert await says(city, "li") == ("not_keeper", None)
    assert await says(city, "wang", "沪B99999") == ("unknown_plate", None)
    sold = await city.ask("POST", "/vehicles/sales", {"plate": PLATE, "to": "li", "on": "2025-06-30"})
    assert sold == {"plate": PLATE, "resident": "li", "since": "2025-06-30"}
    await city.ask("POST", "/vehicles/sales", {"plate": PLATE, "to": "zhang"})
    assert await says(city, "wang") == ("sold", date(2025, 6, 30))
    assert await says(city, "zhang") == ("keeper", date(2026, 1, 5))
    assert {"plate": PLATE, "resident": "zhang", "since": "2026-01-05"} in await city.ask("GET", "/vehicles")


async def test_sales_that_cannot_be_are_refused(city: City) -> None:
    for on in ("2024-02-29", "2026-01-06"):
        assert (
            "GET /vehicles"
            in (await city.ask("POST", "/vehicles/sales", {"plate": PLATE, "to": "li", "on": on}, 422))["fix"]
        )
    await city.ask("POST", "/vehicles/sales", {"plate": PLATE, "to": "nobody"}, 404)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("bad_signature", OutcomeUnknownError),
        ("error_after_work", OutcomeUnknownError),
        ("unavailable", HostUnavailableError),
    ],
)
async def test_a_forged_or_missing_answer_is_none(city: City, fault: str, error: type[Exception]) -> None:
    await city.fault("vehicles.keeper", fault)
    with pytest.raises(error):
        await says(city, "wang")


@pytest.mark.parametrize(
    "body",
    [
        {"answer": "keeper"},
        {"answer": "sold"},
        {"answer": "not_keeper", "since": "2026-01-01"},
        {"answer": "perhaps"},
        {"answer": "unknown_plate", "reference": "王秀英"},
    ],
)
def test_an_answer_that_says_half_is_none(body: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(body), type=KeeperReply)


@pytest.mark.parametrize("struct", [KeeperRequest, KeeperReply])
def test_the_document_has_the_fields_that_are_sent_and_read(struct: type[msgspec.Struct]) -> None:
    told, fields = _DOCUMENT["components"]["schemas"][struct.__name__], msgspec.structs.fields(struct)
    assert list(told["properties"]) == [each.encode_name for each in fields]
    assert told["required"] == [each.encode_name for each in fields if each.required]
    if "answer" in told["properties"]:
        assert sorted(told["properties"]["answer"]["enum"]) == sorted(get_args(Answer))
