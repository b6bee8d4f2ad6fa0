"""A small city."""

import pytest

from kernel.clock import ManualClock
from kernel.database import Database
from tests.organisations.city import CITY, MONDAY, load_rows, noon


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(noon(MONDAY))


@pytest.fixture
async def city(database: Database, clock: ManualClock) -> Database:
    """The database, with the city in it."""
    await load_rows(database, clock, CITY)
    return database
