"""Coerced input objects in the form that the department expects: maps, one-of values, constants."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from supergraph.slice import InputType, Type, named

Send = Callable[[Any], Any]


class Entry(NamedTuple):
    """One entry of a map; a list of them is sent as one JSON object."""

    key: str
    value: Any


def sent_value(type_: InputType, types: Mapping[str, Type]) -> Send:
    """Return the function from a coerced input object to what is sent for it.

    The object's keys are the names on the wire already, except in ``entry`` and ``one_of`` types.
    """
    maps = {(item.source if type_.kind == "object" else item.name): as_map(item.type, types) for item in type_.fields}
    maps = {name: convert for name, convert in maps.items() if convert is not None}

    def sent(fields: dict[str, Any]) -> dict[str, Any]:
        for name, convert in maps.items():
            if convert is not None and name in fields:
                fields[name] = convert(fields[name])
        return fields

    if type_.kind == "entry":
        return lambda fields: Entry(fields["key"], sent(fields).get("value"))
    if type_.kind == "one_of":
        return lambda fields: _chosen(type_, sent(fields))
    return lambda fields: {**type_.constants, **sent(fields)}


def _chosen(type_: InputType, fields: dict[str, Any]) -> Any:
    ((name, value),) = fields.items()
    tag = type_.tags.get(name)
    if tag is not None and type_.discriminator and isinstance(value, dict):
        return {**value, type_.discriminator: tag}
    return value


def as_map(reference: str, types: Mapping[str, Type]) -> Send | None:
    """Return the function that makes lists of entries JSON objects, None where ``reference`` holds no entries."""
    type_ = types.get(named(reference))
    if not (isinstance(type_, InputType) and type_.kind == "entry"):
        return None
    depth = reference.count("[")

    def convert(value: Any, level: int = depth) -> Any:
        if not isinstance(value, list):
            return value
        if level > 1:
            return [convert(item, level - 1) for item in value]
        return {entry.key: entry.value for entry in value if entry is not None}

    return convert
