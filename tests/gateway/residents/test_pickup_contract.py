"""docs/pickups.yaml has the fields that programs send and read; ``test_pickups`` checks each answer by it."""

import msgspec
import pytest

from gateway.http.pickups import Filing, Shown, Use
from supergraph.openapi import compile_document
from tests.gateway.residents.test_pickups import CONTRACT, PATH

pytestmark = pytest.mark.case("issue-6.pick-ups")


@pytest.mark.parametrize("struct", [Filing, Use, Shown])
def test_the_document_has_the_fields_of_the_route(struct: type[msgspec.Struct]) -> None:
    told = CONTRACT.document["components"]["schemas"][struct.__name__]
    fields = msgspec.structs.fields(struct)
    assert sorted(told["properties"]) == sorted(each.encode_name for each in fields)
    assert sorted(told["required"]) == sorted(each.encode_name for each in fields if each.required)
    limits = ("minLength", "maxLength")
    shown = {name: {key: each[key] for key in limits if key in each} for name, each in told["properties"].items()}
    real = msgspec.json.schema_components([struct])[1][struct.__name__]["properties"]
    assert shown == {name: {key: each[key] for key in limits if key in each} for name, each in real.items()}


def test_the_document_has_no_defect() -> None:
    found = compile_document("it", lambda _: PATH.read_bytes(), service="pickups")
    assert (found.operations, found.typed, found.findings) == (4, 4, ())
