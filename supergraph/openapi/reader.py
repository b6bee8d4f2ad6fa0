"""One schema as the use of a type. What differs between answers and inputs is left to the two subclasses."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from supergraph.names import pascal
from supergraph.openapi.enums import enum_values, is_enum
from supergraph.openapi.node import Node
from supergraph.openapi.scalars import scalar, widest
from supergraph.openapi.shape import Parts, Shape
from supergraph.openapi.types import Ref, Seat, Types
from supergraph.slice import EnumType

Spent = frozenset[Node]
NONE_SPENT: Spent = frozenset()


class UnionUse(NamedTuple):
    """A schema with alternatives: ``spent`` are the holders of these, so that reading goes on behind them."""

    parts: Parts
    shape: Shape
    members: list[Node]
    seat: Seat
    spent: Spent
    base_is_plain: bool  # no properties or the like hold beside the alternatives


class SchemaReader(ABC):
    """Reads schemas as types in one direction."""

    def __init__(self, types: Types) -> None:
        self.types = types
        self._open: set[tuple[Parts, Spent]] = set()  # schemas being read: lists and unions cannot hold themselves

    def read(self, parts: Parts, given: Seat, spent: Spent = NONE_SPENT) -> Ref:
        """Return the type of values for which all ``parts`` hold; ``given`` names it if none of them does alone."""
        parts = self.types.shapes.resolved(parts)
        key = (parts, spent)
        if key in self._open:
            message = "the schema holds itself with no object between"
            self.types.report.warning(parts[0], message, "Put an object with a property between the two.")
            return Ref("JSON", nullable=True, untyped=True)
        self._open.add(key)
        try:
            return self._read(parts, self.types.seat(parts, given), spent)
        finally:
            self._open.discard(key)

    def _read(self, parts: Parts, seat: Seat, spent: Spent) -> Ref:
        shape = self.types.shapes.of(parts, spent)
        if shape.alternatives and (members := self._members(parts, shape)):
            holders = frozenset(each.holder for each in shape.alternatives)
            base = self.types.shapes.of(parts, spent | holders)
            plain = not (base.properties or base.items or base.additional or base.enum is not None)
            use = UnionUse(parts, shape, members, seat, spent | holders, plain)
            union = self.union(use)
            return union._replace(nullable=union.nullable or shape.nullable)
        name, untyped = self._named(parts, shape, seat, spent)
        return Ref(name, nullable=shape.nullable or untyped, untyped=untyped)

    def _named(self, parts: Parts, shape: Shape, seat: Seat, spent: Spent) -> tuple[str, bool]:
        if (shape.broken or shape.missing) and not shape.properties:
            return "JSON", shape.broken  # a type that is missing was not given
        if is_enum(shape):
            return self.types.enum(shape, seat), False
        types = shape.types or _types_of_values(shape)
        if types == {"array"}:
            return self._list(shape, seat)
        if types == {"object"}:
            return self._object_or_map(parts, shape, seat, spent)
        return self._scalar(types, shape)

    def _scalar(self, types: frozenset[str], shape: Shape) -> tuple[str, bool]:
        """Read one type, or several as in ``type: [string, integer]``."""
        if not types:
            return "JSON", False
        name = None if types & {"object", "array"} else widest({scalar(shape, type_) for type_ in types})
        return (name, False) if name else ("JSON", True)

    def _list(self, shape: Shape, seat: Seat) -> tuple[str, bool]:
        if shape.tuple_items and not shape.items:
            refs = {self.read((each,), seat) for each in shape.tuple_items}
            if len(refs) == 1:
                item = refs.pop()
                return f"[{item.written(required=True)}]", item.untyped
            name = widest({ref.name for ref in refs})
            return (f"[{name}]", False) if name else ("[JSON]", True)
        if not shape.items:
            return "[JSON]", False
        item = self.read(tuple(shape.items), seat._replace(word=f"{seat.word}_Item"))
        return f"[{item.written(required=True)}]", item.untyped

    def _object_or_map(self, parts: Parts, shape: Shape, seat: Seat, spent: Spent) -> tuple[str, bool]:
        if shape.properties:
            name = self.object(parts, shape, seat, spent)
            return (name, False) if name else ("JSON", False)
        if shape.additional:
            value = self.read(tuple(shape.additional), seat._replace(word=f"{seat.word}_Value"))
            if value.name != "JSON":
                return f"[{self.entry(value, seat)}!]", value.untyped
            return "JSON", value.untyped
        return "JSON", False

    def _members(self, parts: Parts, shape: Shape) -> list[Node]:
        """Return the alternatives that say more than the rest does."""
        base = self.types.shapes.of(parts, frozenset(each.holder for each in shape.alternatives))
        group = shape.alternatives[0]
        return group_members(self.types, group.members, base)

    def member_refs(self, use: UnionUse) -> tuple[list[tuple[Node, Ref]], bool]:
        """Return the members with their types, null left out, and whether null is one of them."""
        found, nullable = [], False
        for member in use.members:
            shape = self.types.shapes.of((member,))
            if _is_null(member, shape):
                nullable = True
                continue
            seat = use.seat._replace(word=f"{use.seat.word}_{member_word(member)}")
            plain = use.base_is_plain
            ref = self.read((member,), seat) if plain else self.read((*use.parts, member), seat, use.spent)
            found.append((member, ref))
            nullable |= ref.nullable
        return found, nullable

    def simplest(self, refs: list[Ref]) -> Ref | None:
        """Return one type for all of ``refs``, if they are of one kind: the same type, or scalars of one family."""
        names = {ref.name for ref in refs}
        if len(names) == 1:
            return refs[0]._replace(nullable=False)
        plain = {"String" if isinstance(self.types.made.get(name), EnumType) else name for name in names}
        name = widest(plain)
        return Ref(name) if name else None

    @abstractmethod
    def object(self, parts: Parts, shape: Shape, seat: Seat, spent: Spent) -> str:
        """Return the name of the object type, "" if no field is left."""

    @abstractmethod
    def entry(self, value: Ref, seat: Seat) -> str:
        """Return the name of the type of a map's entries."""

    @abstractmethod
    def union(self, use: UnionUse) -> Ref:
        """Return the type of values that are one of the members."""


def member_word(member: Node) -> str:
    """Return the word for a member of a union: its schema's name, its title or its number."""
    reference = member.text("$ref")
    if reference:
        return pascal(reference.rpartition("/")[2].rpartition("#")[2]) or "Option"
    return pascal(member.text("title")) or f"Option{int(member.key) + 1 if member.key.isdigit() else ''}"


def _is_null(member: Node, shape: Shape) -> bool:
    return (shape.says_nothing and (shape.nullable or member.get("type") in ("null", ["null"]))) or shape.enum == [None]


def _types_of_values(shape: Shape) -> frozenset[str]:
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}
    found = {kinds[type(value)] for value in enum_values(shape)}
    return frozenset({"number"} if found == {"integer", "number"} else found)


def group_members(types: Types, members: Parts, base: Shape) -> list[Node]:
    """Return the members that say something of a value's type beside what ``base`` says."""
    found = []
    for member in members:
        shape = types.shapes.of((member,))
        limits_only = shape.says_nothing or (
            base.is_object and shape.types <= base.types and shape.properties.keys() <= base.properties.keys()
        )
        if not limits_only or shape.alternatives or shape.nullable or member.get("type") == "null":
            found.append(member)
    return found
