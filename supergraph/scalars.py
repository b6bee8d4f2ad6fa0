"""The platform's scalars for graphql-core, as `supergraph.slice.SCALARS` describes them.

Answers pass as the department sent them when their JSON type fits; arguments are checked for their JSON type only,
because departments' documents use formats more loosely than the RFCs that they name.
"""

import math
from typing import Annotated, Any, Self

import msgspec
from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
    IntValueNode,
    StringValueNode,
    ValueNode,
    print_ast,
    value_from_ast_untyped,
)
from graphql.pyutils import inspect
from msgspec import Meta

from supergraph.slice import SCALARS


class Number(float):
    """A JSON number with a fraction or exponent, and its digits as the department sent them."""

    __slots__ = ("digits",)

    def __new__(cls, digits: str) -> Self:
        """Read a number. Raises ValueError beyond a float's range."""
        made = super().__new__(cls, digits)
        if math.isinf(made):
            raise ValueError("Number out of range")
        made.digits = digits
        return made

    digits: str


decode = msgspec.json.Decoder(float_hook=Number).decode
encode = msgspec.json.Encoder(enc_hook=float).encode  # the hook is for Numbers


def _json(name: str) -> GraphQLScalarType:
    def literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
        return value_from_ast_untyped(node, variables)

    return GraphQLScalarType(
        name,
        coerce_output_value=lambda value: value,
        coerce_input_value=lambda value: value,
        coerce_input_literal=literal,
        description=SCALARS[name],
    )


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise GraphQLError(f"BigInt cannot represent non-integer value: {inspect(value)}")


def _big_int(name: str) -> GraphQLScalarType:
    def literal(node: ValueNode, _variables: dict[str, Any] | None = None) -> int:
        if isinstance(node, IntValueNode):
            return int(node.value)
        raise GraphQLError(f"BigInt cannot represent non-integer value: {print_ast(node)}", node)

    return GraphQLScalarType(
        name,
        coerce_output_value=_integer,
        coerce_input_value=_integer,
        coerce_input_literal=literal,
        description=SCALARS[name],
    )


def _text(name: str, *, numbers: bool = False) -> GraphQLScalarType:
    def value(value: Any) -> str:
        if isinstance(value, str):
            return value
        if numbers and isinstance(value, int | float) and not isinstance(value, bool):
            return value.digits if isinstance(value, Number) else str(value)
        raise GraphQLError(f"{name} cannot represent a non string value: {inspect(value)}")

    def literal(node: ValueNode, _variables: dict[str, Any] | None = None) -> str:
        if isinstance(node, StringValueNode):
            return node.value
        raise GraphQLError(f"{name} cannot represent a non string value: {print_ast(node)}", node)

    return GraphQLScalarType(
        name,
        coerce_output_value=value,
        coerce_input_value=value,
        coerce_input_literal=literal,
        description=SCALARS[name],
    )


PLATFORM_SCALARS: dict[str, GraphQLScalarType] = {
    "JSON": _json("JSON"),
    "BigInt": _big_int("BigInt"),
    "Date": _text("Date"),
    "DateTime": _text("DateTime"),
    "Decimal": _text("Decimal", numbers=True),
    "Base64": _text("Base64"),
}

ALL_SCALARS: dict[str, GraphQLScalarType] = {
    "String": GraphQLString,
    "Int": GraphQLInt,
    "Float": GraphQLFloat,
    "Boolean": GraphQLBoolean,
    "ID": GraphQLID,
    **PLATFORM_SCALARS,
}

STRICT: dict[str, Any] = {
    "String": str,
    "Int": Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)],
    "Float": Annotated[float, Meta(gt=-(2.0**53), lt=2.0**53)],  # beyond, whole numbers would be rounded
    "Boolean": bool,
    "ID": str,
    "BigInt": int,
    "Date": str,
    "DateTime": str,
    "Base64": str,
}
"""The types whose strict decoding by msgspec is GraphQL's coercion, of answers and of variables alike."""
