"""Closed sets of strings as enums, the same for answers and arguments."""

from typing import Any

from supergraph.names import distinct, value_name
from supergraph.openapi.shape import Shape
from supergraph.slice import EnumType, EnumValue


def is_enum(shape: Shape) -> bool:
    """Say whether the values become an enum: strings do; numbers do where the document names them."""
    values = enum_values(shape)
    if not values or shape.types & {"array", "object", "boolean", "file"}:
        return False
    return any(isinstance(value, str) for value in values) or bool(shape.value_names)


def enum_values(shape: Shape) -> list[Any]:
    """Return the allowed values without null, each once, as their type says: YAML reads ``enum: [1]`` as a number.

    With an integer that a slice cannot store, the values are no closed set.
    """
    if any(isinstance(value, int) and not -(2**63) <= value < 2**64 for value in shape.enum or ()):
        return []
    as_text, as_number = shape.types == {"string"}, shape.types == {"integer"}
    found: dict[str, Any] = {}
    for value in shape.enum or ():
        if isinstance(value, (str, int, float)):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            found.setdefault(text, text if as_text else int(value) if as_number and text.isdecimal() else value)
    return list(found.values())


def enum_type(name: str, shape: Shape) -> EnumType:
    """Return the enum; values that are no GraphQL names get readable ones."""
    values = enum_values(shape)
    spoken = [str(value) for value in values]
    if len(shape.value_names) == len(values):
        names = distinct((text, value_name(word)) for text, word in zip(spoken, shape.value_names, strict=True))
    else:
        names = distinct((text, value_name(text)) for text in spoken)
    return EnumType(
        name=name,
        description=shape.description or shape.title,
        values=tuple(
            EnumValue(name=names[text], source=value, description="" if text.isascii() or names[text] == text else text)
            for text, value in zip(spoken, values, strict=True)
        ),
    )
