"""Documents made to cost: what they name is looked at once, whatever they spread, and answered in bounded steps."""

import gc
import sys
from typing import Any, Self

import msgspec
import pytest
from graphql import GraphQLError, parse, validate
from graphql.execution import collect_fields
from msgspec import Raw

from supergraph.plan import Plan
from supergraph.requests.errors import ArgumentError
from supergraph.scope import named_fields, scoped_schema
from supergraph.slice import (
    Answer,
    Argument,
    Binding,
    EnumType,
    EnumValue,
    Field,
    Member,
    ObjectType,
    Operation,
    Slice,
    Type,
    UnionType,
)
from supergraph.types import SliceTypes
from tests.engine.operation import answer, fetch, get, only, plan, post


def spread(levels: int, body: str) -> str:
    """Fragments of which each spreads the next: ``body`` says where."""
    fragments = [
        f"fragment F{level} on CityLot {{ id {body.replace('...', f'...F{level + 1}')} }}" for level in range(levels)
    ]
    return "\n".join([*fragments, f"fragment F{levels} on CityLot {{ id }}"])


class Calls:
    """Counts how often Python enters a function of a module."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.count = 0

    def __enter__(self) -> Self:
        sys.setprofile(self._see)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _see(self, frame: Any, event: str, _argument: Any) -> None:
        self.count += event == "call" and frame.f_code.co_name in self.names


def test_fragments_that_spread_each_other_are_planned_once() -> None:
    for body in ("next { ... } lots { ... }", "next { ... } b: next { ... }", "lots { ... ... }"):
        text = f"{{ city {{ lot {{ ...F0 }} }} }}\n{spread(40, body)}"
        with Calls("collect_subfields", "_struct", "_exactly") as calls:
            made = plan(text, get("lot", "CityLot"))
            assert made.variant({}).fetches[0].read(answer(b'{"id": "x"}'))
        assert calls.count < 1000


def test_unions_that_hold_each_other_are_planned_once() -> None:
    members = ("CityA", "CityB")
    union = UnionType(name="CityU", discriminator="t", members=tuple(Member(type=one, tags=(one,)) for one in members))
    objects: list[Type] = [ObjectType(name=one, fields=(Field(name="u", type="CityU", source="u"),)) for one in members]
    types = SliceTypes(
        Slice(service="city", types={one.name: one for one in [union, *objects]}, operations=(get("u", "CityU"),))
    )
    fragments = [
        f"fragment F{n} on CityU {{ ... on CityA {{ a: u {{ ...F{n + 1} }} }} ... on CityB {{ u {{ ...F{n + 1} }} }} }}"
        for n in range(30)
    ]
    text = "\n".join(["{ city { u { ...F0 } } }", *fragments, "fragment F30 on CityU { __typename }"])
    document = parse(text)
    schema = scoped_schema([types], named_fields(document))
    operation: Any = document.definitions[0]
    with Calls("collect_subfields", "_struct") as calls:
        one = Plan(schema, document, operation, {"city": types}).variant({}).fetches[0]
        body = b'{"t": "CityA", "u": {"t": "CityB", "u": {"t": "CityA"}}}'
        assert one.read(answer(body)) == (b'{"a":{"u":{"a":null}}}', [])
    assert calls.count < 1000


def test_the_names_of_a_document_are_gathered_in_one_walk() -> None:
    count = 60
    roots = " ".join(f"r{n}: city {{ ...S }}" for n in range(count))
    second = " ".join(f"s{n}: lot {{ ...T }}" for n in range(count))
    third = " ".join(f"t{n}: id" for n in range(count))
    document = parse(f"{{ {roots} }} fragment S on CityQuery {{ {second} }} fragment T on CityLot {{ {third} }}")
    with Calls("_fields") as calls:  # a generator is entered for each of its fields
        assert named_fields(document) == {"query": {"city": {"lot": {"id"}}}}
    assert calls.count < 20 * count


def test_places_are_found_without_reading_the_document_again() -> None:
    text = "{ city { lot {" + " ".join(f"a{n}: id" for n in range(2000)) + "} } }"
    with Calls("get_location") as calls:
        _, errors = plan(text, get("lot", "CityLot")).variant({}).fetches[0].read(answer(b'{"id": []}'))
    assert calls.count == 0
    assert errors[0]["locations"] == [{"line": 1, "column": text.index("a0") + 1}]


def test_plans_are_given_back_to_the_memory() -> None:
    def made() -> int:
        for number in range(100):
            fetch(f"{{ a{number}: id kind owner {{ ... on CityPerson {{ name }} }} }}")
        gc.collect()
        return sum(1 for one in gc.get_objects() if isinstance(one, type) and issubclass(one, msgspec.Struct))

    made()  # fills typing's caches, which are of bounded size
    before = made()
    assert made() < before + 20  # each time makes hundreds


def test_variants_are_limited() -> None:
    names = [f"b{number}" for number in range(7)]
    variables = ", ".join(f"${name}: Boolean!" for name in names)
    selected = " ".join(f"{name}: id @include(if: ${name})" for name in names)
    one = plan(f"query ({variables}) {{ city {{ lot {{ {selected} }} }} }}", get("lot", "CityLot"))
    for number in range(128):
        values = {name: bool(number >> bit & 1) for bit, name in enumerate(names)}
        (chunk,) = one.variant(values).fetches
        assert one.variant(values).fetches[0] is chunk
        value = msgspec.json.decode(chunk.read(answer(b'{"id": "x"}'))[0])
        assert list(value) == [name for name in names if values[name]]
    assert len(one._variants) <= 32


def test_a_condition_that_is_null_is_an_error() -> None:
    text = "query ($b: Boolean = true) { city { lot { id @include(if: $b) } } }"
    one = plan(text, get("lot", "CityLot"))
    values, errors = one.variables.coerce(Raw(b'{"b": null}'))
    assert (values, errors) == ({"b": None}, [])
    with pytest.raises(GraphQLError, match="to provide a runtime value"):
        one.variant(values)


def test_an_argument_nested_too_deeply_is_refused() -> None:
    argument = Argument(name="a", type="JSON", source="a", place="query", style="json")
    one = plan("query ($a: JSON) { city { lot(a: $a) { id } } }", get("lot", "CityLot", arguments=(argument,)))
    nested: Any = None
    for _ in range(3000):
        nested = [nested]
    with pytest.raises(ArgumentError, match="too deeply"):
        one.variant({}).fetches[0].request({"a": nested})


@pytest.mark.parametrize("tag", ["[]", "{}", "1", "null", "true", '"p', "1e999"])
def test_any_tag_is_answered(tag: str) -> None:
    one = fetch("{ owner { ... on CityPerson { name } ... on CityFirm { size } } }")
    value, errors = one.read(answer(f'{{"id": "x", "owner": {{"t": {tag}}}}}'.encode()))
    assert value in {b'{"owner":null}', b"null"}
    assert only(errors)["path"][:2] == ["city", "lot"]


def test_a_lone_tag_is_asked_for_too() -> None:
    union = UnionType(name="CityU", discriminator="t", members=(Member(type="CityA", tags=("a",)),))
    object_ = ObjectType(name="CityA", fields=(Field(name="x", type="Int!", source="x"),))
    operation = get("u", "CityU")
    types = SliceTypes(Slice(service="city", types={"CityU": union, "CityA": object_}, operations=(operation,)))
    document = parse("{ city { u { ... on CityA { __typename } } } }")
    schema = scoped_schema([types], named_fields(document))
    definition: Any = document.definitions[0]
    one = Plan(schema, document, definition, {"city": types}).variant({}).fetches[0]
    assert one.read(answer(b'{"t": "a"}'))[0] == b'{"__typename":"CityA"}'
    assert one.read(answer(b'{"x": 1}'))[0] == b'{"__typename":"CityA"}'
    assert only(one.read(answer(b"{}"))[1])["message"].startswith("Abstract type 'CityU' must resolve to")


@pytest.mark.parametrize("values", [(1, True, 1.0), (True, 1), (2**63,), (-(2**63),), (0.5,), ("a", 1), (None, "a")])
def test_any_values_make_an_enum(values: tuple[Any, ...]) -> None:
    items = tuple(EnumValue(name=f"V{index}", source=value) for index, value in enumerate(values))
    operation = get("e", "[CityE]")
    types = SliceTypes(
        Slice(service="city", types={"CityE": EnumType(name="CityE", values=items)}, operations=(operation,))
    )
    document = parse("{ city { e } }")
    schema = scoped_schema([types], named_fields(document))
    definition: Any = document.definitions[0]
    one = Plan(schema, document, definition, {"city": types}).variant({}).fetches[0]
    value, errors = one.read(answer(msgspec.json.encode(values)))
    assert errors == []
    core: Any = types.named("CityE")
    assert msgspec.json.decode(value) == [item if item is None else core.coerce_output_value(item) for item in values]


def test_scope_keeps_a_group_of_which_only_the_type_is_asked() -> None:
    operation = post("pay", "CityLot", group="cash")
    one = plan("mutation { city { cash { __typename } } }", operation)
    assert one.variant({}).chunks == [b'{"city":{"cash":{"__typename":"CityCashMutation"}}}']


def test_a_service_without_a_selection_is_told_so() -> None:
    types = SliceTypes(Slice(service="city", types={}, operations=(get("up", "Boolean"),)))
    document = parse("{ city }")
    (error,) = validate(scoped_schema([types], named_fields(document)), document)
    assert "must have a selection" in error.message


def test_a_success_that_no_answer_documents_is_null() -> None:
    binding = Binding(method="DELETE", path="/x", answers=())
    one = fetch("", Operation(name="x", kind="query", type="Boolean", binding=binding))
    assert one.read(answer(b"{}")) == (b"null", [])
    other = fetch("", get("x", "Boolean", Answer("201", "empty", "Boolean")))
    assert other.read(answer(b"", 200)) == (b"true", [])


def test_what_the_engine_leans_on_is_there() -> None:
    """Parts of graphql-core that are not its public interface, and one property of msgspec's Structs."""
    assert callable(collect_fields.collect_subfields)
    one, other = (msgspec.defstruct(name, [("f0", Any)], gc=False) for name in ("A", "B"))
    value: Any = one(1)
    value.__class__ = other
    assert msgspec.json.encode(value) == b'{"f0":1}'
