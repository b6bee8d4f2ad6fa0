from typing import Any

import msgspec
import pytest

from supergraph.mock.request import Call
from supergraph.mock.service import MockService, Reply
from supergraph.openapi.read import read_document
from supergraph.openapi.report import Report

LOT = {
    "type": "object",
    "required": ["id", "name", "free"],
    "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "free": {"type": "integer", "minimum": 0}},
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Parking", "version": "1"},
    "servers": [{"url": "https://api.example.org/v1"}],
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    "paths": {
        "/lots": {
            "get": {
                "parameters": [
                    {
                        "name": "district",
                        "in": "query",
                        "required": True,
                        "schema": {"type": "string", "enum": ["a", "b"]},
                    },
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 50}},
                    {
                        "name": "ids",
                        "in": "query",
                        "explode": False,
                        "schema": {"type": "array", "items": {"type": "integer"}},
                    },
                    {"name": "X-Key", "in": "header", "required": True, "schema": {"type": "string"}},
                    {"name": "X-Trace", "in": "header", "schema": {"type": "integer"}},
                ],
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {"schema": {"type": "array", "minItems": 1, "items": LOT}},
                            "text/csv": {"schema": {"type": "string"}, "example": "id,name\n1,A"},
                        },
                    }
                },
            },
            "post": {
                "requestBody": {"required": True, "content": {"application/json": {"schema": LOT}}},
                "responses": {"201": {"description": "", "content": {"application/json": {"schema": LOT}}}},
            },
        },
        "/lots/{id}": {
            "get": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {
                    "200": {"description": "", "content": {"application/json": {"schema": LOT}}},
                    "404": {
                        "description": "",
                        "content": {
                            "application/problem+json": {"schema": {"properties": {"title": {"type": "string"}}}}
                        },
                    },
                    "5XX": {"description": ""},
                },
            },
            "delete": {"responses": {"204": {"description": ""}}},
        },
        "/lots/nearest": {
            "get": {
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": LOT,
                                "examples": {
                                    "full": {"value": {"id": "1", "name": "full lot", "free": 0}},
                                    "wrong": {"value": {"id": 5}},
                                },
                            }
                        },
                    }
                }
            }
        },
        "/lots/{id}/photo": {
            "get": {
                "responses": {
                    "200": {
                        "description": "",
                        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
                    }
                }
            }
        },
        "/report.xml": {
            "get": {"responses": {"200": {"description": "", "content": {"application/xml": {"schema": LOT}}}}}
        },
        "/endless": {
            "get": {
                "responses": {
                    "200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/x-endless"}}}}
                }
            }
        },
    },
    "x-endless": {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/x-endless"}}},
}


def mock_of(path_item: dict[str, Any]) -> MockService:
    return service(document={"openapi": "3.0.3", "paths": {"/lots": path_item}})


def service(seed: int = 0, document: Any = DOCUMENT) -> MockService:
    files = {"openapi.json": msgspec.json.encode(document)}
    read = read_document("openapi.json", files.__getitem__, Report())
    assert read is not None
    return MockService(read, seed)


