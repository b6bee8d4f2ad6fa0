"""The fixtures of parking's tests."""

import pytest
from redis.asyncio import Redis

from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.outbox import attach_outbox
from kernel.settings import Settings
from tests.parking.lots import Lot


@pytest.fixture
async def lot(settings: Settings, database: Database, redis: Redis) -> Lot:
    attach_outbox(database, redis)
    made = Lot(settings, database, redis, open_keys(settings))
    await made.build()
    return made
