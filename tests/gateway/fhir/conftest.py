"""A hall whose appointments are read over HTTP by departments' programs."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from gateway.app import Gateway
from tests.appointments.conftest import bare_hall, hall
from tests.appointments.hall import Hall
from tests.gateway.fhir.reader import Reader

__all__ = ("bare_hall", "hall")


@pytest.fixture
async def reader(hall: Hall) -> AsyncIterator[Reader]:
    gateway = Gateway(msgspec.structs.replace(hall.settings, access_log=False), clock=hall.clock)
    async with gateway.running():
        transport = httpx.ASGITransport(gateway)
        async with httpx.AsyncClient(transport=transport, base_url="https://city.example") as client:
            yield Reader(hall, client)
