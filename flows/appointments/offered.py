"""What can be held, remembered by each process for a second: in a rush nobody but who confirms asks the database.

It says which slots there are, not whether they are free: that is the turnstile's and, in the end, the database's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.draw.releases import Release, draw
from flows.appointments.finding import Asked, Free, asked, next_free, times_at
from flows.appointments.tables import Channel
from flows.appointments.taking import Left, left_of
from kernel.clock import Clock
from kernel.crypto.keys import Keys
from kernel.database import Database, driver
from kernel.lru import LRUCache

_FOR = timedelta(seconds=1)
_MOST = 10_000
_T = TypeVar("_T")


class Offered:
    """Of one process and event loop. Times come by ``clock``; what is remembered grows old by the real time."""

    def __init__(self, database: Database, clock: Clock, keys: Keys) -> None:
        self._database, self._clock, self._keys = database, clock, keys
        self._kept: LRUCache[Hashable, tuple[float, asyncio.Future[Any]]] = LRUCache(_MOST, heaviest=1)

    async def asked(self, service: str, office: str, people: int = 1, channel: Channel = "public") -> Asked:
        """As ``finding.asked``."""
        return await self._once(
            (service, office, people, channel), lambda session: asked(session, service, office, people, channel)
        )

    async def slots_at(self, of: Asked, starts_at: datetime) -> Sequence[Free]:
        """Return the resources that serve at a time, those with most places left first."""
        return await self._once(
            ("slots", of.key, starts_at), lambda session: times_at(session, self._clock, of, starts_at)
        )

    async def next_free(self, of: Asked, after: datetime) -> Sequence[datetime]:
        """As ``finding.next_free``."""
        return await self._once(("next", of.key, after), lambda session: next_free(session, self._clock, of, after))

    async def drawn(self, release: Release) -> Release:
        """Return a release with its entries, if it has closed; the first who asks has it drawn."""
        return await self._once(
            ("drawn", release.id, self._clock.now() >= release.closes_at),
            lambda session: draw(session, self._clock, self._keys, release),
            self._database.session,
        )

    async def left_of(self, slot_ids: Sequence[int]) -> list[Left]:
        """Return what SQL has left of slots now."""
        async with self._database.snapshot() as session:
            return await left_of(await driver(session), slot_ids)

    async def _once(
        self,
        key: Hashable,
        read: Callable[[AsyncSession], Awaitable[_T]],
        opening: Callable[[], AbstractAsyncContextManager[AsyncSession]] | None = None,
    ) -> _T:
        """Return what was read within a second, or is being read; a failure is for all who wait, and forgotten."""
        loop = asyncio.get_running_loop()
        known = self._kept.get(key)
        if known is None or known[0] < loop.time():
            known = (
                loop.time() + _FOR.total_seconds(),
                loop.create_task(_read(opening or self._database.snapshot, read)),
            )
            self._kept.put(key, known, 1)
        try:
            return await asyncio.shield(known[1])
        except BaseException:
            self._kept.forget(key)
            raise


async def _read(
    opening: Callable[[], AbstractAsyncContextManager[AsyncSession]], read: Callable[[AsyncSession], Awaitable[_T]]
) -> _T:
    async with opening() as session:
        return await read(session)
