"""A stranger who asks for everything that the schema shows, with every argument filled in, is told what is public."""

from collections.abc import Iterator
from typing import Any

import msgspec
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    get_introspection_query,
    get_named_type,
)
from sqlmodel import select

from auth.accounts.tables import Account, Identity
from auth.policies import PUBLIC
from auth.sessions.tables import RefreshToken, Session
from schema.graph import POLICIES
from services_catalog.reading.document import SERVICE, source
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, ask, prove_face, sign_in
from tests.gateway.residents.test_ways_in import with_phone
from tests.gateway.test_identity import OPERATIONS, PATHS, YES

_DEEP = 5
_TEXTS = {"Int": "1", "Float": "1", "Boolean": "true", "JSON": "{}", "DateTime": '"2030-01-01T00:00:00Z"'}


def argument(type_: Any) -> str:
    """Return a literal that fits a type."""
    if isinstance(type_, GraphQLNonNull):
        return argument(type_.of_type)
    if isinstance(type_, GraphQLList):
        return f"[{argument(type_.of_type)}]"
    if isinstance(type_, GraphQLInputObjectType):
        return "{" + ", ".join(f"{name}: {argument(each.type)}" for name, each in type_.fields.items()) + "}"
    if isinstance(type_, GraphQLEnumType):
        return str(next(iter(type_.values)))
    return _TEXTS.get(type_.name, '"x"')


def selected(field: GraphQLField, name: str, depth: int = 0) -> str:
    """Return a selection of a field with everything below it."""
    given = ", ".join(f"{each}: {argument(one.type)}" for each, one in field.args.items())
    text = f"{name}({given})" if given else name
    type_: GraphQLNamedType = get_named_type(field.type)
    if not isinstance(type_, GraphQLObjectType):
        return text
    below = [
        selected(each, each_name, depth + 1)
        for each_name, each in type_.fields.items()
        if depth < _DEEP or not isinstance(get_named_type(each.type), GraphQLObjectType)
    ]
    return f"{text} {{ {' '.join(below)} }}"


def documents(schema: GraphQLSchema) -> Iterator[tuple[str, str, str]]:
    """Every root field as a document of its own: its type, its name, the text."""
    for kind, root in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        assert root is not None
        for name, field in root.fields.items():
            yield root.name, name, f"{kind} {{ {selected(field, name)} }}"


async def test_a_stranger_who_crawls_the_whole_schema_reads_what_is_public(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    await prove_face(phones, who, "wang")
    await with_phone(phones, who, "wang")
    department = await city.department(lambda _: [YES])
    await city.publish("parking", PATHS, department, access="L2", operations=OPERATIONS)
    secrets = await _secrets(city)
    schema = build_client_schema((await ask(city, get_introspection_query()))["data"])
    asked, before = [], len(department.heads)

    for root, name, document in documents(schema):
        result = await ask(city, document)
        text = msgspec.json.encode(result).decode()
        assert [secret for secret in secrets if secret in text] == [], name
        asked.append(f"{root}.{name}")
        policy = POLICIES.get(f"{root}.{name}")
        if name == "parking":
            assert {key: value for key, value in result["data"]["parking"].items() if value is not None} == {
                "open": "yes"
            }
        elif policy == PUBLIC or name == SERVICE:  # the catalogue is a source, every operation of which is public
            assert "SIGN_IN_NEEDED" not in text, name
        else:
            assert result["data"] == {name: None}, name
            assert {each["extensions"]["code"] for each in result["errors"]} == {"SIGN_IN_NEEDED"}, name
    assert {f"{type_}.{field}" for type_, field in _own_roots()} | {f"Query.{SERVICE}"} <= set(asked)
    assert {each.access for each in source().operations} == {PUBLIC}
    assert len(department.heads) == before + 1


def _own_roots() -> Iterator[tuple[str, str]]:
    for policy in POLICIES:
        type_, _, field = policy.partition(".")
        if type_ in ("Query", "Mutation") and field:
            yield type_, field


async def _secrets(city: City) -> list[str]:
    """What of a resident must not come out: their data, and every id that leads to them."""
    async with city.gateway.database.session() as session:
        accounts = (await session.exec(select(Account.id))).all()
        identities = (await session.exec(select(Identity))).all()
        sids = (await session.exec(select(Session.sid))).all()
        tokens = (await session.exec(select(RefreshToken.digest))).all()
    found = ["王秀英", "13900000001", "0001", "110101195003071227", "**英"]
    found += [str(each) for each in (*accounts, *sids)] + [each.hex() for each in tokens]
    return found + [each for row in identities for each in (str(row.id), row.subject, row.union_subject) if each]
