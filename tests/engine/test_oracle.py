"""The engine against graphql-core on generated slices, operations and answers: same data, key order and errors.

``YIWANG_ORACLE_EXAMPLES=50000 pytest tests/engine/test_oracle.py`` tries that many examples of each property instead
of the usual number.
"""

import os
from collections import Counter

import msgspec
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from supergraph.slice import EnumType, Slice, UnionType
from tests.engine.documents import DocumentMaker
from tests.engine.oracle import Answered, assert_same, by_engine, by_graphql_core, case
from tests.engine.slices import Draw, chance, pick, slices
from tests.engine.values import AnswerMaker, as_json, variable_value

_CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def examples(usual: int) -> settings:
    count = int(os.environ.get("YIWANG_ORACLE_EXAMPLES", usual))
    return settings(max_examples=count, suppress_health_check=_CHECKS)


class Asked(msgspec.Struct):
    """A generated operation with its departments' answers and its variables."""

    slices: list[Slice]
    text: str
    answers: dict[str, bytes]
    variables: bytes


@st.composite
def asked(
    draw: Draw, services: tuple[str, ...] = ("bus",), *, arguments: bool = False, wild: int | None = None
) -> Asked:
    made = [draw(slices(service, arguments=arguments)) for service in services]
    maker = DocumentMaker(draw, made, pick(draw, ("query", "query", "mutation")) if len(made) > 1 else "query")
    text = maker.text()
    wildness = pick(draw, (0, 4, 12, 25)) if wild is None else wild
    answers = {
        key: as_json(draw, AnswerMaker(draw, made[index], wildness).value(type_))
        for key, (index, type_) in maker.called.items()
    }
    variables = {
        name: draw(st.booleans()) if type_ == "Boolean!" else variable_value(draw, maker._owner(type_), type_)
        for name, (type_, _) in maker.variables.items()
        if type_ == "Boolean!" or not chance(draw, 8)
    }
    return Asked(made, text, answers, msgspec.json.encode(variables))


def answer(asked: Asked) -> Answered:
    """Answer in all three ways, which must agree; return the engine's answer."""
    this = case(asked.slices, asked.text)
    engine = by_engine(this, asked.answers, asked.variables)
    expected = by_graphql_core(this, asked.answers, asked.variables)
    assert_same(engine, expected)
    assert engine.arguments == {key: expected.arguments[key] for key in engine.arguments if key in expected.arguments}
    assert_same(by_engine(this, asked.answers, asked.variables, codecs=False), expected)
    return engine


@examples(1500)
@given(asked())
def test_codec_walk_and_graphql_core_read_answers_alike(asked: Asked) -> None:
    for path in answer(asked).paths:
        event(path)


@examples(350)
@given(asked(arguments=True, wild=0))
def test_arguments_are_coerced_as_by_graphql_core(asked: Asked) -> None:
    answer(asked)


@examples(150)
@given(asked(("bus", "lot")))
def test_operations_over_several_services_are_answered_as_by_graphql_core(asked: Asked) -> None:
    answer(asked)


def test_the_examples_reach_both_ways_and_what_is_hard_about_them() -> None:
    found: Counter[str] = Counter()

    @settings(max_examples=250, suppress_health_check=_CHECKS)
    @given(asked(wild=20))
    def look(asked: Asked) -> None:
        answered = answer(asked)
        found.update(answered.paths)
        found.update(
            name
            for name in ("skip", "include", "fragment", "... on", "__typename", "_BusObj0: ", "$")
            if name in asked.text
        )
        for error in answered.errors:
            found["list item" if isinstance(error["path"][-1], int) else "field"] += 1
            found["null propagated" if error["message"].startswith("Cannot return null") else "wrong value"] += 1
        for type_ in asked.slices[0].types.values():
            found[type(type_).__name__ + getattr(type_, "kind", "")] += 1
            found["renamed enum"] += isinstance(type_, EnumType) and type_.values[0].source != type_.values[0].name
            found["tagged union"] += isinstance(type_, UnionType) and any(member.tags for member in type_.members)

    look()
    assert found["codec"] > 60
    assert found["walk"] > 40
    rare = [name for name in _HARD if found[name] < 3]
    assert not rare, found


_HARD = (
    *("skip", "include", "fragment", "... on", "__typename", "_BusObj0: ", "$", "list item", "field"),
    *("null propagated", "wrong value", "renamed enum", "tagged union", "ObjectTypewrapper", "ObjectTypeentry"),
)
