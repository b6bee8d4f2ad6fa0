"""Whether a value is valid by a JSON Schema 2020-12, and what is wrong with it, where.

``contains``, ``if``, ``dependentRequired`` and ``unevaluated*`` are not checked. Formats are, where a check exists.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct

from supergraph.mock.formats import has_format
from supergraph.mock.json_types import (
    Definitions,
    Part,
    Schema,
    canonical,
    is_multiple,
    item_schemas,
    property_schemas,
    same,
    type_of,
    types_of,
)
from supergraph.mock.pattern import compiled

Direction = Literal["request", "response"]


class Fault(Struct, frozen=True):
    """What is wrong with a value; ``pointer`` (RFC 6901) leads into the value."""

    pointer: str
    message: str


class Validator:
    """Validates in one direction: readOnly properties need not be in a request, writeOnly ones not in a response."""

    def __init__(self, definitions: Definitions, direction: Direction, *, tolerant: bool = False) -> None:
        """Tolerant of what many authors did not mean: oneOf members that overlap, required names not described."""
        self._definitions = definitions
        self._hidden = "readOnly" if direction == "request" else "writeOnly"
        self._tolerant = tolerant
        self._exact = Validator(definitions, direction) if tolerant else self

    def is_valid(self, schema: Schema, value: Any) -> bool:
        return next(self.faults(schema, value), None) is None

    def is_hidden(self, schema: Schema) -> bool:
        """Tell whether a property with this schema is not sent in this direction."""
        return any(part.get(self._hidden) is True for part in self._definitions.parts([schema]))

    def faults(self, schema: Schema, value: Any, pointer: str = "") -> Iterator[Fault]:
        """Yield what is wrong with ``value``."""
        for part in self._definitions.parts([schema]):
            yield from self._part_faults(part, value, pointer)

    def _part_faults(self, part: Part, value: Any, pointer: str) -> Iterator[Fault]:
        kind = type_of(value)
        if kind not in types_of(part):
            yield Fault(pointer, f"is {kind}, not {' or '.join(_listed(part['type']))}")
            return
        allowed = [part["const"]] if "const" in part else part.get("enum")
        if allowed is not None and not any(same(each, value) for each in allowed):
            yield Fault(pointer, f"is none of the allowed values: {_shown(allowed)}")
        if kind == "string":
            yield from text_faults(part, value, pointer)
        elif kind in {"integer", "number"}:
            yield from number_faults(part, value, pointer)
        elif kind == "array":
            yield from self._array_faults(part, value, pointer)
        elif kind == "object":
            yield from self._object_faults(part, value, pointer)
        yield from self._choice_faults(part, value, pointer)

    def _array_faults(self, part: Part, value: list[Any], pointer: str) -> Iterator[Fault]:
        yield from _size_faults(part, "Items", len(value), pointer)
        if part.get("uniqueItems") and len({canonical(each) for each in value}) < len(value):
            yield Fault(pointer, "has equal items")
        for index, item in enumerate(value):
            for schema in item_schemas(part, index):
                yield from self.faults(schema, item, f"{pointer}/{index}")

    def _object_faults(self, part: Part, value: dict[str, Any], pointer: str) -> Iterator[Fault]:
        for name in part.get("required", ()):
            described = property_schemas(part, name)
            needed = bool(described) or not self._tolerant
            if name not in value and needed and not any(map(self.is_hidden, described)):
                yield Fault(pointer, f"lacks {name!r}")
        yield from _size_faults(part, "Properties", len(value), pointer)
        for name, item in value.items():
            below = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if "propertyNames" in part:
                yield from self.faults(part["propertyNames"], name, below)
            for schema in property_schemas(part, name):
                yield from self.faults(schema, item, below)

    def _choice_faults(self, part: Part, value: Any, pointer: str) -> Iterator[Fault]:
        if "anyOf" in part and not any(self.is_valid(each, value) for each in part["anyOf"]):
            yield Fault(pointer, "fits none of the anyOf")
        if "oneOf" in part:
            fitting = sum(self.is_valid(each, value) for each in part["oneOf"])
            if not fitting or (fitting > 1 and not self._tolerant):
                yield Fault(pointer, f"fits {fitting or 'none'} of the oneOf, not one")
        if "not" in part and self._exact.is_valid(part["not"], value):
            yield Fault(pointer, "is what it must not be")


def text_faults(part: Part, value: str, pointer: str = "") -> Iterator[Fault]:
    """Yield what is wrong with a text."""
    yield from _size_faults(part, "Length", len(value), pointer)
    pattern = part.get("pattern", "")
    if pattern and (expression := compiled(pattern)) and not expression.search(value):
        yield Fault(pointer, f"does not match {pattern}")
    if not has_format(value, part.get("format", "")):
        yield Fault(pointer, f"is no {part['format']}")


_NUMBER_CHECKS: dict[str, Callable[[float, float], bool]] = {
    "minimum": lambda value, limit: value >= limit,
    "exclusiveMinimum": lambda value, limit: value > limit,
    "maximum": lambda value, limit: value <= limit,
    "exclusiveMaximum": lambda value, limit: value < limit,
    "multipleOf": is_multiple,
}
_INTEGERS = {"int32": 1 << 31, "int64": 1 << 63}


def number_faults(part: Part, value: float, pointer: str = "") -> Iterator[Fault]:
    """Yield what is wrong with a number."""
    for keyword, holds in _NUMBER_CHECKS.items():
        if keyword in part and not holds(value, part[keyword]):
            yield Fault(pointer, f"is {value}, against {keyword} {part[keyword]}")
    size = _INTEGERS.get(part.get("format", ""))
    if size is not None and not -size <= value < size:
        yield Fault(pointer, f"is no {part['format']}")


def _size_faults(part: Part, what: str, size: int, pointer: str) -> Iterator[Fault]:
    if size < part.get(f"min{what}", 0):
        yield Fault(pointer, f"has {size}, against min{what} {part[f'min{what}']}")
    if size > part.get(f"max{what}", size):
        yield Fault(pointer, f"has {size}, against max{what} {part[f'max{what}']}")


def _listed(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else types


def _shown(values: list[Any]) -> str:
    text = ", ".join(msgspec.json.encode(each).decode() for each in values[:8])
    return text if len(values) <= 8 else f"{text}, …"
