"""Binding a phone: it shows that it has a key by signing a challenge, and from then on may sign codes for the account.

That the key lies in hardware is the word of the city's own app, which nobody checks (docs/decisions/0077).
"""

import secrets
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from msgspec import Struct
from redis.asyncio import Redis
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import account_of
from auth.accounts.merging import parts_of
from flows.codes import device_codes
from flows.codes.desk import Desk
from flows.codes.devices import phones_of
from flows.codes.errors import CodeDeviceRefusedError
from flows.codes.redis_needed import needing_redis
from flows.codes.revoking import revoke_phone
from flows.codes.tables import CodeDevice
from kernel.redis import key

_CHALLENGE_BYTES, _CHALLENGE_SECONDS = 32, 300


class Proof(Struct, frozen=True):
    """A phone's key (P-256, compressed), and its signature of ``device_codes.to_bind`` of the session's challenge."""

    public: bytes
    signature: bytes


async def challenge(redis: Redis, sid: str) -> bytes:
    """Return what a phone of this session is to sign within five minutes, once. Raises CodesUnavailableError."""
    made = secrets.token_bytes(_CHALLENGE_BYTES)
    with needing_redis("No phone can be bound at the moment"):
        await redis.set(_name(sid), made, ex=_CHALLENGE_SECONDS)
    return made


async def replaces_another(session: AsyncSession, account_id: UUID, public: bytes) -> bool:
    """Whether the account ever had another phone: then who binds this one must have proven themselves lately.

    Until the transaction ends nobody else binds one.
    """
    await account_of(session, account_id, "change")
    parts = await parts_of(session, account_id)
    query = select(CodeDevice.public).where(col(CodeDevice.account_id).in_(parts), CodeDevice.public != public)
    return (await session.exec(query.limit(1))).first() is not None


async def bind(session: AsyncSession, desk: Desk, account_id: UUID, sid: str, proof: Proof) -> CodeDevice:
    """Bind a phone in place of the one before it; again it is the same binding.

    Raises CodeDeviceRefusedError, CodesUnavailableError.
    """
    await _check(desk.redis, sid, proof)
    phones = await phones_of(session, account_id, lock=True)
    known = await session.get(CodeDevice, proof.public)
    if known is not None and known in phones:
        return known
    if known is not None:
        raise CodeDeviceRefusedError("The key was bound before", fix="Make a new key on the phone, and bind that one.")
    for each in phones:
        await revoke_phone(session, desk.clock, each, "replaced")
    now = desk.clock.now()
    phone = CodeDevice(public=proof.public, account_id=account_id, bound_at=now, trusted_until=now)
    session.add(phone)
    await session.flush()
    return phone


async def _check(redis: Redis, sid: str, proof: Proof) -> None:
    with needing_redis("No phone can be bound at the moment"):
        asked: Any = await redis.getdel(_name(sid))
    if asked is None:
        raise CodeDeviceRefusedError("There is no challenge, or it was used", fix="Ask for another one.")
    try:
        device_codes.verify(device_codes.public_key(proof.public), proof.signature, device_codes.to_bind(asked))
    except ValueError as error:
        fix = "Send 33 bytes: 02 or 03, and x."
        raise CodeDeviceRefusedError("The key is no compressed point of P-256", fix=fix) from error
    except InvalidSignature as error:
        fix = "docs/codes.md says what is signed, and that s is the lower of the two."
        raise CodeDeviceRefusedError("The phone has not signed the challenge", fix=fix) from error


def _name(sid: str) -> str:
    return key("code_device", sid, "challenge")
