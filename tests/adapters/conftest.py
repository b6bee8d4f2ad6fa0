"""The world of a simulated host app, on a clock that tests move."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from adapters.sandbox.world import World
from kernel.clock import ManualClock
from tests.adapters.simulators import Tasks


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC))


@pytest.fixture
async def world(clock: ManualClock) -> AsyncIterator[World]:
    tasks = Tasks()
    yield World(clock, 7, tasks.spawn)
    await tasks.end()
