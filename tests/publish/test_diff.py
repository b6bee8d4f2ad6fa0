"""The comparison of two slices: by examples, and against graphql-core's own judgement of generated pairs."""

import re
from typing import Any

import msgspec
import pytest
from graphql import GraphQLSchema, build_schema
from graphql.utilities import find_schema_changes
from hypothesis import given, settings
from hypothesis import strategies as st

from supergraph.diff import Change, breaking, compare
from supergraph.slice import (
    Access,
    Argument,
    Binding,
    EnumType,
    EnumValue,
    Field,
    InputField,
    InputType,
    Member,
    ObjectType,
    Operation,
    PrivacyRule,
    Slice,
    Type,
    UnionType,
)

OBJECTS, INPUTS, ENUMS, UNIONS = ("A", "B", "C"), ("In", "Deep"), ("Color", "Size"), ("Either",)


def operation(name: str, type_: str = "Lot", **more: Any) -> Operation:
    binding = Binding(method="GET", path=f"/{name}", answers=())
    plain = Operation(name=name, kind="query", type=type_, binding=binding, source=name)
    return msgspec.structs.replace(plain, **more)


def argument(name: str, type_: str) -> Argument:
    return Argument(name=name, type=type_, source=name, place="query")


def fields(**types: str) -> tuple[Field, ...]:
    return tuple(Field(name=name, type=type_, source=name) for name, type_ in types.items())


def slice_of(*operations: Operation, types: tuple[Type, ...] = ()) -> Slice:
    return Slice(service="parking", operations=operations, types={type_.name: type_ for type_ in types})


LOT = ObjectType(name="Lot", fields=fields(name="String!", free="Int", state="State"))
STATE = EnumType(name="State", values=(EnumValue(name="OPEN", source="open"), EnumValue(name="SHUT", source="shut")))
PARKING = slice_of(
    operation("lots", "[Lot!]", arguments=(argument("limit", "Int"), argument("near", "Point"))),
    types=(LOT, STATE, InputType(name="Point", fields=(InputField(name="lat", type="Float!", source="lat"),))),
)


def changed(**types: Type) -> Slice:
    return msgspec.structs.replace(PARKING, types=PARKING.types | types)


def only(changes: list[Change]) -> tuple[str, str, str]:
    (change,) = changes
    return change.kind, change.level, change.path


def test_a_field_for_fewer_people_breaks_and_one_for_more_does_not() -> None:
    free = [msgspec.structs.replace(each, privacy=PrivacyRule("sensitive")) for each in LOT.fields]
    guarded = changed(Lot=msgspec.structs.replace(LOT, fields=(LOT.fields[0], free[1], LOT.fields[2])))
    (change,) = compare(PARKING, guarded)
    assert only([change]) == ("field-access", "breaking", "Lot.free")
    assert change.message == "The field is now for residents known at L3 or above."
    assert only(compare(guarded, PARKING)) == ("field-access", "safe", "Lot.free")


def test_a_cost_that_changes_is_said() -> None:
    dearer = msgspec.structs.replace(PARKING, operations=(msgspec.structs.replace(PARKING.operations[0], cost=2),))
    assert only(compare(PARKING, dearer)) == ("operation-cost", "dangerous", "Query.parking.lots")
    assert compare(PARKING, dearer)[0].message.startswith("A call now costs 2; it cost 1. ")


def test_the_same_slice_has_no_changes() -> None:
    assert compare(PARKING, PARKING) == []


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (slice_of(types=()), ("operation-removed", "breaking", "Query.parking.lots")),
        (
            msgspec.structs.replace(PARKING, operations=(*PARKING.operations, operation("gates", "Int"))),
            ("operation-added", "safe", "Query.parking.gates"),
        ),
        (
            changed(Lot=msgspec.structs.replace(LOT, fields=fields(name="String!", state="State"))),
            ("field-removed", "breaking", "Lot.free"),
        ),
        (
            changed(Lot=msgspec.structs.replace(LOT, fields=fields(name="String", free="Int", state="State"))),
            ("field-type", "breaking", "Lot.name"),
        ),
        (
            changed(Lot=msgspec.structs.replace(LOT, fields=fields(name="String!", free="Int!", state="State"))),
            ("field-type", "safe", "Lot.free"),
        ),
        (
            changed(State=msgspec.structs.replace(STATE, values=STATE.values[:1])),
            ("value-removed", "breaking", "State.SHUT"),
        ),
        (
            changed(State=msgspec.structs.replace(STATE, values=(*STATE.values, EnumValue(name="FULL", source="f")))),
            ("value-added", "dangerous", "State.FULL"),
        ),
        (
            changed(Point=InputType(name="Point", fields=(InputField(name="lat", type="Float", source="lat"),))),
            ("input-field-type", "safe", "Point.lat"),
        ),
        (
            changed(State=ObjectType(name="State", fields=fields(open="Boolean"))),
            ("type-kind", "breaking", "State"),
        ),
    ],
)
def test_one_change(new: Slice, expected: tuple[str, str, str]) -> None:
    assert only(compare(PARKING, new)) == expected


