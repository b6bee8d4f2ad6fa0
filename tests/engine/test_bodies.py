"""Request bodies, read back by others' parsers."""

from email.message import Message
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supergraph.requests.bodies import writer
from supergraph.requests.errors import ArgumentError
from supergraph.slice import InputField, InputType

FORM = InputType(
    name="Form",
    fields=(
        InputField(name="title", type="String", source="title"),
        InputField(name="tags", type="[String!]", source="tags"),
        InputField(name="joined", type="[String!]", source="joined", explode=False),
        InputField(name="deep", type="Deep", source="deep", style="deepObject"),
        InputField(name="plain", type="Deep", source="plain"),
        InputField(name="photo", type="Base64", source="photo", media_type="image/png, image/jpeg"),
        InputField(name="files", type="[Base64!]", source='fi"les'),
        InputField(name="any", type="Base64", source="any", media_type="image/*"),
    ),
)
TYPES = {"Form": FORM}


def written(media_type: str, value: Any, reference: str = "Form!") -> tuple[str, bytes]:
    return writer(media_type, reference, TYPES)(value)


def parts(content_type: str, body: bytes) -> list[Message]:
    message = BytesParser().parsebytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + body)
    assert message.is_multipart()
    assert not message.defects
    return [part for part in message.walk() if part is not message]


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/merge-patch+json", "application/json; charset=utf-8"]
)
def test_json_keeps_the_media_type_of_the_document(media_type: str) -> None:
    content_type, body = written(media_type, {"title": "é"})
    assert content_type == media_type
    assert msgspec.json.decode(body) == {"title": "é"}


@pytest.mark.parametrize("media_type", ["", "*/*", "application/*"])
def test_a_range_of_media_types_is_sent_as_json(media_type: str) -> None:
    assert written(media_type, {"title": "x"}) == ("application/json", b'{"title":"x"}')


def test_urlencoded_forms_are_read_back_as_sent() -> None:
    value = {
        "title": "a&b=c +é%",
        "tags": ["x", "y z"],
        "joined": ["p", "q"],
        "deep": {"k&": 1},
        "plain": {"k": [1]},
        "photo": None,
    }
    content_type, body = written("application/x-www-form-urlencoded; charset=utf-8", value)
    assert content_type == "application/x-www-form-urlencoded"
    assert parse_qsl(body.decode(), strict_parsing=True) == [
        ("title", "a&b=c +é%"),
        ("tags", "x"),
        ("tags", "y z"),
        ("joined", "p,q"),
        ("deep[k&]", "1"),
        ("plain", '{"k":[1]}'),
    ]


def test_multipart_forms_are_read_back_as_sent() -> None:
    value = {
        "title": "line\r\n--boundary",
        "tags": ["x", "y"],
        "plain": {"k": 1},
        "photo": "iVBORw==",
        'fi"les': ["AAE=", "Ag=="],
        "any": "AA==",
        "deep": None,
    }
    content_type, body = written("multipart/form-data", value)
    found = [
        (part.get_param("name", header="content-disposition"), part.get_content_type(), part.get_payload(decode=True))
        for part in parts(content_type, body)
    ]
    assert found == [
        ("title", "text/plain", b"line\r\n--boundary"),
        ("tags", "text/plain", b"x"),
        ("tags", "text/plain", b"y"),
        ("plain", "application/json", b'{"k":1}'),
        ("photo", "image/png", b"\x89PNG"),
        ("fi%22les", "application/octet-stream", b"\x00\x01"),
        ("fi%22les", "application/octet-stream", b"\x02"),
        ("any", "application/octet-stream", b"\x00"),
    ]


@given(st.dictionaries(st.sampled_from(["title", "tags", "plain"]), st.text(st.characters(exclude_categories=["Cs"]))))
def test_no_text_ends_its_part(value: dict[str, str]) -> None:
    content_type, body = written("multipart/form-data", value)
    boundary = content_type.partition("boundary=")[2].encode()
    assert body.count(boundary) == len(value) + 1
    for (name, text), part in zip(value.items(), body.split(b"--" + boundary)[1:], strict=False):
        assert f'name="{name}"'.encode() in part
        assert part.endswith(b"\r\n\r\n" + text.encode() + b"\r\n")


def test_bytes_and_text_are_sent_as_they_are() -> None:
    assert written("image/png", "iVBORw==", "Base64!") == ("image/png", b"\x89PNG")
    assert written("image/*", "AA==", "Base64!") == ("application/octet-stream", b"\x00")
    assert written("*/*", "AA==", "Base64!") == ("application/octet-stream", b"\x00")
    assert written("text/plain; charset=utf-8", "é", "String!") == ("text/plain; charset=utf-8", "é".encode())
    assert written("application/xml", "<a/>", "String") == ("application/xml", b"<a/>")


@pytest.mark.parametrize("value", ["é", "AA", "A===", "AA==\n"])
def test_what_is_not_base64_is_refused(value: str) -> None:
    with pytest.raises(ArgumentError, match="not base64"):
        written("image/png", value, "Base64!")
