"""What the compilers of answers and of inputs share: types already made, types still to make, remarks."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from supergraph.openapi.enums import enum_type
from supergraph.openapi.node import Node
from supergraph.openapi.report import Report
from supergraph.openapi.shape import Parts, Shape, Shapes
from supergraph.openapi.type_names import TypeNames
from supergraph.slice import EnumType, Type, named


class Ref(NamedTuple):
    """A use of a type: its name or list (``[Lot!]``), without the outermost ``!``."""

    name: str
    nullable: bool = False
    untyped: bool = False  # JSON stands where the document did give a type

    def written(self, *, required: bool) -> str:
        """Return the reference as in SDL."""
        return f"{self.name}!" if required and not self.nullable else self.name

    @property
    def named(self) -> str:
        """The name of the innermost type."""
        return named(self.name)


class Seat(NamedTuple):
    """Where a type's name comes from: a schema's place, and a word for what has no place of its own."""

    node: Node
    word: str = ""


class Types:
    """The types of one service while they are being made."""

    def __init__(self, shapes: Shapes, names: TypeNames, report: Report) -> None:
        self.shapes = shapes
        self.names = names
        self.report = report
        self.made: dict[str, Type] = {}
        self.untyped: set[str] = set()  # the types with a field that fell back to JSON
        self._pending: deque[Callable[[], None]] = deque()

    def later(self, make: Callable[[], None]) -> None:
        """Make a type's fields when the present one is done: references may be recursive and deep."""
        self._pending.append(make)

    def finish(self) -> None:
        """Make all that is still to be made."""
        while self._pending:
            self._pending.popleft()()

    def add(self, type_: Type) -> None:
        self.made[type_.name] = type_

    def enum(self, shape: Shape, seat: Seat) -> str:
        """Return the name of the enum of ``shape``."""
        name = self.names.name(seat.node, seat.word)
        if name not in self.made:
            self.add(enum_type(name, shape))
        return name

    def is_enum(self, ref: Ref) -> bool:
        return isinstance(self.made.get(ref.name), EnumType)

    def seat(self, parts: Parts, given: Seat) -> Seat:
        """Return the seat of a type: its one schema's own, or the given one for several schemas together."""
        return Seat(parts[0]) if len(parts) == 1 else given


def deprecation(*, deprecated: bool) -> str | None:
    """Return the reason of a deprecation; documents give none."""
    return "The API's document marks it as deprecated." if deprecated else None


def field_description(parts: Parts, shape: Shape, *, own_only: bool) -> str:
    """Return what the document says of a field: what stands at the field first, then what its schema says.

    ``own_only``: the schema's words stand at its own type already.
    """
    own = next((text for node in parts if (text := node.prose("description"))), "")
    if own or own_only:
        return own
    return shape.description or shape.title
