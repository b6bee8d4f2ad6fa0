"""The world of a simulated host app, on a clock that tests move."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from adapters.sandbox.world import World
from kernel.clock import ManualClock, SystemClock
from tests.adapters.simulators import Tasks
from tests.adapters.town import Town, open_town


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC))


@pytest.fixture
async def world(clock: ManualClock) -> AsyncIterator[World]:
    tasks = Tasks()
    yield World(clock, 7, tasks.spawn)
    await tasks.end()


@pytest.fixture
async def town(redis: Redis) -> AsyncIterator[Town]:
    async with open_town(redis, SystemClock()) as opened:
        yield opened
