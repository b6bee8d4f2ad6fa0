"""The platform's own part of the graph, assembled: every feature adds its field here."""

import strawberry
from graphql import GraphQLSchema

from auth.policies import PUBLIC
from schema import catalog
from schema.catalog import Catalog
from schema.policies import guard

POLICIES = {"Query": PUBLIC, **catalog.POLICIES}


@strawberry.type
class Query:
    """The root of what the platform answers itself."""

    @strawberry.field(description="What departments offer.")  # type: ignore[untyped-decorator]  # strawberry's
    def catalog(self) -> Catalog:
        return Catalog()


def local_schema() -> GraphQLSchema:
    """Return the platform's own schema as graphql-core's, to stand beside the services."""
    schema: GraphQLSchema = strawberry.Schema(query=Query)._schema  # noqa: SLF001 - the only way to graphql-core's
    guard(schema, POLICIES)
    return schema
