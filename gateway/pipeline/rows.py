"""The platform's own lists: objects of which nothing but attributes is selected are read without a call a field.

Whatever is not just what its type says (a number too large, no value where there must be one, something to await) is
left to graphql-core, which says what is wrong. A list of thousands of rows costs a tenth by it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import chain, islice
from math import isfinite
from operator import attrgetter
from types import NoneType
from typing import Any

from graphql import (
    GraphQLList,
    GraphQLObjectType,
    GraphQLResolveInfo,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path

from schema.policies import PLAIN

Read = Callable[[list[Any]], list[Any]]
"""Objects to what the answer has for each. Raises _NotPlainError."""

_TYPES: Mapping[str, set[type]] = {
    "String": {str},
    "ID": {str},
    "DateTime": {str, datetime},
    "Boolean": {bool},
    "Int": {int},
    "Float": {float},
}
_FITS: Mapping[str, Callable[[Any], bool]] = {"Int": range(-(2**31), 2**31).__contains__, "Float": isfinite}


class _NotPlainError(Exception):
    """Graphql-core is needed."""


class RowExecutor(Executor[None]):
    """graphql-core's executor, but for lists of plain objects."""

    def complete_list_value(  # noqa: PLR0917 - graphql-core's own
        self,
        return_type: GraphQLList[Any],
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: None,
    ) -> Any:
        """Return a list's values, or what awaits them."""
        if isinstance(result, list):
            try:
                return self._rows(return_type, field_details_list)(result)
            except _NotPlainError:
                pass
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)

    def _rows(self, of_list: GraphQLList[Any], details: list[FieldDetails]) -> Read:
        of = get_nullable_type(of_list.of_type)
        if not isinstance(of, GraphQLObjectType) or of.is_type_of is not None:
            raise _NotPlainError
        selected, deferred, _ = self.collect_subfields(of, details)
        columns = [self._column(of, each) for each in selected.values()]
        if deferred or all(column is None for column in columns):
            raise _NotPlainError  # of what is only asked its type, there may be no object

        def rows(items: list[Any]) -> list[Any]:
            typename = [of.name] * len(items)
            values = [typename if column is None else column(items) for column in columns]
            return [dict(zip(selected, row, strict=True)) for row in zip(*values, strict=True)]

        return rows

    def _column(self, parent_type: GraphQLObjectType, details: list[FieldDetails]) -> Read | None:
        """Return how a selected field's values are read; None if it is ``__typename``."""
        name = details[0].node.name.value
        if name == "__typename":
            return None
        field = parent_type.fields.get(name)
        if field is None or PLAIN not in field.extensions:
            raise _NotPlainError
        of, read = get_nullable_type(field.type), _attribute(field.extensions[PLAIN])
        if is_list_type(of):
            return _lists(read, self._rows(of, details))
        if not is_leaf_type(of) or of.name not in _TYPES:
            raise _NotPlainError
        no_value = set() if is_non_null_type(field.type) else {NoneType}
        return _leaves(read, _TYPES[of.name] | no_value, _FITS.get(of.name))


def _attribute(name: str) -> Read:
    get = attrgetter(name)

    def read(items: list[Any]) -> list[Any]:
        try:
            return [*map(get, items)]
        except AttributeError as error:
            raise _NotPlainError from error

    return read


def _leaves(attribute: Read, types: set[type], fits: Callable[[Any], bool] | None) -> Read:
    def read(items: list[Any]) -> list[Any]:
        values = attribute(items)
        if not types.issuperset(map(type, values)) or not (fits is None or all(map(fits, filter(None, values)))):
            raise _NotPlainError
        return values

    return read


def _lists(attribute: Read, rows: Read) -> Read:
    def read(items: list[Any]) -> list[Any]:
        lists = attribute(items)
        if not {list}.issuperset(map(type, lists)):
            raise _NotPlainError
        each = iter(rows([*chain.from_iterable(lists)]))
        return [[*islice(each, len(of_one))] for of_one in lists]

    return read
