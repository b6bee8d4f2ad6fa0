"""Instances that are valid by their own JSON Schema 2020-12: its examples first, else made up from a seed."""

import random
from collections.abc import Sequence
from typing import Any

from supergraph.mock.json_types import (
    TYPES,
    Definitions,
    Part,
    Schema,
    canonical,
    item_schemas,
    property_schemas,
    types_of,
)
from supergraph.mock.number import make_number
from supergraph.mock.pattern import text_matching
from supergraph.mock.text import make_text
from supergraph.mock.valid import Direction, Validator

SOFT_DEPTH = 6  # below, what may be left out is left out
MOST_VALUES = 500  # of one instance; beyond, the same
MOST_ITEMS = 3
MOST_TURNS = 3  # a schema that requires itself more often on one path has no end
TRIES = 24

_HINTS = {  # keywords that say which type is meant where none is named
    "object": ("properties", "required", "additionalProperties", "patternProperties", "minProperties"),
    "array": ("items", "prefixItems", "minItems", "uniqueItems"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"),
}
_ORDER = ("string", "object", "array", "integer", "number", "boolean", "null")


class UnsatisfiableError(Exception):
    """No valid instance was found; the message says where and why."""


class Generator:
    """Makes instances. The same seed gives the same instances in the same order."""

    def __init__(self, definitions: Definitions, direction: Direction, seed: str) -> None:
        self._definitions = definitions
        self._validator = Validator(definitions, direction)
        self._tolerant = Validator(definitions, direction, tolerant=True)
        self._rng = random.Random(seed)  # noqa: S311 - made-up data is no secret
        self._left = MOST_VALUES
        self._open: list[int] = []  # the schemas whose values are being made
        self._names: list[str] = []  # the properties that lead to the value being made

    def value(self, schema: Schema, hint: str = "") -> Any:
        """Return an instance; ``hint`` is the word that plain texts are made of. Raises UnsatisfiableError."""
        return self._value([schema], hint)

    def _value(self, schemas: Sequence[Schema], hint: str) -> Any:
        self._left -= 1
        if self._left < -MOST_VALUES * 10:
            raise self._unsatisfiable("too many tries")
        parts = self._definitions.parts(schemas)
        if any(self._open.count(id(part)) >= MOST_TURNS for part in parts):
            raise self._unsatisfiable("the schema requires itself without end")
        if examples := self._examples(schemas, parts):
            return self._rng.choice(examples)
        before = len(self._open)
        self._open += map(id, parts)
        self._names.append(hint)
        try:
            return self._made(schemas, parts, hint)
        finally:
            self._names.pop()
            del self._open[before:]

    def _examples(self, schemas: Sequence[Schema], parts: list[Part]) -> list[Any]:
        given = [value for part in parts for value in part.get("examples", ())]
        given = given or [part["default"] for part in parts if "default" in part]
        return [value for value in given if self._fits(schemas, value)]

    def _fits(self, schemas: Sequence[Schema], value: Any) -> bool:
        return all(self._validator.is_valid(schema, value) for schema in schemas)

    def _unsatisfiable(self, why: str) -> UnsatisfiableError:
        return UnsatisfiableError(f"{'/'.join(self._names)}: {why}")

    def _made(self, schemas: Sequence[Schema], parts: list[Part], hint: str) -> Any:
        if not any(key in part for part in parts for key in ("oneOf", "anyOf", "not")):
            return self._built(parts, hint)
        wrong = self._unsatisfiable("no value was found that fits oneOf, anyOf and not")
        overlapping: list[Any] = []
        for attempt in range(TRIES):
            try:
                value = self._built(self._chosen(parts, attempt), hint)
            except UnsatisfiableError as problem:
                wrong = problem
                continue
            if self._fits(schemas, value):
                return value
            if not overlapping and all(self._tolerant.is_valid(schema, value) for schema in schemas):
                overlapping.append(value)
        if overlapping:
            return overlapping[0]
        raise wrong

    def _chosen(self, parts: list[Part], attempt: int) -> list[Part]:
        """Take one branch of each choice, another one at each attempt."""
        found: dict[int, Part] = {}
        pending = list(parts)
        while pending:
            part = pending.pop(0)
            if id(part) in found:
                continue
            found[id(part)] = part
            for key in ("oneOf", "anyOf"):
                if key in part:
                    pending += self._definitions.parts([self._branch(part[key], attempt)])
        return list(found.values())

    def _branch(self, branches: list[Schema], attempt: int) -> Schema:
        if attempt > 1:
            return branches[attempt % len(branches)]
        nulls = [branch for branch in branches if branch == {"type": "null"}]
        solid = [branch for branch in branches if branch not in nulls]
        return self._rng.choice(nulls if nulls and (self._is_deep or self._wants_null()) else solid or branches)

    def _wants_null(self) -> bool:
        return len(self._names) > 1 and self._rng.random() < 1 / 8

    def _built(self, parts: list[Part], hint: str) -> Any:
        for part in parts:
            if "const" in part or "enum" in part:
                return self._enumerated(parts, [part["const"]] if "const" in part else part["enum"])
        allowed = TYPES.intersection(*map(types_of, parts))
        if "null" in allowed and len(allowed) > 1:
            if any("type" in part for part in parts) and self._wants_null():
                return None
            allowed -= {"null"}
        if not allowed:
            raise self._unsatisfiable("the parts of the schema have no type in common")
        return self._of_type(_likeliest(parts, allowed), parts, hint)

    def _of_type(self, kind: str, parts: list[Part], hint: str) -> Any:
        if kind == "object":
            return self._object(parts)
        if kind == "array":
            return self._array(parts, hint)
        if kind in {"boolean", "null"}:
            return self._rng.random() < 0.5 if kind == "boolean" else None
        made = make_text(parts, hint, self._rng) if kind == "string" else make_number(parts, kind, self._rng)
        if made is None:
            raise self._unsatisfiable(f"no {kind} was found that fits all keywords")
        return made

    def _enumerated(self, parts: list[Part], values: list[Any]) -> Any:
        plain = [{key: value for key, value in part.items() if key not in _CHOICES} for part in parts]
        fitting = [value for value in values if self._fits(plain, value)]
        if not fitting:
            raise self._unsatisfiable("none of the enum's values is valid by the rest of the schema")
        return self._rng.choice([value for value in fitting if value is not None] or fitting)

    @property
    def _is_deep(self) -> bool:
        return len(self._names) > SOFT_DEPTH or self._left < 0

    def _object(self, parts: list[Part]) -> dict[str, Any]:
        required = dict.fromkeys(name for part in parts for name in part.get("required", ()))
        named = dict.fromkeys(name for part in parts for name in part.get("properties", ()))
        least = max((part.get("minProperties", 0) for part in parts), default=0)
        most = min((part["maxProperties"] for part in parts if "maxProperties" in part), default=1 << 30)
        value: dict[str, Any] = {}
        for name in {**required, **named} if most < len(named) else {**named, **required}:
            schemas = [schema for part in parts for schema in property_schemas(part, name)]
            if any(self._validator.is_hidden(schema) for schema in schemas) or len(value) >= most:
                continue
            if name not in required and (self._is_deep or self._rng.random() < 1 / 10):
                continue
            try:
                value[name] = self._value(schemas, name)
            except UnsatisfiableError:
                if name in required:
                    raise
        if not named and not self._is_deep and any(part.get("additionalProperties") for part in parts):
            least = max(least, self._rng.randint(1, MOST_ITEMS))
        self._fill(parts, value, min(least, most))
        return value

    def _fill(self, parts: list[Part], value: dict[str, Any], least: int) -> None:
        """Add properties that the schema does not name until there are ``least``."""
        names = [part["propertyNames"] for part in parts if "propertyNames" in part]
        patterns = [pattern for part in parts for pattern in part.get("patternProperties", ())]
        for number in range(1, TRIES):
            if len(value) >= least:
                return
            name = f"key{number}"
            if names:
                name = str(self._value(names, name))
            elif patterns:
                name = text_matching(patterns[0], self._rng) or name
            if name not in value:
                value[name] = self._value([each for part in parts for each in property_schemas(part, name)], name)
        if len(value) < least:
            raise self._unsatisfiable(f"no {least} properties can be made")

    def _array(self, parts: list[Part], hint: str) -> list[Any]:
        least = max((part.get("minItems", 0) for part in parts), default=0)
        most = min((part["maxItems"] for part in parts if "maxItems" in part), default=least + MOST_ITEMS)
        wanted = least if self._is_deep else self._rng.randint(min(max(least, 1), most), min(least + MOST_ITEMS, most))
        unique = any(part.get("uniqueItems") for part in parts)
        items: dict[Any, Any] = {}
        try:
            for number in range(wanted * (TRIES if unique else 1)):
                if len(items) == wanted:
                    break
                schemas = [schema for part in parts for schema in item_schemas(part, len(items))]
                item = self._value(schemas, hint.removesuffix("s"))
                items.setdefault(canonical(item) if unique else number, item)
        except UnsatisfiableError:
            if len(items) < least:
                raise
        if not least <= len(items) <= most:
            raise self._unsatisfiable(f"no {least} different items can be made")
        return list(items.values())


_CHOICES = {"oneOf", "anyOf", "not", "allOf", "$ref"}


def _likeliest(parts: list[Part], allowed: frozenset[str]) -> str:
    """Choose of the allowed types the one that the other keywords speak of."""
    for kind, keywords in _HINTS.items():
        if kind in allowed and any(keyword in part for part in parts for keyword in keywords):
            return kind
    return next(kind for kind in _ORDER if kind in allowed)
