"""Departments' answers, well-formed and not: statuses, charsets, problem documents, JSON at its edges."""

import sys
from typing import Any

import msgspec
import pytest

from supergraph.complete import MOST_ERRORS
from supergraph.slice import Answer
from tests.engine.operation import answer, fetch, get, only

NESTED = 100_000


def read(selection: str, body: bytes, **more: Any) -> tuple[Any, list[dict[str, Any]]]:
    value, errors = fetch(selection).read(answer(body, **more))
    return msgspec.json.decode(value), errors


@pytest.mark.parametrize("charset", ["GBK", "gb2312", "GB18030", '"gbk"', "gbk; q=1"])
@pytest.mark.parametrize("text", ["停车场", "誠\\\\", "乗", "镕"])
def test_gbk_is_read_where_the_answer_says_so(charset: str, text: str) -> None:
    body = f'{{"id": "{text}"}}'.encode("gb18030")
    value, errors = read("{ id }", body, media_type=f"application/json;Charset={charset}")
    assert (value, errors) == ({"id": text.replace("\\\\", "\\")}, [])


def test_gbk_that_does_not_say_so_is_an_error_with_its_place() -> None:
    value, errors = read("{ id }", '{"id": "停车场"}'.encode("gbk"))
    assert value is None
    error = only(errors)
    assert error["path"] == ["city", "lot"]
    assert error["extensions"]["code"] == "UPSTREAM_BAD_ANSWER"
    assert "utf-8" in error["message"]


@pytest.mark.parametrize("charset", ["nonsense", "hex", "undefined", "idna", "punycode", "\x00", "utf-16"])
def test_a_charset_that_does_not_fit_is_an_error(charset: str) -> None:
    value, errors = read("{ id }", b'{"id": "\xff"}', media_type=f"application/json; charset={charset}")
    assert value is None
    assert only(errors)["extensions"]["code"] == "UPSTREAM_BAD_ANSWER"


def test_utf_8_that_says_that_it_is_latin_1_is_read_as_what_it_is() -> None:
    value, _ = read("{ id }", '{"id": "é"}'.encode(), media_type="application/json; charset=iso-8859-1")
    assert value == {"id": "é"}


def test_a_byte_order_mark_is_no_part_of_the_answer() -> None:
    assert read("{ id }", b'\xef\xbb\xbf{"id": "x"}') == ({"id": "x"}, [])


@pytest.mark.parametrize("status", [204, 205])
def test_no_content_is_null(status: int) -> None:
    assert read("{ id }", b"", status=status) == (None, [])


def test_no_content_is_null_also_where_every_status_is_documented_as_json() -> None:
    for type_ in ("CityLot", "[CityLot!]"):
        one = fetch("{ id }", get("lot", type_, Answer("default", "json", type_)))
        assert one.read(answer(b"", 204)) == (b"null", [])


def test_an_undocumented_success_is_read_as_the_documented_one() -> None:
    assert read("{ id }", b'{"id": "x"}', status=202) == ({"id": "x"}, [])
    assert read("{ id }", b"", status=202) == (None, [])


def test_an_answer_with_very_many_errors_is_not_worth_completing() -> None:
    lots = fetch("{ id }", get("lots", "[CityLot]", Answer("200", "json", "[CityLot]")))
    value, errors = lots.read(answer(b"[%s]" % b",".join([b"1"] * MOST_ERRORS)))
    assert len(errors) == MOST_ERRORS
    value, errors = lots.read(answer(b"[%s]" % b",".join([b"1"] * (MOST_ERRORS + 1))))
    assert value == b"null"
    assert "more than 100 values that do not fit, the first at" in only(errors)["message"]
    assert only(errors)["path"][-1] == "lots"


def test_an_answers_type_is_that_of_its_status() -> None:
    operation = get("both", "CityAnswer", Answer("200", "json", "CityFirm"), Answer("2XX", "json", "CityPerson"))
    one = fetch("{ ... on CityFirm { size } ... on CityPerson { name } __typename }", operation)
    body = b'{"size": 1, "name": "n", "t": "p"}'
    assert one.read(answer(body, 200)) == (b'{"size":1,"__typename":"CityFirm"}', [])
    assert one.read(answer(body, 201)) == (b'{"name":"n","__typename":"CityPerson"}', [])
    assert one.read(answer(body, 299)) == (b'{"name":"n","__typename":"CityPerson"}', [])


@pytest.mark.parametrize(
    ("form", "type_", "body", "value"),
    [
        ("text", "String", "é".encode(), '"é"'),
        ("xml", "String", b"<a/>", '"<a/>"'),
        ("binary", "Base64", b"\x00\xff", '"AP8="'),
        ("empty", "Boolean", b"whatever", "true"),
    ],
)
def test_answers_that_are_not_json(form: Any, type_: str, body: bytes, value: str) -> None:
    one = fetch("", get("other", type_, Answer("200", form, type_)))
    assert one.read(answer(body, media_type="text/plain; charset=utf-8")) == (value.encode(), [])


