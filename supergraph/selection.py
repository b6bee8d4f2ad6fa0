"""The selection on a department's answer as a tree of nodes: what to read, in which order, under which keys.

Built once per operation from graphql-core's own field collection, with the variables of @skip and @include known.
Both ways of reading an answer, the compiled codec and the exact walk, follow this tree.
"""

from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from msgspec import Struct

from supergraph.slice import EnumType, ObjectType, UnionType
from supergraph.types import SliceTypes
from supergraph.unions import Resolve, resolver

Location = dict[str, int]


class Leaf(Struct):
    """A scalar or enum; ``names`` maps an enum's JSON values to its names, None for scalars."""

    type: GraphQLNamedType
    names: dict[Any, str] | None
    required: bool


class ListOf(Struct):
    """A list; with ``entries`` the JSON is an object whose entries are the items."""

    item: "Node"
    entries: bool
    required: bool


class Selected(Struct):
    """A selected field of an object: read from the property ``source``, answered under ``key``.

    ``node`` None means ``__typename``. ``field`` is ``Type.field``, for messages.
    """

    key: str
    source: str
    field: str
    node: "Node | None"
    locations: list[Location]


class ObjectOf(Struct):
    """An object with its selected fields in answer order; a ``wrapper``'s field is the JSON value itself."""

    type: str
    wrapper: bool
    fields: list[Selected]
    required: bool


class OneOf(Struct):
    """A union; ``members`` by type name, ``tags`` by the discriminator's value if it has one."""

    type: str
    members: dict[str, ObjectOf]
    resolve: Resolve
    discriminator: str
    tags: dict[str, str]
    required: bool


Node = Leaf | ListOf | ObjectOf | OneOf


class Selection:
    """Builds the nodes for one operation of one document, with the given booleans."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        booleans: dict[str, bool],
    ) -> None:
        self.schema = schema
        self.operation = operation
        self._fragments = {name: FragmentDetails(fragment) for name, fragment in fragments.items()}
        self._booleans = VariableValues({}, booleans)
        self._nodes: dict[tuple[str, tuple[int, ...]], Node] = {}

    def root(self, root_type: GraphQLObjectType) -> dict[str, list[FieldDetails]]:
        """Return the operation's root fields by response key."""
        return collect_fields(
            self.schema,
            self._fragments,
            self._booleans,
            root_type,
            self.operation,
        ).grouped_field_set

    def below(self, parent: GraphQLObjectType, details: list[FieldDetails]) -> dict[str, list[FieldDetails]]:
        """Return the fields selected below a field, by response key."""
        return collect_subfields(
            self.schema,
            self._fragments,
            self._booleans,
            self.operation,
            parent,
            details,
        ).grouped_field_set

    def node(self, types: SliceTypes, reference: str, details: list[FieldDetails]) -> Node:
        """Return the node for a value of the slice's type ``reference``.

        Fields that several places select by the same fragment share one node: documents whose fragments spread each
        other would else grow without bounds.
        """
        key = (f"{types.slice.service} {reference}", tuple(id(item.node) for item in details))
        known = self._nodes.get(key)
        if known is None:
            known = self._nodes[key] = self._node(types, reference, details)
        return known

    def _node(self, types: SliceTypes, reference: str, details: list[FieldDetails]) -> Node:
        required = reference.endswith("!")
        bare = reference.removesuffix("!")
        if bare.startswith("["):
            item = self.node(types, bare[1:-1], details)
            return ListOf(item, _is_entry(types, bare[1:-1]), required)
        type_ = types.slice.types.get(bare)
        if isinstance(type_, ObjectType):
            return self._object(types, type_, details, required=required)
        if isinstance(type_, UnionType):
            return self._union(types, type_, details, required=required)
        named = types.named(bare)
        return Leaf(named, _names(type_) if isinstance(type_, EnumType) else None, required)

    def _object(self, types: SliceTypes, type_: ObjectType, details: list[FieldDetails], *, required: bool) -> ObjectOf:
        graphql_type = types.named(type_.name)
        assert isinstance(graphql_type, GraphQLObjectType)  # noqa: S101 - narrows for mypy; SliceTypes built it so
        by_name = {field.name: field for field in type_.fields}
        selected = []
        for key, found in self.below(graphql_type, details).items():
            name = found[0].node.name.value
            places = locations(found)
            if name == "__typename":
                selected.append(Selected(key, "", f"{type_.name}.{name}", None, places))
                continue
            field = by_name[name]
            node = self.node(types, field.type, found)
            selected.append(Selected(key, field.source, f"{type_.name}.{name}", node, places))
        return ObjectOf(type_.name, type_.kind == "wrapper", selected, required)

    def _union(self, types: SliceTypes, type_: UnionType, details: list[FieldDetails], *, required: bool) -> OneOf:
        members = {}
        for member in type_.members:
            object_type = types.slice.types[member.type]
            assert isinstance(object_type, ObjectType)  # noqa: S101 - the compiler makes members objects
            members[member.type] = self._object(types, object_type, details, required=True)
        tags = {tag: member.type for member in type_.members for tag in member.tags}
        resolve = resolver(type_, types.slice.types)
        return OneOf(type_.name, members, resolve, type_.discriminator, tags, required)


def _names(type_: EnumType) -> dict[Any, str]:
    """Return an enum's names by JSON value; of equal values, as 1 and true are to Python, the first counts."""
    names: dict[Any, str] = {}
    for value in type_.values:
        names.setdefault(value.source, value.name)
    return names


def _is_entry(types: SliceTypes, reference: str) -> bool:
    named = types.slice.types.get(reference.removesuffix("!"))
    return isinstance(named, ObjectType) and named.kind == "entry"


def locations(details: list[FieldDetails]) -> list[Location]:
    """Return the places of a field in its document, in GraphQL's response form."""
    return [place for item in details if (place := location(item.node)) is not None]


def location(node: FieldNode) -> Location | None:
    """Return a field's line and column, from 1."""
    if node.loc is None:
        return None
    token = node.loc.start_token
    return {"line": token.line, "column": token.column}
