"""The fixtures of the tests of codes."""

import pytest
from redis.asyncio import Redis

from flows.codes.device_auth import Door
from kernel.celery import TaskContext
from kernel.clock import ManualClock
from kernel.crypto.keys import Keys, open_keys
from kernel.database import Database
from kernel.settings import Settings
from tests.codes.issued import NOW
from tests.codes.office import Office


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return open_keys(settings)


@pytest.fixture
def door(redis: Redis, keys: Keys, clock: ManualClock) -> Door:
    return Door(redis, keys.cipher, clock)


@pytest.fixture
async def office(database: Database, redis: Redis, keys: Keys, clock: ManualClock) -> Office:
    made = Office(database, redis, keys.cipher, clock)
    await made.open()
    return made


@pytest.fixture
def context(settings: Settings, database: Database, redis: Redis, clock: ManualClock) -> TaskContext:
    return TaskContext(settings, database, redis, clock)
