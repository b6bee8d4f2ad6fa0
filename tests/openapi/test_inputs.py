"""Request bodies and parameters as arguments."""

from typing import Any

import pytest

from supergraph.slice import InputType
from supergraph.wire import TRANSPORT_HEADERS
from tests.openapi.documents import Compiled, Schema, compiled, document, taking

LOT = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "free": {"type": "integer"}}}


def inputs(found: Compiled, name: str) -> InputType:
    type_ = found.types[name]
    assert isinstance(type_, InputType)
    return type_


def asking(*parameters: Schema, path: str = "/lots", version: str = "3.0.3", **components: Any) -> Compiled:
    operation = {"operationId": "lots", "parameters": list(parameters), "responses": {"204": {"description": ""}}}
    return compiled(document({path: {"get": operation}}, version, **components))


def query(name: str, schema: Schema, **extra: Any) -> Schema:
    return {"name": name, "in": "query", "schema": schema, **extra}


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        ({"type": "string", "format": "date"}, "Date!"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Lot"}}, "[ParkingLotInput!]!"),
        ({"$ref": "#/components/schemas/Lot"}, "ParkingLotInput!"),
        ({"type": "object"}, "JSON!"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "[ParkingTake_Body_EntryInput!]!"),
        ({"oneOf": [{"type": "string"}, {"type": "boolean"}]}, "JSON!"),
        ({"type": "string", "nullable": True}, "String"),
    ],
)
def test_a_body_is_the_argument_input(schema: Schema, type_: str) -> None:
    found = taking(schema, Lot=LOT)
    argument = found.arguments()["input"]
    assert (argument.type, argument.place) == (type_, "body")
    assert found.operation().binding.body == "application/json"


def test_a_schema_that_is_asked_and_answered_gives_two_types() -> None:
    lot = {"properties": {"id": {"type": "string", "readOnly": True}, "pin": {"type": "string", "writeOnly": True}}}
    lot["properties"] |= {"name": {"type": "string"}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Lot"}}}
    operation = {
        "operationId": "save",
        "requestBody": {"content": content},
        "responses": {"200": {"description": "ok", "content": content}},
    }
    found = compiled(document({"/lots": {"put": operation}}, schemas={"Lot": lot}))
    assert found.fields("ParkingLot") == {"id": "String", "name": "String"}
    assert found.fields("ParkingLotInput") == {"pin": "String", "name": "String"}


def test_a_choice_is_a_one_of_input() -> None:
    cat, dog = (
        {"type": "object", "properties": {"kind": {"type": "string"}, each: {"type": "string"}}} for each in "cd"
    )
    choice = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}, {"type": "string"}],
        "discriminator": {"propertyName": "kind", "mapping": {"meow": "#/components/schemas/Cat"}},
    }
    made = inputs(taking(choice, Cat=cat, Dog=dog), "ParkingTake_BodyInput")
    assert made.kind == "one_of"
    assert [(field.name, field.type) for field in made.fields] == [
        ("cat", "ParkingCatInput"),
        ("dog", "ParkingDogInput"),
        ("string", "String"),
    ]
    assert (made.discriminator, made.tags) == ("kind", {"cat": "meow", "dog": "Dog"})


def test_what_has_one_value_only_is_sent_always() -> None:
    schema = {
        "properties": {"type": {"enum": ["lot"]}, "version": {"const": 2}, "note": {"enum": ["x"]}},
        "required": ["type", "version"],
    }
    made = inputs(taking(schema, "3.1.0"), "ParkingTake_BodyInput")
    assert made.constants == {"type": "lot", "version": 2}
    assert [field.name for field in made.fields] == ["note"]


