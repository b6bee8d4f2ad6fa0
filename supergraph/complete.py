"""The exact way to read an answer: GraphQL's value completion (October 2021, section 6.4.3) over a selection's nodes.

Slower than the compiled codec and without its limits: it coerces what can be coerced, reports what cannot at its
path, and propagates nulls. Its results are those of graphql-core, which the oracle tests hold it to.
"""

from typing import Any, cast

from graphql import GraphQLEnumType, GraphQLError, GraphQLScalarType

from supergraph.selection import Leaf, ListOf, Location, Node, ObjectOf, OneOf, Selected
from supergraph.types import as_entries

Path = tuple[str | int, ...]
Error = dict[str, Any]


MOST_ERRORS = 100  # of one answer: a department that breaks its document a million times must not fill the memory


class TooManyErrors(Exception):  # noqa: N818 - the answer's, not ours
    """The answer has more errors than are reported; it is not worth completing."""


class _Null(Exception):  # noqa: N818 - not an error, but GraphQL's propagation of one
    """The value cannot be null and is: its parent becomes null. The error has been reported."""


class Completion:
    """Completes one answer, gathering errors. ``extensions`` are added to each of them. Raises TooManyErrors."""

    def __init__(self, extensions: dict[str, Any], most_errors: int = MOST_ERRORS) -> None:
        self.errors: list[Error] = []
        self._most_errors = most_errors
        self._extensions = extensions

    def field(self, field: Selected, value: Any, path: Path) -> Any:
        """Return the completed value of a selected field, None where an error nulls it."""
        assert field.node is not None  # noqa: S101 - __typename is answered by its parent
        try:
            return self._nullable(field.node, value, path, field)
        except _Null:
            return None

    def _nullable(self, node: Node, value: Any, path: Path, field: Selected) -> Any:
        """Complete ``value``; an error stops here if the position may be null, else goes on to the parent."""
        if value is None and not node.required:
            return None
        try:
            return self._value(node, value, path, field)
        except _Null:
            if node.required:
                raise
            return None
        except (GraphQLError, RecursionError) as error:  # the latter from showing a value that is nested too deeply
            message = error.message if isinstance(error, GraphQLError) else str(error)
            if len(self.errors) == self._most_errors:
                raise TooManyErrors from None
            self.errors.append(report(message, field.locations, path, self._extensions))
            if node.required:
                raise _Null from None
            return None

    def _value(self, node: Node, value: Any, path: Path, field: Selected) -> Any:
        if value is None:
            raise GraphQLError(f"Cannot return null for non-nullable field {field.field}.")
        if isinstance(node, Leaf):
            return cast("GraphQLScalarType | GraphQLEnumType", node.type).coerce_output_value(value)
        if isinstance(node, ListOf):
            return self._list(node, value, path, field)
        if isinstance(node, OneOf):
            return self._object(_member(node, value, field), value, path)
        return self._object(node, value, path)

    def _list(self, node: ListOf, value: Any, path: Path, field: Selected) -> list[Any]:
        items = as_entries(value) if node.entries else value
        if not isinstance(items, list):
            raise GraphQLError(f"Expected Iterable, but did not find one for field '{field.field}'.")
        return [self._nullable(node.item, item, (*path, index), field) for index, item in enumerate(items)]

    def _object(self, node: ObjectOf, value: Any, path: Path) -> dict[str, Any]:
        if not node.wrapper and not isinstance(value, dict):
            raise GraphQLError(f"Expected value of type '{node.type}' but got: {kind_of(value)}.")
        completed: dict[str, Any] = {}
        for field in node.fields:
            if field.node is None:
                completed[field.key] = node.type
                continue
            found = value if node.wrapper else value.get(field.source)
            completed[field.key] = self._nullable(field.node, found, (*path, field.key), field)
        return completed


def _member(node: OneOf, value: Any, field: Selected) -> ObjectOf:
    name = node.resolve(value)
    if name is None:
        known = ", ".join(node.members)
        raise GraphQLError(
            f"Abstract type '{node.type}' must resolve to one of its types ({known}) for field '{field.field}',"
            f" but none fits: {kind_of(value)}."
        )
    return node.members[name]


def kind_of(value: Any) -> str:
    """Say what a value is without showing it: not all of it was selected."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return names.get(type(value), "a number")


def report(message: str, locations: list[Location], path: Path, extensions: dict[str, Any]) -> Error:
    """Return an error in GraphQL's response form (section 7.1.2)."""
    error: Error = {"message": message}
    if locations:
        error["locations"] = locations
    error["path"] = list(path)
    error["extensions"] = extensions
    return error
