"""A city whose marriage offices are a real API on loopback, that answers as a test says, and the entry it opens."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiohttp import web
from redis.asyncio import Redis

from auth.keys.key_ring import ensure
from kernel.celery import TaskContext
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.settings import Settings
from schema.graph import local_schema
from schema.names import platform_names
from services_catalog.departments import add_department
from services_catalog.lifecycle.notices import Wanted
from services_catalog.manifest import Text
from services_catalog.probes.viewing import notices_for
from services_catalog.publication import Submission
from services_catalog.publishing import Publishing
from services_catalog.reading.shown import Shown
from tests.catalogue.conftest import EDITOR, ELSEWHERE, REVIEWER, TREE, City
from tests.publish.gateway_under_test import document, open_to_loopback, submission
from tests.services_catalog.entries.samples import IMPLEMENTATION, IMPLEMENTATION_CODE, ITEM
from worker.probing import ROUND_EVERY, probe


class Offices:
    """The department's API. ``answer`` is its JSON; ``seen`` the headers of every request."""

    def __init__(self) -> None:
        self.status = 200
        self.answer: object = [{"free": 3}]
        self.seconds = 0.0
        self.location = ""
        self.seen: list[dict[str, str]] = []
        self.most_at_once = self._now = 0
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._reply)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def kill(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _reply(self, request: web.Request) -> web.Response:
        self.seen.append({name.lower(): value for name, value in request.headers.items()})
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        await asyncio.sleep(self.seconds)
        self._now -= 1
        if self.location and request.path != self.location:
            return web.Response(status=307, headers={"location": self.location})
        return web.json_response(self.answer, status=self.status)


class Probed(City):
    """The city with its worker's rounds."""

    def __init__(self, database: Database, redis: Redis, settings: Settings, offices: Offices) -> None:
        super().__init__(database)
        self.offices = offices
        self.settings = open_to_loopback(settings)
        self.redis = redis
        self.context = TaskContext(self.settings, database, redis, self.clock)

    async def publish_service(self, api: object = None, **more: Any) -> None:
        """Publish the offices' API, listing objects that have a number ``free``, or another."""
        names, cipher = platform_names(local_schema()), open_keys(self.settings).cipher
        publishing = Publishing(self.database, self.redis, SystemClock(), self.settings, names, cipher=cipher)
        upstream = {"url": f"http://127.0.0.1:{self.offices.port}", "headers": {"x-key": "hush"}}
        api = api or document("free", operations=("offices",), schema="Office")
        sent = submission(api, "marriage", upstream=upstream, force=True, **more)
        await publishing.publish("city", "test", msgspec.convert(sent, Submission))

    async def rounds(self, seconds: int = 60) -> None:
        """Let time pass in the worker's steps, with a round at each."""
        for _ in range(0, seconds, int(ROUND_EVERY.total_seconds())):
            await probe(self.context)
            self.clock.advance(ROUND_EVERY)

    async def entry(self) -> Shown:
        return (await self.shown())[IMPLEMENTATION_CODE]

    async def told(self) -> list[tuple[str, str]]:
        """Return the kinds and texts of the notices that the entry's editor gets."""
        async with self.database.session() as session:
            told = await notices_for(session, self.clock, EDITOR, Wanted())
        return [(each.kind, each.text) for each in told.notices]


@pytest.fixture
async def offices() -> AsyncIterator[Offices]:
    offices = Offices()
    await offices.start()
    yield offices
    await offices.kill()


@pytest.fixture
async def city(database: Database, redis: Redis, settings: Settings, offices: Offices) -> Probed:
    """The entry is public, and its operation's API published; nothing was called yet."""
    city = Probed(database, redis, settings, offices)
    await city.found(TREE)
    await city.give(EDITOR, "editor", "city")
    await city.give(REVIEWER, "reviewer", "city")
    await city.give(ELSEWHERE, "owner", "west")
    async with database.session() as session:
        await add_department(session, city.clock, "city", Text(zh="市", en="City"), organisation="city")
        await ensure(session, open_keys(city.settings).cipher, city.clock)
    await city.publish_service()
    await city.bring_out(ITEM)
    await city.bring_out(IMPLEMENTATION)
    return city