def test_inputs_that_need_each_other_without_end_can_be_given() -> None:
    a = {"type": "object", "required": ["b", "x"], "properties": {"b": {"$ref": "#/components/schemas/B"}, "x": {}}}
    b = {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/components/schemas/A"}}}
    found = taking({"$ref": "#/components/schemas/A"}, A=a, B=b)
    assert found.fields("ParkingAInput") == {"b": "ParkingBInput", "x": "JSON"}
    assert found.fields("ParkingBInput") == {"a": "ParkingAInput"}


def test_defaults_are_told_not_applied() -> None:
    schema = {"properties": {"n": {"type": "integer", "default": 5, "description": "How many."}}}
    (field,) = inputs(taking(schema), "ParkingTake_BodyInput").fields
    assert (field.type, field.description) == ("BigInt", "How many.\n\nDefault: `5`.")


def test_what_is_required_cannot_be_deprecated() -> None:
    schema = {
        "properties": {"a": {"type": "string", "deprecated": True}, "b": {"type": "string", "deprecated": True}},
        "required": ["a"],
    }
    a, b = inputs(taking(schema), "ParkingTake_BodyInput").fields
    assert (a.deprecated is None, b.deprecated is None) == (True, False)


def test_the_best_media_type_of_a_body_is_taken() -> None:
    schema = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}, "meta": LOT}}
    encoding = {"meta": {"contentType": "application/json"}, "file": {"contentType": "image/png"}}
    form = {"multipart/form-data": {"schema": schema, "encoding": encoding}, "text/plain": {}, "application/xml": {}}
    operation = {"operationId": "send", "requestBody": {"content": form}, "responses": {}}
    found = compiled(document({"/files": {"post": operation}}))
    assert found.operation().binding.body == "multipart/form-data"
    file, meta = inputs(found, "ParkingSend_BodyInput").fields
    assert (file.type, file.media_type) == ("Base64", "image/png")
    assert (meta.type, meta.media_type) == ("ParkingSend_Body_MetaInput", "application/json")


@pytest.mark.parametrize(
    ("content", "type_"),
    [
        ({"text/plain": {"schema": {"type": "string"}}}, "String"),
        ({"application/xml": {"schema": LOT}}, "String"),
        ({"application/pdf": {"schema": {"type": "string", "format": "binary"}}}, "Base64"),
        ({"application/pdf": {}}, "Base64"),
        ({"application/json": {}}, "JSON"),
        ({"application/vnd.lot+json": {"schema": LOT}}, "ParkingSend_BodyInput"),
        ({"*/*": {"schema": LOT}, "text/plain": {"schema": LOT}}, "ParkingSend_BodyInput"),
    ],
)
def test_bodies_that_are_no_json(content: Schema, type_: str) -> None:
    operation = {"operationId": "send", "requestBody": {"content": content}, "responses": {}}
    assert compiled(document({"/f": {"post": operation}})).arguments()["input"].type == type_


def test_swagger_2_forms() -> None:
    parameters = [
        {"name": "tags", "in": "formData", "type": "array", "items": {"type": "string"}, "collectionFormat": "pipes"},
        {"name": "kind", "in": "formData", "type": "string", "enum": ["a", "b"], "required": True},
    ]
    operation = {"operationId": "send", "parameters": parameters, "responses": {}}
    found = compiled({"swagger": "2.0", "info": {}, "paths": {"/f": {"post": operation}}})
    assert found.operation().binding.body == "application/x-www-form-urlencoded"
    made = inputs(found, "ParkingSend_BodyInput")
    assert [(field.name, field.type, field.style, field.explode) for field in made.fields] == [
        ("tags", "[String!]", "pipeDelimited", False),
        ("kind", "ParkingSend_Kind!", "form", False),
    ]


