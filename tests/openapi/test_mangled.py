"""Defective documents: findings, never an exception, and the rest still works."""

import copy
import random
from functools import cache
from typing import Any

import msgspec
import pytest
from graphql import build_schema, validate_schema
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from supergraph.openapi import Compilation, compile_document
from supergraph.openapi.load import load
from supergraph.sdl import print_slice
from supergraph.slice import decode, encode
from tests.corpus_folder import CORPUS
from tests.openapi.documents import Schema, answering, compiled, document

STRANGE: list[Any] = [
    *(None, 0, -1, 1.5, "", "x", "object", "array", True, False, [], {}, ["a", 1], {"a": {}}),
    *({"$ref": "#"}, {"$ref": "#/paths"}, {"$ref": 5}, {"$ref": "x.json"}, {"$ref": "#/components/schemas/"}),
    {"type": ["string", "null", "integer"]},
    {"oneOf": [{"type": "string"}, {"type": "array"}, 7]},
    {"allOf": [{"$ref": "#/components/schemas"}]},
    {"items": [{}]},
    {"enum": [None, {}, [], 1, "a"]},
    {"properties": {"": {"type": "string"}, "__x": {}, "a-b": {"enum": ["true", ""]}}},
    {"enum": [2**70]},
    {"type": "integer", "enum": ["²", "٣", "1"]},
    {"type": "object", "properties": {"²": {"oneOf": {"²": {"properties": {"a": {}}}}}}},
    *("__typename", "9", "\u0000", "停车", "{", "#/%"),
]


@cache
def documents() -> list[Any]:
    """Return a small real document of each kind, or the one below where the corpus is absent."""
    found = [small()]
    for name in ("uk-dvla__vehicle-enquiry.yaml", "us-nasa__apod.yaml", "uk-parliament__oralquestions.yaml"):
        file = CORPUS / "documents" / name
        if file.is_file():
            found.append(load(file.read_bytes())[0])
    return found


def small() -> dict[str, Any]:
    lot = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "kind": {"enum": ["a", "b"]}}}
    choice = {
        "oneOf": [{"$ref": "#/components/schemas/Lot"}, {"type": "string"}],
        "discriminator": {"propertyName": "id"},
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Any"}}}
    operation = {
        "operationId": "lot",
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "requestBody": {"content": content},
        "responses": {"200": {"description": "", "content": content}},
    }
    return document({"/lots/{id}": {"put": operation, "get": operation}}, schemas={"Lot": lot, "Any": choice})


def places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Return each (container, key) of a tree."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        found.append((value, key))
        places(value[key], found)
    return found


def mangled(tree: Any, chance: random.Random) -> Any:
    """Delete, replace or swap some subtrees."""
    tree = copy.deepcopy(tree)
    found = places(tree, [])
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        container, key = chance.choice(found)
        if (isinstance(container, list) and key >= len(container)) or (
            isinstance(container, dict) and key not in container
        ):
            continue
        do = chance.random()
        if do < 0.25:
            del container[key]
        elif do < 0.85:
            container[key] = copy.deepcopy(chance.choice(STRANGE))
        else:
            other, inner = chance.choice(found)
            if isinstance(other, dict) and inner in other:
                container[key] = copy.deepcopy(other[inner])
    return tree


def check(data: bytes) -> Compilation:
    """Compile, and see that what comes out is whole."""
    found = compile_document("api", {"api": data}.__getitem__, service="parking")
    assert all(finding.message and finding.fix for finding in found.findings)
    if found.slice is None:
        assert any(finding.level == "error" for finding in found.findings)
    else:
        assert decode(encode(found.slice)) == found.slice
        assert found.typed <= found.operations <= found.offered
        assert validate_schema(build_schema(print_slice(found.slice))) == []
    return found


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), index=st.integers(0, 3))
def test_a_mangled_document_never_raises(seed: int, index: int) -> None:
    chance = random.Random(seed)  # noqa: S311 # a shuffle
    check(msgspec.json.encode(mangled(documents()[index % len(documents())], chance)))


@settings(max_examples=200)
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(data=b"%YAML 9\n---")
@example(data=b"!!python/object/apply:os.system [x]")
@example(data=b"openapi: 3.0.0\npaths: &a {/x: *a}")
@example(data=b"\xff\xfe\x00\xd8")
@example(data=b'{"openapi": "3.0.0", "info": {"title": "\\ud800"}, "paths": {}}')
def test_any_bytes_never_raise(data: bytes) -> None:
    check(data)


