"""Keeps one process's memory of some rows fresh: it looks when Redis says so, and by itself.

PostgreSQL is the truth. A Redis message only says "look again", so a lost one costs time, never a change. Where that
must be less than a second whatever Redis does, the looks are as frequent as while nothing is heard from it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

POLL_SECONDS = 5.0  # while Redis announces changes
ALONE_SECONDS = 0.5  # while it does not, or may lose one: a server that hangs is noticed after half a minute only

_log = logging.getLogger(__name__)


class Follower:
    """Calls ``look`` in the running loop from ``start`` to ``close``. ``what`` names the rows in the log.

    ``subscribed`` says whether Redis is heard; ``prompt``: no announcement that is lost may cost more than a second.
    """

    def __init__(
        self, redis: Redis, channel: str, look: Callable[[], Awaitable[None]], what: str, *, prompt: bool = False
    ) -> None:
        self._redis = redis
        self._channel = channel
        self._look = look
        self._what = what
        self._prompt = prompt
        self._wake = asyncio.Event()
        self.subscribed = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Look once, then follow. Raises what the first look raises."""
        await self._look()
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._follow())]

    async def close(self) -> None:
        running = set(self._tasks)
        while running:  # once is not enough: redis-py swallows a cancellation that comes while it connects
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=0.1)

    async def _follow(self) -> None:
        """Look when woken, and from time to time without."""
        reachable = True
        while True:
            rare = self.subscribed and reachable and not self._prompt
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL_SECONDS if rare else ALONE_SECONDS)
            self._wake.clear()
            try:
                await self._look()
            except Exception:  # noqa: BLE001 - whatever it is, the next look may succeed, and must come
                if reachable:
                    _log.exception("%s cannot be read; what is known is served", self._what)
                reachable = False
            else:
                reachable = True

    async def _listen(self) -> None:
        """Wake the follower at every message. Confirmations of a subscription count: one may follow a lost link."""
        warned = False
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.subscribe(self._channel)
                    while True:
                        if await subscription.get_message(timeout=POLL_SECONDS) is not None:
                            self.subscribed, warned = True, False
                            self._wake.set()
            except Exception:  # noqa: BLE001 - whatever it is, listening must begin again
                self.subscribed = False
                if not warned:
                    _log.warning(
                        "Redis announces nothing of %s: looking every %s s", self._what, ALONE_SECONDS, exc_info=True
                    )
                warned = True
            await asyncio.sleep(ALONE_SECONDS)
