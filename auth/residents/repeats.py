"""The answer to a one-time code, for the client that did not get it and sends the code again.

It is sealed under the code itself, so whoever reads Redis opens none of it.
"""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis

from kernel.redis import key

KEEP_SECONDS = 120  # as long as a code that is sent again is believed by ``adapters.one_time_codes``
_NONCE_BYTES = 12  # NIST SP 800-38D section 8.2


class Repeats:
    """Answers of one kind, by the texts that asked for them; these have to be unguessable together."""

    def __init__(self, redis: Redis, space: str) -> None:
        self._redis = redis
        self._space = space

    def tag(self, *parts: str) -> str:
        """Return what names an answer openly."""
        return hashlib.sha256("\0".join(("tag", *parts)).encode()).hexdigest()

    async def read(self, *parts: str) -> bytes | None:
        """Return the answer that was kept. Raises RedisError."""
        kept = await self._redis.get(self._name(*parts))
        if not isinstance(kept, bytes):
            return None
        return self._cipher(*parts).decrypt(kept[:_NONCE_BYTES], kept[_NONCE_BYTES:], None)

    async def keep(self, answer: bytes, *parts: str) -> None:
        """Keep an answer for KEEP_SECONDS. Raises RedisError."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher(*parts).encrypt(nonce, answer, None)
        await self._redis.set(self._name(*parts), sealed, ex=KEEP_SECONDS)

    def _name(self, *parts: str) -> str:
        return key(self._space, self.tag(*parts), "answer")

    @staticmethod
    def _cipher(*parts: str) -> AESGCM:
        return AESGCM(hashlib.sha256("\0".join(("answer", *parts)).encode()).digest())
