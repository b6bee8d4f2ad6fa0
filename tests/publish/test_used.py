"""Whom a change breaks: a document that was valid and no longer is uses what some change has broken."""

from typing import Any

import msgspec
import pytest
from graphql import GraphQLSchema, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from supergraph.diff import breaking, compare
from supergraph.scalars import ALL_SCALARS
from supergraph.scope import scoped_schema
from supergraph.slice import EnumType, InputField, InputType, ObjectType, Slice, UnionType, named
from supergraph.types import SliceTypes
from supergraph.used import Used, breaks, used
from tests.publish.test_diff import LOT, PARKING, STATE, argument, changed, fields, operation, pairs, slice_of


def schema_of(slice_: Slice) -> GraphQLSchema:
    return scoped_schema([SliceTypes(slice_, ALL_SCALARS)], None)


def uses(document: str, slice_: Slice = PARKING) -> Used:
    schema, parsed = schema_of(slice_), parse(document)
    assert validate(schema, parsed) == []
    return used(schema, parsed, [slice_])


def broken(document: str, new: Slice, old: Slice = PARKING) -> list[str]:
    return [change.path for change in compare(old, new) if breaks(change, uses(document, old))]


def test_what_a_document_uses_has_the_names_of_changes() -> None:
    found = uses("query ($near: Point) { parking { lots(limit: 1, near: $near) { name state } } }")
    assert found.coordinates == {
        "Query.parking",
        "Query.parking.lots",
        "Query.parking.lots(limit:)",
        "Query.parking.lots(near:)",
        "Lot.name",
        "Lot.state",
        "Point.lat",
    }
    assert found.types == {"ParkingQuery", "Lot", "Point"}


LESS = changed(Lot=msgspec.structs.replace(LOT, fields=fields(name="String!", state="State")))
MORE_DEMANDED = slice_of(
    operation("lots", "[Lot!]", arguments=(*PARKING.operations[0].arguments, argument("day", "Int!"))),
    types=tuple(PARKING.types.values()),
)
POINT = InputType(
    name="Point",
    fields=(InputField(name="lat", type="Float!", source="lat"), InputField(name="lng", type="Float!", source="lng")),
)


@pytest.mark.parametrize(
    ("document", "new", "expected"),
    [
        ("{ parking { lots { free } } }", LESS, ["Lot.free"]),
        ("{ parking { lots { name } } }", LESS, []),
        (
            "{ parking { ...A } } fragment A on ParkingQuery { lots { ...B } } fragment B on Lot { free }",
            LESS,
            ["Lot.free"],
        ),
        ("{ parking { lots { name } } }", MORE_DEMANDED, ["Query.parking.lots(day:)"]),
        ("{ parking { lots(near: {lat: 1}) { name } } }", changed(Point=POINT), ["Point.lng"]),
        ("query ($p: Point) { parking { lots(near: $p) { name } } }", changed(Point=POINT), ["Point.lng"]),
        ("{ parking { lots { name } } }", changed(Point=POINT), []),
    ],
)
def test_only_who_uses_what_breaks_is_named(document: str, new: Slice, expected: list[str]) -> None:
    assert broken(document, new) == expected


def test_a_value_breaks_who_gives_it_or_may_give_it() -> None:
    old = slice_of(operation("lots", "Int", arguments=(argument("state", "State"),)), types=(STATE,))
    new = msgspec.structs.replace(old, types={"State": msgspec.structs.replace(STATE, values=STATE.values[:1])})
    assert broken("{ parking { lots(state: SHUT) } }", new, old) == ["State.SHUT"]
    assert broken("{ parking { lots(state: OPEN) } }", new, old) == []
    assert broken("query ($s: State) { parking { lots(state: $s) } }", new, old) == ["State.SHUT"]


# The oracle.


@st.composite
def documents(draw: st.DrawFn, slice_: Slice) -> str:
    """A valid document over one operation of a slice."""
    chosen = draw(st.sampled_from(slice_.operations))
    variables: list[str] = []
    given_: list[str] = []
    for each in chosen.arguments:
        if each.type.endswith("!") or draw(st.booleans()):
            if draw(st.booleans()):
                variables.append(f"$v{len(variables)}: {each.type}")
                given_.append(f"{each.name}: $v{len(variables) - 1}")
            else:
                literal = draw(literals(slice_, each.type, 0))
                given_.append(f"{each.name}: {literal}")
    arguments = f"({', '.join(given_)})" if given_ else ""
    field = chosen.name + arguments + draw(selections(slice_, named(chosen.type), 0))
    field = f"{chosen.group} {{ {field} }}" if chosen.group else field
    declared = f"({', '.join(variables)})" if variables else ""
    return f"{chosen.kind} Q{declared} {{ parking {{ {field} }} }}"


def selections(slice_: Slice, type_: str, depth: int) -> st.SearchStrategy[str]:
    known = slice_.types.get(type_)
    if isinstance(known, ObjectType):
        if depth > 2:
            return st.just(" { __typename }")
        inner = [st.builds(f"{f.name}{{}}".format, selections(slice_, named(f.type), depth + 1)) for f in known.fields]
        return st.lists(st.one_of(inner), min_size=1, max_size=2, unique_by=lambda text: text.split(" ")[0]).map(
            lambda found: f" {{ {' '.join(found)} }}"
        )
    if isinstance(known, UnionType):
        if depth > 2:
            return st.just(" { __typename }")
        return st.sampled_from(known.members).flatmap(
            lambda member: selections(slice_, member.type, depth + 1).map(
                lambda inner: f" {{ ... on {member.type}{inner} }}"
            )
        )
    return st.just("")


@st.composite
def literals(draw: st.DrawFn, slice_: Slice, type_: str, depth: int) -> str:
    if not type_.endswith("!") and (depth > 3 or draw(st.booleans())):
        return "null"
    bare = type_.removesuffix("!")
    if bare.startswith("["):
        inner = bare[1:-1]
        return f"[{draw(literals(slice_, inner, depth + 1))}]" if depth < 3 else "[]"
    known = slice_.types.get(bare)
    if isinstance(known, EnumType):
        return draw(st.sampled_from([each.name for each in known.values]))
    if isinstance(known, InputType):
        chosen = known.fields[:1] if known.kind == "one_of" else known.fields
        if depth > 3:
            return "{}"
        values: list[str] = []
        for each in chosen:
            wanted = f"{each.type.removesuffix('!')}!" if known.kind == "one_of" else each.type
            values.append(f"{each.name}: {draw(literals(slice_, wanted, depth + 1))}")
        return f"{{{', '.join(values)}}}"
    return "1" if bare == "Int" else '"a"'


@settings(max_examples=150)
@given(pairs(), st.data())
def test_whatever_stops_being_valid_uses_what_has_broken(pair: tuple[Slice, Slice], data: Any) -> None:
    old, new = pair
    before = schema_of(old)
    document = parse(data.draw(documents(old)))
    if validate(before, document) or not validate(schema_of(new), document):
        return
    found = used(before, document, [old])
    assert any(breaks(change, found) for change in breaking(compare(old, new)))
