"""A call that comes again by its idempotency key is answered as the first time, for a day; another is refused."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

from msgspec import Struct
from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.errors import KeyReusedError
from flows.parking.gathering import Deps
from flows.parking.operating_tables import ParkingRequest
from kernel.clock import Clock
from kernel.crypto.sealed_columns import row_id
from kernel.database import lock_named

KEPT = timedelta(hours=24)
_ANSWER = "parking_request.answer"


class Call(Struct, frozen=True):
    """Who calls, by which key, with what: ``content`` is path and body."""

    client_id: str
    key: str
    content: bytes

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.content).digest()


async def once(deps: Deps, call: Call, work: Callable[[], Awaitable[bytes]]) -> bytes:
    """Do the work of a call unless it was done, and return its answer. Raises KeyReusedError.

    What is refused is undone, and may be asked again by the same key.
    """
    session, now, cipher = deps.session, deps.clock.now(), deps.keys.cipher
    row = row_id(call.client_id, call.key)
    await lock_named(session, f"parking {call.client_id} {call.key}")
    known = await session.get(ParkingRequest, (call.client_id, call.key))
    if known is not None and known.asked_at > now - KEPT:
        if known.digest != call.digest:
            raise KeyReusedError("This idempotency key came with another call before", fix="Make a new key.")
        return cipher.open(_ANSWER, row, known.answer).encode()
    if known is not None:
        await session.delete(known)
        await session.flush()
    answer = await work()
    sealed = cipher.seal(_ANSWER, row, answer.decode())  # it names plates
    session.add(ParkingRequest(client_id=call.client_id, key=call.key, digest=call.digest, answer=sealed, asked_at=now))
    return answer


async def forget(session: AsyncSession, clock: Clock) -> None:
    """Delete what is older than a day."""
    await session.exec(delete(ParkingRequest).where(col(ParkingRequest.asked_at) <= clock.now() - KEPT))
