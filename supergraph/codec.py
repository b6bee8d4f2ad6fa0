"""The fast way to read an answer: the selection compiled to msgspec Structs, decoded and encoded in C.

A codec takes the department's bytes and gives the answer's bytes, or raises `Inexact` where only the exact walk
(`supergraph.complete`) can say what GraphQL answers. What it does accept it answers exactly as the walk would, except
that properties which are not selected may hold what cannot be decoded: bad UTF-8, numbers beyond a float's range.
"""

import re
from collections.abc import Callable, Sequence
from types import GenericAlias
from typing import Any, Literal, NamedTuple, Union

import msgspec
from msgspec import Raw, defstruct

from supergraph.complete import Completion, TooManyErrors
from supergraph.scalars import STRICT, Number, encode
from supergraph.selection import Leaf, ListOf, Node, ObjectOf, OneOf, Selected

Convert = Callable[[Any], Any]
Compiled = tuple[Any, Convert | None]
"""The type to decode into, and the function that makes the answer of its values (None: they are the answer)."""

_UNWRITABLE = re.compile(r'[\\"\x00-\x1f]')  # what msgspec does not take in a Struct's property names


class _Tag(NamedTuple):
    """A member's discriminator: the property and its value."""

    source: str
    value: str


class Inexact(Exception):  # noqa: N818 - a way aside, not an error
    """The bytes need the exact walk."""


class Codec:
    """Reads one selected field's answer."""

    def __init__(self, field: Selected) -> None:
        if field.node is None:
            raise ValueError(f"{field.field} is not read from an answer")
        type_, self._convert = _Compiler().node(field.node)
        self._decode = msgspec.json.Decoder(type_, float_hook=Number).decode

    def __call__(self, body: bytes) -> bytes:
        """Return the field's value as JSON. Raises Inexact."""
        try:
            value = self._decode(body)
            if self._convert is not None:
                value = self._convert(value)
            return encode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Inexact from error


class _Compiler:
    """Compiles a selection; nodes that it holds more than once, through fragments, are compiled once."""

    def __init__(self) -> None:
        self._known: dict[int, Compiled] = {}

    def node(self, node: Node) -> Compiled:
        known = self._known.get(id(node))
        if known is None:
            type_, convert = self._value(node)
            if not node.required:
                type_ = type_ if type_ is Raw else type_ | None  # msgspec has no union of Raw; Raw takes null as it is
                convert = convert and _unless_none(convert)
            known = self._known[id(node)] = type_, convert
        return known

    def _value(self, node: Node) -> Compiled:
        if isinstance(node, Leaf):
            return _leaf(node)
        if isinstance(node, ListOf):
            return self._list(node)
        if isinstance(node, OneOf):
            return self._union(node)
        return self._object(node)

    def _list(self, node: ListOf) -> Compiled:
        if node.entries:
            return self._map(node)
        item, convert = self.node(node.item)
        list_type = GenericAlias(list, (item,))
        return list_type, convert and (lambda values: [convert(value) for value in values])

    def _map(self, node: ListOf) -> Compiled:
        """Compile a map to a dictionary to read, and a Struct for each of its entries to answer."""
        fields = node.item.fields if isinstance(node.item, ObjectOf) else []
        values = [field.node for field in fields if field.node is not None and field.source == "value"]
        keys_are_text = all(_is_text(field.node) for field in fields if field.source == "key")
        if not isinstance(node.item, ObjectOf) or len(values) > 1 or not keys_are_text:
            return _exactly(node)
        value_type, step = self.node(values[0]) if values else (Any, None)
        keys = {f"f{index}": field.key for index, field in enumerate(fields)}
        answer = defstruct(node.item.type, [(name, Any) for name in keys], rename=keys, gc=False)
        type_name = node.item.type
        order = [2 if field.node is None else ("key", "value").index(field.source) for field in fields]

        def convert(found: dict[str, Any]) -> list[Any]:
            rows = [(key, value if step is None else step(value), type_name) for key, value in found.items()]
            return [answer(*[row[index] for index in order]) for row in rows]

        return GenericAlias(dict, (str, value_type)), convert

    def _object(self, node: ObjectOf) -> Compiled:
        return _exactly(node) if node.wrapper or not _is_plain(node.fields) else self._struct(node)

    def _union(self, node: OneOf) -> Compiled:
        """Return a union of Structs, one for each value of the discriminator; without one the walk tells them apart."""
        members = node.members.values()
        if (
            len(node.tags) < 2  # msgspec lets a Struct that stands alone come without its tag
            or _UNWRITABLE.search(node.discriminator)
            or any(member.wrapper or not _is_plain(member.fields) for member in members)
        ):
            return _exactly(node)
        converts: dict[type, Convert] = {}
        for tag, name in node.tags.items():
            type_, convert = self._struct(node.members[name], _Tag(node.discriminator, tag))
            if convert is None:
                return _exactly(node)
            converts[type_] = convert
        return Union[tuple(converts)], lambda value: converts[type(value)](value)  # noqa: UP007 - built at run time

    def _struct(self, node: ObjectOf, tag: _Tag | None = None) -> Compiled:
        """Compile an object to a Struct to read; where the answer differs, it changes in place and takes that's class.

        A tag that is selected and has no name in the graph gives no function.
        """
        layout = _Layout(node, tag)
        for name, field in layout.keys.items():
            if field.node is None:
                layout.constant(name, node.type)
            elif tag is not None and field.source == tag.source:
                answered = _answered_tag(field.node, tag.value)
                if answered is None:
                    return object, None
                layout.constant(name, answered)
            else:
                layout.read(name, field, self.node(field.node))
        return layout.compiled()


