"""What of a graph a document uses, as schema coordinates, and which changes break it.

Coordinates are those of ``supergraph.diff``: ``Query.parking.lots`` for an operation, ``Query.parking.lots(limit:)``,
``ParkingLot.name``, ``ParkingKind.GARAGE``. What a variable may carry counts as used, for nobody sees what it will.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLSchema,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    get_named_type,
    visit,
)
from graphql.language.visitor import Visitor
from graphql.type import is_composite_type
from graphql.utilities import type_from_ast
from msgspec import Struct

from supergraph.diff import Change
from supergraph.slice import Slice, namespace_name


class Used(Struct, frozen=True):
    """``coordinates`` of fields, arguments and values, and the names of all ``types`` that are met on the way."""

    coordinates: frozenset[str]
    types: frozenset[str]


def used(schema: GraphQLSchema, document: DocumentNode, slices: Iterable[Slice]) -> Used:
    """Return what a document uses that is valid in ``schema``, which has these slices."""
    info = TypeInfo(schema)
    visitor = _Visitor(schema, info, _namespaces(slices))
    visit(document, TypeInfoVisitor(info, visitor))
    return Used(frozenset(visitor.coordinates), frozenset(visitor.types))


def breaks(change: Change, by: Used) -> bool:
    """Whether a change breaks, or may break, a document that uses this."""
    if change.level != "breaking":
        return False
    owner, _, member = change.path.rpartition(".")
    match change.kind:
        case "argument-added":
            return change.path.partition("(")[0] in by.coordinates
        case "input-field-added":
            return owner in by.types
        case "type-kind" | "input-one-of":
            return change.path in by.types
        case "member-removed":
            return owner in by.types and member in by.types
        case _:
            return change.path in by.coordinates


def _namespaces(slices: Iterable[Slice]) -> dict[str, str]:
    """Return where clients find the fields of the types that hold operations: ParkingQuery: Query.parking."""
    found = {}
    for each in slices:
        for operation in each.operations:
            for group in ("", operation.group):
                where = ".".join(filter(None, (operation.kind.title(), each.service, group)))
                found[namespace_name(each.service, operation.kind, group)] = where
    return found


class _Visitor(Visitor):
    def __init__(self, schema: GraphQLSchema, info: TypeInfo, namespaces: Mapping[str, str]) -> None:
        super().__init__()
        self.coordinates: set[str] = set()
        self.types: set[str] = set()
        self._schema = schema
        self._info = info
        self._namespaces = namespaces

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent, field = self._info.get_parent_type(), self._info.get_field_def()
        if parent is None or field is None:
            return
        where = f"{self._namespaces.get(parent.name, parent.name)}.{node.name.value}"
        self.coordinates.add(where)
        self.coordinates.update(f"{where}({argument.name.value}:)" for argument in node.arguments or ())
        self._meet(get_named_type(field.type))

    def enter_inline_fragment(self, *_: Any) -> None:
        self._meet(self._info.get_type())

    def enter_fragment_definition(self, *_: Any) -> None:
        self._meet(self._info.get_type())

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        owner = get_named_type(self._info.get_parent_input_type())
        if isinstance(owner, GraphQLInputObjectType):
            self.types.add(owner.name)
            self.coordinates.add(f"{owner.name}.{node.name.value}")

    def enter_enum_value(self, node: EnumValueNode, *_: Any) -> None:
        type_ = get_named_type(self._info.get_input_type())
        if isinstance(type_, GraphQLEnumType):
            self.coordinates.add(f"{type_.name}.{node.value}")

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        self._may_carry(get_named_type(type_from_ast(self._schema, node.type)))

    def _meet(self, type_: Any) -> None:
        named = get_named_type(type_)
        if named is not None and is_composite_type(named):
            self.types.add(named.name)

    def _may_carry(self, type_: GraphQLNamedType | None) -> None:
        if type_ is None or type_.name in self.types:
            return
        if isinstance(type_, GraphQLEnumType):
            self.coordinates.update(f"{type_.name}.{value}" for value in type_.values)
        elif isinstance(type_, GraphQLInputObjectType):
            self.types.add(type_.name)
            for name, field in type_.fields.items():
                self.coordinates.add(f"{type_.name}.{name}")
                self._may_carry(get_named_type(field.type))
