"""Schemas of request bodies and parameters as input types; unions as one-of inputs."""

from typing import Any

import msgspec

from supergraph.names import camel, distinct, member_name, pascal
from supergraph.openapi.discriminators import discriminator_property, discriminator_tags
from supergraph.openapi.enums import enum_values
from supergraph.openapi.node import Node
from supergraph.openapi.reader import SchemaReader, Spent, UnionUse, member_word
from supergraph.openapi.report import Report
from supergraph.openapi.shape import Parts, Shape
from supergraph.openapi.types import Ref, Seat, Types, deprecation, field_description
from supergraph.slice import InputField, InputType


class InputTypes(SchemaReader):
    """Reads the schemas of what is sent."""

    def __init__(self, types: Types) -> None:
        super().__init__(types)
        self._started: set[str] = set()

    def object(self, parts: Parts, shape: Shape, seat: Seat, spent: Spent) -> str:  # noqa: ARG002 # as in answers
        sent = {
            name: tuple(nodes)
            for name, nodes in shape.properties.items()
            if not self.types.shapes.of(tuple(nodes)).read_only
        }
        if not sent:
            return ""
        name = self.types.names.name(seat.node, f"{seat.word}Input")
        if name not in self._started:
            self._started.add(name)
            self.types.later(lambda: self._fill(name, shape, sent, seat))
        return name

    def _fill(self, name: str, shape: Shape, sent: dict[str, Parts], seat: Seat) -> None:
        constants: dict[str, Any] = {}
        for source, nodes in sent.items():
            value = single_value(self.types.shapes.of(nodes)) if source in shape.required else None
            if value is not None:
                constants[source] = value
        if len(constants) == len(sent):
            constants = {}
        names = distinct((source, member_name(source)) for source in sent)
        fields = tuple(
            self._field(names[source], source, nodes, seat, required=source in shape.required)
            for source, nodes in sent.items()
            if source not in constants
        )
        description = shape.description or shape.title
        self.types.add(InputType(name=name, description=description, fields=fields, constants=constants))

    def _field(self, name: str, source: str, nodes: Parts, seat: Seat, *, required: bool) -> InputField:
        ref = self.read(nodes, seat._replace(word=f"{seat.word}_{pascal(source)}"))
        shape = self.types.shapes.of(nodes)
        report_default(nodes[0], shape, self.types.report)
        written = ref.written(required=required)
        text = field_description(nodes, shape, own_only=self.is_made_here(ref)) or ("" if source.isascii() else source)
        return InputField(
            name=name,
            source=source,
            type=written,
            description=with_default(text, shape),
            deprecated=None
            if written.endswith("!")
            else deprecation(deprecated=shape.deprecated),  # GraphQL section 3.13.3
        )

    def is_made_here(self, ref: Ref) -> bool:
        """Say whether the type has a description of its own."""
        return ref.named in self.types.made or ref.named in self._started

    def entry(self, value: Ref, seat: Seat) -> str:
        name = self.types.names.name(seat.node, f"{seat.word}_EntryInput")
        fields = (
            InputField(name="key", source="key", type="String!"),
            InputField(name="value", source="value", type=value.written(required=True)),
        )
        self.types.add(InputType(name=name, kind="entry", fields=fields, description="One entry of a map."))
        return name

    def union(self, use: UnionUse) -> Ref:
        found, nullable = self.member_refs(use)
        simple = self.simplest([ref for _, ref in found]) if found else Ref("JSON")
        if simple is None and not any(self._is_structured(ref) for _, ref in found):
            simple = Ref("JSON")
        if simple is not None:
            return simple._replace(nullable=nullable)
        holder = use.choice.holder
        prop = discriminator_property(holder)
        unique = {ref.name: (member, ref) for member, ref in reversed(found)}
        words = {ref.name: self._word(member, ref) for member, ref in unique.values()}
        names = distinct(words.items())
        name = self.types.names.name(use.seat.node, f"{use.seat.word}Input")
        tags_of = discriminator_tags(holder, self.types.shapes.bundle)
        fields, tags = [], {}
        for type_name, (member, _) in reversed(unique.items()):
            fields.append(InputField(name=names[type_name], source=names[type_name], type=type_name))
            if prop and (found_tags := tags_of(member)):
                tags[names[type_name]] = found_tags[0]
        made = InputType(
            name=name,
            kind="one_of",
            description=use.shape.description or use.shape.title,
            fields=tuple(fields),
            discriminator=prop if tags else "",
            tags=tags,
        )
        self.types.add(made)
        return Ref(name, nullable=nullable)

    def _is_structured(self, ref: Ref) -> bool:
        return ref.name.startswith("[") or ref.name in self._started

    def _word(self, member: Node, ref: Ref) -> str:
        if self._is_structured(ref) or isinstance(self.types.made.get(ref.name), InputType):
            return camel(member_word(member))
        return camel(ref.named) + "List" * ref.name.count("[")


def single_value(shape: Shape) -> Any:
    """Return the one value that is allowed, None if there is a choice."""
    values = enum_values(shape)
    return values[0] if len(values) == 1 and shape.enum is not None and len(shape.enum) == 1 else None


_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "file": (),
}


def fits(value: Any, shape: Shape) -> bool:
    """Say whether a default is of the type that it is the default of."""
    if not shape.types or value is None:
        return True
    kinds = {kind for type_ in shape.types for kind in _PYTHON_TYPES[type_]}
    return isinstance(value, bool) is (bool in kinds) and isinstance(value, tuple(kinds))


def report_default(node: Node, shape: Shape, report: Report) -> None:
    """Warn of a default that no value may have."""
    if node.has("default") and node.get("default") is None and shape.types and not shape.nullable:
        report.warning(node, "the default is null, which no value may be", "Remove it, or allow null.")
    if not fits(shape.default, shape):
        told = msgspec.json.encode(shape.default).decode()
        message = f"the default {told} is not of the type {' or '.join(sorted(shape.types))}; it is not told"
        report.warning(node, message, "Correct the default or the type.")


def with_default(text: str, shape: Shape) -> str:
    """Tell the default in the description; the department applies it, not the graph."""
    if shape.default is None or shape.default == "" or not fits(shape.default, shape):
        return text
    told = f"Default: `{msgspec.json.encode(shape.default).decode()}`."
    return f"{text}\n\n{told}" if text else told
