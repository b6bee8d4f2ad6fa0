"""The fast way to read an answer: the selection compiled to msgspec Structs, decoded and encoded in C.

A codec takes the department's bytes and gives the answer's bytes, or raises `Inexact` where only the exact walk
(`supergraph.complete`) can say what GraphQL answers. What it does accept it answers exactly as the walk would.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from types import GenericAlias
from typing import Annotated, Any, Literal, Union

import msgspec
from msgspec import Meta, Raw, defstruct

from supergraph.complete import Completion
from supergraph.selection import Leaf, ListOf, Node, ObjectOf, OneOf, Selected

Convert = Callable[[Any], Any]

_encode = msgspec.json.Encoder().encode

_SCALARS: dict[str, Any] = {
    "String": str,
    "Int": Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)],
    "Float": float,
    "Boolean": bool,
    "ID": str,
    "BigInt": int,
    "Date": str,
    "DateTime": str,
    "Decimal": str,
    "Base64": str,
}


class Inexact(Exception):  # noqa: N818 - a way aside, not an error
    """The bytes need the exact walk."""


class Codec:
    """Reads one selected field's answer."""

    def __init__(self, field: Selected) -> None:
        if field.node is None:
            raise ValueError(f"{field.field} is not read from an answer")
        type_, self._convert = _compile(field.node)
        self._decode = msgspec.json.Decoder(type_).decode

    def __call__(self, body: bytes) -> bytes:
        """Return the field's value as JSON. Raises Inexact."""
        try:
            value = self._decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Inexact from error
        if self._convert is not None:
            value = self._convert(value)
        return _encode(value)


def _compile(node: Node) -> tuple[Any, Convert | None]:
    """Return the type to decode into, and the function that makes the answer of it (None: it is the answer)."""
    if isinstance(node, Leaf):
        type_, convert = _leaf(node)
    elif isinstance(node, ListOf):
        type_, convert = _list(node)
    elif isinstance(node, OneOf):
        type_, convert = _union(node)
    else:
        type_, convert = _object(node)
    if node.required:
        return type_, convert
    if type_ is Raw:  # takes any JSON, null too, and cannot stand in a union
        return Raw, _raw_or_none
    return type_ | None, convert and _unless_none(convert)


def _unless_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _leaf(node: Leaf) -> tuple[Any, Convert | None]:
    if node.names is not None:
        return _enum(node, node.names)
    if node.type.name == "JSON":
        return Raw, _raw
    return _SCALARS[node.type.name], None


def _raw(value: Raw) -> Raw:
    """Pass JSON through; msgspec has checked its syntax, but neither its encoding nor that it is not null."""
    text = bytes(value)
    if text == b"null":
        raise Inexact
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise Inexact from error
    return value


def _raw_or_none(value: Raw | None) -> Raw | None:
    return None if value is None or bytes(value) == b"null" else _raw(value)


def _enum(node: Leaf, names: dict[Any, str]) -> tuple[Any, Convert | None]:
    if all(isinstance(value, str) for value in names):
        plain = all(value == name for value, name in names.items())
        return Literal[tuple(names)], None if plain else names.__getitem__
    if all(type(value) is int for value in names):
        return Literal[tuple(names)], names.__getitem__
    return _exactly(node)  # mixed or fractional values


def _list(node: ListOf) -> tuple[Any, Convert | None]:
    if node.entries:
        return _exactly(node)
    item, convert = _compile(node.item)
    if convert is None:
        return GenericAlias(list, (item,)), None
    return GenericAlias(list, (item,)), lambda values: [convert(value) for value in values]


def _exactly(node: Node) -> tuple[Any, Convert]:
    """Return a codec that walks this part of the answer; any error sends the whole answer to the walk."""
    field = Selected("", "", "", node, [])

    def convert(value: Any) -> Any:
        completion = Completion({})
        completed = completion.field(field, value, ())
        if completion.errors:
            raise Inexact
        return completed

    return Any, convert


def _object(node: ObjectOf) -> tuple[Any, Convert | None]:
    if node.wrapper or _is_ambiguous(node.fields):
        return _exactly(node)
    layout = _Layout(node)
    if layout.is_direct:
        return layout.direct(), None
    return layout.reshaped()


