"""Every style of OpenAPI 3.1.1 section 4.8.12.4 against that section's own table, and what may not pass unencoded."""

from typing import Any

import pytest

from supergraph.requests import styles
from supergraph.slice import Argument

EMPTY, STRING, ARRAY, OBJECT = "", "blue", ["blue", "black", "brown"], {"R": 100, "G": 200, "B": 150}


def argument(
    place: Any, style: Any, *, explode: bool = False, source: str = "color", reserved: bool = False
) -> Argument:
    return Argument(
        name="color",
        type="JSON",
        source=source,
        place=place,
        style=style,
        explode=explode,
        allow_reserved=reserved,
    )


@pytest.mark.parametrize(
    ("style", "explode", "empty", "string", "array", "object_"),
    [
        ("matrix", False, ";color", ";color=blue", ";color=blue,black,brown", ";color=R,100,G,200,B,150"),
        ("matrix", True, ";color", ";color=blue", ";color=blue;color=black;color=brown", ";R=100;G=200;B=150"),
        ("label", False, ".", ".blue", ".blue,black,brown", ".R,100,G,200,B,150"),
        ("label", True, ".", ".blue", ".blue.black.brown", ".R=100.G=200.B=150"),
        ("simple", False, "", "blue", "blue,black,brown", "R,100,G,200,B,150"),
        ("simple", True, "", "blue", "blue,black,brown", "R=100,G=200,B=150"),
    ],
)
def test_a_path_is_written_as_the_table_says(
    *, style: str, explode: bool, empty: str, string: str, array: str, object_: str
) -> None:
    one = argument("path", style, explode=explode)
    assert [styles.path(one, value) for value in (EMPTY, STRING, ARRAY, OBJECT)] == [empty, string, array, object_]


@pytest.mark.parametrize(
    ("style", "explode", "written"),
    [
        ("form", False, ["color=", "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"]),
        ("form", True, ["color=", "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"]),
        ("spaceDelimited", False, [None, None, "color=blue%20black%20brown", "color=R%20100%20G%20200%20B%20150"]),
        ("pipeDelimited", False, [None, None, "color=blue%7Cblack%7Cbrown", "color=R%7C100%7CG%7C200%7CB%7C150"]),
        ("tsv", False, [None, None, "color=blue%09black%09brown", None]),
        ("deepObject", True, [None, None, None, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"]),
        (
            "json",
            False,
            ["color=%22%22", "color=%22blue%22", "color=%5B%22blue%22%2C%22black%22%2C%22brown%22%5D", None],
        ),
    ],
)
def test_a_query_is_written_as_the_table_says(*, style: str, explode: bool, written: list[str | None]) -> None:
    one = argument("query", style, explode=explode)
    for value, expected in zip((EMPTY, STRING, ARRAY, OBJECT), written, strict=True):
        if expected is not None:
            assert styles.query(one, value) == expected


@pytest.mark.parametrize(("explode", "object_"), [(False, "R,100,G,200,B,150"), (True, "R=100,G=200,B=150")])
def test_a_header_is_written_in_the_simple_style(*, explode: bool, object_: str) -> None:
    one = argument("header", "simple", explode=explode)
    assert [styles.header(one, value) for value in (STRING, ARRAY, OBJECT)] == ["blue", "blue,black,brown", object_]
    assert styles.header(argument("header", "json"), OBJECT) == '{"R":100,"G":200,"B":150}'


@pytest.mark.parametrize(
    ("value", "written"),
    [(True, "true"), (False, "false"), (5, "5"), (2.0, "2"), (2.5, "2.5"), (10**30, "1" + "0" * 30), (None, "")],
)
def test_scalars_are_written_as_json_writes_them(value: Any, written: str) -> None:
    assert styles.text(value) == written


def test_an_empty_list_is_no_parameter() -> None:
    assert styles.query(argument("query", "form", explode=True), []) == ""
    assert styles.query(argument("query", "form"), []) == ""


def test_nested_values_of_a_deep_object_keep_their_path() -> None:
    value = {"a": {"b c": 1}, "list": ["x", "y"]}
    assert (
        styles.query(argument("query", "deepObject", explode=True), value)
        == "color%5Ba%5D%5Bb%20c%5D=1&color%5Blist%5D=x&color%5Blist%5D=y"
    )


@pytest.mark.parametrize("reserved", [False, True])
@pytest.mark.parametrize("value", ["1&admin=true", "1#top", "a+b", "é [x]", "100%"])
def test_no_value_ends_its_parameter(*, value: str, reserved: bool) -> None:
    written = styles.query(argument("query", "form", reserved=reserved), value)
    assert written.isascii()
    assert written.startswith("color=")
    assert not set(written.removeprefix("color=")) & set("&#+ []")


def test_reserved_characters_stay_where_the_document_allows_them() -> None:
    assert styles.query(argument("query", "form", reserved=True), "/a:b?c,d") == "color=/a:b?c,d"
    assert styles.query(argument("query", "form"), "/a:b?c,d") == "color=%2Fa%3Ab%3Fc%2Cd"


def test_the_names_that_clients_choose_are_encoded_too() -> None:
    hostile = {"a&b=": "1"}
    assert styles.query(argument("query", "form", explode=True), hostile) == "a%26b%3D=1"
    assert styles.query(argument("query", "deepObject", explode=True), hostile) == "color%5Ba%26b%3D%5D=1"
    assert styles.path(argument("path", "simple", explode=True), {"a/b": "c/d"}) == "a%2Fb=c%2Fd"