def test_half_a_surrogate_pair_in_a_text_is_an_error() -> None:
    one = fetch("", get("other", "String", Answer("200", "text", "String")))
    value, errors = one.read(answer(b"+2AA-", media_type="text/plain; charset=utf-7"))
    assert value == b"null"
    assert "cannot be written" in only(errors)["message"]


@pytest.mark.parametrize(
    ("status", "media_type", "body", "message", "problem"),
    [
        (404, "application/problem+json", b'{"title":"none","extra":1}', ": none", {"title": "none", "extra": 1}),
        (400, "application/json", b'{"detail":"bad","secret":1}', ": bad", {"detail": "bad"}),
        (500, "text/html", b"<html>", "", None),
        (500, "application/json", b"not json", "", None),
        (500, "application/json", b'["a"]', "", None),
        (500, "application/json", b"\xff", "", None),
        (500, "application/json", b"[" * 8000, "", None),
        (500, "application/json", b'{"title":"' + b"x" * 9000 + b'"}', "", None),
        (302, "application/json", b'{"title":7}', "", {"title": 7}),
        (304, "", b"", "", None),
        (599, "", b"", "", None),
        (103, "", b"", "", None),
    ],
)
def test_what_is_no_success_says_what_it_was(
    *, status: int, media_type: str, body: bytes, message: str, problem: Any
) -> None:
    value, errors = read("{ id }", body, status=status, media_type=media_type)
    assert value is None
    error = only(errors)
    assert error["message"].startswith(f"city answered {status}")
    assert error["message"].endswith(message)
    assert error["extensions"].get("problem") == problem
    assert error["extensions"]["code"] == "UPSTREAM_STATUS"


@pytest.mark.parametrize("selection", ["{ id }", "{ raw }", "{ id raw }", "{ other: id }", "{ tags { key } }"])
@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"<html></html>",
        b'{"id": "x"',
        b'{"id": "x"}x',
        b'{"id": "x", }',
        b'{"id": "x", "raw": NaN}',
        b'{"id": "x", "raw": Infinity}',
        b'{"id": "x", "raw": -}',
        b'{"id": "x", "raw": "\\ud800"}',
        b'{"id": "x", "more": "\\x"}',
        b'{"id": "x", "more": 01}',
        b"{'id': 'x'}",
    ],
)
def test_what_is_not_json_is_never_passed_on(selection: str, body: bytes) -> None:
    value, errors = read(selection, body)
    assert value is None
    assert only(errors)["extensions"]["code"] == "UPSTREAM_BAD_ANSWER"


def test_bad_utf_8_matters_only_where_it_is_selected() -> None:
    body = b'{"id": "x", "raw": {"a": "\xff"}, "owner": "\xff"}'
    assert read("{ id }", body) == ({"id": "x"}, [])
    for selection in ("{ raw }", "{ owner { __typename } }"):
        value, errors = read(selection, body)
        assert value is None
        assert "utf-8" in only(errors)["message"]


def test_the_last_of_equal_properties_counts() -> None:
    assert read("{ id other: id }", b'{"id": "x", "id": "y"}') == ({"id": "y", "other": "y"}, [])
    body = b'{"id": "x", "owner": {"t": "p", "name": "n", "t": "f", "size": 1}}'
    assert read("{ owner { __typename } }", body)[0] == {"owner": {"__typename": "CityFirm"}}


@pytest.mark.parametrize("selection", ["{ id }", "{ raw }", "{ next { id } }", "{ tags { key value } }", "{ bays }"])
@pytest.mark.parametrize("name", ["raw", "next", "tags", "bays", "more"])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_an_error_and_no_crash(*, selection: str, name: str, left: str, right: str) -> None:
    for depth in (NESTED, *range(sys.getrecursionlimit() - 120, sys.getrecursionlimit(), 7)):
        nested = left * depth + "1" + right * depth
        value, errors = fetch(selection).read(answer(f'{{"id": "x", "{name}": {nested}}}'.encode()))
        assert msgspec.json.decode(value, type=msgspec.Raw)
        assert value != b"null" or errors


@pytest.mark.parametrize("digits", [20, 400, 4300, 5000])
def test_huge_integers(digits: int) -> None:
    number = "9" * digits
    body = f'{{"id": "x", "number": {number}, "bays": {number}, "price": {number}, "raw": {number}}}'.encode()
    value, errors = fetch("{ number }").read(answer(body))
    if digits > 4300:  # Python's own limit for reading integers
        assert value == b"null"
        assert "out of range" in only(errors)["message"]
        return
    assert value == f'{{"number":{number}}}'.encode()
    assert fetch("{ raw }").read(answer(body)) == (f'{{"raw":{number}}}'.encode(), [])
    value, errors = fetch("{ bays price }").read(answer(body))
    assert value == b'{"bays":null,"price":null}'
    assert [error["path"][-1] for error in errors] == ["bays", "price"]
