"""What of a department's answer is not as documented: all of it is told, with its place, and nothing else."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supergraph.conformity import MOST, deviations
from supergraph.slice import (
    Answer,
    Binding,
    EnumType,
    EnumValue,
    Field,
    Member,
    ObjectType,
    Operation,
    Type,
    UnionType,
)
from supergraph.wire import Response


def _field(name: str, type_: str) -> Field:
    return Field(name=name, source=name, type=type_)


TYPES: dict[str, Type] = {
    "Lot": ObjectType(
        name="Lot",
        fields=(
            _field("id", "ID!"),
            _field("free", "Int!"),
            _field("name", "String"),
            _field("state", "State"),
            _field("prices", "[Price!]"),
            _field("near", "[Lot!]"),
            _field("owner", "Owner"),
        ),
    ),
    "State": EnumType(
        name="State", values=(EnumValue(name="OPEN", source="open"), EnumValue(name="SHUT", source="shut"))
    ),
    "Price": ObjectType(name="Price", kind="entry", fields=(_field("key", "String!"), _field("value", "Int!"))),
    "Owner": UnionType(name="Owner", members=(Member("City"), Member("Firm"))),
    "City": ObjectType(name="City", fields=(_field("district", "String!"),)),
    "Firm": ObjectType(name="Firm", fields=(_field("credit_code", "String!"),)),
}
ANSWERS = (Answer("200", "json", "[Lot!]"), Answer("404", "json", "JSON"))
LOTS = Operation(
    name="lots", kind="query", type="[Lot!]", binding=Binding(method="GET", path="/lots", answers=ANSWERS[:1])
)
GOOD: list[dict[str, Any]] = [
    {"id": "1", "free": 3, "name": None, "state": "open", "prices": {"day": 5, "night": 1}, "owner": {"district": "E"}},
    {"id": 2, "free": 0, "near": [{"id": "3", "free": 1}], "owner": {"credit_code": "91"}},
]


def _found(value: Any, status: int = 200) -> list[tuple[str, str, int]]:
    answer = Response(status, [(b"content-type", b"application/json")], msgspec.json.encode(value))
    return [(each.kind, each.where, each.count) for each in deviations(LOTS, TYPES, answer)]


def test_what_is_documented_is_no_deviation() -> None:
    assert _found(GOOD) == []


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ((0, "free"), "3", ("wrong", "[].free", 1)),
        ((0, "free"), True, ("wrong", "[].free", 1)),
        ((0, "free"), None, ("missing", "[].free", 1)),
        ((0, "free"), ..., ("missing", "[].free", 1)),
        ((0, "state"), "burnt down", ("wrong", "[].state", 1)),
        ((0, "prices"), [1], ("wrong", "[].prices", 1)),
        ((0, "prices"), {"day": "5"}, ("wrong", "[].prices{}", 1)),
        ((1, "near", 0, "free"), ..., ("missing", "[].near[].free", 1)),
        ((0, "owner"), {"name": "?"}, ("wrong", "[].owner", 1)),
        ((0, "colour"), "red", ("extra", "[].colour", 1)),
        ((1, "near", 0, "colour"), "red", ("extra", "[].near[].colour", 1)),
        ((0,), "a lot", ("wrong", "[]", 1)),
    ],
)
def test_each_kind_is_told_with_its_place(path: tuple[Any, ...], value: Any, found: tuple[str, str, int]) -> None:
    changed: Any = copy.deepcopy(GOOD)
    inside = changed
    for step in path[:-1]:
        inside = inside[step]
    if value is ...:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    assert _found(changed) == [found]


def test_equal_deviations_are_one_with_their_number() -> None:
    assert _found([{"id": "1", "free": "x"}] * 7) == [("wrong", "[].free", 7)]


def test_no_more_are_told_than_somebody_reads() -> None:
    assert len(_found([{"id": "1", "free": 1, **{f"f{each}": 1 for each in range(100)}}])) == MOST


@pytest.mark.parametrize(("status", "kind"), [(500, "status"), (404, "status"), (201, "status"), (302, "status")])
def test_an_undocumented_status_is_one(status: int, kind: str) -> None:
    assert _found(GOOD, status) == [(kind, "", 1)]


def test_what_is_no_json_is_unreadable() -> None:
    page = Response(200, [(b"content-type", b"text/html")], b"<html>")
    assert [each.kind for each in deviations(LOTS, TYPES, page)] == ["unreadable"]


@pytest.mark.parametrize("levels", [50, 300, 20_000])
def test_an_answer_that_is_nested_without_end_is_no_crash(levels: int) -> None:
    lot = b'[{"id":"1","free":1,"owner":{"district":"E"},"near":'
    body = lot * levels + b"[]" + b"}]" * levels
    found = deviations(LOTS, TYPES, Response(200, [(b"content-type", b"application/json")], body))
    assert [each.kind for each in found] == (["unreadable"] if levels == 20_000 else [])


NAMES = st.sampled_from(["id", "free", "near", "owner"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner),
    max_leaves=20,
)


@given(JSON)
def test_whatever_comes_is_compared_and_never_fails(value: Any) -> None:
    for kind, where, count in _found(value):
        assert kind in {"missing", "wrong", "extra"}
        assert count >= 1
        assert isinstance(where, str)