@pytest.mark.parametrize(
    ("before", "after", "level"),
    [("Int", "Int!", "breaking"), ("Int!", "Int", "safe"), ("Int", "[Int]", "breaking"), ("[Int!]", "[Int]", "safe")],
)
def test_what_arguments_accept_may_only_widen(before: str, after: str, level: str) -> None:
    old = slice_of(operation("lots", "Int", arguments=(argument("limit", before),)))
    new = slice_of(operation("lots", "Int", arguments=(argument("limit", after),)))
    assert only(compare(old, new)) == ("argument-type", level, "Query.parking.lots(limit:)")


@pytest.mark.parametrize(
    ("after", "target"),
    [
        (operation("lots", kind="mutation"), "Mutation.parking.lots"),
        (operation("lots", group="search"), "Query.parking.search.lots"),
        (operation("places", source="lots"), "Query.parking.places"),
    ],
)
def test_a_move_is_one_breaking_change_that_says_where_it_went(after: Operation, target: str) -> None:
    (change,) = compare(slice_of(operation("lots")), slice_of(after))
    assert (change.kind, change.level, change.path) == ("operation-moved", "breaking", "Query.parking.lots")
    assert target in change.message


def test_what_no_operation_reaches_breaks_nobody() -> None:
    lonely = ObjectType(name="Lonely", fields=fields(a="Int"))
    assert compare(changed(Lonely=lonely), PARKING) == []


def test_a_new_value_of_an_enum_that_is_only_given_is_safe() -> None:
    old = slice_of(operation("lots", "Int", arguments=(argument("state", "State"),)), types=(STATE,))
    more = msgspec.structs.replace(STATE, values=(*STATE.values, EnumValue(name="FULL", source="f")))
    new = msgspec.structs.replace(old, types={"State": more})
    assert only(compare(old, new)) == ("value-added", "safe", "State.FULL")


def test_a_deprecation_is_told() -> None:
    new = slice_of(operation("lots", deprecated="use gates"))
    assert compare(slice_of(operation("lots")), new)[0].message == "Now deprecated: use gates"


# The oracle.


def references(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    wrapping = st.sampled_from(("{}", "{}!", "[{}]", "[{}!]!", "[[{}]!]"))
    return st.builds(str.format, wrapping, st.sampled_from(names))


def some(names: tuple[str, ...], least: int = 1) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=least, unique=True)


@st.composite
def slices(draw: st.DrawFn) -> Slice:
    answers, given_ = references(("Int", "String", *OBJECTS, *ENUMS, *UNIONS)), references(("Int", *INPUTS, *ENUMS))
    types: dict[str, Type] = {}
    for name in OBJECTS:
        types[name] = ObjectType(name=name, fields=fields(**{each: draw(answers) for each in draw(some(("x", "y")))}))
    for name in INPUTS:
        given_fields = (InputField(name=each, type=draw(given_), source=each) for each in draw(some(("x", "y"))))
        types[name] = InputType(name=name, fields=tuple(given_fields), kind=draw(st.sampled_from(("object", "one_of"))))
    for name in ENUMS:
        types[name] = EnumType(name=name, values=tuple(EnumValue(name=e, source=e) for e in draw(some(("V", "W")))))
    for name in UNIONS:
        types[name] = UnionType(name=name, members=tuple(Member(type=each) for each in draw(some(OBJECTS))))
    operations = [
        operation(
            each,
            draw(answers).removesuffix("!"),
            kind=draw(st.sampled_from(("query", "query", "mutation"))),
            group=draw(st.sampled_from(("", "", "g"))),
            arguments=tuple(argument(name, draw(given_)) for name in draw(some(("p", "q"), least=0))),
        )
        for each in draw(some(("lots", "gates")))
    ]
    return slice_of(*operations, types=tuple(types.values()))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Slice, Slice]:
    """Two slices that have most in common: parts of a second are put into the first."""
    old, other = draw(slices()), draw(slices())
    chosen = draw(some((*OBJECTS, *INPUTS, *ENUMS, *UNIONS), least=0))
    types = old.types | {name: other.types[name] for name in chosen}
    operations = draw(st.sampled_from((old.operations, other.operations)))
    return old, msgspec.structs.replace(old, types=types, operations=operations)


