"""Generated values: departments' answers, variables and literals; mostly fitting their types, often enough not."""

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import Raw

from supergraph.slice import EnumType, InputType, ObjectType, Slice, UnionType
from tests.engine.slices import Draw, chance, pick

_WRONG: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.0, 2.5, 2**31, 2**53 + 1, -(2**53) - 1, 2**64, 10**40, 1e300, "", "x", "1", "2.5",
    "é",    [], [1], {}, {"t": "p"}, {"t": 1}, {"t": []}, [[]], [{}], {"key": "a", "value": 1}, "A", "b-c", "true", "p",
)  # fmt: skip
_FITTING: dict[str, tuple[Any, ...]] = {
    "String": ("", "text", "é\u2028", 'q"\\\n'),
    "Int": (0, 1, -5, 2**31 - 1, -(2**31)),
    "Float": (0.0, 1.5, -2.25, 3, 1e21, -7, 2**53 - 1),
    "Boolean": (True, False),
    "ID": ("1", "abc", 12),
    "BigInt": (0, 2**53, 10**30, -1),
    "Date": ("2026-11-22",),
    "DateTime": ("2026-11-22T08:00:00+08:00",),
    "Decimal": ("1.50", 2.5, 3, Raw(b"0.1000000000000000055511"), Raw(b"2.50"), Raw(b"1e3")),
    "Base64": ("aGk=",),
    "JSON": ({"a": [1, None, {"b": 2.0}]}, [], "s", 0, False, {"é": 1e5}),
}
_TEXTS = {
    "String": ('"text"', '""', '"é"', '"a b&c"'),
    "Int": ("0", "-5", "2147483647"),
    "Float": ("1", "1.5", "-2e3"),
    "Boolean": ("true", "false"),
    "ID": ('"abc"', "12"),
    "BigInt": ("9007199254740993", "1" + "0" * 30),
    "Date": ('"2026-11-22"',),
    "DateTime": ('"2026-11-22T08:00:00+08:00"',),
    "Decimal": ('"1.50"',),
    "Base64": ('"aGk="',),
    "JSON": ('{a: [1, null, {b: "x"}]}', "[]", '"s"', "1.5", "true"),
}


class AnswerMaker:
    """Draws a department's JSON. ``wild`` is the chance, in percent, that a value is of any kind."""

    def __init__(self, draw: Draw, slice_: Slice, wild: int) -> None:
        self.draw = draw
        self.types = slice_.types
        self.wild = wild

    def value(self, reference: str, depth: int = 5) -> Any:  # noqa: PLR0911 - a return for each kind of type
        if self.wild and chance(self.draw, self.wild):
            return None if chance(self.draw, 25) else pick(self.draw, _WRONG)
        if not reference.endswith("!") and (depth <= 0 or (depth < 5 and chance(self.draw, 10))):
            return None
        bare = reference.removesuffix("!")
        if bare.startswith("["):
            return self._list(bare[1:-1], depth)
        type_ = self.types.get(bare)
        if type_ is None:
            return pick(self.draw, _FITTING[bare])
        if isinstance(type_, EnumType):
            return pick(self.draw, [value.source for value in type_.values])
        if isinstance(type_, ObjectType):
            return self._object(type_, depth)
        assert isinstance(type_, UnionType)
        return self._union(type_, depth)

    def _list(self, item: str, depth: int) -> Any:
        length = self.draw(st.integers(0, 2)) if depth > 0 else 0
        type_ = self.types.get(item.removesuffix("!"))
        if isinstance(type_, ObjectType) and type_.kind == "entry":
            keys = ("a", "b", "é")[:length]
            return {key: self.value(type_.fields[1].type, depth - 1) for key in keys}
        return [self.value(item, depth - 1) for _ in range(length)]

    def _object(self, type_: ObjectType, depth: int) -> Any:
        if type_.kind == "wrapper":
            return self.value(type_.fields[0].type, depth - 1)
        found = {}
        for field in type_.fields:
            if not field.type.endswith("!") and chance(self.draw, 8):
                continue
            if self.wild and chance(self.draw, self.wild):
                continue
            found[field.source] = self.value(field.type, depth - 1)
        if chance(self.draw, 25):
            found |= pick(self.draw, ({"more": [1, {"x": None}]}, {"__typename": "Other"}, {"k1": "x", "t": "p"}))
        return found

    def _union(self, type_: UnionType, depth: int) -> Any:
        member = pick(self.draw, type_.members)
        object_type = self.types[member.type]
        assert isinstance(object_type, ObjectType)
        value = self._object(object_type, depth)
        if type_.discriminator and isinstance(value, dict) and not chance(self.draw, self.wild):
            value[type_.discriminator] = pick(self.draw, member.tags or ("none",))
        return value


