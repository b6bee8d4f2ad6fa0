"""Every field of the platform's own graph says for whom it is."""

import pytest
import strawberry
from graphql import GraphQLObjectType, GraphQLSchema

from auth.policies import PUBLIC, SIGNED_IN
from schema.graph import local_schema
from schema.policies import guard


def test_every_field_has_a_policy() -> None:
    schema = local_schema()
    for name, type_ in schema.type_map.items():
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__"):
            assert [field for field, each in type_.fields.items() if "access" not in each.extensions] == []


def _schema() -> GraphQLSchema:
    @strawberry.type
    class Query:
        open: str = "yes"
        shut: str = "no"

    made: GraphQLSchema = strawberry.Schema(query=Query)._schema
    return made


def test_a_field_without_a_policy_is_found() -> None:
    with pytest.raises(LookupError, match=r"Query\.shut has no policy"):
        guard(_schema(), {"Query.open": PUBLIC})


def test_a_policy_of_nothing_is_found() -> None:
    with pytest.raises(LookupError, match=r"Query\.gone"):
        guard(_schema(), {"Query": PUBLIC, "Query.gone": SIGNED_IN})
