"""The platform's own lists: objects of which nothing but attributes is selected are read without a call a field.

Whatever is not just what its type says (null, a number too large, something to await) is left to graphql-core, which
says what is wrong. A list of thousands of rows costs a tenth by it.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from graphql import GraphQLList, GraphQLObjectType, GraphQLResolveInfo, get_nullable_type, is_leaf_type
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path

from schema.policies import PLAIN

_INT, _INFINITE = 2**31, float("inf")
_FITS: Mapping[str, Callable[[Any], bool]] = {
    "String": lambda value: type(value) is str,
    "ID": lambda value: type(value) is str,
    "DateTime": lambda value: type(value) is str,
    "Boolean": lambda value: type(value) is bool,
    "Int": lambda value: type(value) is int and -_INT <= value < _INT,
    "Float": lambda value: type(value) is float and -_INFINITE < value < _INFINITE,
}


class _Plain(NamedTuple):
    """A selected field that is an attribute. ``fits``: whether a value needs nothing but to be written.

    Without ``fits`` it is a ``__typename``, which is its value.
    """

    key: str
    attribute: str
    fits: Callable[[Any], bool] | None


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
        of = get_nullable_type(return_type.of_type)
        if isinstance(result, list) and isinstance(of, GraphQLObjectType) and of.is_type_of is None:
            selected, deferred, _ = self.collect_subfields(of, field_details_list)
            fields = [_plain(of, key, details) for key, details in selected.items()]
            if not deferred and (rows := _rows(result, fields)) is not None:
                return rows
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)


def _rows(items: list[Any], fields: list[_Plain | None]) -> list[dict[str, Any]] | None:
    """Return the rows of items; None: some field is not plain, some value does not fit, or there may be no object."""
    if not any(field is not None and field.fits for field in fields):
        return None
    rows: list[dict[str, Any]] = [{} for _ in items]
    for field in fields:
        if field is None:
            return None
        key, attribute, fits = field
        for row, item in zip(rows, items, strict=True):
            value = attribute if fits is None else getattr(item, attribute, None)
            if fits is not None and not fits(value):
                return None
            row[key] = value
    return rows


def _plain(parent_type: GraphQLObjectType, key: str, details: list[FieldDetails]) -> _Plain | None:
    name = details[0].node.name.value
    if name == "__typename":
        return _Plain(key, parent_type.name, None)
    field = parent_type.fields.get(name)
    if field is None or PLAIN not in field.extensions:
        return None
    of = get_nullable_type(field.type)
    fits = _FITS.get(of.name) if is_leaf_type(of) else None
    return None if fits is None else _Plain(key, field.extensions[PLAIN], fits)