def literal(  # noqa: PLR0911 - a return for each kind of type
    draw: Draw, slice_: Slice, reference: str, variable: Callable[[str], str] | None, depth: int = 3
) -> str:
    """Draw a GraphQL literal of the type; with ``variable`` parts of it may be variables."""
    if variable and depth < 3 and chance(draw, 35):
        return variable(reference)
    if not reference.endswith("!") and (depth < 0 or chance(draw, 8)):
        return "null"
    bare = reference.removesuffix("!")
    if bare.startswith("["):
        if chance(draw, 20) and not bare.startswith("[["):  # a single value stands for a list of one
            return literal(draw, slice_, bare[1:].removesuffix("]").removesuffix("!") + "!", None, depth - 1)
        items = [
            literal(draw, slice_, bare[1:-1], variable, depth - 1)
            for _ in range(draw(st.integers(0, 2)) if depth > 0 else 0)
        ]
        return f"[{', '.join(items)}]"
    type_ = slice_.types.get(bare)
    if type_ is None:
        if bare == "JSON" and variable and chance(draw, 50):
            return f"{{a: [{variable(pick(draw, ('String', 'Int', 'Boolean', 'JSON')))}], b: {variable('Int')}}}"
        return str(pick(draw, _TEXTS[bare]))
    if isinstance(type_, EnumType):
        return str(pick(draw, [value.name for value in type_.values]))
    assert isinstance(type_, InputType)
    return _object_literal(draw, slice_, type_, variable, depth)


def _object_literal(
    draw: Draw, slice_: Slice, type_: InputType, variable: Callable[[str], str] | None, depth: int
) -> str:
    fields = list(type_.fields)
    if type_.kind == "one_of":
        field = pick(draw, fields)
        return f"{{{field.name}: {literal(draw, slice_, field.type + '!', None, depth - 1)}}}"
    given = [
        f"{field.name}: {literal(draw, slice_, field.type, variable, depth - 1)}"
        for field in fields
        if field.type.endswith("!") or chance(draw, 60)
    ]
    return f"{{{', '.join(given)}}}"


def variable_value(  # noqa: PLR0911 - a return for each kind of type
    draw: Draw, slice_: Slice, reference: str, depth: int = 3
) -> Any:
    """Draw the JSON of a variable: fitting, coercible or wrong."""
    if chance(draw, 4):
        return pick(draw, _WRONG)
    if not reference.endswith("!") and (depth < 0 or chance(draw, 10)):
        return None
    bare = reference.removesuffix("!")
    if bare.startswith("["):
        if chance(draw, 15):
            return variable_value(draw, slice_, bare[1:-1], depth - 1)
        length = draw(st.integers(0, 2)) if depth > 0 else 0
        return [variable_value(draw, slice_, bare[1:-1], depth - 1) for _ in range(length)]
    type_ = slice_.types.get(bare)
    if type_ is None:
        return pick(draw, _FITTING[bare])
    if isinstance(type_, EnumType):
        return pick(draw, [value.name for value in type_.values])
    assert isinstance(type_, InputType)
    fields = list(type_.fields)
    if type_.kind == "one_of":
        fields = [pick(draw, fields)]
        return {fields[0].name: variable_value(draw, slice_, fields[0].type + "!", depth - 1)}
    return {
        field.name: variable_value(draw, slice_, field.type, depth - 1)
        for field in fields
        if field.type.endswith("!") or chance(draw, 60)
    }


def as_json(draw: Draw, value: Any) -> bytes:
    """Write JSON, at times with white space."""
    plain = msgspec.json.encode(value)
    return msgspec.json.format(plain, indent=2) if chance(draw, 15) else plain
