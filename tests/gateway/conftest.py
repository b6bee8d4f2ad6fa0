"""A whole gateway process in the test's loop: real databases, the real publishing flow, departments on real sockets."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from auth.credentials import issue
from gateway.app import Gateway
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.settings import Settings
from schema.graph import local_schema
from schema.names import platform_names
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from services_catalog.publication import Publication, Submission
from services_catalog.publishing import Publishing
from tests.upstream.department import Department, Script

JSON_HEADERS = {b"content-type": b"application/json", b"accept": b"application/graphql-response+json"}

_queries = local_schema().query_type
OWN = ("catalog", *(_queries.fields if _queries else ()))  # the fields of Query that need no department


class City:
    """Departments publish to it, front ends ask it."""

    def __init__(self, gateway: Gateway, database: Database, redis: Redis, settings: Settings) -> None:
        self.gateway = gateway
        self.settings = settings
        self._publishing = Publishing(
            *(database, redis, SystemClock(), settings, platform_names(local_schema())),
            cipher=open_keys(settings).cipher,
        )
        self._departments: list[Department] = []

    async def department(self, script: Script) -> Department:
        """Start a department's server that follows a script."""
        one = Department(script)
        await one.start()
        self._departments.append(one)
        return one

    async def publish(
        self, name: str, paths: dict[str, Any], at: Department | str, *, schemas: Any = None, **manifest: Any
    ) -> Publication:
        """Publish an OpenAPI 3.1 document of these paths, and wait until this gateway serves it."""
        document = {
            "openapi": "3.1.0",
            "info": {"title": name, "version": "1"},
            "paths": paths,
            "components": {"schemas": schemas or {}},
        }
        upstream = {"url": at if isinstance(at, str) else at.url, "retries": 0} | manifest.pop("upstream", {})
        whole = {
            "department": "city",
            "access": "public",
            "name": name,
            "title": {"zh": "服务", "en": name},
            "document": "openapi.json",
            "upstream": upstream,
        } | manifest
        bundle = {"openapi.json": msgspec.json.encode(document).decode()}
        publication = await self._publishing.publish(whole["department"], "test", Submission(whole, bundle, force=True))
        await self.gateway.registry.refresh()
        return publication

    async def ask(self, query: str, services: str = "", **variables: Any) -> dict[str, Any]:
        """Send a query and return the whole response body."""
        body = msgspec.json.encode({"query": query, "variables": variables})
        scope = f"services={services}".encode() if services else b""
        _, _, answer = await self.gateway.direct["/graphql"]("POST", scope, JSON_HEADERS, body)
        result: dict[str, Any] = msgspec.json.decode(answer)
        return result

    async def stop(self) -> None:
        for one in self._departments:
            await one.stop()


@pytest.fixture
def city_settings(settings: Settings) -> Settings:
    """The settings of the city's gateway."""
    return msgspec.structs.replace(settings, upstream_networks=("127.0.0.0/8",), access_log=False)


@pytest.fixture
async def city(database: Database, redis: Redis, city_settings: Settings) -> AsyncIterator[City]:
    async with database.session() as session:
        await add_department(session, SystemClock(), "city", Text(zh="市", en="City"))
        await issue(session, SystemClock(), "city")
    gateway = Gateway(city_settings)
    async with gateway.running():
        city = City(gateway, database, redis, city_settings)
        yield city
        await city.stop()


def get(schema: Any, *parameters: str, **more: Any) -> dict[str, Any]:
    """Return a path item with one GET that answers ``schema``; parameters are query strings unless ``name:path``."""
    named = [name.partition(":")[::2] for name in parameters]
    return {
        "get": {
            "parameters": [
                {"name": name, "in": place or "query", "required": place == "path", "schema": {"type": "string"}}
                for name, place in named
            ],
            "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}},
        }
        | more
    }


Ask = Callable[..., Awaitable[dict[str, Any]]]
