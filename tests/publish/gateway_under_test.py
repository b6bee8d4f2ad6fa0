"""A gateway with just its publishing routes, a department with a credential, and documents to publish."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from httpx import ASGITransport, AsyncClient
from litestar.types import ASGIApp
from redis.asyncio import Redis

from auth.credentials import issue
from gateway.http.console import console_routes
from gateway.http.entries import EntryRoutes
from gateway.http.probes import ProbeRoutes
from gateway.http.publish import PublishingRoutes
from gateway.http.routes import other_routes
from gateway.registry import Registry
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.settings import Settings
from schema.graph import local_schema
from schema.names import platform_names
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from services_catalog.organisations.tables import Organisation
from services_catalog.publishing import Publishing

CLOCK = SystemClock()
LOOPBACK = ("127.0.0.0/8", "::1/128")


def open_to_loopback(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, upstream_networks=LOOPBACK)


def application(database: Database, redis: Redis, registry: Registry, settings: Settings) -> ASGIApp:
    names = platform_names(local_schema())
    cipher = open_keys(settings).cipher
    publishing = Publishing(database, redis, CLOCK, settings, names, cipher=cipher)
    routes = PublishingRoutes(database, registry, publishing, _nothing_sent)
    entries = [*EntryRoutes(database, redis, CLOCK).handlers(), *ProbeRoutes(database, CLOCK).handlers()]
    return other_routes([*routes.handlers(), *entries, *console_routes()])


async def _nothing_sent() -> None:
    """Stand for a process that records nothing."""


@asynccontextmanager
async def gateway(
    database: Database, redis: Redis, settings: Settings, writes_to: Database | None = None
) -> AsyncIterator["Gateway"]:
    registry = Registry(database.pool, redis, settings, open_keys(settings).cipher)
    await registry.start()
    try:
        app = application(writes_to or database, redis, registry, settings)
        transport = ASGITransport(app)  # type: ignore[arg-type]  # httpx knows ASGI less exactly
        async with AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield Gateway(client, registry, app)
    finally:
        await registry.close()


class Gateway:
    """Speaks HTTP to the application, in this process."""

    def __init__(self, client: AsyncClient, registry: Registry, app: ASGIApp) -> None:
        self.client = client
        self.registry = registry
        self.app = app

    async def post(self, path: str, token: str, body: object) -> tuple[int, Any]:
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        response = await self.client.post(path, content=content, headers={"authorization": f"Bearer {token}"})
        return response.status_code, response.json()

    async def put(self, path: str, token: str, body: object) -> tuple[int, Any]:
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        response = await self.client.put(path, content=content, headers={"authorization": f"Bearer {token}"})
        return response.status_code, response.json()

    async def get(self, path: str, token: str) -> tuple[int, Any]:
        response = await self.client.get(path, headers={"authorization": f"Bearer {token}"})
        return response.status_code, response.json()

    async def publish(self, token: str, api: object, name: str = "parking", **more: Any) -> tuple[int, Any]:
        return await self.post("/publish", token, submission(api, name, **more))


async def department_token(database: Database, name: str = "city") -> str:
    async with database.session() as session:
        place = "city" if await session.get(Organisation, "city") else None
        await add_department(session, CLOCK, name, Text(zh="市", en="City"), organisation=place)
        return await issue(session, CLOCK, name)


def submission(api: object, name: str = "parking", **more: Any) -> dict[str, Any]:
    """What `yiwang publish` sends. Keyword arguments change the manifest, but for force and dry_run."""
    options = {key: more.pop(key) for key in ("force", "dry_run") if key in more}
    text = api if isinstance(api, str) else msgspec.json.encode(api).decode()
    return {"manifest": manifest(name, **more), "bundle": {"openapi.json": text}} | options


def manifest(name: str = "parking", **more: Any) -> dict[str, Any]:
    return {
        "department": "city",
        "access": "public",
        "name": name,
        "title": {"zh": "停车", "en": "Parking"},
        "document": "openapi.json",
        "upstream": {"url": "http://127.0.0.1:9/api", "headers": {"x-key": "hush"}},
    } | more


def document(*fields: str, operations: tuple[str, ...] = ("lots",), schema: str = "Lot") -> dict[str, Any]:
    """An API whose operations each answer with a list of objects of these integer fields."""
    answer = {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}
    response = {"description": "All.", "content": {"application/json": {"schema": answer}}}
    properties = {field: {"type": "integer"} for field in fields}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Parking", "version": "1"},
        "paths": {f"/{name}": {"get": {"operationId": name, "responses": {"200": response}}} for name in operations},
        "components": {"schemas": {schema: {"type": "object", "required": list(fields), "properties": properties}}},
    }
