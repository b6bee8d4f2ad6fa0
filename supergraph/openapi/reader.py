"""One schema as the use of a type. What differs between answers and inputs is left to the two subclasses."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from supergraph.names import pascal
from supergraph.openapi.enums import enum_values, is_enum
from supergraph.openapi.node import Node
from supergraph.openapi.scalars import scalar, widest
from supergraph.openapi.shape import Alternatives, Parts, Shape
from supergraph.openapi.type_names import file_word
from supergraph.openapi.types import Ref, Seat, Types

Spent = frozenset[Node]
NONE_SPENT: Spent = frozenset()
Use = tuple[Parts, Spent]
_ENDLESS = Ref("JSON", nullable=True, untyped=True)
MAX_PARTS = 3  # schemas that hold at once through choices inside choices; each more multiplies the types


class UnionUse(NamedTuple):
    """A schema with alternatives: ``spent`` are the holders of these, so that reading goes on behind them."""

    parts: Parts
    shape: Shape
    choice: Alternatives
    seat: Seat
    spent: Spent
    base_is_plain: bool  # no properties or the like hold beside the alternatives


class SchemaReader(ABC):
    """Reads schemas as types in one direction."""

    exact = False  # numbers may be Decimals, which are written as strings

    def __init__(self, types: Types) -> None:
        self.types = types
        self._known: dict[tuple[Use, Seat], Ref] = {}
        # Tarjan's search for schemas that hold themselves with no object between, which lists and unions cannot
        self._begun: dict[Use, int] = {}  # to the position in the stack
        self._stack: list[Use] = []  # begun, their cycles not yet complete
        self._roots: list[int] = []  # positions where the cycles on the stack may begin
        self._again: set[Use] = set()  # met while on the stack
        self._endless: set[Use] = set()  # found to be on a cycle

    def read(self, parts: Parts, given: Seat, spent: Spent = NONE_SPENT) -> Ref:
        """Return the type of values for which all ``parts`` hold; ``given`` names it if none of them does alone."""
        nullable = self.types.shapes.of(parts).nullable  # may be said beside a $ref
        parts = self.types.shapes.resolved(parts)
        use, seat = (parts, spent), self.types.seat(parts, given)
        ref = self._known.get((use, seat))
        if use in self._endless:
            ref = _ENDLESS
        elif use in self._begun:
            ref = self._meet_again(use)
        elif ref is None:
            ref = self._read_once(use, seat)
        return ref._replace(nullable=True) if nullable else ref

    def _meet_again(self, use: Use) -> Ref:
        self._again.add(use)
        while self._roots[-1] > self._begun[use]:
            self._roots.pop()
        return _ENDLESS

    def _read_once(self, use: Use, seat: Seat) -> Ref:
        """Read a schema; of a cycle without objects each is JSON, so that it does not matter where reading began."""
        position = self._begun[use] = len(self._stack)
        self._stack.append(use)
        self._roots.append(position)
        try:
            ref = self._read(use[0], seat, use[1])
        except RecursionError:
            self._begun.clear()
            self._stack.clear()
            self._roots.clear()
            raise
        if self._roots[-1] != position:
            return ref  # of a cycle that is not yet complete
        self._roots.pop()
        cycle = self._stack[position:]
        del self._stack[position:]
        for each in cycle:
            del self._begun[each]
        if self._again.isdisjoint(cycle):
            self._known[use, seat] = ref
            return ref
        self._again.difference_update(cycle)
        self._endless.update(cycle)
        first = min((each[0][0] for each in cycle), key=lambda node: node.place)
        message = "the schema holds itself with no object between; any JSON is taken"
        self.types.report.warning(first, message, "Put an object with a property between the two.")
        return _ENDLESS

    def _read(self, parts: Parts, seat: Seat, spent: Spent) -> Ref:
        shape = self.types.shapes.of(parts, spent)
        if shape.alternatives:
            use = self._use(parts, shape, seat, spent)
            if use is not None:
                ref = self.union(use) if len(parts) <= MAX_PARTS else self._too_deep(parts)
                return ref._replace(nullable=ref.nullable or shape.nullable)
        ref = self._single(parts, shape, seat, spent)
        return ref._replace(nullable=ref.nullable or shape.nullable)

    def _use(self, parts: Parts, shape: Shape, seat: Seat, spent: Spent) -> UnionUse | None:
        """Prepare the first alternatives that say more than the rest does."""
        spent |= frozenset(each.holder for each in shape.alternatives)
        base = self.types.shapes.of(parts, spent)
        telling = [
            each._replace(members=tuple(found))
            for each in shape.alternatives
            if (found := telling_members(self.types, each.members, base))
        ]
        if len(telling) > 1:
            fix = "Describe one choice, each member with all its properties."
            self.types.report.warning(parts[0], "several choices hold at once; only the first is used", fix)
        plain = not (base.properties or base.items or base.additional or base.enum is not None)
        return UnionUse(parts, shape, telling[0], seat, spent, plain) if telling else None

    def _too_deep(self, parts: Parts) -> Ref:
        message = f"choices inside choices, more than {MAX_PARTS} deep, each with properties beside them"
        self.types.report.warning(parts[0], message, "Describe one choice, each member with all its properties.")
        return Ref("JSON", nullable=True, untyped=True)

    def _single(self, parts: Parts, shape: Shape, seat: Seat, spent: Spent) -> Ref:
        if (shape.broken or shape.missing) and not shape.properties:
            return Ref("JSON", nullable=True, untyped=shape.broken)  # a type that is missing was not given
        if is_enum(shape):
            return Ref(self.types.enum(shape, seat))
        types = shape.types or _types_of_values(shape)
        if types == {"array"}:
            return self._list(shape, seat)
        if types == {"object"}:
            return self._object_or_map(parts, shape, seat, spent)
        return self._scalar(types, shape)

    def _scalar(self, types: frozenset[str], shape: Shape) -> Ref:
        """Read one type, or several as in ``type: [string, integer]``."""
        if not types:
            return Ref("JSON", nullable=True)
        names = {scalar(shape, type_, exact=self.exact) for type_ in types}
        name = None if types & {"object", "array"} else widest(names)
        return Ref(name) if name else Ref("JSON", nullable=True, untyped=True)

    def _list(self, shape: Shape, seat: Seat) -> Ref:
        if shape.items:
            return _list_of(self.read(tuple(shape.items), seat._replace(word=f"{seat.word}_Item")))
        if not shape.tuple_items:
            return Ref("[JSON]")
        refs = [self.read((each,), seat) for each in shape.tuple_items]
        simple = self.simplest(refs)
        if simple is None:
            return Ref("[JSON]", untyped=True)
        return _list_of(simple._replace(nullable=any(ref.nullable for ref in refs)))

    def _object_or_map(self, parts: Parts, shape: Shape, seat: Seat, spent: Spent) -> Ref:
        if shape.properties:
            return Ref(self.object(parts, shape, seat, spent) or "JSON")
        if shape.additional:
            value = self.read(tuple(shape.additional), seat._replace(word=f"{seat.word}_Value"))
            if value.name == "JSON":
                return Ref("JSON", untyped=value.untyped)
            return Ref(f"[{self.entry(value, seat)}!]", untyped=value.untyped)
        return Ref("JSON")

    def member_refs(self, use: UnionUse) -> tuple[list[tuple[Node, Ref]], bool]:
        """Return the members with their types, null left out, and whether null is one of them."""
        found, nullable = [], False
        for member in use.choice.members:
            shape = self.types.shapes.of((member,))
            if _is_null(shape):
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
        if len({ref.name for ref in refs}) == 1:
            return Ref(refs[0].name, untyped=any(ref.untyped for ref in refs))
        name = widest({"String" if self.types.is_enum(ref) else ref.name for ref in refs})
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
        file, _, pointer = reference.partition("#")
        return pascal(pointer.rpartition("/")[2]) or file_word(file.lstrip("./")) or "Option"
    return pascal(member.prose("title")) or f"Option{int(member.key) + 1 if member.key.isdecimal() else ''}"


def _is_null(shape: Shape) -> bool:
    return (shape.says_nothing and shape.nullable) or shape.enum == [None]


def _list_of(item: Ref) -> Ref:
    return Ref(f"[{item.written(required=True)}]", untyped=item.untyped)


def _types_of_values(shape: Shape) -> frozenset[str]:
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}
    found = {kinds[type(value)] for value in enum_values(shape)}
    return frozenset({"number"} if found == {"integer", "number"} else found)


def telling_members(types: Types, members: Parts, base: Shape) -> list[Node]:
    """Return the members that say something of a value's type beside what ``base`` says, null among them."""
    found, telling = [], False
    for member in members:
        shape = types.shapes.of((member,))
        limits_only = shape.says_nothing or (
            base.is_object and shape.types <= base.types and shape.properties.keys() <= base.properties.keys()
        )
        telling |= not limits_only or bool(shape.alternatives)
        if not limits_only or shape.alternatives or shape.nullable:
            found.append(member)
    return found if telling else []
