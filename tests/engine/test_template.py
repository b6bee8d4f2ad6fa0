"""Requests of root fields: places, constants, and what may not leave its place."""

from typing import Any

import pytest

from gateway.upstream.head import HeadComposer
from kernel.networks import split_url
from supergraph.inputs import Entry
from supergraph.requests.errors import ArgumentError
from supergraph.requests.template import RequestTemplate
from supergraph.slice import Argument, Binding, InputField, InputType, Operation
from supergraph.wire import TRANSPORT_HEADERS, Request


def argument(name: str, place: Any, type_: str = "String", style: Any = "form", **more: Any) -> Argument:
    return Argument(name=name, type=type_, source=more.pop("source", name), place=place, style=style, **more)


def render(path: str, *arguments: Argument, given: dict[str, Any], **binding: Any) -> Request:
    bound = Binding(method="GET", path=path, answers=(), **binding)
    operation = Operation(name="op", kind="query", type="String", binding=bound, arguments=arguments)
    return RequestTemplate(operation, TYPES).render(given)


TYPES = {
    "Pair": InputType(
        name="Pair",
        kind="entry",
        fields=(
            InputField(name="key", type="String!", source="key"),
            InputField(name="value", type="Int", source="value"),
        ),
    )
}


def test_every_place_is_filled() -> None:
    request = render(
        "/lots/{lot-id}/bays",
        argument("lot", "path", style="simple", source="lot-id"),
        argument("q", "query"),
        argument("ids", "query", "[Int!]", explode=True, source="ids[]"),
        argument("trace", "header", style="simple", source="X-Trace"),
        argument("session", "cookie"),
        argument("body", "body", "JSON"),
        given={"lot": "a/b c", "q": "x&y", "ids": [1, 2], "trace": "t", "session": "s;1", "body": {"a": None}},
        accept="application/json",
        body="application/json",
        constants=(("query", "v", "1 2"), ("header", "X-Api", "k"), ("cookie", "c", "d e")),
    )
    assert request == Request(
        "GET",
        "/lots/a%2Fb%20c/bays?v=1%202&q=x%26y&ids%5B%5D=1&ids%5B%5D=2",
        (
            ("accept", "application/json"),
            ("x-api", "k"),
            ("x-trace", "t"),
            ("cookie", "c=d%20e; session=s%3B1"),
            ("content-type", "application/json"),
        ),
        b'{"a":null}',
    )


def test_what_is_absent_or_null_is_not_sent() -> None:
    arguments = (argument("q", "query"), argument("h", "header"), argument("c", "cookie"), argument("b", "body"))
    for given in ({}, dict.fromkeys("qhcb")):
        assert render("/x", *arguments, given=given, body="text/plain") == Request("GET", "/x")


def test_a_query_in_the_path_template_is_continued() -> None:
    assert render("/x?fixed=1", argument("q", "query"), given={"q": 2}).target == "/x?fixed=1&q=2"


def test_a_map_is_sent_as_an_object() -> None:
    request = render(
        "/x", argument("m", "query", "[Pair!]", "deepObject"), given={"m": [Entry("a", 1), None, Entry("b", 2)]}
    )
    assert request.target == "/x?m%5Ba%5D=1&m%5Bb%5D=2"


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/files/{a}", {"a": ".."}),
        ("/files/{a}", {"a": "."}),
        ("/files/{a}/x", {"a": "../../admin"}),
        ("/files/{a}", {"a": "x/../y"}),
        ("/files/{a}", {"a": "..\\admin"}),
        ("/files/{a}{b}", {"a": ".", "b": "."}),
        ("/files/.{a}", {"a": "."}),
        ("/files/.{a}/x", {"a": "./y"}),
    ],
)
def test_a_path_cannot_be_climbed(path: str, given: dict[str, str]) -> None:
    arguments = [argument(name, "path", "String!", "simple") for name in given]
    with pytest.raises(ArgumentError, match="segment"):
        render(path, *arguments, given=given)


