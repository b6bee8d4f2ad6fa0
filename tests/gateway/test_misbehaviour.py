"""Departments' servers that misbehave, over real sockets, as a front end sees it: exact errors, never a crash."""

from typing import Any

import pytest

from tests.gateway.conftest import City, get
from tests.upstream.department import Do, Script, answer

LOT = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "free": {"type": "integer", "format": "int32"},
        "open": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "big": {"type": "integer"},
        "more": {},
    },
}
QUERY = "{ parking { lot { id free open tags big more } } }"
WELL = {"id": "1", "free": None, "open": None, "tags": None, "big": None, "more": None}


async def ask(city: City, script: Script, **upstream: Any) -> dict[str, Any]:
    department = await city.department(script)
    await city.publish("parking", {"/lot": get(LOT, operationId="lot")}, department, upstream=upstream)
    return await city.ask(QUERY)


def lot(result: dict[str, Any]) -> Any:
    return result["data"]["parking"]["lot"]


@pytest.mark.parametrize(
    ("body", "expected", "codes"),
    [
        pytest.param(b'{"id": "1"}', WELL, [], id="missing fields that may be missing"),
        pytest.param(b'{"id": "1", "x": {"y": [1]}, "free": 3}', WELL | {"free": 3}, [], id="extra fields"),
        pytest.param(b'{"free": 3}', None, ["UPSTREAM_BAD_VALUE"], id="a required field is missing"),
        pytest.param(b'{"id": null}', None, ["UPSTREAM_BAD_VALUE"], id="null where it must not be"),
        pytest.param(b'{"id": "1", "free": "many"}', WELL, ["UPSTREAM_BAD_VALUE"], id="a wrong type"),
        pytest.param(b'{"id": "1", "free": "3"}', WELL | {"free": 3}, [], id="a number as text"),
        pytest.param(b'{"id": 5}', WELL | {"id": "5"}, [], id="text as a number"),
        pytest.param(b'{"id": "1", "tags": "a"}', WELL, ["UPSTREAM_BAD_VALUE"], id="one value for a list"),
        pytest.param(b'{"id": "1", "free": 3000000000}', WELL, ["UPSTREAM_BAD_VALUE"], id="too large for its type"),
        pytest.param(
            b'{"id": "1", "big": 123456789012345678901234567890}',
            WELL | {"big": 123456789012345678901234567890},
            [],
            id="a huge integer",
        ),
        pytest.param(
            b'{"id": "1", "free": "x", "open": "y"}', WELL, ["UPSTREAM_BAD_VALUE"] * 2, id="two errors at two paths"
        ),
        pytest.param(b"[]", None, ["UPSTREAM_BAD_VALUE"], id="a list for an object"),
        pytest.param(b"null", None, [], id="null"),
        pytest.param(b'{"id": "1"', None, ["UPSTREAM_BAD_ANSWER"], id="JSON that ends too early"),
        pytest.param(b"", None, [], id="an empty body"),
        pytest.param(b'{"id": "\xff"}', None, ["UPSTREAM_BAD_ANSWER"], id="invalid UTF-8"),
        pytest.param(b'{"id": "1", "more": ["\xff"]}', None, ["UPSTREAM_BAD_ANSWER"], id="invalid UTF-8 in free JSON"),
        pytest.param(
            b'{"id": "1", "more": %s1%s}' % (b"[" * 5000, b"]" * 5000), None, ["UPSTREAM_BAD_ANSWER"], id="deep"
        ),
        pytest.param(b'{"id": "1", "free": NaN}', None, ["UPSTREAM_BAD_ANSWER"], id="NaN"),
        pytest.param(b"\xef\xbb\xbf" + b'{"id": "1"}', WELL, [], id="a byte order mark"),
    ],
)
async def test_bodies(city: City, body: bytes, expected: Any, codes: list[str]) -> None:
    result = await ask(city, lambda _: [answer(body, headers="content-type: application/json\r\n")])
    assert lot(result) == expected
    errors = result.get("errors", [])
    assert [error["extensions"]["code"] for error in errors] == codes
    assert all(error["path"][:2] == ["parking", "lot"] for error in errors)
    assert all(error["extensions"]["service"] == "parking" and error["message"] for error in errors)


@pytest.mark.parametrize(
    ("script", "codes", "says"),
    [
        pytest.param(
            lambda _: [answer(b"<html>503</html>", headers="content-type: text/html\r\n")],
            ["UPSTREAM_BAD_ANSWER"],
            "text/html",
            id="HTML instead of JSON",
        ),
        pytest.param(lambda _: [answer(b'{"id": "1"}')[:-4], Do.CLOSE], ["UPSTREAM_RESET"], "", id="a truncated body"),
        pytest.param(lambda _: [b"HTTP/1.1 204 No Content\r\n\r\n"], [], "", id="204"),
        pytest.param(lambda _: [answer(b"{}", "400 Bad Request")], ["UPSTREAM_STATUS"], "400", id="400"),
        pytest.param(lambda _: [answer(b"", "404 Not Found")], ["UPSTREAM_STATUS"], "404", id="404"),
        pytest.param(lambda _: [answer(b"oops", "500 Oops")], ["UPSTREAM_STATUS"], "500", id="500"),
        pytest.param(
            lambda _: [answer(b"", "302 Found", "location: http://169.254.169.254/latest\r\n")],
            ["UPSTREAM_REFUSED_ADDRESS"],
            "",
            id="a redirect into the platform's network",
        ),
        pytest.param(lambda _: [Do.RESET], ["UPSTREAM_RESET"], "", id="reset"),
        pytest.param(lambda _: [b"HTTP/1.1 200 OK\r\ncontent-", Do.CLOSE], ["UPSTREAM_RESET"], "", id="half a head"),
        pytest.param(lambda _: [b"220 smtp ready\r\n", Do.CLOSE], ["UPSTREAM_BAD_ANSWER"], "", id="not HTTP"),
        pytest.param(lambda _: [Do.HANG], ["UPSTREAM_TIMEOUT"], "", id="hanging"),
        pytest.param(
            lambda _: [b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", *[b" ", 0.05] * 60],
            ["UPSTREAM_TIMEOUT"],
            "",
            id="slow",
        ),
    ],
)
async def test_connections_and_statuses(city: City, script: Script, codes: list[str], says: str) -> None:
    result = await ask(city, script, timeout_seconds=0.5)
    assert lot(result) is None
    assert [error["extensions"]["code"] for error in result.get("errors", [])] == codes
    assert all(says in error["message"] for error in result.get("errors", []))


async def test_an_answer_of_50_megabytes_is_refused_at_the_limit(city: City) -> None:
    chunk = b" " * 2**20
    script = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", *[b"100000\r\n" + chunk + b"\r\n"] * 50]
    department = await city.department(lambda _: script)
    await city.publish("parking", {"/lot": get(LOT, operationId="lot")}, department)
    result = await city.ask(QUERY)
    assert [error["extensions"]["code"] for error in result["errors"]] == ["UPSTREAM_TOO_LARGE"]
    assert department.sent_bytes < 40 * 2**20, "the rest is not read"


async def test_an_answer_in_the_departments_own_charset_is_read(city: City) -> None:
    body = '{"id": "停车"}'.encode("gbk")
    result = await ask(city, lambda _: [answer(body, headers="content-type: application/json; charset=gbk\r\n")])
    assert lot(result) == WELL | {"id": "停车"}