def sdl(slice_: Slice) -> str:
    """One flat field an operation, so that coordinates translate one to one."""
    lines = []
    for type_ in slice_.types.values():
        if isinstance(type_, UnionType):
            lines.append(f"union {type_.name} = {' | '.join(member.type for member in type_.members)}")
        elif isinstance(type_, EnumType):
            lines.append(f"enum {type_.name} {{ {' '.join(value.name for value in type_.values)} }}")
        else:
            keyword = "type" if isinstance(type_, ObjectType) else "input"
            lines.append(f"{keyword} {type_.name} {{ {' '.join(f'{f.name}: {f.type}' for f in type_.fields)} }}")
    for root in ("Query", "Mutation"):
        lines.append(f"type {root} {{ _: Int")
        for each in slice_.operations:
            if each.kind == root.lower():
                arguments = ", ".join(f"{a.name}: {a.type}" for a in each.arguments)
                name = "__".join(filter(None, ("parking", each.group, each.name)))
                lines.append(f"  {name}{f'({arguments})' if arguments else ''}: {each.type}")
        lines.append("}")
    return "\n".join(lines)


def reached(slice_: Slice) -> GraphQLSchema:
    full = build_schema(sdl(slice_), assume_valid=True)
    return GraphQLSchema(query=full.query_type, mutation=full.mutation_type, assume_valid=True)


def judged_by_graphql_core(old: Slice, new: Slice) -> tuple[set[str], bool]:
    """The coordinates that break, and whether a type is gone."""
    paths, type_gone = set(), False
    for change in find_schema_changes(reached(old), reached(new)):
        if type(change).__name__ != "BreakingChange":
            continue
        text = change.description.replace("__", ".")
        if change.type.name == "TYPE_REMOVED":
            type_gone = True
        elif change.type.name == "TYPE_REMOVED_FROM_UNION":
            paths.add(re.sub(r"^(\w+) was removed from union type (\w+)\.$", r"\2.\1", text))
        elif change.type.name == "TYPE_CHANGED_KIND":
            paths.add(text.split(" ", 1)[0])
        else:
            found = re.search(r"[A-Z]\w*(\.\w+)+(\(\w+:\))?", text)
            assert found, text
            paths.add(found[0])
    return paths, type_gone


@settings(max_examples=100)
@given(pairs())
def test_graphql_core_agrees_on_what_breaks(pair: tuple[Slice, Slice]) -> None:
    old, new = pair
    ours = {change.path for change in breaking(compare(old, new)) if change.kind != "input-one-of"}
    theirs, type_gone = judged_by_graphql_core(old, new)
    assert ours == theirs
    assert ours or not type_gone  # whatever led to a type that is gone is listed


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        (Access("public"), Access(), "breaking"),
        (Access("L2"), Access("L3"), "breaking"),
        (Access("L3"), Access("L1"), "safe"),
        (Access(), Access(scope="health"), "breaking"),
        (Access(), Access(consent="health-records"), "breaking"),
        (Access(scope="health"), Access(), "safe"),
        (Access(), Access(purpose="booking"), "safe"),
    ],
)
def test_an_operation_that_demands_more_breaks_who_uses_it(old: Access, new: Access, level: str) -> None:
    (change,) = compare(slice_of(operation("lots", access=old)), slice_of(operation("lots", access=new)))
    assert (change.kind, change.level, change.path) == ("operation-access", level, "Query.parking.lots")