@pytest.mark.parametrize("value", ["...", "a..b", "..a", "1.5", "%2e%2e"])
def test_harmless_dots_pass(value: str) -> None:
    assert render("/files/{a}", argument("a", "path", "String!", "simple"), given={"a": value}).target.startswith(
        "/files/"
    )


@pytest.mark.parametrize("value", ["", [], {}])
def test_a_part_of_the_path_cannot_be_empty(value: Any) -> None:
    with pytest.raises(ArgumentError, match="cannot be empty"):
        render("/files/{a}", argument("a", "path", "String!", "simple"), given={"a": value})


@pytest.mark.parametrize("value", ["a\r\nx-admin: 1", "a\nb", "a\0", "a\x7f", "a\u2028b", "\x1b[0m"])
def test_a_header_cannot_begin_another(value: str) -> None:
    with pytest.raises(ArgumentError, match="control characters"):
        render("/x", argument("h", "header", style="simple"), given={"h": value})


def test_a_header_of_json_escapes_its_line_breaks() -> None:
    headers = dict(render("/x", argument("h", "header", style="json"), given={"h": "a\r\nb"}).headers)
    assert headers["h"] == '"a\\r\\nb"'


def test_a_headers_object_cannot_begin_another() -> None:
    with pytest.raises(ArgumentError, match="control characters"):
        render("/x", argument("h", "header", "JSON", "simple"), given={"h": {"a\r\nb": 1}})


def test_other_scripts_in_a_header_are_percent_encoded() -> None:
    headers = dict(render("/x", argument("h", "header", style="simple"), given={"h": "停车 a%"}).headers)
    assert headers["h"] == "%E5%81%9C%E8%BD%A6 a%"


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Expect", "TE"),
        *("Proxy-Authorization", "Proxy-Connection", "Content-Type"),
    ],
)
def test_the_transports_own_headers_are_no_arguments(name: str) -> None:
    one = argument("h", "header", style="simple", source=name)
    assert render("/x", one, given={"h": "x"}) == Request("GET", "/x")
    assert render("/x", given={}, constants=(("header", name, "x"),)) == Request("GET", "/x")


@pytest.mark.parametrize("name", sorted(TRANSPORT_HEADERS | {"x-trace"}))
def test_every_rendered_header_is_sent(name: str) -> None:
    one = argument("h", "header", style="simple", source=name)
    composer = HeadComposer("parking", split_url("http://parking.gov.cn"), {})
    head = composer.compose(render("/x", one, given={"h": "own"}, constants=(("header", name, "fixed"),)))
    assert (b"own" in head) == (b"fixed" in head) == (name == "x-trace")


@pytest.mark.parametrize(
    ("path", "one", "value"),
    [
        ("/files/{secret}", argument("secret", "path", "String!", "simple"), "137/.."),
        ("/files/{secret}", argument("secret", "path", "[String!]!", "matrix"), ["137/.."]),
        ("/files/{secret}", argument("secret", "path", "[String!]!", "simple"), []),
        ("/files", argument("secret", "header", style="simple"), "137\n"),
        ("/files", argument("secret", "header", "JSON", "simple"), {"137\n": 1}),
        ("/files", argument("secret", "body", "Base64"), "137"),
        ("/files", argument("secret", "body", "Base64"), "137-\u4e00"),
    ],
)
def test_an_errors_words_hold_nothing_of_a_value(path: str, one: Argument, value: Any) -> None:
    constants = (("path", "fixed", "token-137"),)
    with pytest.raises(ArgumentError) as caught:
        render(path + "/{fixed}", one, given={"secret": value}, body="image/png", constants=constants)
    assert "137" not in caught.value.message + caught.value.fix
    assert not caught.value.message.endswith(".")  # the fix follows as a sentence of its own


def test_a_cookie_cannot_begin_another() -> None:
    one, list_ = argument("c", "cookie"), argument("l", "cookie", "[String!]", explode=True)
    headers = dict(render("/x", one, list_, given={"c": "a; admin=1", "l": ["x&y", "z"]}).headers)
    assert headers["cookie"] == "c=a%3B%20admin%3D1; l=x%26y; l=z"
