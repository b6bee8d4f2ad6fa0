"""A change of one of 42 systems is either compatible, or blocked with exactly the names of whom it breaks.

The judge beside ours is graphql-core: it validates what clients sent against the graph as it would be.
"""

import asyncio
from typing import Any

import msgspec
import pytest
from graphql import parse, validate

from services_catalog.compiler_process import Order, work
from services_catalog.manifest import read
from services_catalog.publishing import _version
from services_catalog.versions import standing, store
from supergraph.broken import Use
from supergraph.impact import impact
from supergraph.scalars import ALL_SCALARS
from supergraph.scope import scoped_schema
from supergraph.slice import Access, Slice, decode
from supergraph.types import SliceTypes
from tests.publish.gateway_under_test import CLOCK, manifest
from tests.usage.conftest import City
from tests.usage.stub_systems import Api, Asked, Changed, Stub, stubs

SYSTEMS, CHANGES = 42, 4


def compiled(stub: Stub, api: Api) -> Slice:
    bundle = {"openapi.json": msgspec.json.encode(api).decode()}
    return decode(work(Order(stub.name, "openapi.json", bundle, {}, Access("public"))).slice)


def is_valid(slice_: Slice, text: str) -> bool:
    return not validate(scoped_schema([SliceTypes(slice_, ALL_SCALARS)], None), parse(text))


def breaks(asked: Asked, changed: Changed, new: Slice) -> bool:
    """Whether a document is invalid over the new slice, or what it reads has another type."""
    return not is_valid(new, asked.text) or (changed.retyped != "" and changed.retyped in asked.text)


def operation(asked: Asked) -> str:
    return asked.text.removeprefix("query ").partition(" ")[0].partition("(")[0]


async def go_live(city: City, stub: Stub) -> None:
    """Make a system live as publishing does, but compiled in this process: 42 compilers are long to wait for."""
    described = read(manifest(stub.name, upstream={"url": "http://127.0.0.1:9/"}))
    bundle = {"openapi.json": msgspec.json.encode(stub.api).decode()}
    done = work(Order(stub.name, "openapi.json", bundle, {}, Access("public")))
    async with city.gateway.database.session() as session:
        stood = await standing(session, "city", stub.name)
        version = _version(described, done, CLOCK, "test")
        await store(session, CLOCK, "city", version, stood, seal=lambda _: None)


@pytest.mark.case("catalogue-42-systems")
async def test_a_change_of_one_of_42_systems_is_compatible_or_blocked_with_names(city: City) -> None:
    systems = list(stubs(SYSTEMS))
    asked = {stub.name: stub.documents() for stub in systems}
    for stub in systems:
        await go_live(city, stub)
    await city.gateway.registry.refresh()
    for each in [each for sent in asked.values() for each in sent]:
        answer = await city.send(each.text, each.client)
        assert answer["errors"][0]["extensions"]["code"] != "GRAPHQL_VALIDATION_FAILED", answer
    changing = systems[::4]
    changes = [stub.changed() for stub in changing]
    outcomes = await asyncio.gather(*(city.publish(c.api, s.name) for s, c in zip(changing, changes, strict=True)))
    blocked = 0
    for stub, changed, outcome in zip(changing, changes, outcomes, strict=True):
        new = compiled(stub, changed.api)
        expected = [each for each in asked[stub.name] if breaks(each, changed, new)]
        _compare(changed, expected, outcome)
        blocked += bool(expected)
    assert 0 < blocked < len(changing)


def _compare(changed: Changed, expected: list[Asked], outcome: tuple[int, Any]) -> None:
    status, answer = outcome
    told = answer if status == 200 else answer["error"]["details"]
    named = sorted((each["client"], each["operation"]) for each in told["broken"])
    assert named == sorted((each.client, operation(each)) for each in expected), (changed.kind, answer)
    assert status == (409 if expected else 200), (changed.kind, answer)
    if expected:
        assert answer["error"]["code"] == "BREAKING_CHANGE"
        assert named[0][0] in answer["error"]["message"]


@pytest.mark.parametrize("number", range(SYSTEMS))
def test_changes_of_each_name_exactly_whom_they_break(number: int) -> None:
    stub = Stub(number)
    old, asked = compiled(stub, stub.api), [*stub.documents(), *stub.documents()]
    assert all(is_valid(old, each.text) for each in asked)
    documents = {str(index): each.text for index, each in enumerate(asked)}
    uses = [Use(str(index), each.client, operation(each), 1) for index, each in enumerate(asked)]
    for _ in range(CHANGES):
        changed = stub.changed()
        new = compiled(stub, changed.api)
        found = impact(old, new, documents, uses).broken
        expected = {(each.client, operation(each)) for each in asked if breaks(each, changed, new)}
        assert {(each.client, each.operation) for each in found} == expected, changed.kind
