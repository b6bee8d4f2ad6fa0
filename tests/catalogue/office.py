"""A city's staff, who speak to a gateway with credentials of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any

from redis.asyncio import Redis

from auth.credentials import issue
from kernel.database import Database
from kernel.settings import Settings
from services_catalog.organisations.roles import Role
from tests.catalogue.conftest import TREE, City
from tests.publish.gateway_under_test import CLOCK, Gateway, department_token, document, gateway, open_to_loopback


class Office:
    """A gateway, and people of a city who speak to it with credentials of their own."""

    def __init__(self, asked: Gateway, city: City) -> None:
        self.asked = asked
        self.city = city
        self.tokens: dict[str, str] = {}

    async def hire(self, name: str, role: Role | None = None, at: str = "city") -> None:
        async with self.city.database.session() as session:
            self.tokens[name] = await issue(session, CLOCK, "city")
        if role:
            await self.city.give(self.actor(name), role, at)

    def actor(self, name: str) -> str:
        return "credential:" + self.tokens[name].split("_")[1]

    async def put(self, name: str, sample: dict[str, Any], **fields: Any) -> tuple[int, Any]:
        written = deepcopy(sample)
        written["fields"] |= fields
        return await self.asked.put(f"/entries/{written['code']}", self.tokens[name], written)

    async def post(self, name: str, path: str, body: object = b"") -> tuple[int, Any]:
        return await self.asked.post(path, self.tokens[name], body)

    async def get(self, name: str, path: str) -> Any:
        status, answer = await self.asked.get(path, self.tokens[name])
        assert status == 200, answer
        return answer

    async def bring_out(self, sample: dict[str, Any], **fields: Any) -> None:
        path = f"/entries/{sample['code']}"
        assert (await self.put("editor", sample, **fields))[0] == 200
        for who, step in (("editor", "submit"), ("reviewer", "approve"), ("reviewer", "publish")):
            status, answer = await self.post(who, f"{path}/{step}")
            assert status == 200, answer

    async def offer_operation(self) -> None:
        """Publish the API that the sample implementation is opened by."""
        status, answer = await self.asked.publish(
            self.tokens["publisher"], document("free", operations=("offices",)), "marriage"
        )
        assert status == 200, answer


@asynccontextmanager
async def opened(database: Database, redis: Redis, settings: Settings) -> AsyncIterator[Office]:
    city = City(database)
    await city.found(TREE)
    async with gateway(database, redis, open_to_loopback(settings)) as asked:
        office = Office(asked, city)
        office.tokens["publisher"] = await department_token(database)
        await office.hire("editor", "editor")
        await office.hire("reviewer", "reviewer")
        await office.hire("nobody")
        await office.hire("west", "owner", "west")
        yield office
