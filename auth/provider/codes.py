"""Authorization codes, pushed requests and tickets: made in Redis, taken once, gone in a minute.

Taking is one command (GETDEL), so of any number that come at once exactly one gets it. A code leaves a tombstone: its
second use names the token family that its first one began, which is then revoked (RFC 9700 section 4.13).
"""

import hashlib
import secrets
from typing import TypeVar

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from kernel.crypto.fields import FieldCipher
from kernel.redis import key

_TOMBSTONE_SECONDS = 600
_T = TypeVar("_T", bound=Struct)


class OnceStore:
    """Secrets that stand for something and can be shown once; ``space`` names the kind.

    What they stand for is sealed: a request may hold what a site knows of its user.
    """

    def __init__(self, redis: Redis, cipher: FieldCipher, space: str, seconds: int) -> None:
        self._redis = redis
        self._cipher = cipher
        self._space = space
        self._seconds = seconds

    async def put(self, value: Struct, secret: str = "") -> str:
        """Return a new secret of 256 bits for a value; ``secret`` is one of another alphabet."""
        secret = secret or secrets.token_urlsafe(32)
        name = self._key(secret)
        sealed = self._cipher.seal(self._space, name, msgspec.json.encode(value).decode())
        await self._redis.set(name, sealed, ex=self._seconds)
        return secret

    async def take(self, secret: str, kind: type[_T]) -> _T | None:
        """Return the value and forget it; None if it was taken before, is too old or never was."""
        name = self._key(secret)
        return self._opened(name, await self._redis.getdel(name), kind)

    async def peek(self, secret: str, kind: type[_T]) -> _T | None:
        """Return the value and keep it."""
        name = self._key(secret)
        return self._opened(name, await self._redis.get(name), kind)

    async def bury(self, secret: str, family: str) -> None:
        """Remember for ten minutes what a taken secret has led to."""
        await self._redis.set(self._key(secret, "used"), family, ex=_TOMBSTONE_SECONDS)

    async def buried(self, secret: str) -> str:
        """Return what a secret that is shown again had led to, empty if nothing."""
        found = await self._redis.get(self._key(secret, "used"))
        return bytes(found).decode() if isinstance(found, bytes) else ""

    def _opened(self, name: str, found: bytes | str | None, kind: type[_T]) -> _T | None:
        if not isinstance(found, bytes):
            return None
        return msgspec.json.decode(self._cipher.open(self._space, name, found), type=kind)

    def _key(self, secret: str, *rest: str) -> str:
        return key(self._space, hashlib.sha256(secret.encode()).hexdigest(), *rest)


class Seen:
    """What may be shown once only and was made by others: ``jti`` of assertions and proofs."""

    def __init__(self, redis: Redis, space: str, seconds: int) -> None:
        self._redis = redis
        self._space = space
        self._seconds = seconds

    async def first(self, *parts: str) -> bool:
        """Whether this is seen for the first time."""
        name = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        return bool(await self._redis.set(key(self._space, name), b"", ex=self._seconds, nx=True))
