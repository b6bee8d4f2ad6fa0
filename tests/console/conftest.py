"""An office whose gateway listens on a port, and a browser beside it."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from kernel.database import Database
from kernel.settings import Settings
from tests.catalogue.office import Office, opened
from tests.served import served


@pytest.fixture
async def office(database: Database, redis: Redis, settings: Settings) -> AsyncIterator[Office]:
    async with opened(database, redis, settings) as office:
        yield office


@pytest.fixture
async def url(office: Office) -> AsyncIterator[str]:
    """The address at which the office's gateway serves."""
    async with served(office.asked.app) as address:
        yield address
