"""The finished types as a graph: which are reached, and which inputs could never be given."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from supergraph.slice import EnumType, InputType, Operation, Type, UnionType, named


def references(type_: Type) -> Iterator[str]:
    """Yield the names of the types that ``type_`` uses."""
    if isinstance(type_, EnumType):
        return
    if isinstance(type_, UnionType):
        yield from (member.type for member in type_.members)
    else:
        yield from (named(field.type) for field in type_.fields)


def reached(types: Mapping[str, Type], start: Iterable[str]) -> set[str]:
    """Return the names of all types that ``start`` leads to, without scalars."""
    found: set[str] = set()
    pending = list(start)
    while pending:
        name = pending.pop()
        if name in types and name not in found:
            found.add(name)
            pending.extend(references(types[name]))
    return found


def leading_to(types: Mapping[str, Type], goals: Iterable[str]) -> set[str]:
    """Return the names from which one of ``goals`` is reached, these among them."""
    users: dict[str, list[str]] = defaultdict(list)
    for name, type_ in types.items():
        for used in references(type_):
            users[used].append(name)
    found: set[str] = set()
    pending = list(goals)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(users[name])
    return found


def starts(operations: Iterable[Operation]) -> Iterator[str]:
    """Yield the types that operations name."""
    for operation in operations:
        yield named(operation.type)
        yield from (named(argument.type) for argument in operation.arguments)


def loosen_cycles(types: dict[str, Type]) -> None:
    """Let inputs that need each other without end be given: GraphQL section 3.10 forbids such cycles.

    Every required field on a cycle becomes optional, so that the result does not depend on where one begins.
    """
    inputs = {name: type_ for name, type_ in types.items() if isinstance(type_, InputType)}
    needs = {
        name: {field.type[:-1] for field in type_.fields if field.type.endswith("!")} & inputs.keys()
        for name, type_ in inputs.items()
    }
    while leaves := {name for name, needed in needs.items() if not needed & needs.keys()}:
        needs = {name: needed for name, needed in needs.items() if name not in leaves}
    for name in needs:
        type_ = inputs[name]
        fields = tuple(
            msgspec.structs.replace(field, type=field.type[:-1])
            if field.type.endswith("!") and _leads_to(field.type[:-1], name, needs)
            else field
            for field in type_.fields
        )
        types[name] = msgspec.structs.replace(type_, fields=fields)


def _leads_to(start: str, goal: str, needs: Mapping[str, set[str]]) -> bool:
    seen, pending = set(), [start]
    while pending:
        name = pending.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            pending.extend(needs.get(name, ()))
    return False
