"""An operation's variables: decoded straight into a Struct where their types allow, else by graphql-core.

The Struct accepts only what GraphQL's input coercion accepts unchanged; anything else goes to graphql-core, which
coerces what can be coerced and words the errors.
"""

from typing import Annotated, Any

import msgspec
from graphql import (
    GraphQLError,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    NonNullTypeNode,
    VariableDefinitionNode,
    type_from_ast,
)
from graphql.execution.values import VariableValues, get_variable_values
from msgspec import UNSET, Meta, Raw, UnsetType, defstruct, structs

_INT = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
_PLAIN: dict[str, Any] = {
    "String": str,
    "Int": _INT,
    "Boolean": bool,
    "ID": str,
    "BigInt": int,
    "Date": str,
    "DateTime": str,
    "Decimal": str,
    "Base64": str,
}
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
            if type_ is None or definition.default_value is not None:
                return None
            if isinstance(definition.type, NonNullTypeNode):
                fields.append((f"v{index}", type_))
            else:
                fields.append((f"v{index}", type_ | None | UnsetType, UNSET))
        rename = {f"v{index}": name for index, name in enumerate(self._names)}
        struct = defstruct("Variables", fields, rename=rename, kw_only=True, gc=False)
        return msgspec.json.Decoder(struct).decode

    def coerce(self, raw: Raw) -> tuple[dict[str, Any], list[GraphQLError]]:
        """Return the coerced values by name, or the errors (then the request goes no further)."""
        if not self._names:
            return {}, []
        data = bytes(raw) or b"{}"
        if self._decode is not None:
            try:
                values = structs.astuple(self._decode(data))
            except (msgspec.DecodeError, UnicodeDecodeError):
                pass  # graphql-core coerces or words the errors
            else:
                return {name: value for name, value in zip(self._names, values, strict=True) if value is not UNSET}, []
        return self._exact(data)

    def _exact(self, data: bytes) -> tuple[dict[str, Any], list[GraphQLError]]:
        inputs = msgspec.json.decode(data) or {}
        values = get_variable_values(self._schema, self._definitions, inputs, max_errors=_MAX_ERRORS)
        if isinstance(values, VariableValues):
            return values.coerced, []
        return {}, values


def _plain(type_: Any) -> Any:
    """Return the Python type whose strict decoding is GraphQL's coercion, None if there is none."""
    if isinstance(type_, GraphQLNonNull):
        return _plain(type_.of_type)
    if isinstance(type_, GraphQLScalarType):
        return _PLAIN.get(type_.name)
    return None