def nested(levels: int, wrap: str) -> Schema:
    schema: Schema = {"type": "string"}
    for _ in range(levels):
        inner: Any = [schema] if wrap in {"allOf", "oneOf"} else {"a": schema} if wrap == "properties" else schema
        schema = {wrap: inner}
    return schema


@pytest.mark.parametrize("wrap", ["items", "allOf", "oneOf", "properties", "additionalProperties"])
@pytest.mark.parametrize("levels", [20, 90, 5000])
def test_deep_nesting_ends_in_a_type_or_a_finding(wrap: str, levels: int) -> None:
    schema = msgspec.json.encode({}) if levels > 1000 else msgspec.json.encode(nested(levels, wrap))
    if levels > 1000:
        opening = b'{"%s":' % wrap.encode()
        schema = opening * levels + b"{}" + b"}" * levels
    tree = msgspec.json.encode(small()).replace(b'{"type":"string"}', schema)
    found = check(tree)
    assert found.slice is not None or found.findings


def test_a_long_chain_of_references_ends() -> None:
    schemas: dict[str, Any] = {
        f"S{i}": {"allOf": [{"$ref": f"#/components/schemas/S{i + 1}"}], "required": ["a"]} for i in range(3000)
    }
    schemas["S3000"] = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert answering({"$ref": "#/components/schemas/S0"}, **schemas).fields("ParkingS0") == {"a": "String!"}


def test_schemas_deeper_than_the_stack_cost_their_operation() -> None:
    schemas: dict[str, Any] = {
        f"S{i}": {"type": "array", "items": {"$ref": f"#/components/schemas/S{i + 1}"}} for i in range(3000)
    }
    schemas["S3000"] = {"type": "object", "properties": {"a": {"type": "string"}}}
    tree = document(
        {
            f"/{name}": {
                "get": {"responses": {"200": {"description": "", "content": {"application/json": {"schema": each}}}}}
            }
            for name, each in (
                ("deep", {"$ref": "#/components/schemas/S0"}),
                ("flat", {"$ref": "#/components/schemas/S3000"}),
            )
        },
        schemas=schemas,
    )
    found = compiled(tree)
    assert [each.name for each in found.slice.operations] == ["flat"]
    assert [each.level for each in found.findings] == ["error"]


def test_choices_inside_choices_do_not_multiply_without_end() -> None:
    def level(n: int) -> dict[str, Any]:
        members = [{"$ref": f"#/components/schemas/L{n + 1}_{i}"} for i in range(4)]
        return {"type": "object", "properties": {f"p{n}": {"type": "string"}}, "oneOf": members}

    schemas: dict[str, Any] = {f"L{n}_{i}": level(n) for n in range(8) for i in range(4)}
    schemas |= {f"L8_{i}": {"type": "object", "properties": {"end": {"type": "string"}}} for i in range(4)}
    found = answering({"$ref": "#/components/schemas/L0_0"}, **schemas)
    assert len(found.types) < 200
    assert any("choices inside choices" in message for message in found.messages)


@pytest.mark.parametrize("number", ["1" + "0" * 30, "-" + "9" * 40, "1e400", "1e308"])
def test_numbers_of_any_size(number: str) -> None:
    schema = '{"type":"object","required":["a"],"properties":{"a":{"enum":[N]},"b":{"enum":["x",N]},"c":{"default":N}}}'
    check(msgspec.json.encode(small()).replace(b'{"type":"string"}', schema.replace("N", number).encode()))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"paths": {"/a/b": {"get": {"responses": {"200": {"$ref": "#/x"}}}}}}, "/paths/~1a~1b/get/responses/200/$ref"),
        ({"paths": {"/~": {"get": 1}}}, "/paths/~1~0/get"),
        ({"info": {"title": "t", "version": 1.0}}, "/info"),
        ({"paths": []}, "/paths"),
    ],
)
def test_findings_point_at_their_place(change: dict[str, Any], pointer: str) -> None:
    tree = document({}) | change
    assert pointer in [finding.pointer for finding in compiled(tree).findings]


def test_findings_in_other_files_name_the_file() -> None:
    tree = document({"/a": {"$ref": "paths/a.json"}})
    item = {
        "get": {
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "no.json"}}}}}
        }
    }
    files: dict[str, Any] = {"paths/a.json": item}
    assert [finding.pointer for finding in compiled(tree, None, **files).findings] == [
        "paths/a.json#/get/responses/200/content/application~1json/schema/$ref"
    ]
