"""What the index answered, shared through Redis by all gateways: a question that costs one of them milliseconds, once.

Redis may vanish or be slow: then nobody waits for it, and each answers by itself. What is read is as good as what this
process would answer: a change that it knows of, and the answer not, makes it stale (services_catalog.reading.changes).
"""

import asyncio
import hashlib
import logging
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kernel.redis import key
from services_catalog.search.query import Answer, Query

_KEPT_SECONDS = 120  # what is asked less often is not worth Redis's memory: an answer has 2 kB
_PATIENCE_SECONDS = 0.05  # a round trip takes less than one; a gateway that is busy takes some to notice its end
_REST_SECONDS = 5.0  # of not asking a Redis that did not answer
_TOGETHER_SECONDS = 0.02
_MOST_WAITING = 200  # to be written: what comes on top is not shared

_log = logging.getLogger(__name__)


class Found(Struct, frozen=True, array_like=True):
    """An answer, and the catalogue's revision of which it is at least."""

    revision: int
    answer: Answer


class SharedAnswers:
    """Of one process and event loop."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._asked_again_at = 0.0  # a time of the loop
        self._failed = False
        self._waiting: dict[str, Found] = {}
        self._writing: asyncio.Task[None] | None = None
        self._decode = msgspec.msgpack.Decoder(Found).decode

    async def get(self, name: str) -> Found | None:
        """Return what a gateway has found, None if none has or Redis does not say."""
        if not self._may_ask():
            return None
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                data = await self._redis.get(name)
            self._failed = False
            return self._decode(data) if isinstance(data, bytes) else None
        except (RedisError, OSError, TimeoutError) as error:
            self._rest(error)
        except msgspec.MsgspecError:
            _log.warning("%s in Redis cannot be read", name, exc_info=True)
        return None

    def put(self, name: str, found: Found) -> None:
        """Share what was found, soon, without waiting."""
        if self._failed or len(self._waiting) >= _MOST_WAITING:
            return
        self._waiting[name] = found
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def close(self) -> None:
        """End what is being written."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)

    async def _write(self) -> None:
        """Write what waits, together: one by one it would cost five times as much."""
        while self._waiting:
            await asyncio.sleep(_TOGETHER_SECONDS)
            waiting, self._waiting = self._waiting, {}
            try:
                async with self._redis.pipeline(transaction=False) as pipe:
                    for name, found in waiting.items():
                        pipe.set(name, msgspec.msgpack.encode(found), ex=_KEPT_SECONDS)
                    await pipe.execute()
            except (RedisError, OSError, TimeoutError) as error:
                self._rest(error)

    def _may_ask(self) -> bool:
        """Return whether Redis answered the last time; if not, whether it is time that one question tries."""
        if not self._failed:
            return True
        now = asyncio.get_running_loop().time()
        if now < self._asked_again_at:
            return False
        self._asked_again_at = now + _REST_SECONDS
        return True

    def _rest(self, error: Exception) -> None:
        if not self._failed:
            _log.warning("answers are not shared while Redis does not answer: %r", error)
        self._failed = True
        self._asked_again_at = asyncio.get_running_loop().time() + _REST_SECONDS


def name_of(catalogue: str, query: Query, until: float) -> str:
    """Return the key of the answer to a question of a catalogue, good until then whatever its moment."""
    end = datetime.fromtimestamp(until, UTC)
    asked = msgspec.structs.replace(query, at=end)
    return key("found", hashlib.blake2b(msgspec.msgpack.encode((catalogue, asked)), digest_size=16).hexdigest())
