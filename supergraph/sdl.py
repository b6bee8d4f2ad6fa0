"""A slice as text in GraphQL's schema definition language: the same slice always gives the same text."""

from graphql import GraphQLBoolean, GraphQLField, GraphQLObjectType, GraphQLSchema, print_type

from supergraph.scalars import PLATFORM_SCALARS
from supergraph.scope import scoped_schema
from supergraph.slice import Slice, namespace_name
from supergraph.types import SliceTypes

_NO_QUERIES = "This service has no queries. GraphQL asks every schema for one, so this stands here; it is not served."


def print_slice(slice_: Slice) -> str:
    """Return the root types, the service's fields, its types by name, and the platform's scalars that they use."""
    schema = scoped_schema([SliceTypes(slice_)], None)
    if schema.query_type is None or not schema.query_type.fields:
        placeholder = GraphQLField(GraphQLBoolean, description=_NO_QUERIES)
        schema = GraphQLSchema(GraphQLObjectType("Query", {"_": placeholder}), schema.mutation_type, assume_valid=True)
    groups = sorted({operation.group for operation in slice_.operations})
    names = ["Query", "Mutation"]
    names += [namespace_name(slice_.service, kind, group) for kind in ("query", "mutation") for group in groups]
    names += [namespace_name(slice_.service, kind) for kind in ("query", "mutation")]
    names += [*sorted(slice_.types), *PLATFORM_SCALARS]
    known = [schema.type_map[name] for name in dict.fromkeys(names) if name in schema.type_map]
    return "\n\n".join(print_type(type_) for type_ in known) + "\n"
