"""JSON Schema's view of values: which type a value has, when two are equal, what a conjunction of schemas is."""

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import msgspec

from supergraph.mock.pattern import compiled

Schema = dict[str, Any] | bool
Part = dict[str, Any]
"""One schema object, of several that must hold together."""

TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
NOTHING: Part = {"not": {}}
_ENCODER = msgspec.json.Encoder(order="deterministic")


class Definitions:
    """The ``$defs`` of one document; ``$ref``s point at ``#/$defs/<name>``."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions

    def parts(self, schemas: Iterable[Schema]) -> list[Part]:
        """Return the schemas with their references and allOf parts, each once."""
        found: dict[int, Part] = {}
        pending = list(schemas)
        while pending:
            schema = pending.pop(0)
            part = (NOTHING if schema is False else {}) if isinstance(schema, bool) else schema
            if id(part) in found:
                continue
            found[id(part)] = part
            if "$ref" in part:
                pending.append(self._definitions[part["$ref"].removeprefix("#/$defs/")])
            pending += part.get("allOf", ())
        return list(found.values())


def types_of(part: Part) -> frozenset[str]:
    """Return the types that a schema allows; a number may be an integer."""
    named = part.get("type")
    if named is None:
        return TYPES
    allowed = frozenset(named if isinstance(named, list) else [named])
    return allowed | {"integer"} if "number" in allowed else allowed


def type_of(value: Any) -> str:
    """Name the most special type of a value: 1 and 1.0 are integers."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def canonical(value: Any) -> bytes:
    """Return bytes that are equal for equal values (1 and 1.0 are taken as different)."""
    return _ENCODER.encode(value)


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal: ``true`` is not ``1``."""
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return canonical(one) == canonical(other)
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def is_multiple(value: float, unit: float) -> bool:
    """Tell whether ``value`` is a multiple as people write numbers: 0.07 is one of 0.01. A unit must not be 0."""
    if not unit:
        return True
    return math.isfinite(value) and (Fraction(repr(value)) / Fraction(repr(unit))).denominator == 1


def property_schemas(part: Part, name: str) -> list[Schema]:
    """Return the schemas that a property of that name has to fit."""
    properties = part.get("properties", {})
    found: list[Schema] = [properties[name]] if name in properties else []
    for pattern, schema in part.get("patternProperties", {}).items():
        expression = compiled(pattern)
        if expression is not None and expression.search(name):
            found.append(schema)
    if not found and "additionalProperties" in part:
        found.append(part["additionalProperties"])
    return found


def item_schemas(part: Part, index: int) -> list[Schema]:
    """Return the schemas that the item at ``index`` has to fit."""
    prefix = part.get("prefixItems", ())
    if index < len(prefix):
        return [prefix[index]]
    return [part["items"]] if "items" in part else []
