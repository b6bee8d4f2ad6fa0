"""An operation's variables: decoded straight into a Struct where their types allow, else by graphql-core.

The Struct accepts only what GraphQL's input coercion accepts unchanged; anything else goes to graphql-core, which
coerces what can be coerced and words the errors.
"""

from types import GenericAlias
from typing import Any, Literal

import msgspec
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    NonNullTypeNode,
    VariableDefinitionNode,
    type_from_ast,
)
from graphql.execution.values import VariableValues, get_variable_values
from msgspec import UNSET, Raw, UnsetType, defstruct, structs

from supergraph.scalars import STRICT

_PLAIN = STRICT | {"Decimal": str}  # in arguments always text; in answers numbers too
_MAX_ERRORS = 20  # of one request's variables; the rest says that there are more


class Variables:
    """The variables of one operation."""

    def __init__(self, schema: GraphQLSchema, definitions: tuple[VariableDefinitionNode, ...]) -> None:
        self._schema = schema
        self._definitions = definitions
        self._names = [item.variable.name.value for item in definitions]
        self._decode = self._decoder()

    def _decoder(self) -> Any:
        fields: list[Any] = []
        for index, definition in enumerate(self._definitions):
            type_ = _plain(type_from_ast(self._schema, definition.type))
            default = self._default(definition)
            if type_ is None or isinstance(default, list | dict):
                return None
            if default is not UNSET:
                fields.append((f"v{index}", type_, default))
            elif isinstance(definition.type, NonNullTypeNode):
                fields.append((f"v{index}", type_))
            else:
                fields.append((f"v{index}", type_ | UnsetType, UNSET))
        rename = {f"v{index}": name for index, name in enumerate(self._names)}
        struct = defstruct("Variables", fields, rename=rename, kw_only=True, gc=False)
        return msgspec.json.Decoder(struct).decode

    def _default(self, definition: VariableDefinitionNode) -> Any:
        """Return a variable's coerced default, UNSET if it has none."""
        if definition.default_value is None:
            return UNSET
        values = get_variable_values(self._schema, [definition], {})
        return next(iter(values.coerced.values())) if isinstance(values, VariableValues) else []

    def coerce(self, raw: Raw) -> tuple[dict[str, Any], list[GraphQLError]]:
        """Return the coerced values by name, or the errors (then the request goes no further)."""
        if not self._names:
            return {}, []
        data = bytes(raw) or b"{}"
        if self._decode is not None:
            try:
                values = structs.astuple(self._decode(data))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass  # graphql-core coerces or words the errors
            else:
                return {name: value for name, value in zip(self._names, values, strict=True) if value is not UNSET}, []
        return self._exact(data)

    def _exact(self, data: bytes) -> tuple[dict[str, Any], list[GraphQLError]]:
        try:
            inputs = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return {}, [GraphQLError(f"The variables cannot be read: {error}")]
        if not isinstance(inputs, dict | None):
            return {}, [GraphQLError("The variables are not a JSON object.")]
        values = get_variable_values(self._schema, self._definitions, inputs or {}, max_errors=_MAX_ERRORS)
        if isinstance(values, VariableValues):
            return values.coerced, []
        return {}, values


def _plain(type_: Any) -> Any:
    """Return the Python type whose strict decoding is GraphQL's coercion, None if there is none."""
    if isinstance(type_, GraphQLNonNull):
        return _plain_value(type_.of_type)
    plain = _plain_value(type_)
    return plain and plain | None


def _plain_value(type_: Any) -> Any:
    if isinstance(type_, GraphQLList):
        item = _plain(type_.of_type)
        return item and GenericAlias(list, (item,))
    if isinstance(type_, GraphQLEnumType):
        is_plain = all(value.value == name for name, value in type_.values.items())
        return Literal[tuple(type_.values)] if is_plain else None
    return _PLAIN.get(type_.name) if isinstance(type_, GraphQLScalarType) else None
