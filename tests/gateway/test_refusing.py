"""What the gateway refuses has one shape at every door, and says in plain words what cannot be read."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, Struct

from gateway.http.refusing import in_words
from tests.gateway.test_routes import front

__all__ = ("front",)

DOORS = (
    ("POST", "/publish"), ("POST", "/documents"), ("PUT", "/entries/ABC"), ("GET", "/entries/inbox"),
    ("GET", "/desks"), ("POST", "/desks/cases"), ("GET", "/halls"), ("POST", "/halls/none/tickets"),
    ("POST", "/pickups/none/uses"), ("GET", "/pickups/none/filed/1"), ("POST", "/appointments/systems/none/changes"),
    ("POST", "/codes/check"), ("GET", "/parking/sessions"), ("GET", "/parking/quotes"),
    ("GET", "/exports/hsds/services?a=1"), ("GET", "/nowhere"), ("GET", "/hall/none.js"),
    ("GET", "/appointments/draws/none"), ("GET", "/sso/none"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path"), DOORS)
async def test_every_door_refuses_alike(front: Any, method: str, path: str) -> None:
    answer = await front.request(method, path, json={} if method != "GET" else None)
    assert answer.status_code >= 400, answer.text
    assert answer.json().keys() == {"error"}
    error = answer.json()["error"]
    assert error.keys() == {"code", "message", "fix", "retryable", "details"}
    assert (type(error["retryable"]), type(error["details"])) == (bool, dict)


class Named(Struct, forbid_unknown_fields=True):
    """Part of one."""

    name: Annotated[str, Meta(min_length=10)]


class Said(Struct, forbid_unknown_fields=True):
    """Something of each kind that a body may hold."""

    code: Annotated[str, Meta(min_length=1, max_length=4, pattern="^[a-z]*$")]
    people: Annotated[int, Meta(ge=1, le=20)] = 1
    note: UUID | None = None
    day: date | None = None
    at: Annotated[datetime, Meta(tz=True)] | None = None
    answers: Annotated[dict[str, Annotated[str, Meta(max_length=3)]], Meta(max_length=1)] = {}
    lines: list[int] = []
    with_: list[Named] = []


READ = [
    ({}, "code is missing"),
    ({"code": ""}, "code: it is empty"),
    ({"code": "abcde"}, "code: it is longer than 4 characters"),
    ({"code": "A"}, "code: it has characters, or a form, that it may not have"),
    ({"code": 1}, "code: it is to be a text, and is a whole number"),
    ({"code": "a", "colour": 1}, "colour is not known here"),
    ({"code": "a", "people": 0}, "people: it is less than 1"),
    ({"code": "a", "people": 21}, "people: it is more than 20"),
    ({"code": "a", "note": "x"}, "note: it is no id"),
    ({"code": "a", "day": "1 May"}, "day: it is not a day such as 2027-01-04"),
    ({"code": "a", "at": "09:00"}, "at: it is not a time such as 2027-01-04T09:00:00+08:00"),
    ({"code": "a", "at": "2027-01-04T09:00:00"}, "at: it has no zone: write a time such as 2027-01-04T09:00:00+08:00"),
    ({"code": "a", "answers": {"x": "abcd"}}, "answers[...]: it is longer than 3 characters"),
    ({"code": "a", "answers": {"x": "a", "y": "b"}}, "answers: it has more than 1 parts"),
    ({"code": "a", "lines": [1, None]}, "lines[1]: it is to be a whole number, and is null"),
    ({"code": "a", "with_": [{}]}, "with_[0]: name is missing"),
    ({"code": "a", "with_": [{"name": "long enough", "age": 1}]}, "with_[0]: age is not known here"),
    ({"code": "a", "with_": [{"name": "short"}]}, "with_[0].name: it is shorter than 10 characters"),
    ([], "it is to be an object, and is a list"),
]


@pytest.mark.parametrize(("body", "words"), READ)
def test_what_cannot_be_read_is_said_in_plain_words(body: Any, words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.json.decode(msgspec.json.encode(body), type=Said)
    assert in_words(refused.value) == words


@pytest.mark.parametrize(("body", "words"), [(b"{", "it is no JSON"), (b"[" * 5000, "it is nested too deeply")])
def test_what_is_no_json_is_said_to_be_none(body: bytes, words: str) -> None:
    with pytest.raises((msgspec.MsgspecError, RecursionError)) as refused:
        msgspec.json.decode(body, type=Any)
    assert in_words(refused.value) == words
