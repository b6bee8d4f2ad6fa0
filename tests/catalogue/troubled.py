"""A pool as a process sees it whose database goes away in the middle of things; and one that counts what is asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg


class WatchedPool:
    """The real pool. Counts its queries, and fails the one that is ``fails_at``, once."""

    def __init__(self, pool: Any, fails_at: int = 0) -> None:
        self._pool = pool
        self.asked = 0
        self.fails_at = fails_at

    @asynccontextmanager
    async def acquire(self, **given: Any) -> AsyncIterator["WatchedConnection"]:
        async with self._pool.acquire(**given) as connection:
            yield WatchedConnection(self, connection)

    def count(self) -> None:
        self.asked += 1
        if self.asked == self.fails_at:
            raise asyncpg.ConnectionDoesNotExistError("the connection was closed in the middle of operation")


class WatchedConnection:
    """A connection of that pool."""

    def __init__(self, pool: WatchedPool, connection: Any) -> None:
        self._pool = pool
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        if name in {"fetch", "fetchrow", "fetchval", "cursor"}:
            self._pool.count()
        return getattr(self._connection, name)
