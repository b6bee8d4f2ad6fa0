"""Opaque codes: 16 random bytes in Base45 behind ``S:``, which mean something to the platform alone, for 60 seconds.

26 characters, a QR code of version 2. Nothing of who, when or how many is in the picture. What a code stands for is in
Redis under the code's SHA-256; should Redis lose it, a phone shows the next one within half a minute.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from flows.codes import base45
from flows.codes.distance import Position
from flows.codes.errors import PassCodeRefusedError
from flows.codes.pass_codes import LIFE
from flows.codes.redis_needed import needing_redis
from flows.codes.refusals import Refusal
from kernel.redis import key

PREFIX = "S:"
TOKEN_BYTES = 16
_KEPT_SECONDS = int(LIFE.total_seconds()) + 20  # a little longer, to say "too old" and to answer a retry


class Meant(Struct, frozen=True):
    """What a code stands for: for whom and what it was issued, when, and to a phone that is where, if it said so."""

    subject: bytes
    purpose: str
    issued_at: datetime
    where: Position | None = None


def new_text() -> str:
    """Return the text of a new code."""
    return PREFIX + base45.encode(secrets.token_bytes(TOKEN_BYTES))


def code_id_of(text: str) -> bytes:
    """Return the id by which a code is known without being told. Raises PassCodeRefusedError for no such code."""
    try:
        token = base45.decode(text.removeprefix(PREFIX)) if text.startswith(PREFIX) else b""
    except ValueError:
        token = b""
    if len(token) != TOKEN_BYTES:
        raise PassCodeRefusedError(Refusal.NOT_A_CODE, "This is no pass code of this city")
    return hashlib.sha256(token).digest()


async def keep(redis: Redis, text: str, meant: Meant) -> None:
    """Remember what a code stands for. Raises CodesUnavailableError."""
    with needing_redis("No code can be made at the moment"):
        await redis.set(_name(code_id_of(text)), msgspec.msgpack.encode(meant), ex=_KEPT_SECONDS)


async def meaning_of(redis: Redis, code_id: bytes, now: datetime) -> Meant:
    """Return what a code stands for. Raises PassCodeRefusedError, CodesUnavailableError."""
    with needing_redis("The code cannot be looked up at the moment"):
        value: Any = await redis.get(_name(code_id))
    if value is None:
        raise PassCodeRefusedError(Refusal.UNKNOWN, "The code is too old, or never was one")
    meant = msgspec.msgpack.decode(value, type=Meant)
    if now > meant.issued_at + LIFE:
        raise PassCodeRefusedError(Refusal.EXPIRED, "The code is too old")
    return meant


def _name(code_id: bytes) -> str:
    return key("pass_code", code_id.hex(), "meaning")
