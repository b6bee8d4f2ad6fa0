"""Bytes to trees, references and operations."""

from typing import Any

import jsonschema
import msgspec
import pytest

from supergraph.openapi.document import Document
from supergraph.openapi.json_schema import JsonSchemas
from supergraph.openapi.load import LoadError, load
from supergraph.openapi.read import read_document
from supergraph.openapi.report import Report


def read(tree: Any, **files: Any) -> tuple[Document, Report]:
    report = Report()
    all_files = {"api.json": tree, **files}
    document = read_document("api.json", lambda path: msgspec.json.encode(all_files[path]), report)
    assert document is not None, report.findings
    return document, report


def test_yaml_is_read_as_yaml_1_2() -> None:
    text = b"day: 2026-11-22\non: yes\n200: ok\nnorway: no\nnone: ~\noct: 0o17\nzip: 0123\nbig: 1e400\nt: !!str 5\n=: ="
    assert load(text)[0] == {
        "day": "2026-11-22",
        "on": "yes",
        "200": "ok",
        "norway": "no",
        "none": None,
        "oct": 15,
        "zip": 123,
        "big": "1e400",
        "t": "5",
        "=": "=",
    }


def test_merge_keys_do_not_override() -> None:
    assert load(b"a: &a {x: 1, y: 1}\nb: {<<: *a, y: 2}")[0]["b"] == {"x": 1, "y": 2}


def test_json_with_a_trailing_comma_is_read() -> None:
    assert load(b'{"a": [1, 2,],}')[0] == {"a": [1, 2]}


def test_a_key_given_twice_is_told_with_its_pointer() -> None:
    tree, defects = load(b"paths:\n  /a/b: 1\n  /a/b: 2\n")
    assert tree == {"paths": {"/a/b": 2}}
    assert [defect.pointer for defect in defects] == ["/paths/~1a~1b"]


BILLION_LAUGHS = b"a: &a [x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (name, name, b",".join([b"*%c" % (name - 1)] * 9)) for name in b"bcdefghij"
)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"a: 'x", "line 1"),
        (b"a: \xff", "UTF-8"),
        (b"[" * 100_000, "levels"),
        (b'{"a":' * 1000 + b"1" + b"}" * 1000, "levels"),
        (b"a: &a [*a]", "alias"),
        (BILLION_LAUGHS, "values"),
    ],
)
def test_unusable_text_is_refused_with_its_reason(data: bytes, word: str) -> None:
    with pytest.raises(LoadError) as refused:
        load(data)
    assert word in refused.value.defect.message
    assert refused.value.defect.fix


def test_references_across_files_and_by_anchor() -> None:
    pet = {"definitions": {"name": {"$anchor": "n", "type": "string"}}, "properties": {"name": {"$ref": "#n"}}}
    document, report = read(
        {
            "openapi": "3.1.0",
            "paths": {"/pets": {"$ref": "paths/pets.json"}},
            "components": {"schemas": {"Pet": {"$ref": "models/pet.json"}}},
        },
        **{
            "paths/pets.json": {
                "get": {
                    "responses": {
                        "200": {
                            "content": {"application/json": {"schema": {"$ref": "../api.json#/components/schemas/Pet"}}}
                        }
                    }
                }
            },
            "models/pet.json": pet,
        },
    )
    assert report.findings == ()
    schema = document.operations[0].responses[0].media[0].schema
    assert schema is not None
    target = document.bundle.resolve(schema)
    assert target is not None
    assert target.place == "models/pet.json#"
    name = target.child("properties")
    assert name is not None
    inner = name.child("name")
    assert inner is not None
    anchored = document.bundle.resolve(inner)
    assert anchored is not None
    assert anchored.place == "models/pet.json#/definitions/name"


@pytest.mark.parametrize(
    ("ref", "word"),
    [
        ("https://example.com/a.json", "another machine"),
        ("//example.com/a.json", "another machine"),
        ("other.json", "not part of the bundle"),
        ("#/components/schemas/None", "nothing is at"),
        ("#/components/schemas/A", "leads back"),
    ],
)
def test_references_that_lead_nowhere_are_told(ref: str, word: str) -> None:
    document, report = read({"openapi": "3.0.0", "paths": {}, "components": {"schemas": {"A": {"$ref": ref}}}})
    assert document.bundle.resolve(document.components[0]) is None
    told = [finding for finding in report.findings if finding.pointer.startswith("/components/schemas/A")]
    assert [word in finding.message for finding in told] == [True]


SWAGGER = {
    "swagger": "2.0",
    "host": "api.example.org",
    "basePath": "/v1/",
    "consumes": ["application/json"],
    "paths": {
        "/lots/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "type": "integer", "format": "int64"}],
            "get": {
                "parameters": [
                    {
                        "name": "kind",
                        "in": "query",
                        "type": "array",
                        "items": {"type": "string"},
                        "collectionFormat": "pipes",
                    }
                ],
                "responses": {200: {"description": "ok", "schema": {"type": "object"}}},
            },
            "post": {
                "parameters": [
                    {"name": "plan", "in": "formData", "type": "file", "required": True},
                    {"name": "tags", "in": "formData", "type": "array", "items": {"type": "string"}},
                ],
                "responses": {"204": {"description": "done"}},
            },
            "head": {"responses": {}},
        }
    },
}


def test_swagger_2_reads_as_openapi_3_does() -> None:
    document, report = read(SWAGGER)
    assert report.findings == ()
    assert document.server == "https://api.example.org/v1"
    get, post = document.operations
    assert [(each.name, each.place, each.style, each.explode) for each in get.parameters] == [
        ("id", "path", "simple", False),
        ("kind", "query", "pipeDelimited", False),
    ]
    assert [(each.status, [media.media_type for media in each.media]) for each in get.responses] == [
        ("200", ["application/json"])
    ]
    assert post.body is not None
    form = post.body.media[0]
    assert form.media_type == "multipart/form-data"
    assert form.schema is not None
    properties = form.schema.child("properties")
    assert properties is not None
    assert {name: node.place for name, node in properties.members()} == {
        "plan": "/paths/~1lots~1{id}/post/parameters/0",
        "tags": "/paths/~1lots~1{id}/post/parameters/1",
    }


def test_json_schema_speaks_one_dialect() -> None:
    cat = {"type": "object", "nullable": True, "properties": {"kind": {"type": "string"}, "next": {"$ref": "#/x/Cat"}}}
    union = {"oneOf": [{"$ref": "#/x/Cat"}], "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/x/Cat"}}}
    document, _ = read(
        {
            "openapi": "3.0.3",
            "paths": {},
            "components": {"schemas": {"U": union, "N": {"type": "number", "minimum": 0, "exclusiveMinimum": True}}},
            "x": {"Cat": cat},
        }
    )
    schemas = JsonSchemas(document.bundle)
    union_node, number = document.components
    accepts = jsonschema.Draft202012Validator(schemas.document(union_node)).is_valid
    assert accepts({"kind": "cat", "next": {"next": None}})
    assert not accepts({"kind": "dog"})
    assert schemas.schema(number) == {"type": "number", "exclusiveMinimum": 0}
