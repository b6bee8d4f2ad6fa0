"""The signing keys of one process, kept fresh: a new key is read long before it signs."""

import logging

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auth.keys.key_ring import KeyRing, ensure, load
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.database import Database
from kernel.follower import Follower
from kernel.redis import key

CHANNEL = key("signing_keys", "changed")
_log = logging.getLogger(__name__)
_STATE = "SELECT count(*), max(created_at), max(gone_at) FROM signing_key"


class PublishedKeys:
    """``ring`` is the newest that was read; ``start`` makes the first keys if there are none."""

    def __init__(self, database: Database, redis: Redis, cipher: FieldCipher, clock: Clock) -> None:
        self.ring = KeyRing(())
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._state: asyncpg.Record | None = None
        self._follower = Follower(redis, CHANNEL, self.refresh, "signing keys")

    async def start(self) -> None:
        async with self._database.session() as session:
            await ensure(session, self._cipher, self._clock)
        await self._follower.start()

    async def close(self) -> None:
        await self._follower.close()

    async def refresh(self) -> None:
        """Read the keys again if any came or went."""
        state = await self._database.pool.fetchrow(_STATE)
        if state != self._state:
            async with self._database.session() as session:
                self.ring = await load(session, self._cipher, self._clock)
            self._state = state


async def announce(redis: Redis) -> None:
    """Wake every process after a rotation; one that hears nothing finds it by itself within seconds."""
    try:
        await redis.publish(CHANNEL, "")
    except (RedisError, OSError):
        _log.warning("the new signing keys could not be announced; every process finds them soon", exc_info=True)
