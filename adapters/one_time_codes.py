"""A client's one-time code that is sent twice gets the same answer twice.

Clients try again when a network fails them, and the host app has used the code up the first time. So what a code gave
is kept for a short while, in Redis, under the code's digest and sealed under the code. Whoever has the code in that
time is believed, as the host app itself believes whoever has it first; without Redis the second one is refused as the
host refuses it.
"""

import hashlib
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.single_flight import SingleFlight
from kernel.redis import key

_NONCE = b"\0" * 12  # a code's key seals one answer
_log = logging.getLogger(__name__)

Gave = TypeVar("Gave")


class OneTimeCodes(Generic[Gave]):
    """What codes of one kind gave, for ``keep_seconds``; ``space`` names the kind, such as ``wechat-sign-in``."""

    def __init__(self, redis: Redis, space: str, what: type[Gave], keep_seconds: int = 120) -> None:
        self._redis = redis
        self._space = space
        self._keep_seconds = keep_seconds
        self._decode = msgspec.json.Decoder(what).decode
        self._flight = SingleFlight[Gave](redis, space)

    async def once(self, code: tuple[str, ...], exchange: Callable[[], Awaitable[Gave]]) -> Gave:
        """Return what ``code`` (with whatever else it depends on) gave, or has ``exchange`` give."""
        tag = hashlib.sha256("\0".join(code).encode()).hexdigest()
        name = key(self._space, tag, "gave")
        seal = AESGCM(hashlib.sha256(("sealed\0" + "\0".join(code)).encode()).digest())  # the code itself opens it

        async def read() -> Gave | None:
            kept = await self._redis.get(name)
            return self._decode(seal.decrypt(_NONCE, kept, None)) if isinstance(kept, bytes) else None

        async def make() -> Gave:
            gave = await exchange()
            try:
                sealed = seal.encrypt(_NONCE, msgspec.json.encode(gave), None)
                await self._redis.set(name, sealed, ex=self._keep_seconds)
            except (RedisError, OSError) as error:
                _log.warning("a code sent twice will be refused", extra={"error": str(error)})
            return gave

        return await self._flight.run(tag, read, make)
