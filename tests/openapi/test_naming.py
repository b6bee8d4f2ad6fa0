"""Names: readable, legal, and the same whatever stands beside them."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import build_schema, validate_schema
from hypothesis import given
from hypothesis import strategies as st

from supergraph.names import camel, distinct, is_legal, member_name, pascal, to_ascii, value_name
from supergraph.openapi.document import ApiOperation
from supergraph.openapi.node import Node
from supergraph.openapi.operation_names import operation_names, own_name
from supergraph.openapi.read import METHODS
from supergraph.sdl import print_slice
from tests.openapi.documents import Compiled, answering, compiled, document


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("lot_id", "lot_id"),
        ("lotId", "lotId"),
        ("lot-id", "lot_id"),
        ("filter[name]", "filter_name"),
        ("@type", "_type"),
        ("$ref", "_ref"),
        ("__typename", "_typename"),
        ("2fa", "_2fa"),
        ("", "empty"),
        ("Zürich", "Zurich"),
        ("ðþæ", "dthae"),
        ("Жуково", "Zhukovo"),
        ("停车场", "tingCheChang"),
        ("新街口停车场ID", "xinJieKouTingCheChangID"),
        ("旅客lv", "lyuKelv"),
        ("東京", "u6771_Jing"),
        ("-created", "minus_created"),
        ("+created", "plus_created"),
        (">=", "gt_eq"),
        ("a.b c", "a_b_c"),
    ],
)
def test_member_names(source: str, name: str) -> None:
    assert member_name(source) == name


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("get_lots", "getLots"),
        ("GetLots", "getLots"),
        ("get-lots.v1.2", "getLotsV1_2"),
        ("HTTPStatus", "httpStatus"),
        ("URLs", "urls"),
        ("ID", "id"),
        ("lots", "lots"),
    ],
)
def test_camel_case(source: str, name: str) -> None:
    assert camel(source) == name


@given(st.text(max_size=30))
def test_every_text_has_a_legal_name(text: str) -> None:
    assert to_ascii(text).isascii()
    assert is_legal(member_name(text))
    assert is_legal(value_name(text))
    assert value_name(text) not in {"true", "false", "null"}
    assert not pascal(text) or pascal(text).isalnum() or "_" in pascal(text)


@given(st.lists(st.text(alphabet="ab-_.A", min_size=1, max_size=4), unique=True))
def test_distinct_names_are_distinct_and_independent_of_order(sources: list[str]) -> None:
    wanted = [(source, member_name(source)) for source in sources]
    names = distinct(wanted)
    assert len(set(names.values())) == len(sources)
    assert names == distinct(reversed(wanted))


@pytest.mark.parametrize(
    ("method", "path", "id_", "name"),
    [
        ("GET", "/lots/{id}", "", "lotsById"),
        ("GET", "/lots/{id}/bays/{bay_id}", "", "lotsByIdBaysByBayId"),
        ("POST", "/lots", "", "postLots"),
        ("GET", "/api/v1/lots", "", "lots"),
        ("GET", "/api/v2/lots", "", "v2Lots"),
        ("GET", "/", "", "root"),
        ("GET", "/3d", "", "_3d"),
        ("GET", "/tiles/{z}-{x}.png", "", "tilesByZByXPng"),
        ("GET", "/lots/{id}", "getLot", "getLot"),
        ("GET", "/lots/{id}", "get_lot", "getLot"),
        ("GET", "/lots/{id}", "Lots_GetById", "lotsGetById"),
        ("GET", "/api/v1/lots/{id}", "get_lot_api_v1_lots__id__get", "getLot"),
        ("GET", "/api/v1/lots/{id}", "api_v1_lots__id__get", "lotsById"),
        ("GET", "/lots", "getLotsUsingGET", "getLots"),
        ("GET", "/lots", "getLotsUsingGET_1", "getLots1"),
        ("GET", "/lots/{id}", "lotsid_GET_3", "lotsById"),
        ("GET", "/lots", "GET /lots", "lots"),
        ("GET", "/lots", "6df9fcd7-8f38-4e2b-9b5d-6c0a1f2e3d4c", "lots"),
        ("GET", "/lots", "123", "lots"),
        ("GET", "/lots", "2lots", "_2lots"),
        ("GET", "/lots", "x" * 200, "lots"),
    ],
)
def test_operation_names(method: str, path: str, id_: str, name: str) -> None:
    assert own_name(ApiOperation(method=method, path=path, node=Node({}), id=id_)) == name


def operation(id_: str, *refs: str) -> dict[str, Any]:
    schema = {"properties": {ref: {"$ref": f"#/components/schemas/{ref}"} for ref in refs} | {"in": inline()}}
    content = {"application/json": {"schema": schema}}
    return {
        "operationId": id_,
        "parameters": [{"name": "kind", "in": "query", "schema": {"enum": ["a", "b"]}}],
        "requestBody": {"content": content},
        "responses": {"200": {"description": "", "content": content}},
    }


def inline() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"kind": {"enum": ["x", "y"]}, "by": {"additionalProperties": {"type": "string"}}},
    }


PATHS = {
    "/lots": {"get": operation("lots", "Lot"), "post": operation("Lot", "Lot", "lot")},
    "/lots/{id}": {"get": operation("list", "LotInput"), "put": operation("list", "Query")},
    "/v1/lots": {"get": operation("", "Lot_In")},
    "/bays": {"get": operation("lots", "lot", "LotIn")},
}
SCHEMAS: dict[str, Any] = {
    name: {"type": "object", "properties": {"in": inline()}} for name in ("Lot", "LotInput", "Query", "LotIn")
}
SCHEMAS |= {"lot": {"enum": ["p", "q"]}, "Lot_In": {"oneOf": [{"$ref": "#/components/schemas/Lot"}, inline()]}}
TREE = document(PATHS, schemas=SCHEMAS)


def shuffled(value: Any, chance: random.Random) -> Any:
    """Reorder all mappings but those whose order readers see: properties and the members of a list."""
    if isinstance(value, list):
        return [shuffled(each, chance) for each in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    chance.shuffle(keys)
    return {
        key: value[key] and dict(shuffled({"": list(value[key].items())}, chance)[""])
        if key == "properties"
        else shuffled(value[key], chance)
        for key in keys
    }


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_keys_changes_nothing(seed: int) -> None:
    assert print_slice(compiled(shuffled(TREE, random.Random(seed))).slice) == print_slice(compiled(TREE).slice)  # noqa: S311 # a shuffle


def test_the_sdl_of_clashing_names_is_valid() -> None:
    assert validate_schema(build_schema(print_slice(compiled(TREE).slice))) == []


def names_by_source(found: Compiled) -> dict[str, tuple[str, tuple[str, ...], str]]:
    return {
        each.source: (each.name, tuple(argument.type for argument in each.arguments), each.type)
        for each in found.slice.operations
    }


def without_one(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, item in tree["paths"].items():
        for method in METHODS & item.keys():
            rest = {key: value for key, value in item.items() if key != method}
            yield {**tree, "paths": {**tree["paths"], path: rest}}


def test_an_operation_less_renames_no_other() -> None:
    """Two operations that want one name are the exception: the one that stays may have it then."""
    tree = document({path: {**item} for path, item in PATHS.items()}, schemas=SCHEMAS)
    tree["paths"]["/lots/{id}"]["put"] = operation("replace", "Query")
    tree["paths"]["/bays"] = {"get": operation("bays", "lot", "LotIn")}
    tree["paths"]["/v1/lots"] = {"get": operation("old", "Lot_In")}
    whole = compiled(tree)
    names = names_by_source(whole)
    for rest in without_one(tree):
        fewer = compiled(rest)
        assert names_by_source(fewer).items() <= names.items()
        assert fewer.types.items() <= whole.types.items()


def test_of_two_operations_that_want_one_name_the_path_decides() -> None:
    names = {each.source: each.name for each in compiled(TREE).slice.operations}
    assert (names["GET /lots/{id}"], names["PUT /lots/{id}"]) == ("list", "putLotsById")
    assert (names["GET /lots"], names["GET /bays"], names["GET /v1/lots"]) == ("lots", "bays", "v1Lots")


def test_an_operation_that_does_not_get_its_name_is_told_of() -> None:
    tree = document({"/lots": {"get": operation("get_lots")}, "/l": {"get": operation("getLots")}})
    found = compiled(tree)
    assert {each.source: each.name for each in found.slice.operations} == {"GET /l": "getLots", "GET /lots": "lots"}
    told = [(each.pointer, each.message) for each in found.findings if "another's name" in each.message]
    assert told == [("/paths/~1lots/get", "'getLots' is another's name already; this one is 'lots'")]


def test_inline_types_are_named_by_their_place() -> None:
    found = answering(inline())
    assert set(found.types) == {
        "ParkingAnswer_Answer",
        "ParkingAnswer_Answer_Kind",
        "ParkingAnswer_Answer_By_Entry",
    }


def test_properties_may_be_called_like_keywords() -> None:
    lists = {name: {"type": "array", "items": inline()} for name in ("responses", "oneOf", "content", "properties")}
    assert {name for name in answering({"properties": lists}).types if not name.endswith(("Kind", "Entry"))} == {
        "ParkingAnswer_Answer",
        "ParkingAnswer_Answer_Responses",
        "ParkingAnswer_Answer_OneOf",
        "ParkingAnswer_Answer_Content",
        "ParkingAnswer_Answer_Properties",
    }


def test_types_of_other_files_are_named_after_them() -> None:
    tree = document(
        {
            "/a": {
                "get": {
                    "responses": {
                        "200": {
                            "description": "",
                            "content": {"application/json": {"schema": {"$ref": "schemas/park/lot.json"}}},
                        }
                    }
                }
            }
        }
    )
    files: dict[str, Any] = {"schemas/park/lot.json": {"properties": {"in": inline()}}}
    found = compiled(tree, None, **files)
    assert "ParkingParkLot_In" in found.types


def test_a_live_name_stays_where_it_is_whatever_is_added() -> None:
    def names(paths: dict[str, str], live: dict[str, str]) -> dict[str, str]:
        operations = [ApiOperation(node=Node({}), method="GET", path=path, id=id_) for path, id_ in paths.items()]
        return operation_names(operations, (), live)

    first = names({"/lots": "get_lots"}, {})
    assert first == {"GET /lots": "getLots"}
    assert names({"/lots": "get_lots", "/l": "getLots"}, {}) != {**first, "GET /l": "l"}, "it is renamed without"
    assert names({"/lots": "get_lots", "/l": "getLots"}, first) == {**first, "GET /l": "l"}
    assert names({"/lots": "listLots"}, first) == {"GET /lots": "listLots"}, "a new id is meant"
    assert names({"/lots": "getLots"}, {"GET /lots": "fromTheManifest"}) == {"GET /lots": "getLots"}
