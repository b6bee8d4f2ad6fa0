"""The fixtures of parking's tests."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from gateway.app import Gateway
from kernel.clock import ManualClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.outbox import attach_outbox
from kernel.settings import Settings
from tests.parking.lots import NINE, Lot
from tests.parking.town import Box, Town


@pytest.fixture
async def lot(settings: Settings, database: Database, redis: Redis) -> Lot:
    attach_outbox(database, redis)
    made = Lot(settings, database, redis, open_keys(settings))
    await made.build()
    return made


@pytest.fixture
async def town(settings: Settings, database: Database, redis: Redis) -> AsyncIterator[Town]:
    clock = ManualClock(NINE)
    gateway = Gateway(msgspec.structs.replace(settings, access_log=False), clock=clock)
    async with gateway.running():
        transport = httpx.ASGITransport(gateway)
        async with httpx.AsyncClient(transport=transport, base_url="https://city.example") as client:
            made = Town(gateway, client, clock)
            await made.build()
            yield made


@pytest.fixture
async def box(town: Town) -> Box:
    return await town.box()
