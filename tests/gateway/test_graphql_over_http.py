"""GraphQL over HTTP, at the endpoint's own level: media types, status codes, what is and what is no request.

The cases are those that the package graphql-http audits (test_graphql_http_audit.py runs the package itself).
"""

from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from tests.gateway.conftest import City, get
from tests.upstream.department import answer

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
WELL = {"data": {"__typename": "Query"}}


async def send(
    city: City, body: Any = None, *, method: str = "POST", query: str = "", accept: str | None = JSON, **headers: str
) -> tuple[int, str, Any]:
    """Return status, content type and decoded body."""
    given = {b"content-type": JSON.encode()} | {
        name.replace("_", "-").encode(): value.encode() for name, value in headers.items() if value
    }
    if headers.get("content_type") == "":
        del given[b"content-type"]
    if accept is not None:
        given[b"accept"] = accept.encode()
    content = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
    status, reply, text = await city.gateway.direct["/graphql"](method, query.encode(), given, content)
    return status, dict(reply)[b"content-type"].decode(), msgspec.json.decode(text)


ACCEPTS = {
    GRAPHQL: GRAPHQL,
    JSON: JSON,
    "*/*": JSON,
    None: JSON,
    "application/*": JSON,
    f"{GRAPHQL}, {JSON};q=0.9": GRAPHQL,
    f"{GRAPHQL};q=0.1, {JSON};q=0.9": JSON,
    f"text/html, {JSON}; charset=utf-8": JSON,
    f"{GRAPHQL};q=0, */*": JSON,
    f"{GRAPHQL}, {JSON}, multipart/mixed": GRAPHQL,
    f"{JSON};q=nan, {GRAPHQL};q=0.5": GRAPHQL,
}


async def test_the_answer_has_a_media_type_that_the_client_accepts(city: City) -> None:
    for accept, answered in ACCEPTS.items():
        given = await send(city, {"query": "{ __typename }"}, accept=accept)
        assert given == (200, f"{answered}; charset=utf-8", WELL), accept


async def test_a_client_that_accepts_none_of_them_is_told(city: City) -> None:
    for accept in ("text/html", f"{JSON};q=0, */*", f"{JSON};q=-1"):
        status, _, body = await send(city, {"query": "{ __typename }"}, accept=accept)
        assert (status, body["errors"][0]["extensions"]["code"]) == (406, "NOT_ACCEPTABLE")


REQUESTS: list[dict[str, Any]] = [
    {"query": "{ __typename }"},
    {"query": "query A { __typename }", "operationName": "A"},
    {"query": "{ __typename }", "operationName": None, "variables": None, "extensions": None},
    {"query": "query A($b: Boolean = false) { __typename @skip(if: $b) }", "variables": {"b": False}},
    {"query": "{ __typename }", "extensions": {"some": "value"}, "unknown": True},
]


async def test_what_is_a_request(city: City) -> None:
    for accept in (GRAPHQL, JSON):
        for parameters in REQUESTS:
            status, _, body = await send(city, parameters, accept=accept)
            assert (status, body) == (200, WELL), parameters


async def test_an_operation_that_asks_too_much_is_a_request_all_the_same(city: City) -> None:
    roots = " ".join(f"a{each}: me {{ __typename }}" for each in range(11))
    for accept, expected in ((GRAPHQL, 400), (JSON, 200)):
        status, _, body = await send(city, {"query": f"{{ {roots} }}"}, accept=accept)
        assert (status, body["errors"][0]["extensions"]["code"]) == (expected, "OPERATION_TOO_LARGE")


WRONG: dict[str, list[Any]] = {
    "query": [{}, 0, False, []],
    "operationName": [{}, 0, False, []],
    "variables": ["", 0, False, []],
    "extensions": ["", 0, False, []],
}
NO_REQUESTS = [
    *(b"", b"{", b'{"query": "\xff"}', b"[]", b"null", {}, {"query": None}),
    *({"query": "{ __typename }"} | {name: value} for name, values in WRONG.items() for value in values),
]


