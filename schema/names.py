"""Which names of the graph are the platform's own, so that no service is published under one of them."""

from graphql import GraphQLSchema

from services_catalog.platform_names import PlatformNames
from services_catalog.reading.document import source
from supergraph.slice import type_names

_PROMISED = frozenset({"appointments", "messages"})  # fields that are to come


def platform_names(local: GraphQLSchema) -> PlatformNames:
    """Return the names of the platform's own schema, its catalogue's, and those of the fields that it will have."""
    catalogue = source()
    roots = [root for root in (local.query_type, local.mutation_type) if root is not None]
    return PlatformNames(
        fields=_PROMISED.union({catalogue.service}, *(root.fields.keys() for root in roots)),
        types=frozenset(local.type_map) | type_names(catalogue),
    )
