"""The fixtures of the tests of codes."""

import pytest
from redis.asyncio import Redis

from flows.codes.device_auth import Door
from kernel.clock import ManualClock
from kernel.crypto.keys import Keys, open_keys
from kernel.settings import Settings
from tests.codes.issued import NOW


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return open_keys(settings)


@pytest.fixture
def door(redis: Redis, keys: Keys, clock: ManualClock) -> Door:
    return Door(redis, keys.cipher, clock)
