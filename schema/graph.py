"""The platform's own part of the graph, assembled: every feature adds its field here."""

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from auth.policies import PUBLIC
from schema import catalog, pages, sessions
from schema.catalog import Catalog
from schema.pages import PageMutations
from schema.policies import guard
from schema.scalars import SCALARS
from schema.sessions import SessionMutations

POLICIES = {"Query": PUBLIC, **catalog.POLICIES, **sessions.POLICIES, **pages.POLICIES}


@strawberry.type
class Query:
    """The root of what the platform answers itself."""

    @strawberry.field(description="What departments offer.")  # type: ignore[untyped-decorator]  # strawberry's
    def catalog(self) -> Catalog:
        return Catalog()


@strawberry.type
class Mutation(SessionMutations, PageMutations):
    """The root of what residents do with their accounts."""


def local_schema() -> GraphQLSchema:
    """Return the platform's own schema as graphql-core's, to stand beside the services."""
    made = strawberry.Schema(query=Query, mutation=Mutation, config=StrawberryConfig(scalar_map=SCALARS))
    schema: GraphQLSchema = made._schema  # noqa: SLF001 - the only way to graphql-core's
    guard(schema, POLICIES)
    return schema
