"""A slice as text in GraphQL's schema definition language: the same slice always gives the same text."""

from collections.abc import Mapping

from graphql import print_type

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


def definitions_of(slice_: Slice) -> dict[str, str]:
    """Return by name, in this order: the root types, the service's fields, its types, the scalars that they use."""
    schema = scoped_schema([SliceTypes(slice_)], None)
    groups = sorted({operation.group for operation in slice_.operations})
    roots = [root.name for root in (schema.query_type, schema.mutation_type) if root is not None and root.fields]
    names = [namespace_name(slice_.service, kind, group) for kind in ("query", "mutation") for group in groups]
    names += [namespace_name(slice_.service, kind) for kind in ("query", "mutation")]
    names += [*sorted(slice_.types), *PLATFORM_SCALARS]
    known = [name for name in dict.fromkeys(names) if name in schema.type_map]
    return {name: print_type(schema.type_map[name]) for name in (*roots, *known)}


def whole(definitions: Mapping[str, str]) -> str:
    """Return a service's definitions as a schema that is complete by itself."""
    texts = [*definitions.values()] if "Query" in definitions else [_NO_QUERIES, *definitions.values()]
    return "\n\n".join(texts) + "\n"


def print_slice(slice_: Slice) -> str:
    """Return a slice's definitions as a schema that is complete by itself."""
    return whole(definitions_of(slice_))
