"""The fixtures of appointments' tests."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from flows.appointments.hall.watching import attach_halls
from flows.appointments.watching import attach_appointments
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.outbox import attach_outbox
from kernel.settings import Settings
from tests.appointments.hall import Hall
from tests.appointments.hospital import Clinic, opened
from tests.appointments.lobby import Lobby


@pytest.fixture
def bare_hall(settings: Settings, database: Database, redis: Redis) -> Hall:
    """A hall without an office yet."""
    attach_outbox(database, redis)
    attach_appointments(database, redis)
    attach_halls(database, redis)
    return Hall(settings, database, redis, open_keys(settings))


@pytest.fixture
async def hall(bare_hall: Hall) -> Hall:
    await bare_hall.build()
    return bare_hall


@pytest.fixture
async def clinic(bare_hall: Hall) -> AsyncIterator[Clinic]:
    """A clinic that has its own booking system."""
    async with opened(bare_hall) as found:
        yield found


@pytest.fixture
async def lobby(bare_hall: Hall) -> Lobby:
    """A hall with two counters, and two services with one window."""
    lobby = Lobby(bare_hall)
    await lobby.build()
    return lobby
