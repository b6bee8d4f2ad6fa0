"""The fixtures of sign-on's tests."""

from datetime import UTC, datetime

import pytest

from kernel.clock import ManualClock
from kernel.database import Database
from tests.auth.residents import Residents


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 25, 8, tzinfo=UTC))


@pytest.fixture
async def residents(database: Database, clock: ManualClock) -> Residents:
    made = Residents(database, clock)
    await made.clients()
    return made
