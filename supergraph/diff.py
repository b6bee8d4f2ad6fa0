"""What a new slice changes for those who already query the old one, judged by GraphQL's rules of compatibility.

Only what an operation reaches counts. A type that is no longer reached is not listed by itself: whatever led to it
is. Messages name coordinates as GraphQL's schema coordinates do: ``ParkingLot.name``, ``Query.parking.lots(limit:)``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeVar

from msgspec import Struct

from supergraph.described import costs, for_whom
from supergraph.slice import (
    RANK,
    Access,
    Argument,
    EnumType,
    Field,
    InputField,
    InputType,
    Named,
    ObjectType,
    Operation,
    Slice,
    Type,
    UnionType,
    coordinate,
    named,
)

Level = Literal["breaking", "dangerous", "safe"]
"""``dangerous``: every valid operation stays valid, but a client may meet an answer that it did not know of."""

_N = TypeVar("_N", bound=Named)
_Given = Argument | InputField

LEVELS: tuple[Level, ...] = ("breaking", "dangerous", "safe")


class Change(Struct, frozen=True):
    """One difference. ``kind`` is stable, for programs; ``message`` is for people."""

    kind: Literal[
        "operation-removed", "operation-moved", "operation-added", "operation-type", "operation-access",
        "operation-cost",
        "argument-removed", "argument-added", "argument-type",
        "type-kind", "field-removed", "field-added", "field-type", "field-access",
        "input-field-removed", "input-field-added", "input-field-type", "input-one-of",
        "value-removed", "value-added", "member-removed", "member-added", "deprecated",
    ]  # fmt: skip
    level: Level
    path: str
    message: str


def compare(old: Slice, new: Slice) -> list[Change]:
    """Return every change that a client can notice, the worst first, then by path."""
    changes = [*_operations(old, new)]
    before, after = _Reach(old), _Reach(new)
    for name in before.names & after.names:
        answers = name in before.outputs and name in after.outputs
        changes += _type(old.types[name], new.types[name], in_answers=answers)
    return sorted(set(changes), key=lambda change: (LEVELS.index(change.level), change.path, change.kind))


def breaking(changes: Sequence[Change]) -> list[Change]:
    """Return those that make an operation invalid which was valid before."""
    return [change for change in changes if change.level == "breaking"]


class _Reach:
    """The names of a slice's own types that its operations' answers and arguments reach."""

    def __init__(self, slice_: Slice) -> None:
        self._types = slice_.types
        self.outputs: set[str] = set()
        self.inputs: set[str] = set()
        for operation in slice_.operations:
            self._walk(operation.type, self.outputs)
            for argument in operation.arguments:
                self._walk(argument.type, self.inputs)
        self.names = self.outputs | self.inputs

    def _walk(self, reference: str, seen: set[str]) -> None:
        waiting = [reference]
        while waiting:
            name = named(waiting.pop())
            if name in self._types and name not in seen:
                seen.add(name)
                waiting += _references(self._types[name])


def _references(type_: Type) -> list[str]:
    match type_:
        case ObjectType() | InputType():
            return [field.type for field in type_.fields]
        case UnionType():
            return [member.type for member in type_.members]
        case EnumType():
            return []


def _operations(old: Slice, new: Slice) -> Iterator[Change]:
    before = {coordinate(old.service, operation): operation for operation in old.operations}
    after = {coordinate(new.service, operation): operation for operation in new.operations}
    moved = {after[path].source: path for path in after.keys() - before.keys() if after[path].source}
    for path, operation in before.items():
        if path in after:
            yield from _operation(path, operation, after[path])
        elif target := moved.get(operation.source):
            yield Change("operation-moved", "breaking", path, f"The operation is now {target}.")
        else:
            yield Change("operation-removed", "breaking", path, "The operation is gone.")
    arrived_by_move = {moved.get(operation.source) for path, operation in before.items() if path not in after}
    for path in after.keys() - before.keys() - arrived_by_move:
        yield Change("operation-added", "safe", path, "A new operation.")


def _operation(path: str, old: Operation, new: Operation) -> Iterator[Change]:
    yield from _deprecation(path, old, new)
    if old.access != new.access:
        yield _access(path, old.access, new.access)
    if (old.cost, old.list_size) != (new.cost, new.list_size):
        message = f"A call now costs {costs(new)}; it cost {costs(old)}. Too costly operations are refused."
        yield Change("operation-cost", "dangerous", path, message)
    if old.type != new.type:
        yield Change("operation-type", _answer_level(old.type, new.type), path, _type_message(old.type, new.type))
    before, after = _by_name(old.arguments), _by_name(new.arguments)
    for name in before.keys() - after.keys():
        yield Change("argument-removed", "breaking", f"{path}({name}:)", "The argument is gone.")
    for name in after.keys() - before.keys():
        yield _added_input("argument-added", f"{path}({name}:)", after[name])
    for name in before.keys() & after.keys():
        yield from _input_type("argument-type", f"{path}({name}:)", before[name], after[name])


def _access(path: str, old: Access, new: Access) -> Change:
    demands = (new.scope not in ("", old.scope), new.consent not in ("", old.consent))
    if RANK[new.level] > RANK[old.level] or any(demands):
        message = f"The operation is now for {for_whom(new)}; it was for {for_whom(old)}."
        return Change("operation-access", "breaking", path, message)
    return Change("operation-access", "safe", path, f"The operation is now for {for_whom(new)}.")


def _type(old: Type, new: Type, *, in_answers: bool) -> Iterator[Change]:
    match old, new:
        case ObjectType(), ObjectType():
            yield from _object(old, new)
        case InputType(), InputType():
            yield from _input(old, new)
        case EnumType(), EnumType():
            yield from _enum(old, new, in_answers=in_answers)
        case UnionType(), UnionType():
            yield from _union(old, new)
        case _:
            was, is_ = (type(each).__name__.removesuffix("Type").lower() for each in (old, new))
            yield Change("type-kind", "breaking", old.name, f"The type was an {was} and is now an {is_}.")


def _object(old: ObjectType, new: ObjectType) -> Iterator[Change]:
    before, after = _by_name(old.fields), _by_name(new.fields)
    for name in before.keys() - after.keys():
        yield Change("field-removed", "breaking", f"{old.name}.{name}", "The field is gone.")
    for name in after.keys() - before.keys():
        yield Change("field-added", "safe", f"{old.name}.{name}", "A new field.")
    for name in before.keys() & after.keys():
        was, is_, path = before[name], after[name], f"{old.name}.{name}"
        yield from _deprecation(path, was, is_)
        if was.type != is_.type:
            yield Change("field-type", _answer_level(was.type, is_.type), path, _type_message(was.type, is_.type))
        yield from _field_access(path, was, is_)


def _field_access(path: str, old: Field, new: Field) -> Iterator[Change]:
    was, is_ = (each.privacy.needs if each.privacy else "public" for each in (old, new))
    if was != is_:
        level: Level = "breaking" if RANK[is_] > RANK[was] else "safe"
        yield Change("field-access", level, path, f"The field is now for {for_whom(Access(is_))}.")


def _input(old: InputType, new: InputType) -> Iterator[Change]:
    before, after = _by_name(old.fields), _by_name(new.fields)
    if (old.kind == "one_of") != (new.kind == "one_of"):
        message = "Exactly one field must be given now." if new.kind == "one_of" else "It is no longer a @oneOf input."
        level: Level = "breaking" if new.kind == "one_of" else "safe"
        yield Change("input-one-of", level, old.name, message)
    for name in before.keys() - after.keys():
        yield Change("input-field-removed", "breaking", f"{old.name}.{name}", "The field is gone.")
    for name in after.keys() - before.keys():
        yield _added_input("input-field-added", f"{old.name}.{name}", after[name])
    for name in before.keys() & after.keys():
        yield from _input_type("input-field-type", f"{old.name}.{name}", before[name], after[name])


def _enum(old: EnumType, new: EnumType, *, in_answers: bool) -> Iterator[Change]:
    before, after = _by_name(old.values), _by_name(new.values)
    for name in before.keys() - after.keys():
        yield Change("value-removed", "breaking", f"{old.name}.{name}", "The value is gone.")
    for name in after.keys() - before.keys():
        if in_answers:
            yield Change("value-added", "dangerous", f"{old.name}.{name}", "A new value that answers may hold.")
        else:
            yield Change("value-added", "safe", f"{old.name}.{name}", "A new value that may be given.")


def _union(old: UnionType, new: UnionType) -> Iterator[Change]:
    before, after = ({member.type for member in union.members} for union in (old, new))
    for name in before - after:
        yield Change("member-removed", "breaking", f"{old.name}.{name}", f"The union no longer holds {name}.")
    for name in after - before:
        yield Change("member-added", "dangerous", f"{old.name}.{name}", f"The union may now hold {name}.")


def _added_input(kind: Literal["argument-added", "input-field-added"], path: str, added: _Given) -> Change:
    noun = kind.removesuffix("-added").replace("-", " ")
    if added.type.endswith("!"):
        return Change(kind, "breaking", path, f"A new {noun} that must be given.")
    return Change(kind, "safe", path, f"A new optional {noun}.")


def _input_type(
    kind: Literal["argument-type", "input-field-type"], path: str, old: _Given, new: _Given
) -> Iterator[Change]:
    if old.type != new.type:
        # What arguments accept may only widen: the rule of answers, the other way round.
        yield Change(kind, _answer_level(new.type, old.type), path, _type_message(old.type, new.type))


def _deprecation(path: str, old: Named, new: Named) -> Iterator[Change]:
    if new.deprecated is not None and old.deprecated is None:
        yield Change("deprecated", "safe", path, f"Now deprecated: {new.deprecated}")


def _by_name(members: Sequence[_N]) -> Mapping[str, _N]:
    return {each.name: each for each in members}


def _type_message(old: str, new: str) -> str:
    return f"The type was {old} and is now {new}."


def _answer_level(old: str, new: str) -> Level:
    return "safe" if _promises_as_much(old, new) else "breaking"


def _promises_as_much(old: str, new: str) -> bool:
    """Whether whoever handles answers of the type reference ``old`` can handle those of ``new``."""
    if new.endswith("!"):
        return _promises_as_much(old.removesuffix("!"), new[:-1])
    if old.endswith("!"):
        return False
    if old.startswith("[") and new.startswith("["):
        return _promises_as_much(old[1:-1], new[1:-1])
    return old == new
