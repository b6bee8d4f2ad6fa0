"""The schema of one document: only the services and operations that it names.

Nobody builds the schema of a thousand services. A document's root fields name its services, their sub-selections
name the operations; what these reach is all that validation and planning can touch.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    specified_directives,
)

from supergraph.directives import DIRECTIVES
from supergraph.scalars import ALL_SCALARS
from supergraph.slice import Operation, namespace_name, prefix
from supergraph.types import SliceTypes

Kind = Literal["query", "mutation"]
Names = dict[str, dict[str, dict[str, set[str]]]]
"""query or mutation → root field → second-level field → third-level fields, as far as a document names them."""

INTROSPECTION = {"__schema", "__type"}


def named_fields(document: DocumentNode) -> Names:
    """Return what a document's operations select on the first three levels, whatever the fragments' conditions."""
    fragments = {item.name.value: item for item in document.definitions if isinstance(item, FragmentDefinitionNode)}
    names: Names = {}
    seen: Seen = {}
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            kind = operation.operation.value
            roots = names.setdefault(kind, {})
            for root in _fields(operation.selection_set, fragments, seen.setdefault((kind,), set())):
                name = root.name.value
                second = roots.setdefault(name, {})
                for field in _fields(root.selection_set, fragments, seen.setdefault((kind, name), set())):
                    third = second.setdefault(field.name.value, set())
                    below = seen.setdefault((kind, name, field.name.value), set())
                    third.update(item.name.value for item in _fields(field.selection_set, fragments, below))
    return names


Seen = dict[tuple[str, ...], set[str]]
"""The fragments already looked into below a path of names: each is looked into once, however often it is spread."""


def _fields(
    selections: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode], seen: set[str]
) -> Iterator[FieldNode]:
    for selection in selections.selections if selections else ():
        if isinstance(selection, FieldNode):
            yield selection
        elif isinstance(selection, InlineFragmentNode):
            yield from _fields(selection.selection_set, fragments, seen)
        elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
            seen.add(selection.name.value)
            fragment = fragments.get(selection.name.value)
            yield from _fields(fragment.selection_set if fragment else None, fragments, seen)


def scoped_schema(
    slices: Iterable[SliceTypes], names: Names | None, local: GraphQLSchema | None = None
) -> GraphQLSchema:
    """Return the schema of these slices, cut to the operations in ``names`` (None: all of them).

    ``local`` is the platform's own schema; its root fields stand beside the services. All slices must have been made
    with `scalars_beside(local)`. The schema is not checked again: slices were when they were published.
    """
    chosen = list(slices)
    roots = {kind: _root(kind, chosen, names, local) for kind in ("query", "mutation")}
    return GraphQLSchema(
        query=roots["query"] or GraphQLObjectType("Query", {}),
        mutation=roots["mutation"],
        directives=(*(local.directives if local else specified_directives), *DIRECTIVES),
        assume_valid=True,
    )


def scalars_beside(local: GraphQLSchema | None) -> dict[str, GraphQLScalarType]:
    """Return the scalars for slices beside a local schema: one schema can hold only one type of each name."""
    if local is None:
        return ALL_SCALARS
    own = {name: type_ for name, type_ in local.type_map.items() if isinstance(type_, GraphQLScalarType)}
    return {**ALL_SCALARS, **own}


def _root(
    kind: Kind, slices: Iterable[SliceTypes], names: Names | None, local: GraphQLSchema | None
) -> GraphQLObjectType | None:
    own = None if local is None else local.query_type if kind == "query" else local.mutation_type
    fields: dict[str, GraphQLField] = dict(own.fields) if own else {}
    for types in slices:
        services = None if names is None else names.get(kind, {})
        if services is not None and types.slice.service not in services:
            continue
        type_ = service_type(types, kind, None if services is None else services[types.slice.service])
        if type_ is not None:
            description = types.slice.title or None
            fields[types.slice.service] = GraphQLField(
                GraphQLNonNull(type_), resolve=lambda _root, _info: {}, description=description
            )
    return GraphQLObjectType(prefix(kind), fields) if fields else None


def service_type(types: SliceTypes, kind: Kind, named: Mapping[str, set[str]] | None) -> GraphQLObjectType | None:
    """Return the type of ``Query.<service>`` or ``Mutation.<service>``, None if the service has no such operations.

    A name that the service does not have brings in all of them, so that the error can suggest the right one.
    """
    operations = [item for item in types.slice.operations if item.kind == kind]
    if not operations:
        return None
    groups: dict[str, list[Operation]] = {item.group: [] for item in operations if item.group}
    if named is not None and _are_known(operations, named):
        operations = [item for item in operations if _is_named(item, named)]
        groups = {group: [] for group in groups if group in named}
    for item in operations:
        if item.group:
            groups[item.group].append(item)
    fields = {item.name: types.operation(item) for item in operations if not item.group}
    service = types.slice.service
    for group, members in groups.items():
        type_ = GraphQLObjectType(
            namespace_name(service, kind, group), {item.name: types.operation(item) for item in members}
        )
        fields[group] = GraphQLField(GraphQLNonNull(type_), resolve=lambda _root, _info: {})
    return GraphQLObjectType(namespace_name(service, kind), fields, description=types.slice.description or None)


def _are_known(operations: Iterable[Operation], named: Mapping[str, set[str]]) -> bool:
    known = {(item.group, item.name) for item in operations}
    groups = {item.group for item in operations if item.group}
    for name, below in named.items():
        if name in groups:
            if any((name, item) not in known and item != "__typename" for item in below):
                return False
        elif ("", name) not in known and name != "__typename":
            return False
    return True


def _is_named(operation: Operation, named: Mapping[str, set[str]]) -> bool:
    if operation.group:
        return operation.name in named.get(operation.group, ())
    return operation.name in named
