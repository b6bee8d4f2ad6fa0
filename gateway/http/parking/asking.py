"""Who asks: a device by its signature, an operator's program by its token; in one transaction with what it asks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.tables import Client
from auth.errors import ScopeMissingError, TokenRefusedError
from auth.provider.environment import Environment
from auth.sessions.access_tokens import PARKING, verify_program
from flows.codes.device_auth import Door, verifier_of
from flows.codes.tables import CodeVerifier
from flows.parking.operating import Speaker
from flows.parking.tables import ParkingOperator
from gateway.http.codes import signed_request
from gateway.http.departments import AnyRequest
from kernel.clock import Clock
from kernel.crypto.keys import Keys
from kernel.database import Database

MOST_BYTES = 2**20
SCOPE = "parking:operate"


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


async def speaker(session: AsyncSession, environment: Environment, request: AnyRequest) -> Speaker:
    """Say for which operators a program speaks, by its department. Raises TokenRefusedError, ScopeMissingError."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise TokenRefusedError("This needs an access token", fix="Send Authorization: Bearer <token> (/oauth/token).")
    now = environment.clock.now()
    token = verify_program(text.strip(), environment.ring(), environment.issuer, PARKING, now)
    if SCOPE not in token.scope.split():
        raise ScopeMissingError(f"The token lacks the scope {SCOPE}", fix="Ask for it, or have the client given it.")
    client = await session.get(Client, token.client_id)
    if client is None or client.status != "active" or client.department is None:
        raise TokenRefusedError("The client is suspended", fix="Ask the platform's operator.")
    own = select(ParkingOperator.id).where(
        ParkingOperator.department == client.department, col(ParkingOperator.closed_at).is_(None)
    )
    return Speaker(client.client_id, frozenset((await session.exec(own)).all()))
