"""The keys of codes in one process, kept fresh: a rotation is followed within a second."""

import logging

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from flows.codes.key_sets import KeySet
from flows.codes.keys import CodeKeys, ensure, load
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.database import Database
from kernel.follower import Follower
from kernel.redis import key

CHANNEL = key("code_keys", "changed")
_STATE = "SELECT max(version) FROM code_key"
_log = logging.getLogger(__name__)


class PublishedCodeKeys:
    """``keys`` are the newest that were read; ``start`` makes the first ones if there are none."""

    def __init__(self, database: Database, redis: Redis, cipher: FieldCipher, clock: Clock) -> None:
        self.keys = CodeKeys(KeySet(0, ()), ())
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._state: asyncpg.Record | None = None
        self._follower = Follower(redis, CHANNEL, self.refresh, "the keys of codes", prompt=True)

    async def start(self) -> None:
        async with self._database.session() as session:
            await ensure(session, self._cipher, self._clock)
        await self._follower.start()

    async def close(self) -> None:
        await self._follower.close()

    async def refresh(self) -> None:
        """Read the keys again if any changed."""
        state = await self._database.pool.fetchrow(_STATE)
        if state != self._state:
            async with self._database.session() as session:
                self.keys = await load(session, self._cipher, self._clock)
            self._state = state


async def announce(redis: Redis) -> None:
    """Wake every process after a rotation; one that hears nothing finds it by itself within a second."""
    try:
        await redis.publish(CHANNEL, "")
    except (RedisError, OSError):
        _log.warning("the new keys of codes could not be announced; every process finds them soon", exc_info=True)
