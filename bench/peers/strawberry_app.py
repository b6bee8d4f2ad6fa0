"""The same fields by hand: Strawberry on Litestar, one aiohttp call a field, tuned as far as its own means go.

Parsed and validated documents are cached, the handler is plain, JSON is read and written by msgspec, and objects stay
the dicts that the upstream sent. Runs in granian; BENCH_UPSTREAM names the upstream.
"""
# ruff: noqa: N815 -- fields are named as the department names them

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from operator import getitem
from typing import Any

import aiohttp
import msgspec
import strawberry
from litestar import Litestar, Request, Response, post
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type
from strawberry.types import Info
from strawberry.types.field import StrawberryField

from bench.upstream.register import SERVICES

UPSTREAM = os.environ["BENCH_UPSTREAM"]


@strawberry.type
class Facility:
    """As in openapi.yaml."""

    id: str
    name: str
    district: str
    address: str
    capacity: int
    occupancy: float
    open: bool
    updatedAt: str


@strawberry.type
class Reading:
    """As in openapi.yaml."""

    id: str
    facilityId: str
    kind: str
    value: float
    unit: str
    valid: bool
    sensor: str | None
    floor: int | None
    room: str | None
    takenAt: str | None
    receivedAt: str | None
    note: str | None


async def _fetch(info: Info[Any, Any], path: str) -> Any:
    session: aiohttp.ClientSession = info.context
    async with session.get(UPSTREAM + path) as response:
        return msgspec.json.decode(await response.read())


def _fields(service: str) -> list[StrawberryField]:
    async def facility(info: Info[Any, Any], id: str) -> Facility | None:  # noqa: A002 -- the argument's name in the graph
        found: Facility = await _fetch(info, f"/{service}/facilities/{id}")
        return found

    async def readings(info: Info[Any, Any], page: int) -> list[Reading] | None:
        found: list[Reading] = await _fetch(info, f"/{service}/readings?page={page}")
        return found

    fields = [strawberry.field(resolver=facility), strawberry.field(resolver=readings)]
    for field in fields:
        field.python_name = f"{service}_{field.python_name}"
    return fields


schema = strawberry.Schema(
    create_type("Query", [field for service in SERVICES for field in _fields(service)]),
    config=StrawberryConfig(auto_camel_case=False, default_resolver=getitem),
    extensions=[ParserCache, ValidationCache],
)


@post("/graphql", status_code=200)
async def graphql(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Execute one GraphQL request."""
    body = msgspec.json.decode(await request.body())
    result = await schema.execute(
        body["query"],
        variable_values=body.get("variables"),
        operation_name=body.get("operationName"),
        context_value=request.app.state.session,
    )
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    return Response(msgspec.json.encode(answer), media_type="application/json")


@asynccontextmanager
async def _session(app: Litestar) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256)) as session:
        app.state.session = session
        yield


app = Litestar([graphql], lifespan=[_session], openapi_config=None)
