"""What the compiled codec reads by itself, so that the exact walk stays the exception; and what it must leave alone."""

import pytest

from supergraph.codec import Codec, Inexact
from tests.engine.operation import answer, fetch

LOT = b"""{"id": "x", "bays": 3, "price": 2, "open": true, "number": 123456789012345678901234567890, "lot-kind": "a-b",
    "raw": {"a": [1, null]}, "tags": {"ev": 1}, "owner": {"t": "pp", "name": "Li"}, "lots": [{"id": "y"}],
    "next": {"id": "z", "raw": null}, "__typename": "Theirs", "more": [1]}"""


def codec(selection: str) -> Codec:
    form = fetch(selection)._reader._find(200)
    assert form is not None
    assert form.codec is not None
    return form.codec


@pytest.mark.parametrize(
    ("selection", "value"),
    [
        ("{ id bays open }", '{"id":"x","bays":3,"open":true}'),
        ("{ price }", '{"price":2.0}'),
        ("{ number }", '{"number":123456789012345678901234567890}'),
        ("{ raw }", '{"raw":{"a": [1, null]}}'),
        ("{ next { raw next { id } tags { key } } }", '{"next":{"raw":null,"next":null,"tags":null}}'),
        ("{ kind k: kind }", '{"kind":"A_B","k":"A_B"}'),
        ("{ a: id b: id id }", '{"a":"x","b":"x","id":"x"}'),
        ("{ bays: id id: bays }", '{"bays":"x","id":3}'),
        ("{ t: __typename id }", '{"t":"CityLot","id":"x"}'),
        ("{ tags { key value __typename } }", '{"tags":[{"key":"ev","value":1,"__typename":"CityTag"}]}'),
        ("{ lots { i: id } }", '{"lots":[{"i":"y"}]}'),
        ("{ lots { id } l: lots { bays } }", '{"lots":[{"id":"y"}],"l":[{"bays":null}]}'),
        ("{ odd }", '{"odd":null}'),
        (
            "{ owner { __typename ... on CityPerson { name kind: t } ... on CityFirm { size } } }",
            '{"owner":{"__typename":"CityPerson","name":"Li","kind":"pp"}}',
        ),
    ],
)
def test_what_fits_is_read_by_the_codec(selection: str, value: str) -> None:
    assert codec(selection)(LOT).decode() == value


@pytest.mark.parametrize(
    ("selection", "body"),
    [
        ("{ id }", b'{"id": 1}'),
        ("{ id }", b"{}"),
        ("{ id }", b"[]"),
        ("{ bays }", b'{"bays": 2147483648}'),
        ("{ bays }", b'{"bays": 1.0}'),
        ("{ bays }", b'{"bays": true}'),
        ("{ price }", b'{"price": 9007199254740993}'),
        ("{ price }", b'{"price": "1"}'),
        ("{ kind }", b'{"lot-kind": "A_B"}'),
        ("{ raw }", b'{"raw": "\xff"}'),
        ("{ __typename }", b'{"__typename": "Theirs"}'),
        ("{ tags { key value } }", b'{"tags": {"a": "1"}}'),
        ("{ owner { __typename } }", b'{"owner": {"t": "?"}}'),
        ("{ owner { __typename } }", b'{"owner": {"t": "p", "t": "f", "size": 1}}'),
        ("{ id }", b"null null"),
        ("{ id }", b"[" * 100_000),
    ],
)
def test_what_does_not_fit_is_left_to_the_walk(selection: str, body: bytes) -> None:
    with pytest.raises(Inexact):
        codec(selection)(body)


@pytest.mark.parametrize(
    "digits", ["2.50", "0.1000000000000000055511151231257827", "1e3", "12345678901234567890", "-0.0"]
)
def test_decimals_keep_the_digits_that_came(digits: str) -> None:
    exact = codec("{ exact }")
    assert exact(f'{{"exact": {digits}}}'.encode()).decode() == f'{{"exact":"{digits}"}}'
    assert exact(f'{{"exact": "{digits}"}}'.encode()).decode() == f'{{"exact":"{digits}"}}'
    value, errors = fetch("{ exact raw bays }").read(
        answer(f'{{"exact": {digits}, "raw": [1.5], "bays": "x"}}'.encode())
    )
    assert value.decode() == f'{{"exact":"{digits}","raw":[1.5],"bays":null}}'
    assert len(errors) == 1


@pytest.mark.parametrize("wrong", ["true", "[]", "1e999"])
def test_what_is_no_decimal_is_left_to_the_walk(wrong: str) -> None:
    with pytest.raises(Inexact):
        codec("{ exact }")(f'{{"exact": {wrong}}}'.encode())
    assert len(fetch("{ exact }").read(answer(f'{{"exact": {wrong}}}'.encode()))[1]) == 1


def test_null_is_read_by_the_codec() -> None:
    assert codec("{ id }")(b" null ") == b"null"
