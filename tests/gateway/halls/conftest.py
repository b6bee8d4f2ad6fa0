"""A hall with counters behind a whole gateway, on the hall's clock."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from gateway.app import Gateway
from tests.appointments.conftest import bare_hall, hall, lobby
from tests.appointments.lobby import Lobby
from tests.gateway.halls.staff_of import Staff
from tests.served import served

__all__ = ("bare_hall", "hall", "lobby")


@pytest.fixture
async def gateway(lobby: Lobby) -> AsyncIterator[Gateway]:
    made = Gateway(msgspec.structs.replace(lobby.hall.settings, access_log=False), clock=lobby.clock)
    async with made.running():
        yield made


@pytest.fixture
async def url(gateway: Gateway) -> AsyncIterator[str]:
    """The address at which the gateway serves."""
    async with served(gateway) as address:
        yield address


@pytest.fixture
async def clerk(gateway: Gateway, lobby: Lobby) -> AsyncIterator[Staff]:
    """Somebody at a counter."""
    async with Staff.hired(gateway, lobby.hall, "clerk") as one:
        yield one
