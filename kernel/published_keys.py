"""Keys that are rows of PostgreSQL, as one process knows them: made when there are none, followed when they change."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.database import Database
from kernel.follower import Follower

Keys = TypeVar("Keys")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyKind(Generic[Keys]):
    """One kind of keys: ``what`` the log calls them and the Redis ``channel`` that tells of changes.

    ``state`` is SQL whose one row is another one after every change; ``ensure`` makes the first keys if there are
    none, ``load`` reads them; ``prompt``: a change may never take more than a second (see ``Follower``).
    """

    what: str
    channel: str
    state: str
    ensure: Callable[[AsyncSession, FieldCipher, Clock], Awaitable[None]]
    load: Callable[[AsyncSession, FieldCipher, Clock], Awaitable[Keys]]
    prompt: bool = False

    async def announce(self, redis: Redis) -> None:
        """Wake every process after a rotation; one that hears nothing finds it by itself."""
        try:
            await redis.publish(self.channel, "")
        except (RedisError, OSError):
            _log.warning("new %s could not be announced; every process finds them soon", self.what, exc_info=True)


class PublishedKeys(Generic[Keys]):
    """``newest``, from ``start`` on, are those read last; ``start`` makes the first ones if there are none."""

    newest: Keys

    def __init__(
        self, kind: KeyKind[Keys], database: Database, redis: Redis, cipher: FieldCipher, clock: Clock
    ) -> None:
        self._kind = kind
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._state: asyncpg.Record | None = None
        self._follower = Follower(redis, kind.channel, self.refresh, kind.what, prompt=kind.prompt)

    async def start(self) -> None:
        async with self._database.session() as session:
            await self._kind.ensure(session, self._cipher, self._clock)
        await self._follower.start()

    async def close(self) -> None:
        await self._follower.close()

    async def refresh(self) -> None:
        """Read the keys again if any came or went."""
        state = await self._database.pool.fetchrow(self._kind.state)
        if state != self._state:
            async with self._database.session() as session:
                self.newest = await self._kind.load(session, self._cipher, self._clock)
            self._state = state
