"""Schemas of answers as types."""

from typing import Any

import pytest

from supergraph.slice import EnumType, Member, ObjectType, UnionType
from tests.openapi.documents import Schema, answering, compiled, document, taking

LOT = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "free": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        ({"type": "string"}, "String"),
        ({"type": "string", "format": "date"}, "Date"),
        ({"type": "string", "format": "date-time"}, "DateTime"),
        ({"type": "string", "format": "decimal"}, "Decimal"),
        ({"type": "string", "format": "byte"}, "Base64"),
        ({"type": "string", "format": "uuid"}, "String"),
        ({"type": "boolean"}, "Boolean"),
        ({"type": "number"}, "Float"),
        ({"type": "integer"}, "BigInt"),
        ({"type": "integer", "format": "int64"}, "BigInt"),
        ({"type": "integer", "format": "int32"}, "Int"),
        ({"type": "integer", "minimum": 0, "maximum": 500}, "Int"),
        ({"type": "integer", "minimum": 0}, "BigInt"),
        ({"type": "integer", "minimum": 0, "maximum": 2**31}, "BigInt"),
        ({"type": "integer", "enum": [1, 2]}, "Int"),
        ({"type": "object"}, "JSON"),
        ({"type": "object", "additionalProperties": True}, "JSON"),
        ({}, "JSON"),
        ({"type": "array", "items": {"type": "string"}}, "[String!]"),
        ({"type": "array", "items": {"type": "string", "nullable": True}}, "[String]"),
        ({"type": "array", "items": {"type": "array", "items": {"type": "number"}}}, "[[Float!]!]"),
        ({"type": "array"}, "[JSON]"),
        ({"type": "array", "items": {}}, "[JSON]"),
        ({"items": {"type": "boolean"}}, "[Boolean!]"),
        ({"minLength": 1}, "String"),
        ({"maximum": 1}, "Float"),
        ({"enum": [True]}, "Boolean"),
        ({"const": "a"}, "ParkingAnswer_Answer"),
        ({"allOf": [{"type": "string"}, {"format": "date"}]}, "Date"),
        ({"allOf": [{"type": "number"}, {"type": "integer", "format": "int32"}]}, "Int"),
    ],
)
def test_a_value_has_the_type_that_its_schema_promises(schema: Schema, type_: str) -> None:
    found = answering(schema)
    assert found.operation().type == type_
    assert found.compilation.typed == 1
    assert found.messages == []


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        ({"type": ["string", "null"]}, "String"),
        ({"type": ["integer", "number"]}, "Float"),
        ({"prefixItems": [{"type": "integer"}, {"type": "number"}]}, "[Float!]"),
        ({"type": "array", "items": {"type": ["string", "null"], "format": "date"}}, "[Date]"),
        ({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "[String]"),
        ({"type": "array", "items": {"oneOf": [{"const": None}, {"type": "boolean"}]}}, "[Boolean]"),
        ({"$ref": "#/components/schemas/Text", "description": "beside"}, "String"),
    ],
)
def test_openapi_3_1(schema: Schema, type_: str) -> None:
    found = answering(schema, "3.1.0", Text={"type": "string"})
    assert (found.operation().type, found.messages) == (type_, [])


def test_required_fields_that_cannot_be_null_are_non_null() -> None:
    schema = {
        "properties": {
            "a": {"type": "string"},
            "b": {"type": "string", "nullable": True},
            "c": {"type": "string"},
            "d": {},
            "e": {"$ref": "#/components/schemas/Maybe"},
            "f": {"type": "string", "x-nullable": True},
            "g": {"allOf": [{"$ref": "#/components/schemas/Lot"}], "nullable": True},
            "h": {"$ref": "#/components/schemas/Lot"},
        },
        "required": ["a", "b", "d", "e", "f", "g", "h"],
    }
    found = answering(schema, Maybe={"type": "string", "nullable": True}, Lot=LOT)
    assert found.operation().type == "ParkingAnswer_Answer"
    assert found.fields("ParkingAnswer_Answer") == {
        "a": "String!",
        "b": "String",
        "c": "String",
        "d": "JSON",
        "e": "String",
        "f": "String",
        "g": "ParkingLot",
        "h": "ParkingLot!",
    }


