"""What compiling costs grows with the document: twice the schemas, about twice the work, whatever their shape."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from supergraph.slice import ObjectType, UnionType
from tests.openapi.documents import Compiled, Schema, answering, compiled, document

Schemas = dict[str, Any]
NEXT = (1, 2, 3)


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def thing(name: str, **properties: Schema) -> Schema:
    return {"type": "object", "properties": {name: {"type": "string"}, **properties}}


def cyclic_unions(n: int) -> Schemas:
    return {f"S{i}": {"oneOf": [ref(f"S{(i + k) % n}") for k in NEXT]} for i in range(n)}


def unions_of_unions(n: int) -> Schemas:
    return {f"S{i}": {"oneOf": [ref(f"S{min(i + k, n)}") for k in NEXT]} for i in range(n)} | {f"S{n}": thing("a")}


def unions_of_lists(n: int) -> Schemas:
    def several(i: int) -> Schema:
        return {"oneOf": [{"type": "array", "items": ref(f"S{min(i + k, n)}")} for k in NEXT]}

    return {f"S{i}": several(i) for i in range(n)} | {f"S{n}": thing("a")}


def diamonds(n: int) -> Schemas:
    return {f"S{i}": {"allOf": [ref(f"S{i + 1}"), ref(f"S{i + 1}")]} for i in range(n)} | {f"S{n}": thing("a")}


def choices_in_bases(n: int) -> Schemas:
    return {f"S{i}": {**thing(f"p{i}"), "oneOf": [ref(f"S{(i + k) % n}") for k in NEXT]} for i in range(n)}


def chain_of_references(n: int) -> Schemas:
    links = {f"S{i}": ref(f"S{i + 1}") for i in range(1, n)}
    return {"S0": thing("a", **{name: ref(name) for name in links}), **links, f"S{n}": thing("b")}


def references_through_each_other(n: int) -> Schemas:
    links = {f"p{i}": {"$ref": f"#/components/schemas/S0/properties/p{i + 1}"} for i in range(n)}
    return {"S0": thing("a", **links, **{f"p{n}": {"type": "string"}})}


def needs_in_cycles(n: int) -> Schemas:
    def needing(i: int) -> Schema:
        targets = {f"p{k}": ref(f"S{(i * k + k) % n}") for k in (1, 7, 13)}
        return {**thing("a", **targets), "required": list(targets)}

    return {f"S{i}": needing(i) for i in range(n)}


def base_with_children(n: int) -> Schemas:
    base = {**thing("kind"), "discriminator": {"propertyName": "kind"}, "oneOf": [ref(f"C{i}") for i in range(n)]}
    return {"S0": base} | {f"C{i}": {"allOf": [ref("S0"), thing(f"p{i}")]} for i in range(n)}


def mapped_members(n: int) -> Schemas:
    mapping = {f"t{i}": f"#/components/schemas/C{i}" for i in range(n)}
    choice = {"discriminator": {"propertyName": "kind", "mapping": mapping}, "oneOf": [ref(f"C{i}") for i in range(n)]}
    return {"S0": choice} | {f"C{i}": thing(f"p{i}") for i in range(n)}


def used_both_ways(schemas: Schemas) -> Compiled:
    content = {"application/json": {"schema": ref("S0")}}
    responses = {"200": {"description": "", "content": content}}
    operation = {"operationId": "use", "requestBody": {"content": content}, "responses": responses}
    return compiled(document({"/use": {"post": operation}}, schemas=schemas))


def calls(schemas: Schemas) -> int:
    """Return how many functions are called, Python's and C's, to compile a document."""
    count = 0

    def profile(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        used_both_ways(schemas)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    ("shape", "n"),
    [
        (cyclic_unions, 8),
        (unions_of_unions, 8),
        (unions_of_lists, 8),
        (diamonds, 30),
        (choices_in_bases, 10),
        (chain_of_references, 200),
        (references_through_each_other, 200),
        (needs_in_cycles, 200),
        (base_with_children, 200),
        (mapped_members, 100),
    ],
)
def test_twice_the_schemas_cost_about_twice(shape: Callable[[int], Schemas], n: int) -> None:
    assert calls(shape(2 * n)) < 2.6 * calls(shape(n))


def test_of_a_cycle_without_objects_each_is_json_wherever_one_begins() -> None:
    schemas: Schemas = {
        "A": {"oneOf": [ref("B"), thing("a")]},
        "B": {"type": "array", "items": ref("A")},
        "Lot": {"oneOf": [ref("A"), thing("b")]},
    }
    found = [answering(ref(name), **schemas) for name in ("A", "B")]
    assert [each.operation().type for each in found] == ["JSON", "JSON"]
    assert [len(each.messages) for each in found] == [1, 1]
    outside = answering(ref("Lot"), **schemas)
    members = outside.types["ParkingLot"]
    assert isinstance(members, UnionType)
    wrapper = outside.types[members.members[0].type]
    assert isinstance(wrapper, ObjectType)
    assert wrapper.fields[0].type == "JSON"
