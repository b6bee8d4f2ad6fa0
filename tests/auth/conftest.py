"""The fixtures of sign-on's tests."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec
import pytest
from redis.asyncio import Redis

from auth.keys import key_ring
from kernel.celery import TaskContext
from kernel.clock import ManualClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.settings import Settings
from tests.auth.relying_parties import InProcessWorker, RelyingParty
from tests.auth.residents import Residents


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 25, 8, tzinfo=UTC))


@pytest.fixture
async def residents(database: Database, clock: ManualClock) -> Residents:
    made = Residents(database, clock)
    await made.clients()
    return made


@pytest.fixture
async def site() -> AsyncIterator[RelyingParty]:
    party = RelyingParty()
    await party.start()
    yield party
    await party.stop()


@pytest.fixture
def opened(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, upstream_networks=("127.0.0.0/8",))


@pytest.fixture
async def worker(opened: Settings, database: Database, redis: Redis, clock: ManualClock) -> InProcessWorker:
    async with database.session() as session:
        await key_ring.ensure(session, open_keys(opened).cipher, clock)
    return InProcessWorker(TaskContext(opened, database, redis, clock))