def ask(target: str, method: str = "GET", seed: int = 0, body: object = None, **headers: str) -> Reply:
    path, _, query = target.partition("?")
    content = b"" if body is None else msgspec.json.encode(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return service(seed).reply(Call(method, path, query, named, content))


def read(reply: Reply, status: int = 200) -> Any:
    assert reply.status == status, reply.body
    assert reply.media_type.endswith("json")
    return msgspec.json.decode(reply.body)


def test_the_same_request_gets_the_same_answer_another_one_another() -> None:
    assert ask("/lots/nearest?a=1", seed=5) == ask("/lots/nearest?a=1", seed=5)
    answers = [ask("/lots?district=a"), ask("/lots?district=b"), ask("/lots?district=a", seed=1)]
    assert len({answer.body for answer in answers}) == 3


def test_the_base_path_may_be_given_or_left_out() -> None:
    assert read(ask("/lots/7"))["id"] == read(ask("/v1/lots/7"))["id"] == "7"


def test_an_answer_is_about_what_the_path_names() -> None:
    assert read(ask("/lots/L%2F1"))["id"] == "L/1"


def test_the_most_concrete_path_wins_and_valid_examples_come_first() -> None:
    assert {read(ask(f"/lots/nearest?n={number}"))["name"] for number in range(9)} == {"full lot"}


@pytest.mark.parametrize(
    ("target", "where", "message"),
    [
        ("/lots", "query parameter district", "is required"),
        ("/lots?district=c", "query parameter district", "none of the allowed"),
        ("/lots?district=a&limit=many", "query parameter limit", "is string, not integer"),
        ("/lots?district=a&limit=51", "query parameter limit", "against maximum 50"),
        ("/lots?district=a&ids=1,x", "query parameter ids /1", "is string, not integer"),
    ],
)
def test_a_request_that_is_not_documented_is_refused(target: str, where: str, message: str) -> None:
    (error,) = read(ask(target), 400)["errors"]
    assert error["where"] == where
    assert message in error["message"]


def test_a_header_is_checked_but_no_api_key_is_asked_for() -> None:
    assert read(ask("/lots?district=a&ids=1,2", x_trace="x"), 400)["errors"][0]["where"] == "header parameter X-Trace"
    read(ask("/lots?district=a&ids=1,2", x_trace="5"))


def test_bodies_are_checked() -> None:
    lot = {"id": "1", "name": "A", "free": 5}
    json = "application/json"
    read(ask("/lots", "POST", body=lot, content_type=json), 201)
    read(ask("/lots", "POST", body=lot, content_type="application/json; charset=utf-8"), 201)
    errors = read(ask("/lots", "POST", body={**lot, "free": -1}, content_type=json), 400)["errors"]
    assert errors == [{"where": "body /free", "message": "is -1, against minimum 0"}]
    assert "is required" in str(read(ask("/lots", "POST"), 400))
    assert "documented: application/json" in str(read(ask("/lots", "POST", body=lot, content_type="text/csv"), 400))


def test_a_required_property_that_is_not_described_is_not_asked_for() -> None:
    lot = {"type": "object", "required": ["id", "nmae"], "properties": {"id": {"type": "string"}}}
    service = mock_of({"post": {"requestBody": {"content": {"application/json": {"schema": lot}}}, "responses": {}}})
    headers = {"content-type": "application/json"}
    assert service.reply(Call("POST", "/lots", "", headers, b'{"id": "1"}')).status == 200
    assert service.reply(Call("POST", "/lots", "", headers, b"{}")).status == 400


def test_prefer_chooses_status_and_example() -> None:
    assert "title" in read(ask("/lots/1", prefer="code=404"), 404)
    assert ask("/lots/1", prefer="code=503") == Reply(503)
    assert "documented: 200, 404, 5XX" in str(read(ask("/lots/1", prefer="code=418"), 400))
    assert read(ask("/lots/nearest", prefer='code=200, example="full"'))["name"] == "full lot"
    assert read(ask("/lots/nearest", prefer="example=wrong")) == {"id": 5}
    assert "no example 'none'" in str(read(ask("/lots/nearest", prefer="example=none"), 400))


def test_accept_chooses_the_media_type() -> None:
    assert ask("/lots?district=a", accept="text/csv, application/json;q=0.5") == Reply(200, "text/csv", b"id,name\n1,A")
    assert ask("/lots?district=a", accept="*/*").media_type == "application/json"


def test_forms_of_answers() -> None:
    assert ask("/lots/1", "DELETE") == Reply(204)
    photo = ask("/lots/1/photo")
    assert (photo.media_type, len(photo.body)) == ("application/octet-stream", 64)
    xml = ask("/report.xml")
    assert xml.media_type == "application/xml"
    assert xml.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?><answer><id>')


def test_what_the_document_does_not_have() -> None:
    assert "no path for /none" in str(read(ask("/none"), 404))
    refused = ask("/lots", "PUT")
    assert refused.headers == (("allow", "GET, POST"),)
    assert "documented: GET, POST" in str(read(refused, 405))
    assert "requires itself without end" in str(read(ask("/endless"), 500))
