"""Where a department's answer is not what its document says: the whole of it, not what somebody selected.

The engine reads what is selected and forgives the rest; this reads everything, for the contract probes. It compares
names, kinds and enums, and not texts' formats or numbers' bounds: front ends are given those as they come.
"""

from collections.abc import Mapping
from http.client import responses
from typing import Any, Literal

from msgspec import Struct

from supergraph.answers import UnreadableError, content, names_of
from supergraph.complete import kind_of
from supergraph.slice import EnumType, ObjectType, Operation, Type, UnionType, named
from supergraph.unions import Resolve, has_kind, resolver
from supergraph.wire import Response

MOST = 20  # deviations told of one answer: whoever has to mend them finds the rest the next time
_MOST_KEPT = 1_000  # different ones of an answer that may have a million
_LONGEST_NAME = 100  # characters of a property's name
_NOT_LISTED = "is none of the documented values"
_DEEPEST = 100  # levels: a recursive type's answer may go on for ever

Kind = Literal["status", "unreadable", "missing", "wrong", "extra"]


class Deviation(Struct, frozen=True):
    """One difference. ``where`` leads into the answer, such as ``lots[].free``; ``count`` is how often it is there.

    ``extra``, what the document does not know, harms nobody; the other kinds do.
    """

    kind: Kind
    where: str
    message: str
    count: int = 1


def deviations(operation: Operation, types: Mapping[str, Type], response: Response) -> list[Deviation]:
    """Compare an answer with the operation's documented ones; nothing is returned if it is as documented."""
    status = response.status
    if not 200 <= status < 300:
        return [Deviation("status", "", f"answered {status} {responses.get(status, '')}".strip())]
    documented = {each.status.upper(): each for each in operation.binding.answers}
    answer = next((documented[name] for name in names_of(status) if name in documented), None)
    if answer is None:
        return [Deviation("status", "", f"answered {status}, documented are {', '.join(documented) or 'none'}")]
    try:
        value = content(answer, response)
    except UnreadableError as error:
        return [Deviation("unreadable", "", f"answered {error}")]
    if answer.form != "json":
        return []
    comparison = _Comparison(types)
    try:
        comparison.value(answer.type, value, "", 0)
    except RecursionError:
        return [Deviation("unreadable", "", "is nested too deeply to be read")]
    told = sorted(comparison.found.items(), key=lambda each: each[0][0] == "extra")  # what harms first
    return [Deviation(*found, count) for found, count in told[:MOST]]


class _Comparison:
    """Walks a value along its type. ``found`` counts equal deviations, in the order they were met."""

    def __init__(self, types: Mapping[str, Type]) -> None:
        self._types = types
        self._resolvers: dict[str, Resolve] = {}
        self.found: dict[tuple[Kind, str, str], int] = {}

    def value(self, reference: str, value: Any, where: str, depth: int) -> None:
        bare = reference.removesuffix("!")
        if depth > _DEEPEST or (value is None and bare == reference):
            return
        if value is None:
            self._add("missing", where, "is null, which the document does not allow")
        elif bare.startswith("["):
            self._items(bare[1:-1], value, where, depth)
        elif isinstance(type_ := self._types.get(bare), ObjectType):
            self._object(type_, value, where, depth)
        elif isinstance(type_, UnionType):
            self._union(type_, value, where, depth)
        elif not has_kind(value, bare, self._types):
            is_enum = isinstance(type_, EnumType)
            self._add("wrong", where, _NOT_LISTED if is_enum else f"is {kind_of(value)}, not {bare}")

    def _items(self, reference: str, value: Any, where: str, depth: int) -> None:
        entry = self._types.get(named(reference))
        if isinstance(entry, ObjectType) and entry.kind == "entry" and not reference.startswith("["):
            if not isinstance(value, dict):
                self._add("wrong", where, f"is {kind_of(value)}, not an object")
                return
            for each in value.values():
                self.value(entry.fields[1].type, each, f"{where}{{}}", depth + 1)
        elif isinstance(value, list):
            for each in value:
                self.value(reference, each, f"{where}[]", depth + 1)
        else:
            self._add("wrong", where, f"is {kind_of(value)}, not a list")

    def _object(self, type_: ObjectType, value: Any, where: str, depth: int) -> None:
        if type_.kind == "wrapper":
            self.value(type_.fields[0].type, value, where, depth + 1)
            return
        if not isinstance(value, dict):
            self._add("wrong", where, f"is {kind_of(value)}, not an object")
            return
        for field in type_.fields:
            inside = f"{where}.{field.source}" if where else field.source
            if field.source in value:
                self.value(field.type, value[field.source], inside, depth + 1)
            elif field.type.endswith("!"):
                self._add("missing", inside, "is missing")
        known = {field.source for field in type_.fields}
        for name in value:
            if name not in known:
                self._add("extra", f"{where}.{_shown(name)}" if where else _shown(name), "is not in the document")

    def _union(self, type_: UnionType, value: Any, where: str, depth: int) -> None:
        resolve = self._resolvers.get(type_.name)
        if resolve is None:
            resolve = self._resolvers[type_.name] = resolver(type_, self._types)
        member = self._types.get(resolve(value) or "")
        if isinstance(member, ObjectType):
            self._object(member, value, where, depth + 1)
        else:
            self._add("wrong", where, "fits none of the documented alternatives")

    def _add(self, kind: Kind, where: str, message: str) -> None:
        found = (kind, where, message)
        if found in self.found or len(self.found) < _MOST_KEPT:
            self.found[found] = self.found.get(found, 0) + 1


def _shown(name: str) -> str:
    """Return a name of the department's as it can be stored and read."""
    short = name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
    return short if short.isprintable() else "".join(each if each.isprintable() else "?" for each in short)