def test_a_map_is_a_list_of_entries() -> None:
    prices = {"type": "object", "additionalProperties": {"type": "number"}}
    nested = {"additionalProperties": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Lot"}}}
    found = answering({"properties": {"prices": prices, "byDay": nested}}, Lot=LOT)
    assert found.fields("ParkingAnswer_Answer") == {
        "prices": "[ParkingAnswer_Answer_Prices_Entry!]",
        "byDay": "[ParkingAnswer_Answer_ByDay_Entry!]",
    }
    assert found.fields("ParkingAnswer_Answer_Prices_Entry") == {"key": "String!", "value": "Float!"}
    assert found.fields("ParkingAnswer_Answer_ByDay_Entry")["value"] == "[ParkingAnswer_Answer_ByDay_Value_Entry!]!"
    entry = found.types["ParkingAnswer_Answer_Prices_Entry"]
    assert isinstance(entry, ObjectType)
    assert entry.kind == "entry"


def test_properties_beside_a_map_are_the_object() -> None:
    found = answering({**LOT, "additionalProperties": {"type": "string"}})
    assert found.fields("ParkingAnswer_Answer") == {"id": "String!", "free": "BigInt"}


def test_recursion() -> None:
    tree = {"properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}}
    found = answering({"$ref": "#/components/schemas/Tree"}, Tree=tree)
    assert found.fields("ParkingTree") == {"children": "[ParkingTree!]"}


def test_what_is_only_written_is_not_answered() -> None:
    schema = {"properties": {"id": {"type": "string"}, "password": {"type": "string", "writeOnly": True}}}
    assert answering(schema).fields("ParkingAnswer_Answer") == {"id": "String"}
    assert answering({"properties": {"p": {"type": "string", "writeOnly": True}}}).operation().type == "JSON"


def test_all_of_merges() -> None:
    schema = {
        "allOf": [
            {"$ref": "#/components/schemas/Lot"},
            {"allOf": [{"properties": {"free": {"type": "integer", "format": "int32"}, "name": {"type": "string"}}}]},
            {"required": ["name"]},
        ]
    }
    found = answering(schema, Lot=LOT)
    assert found.fields("ParkingAnswer_Answer") == {"id": "String!", "free": "Int", "name": "String!"}
    assert found.messages == []


def test_contradicting_parts_are_told_and_the_first_holds() -> None:
    found = answering({"allOf": [{"type": "string"}, {"type": "boolean"}]})
    assert found.operation().type == "String"
    assert [finding.pointer for finding in found.findings] == [
        "/paths/~1answer/get/responses/200/content/application~1json/schema/allOf/1"
    ]


def test_strings_from_a_closed_set_are_an_enum() -> None:
    values = ["open", "half-full", "1st", "true", "", "-name", "name", "half_full", None]
    found = answering({"type": "array", "items": {"type": "string", "nullable": True, "enum": values}})
    enum = found.types["ParkingAnswer_Answer"]
    assert isinstance(enum, EnumType)
    names = {value.source: value.name for value in enum.values}
    assert names.pop("half-full").startswith("half_full_")
    assert names == {
        "open": "open",
        "1st": "_1st",
        "true": "true_",
        "": "empty",
        "-name": "minus_name",
        "name": "name",
        "half_full": "half_full",
    }
    assert found.operation().type == "[ParkingAnswer_Answer]"


def test_numbers_with_names_are_an_enum_that_sends_numbers() -> None:
    found = answering({"type": "integer", "enum": [1, 2], "x-enum-varnames": ["Open", "Closed"]})
    enum = found.types[found.operation().type]
    assert isinstance(enum, EnumType)
    assert [(value.name, value.source) for value in enum.values] == [("Open", 1), ("Closed", 2)]


def test_yaml_numbers_among_strings_are_strings() -> None:
    enum = answering({"type": "string", "enum": [1, 2.5, True]}).types["ParkingAnswer_Answer"]
    assert isinstance(enum, EnumType)
    assert [value.source for value in enum.values] == ["1", "2.5", "true"]


def two(key: str = "oneOf", **extra: Any) -> Schema:
    return {key: [{"$ref": "#/components/schemas/Car"}, {"$ref": "#/components/schemas/Bike"}], **extra}


CAR = {"type": "object", "properties": {"kind": {"type": "string"}, "plate": {"type": "string"}}}
BIKE = {"type": "object", "properties": {"kind": {"type": "string"}, "lock": {"type": "string"}}}


def test_a_choice_of_objects_is_a_union() -> None:
    found = answering(two("anyOf"), Car=CAR, Bike=BIKE)
    union = found.types[found.operation().type]
    assert union == UnionType(
        name="ParkingAnswer_Answer", members=(Member(type="ParkingCar"), Member(type="ParkingBike"))
    )


def test_a_discriminator_names_the_members() -> None:
    discriminator = {"propertyName": "kind", "mapping": {"auto": "#/components/schemas/Car", "pkw": "Car"}}
    found = answering(two(discriminator=discriminator), Car=CAR, Bike=BIKE)
    union = found.types[found.operation().type]
    assert isinstance(union, UnionType)
    assert union.discriminator == "kind"
    assert union.members == (
        Member(type="ParkingCar", tags=("auto", "pkw")),
        Member(type="ParkingBike", tags=("Bike",)),
    )


def test_what_holds_beside_a_choice_holds_for_each_member() -> None:
    found = answering(two(properties={"owner": {"type": "string"}}, required=["owner"]), Car=CAR, Bike=BIKE)
    union = found.types[found.operation().type]
    assert isinstance(union, UnionType)
    assert [member.type for member in union.members] == ["ParkingAnswer_Answer_Car", "ParkingAnswer_Answer_Bike"]
    assert found.fields("ParkingAnswer_Answer_Car") == {"owner": "String!", "kind": "String", "plate": "String"}


def test_members_that_are_no_objects_are_wrapped() -> None:
    choice = {"oneOf": [{"$ref": "#/components/schemas/Car"}, {"type": "array", "items": {"type": "string"}}]}
    found = answering(choice, Car=CAR)
    union = found.types[found.operation().type]
    assert isinstance(union, UnionType)
    wrapper = found.types[union.members[1].type]
    assert isinstance(wrapper, ObjectType)
    assert (wrapper.kind, wrapper.fields[0].type) == ("wrapper", "[String!]!")


def test_a_union_among_the_members_gives_its_members() -> None:
    found = answering(
        {"oneOf": [{"$ref": "#/components/schemas/Vehicle"}, {"$ref": "#/components/schemas/Lot"}]},
        Vehicle=two(),
        Car=CAR,
        Bike=BIKE,
        Lot=LOT,
    )
    union = found.types[found.operation().type]
    assert isinstance(union, UnionType)
    assert [member.type for member in union.members] == ["ParkingCar", "ParkingBike", "ParkingLot"]


@pytest.mark.parametrize(
    ("members", "type_"),
    [
        ([{"type": "string"}, {"type": "string", "format": "date"}], "String"),
        ([{"type": "integer"}, {"type": "number"}], "Float"),
        ([{"type": "string", "enum": ["a"]}, {"type": "string"}], "String"),
        ([{"$ref": "#/components/schemas/Car"}, {"$ref": "#/components/schemas/Car"}], "ParkingCar"),
        ([{"$ref": "#/components/schemas/Car"}, {"nullable": True}], "ParkingCar"),
        ([{"$ref": "#/components/schemas/Car"}, {"required": ["plate"]}], "ParkingCar"),
        ([{"required": ["plate"]}, {"required": ["kind"]}], "JSON"),
    ],
)
def test_a_choice_that_is_none_is_its_one_type(members: list[Schema], type_: str) -> None:
    found = answering({"oneOf": members}, Car=CAR)
    assert (found.operation().type, found.compilation.typed) == (type_, 1)


def test_limits_in_a_choice_do_not_make_a_union() -> None:
    found = answering({**CAR, "anyOf": [{"required": ["kind"]}, {"required": ["plate"]}]})
    assert found.fields("ParkingAnswer_Answer") == {"kind": "String", "plate": "String"}


def test_a_member_that_includes_its_base_has_made_the_choice() -> None:
    pet = two(properties={"name": {"type": "string"}})
    car = {"allOf": [{"$ref": "#/components/schemas/Pet"}, CAR]}
    found = answering({"$ref": "#/components/schemas/Car"}, Pet=pet, Car=car, Bike=BIKE)
    assert found.fields("ParkingCar") == {"name": "String", "kind": "String", "plate": "String"}


def test_mixed_scalars_are_json_and_count_as_untyped() -> None:
    found = answering({"oneOf": [{"type": "string"}, {"type": "boolean"}]})
    assert (found.operation().type, found.compilation.typed) == ("JSON", 0)


def test_a_scalar_or_anything_is_json() -> None:
    found = answering({"oneOf": [{"type": "string"}, {"type": "object"}]})
    assert (found.operation().type, found.compilation.typed) == ("JSON", 1)


def test_the_choice_that_tells_is_read_whatever_stands_before_it() -> None:
    limits = {"anyOf": [{"required": ["plate"]}, {"required": ["kind"]}]}
    choice = two(discriminator={"propertyName": "kind"})
    union = answering({"allOf": [limits, choice]}, Car=CAR, Bike=BIKE).types["ParkingAnswer_Answer"]
    assert isinstance(union, UnionType)
    assert (union.discriminator, [member.tags for member in union.members]) == ("kind", [("Car",), ("Bike",)])


def test_names_that_are_none_keep_their_source() -> None:
    schema = {"properties": {"@id": {"type": "string"}, "停车": {"type": "string"}, "__x": {"type": "string"}}}
    type_ = answering(schema).types["ParkingAnswer_Answer"]
    assert isinstance(type_, ObjectType)
    assert [(field.name, field.source, field.description) for field in type_.fields] == [
        ("_id", "@id", ""),
        ("tingChe", "停车", "停车"),
        ("_x", "__x", ""),
    ]


def test_texts_and_deprecations_are_kept() -> None:
    old = {"type": "string", "deprecated": True, "description": "  Old.\r\n    Gone *soon*.  "}
    found = answering(
        {"title": "A lot", "properties": {"old": old, "lot": {"$ref": "#/components/schemas/Lot"}}}, Lot=LOT
    )
    type_ = found.types["ParkingAnswer_Answer"]
    assert isinstance(type_, ObjectType)
    assert type_.description == "A lot"
    assert type_.fields[0].description == "Old.\nGone *soon*."
    assert type_.fields[0].deprecated


def test_swagger_2_schemas() -> None:
    lot = {"type": "object", "properties": {"plan": {"type": "string", "format": "byte"}, "x": {"x-nullable": True}}}
    responses = {"200": {"description": "ok", "schema": {"$ref": "#/definitions/Lot"}}}
    found = compiled(
        {"swagger": "2.0", "paths": {"/l": {"get": {"responses": responses}}}, "definitions": {"Lot": lot}}
    )
    assert found.fields("ParkingLot") == {"plan": "Base64", "x": "JSON"}


def test_a_reference_that_leads_nowhere_costs_its_part_only() -> None:
    found = answering({"properties": {"a": {"$ref": "https://example.com/a.json"}, "b": {"type": "string"}}})
    assert found.fields("ParkingAnswer_Answer") == {"a": "JSON", "b": "String"}
    assert [finding.level for finding in found.findings] == ["warning"]


def test_what_is_no_schema_is_json_and_untyped() -> None:
    found = answering({"properties": {"a": 5, "b": {"type": "string"}}})
    assert found.fields("ParkingAnswer_Answer") == {"a": "JSON", "b": "String"}
    assert found.compilation.typed == 0


def test_lists_that_hold_themselves_end() -> None:
    found = answering(
        {"$ref": "#/components/schemas/L"}, L={"type": "array", "items": {"$ref": "#/components/schemas/L"}}
    )
    assert found.operation().type == "JSON"
    assert "holds itself" in found.messages[0]


def test_no_answer_at_all_is_any_json() -> None:
    found = compiled(document({"/a": {"get": {"operationId": "a", "responses": {"404": {"description": "no"}}}}}))
    assert found.operation().type == "JSON"


@pytest.mark.parametrize(
    ("schema", "answered", "asked"),
    [
        ({"type": "number"}, "Float", "Float"),
        ({"type": "number", "format": "double"}, "Float", "Float"),
        ({"type": "number", "format": "int32"}, "Int", "Int"),
        ({"type": "number", "format": "int64"}, "BigInt", "BigInt"),
        ({"type": "number", "format": "decimal"}, "Decimal", "Float"),
        ({"type": "string", "format": "decimal"}, "Decimal", "Decimal"),
        ({"type": "string", "format": "int64"}, "String", "String"),
        ({"type": "string", "format": "double"}, "String", "String"),
    ],
)
def test_formats_of_numbers(schema: Schema, answered: str, asked: str) -> None:
    holder: Schema = {"type": "object", "properties": {"a": schema}}
    assert answering(holder).fields("ParkingAnswer_Answer") == {"a": answered}
    assert taking(holder).fields("ParkingTake_BodyInput") == {"a": asked}