async def test_what_is_no_request(city: City) -> None:
    for accept in (GRAPHQL, JSON):
        for body in NO_REQUESTS:
            status, content_type, answered = await send(city, body, accept=accept)
            assert (status, content_type) == (400, f"{accept}; charset=utf-8"), body
            assert "data" not in answered
            assert answered["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"query": "{"}, id="syntax"),
        pytest.param({"query": "{ nothing }"}, id="validation"),
        pytest.param({"query": "query ($a: Boolean!) { __typename @skip(if: $a) }"}, id="variables"),
        pytest.param({"query": "query A { __typename } query B { __typename }"}, id="which operation"),
        pytest.param({"query": "{ __typename }", "operationName": "B"}, id="no such operation"),
    ],
)
async def test_a_request_that_cannot_be_executed(city: City, parameters: dict[str, Any]) -> None:
    for accept, expected in ((GRAPHQL, 400), (JSON, 200)):
        status, _, body = await send(city, parameters, accept=accept)
        assert status == expected
        assert "data" not in body
        assert body["errors"][0]["message"]


async def test_get_carries_queries_and_refuses_mutations(city: City) -> None:
    department = await city.department(lambda _: [answer(b'{"id": "1"}')])
    lot = {"type": "object", "properties": {"id": {"type": "string"}}}
    await city.publish("parking", {"/lot": {"post": get(lot, operationId="book")["get"]}}, department)

    async def ask(**parameters: str) -> tuple[int, str, Any]:
        return await send(city, method="GET", query=urlencode(parameters), content_type="")

    assert await ask(query="{ __typename }") == (200, f"{JSON}; charset=utf-8", WELL)
    given = {"query": "query ($a: Boolean!) { __typename @skip(if: $a) }", "variables": '{"a": true}'}
    assert await ask(**given) == (200, f"{JSON}; charset=utf-8", {"data": {}})
    status, _, body = await ask(query="mutation { parking { book { id } } }")
    assert (status, body["errors"][0]["extensions"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert not department.heads
    for wrong in ({}, {"query": "{ __typename }", "variables": "["}, {"query": "{ __typename }", "variables": "[]"}):
        assert (await ask(**wrong))[0] == 400


async def test_other_methods_and_media_types_are_refused(city: City) -> None:
    assert (await send(city, {"query": "{ __typename }"}, method="PUT"))[0] == 405
    assert (await send(city, {"query": "{ __typename }"}, content_type="text/plain"))[0] == 415
    assert (await send(city, {"query": "{ __typename }"}, content_type=""))[0] == 415
    assert (await send(city, {"query": "{ __typename }"}, content_type=f"{JSON}; charset=latin-1"))[0] == 415
    assert (await send(city, {"query": "{ __typename }"}, content_type=f"{JSON}; charset=UTF-8"))[0] == 200


async def test_a_request_has_limits(city: City) -> None:
    long = {"query": "{ __typename }", "variables": {"a": "x" * city.settings.max_request_bytes}}
    assert (await send(city, long))[0] == 413
    many = {"query": "{" + " __typename" * (city.settings.max_document_tokens + 1) + "}"}
    status, _, body = await send(city, many, accept=GRAPHQL)
    assert status == 400
    assert "tokens" in body["errors"][0]["message"]
    deep = {"query": "{ a" * 3000 + "}" * 3000}
    assert (await send(city, deep, accept=GRAPHQL))[0] == 400


async def test_every_answer_names_its_request(city: City) -> None:
    handler = city.gateway.direct["/graphql"]
    body = msgspec.json.encode({"query": "{ __typename }"})
    headers = {b"content-type": JSON.encode()}
    made = [dict((await handler("POST", b"", headers, body))[1])[b"x-request-id"] for _ in range(2)]
    assert made[0] != made[1]
    _, reply, _ = await handler("POST", b"", headers | {b"x-request-id": b"abc-1"}, body)
    assert dict(reply)[b"x-request-id"] == b"abc-1"
    _, reply, _ = await handler("POST", b"", headers | {b"x-request-id": b"bad\r\nx: y"}, body)
    assert dict(reply)[b"x-request-id"] not in (b"bad\r\nx: y", b"abc-1")
