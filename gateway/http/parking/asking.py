"""Who asks: a device by its signature, an operator's program by its token; in one transaction with what it asks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.provider.environment import Environment
from auth.sessions.access_tokens import PARKING
from flows.codes.device_auth import Door
from flows.parking.errors import EventFieldError
from flows.parking.gathering import Deps
from flows.parking.operating import Speaker
from flows.parking.recording import lanes_of
from flows.parking.refused import Refused, keep_refused
from flows.parking.tables import ParkingOperator
from gateway.errors import RequestError
from gateway.http.departments import AnyRequest
from gateway.http.devices import DeviceDoor
from gateway.http.programs import program
from kernel.clock import Clock
from kernel.crypto.keys import Keys
from kernel.database import Database

SCOPE, SHOP_SCOPE = "parking:operate", "parking:discount"


class Devices(DeviceDoor):
    """Lets devices of car parks in. ``base`` is what place codes begin with."""

    def __init__(self, database: Database, door: Door, keys: Keys, base: str) -> None:
        super().__init__(database, door)
        self.keys, self.base = keys, base

    @property
    def clock(self) -> Clock:
        return self.door.clock

    @asynccontextmanager
    async def telling(self, request: AnyRequest) -> AsyncIterator[tuple[Deps, str, bytes]]:
        """One transaction of a device that tells something, with its body; one that is refused as a whole is kept."""
        device_id, body = "", b""
        try:
            async with self.asking(request) as (session, device):
                device_id, body = str(device.id), await request.body()
                yield Deps(session, self.clock, self.keys), device_id, body
        except (RequestError, EventFieldError) as error:
            if device_id:
                field, problem = _wrong(error)
                async with self.database.session() as session:
                    lot = next(iter((await lanes_of(session, device_id)).values())).lot
                    deps = Deps(session, self.clock, self.keys)
                    await keep_refused(deps, device_id, lot.id, [Refused(body, field, problem)])
            raise


def _wrong(error: RequestError | EventFieldError) -> tuple[str, str]:
    """Return the field that is wrong, and how."""
    return (error.field, error.problem) if isinstance(error, EventFieldError) else ("body", error.message)


async def speaker(
    session: AsyncSession, environment: Environment, request: AnyRequest, *, shops: bool = False
) -> Speaker:
    """Say for which operators a program speaks, by its department; one of a shop only where ``shops`` are served.

    Raises TokenRefusedError, ScopeMissingError.
    """
    needed = (SCOPE, SHOP_SCOPE) if shops else (SCOPE,)
    asks = await program(session, environment, request, PARKING, needed)
    own = select(ParkingOperator.id).where(
        ParkingOperator.department == asks.department, col(ParkingOperator.closed_at).is_(None)
    )
    return Speaker(asks.client_id, frozenset((await session.exec(own)).all()), is_shop=SCOPE not in asks.scopes)