def test_parameters_of_every_place() -> None:
    found = asking(
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "style": "label"},
        query("id", {"type": "array", "items": {"type": "string"}}, style="pipeDelimited"),
        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}, "required": True},
        {"name": "theme", "in": "cookie", "schema": {"enum": ["dark", "light"]}},
        query("where", LOT, style="deepObject", explode=True),
        {"name": "filter", "in": "query", "content": {"application/json": {"schema": LOT}}},
        path="/lots/{id}",
    )
    told = {name: (each.type, each.place, each.style, each.explode) for name, each in found.arguments().items()}
    assert told == {
        "id": ("String!", "path", "label", False),
        "id_query": ("[String!]", "query", "pipeDelimited", False),
        "where": ("ParkingLots_WhereInput", "query", "deepObject", True),
        "filter": ("ParkingLots_FilterInput", "query", "json", False),
        "X_Trace": ("String!", "header", "simple", False),
        "theme": ("ParkingLots_Theme", "cookie", "form", True),
    }


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        ({}, "String"),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "String"),
        ({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, "[String!]"),
        ({"type": "array"}, "[String!]"),
        ({"type": "object"}, "JSON"),
    ],
)
def test_parameters_of_no_one_type_are_text(schema: Schema, type_: str) -> None:
    assert asking(query("q", schema)).arguments()["q"].type == type_


@pytest.mark.parametrize("name", ["Content-Type", *sorted(TRANSPORT_HEADERS)])
def test_headers_that_are_never_sent_are_neither_arguments_nor_constants(name: str) -> None:
    header = {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
    assert not asking(header).operation().arguments
    fixed = asking({**header, "schema": {"enum": ["x"]}}).operation()
    assert (fixed.arguments, fixed.binding.constants) == ((), ())


def test_credentials_and_the_gateways_own_headers_are_no_arguments() -> None:
    keys = {"key": {"type": "apiKey", "in": "query", "name": "api_key"}}
    header = {"name": "Accept", "in": "header", "schema": {"type": "string"}}
    found = asking(query("api_key", {"type": "string"}), header, query("q", {}), securitySchemes=keys)
    assert list(found.arguments()) == ["q"]


def test_a_required_parameter_of_one_value_is_sent_always() -> None:
    found = asking(query("f", {"enum": ["json"]}, required=True), query("g", {"enum": ["json"]}))
    assert found.operation().binding.constants == (("query", "f", "json"),)
    assert list(found.arguments()) == ["g"]


def test_path_parameters_that_are_not_declared_are_strings() -> None:
    found = asking(path="/lots/{lot-id}/bays")
    assert [(each.name, each.source, each.type) for each in found.arguments().values()] == [
        ("lot_id", "lot-id", "String!")
    ]
    assert "lot-id" in found.messages[0]


@pytest.mark.parametrize("path", ["/lots/{id:[0-9]+}", "/lots/{ id }", "lots/{id}"])
def test_path_templates_of_frameworks(path: str) -> None:
    found = asking({"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}, path=path)
    assert found.operation().binding.path == "/lots/{id}"
    assert list(found.arguments()) == ["id"]


def test_parameters_of_the_operation_take_the_place_of_the_paths() -> None:
    shared = [query("a", {"type": "string"}), query("b", {"type": "string"})]
    operation = {"operationId": "lots", "parameters": [query("b", {"type": "boolean"})], "responses": {}}
    found = compiled(document({"/lots": {"parameters": shared, "get": operation}}))
    assert {name: each.type for name, each in found.arguments().items()} == {"a": "String", "b": "Boolean"}


@pytest.mark.parametrize(
    ("written", "style", "explode"),
    [
        (None, "form", False),
        ("csv", "form", False),
        ("ssv", "spaceDelimited", False),
        ("tsv", "tsv", False),
        ("pipes", "pipeDelimited", False),
        ("multi", "form", True),
    ],
)
def test_swagger_2_collection_formats(written: str | None, style: str, *, explode: bool) -> None:
    parameter = {"name": "q", "in": "query", "type": "array", "items": {"type": "string"}, "collectionFormat": written}
    operation = {"operationId": "lots", "parameters": [parameter], "responses": {}}
    argument = compiled({"swagger": "2.0", "paths": {"/lots": {"get": operation}}}).arguments()["q"]
    assert (argument.type, argument.style, argument.explode) == ("[String!]", style, explode)
