"""A slice's types as graphql-core types, each built when it is first asked for.

The fields carry resolvers over the department's JSON, so graphql-core can execute a slice by itself: that is the
engine's oracle, and how introspection sees the graph. The engine's own paths read the slice.
"""

from collections.abc import Callable, Iterable
from typing import Any, cast

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFieldMap,
    GraphQLInputField,
    GraphQLInputFieldMap,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLType,
    GraphQLUnionType,
)

from supergraph import described
from supergraph.inputs import sent_value
from supergraph.privacy import field_rules
from supergraph.scalars import ALL_SCALARS
from supergraph.slice import (
    EnumType,
    Field,
    InputType,
    ObjectType,
    Operation,
    Slice,
    Type,
    UnionType,
    named,
)
from supergraph.unions import resolver

Value = Callable[[Any], Any]


class SliceTypes:
    """The graphql-core types of one slice. ``scalars`` are shared by all slices of one schema."""

    def __init__(self, slice_: Slice, scalars: dict[str, GraphQLScalarType] | None = None) -> None:
        self.slice = slice_
        self.rules = field_rules(slice_)
        self._scalars = scalars or ALL_SCALARS
        self._named: dict[str, GraphQLNamedType] = {}

    def type(self, reference: str) -> GraphQLType:
        """Return the type of an SDL reference, such as ``[ParkingLot!]!``."""
        if reference.endswith("!"):
            return GraphQLNonNull(cast("Any", self.type(reference[:-1])))
        if reference.startswith("["):
            return GraphQLList(cast("Any", self.type(reference[1:-1])))
        return self.named(reference)

    def named(self, name: str) -> GraphQLNamedType:
        """Return the named type; KeyError if neither the slice nor the scalars know it."""
        known = self._named.get(name) or self._scalars.get(name)
        if known is None:
            known = self._named[name] = self._build(self.slice.types[name])
        return known

    def operation(self, operation: Operation) -> GraphQLField:
        """Return a root field, with its arguments."""
        arguments = {
            item.name: GraphQLArgument(
                cast("Any", self.type(item.type)),
                description=item.description or None,
                deprecation_reason=item.deprecated,
            )
            for item in operation.arguments
        }
        return GraphQLField(
            cast("GraphQLOutputType", self.type(operation.type)),
            arguments,
            description=described.of_operation(operation),
            deprecation_reason=operation.deprecated,
            extensions={"operation": operation},
        )

    def _build(self, type_: Type) -> GraphQLNamedType:
        if isinstance(type_, ObjectType):
            return self._object(type_)
        if isinstance(type_, UnionType):
            return self._union(type_)
        if isinstance(type_, EnumType):
            return _enum(type_)
        return self._input(type_)

    def _object(self, type_: ObjectType) -> GraphQLObjectType:
        def fields() -> GraphQLFieldMap:
            return {item.name: self._field(type_, item) for item in type_.fields}

        return GraphQLObjectType(
            type_.name,
            fields,
            description=type_.description or None,
            is_type_of=None if type_.kind == "wrapper" else _is_json_object,
        )

    def _field(self, parent: ObjectType, field: Field) -> GraphQLField:
        convert = self._entries(field.type)
        source = field.source

        def resolve(value: Any, _info: GraphQLResolveInfo[Any]) -> Any:
            found = value if parent.kind == "wrapper" else value.get(source)
            return convert(found) if convert else found

        return GraphQLField(
            cast("GraphQLOutputType", self.type(field.type)),
            resolve=resolve,
            description=described.of_field(field.description, field.privacy),
            deprecation_reason=field.deprecated,
        )

    def _entries(self, reference: str) -> Value | None:
        """Return the function that makes a map a list of entries, None where ``reference`` holds no map."""
        type_ = self.slice.types.get(named(reference))
        if not (isinstance(type_, ObjectType) and type_.kind == "entry"):
            return None
        depth = reference.count("[")

        def convert(value: Any, level: int = depth) -> Any:
            if level == 1:
                return as_entries(value)
            return [convert(item, level - 1) for item in value] if isinstance(value, list) else value

        return convert

    def entries(self, operation: Operation) -> Value:
        """Return what an operation's JSON must pass through before graphql-core executes on it."""
        return self._entries(operation.type) or (lambda value: value)

    def _union(self, type_: UnionType) -> GraphQLUnionType:
        resolve = resolver(type_, self.slice.types)
        return GraphQLUnionType(
            type_.name,
            lambda: [cast("GraphQLObjectType", self.named(member.type)) for member in type_.members],
            resolve_type=lambda value, _info, _type: resolve(value),
            description=type_.description or None,
        )

    def _input(self, type_: InputType) -> GraphQLInputObjectType:
        def fields() -> GraphQLInputFieldMap:
            return {
                item.name: GraphQLInputField(
                    cast("Any", self.type(item.type)),
                    description=item.description or None,
                    deprecation_reason=item.deprecated,
                    out_name=item.source if type_.kind == "object" else item.name,
                )
                for item in type_.fields
            }

        return GraphQLInputObjectType(
            type_.name,
            fields,
            description=type_.description or None,
            out_type=sent_value(type_, self.slice.types),
            is_one_of=type_.kind == "one_of",
        )


def _enum(type_: EnumType) -> GraphQLEnumType:
    return GraphQLEnumType(
        type_.name,
        {
            item.name: GraphQLEnumValue(
                item.source, description=item.description or None, deprecation_reason=item.deprecated
            )
            for item in type_.values
        },
        description=type_.description or None,
    )


def _is_json_object(value: Any, _info: GraphQLResolveInfo[Any]) -> bool:
    return isinstance(value, dict)


def as_entries(value: Any) -> Any:
    """Return a map's entries; any other value as it is, to fail as the list that it is not."""
    if isinstance(value, dict):
        return [{"key": key, "value": item} for key, item in value.items()]
    return value


def namespace(name: str, fields: Iterable[tuple[str, GraphQLField]], description: str = "") -> GraphQLObjectType:
    """Return the object that holds a service's (or group's) root fields."""
    return GraphQLObjectType(name, dict(fields), description=description or None)
