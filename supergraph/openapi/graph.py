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
    cycles = _cycles(needs)
    for name in needs:
        type_ = inputs[name]
        fields = tuple(
            msgspec.structs.replace(field, type=field.type[:-1])
            if field.type.endswith("!") and cycles.get(field.type[:-1]) == cycles[name]
            else field
            for field in type_.fields
        )
        types[name] = msgspec.structs.replace(type_, fields=fields)


def _cycles(needs: Mapping[str, set[str]]) -> dict[str, str]:
    """Return for each name one that stands for all that it needs and that need it: Kosaraju's algorithm."""
    users: dict[str, list[str]] = defaultdict(list)
    finished: list[str] = []
    seen: set[str] = set()
    pending = [(name, False) for name in needs]
    while pending:
        name, is_done = pending.pop()
        if is_done:
            finished.append(name)
        elif name not in seen:
            seen.add(name)
            pending.append((name, True))
            for needed in needs.get(name, ()):
                users[needed].append(name)
                pending.append((needed, False))
    cycles: dict[str, str] = {}
    for first in reversed(finished):
        waiting = [first]
        while waiting:
            name = waiting.pop()
            if name not in cycles:
                cycles[name] = first
                waiting += users[name]
    return cycles