def _union(node: OneOf) -> tuple[Any, Convert | None]:
    """Return a union of Structs, one for each value of the discriminator; without one the walk tells them apart."""
    members = list(node.members.values())
    if not node.tags or any(member.wrapper or _is_ambiguous(member.fields) for member in members):
        return _exactly(node)
    converters: dict[type, Convert] = {}
    for tag, name in node.tags.items():
        layout = _Layout(node.members[name], (node.discriminator, tag))
        if not layout.knows_its_tag:
            return _exactly(node)
        source, convert = layout.reshaped()
        converters[source] = convert
    return Union[tuple(converters)], lambda value: converters[type(value)](value)  # noqa: UP007 - built at run time


def _is_ambiguous(fields: Sequence[Selected]) -> bool:
    """Say whether one property is selected more than once with sub-selections of its own."""
    nested = [field.source for field in fields if field.node is not None and not isinstance(field.node, Leaf)]
    return len(nested) != len(set(nested))


class _Layout:
    """How one object's properties become the fields of Structs. ``tag`` is (discriminator, value) in a union."""

    def __init__(self, node: ObjectOf, tag: tuple[str, str] | None = None) -> None:
        self._node = node
        self._tag = tag
        self._constants: dict[int, str] = {}  # by place in the answer
        self._read: dict[str, Selected] = {}  # by property
        for index, field in enumerate(node.fields):
            if field.node is None:
                self._constants[index] = node.type
            elif tag and field.source == tag[0]:
                self._constants[index] = _answered_tag(field.node, tag[1])
            else:
                self._read.setdefault(field.source, field)
        self._compiled = {name: _compile(field.node) for name, field in self._read.items() if field.node is not None}

    @property
    def knows_its_tag(self) -> bool:
        """Say whether a selected discriminator has a name for this tag."""
        return all(self._constants.values())

    @property
    def is_direct(self) -> bool:
        """Say whether what is read is the answer: keys equal properties, and no value needs a change."""
        return all(field.node is None or field.key == field.source for field in self._node.fields) and not any(
            convert for _, convert in self._compiled.values()
        )

    def direct(self) -> type:
        """Return the Struct that is read and answered."""
        fields: list[Any] = []
        for index, field in enumerate(self._node.fields):
            if field.node is None:
                fields.append((f"f{index}", Literal[self._node.type], self._node.type))
            else:
                fields.append(_struct_field(f"f{index}", field, self._compiled[field.source][0]))
        rename = {f"f{index}": field.key for index, field in enumerate(self._node.fields)}
        return defstruct(self._node.type, fields, rename=rename, kw_only=True, gc=False)

    def reshaped(self) -> tuple[type, Convert]:
        """Return the Struct to read and the function that makes the answer's Struct of it."""
        places = {name: f"f{index}" for index, name in enumerate(self._read)}
        discriminator, tag = self._tag or (None, None)
        source = defstruct(
            self._node.type,
            [_struct_field(places[name], field, self._compiled[name][0]) for name, field in self._read.items()],
            rename={place: name for name, place in places.items()},
            kw_only=True,
            gc=False,
            tag_field=discriminator,
            tag=tag,
        )
        return source, self._converter(places)

    def _converter(self, places: dict[str, str]) -> Convert:
        fields = self._node.fields
        answer = defstruct(
            self._node.type,
            [(f"f{index}", Any) for index in range(len(fields))],
            rename={f"f{index}": field.key for index, field in enumerate(fields)},
            gc=False,
        )
        varying = [(index, field.source) for index, field in enumerate(fields) if index not in self._constants]
        get = _getter([places[name] for _, name in varying])
        steps = [(index, step) for index, name in varying if (step := self._compiled[name][1]) is not None]
        constants = sorted(self._constants.items())

        def convert(value: Any) -> Any:
            values = get(value)
            for index, constant in constants:
                values.insert(index, constant)
            for index, step in steps:
                values[index] = step(values[index])
            return answer(*values)

        return convert


def _answered_tag(node: Node, tag: str) -> str:
    """Return a selected discriminator's value in the graph, "" if it has none."""
    if not isinstance(node, Leaf):
        return ""
    if node.names is not None:
        return node.names.get(tag, "")
    return tag if _SCALARS.get(node.type.name) is str else ""


def _struct_field(name: str, field: Selected, type_: Any) -> tuple[Any, ...]:
    if field.node is not None and field.node.required:
        return (name, type_)
    return (name, type_, None)


def _getter(names: list[str]) -> Callable[[Any], list[Any]]:
    if not names:
        return lambda _value: []
    if len(names) == 1:
        one = attrgetter(names[0])
        return lambda value: [one(value)]
    several = attrgetter(*names)
    return lambda value: list(several(value))
