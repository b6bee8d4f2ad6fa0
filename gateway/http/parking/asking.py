"""Who asks: a device by its signature, in one transaction with what it asks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes.device_auth import Door, verifier_of
from flows.codes.tables import CodeVerifier
from gateway.http.codes import signed_request
from gateway.http.departments import AnyRequest
from kernel.clock import Clock
from kernel.crypto.keys import Keys
from kernel.database import Database

MOST_BYTES = 2**20


class Devices:
    """Lets devices in (``flows.codes.device_auth``). ``base`` is what place codes begin with."""

    def __init__(self, database: Database, door: Door, keys: Keys, base: str) -> None:
        self.database, self.door, self.keys, self.base = database, door, keys, base

    @property
    def clock(self) -> Clock:
        return self.door.clock

    @asynccontextmanager
    async def asking(self, request: AnyRequest) -> AsyncIterator[tuple[AsyncSession, CodeVerifier]]:
        """One transaction of a device. Raises DeviceRefusedError, CodesUnavailableError, RequestTooLargeError."""
        signed = await signed_request(request)
        async with self.database.session() as session:
            yield session, await verifier_of(session, self.door, signed)
