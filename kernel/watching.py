"""Rows that are watched in one process: each has a version, and whoever watches one is woken when it is another.

PostgreSQL is the truth (``kernel.follower``): without Redis the rows are looked at every half second, and with it every
five in case an announcement was lost.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kernel.follower import Follower

_ANNOUNCE_SECONDS = 0.25  # whoever made the change waits no longer for Redis; who watches looks anyway
_PAUSE_SECONDS = 0.2  # between looks, however many changes are announced
_QUERY_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Watched(Struct, frozen=True):
    """Rows to watch. ``look`` is SQL: the ``id`` and ``version`` of those in the array $1. ``what``: for the log."""

    channel: str
    look: str
    what: str


class Watch:
    """The rows of one kind that are watched in one process."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", redis: Redis, of: Watched) -> None:
        self._pool = pool
        self._of = of
        self._watched: dict[Hashable, set[asyncio.Event]] = {}
        self._known: dict[Hashable, Any] = {}
        self._follower = Follower(redis, of.channel, self.look, of.what)

    async def start(self) -> None:
        await self._follower.start()

    async def close(self) -> None:
        await self._follower.close()

    @asynccontextmanager
    async def changes_of(self, row_id: Hashable) -> AsyncIterator["Changes"]:
        """Watch a row while the block lasts; whatever happened since it began is not missed."""
        news = asyncio.Event()
        self._watched.setdefault(row_id, set()).add(news)
        try:
            yield Changes(news, lambda: self._known.get(row_id))
        finally:
            watchers = self._watched[row_id]
            watchers.discard(news)
            if not watchers:
                del self._watched[row_id]
                self._known.pop(row_id, None)

    async def look(self) -> None:
        """Wake those whose row has changed; the first look at one counts as a change."""
        if not self._watched:
            return
        async with self._pool.acquire(timeout=_QUERY_SECONDS) as connection:
            rows = await connection.fetch(self._of.look, list(self._watched), timeout=_QUERY_SECONDS)
        for row in rows:
            row_id, version = row["id"], row["version"]
            if row_id in self._watched and self._known.get(row_id) != version:
                self._known[row_id] = version
                for news in self._watched[row_id]:
                    news.set()
        await asyncio.sleep(_PAUSE_SECONDS)


class Changes:
    """One watcher's view of a row's changes."""

    def __init__(self, news: asyncio.Event, version: Callable[[], Any]) -> None:
        self._news, self._version = news, version

    @property
    def version(self) -> Any:
        """The row's version when it was looked at last, None before that and of no row."""
        return self._version()

    async def wait(self, seconds: float) -> None:
        """Return at the next change, or after so many seconds; changes since the last call count."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)
        self._news.clear()


async def announce(redis: Redis, channel: str, what: str) -> None:
    """Have every process look again, after a commit; should Redis not do it, they look by themselves."""
    try:
        async with asyncio.timeout(_ANNOUNCE_SECONDS):
            await redis.publish(channel, "")
    except (RedisError, TimeoutError, OSError):
        _log.warning("%s that have changed could not be announced; who watches finds them", what, exc_info=True)
