"""The operator, on servers of the test's own."""

import pytest

from kernel.clock import ManualClock, SystemClock
from kernel.database import Database
from kernel.settings import Settings
from tests.auth.residents import Residents
from tests.cli.operator import Operator


@pytest.fixture
def operator(settings: Settings) -> Operator:
    return Operator(settings)


@pytest.fixture
def clock() -> ManualClock:
    """Commands have the machine's time, so what a test makes for them is of now."""
    return ManualClock(SystemClock().now())


@pytest.fixture
async def residents(database: Database, clock: ManualClock) -> Residents:
    made = Residents(database, clock)
    await made.clients()
    return made
