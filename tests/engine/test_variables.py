"""Variables: the compiled reading and graphql-core's coercion give the same values and the same errors."""

from typing import Any

import msgspec
import pytest
from graphql import NonNullTypeNode
from graphql.execution.values import VariableValues, get_variable_values
from msgspec import Raw

from supergraph.plan import Plan
from supergraph.slice import Argument
from tests.engine.operation import get, plan

_TYPES = ("String", "Int", "Float", "Boolean", "ID", "JSON", "BigInt", "Date", "DateTime", "Decimal", "Base64")
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 1.0, 1.5, 2**31, -(2**31), 2**53, 2**53 + 1, 10**400, 1e300, "", "x", "1", "A_B"),
    *([], [None], ["x"], [1, "x"], [[1]], {}, {"title": "t"}, {"title": 1}, {"title": "t", "more": 1}, {"form": {}}),
)
_REFERENCES = [
    reference
    for named in (*_TYPES, "CityKind", "CityForm")
    for reference in (named, f"{named}!", f"[{named}]", f"[{named}!]!", f"[[{named}]]")
]


def planned(reference: str, default: str = "") -> Plan:
    argument = Argument(name="a", type=reference, source="a", place="query", style="json")
    operation = get("lot", "CityLot", arguments=(argument,))
    return plan(f"query ($a: {reference}{default}) {{ city {{ lot(a: $a) {{ id }} }} }}", operation)


def expected(one: Plan, inputs: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    values = get_variable_values(one.schema, one.operation.variable_definitions or (), inputs)
    if isinstance(values, VariableValues):
        return values.coerced, []
    return {}, [error.message for error in values]


def coerced(one: Plan, raw: bytes) -> tuple[dict[str, Any], list[str]]:
    values, errors = one.variables.coerce(Raw(raw))
    return values, [error.message for error in errors]


@pytest.mark.parametrize("reference", _REFERENCES)
def test_every_value_is_coerced_as_by_graphql_core(reference: str) -> None:
    one = planned(reference)
    for inputs in ({}, *({"a": value} for value in _VALUES)):
        assert coerced(one, msgspec.json.encode(inputs)) == expected(one, inputs)


@pytest.mark.parametrize(
    ("reference", "default"),
    [
        *(("Int", "5"), ("Int!", "5"), ("String", "null"), ("[Int]", "[1]"), ("[Int!]", "1"), ("CityKind", "C")),
        *(("Float", "1"), ("CityForm", '{title: "t", kind: A_B}'), ("JSON", "{a: 1}"), ("ID", "7"), ("BigInt", "7")),
    ],
)
def test_defaults_are_those_of_graphql_core(reference: str, default: str) -> None:
    one = planned(reference, f" = {default}")
    for inputs in ({}, *({"a": value} for value in _VALUES)):
        assert coerced(one, msgspec.json.encode(inputs)) == expected(one, inputs)


def test_a_default_is_not_shared_between_requests() -> None:
    one = planned("[Int]", " = [1]")
    first, _ = one.variables.coerce(Raw(b"{}"))
    first["a"].append(2)
    assert coerced(one, b"{}") == ({"a": [1]}, [])


@pytest.mark.parametrize("raw", [b"", b"{}", b"null", b' { "other": 1 } '])
def test_absent_variables(raw: bytes) -> None:
    assert coerced(planned("Int"), raw) == ({}, [])
    required = planned("Int!")
    assert isinstance((required.operation.variable_definitions or ())[0].type, NonNullTypeNode)
    assert coerced(required, raw) == ({}, expected(required, {})[1])


@pytest.mark.parametrize("raw", [b"[]", b"5", b'"x"', b"[1]", b"true"])
def test_variables_that_are_no_object_are_an_error(raw: bytes) -> None:
    assert coerced(planned("Int!"), raw) == ({}, ["The variables are not a JSON object."])


@pytest.mark.parametrize(
    "raw", [b'{"a": "\xff"}', b'{"a": 1e999}', b'{"a": "\\ud800"}', b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"]
)
@pytest.mark.parametrize("reference", ["String", "JSON", "Int", "[Int]", "CityForm"])
def test_variables_that_cannot_be_read_are_an_error(raw: bytes, reference: str) -> None:
    values, errors = coerced(planned(reference), raw)
    assert values == {}
    assert len(errors) == 1
    assert "cannot be read" in errors[0]


def test_a_form_nested_too_deeply_is_an_error() -> None:
    depth = 400
    raw = b'{"a": ' + b'{"title":"t","form":' * depth + b"null" + b"}" * depth + b"}"
    assert coerced(planned("CityForm"), raw) == ({}, ["Variable values are nested too deeply."])


def test_errors_are_limited() -> None:
    _, errors = coerced(planned("[Int!]"), msgspec.json.encode({"a": ["x"] * 1000}))
    assert len(errors) == 21
