"""That a session has changed: announced on Redis after the commit, followed by whoever shows it live.

PostgreSQL is the truth (``kernel.follower``): without Redis the rows are looked at every half second, and with it every
five in case an announcement was lost.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from uuid import UUID

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.database import Database
from kernel.follower import Follower
from kernel.redis import key

CHANNEL = key("parking", "changed")
_CHANGED = "parking sessions have changed"  # in AsyncSession.info
_ANNOUNCE_SECONDS = 0.25  # a gate waits no longer for Redis; who watches looks anyway
_PAUSE_SECONDS = 0.2  # between looks, however many changes are announced
_QUERY_SECONDS = 5.0
_LOOK = "SELECT id, updated_at FROM parking_session WHERE id = ANY($1::uuid[])"

_log = logging.getLogger(__name__)


def changes(session: AsyncSession) -> None:
    """Have it announced after this transaction's commit that sessions may have changed."""
    session.info[_CHANGED] = True


def attach_parking(database: Database, redis: Redis) -> None:
    """Announce what the transactions of ``database`` change, right after their commits."""
    database.after_commit.append(partial(_announce, redis))


class Watch:
    """The sessions that are watched in one process."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", redis: Redis) -> None:
        self._pool = pool
        self._watched: dict[UUID, set[asyncio.Event]] = {}
        self._known: dict[UUID, datetime] = {}
        self._follower = Follower(redis, CHANNEL, self.look, "parking sessions")

    async def start(self) -> None:
        await self._follower.start()

    async def close(self) -> None:
        await self._follower.close()

    @asynccontextmanager
    async def changes_of(self, session_id: UUID) -> AsyncIterator["Changes"]:
        """Watch a session while the block lasts; whatever happened since it began is not missed."""
        news = asyncio.Event()
        self._watched.setdefault(session_id, set()).add(news)
        try:
            yield Changes(news)
        finally:
            watchers = self._watched[session_id]
            watchers.discard(news)
            if not watchers:
                del self._watched[session_id]
                self._known.pop(session_id, None)

    async def look(self) -> None:
        """Wake those whose session has changed; the first look at one counts as a change."""
        if not self._watched:
            return
        async with self._pool.acquire(timeout=_QUERY_SECONDS) as connection:
            rows = await connection.fetch(_LOOK, list(self._watched), timeout=_QUERY_SECONDS)
        for row in rows:
            session_id = UUID(int=row["id"].int)
            if session_id in self._watched and self._known.get(session_id) != row["updated_at"]:
                self._known[session_id] = row["updated_at"]
                for news in self._watched[session_id]:
                    news.set()
        await asyncio.sleep(_PAUSE_SECONDS)


class Changes:
    """One watcher's view of a session's changes."""

    def __init__(self, news: asyncio.Event) -> None:
        self._news = news

    async def wait(self, seconds: float) -> None:
        """Return at the next change, or after so many seconds; changes since the last call count."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)
        self._news.clear()


async def _announce(redis: Redis, session: AsyncSession) -> None:
    if not session.info.pop(_CHANGED, None):
        return
    try:
        async with asyncio.timeout(_ANNOUNCE_SECONDS):
            await redis.publish(CHANNEL, "")
    except (RedisError, TimeoutError, OSError):
        _log.warning("changed parking sessions could not be announced; who watches finds them", exc_info=True)
