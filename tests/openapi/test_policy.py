"""The manifest's word on cost, freshness and privacy, and the document's own."""

from typing import Any

import pytest

from supergraph.openapi import OperationSettings
from supergraph.openapi.policy import with_fields
from supergraph.slice import ListSize, ObjectType, PrivacyRule
from tests.openapi.documents import Compiled, answering, compiled, document

OWNER = {"type": "object", "properties": {"id-number": {"type": "string"}, "name": {"type": "string"}}}
LOT = {"type": "object", "properties": {"owner": OWNER, "id-number": {"type": "string"}}}


def listing(headers: Any = None, version: str = "3.0.3", **settings: Any) -> Compiled:
    response = {"description": "ok", "content": {"application/json": {"schema": {"type": "string"}}}}
    parameters = [
        {"name": "page-size", "in": "query", "schema": {"type": "integer", "format": "int32"}},
        {"name": "word", "in": "query", "schema": {"type": "string"}},
    ]
    one = {
        "operationId": "lots",
        "parameters": parameters,
        "responses": {"200": response | ({"headers": headers} if headers else {})},
    }
    return compiled(document({"/lots": {"get": one}}, version), {"lots": OperationSettings(**settings)})


def test_an_operation_is_as_the_manifest_says() -> None:
    size = ListSize(("page-size",), 20)
    found = listing(cost=3, list_size=size, fresh_seconds=60, privacy="sensitive").operation()
    assert (found.cost, found.list_size, found.fresh_seconds) == (3, ListSize(("page_size",), 20), 60)
    assert found.privacy == PrivacyRule("sensitive")


def test_an_operation_costs_one_point_and_is_of_unknown_age() -> None:
    found = listing().operation()
    assert (found.cost, found.list_size, found.fresh_seconds, found.privacy) == (1, None, None, None)


@pytest.mark.parametrize("name", ["word", "pagesize", "lots"])
def test_a_list_that_cannot_be_counted_costs_the_operation(name: str) -> None:
    found = listing(list_size=ListSize(("page-size", name), 20))
    (error,) = [each for each in found.findings if each.level == "error"]
    assert error.message == f"GET /lots: '{name}' of `list_size` is no argument that holds one integer"
    assert error.fix == "Name one of page-size, page_size."
    assert found.slice.operations == ()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"schema": {"type": "string", "example": "public, max-age=300"}}, 300),
        ({"schema": {"type": "string", "enum": ["max-age=300"]}}, 300),
        ({"schema": {"type": "string", "enum": ["max-age=300", "no-store"]}}, None),
        ({"schema": {"type": "string", "default": 'Max-Age="7"'}}, 7),
        ({"example": "no-store"}, 0),
        ({"example": "private, max-age=60"}, 0),
        ({"example": "max-age=60, no-cache"}, 0),
        ({"schema": {"type": "string"}, "examples": {"usual": {"value": "max-age=5"}}}, 5),
        ({"example": "s-maxage=5"}, None),
        ({"schema": {"type": "string"}}, None),
        ({"schema": {"type": "string", "example": 300}}, None),
        (["max-age=5"], None),
    ],
)
def test_a_documented_cache_control_says_how_fresh_answers_are(header: Any, seconds: int | None) -> None:
    assert listing({"cache-control": header}).operation().fresh_seconds == seconds
    assert listing({"Cache-Control": header}, fresh_seconds=1).operation().fresh_seconds == 1


def test_swagger_s_headers_count_too() -> None:
    headers = {"Cache-Control": {"type": "string", "x-example": "max-age=9"}}
    responses = {"200": {"description": "ok", "schema": {"type": "string"}, "headers": headers}}
    tree = {
        "swagger": "2.0",
        "info": {"title": "a", "version": "1"},
        "paths": {"/a": {"get": {"operationId": "a", "responses": responses}}},
    }
    assert compiled(tree).operation().fresh_seconds == 9


def test_a_mutation_s_answer_is_never_used_again() -> None:
    assert listing(kind="mutation", fresh_seconds=60).operation().fresh_seconds is None


def rules(found: Compiled, given: Any) -> dict[str, PrivacyRule]:
    slice_, missing = with_fields(found.slice, given)
    assert missing == []
    return {
        f"{type_.name}.{field.name}": field.privacy
        for type_ in slice_.types.values()
        if isinstance(type_, ObjectType)
        for field in type_.fields
        if field.privacy is not None
    }


def test_fields_are_named_by_their_type_or_in_all_types() -> None:
    found = answering(LOT)
    exact = PrivacyRule("sensitive", "L4")
    types = [name for name in found.types if any(each.name == "name" for each in found.types[name].fields)]  # type: ignore[union-attr] # objects all
    assert rules(found, {f"{types[0]}.id_number": exact, "*.id-number": "personal"}) == {
        f"{types[0]}.id_number": exact,
        **{f"{name}.id_number": PrivacyRule("personal") for name in found.types if name != types[0]},
    }


def test_a_name_that_fits_no_field_is_an_error() -> None:
    found = answering(LOT)
    slice_, missing = with_fields(found.slice, {"*.id_numbr": "sensitive", "ParkingX.name": "sensitive"})
    assert slice_ == found.slice
    assert [each.level for each in missing] == ["error", "error"]
    assert missing[0].message == "the manifest's `fields` name '*.id_numbr', which is in no answer"
    assert missing[0].fix.endswith("Did you mean *.id_number?")