class _Layout:
    """One object's Structs: that to read and that to answer have the same fields, in the answer's order."""

    def __init__(self, node: ObjectOf, tag: _Tag | None) -> None:
        self.keys = {f"f{index}": field for index, field in enumerate(node.fields)}
        self._type = node.type
        self._tag = tag
        self._fields: list[tuple[Any, ...]] = []
        self._sources: dict[str, str] = {}  # the property that each field is read from
        self._holders: dict[str, str] = {}  # the field that reads each property
        self._copies: list[tuple[str, str]] = []
        self._steps: list[tuple[str, Convert]] = []
        self._taken = {field.source for field in node.fields} | ({tag.source} if tag else set())

    def constant(self, name: str, value: str | None) -> None:
        """Let a field have a value of its own: read from a property that answers do not have."""
        source = self.keys[name].key
        while source in self._taken:
            source += "'"
        self._taken.add(source)
        self._sources[name] = source
        self._fields.append((name, Literal[value], value))

    def read(self, name: str, field: Selected, compiled: Compiled) -> None:
        """Let a field be read from its property, or be a copy of the field that is."""
        type_, step = compiled
        if step is not None:
            self._steps.append((name, step))
        if field.source in self._holders:
            self._copies.append((name, self._holders[field.source]))
            self.constant(name, None)
            return
        self._holders[field.source] = name
        self._sources[name] = field.source
        required = field.node is not None and field.node.required
        self._fields.append((name, type_) if required else (name, type_, None))

    def compiled(self) -> Compiled:
        source, value = self._tag or (None, None)
        read = defstruct(
            self._type, self._fields, rename=self._sources, kw_only=True, gc=False, tag_field=source, tag=value
        )
        keys = {name: field.key for name, field in self.keys.items()}
        if keys == self._sources and self._tag is None:
            return read, _in_place(self._copies, self._steps, None) if self._copies or self._steps else None
        fields = [(name, Any, None) for name in keys]
        answer = defstruct(self._type, fields, rename=keys, kw_only=True, gc=False)
        return read, _in_place(self._copies, self._steps, answer)


def _in_place(copies: list[tuple[str, str]], steps: list[tuple[str, Convert]], answer: type | None) -> Convert:
    """Return the function that makes a Struct that was read the one to answer."""
    if not copies and not steps:

        def rename(value: Any) -> Any:
            value.__class__ = answer
            return value

        return rename

    def convert(value: Any) -> Any:
        for name, source in copies:
            setattr(value, name, getattr(value, source))
        for name, step in steps:
            setattr(value, name, step(getattr(value, name)))
        if answer is not None:
            value.__class__ = answer
        return value

    return convert


def _unless_none(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _leaf(node: Leaf) -> Compiled:
    if node.names is not None:
        return _enum(node, node.names)
    if node.type.name == "JSON":
        return Raw, _required_json if node.required else _json
    if node.type.name == "Decimal":
        return _exactly(node)  # numbers as text, with the digits that came
    return STRICT[node.type.name], None


def _json(value: Raw) -> Raw | None:
    """Pass JSON through; msgspec has checked its syntax, but not its encoding."""
    return None if str(value, "utf-8") == "null" else value


def _required_json(value: Raw) -> Raw:
    if _json(value) is None:
        raise Inexact
    return value


def _enum(node: Leaf, names: dict[Any, str]) -> Compiled:
    kinds = {type(value) for value in names}
    if kinds == {str}:
        plain = all(value == name for value, name in names.items())
        return Literal[tuple(names)], None if plain else names.__getitem__
    if kinds == {int} and all(-(2**63) <= value < 2**63 for value in names):  # msgspec's limit
        return Literal[tuple(names)], names.__getitem__
    return _exactly(node)  # mixed or fractional values


def _exactly(node: Node) -> tuple[Any, Convert]:
    """Return a codec that walks this part of the answer; any error sends the whole answer to the walk."""
    field = Selected("", "", "", node, [])

    def convert(value: Any) -> Any:
        try:
            return Completion({}, most_errors=0).field(field, value, ())
        except TooManyErrors:
            raise Inexact from None

    return Any, convert


def _is_plain(fields: Sequence[Selected]) -> bool:
    """Say whether the fields can be a Struct's: writable names, no property read in two ways."""
    read: dict[str, Selected] = {}
    for field in fields:
        if field.node is None:
            continue
        same = read.setdefault(field.source, field)
        if same is not field and (same.field != field.field or not isinstance(field.node, Leaf)):
            return False
    return not any(_UNWRITABLE.search(source) for source in read)


def _answered_tag(node: Node, tag: str) -> str | None:
    """Return a selected discriminator's value in the graph, None if it has none."""
    if isinstance(node, Leaf) and node.names is not None:
        return node.names.get(tag)
    return tag if _is_text(node) else None


def _is_text(node: Node | None) -> bool:
    return isinstance(node, Leaf) and node.names is None and STRICT.get(node.type.name) is str
