"""Schemas of answers as object types, unions and lists of entries."""

from collections.abc import Iterable
from typing import NamedTuple

from supergraph.names import distinct, member_name, pascal
from supergraph.openapi.discriminators import discriminator_property, discriminator_tags
from supergraph.openapi.reader import SchemaReader, Spent, UnionUse
from supergraph.openapi.scalars import SCALARS
from supergraph.openapi.shape import Parts, Shape
from supergraph.openapi.types import Ref, Seat, Types, deprecation, field_description
from supergraph.slice import Field, Member, ObjectType, UnionType


class Possible(NamedTuple):
    """One of several types that an answer may have."""

    ref: Ref
    tags: tuple[str, ...] = ()
    status: tuple[str, ...] = ()


class AnswerTypes(SchemaReader):
    """Reads the schemas of answers."""

    exact = True

    def __init__(self, types: Types) -> None:
        super().__init__(types)
        self._objects: set[str] = set()

    def object(self, parts: Parts, shape: Shape, seat: Seat, spent: Spent) -> str:  # noqa: ARG002 # inputs use them
        shown = {
            name: tuple(nodes)
            for name, nodes in shape.properties.items()
            if not self.types.shapes.of(tuple(nodes)).write_only
        }
        if not shown:
            return ""
        name = self.types.names.name(seat.node, seat.word)
        if name not in self._objects:
            self._objects.add(name)
            self.types.later(lambda: self._fill(name, shape, shown, seat))
        return name

    def _fill(self, name: str, shape: Shape, shown: dict[str, Parts], seat: Seat) -> None:
        names = distinct((source, member_name(source)) for source in shown)
        fields = []
        for source, nodes in shown.items():
            ref = self.read(nodes, seat._replace(word=f"{seat.word}_{pascal(source)}"))
            inner = self.types.shapes.of(nodes)
            if ref.untyped:
                self.types.untyped.add(name)
            fields.append(
                Field(
                    name=names[source],
                    source=source,
                    type=ref.written(required=source in shape.required),
                    description=field_description(nodes, inner, own_only=self.is_made_here(ref))
                    or ("" if source.isascii() else source),
                    deprecated=deprecation(deprecated=inner.deprecated),
                )
            )
        self.types.add(ObjectType(name=name, description=shape.description or shape.title, fields=tuple(fields)))

    def is_made_here(self, ref: Ref) -> bool:
        """Say whether the type has a description of its own."""
        return ref.named in self.types.made or ref.named in self._objects

    def entry(self, value: Ref, seat: Seat) -> str:
        name = self.types.names.name(seat.node, f"{seat.word}_Entry")
        fields = (
            Field(name="key", source="key", type="String!"),
            Field(name="value", source="value", type=value.written(required=True)),
        )
        self.types.add(ObjectType(name=name, kind="entry", fields=fields, description="One entry of a map."))
        if value.untyped:
            self.types.untyped.add(name)
        return name

    def union(self, use: UnionUse) -> Ref:
        found, nullable = self.member_refs(use)
        if not found:
            return Ref("JSON", nullable=True)
        simple = self.simplest([ref for _, ref in found])
        if simple is not None:
            return simple._replace(nullable=nullable)
        if all(ref.name in SCALARS or ref.name == "JSON" or self.types.is_enum(ref) for _, ref in found):
            return Ref("JSON", nullable=nullable, untyped=all(ref.name != "JSON" for _, ref in found))
        holder = use.choice.holder
        prop = discriminator_property(holder)
        tags = discriminator_tags(holder, self.types.shapes.bundle)
        possible = [Possible(ref, tuple(tags(member)) if prop else ()) for member, ref in found]
        name = self.types.names.name(use.seat.node, use.seat.word)
        description = use.shape.description or use.shape.title
        return Ref(self.make_union(name, possible, use.seat, description, prop), nullable=nullable)

    def make_union(
        self, name: str, possible: Iterable[Possible], seat: Seat, description: str = "", discriminator: str = ""
    ) -> str:
        """Make the union ``name``: unions among the members give their members, all but objects are wrapped."""
        members: dict[str, Member] = {}
        for each in possible:
            inner = self.types.made.get(each.ref.name)
            if each.ref.untyped:
                self.types.untyped.add(name)
            if isinstance(inner, UnionType) and not each.status:
                found = [
                    Member(type=one.type, tags=one.tags if inner.discriminator == discriminator else ())
                    for one in inner.members
                ]
            elif each.ref.name in self._objects:
                found = [Member(type=each.ref.name, tags=each.tags, status=each.status)]
            else:
                found = [Member(type=self._wrapper(each.ref, seat), tags=each.tags, status=each.status)]
            for one in found:
                known = members.get(one.type, Member(type=one.type))
                members[one.type] = Member(
                    type=one.type,
                    tags=tuple(dict.fromkeys(known.tags + one.tags)),
                    status=tuple(dict.fromkeys(known.status + one.status)),
                )
        if not any(member.tags for member in members.values()):
            discriminator = ""
        self.types.add(
            UnionType(name=name, description=description, members=tuple(members.values()), discriminator=discriminator)
        )
        return name

    def _wrapper(self, ref: Ref, seat: Seat) -> str:
        word = ref.named.removeprefix(self.types.names.prefix) + "List" * ref.name.count("[")
        name = self.types.names.name(seat.node, f"{seat.word}_{pascal(word)}")
        field = Field(name="value", source="", type=ref.written(required=True))
        description = "A value that is no object, as the member of a union."
        self.types.add(ObjectType(name=name, kind="wrapper", fields=(field,), description=description))
        if ref.untyped:
            self.types.untyped.add(name)
        return name
