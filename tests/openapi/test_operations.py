"""Operations as root fields: kind, name, answers, settings."""

from typing import Any

import pytest

from supergraph.openapi import OperationSettings, compile_document
from supergraph.slice import Answer, Field, Member, ObjectType, UnionType
from tests.openapi.documents import Schema, compiled, document

LOT = {"type": "object", "properties": {"id": {"type": "string"}}}


def content(schema: Schema, media_type: str = "application/json") -> Schema:
    return {"description": "", "content": {media_type: {"schema": schema}}}


def responding(**responses: Schema) -> Any:
    found = {status.removeprefix("s"): response for status, response in responses.items()}
    return compiled(document({"/lots": {"get": {"operationId": "lots", "responses": found}}}, schemas={"Lot": LOT}))


REF = {"$ref": "#/components/schemas/Lot"}
EMPTY = {"description": "done"}


def test_safe_methods_are_queries_and_head_is_not_offered() -> None:
    methods = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
    found = compiled(document({"/lots": {method: {"responses": {"204": EMPTY}} for method in methods}}))
    assert [(each.kind, each.name) for each in found.slice.operations] == [
        ("mutation", "deleteLots"),
        ("mutation", "patchLots"),
        ("mutation", "postLots"),
        ("mutation", "putLots"),
        ("query", "lots"),
    ]
    assert found.compilation.offered == 5


def test_no_content_is_true() -> None:
    found = responding(s204=EMPTY)
    assert found.operation().type == "Boolean"
    assert found.operation().binding.answers == (Answer(status="204", form="empty", type="Boolean"),)


def test_several_statuses_of_one_type() -> None:
    found = responding(s200=content(REF), s201=content(REF), s404=content({"type": "string"}))
    assert found.operation().type == "ParkingLot"
    assert [(each.status, each.type) for each in found.operation().binding.answers] == [
        ("200", "ParkingLot"),
        ("201", "ParkingLot"),
    ]


def test_several_statuses_of_several_types_are_a_union() -> None:
    found = responding(
        s200=content(REF), s202=content({"type": "string"}), s2XX=content({"type": "array", "items": REF})
    )
    assert found.types[found.operation().type] == UnionType(
        name="ParkingLots_Result",
        members=(
            Member(type="ParkingLot", status=("200",)),
            Member(type="ParkingLots_Result_String", status=("202",)),
            Member(type="ParkingLots_Result_LotList", status=("2XX",)),
        ),
    )
    wrapper = found.types["ParkingLots_Result_LotList"]
    assert isinstance(wrapper, ObjectType)
    assert wrapper.fields == (Field(name="value", source="", type="[ParkingLot!]!"),)


def test_statuses_without_content_beside_others_are_null() -> None:
    found = responding(s200=content(REF), s201=EMPTY, s204=content({"type": "object"}))
    assert [each.status for each in found.operation().binding.answers] == ["200"]


def test_default_counts_only_without_any_success() -> None:
    assert responding(default=content(REF)).operation().binding.answers[0].status == "default"
    found = responding(s200=content(REF), default=content({"type": "string"}))
    assert [each.status for each in found.operation().binding.answers] == ["200"]


@pytest.mark.parametrize(
    ("media_types", "schema", "form", "type_", "typed"),
    [
        (["text/csv", "application/problem+json", "application/json"], REF, "json", "ParkingLot", 1),
        (["text/csv"], {"type": "string"}, "text", "String", 1),
        (["text/html", "application/xml"], {"type": "string"}, "text", "String", 1),
        (["application/xml"], REF, "xml", "String", 0),
        (["application/pdf"], {"type": "string", "format": "binary"}, "binary", "Base64", 1),
        (["application/vnd.lots"], REF, "json", "ParkingLot", 1),
        (["*/*"], REF, "json", "ParkingLot", 1),
        (["*/*"], {"type": "string"}, "text", "String", 1),
        (["*/*"], {"type": "string", "format": "binary"}, "binary", "Base64", 1),
        (["application/json; charset=utf-8"], REF, "json", "ParkingLot", 1),
    ],
)
def test_the_best_media_type_of_an_answer_is_read(
    media_types: list[str], schema: Schema, form: str, type_: str, typed: int
) -> None:
    found = responding(s200={"description": "", "content": {each: {"schema": schema} for each in media_types}})
    answer = found.operation().binding.answers[0]
    assert (answer.form, answer.type, found.compilation.typed) == (form, type_, typed)


