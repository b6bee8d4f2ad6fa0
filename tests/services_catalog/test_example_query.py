"""The query that a publication shows works, whatever the slice; and simple slices have one."""

from typing import Any

import msgspec
import pytest
from graphql import parse, validate
from hypothesis import given, settings

from services_catalog.example_query import example_query
from supergraph.scope import named_fields, scoped_schema
from supergraph.slice import (
    Argument,
    Binding,
    Field,
    Member,
    ObjectType,
    Operation,
    PrivacyRule,
    Slice,
    Type,
    UnionType,
)
from supergraph.types import SliceTypes
from tests.engine.slices import slices


def slice_of(*types: Type, **operation: Any) -> Slice:
    plain = Operation(name="lots", kind="query", type="Lot", binding=Binding(method="GET", path="/", answers=()))
    changed = msgspec.structs.replace(plain, **operation)
    return Slice(service="parking", types={type_.name: type_ for type_ in types}, operations=(changed,))


def an_object(name: str, **fields: str) -> ObjectType:
    return ObjectType(name=name, fields=tuple(Field(name=key, type=type_, source=key) for key, type_ in fields.items()))


REQUIRED = Argument(name="id", type="Int!", source="id", place="query")
GUARDED = Field(name="owner", type="String", source="owner", privacy=PrivacyRule("sensitive"))
UNION_EXAMPLE = "{ parking { lots { __typename } } }"
OPTIONAL = Argument(name="limit", type="Int", source="limit", place="query")


@pytest.mark.parametrize(
    ("slice_", "expected"),
    [
        (slice_of(an_object("Lot", a="Int", b="[String!]!")), "{ parking { lots { a b } } }"),
        (slice_of(an_object("Lot", **dict.fromkeys("abcdefg", "Int"))), "{ parking { lots { a b c d e } } }"),
        (slice_of(an_object("Lot", p="Place"), an_object("Place", x="Int")), "{ parking { lots { p { x } } } }"),
        (slice_of(an_object("Lot", p="Lot")), ""),
        (
            slice_of(ObjectType(name="Lot", fields=(GUARDED, *an_object("", a="Int").fields))),
            "{ parking { lots { a } } }",
        ),
        (slice_of(ObjectType(name="Lot", fields=(GUARDED,))), ""),
        (slice_of(UnionType(name="Lot", members=(Member("A"),)), an_object("A", x="Int")), UNION_EXAMPLE),
        (slice_of(type="Int", group="search"), "{ parking { search { lots } } }"),
        (slice_of(type="JSON", arguments=(OPTIONAL,)), "{ parking { lots } }"),
        (slice_of(type="Int", arguments=(REQUIRED,)), ""),
        (slice_of(type="Int", kind="mutation"), ""),
    ],
)
def test_an_example(slice_: Slice, expected: str) -> None:
    assert example_query(slice_) == expected


@settings(max_examples=100)
@given(slices())
def test_every_example_is_valid(slice_: Slice) -> None:
    query = example_query(slice_)
    if query:
        document = parse(query)
        assert validate(scoped_schema([SliceTypes(slice_)], named_fields(document)), document) == []
