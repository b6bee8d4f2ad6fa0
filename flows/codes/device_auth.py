"""Which registered verifier sends a request: its signature, its age, and that it never came before."""

from datetime import timedelta
from uuid import UUID

from msgspec import Struct
from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes.errors import DeviceRefusedError
from flows.codes.message_signatures import SignedRequest, check, stated
from flows.codes.redis_needed import needing_redis
from flows.codes.verifiers import Verifier, secret_of, unrevoked
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.redis import key

WITHIN = timedelta(minutes=5)


class Door(Struct, frozen=True):
    """What devices are let in with."""

    redis: Redis
    cipher: FieldCipher
    clock: Clock


async def verifier_of(session: AsyncSession, door: Door, request: SignedRequest) -> Verifier:
    """Return the verifier that has signed a request. Raises DeviceRefusedError, CodesUnavailableError.

    Redis remembers nonces while their requests are young enough to be taken; without it nothing is let in.
    """
    found = stated(request)
    verifier = await unrevoked(session, _id(found.key_id))
    if verifier is None:
        raise DeviceRefusedError("The device is unknown or revoked", fix="Ask the platform's operator to register it.")
    check(found, secret_of(door.cipher, verifier))
    if abs(door.clock.now() - found.created) > WITHIN:
        raise DeviceRefusedError(
            f"The request was signed at {found.created:%Y-%m-%dT%H:%M:%SZ}, more than five minutes from now",
            fix="Set the device's clock: answers have the platform's time as Date.",
        )
    await _once(door, verifier.id, found.nonce)
    return verifier


async def _once(door: Door, verifier_id: UUID, nonce: str) -> None:
    name = key("device_nonce", verifier_id, nonce)
    with needing_redis("Whether this request came before cannot be known at the moment", "Send it again, signed anew."):
        new = await door.redis.set(name, b"", nx=True, ex=int(2 * WITHIN.total_seconds()))
    if not new:
        raise DeviceRefusedError("The request came before", fix="Sign every request anew, with another nonce.")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise DeviceRefusedError("The keyid is no verifier's", fix="It is the id of yiwang verifier add.") from error
