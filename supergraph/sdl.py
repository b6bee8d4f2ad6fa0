"""A slice as text in GraphQL's schema definition language: the same slice always gives the same text.

Its fields carry the directives of ``supergraph.directives``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from graphql import (
    ConstDirectiveNode,
    FieldDefinitionNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    ObjectTypeDefinitionNode,
    parse,
    print_ast,
    print_directive,
    print_type,
)

from supergraph.directives import DIRECTIVES, of_field, of_operation
from supergraph.privacy import field_rules
from supergraph.scalars import PLATFORM_SCALARS
from supergraph.scope import scoped_schema
from supergraph.slice import Slice, namespace_name
from supergraph.types import SliceTypes

_NO_QUERIES = '''type Query {
  """
  This service has no queries. GraphQL asks every schema for one, so this stands here; it is not served.
  """
  _: Boolean
}'''

DIRECTIVE_DEFINITIONS = {f"@{each.name}": print_directive(each) for each in DIRECTIVES}
"""By names that no type has."""

_Applied = Callable[[str, GraphQLField], Iterable[ConstDirectiveNode]]
"""A field's coordinate and itself to its directives."""


def definitions_of(slice_: Slice) -> dict[str, str]:
    """Return by name: the root types, the service's fields, its types, the scalars that they use, the directives."""
    schema = scoped_schema([SliceTypes(slice_)], None)
    groups = sorted({operation.group for operation in slice_.operations})
    roots = [root.name for root in (schema.query_type, schema.mutation_type) if root is not None and root.fields]
    names = [namespace_name(slice_.service, kind, group) for kind in ("query", "mutation") for group in groups]
    names += [namespace_name(slice_.service, kind) for kind in ("query", "mutation")]
    names += [*sorted(slice_.types), *PLATFORM_SCALARS]
    known = [name for name in dict.fromkeys(names) if name in schema.type_map]
    return _printed(schema, (*roots, *known), _applied(slice_)) | DIRECTIVE_DEFINITIONS


def _applied(slice_: Slice) -> _Applied:
    rules = field_rules(slice_)

    def applied(coordinate: str, field: GraphQLField) -> Iterable[ConstDirectiveNode]:
        if "operation" in field.extensions:
            return of_operation(slice_, field.extensions["operation"])
        return [of_field(rules[coordinate])] if coordinate in rules else []

    return applied


def _printed(schema: GraphQLSchema, names: Iterable[str], applied: _Applied) -> dict[str, str]:
    return {name: _definition(schema.type_map[name], applied) for name in names}


def _definition(type_: GraphQLNamedType, applied: _Applied) -> str:
    """Print a type; graphql-core prints no directives of others, so they are put into what it prints."""
    text = print_type(type_)
    if not isinstance(type_, GraphQLObjectType):
        return text
    found = {
        name: directives
        for name, field in type_.fields.items()
        if (directives := tuple(applied(f"{type_.name}.{name}", field)))
    }
    if not found:
        return text
    (definition,) = parse(text, no_location=True).definitions
    assert isinstance(definition, ObjectTypeDefinitionNode)  # noqa: S101 - narrows for mypy; it is what was printed
    fields = [_with(each, found.get(each.name.value, ())) for each in definition.fields or ()]
    return print_ast(replace(definition, fields=tuple(fields)))


def _with(field: FieldDefinitionNode, directives: tuple[ConstDirectiveNode, ...]) -> FieldDefinitionNode:
    return replace(field, directives=(*directives, *(field.directives or ())))


def whole(definitions: Mapping[str, str]) -> str:
    """Return a service's definitions as a schema that is complete by itself."""
    texts = [*definitions.values()] if "Query" in definitions else [_NO_QUERIES, *definitions.values()]
    return "\n\n".join(texts) + "\n"


def print_slice(slice_: Slice) -> str:
    """Return a slice's definitions as a schema that is complete by itself."""
    return whole(definitions_of(slice_))
