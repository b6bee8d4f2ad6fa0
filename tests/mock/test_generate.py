import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from supergraph.mock import pattern
from supergraph.mock.generate import Generator, UnsatisfiableError
from supergraph.mock.json_types import Definitions
from supergraph.mock.pattern import compiled, text_matching
from supergraph.mock.valid import Validator
from tests.mock.json_schemas import leaves, schemas


def made(schema: dict[str, Any], seed: str = "1", direction: Any = "response") -> Any:
    return Generator(Definitions(schema.get("$defs", {})), direction, seed).value(schema)


@given(schema=schemas(), seed=st.integers(0, 99))
@settings(max_examples=250)
def test_what_is_generated_is_valid_by_jsonschema(schema: dict[str, Any], seed: int) -> None:
    try:
        value = made(schema, str(seed))
    except UnsatisfiableError:
        return  # allowed; test_what_is_refused_has_no_instance holds it to account
    errors = list(Draft202012Validator(schema).iter_errors(value))
    assert all(_is_overlap(error) for error in errors), (schema, value)


def _is_overlap(error: Any) -> bool:
    """A oneOf whose members overlap may have no value that fits one alone; then one that fits several is given."""
    return bool(error.validator == "oneOf" and "valid under each of" in error.message) or any(
        _is_overlap(inner) for inner in error.context or ()
    )


@given(
    schema=schemas(formats=False),
    value=st.one_of(
        st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=3), st.just([]), st.just({"name": "a"})
    ),
)
@settings(max_examples=250)
def test_the_validator_agrees_with_jsonschema(schema: dict[str, Any], value: Any) -> None:
    ours = Validator(Definitions({}), "response").is_valid(schema, value)
    assert ours == Draft202012Validator(schema).is_valid(value)


@given(schema=leaves())
@settings(max_examples=150)
def test_what_is_refused_has_no_instance(schema: dict[str, Any]) -> None:
    """Leaves are refused only where limits exclude every multiple."""
    try:
        made(schema)
    except UnsatisfiableError:
        unit = schema.get("multipleOf", 1)
        low, high = schema.get("minimum", -1e9), schema.get("maximum", 1e9)
        assert not any(low <= count * unit <= high for count in range(-3000, 3000))


def test_the_same_seed_gives_the_same_value_and_another_seed_another() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "format": "uuid"}}}
    assert made(schema, "1") == made(schema, "1") != made(schema, "2")


def test_examples_come_first_but_only_valid_ones() -> None:
    assert made({"type": "string", "examples": [5, "云A8K216"]}) == "云A8K216"
    assert made({"type": "integer", "default": 20}) == 20
    assert isinstance(made({"type": "integer", "examples": ["none"], "default": "no"}), int)
    assert made({"type": "string", "format": "date", "examples": ["soon", "2026-11-22"]}) == "2026-11-22"


def test_a_schema_that_contains_itself_ends() -> None:
    node = {
        "type": "object",
        "required": ["name", "parts"],
        "properties": {
            "name": {"type": "string"},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
        },
    }
    schema = {"$ref": "#/$defs/Node", "$defs": {"Node": node}}
    for seed in range(20):
        Draft202012Validator(schema).validate(made(schema, str(seed)))


def test_a_schema_without_end_is_refused_with_the_place() -> None:
    node = {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/$defs/Node"}}}
    with pytest.raises(UnsatisfiableError, match=r"next.*requires itself without end"):
        made({"$ref": "#/$defs/Node", "$defs": {"Node": node}})


def test_read_only_and_write_only_by_direction() -> None:
    schema = {
        "type": "object",
        "required": ["id", "secret"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "secret": {"type": "string", "writeOnly": True},
        },
    }
    assert made(schema, direction="response").keys() == {"id"}
    assert made(schema, direction="request").keys() == {"secret"}
    assert Validator(Definitions({}), "request").is_valid(schema, {"secret": "a"})
    assert not Validator(Definitions({}), "response").is_valid(schema, {"secret": "a"})


def test_unique_items_of_a_small_enum() -> None:
    schema = {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"enum": ["a", "b", "c"]}}
    assert sorted(made(schema)) == ["a", "b", "c"]
    with pytest.raises(UnsatisfiableError, match="no 4 different items"):
        made({**schema, "minItems": 4})


@pytest.mark.parametrize(
    "expression",
    [
        r"^[0-9]{17}[0-9X]$",
        r"^([A-Z]{0,3}[1-9][0-9]{0,5}|[0-9]{1,6}[ZT])$",
        r"^(0[1-9]|[12][0-9]|3[01])[\/\-](0[1-9]|1[012])[/\-]\d{4}$",
        r"^(?!\s*$).+",
        r"^[^\$\"'<>?]*$",
        r"^(a)(b)?\1$",
        "^[\u4e00-\u9fa5]{2,4}$",
        r"\bword\b",
        r"^[^\w\s.,:/-]+$",
        r"^[^!-~ ]+$",
    ],
)
def test_texts_match_the_patterns_of_real_documents(expression: str) -> None:
    for seed in range(10):
        known = compiled(expression)
        assert known is not None
        assert known.search(made({"type": "string", "pattern": expression}, str(seed)))


def test_a_pattern_that_python_cannot_read_is_not_enforced() -> None:
    assert compiled(r"^\p{L}+$") is None
    assert text_matching(r"^\p{L}+$", random.Random(1)) is None  # noqa: S311 - no secret
    assert made({"type": "string", "pattern": r"^\p{L}+$"})


def test_a_class_that_leaves_nothing_writes_nothing() -> None:
    everything = re.escape(pattern._PRINTABLE + pattern._RARER)
    assert text_matching(f"^[^{everything}]$", random.Random(1)) == ""  # noqa: S311 - no secret


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "number", "minimum": 1e308, "multipleOf": 0.01}, 1e308),
        ({"type": "number", "minimum": 1e308}, 1e308),
        ({"type": "number", "maximum": -1e308, "multipleOf": 1e-300}, -1e308),
        ({"type": "integer", "minimum": 5, "maximum": 5, "multipleOf": 0}, 5),
    ],
)
def test_numbers_of_any_size(schema: dict[str, Any], value: float) -> None:
    assert made(schema) == value


def test_limits_that_no_number_keeps_are_refused() -> None:
    with pytest.raises(UnsatisfiableError, match="no number was found"):
        made({"type": "number", "minimum": 10**400})