def test_swagger_2_files_and_produces() -> None:
    tree = {
        "swagger": "2.0",
        "produces": ["application/json"],
        "paths": {
            "/a": {"get": {"responses": {"200": {"description": "", "schema": {"type": "file"}}}}},
            "/b": {"get": {"produces": ["text/csv"], "responses": {"200": {"description": "", "schema": {}}}}},
        },
    }
    found = compiled(tree)
    assert [found.operation(name).binding.answers[0].form for name in ("a", "b")] == ["binary", "text"]


def test_settings_rename_move_group_and_hide() -> None:
    paths = {
        "/search": {"post": {"operationId": "doSearch", "summary": "Search.", "responses": {"204": EMPTY}}},
        "/lots": {"get": {"responses": {"204": EMPTY}}, "delete": {"responses": {"204": EMPTY}}},
    }
    settings = {
        "doSearch": OperationSettings(name="search", kind="query", timeout_seconds=3, description="Find lots."),
        "GET /lots": OperationSettings(group="lots"),
        "DELETE /lots": OperationSettings(hide=True),
    }
    found = compiled(document(paths), settings)
    search, lots = found.slice.operations
    assert (search.kind, search.name, search.description) == ("query", "search", "Find lots.")
    assert search.binding.timeout_seconds == 3
    assert (lots.group, lots.name) == ("lots", "lots")
    assert (found.compilation.offered, found.compilation.operations) == (2, 2)
    assert (found.compilation.misfits, found.messages) == ((), [])


def test_settings_that_fit_no_operation_or_one_that_has_others_are_errors() -> None:
    paths = {"/file": {"get": {"operationId": "getFile", "responses": {"204": EMPTY}}}}
    settings = {"getFile": OperationSettings(access="L3"), "GET /file": OperationSettings(cost=5)}
    (twice,) = compiled(document(paths), settings).compilation.misfits
    assert (twice.level, twice.message) == (
        "error",
        "the settings for 'getFile' and for 'GET /file' are both of GET /file",
    )
    (unfit,) = compiled(document(paths), {"getFlie": OperationSettings(hide=True)}).compilation.misfits
    assert (unfit.level, unfit.message) == ("error", "the settings for 'getFlie' fit no operation")
    assert unfit.fix.endswith("Did you mean getFile?")


def test_two_operations_cannot_be_given_one_name() -> None:
    paths = {f"/{name}": {"get": {"operationId": name, "responses": {"204": EMPTY}}} for name in ("a", "b")}
    found = compiled(document(paths), {name: OperationSettings(name="x") for name in ("a", "b")})
    assert [each.name for each in found.slice.operations] == ["b", "x"]
    assert found.messages == ["two operations are named 'x'"]


def test_summary_and_description_are_told_once() -> None:
    operation = {"operationId": "lots", "summary": "All lots", "description": "With free bays.", "responses": {}}
    found = compiled(document({"/lots": {"get": operation}}))
    assert found.operation().description == "All lots\n\nWith free bays."


def test_the_document_says_title_version_and_server() -> None:
    servers = [{"url": "https://{env}.example.org/v1/", "variables": {"env": {"default": "api"}}}]
    found = compiled(document({}) | {"servers": servers}).slice
    assert (found.title, found.version, found.server) == ("Parking", "1", "https://api.example.org/v1")


@pytest.mark.parametrize("service", ["", "9a", "__a", "a-b", "停车"])
def test_a_service_has_a_graphql_name(service: str) -> None:
    found = compile_document("a", lambda _: b"{}", service=service)
    assert found.slice is None
    assert found.findings[0].level == "error"


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"[]", "no mapping"),
        (b"hello", "no mapping"),
        (b"{}", "no API document"),
        (b'{"openapi": "4.0.0", "paths": {}}', "not known"),
        (b'{"swagger": "1.2", "paths": {}}', "not known"),
    ],
)
def test_what_is_no_api_document_is_refused_with_the_reason(data: bytes, word: str) -> None:
    found = compile_document("a", lambda _: data, service="parking")
    assert found.slice is None
    assert word in found.findings[0].message
    assert found.findings[0].fix


def test_a_file_that_is_not_there_is_an_error() -> None:
    files: dict[str, bytes] = {}
    found = compile_document("a", files.__getitem__, service="parking")
    assert (found.slice, found.findings[0].level) == (None, "error")


def test_a_broken_operation_costs_itself_only() -> None:
    found = compiled(document({"/a": {"get": 5}, "/b": {"get": {"responses": {"204": EMPTY}}}, "/c": 7}))
    assert (found.compilation.offered, found.compilation.operations) == (2, 1)
    assert [(each.level, each.pointer) for each in found.findings] == [
        ("error", "/paths/~1a/get"),
        ("warning", "/paths/~1c"),
    ]
