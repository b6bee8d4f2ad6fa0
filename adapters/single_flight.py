"""One at a time across processes: of all who need the same thing now, one makes it and the others read what it made.

Redis is only the turnstile. Without it each process makes its own, still one at a time; a maker that dies leaves a
lock that ends by itself.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import SystemRandom
from typing import Generic, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from kernel.ids import uuid7
from kernel.redis import key

_log = logging.getLogger(__name__)

_LOCK_SECONDS = 10  # more than a host app's answer may take (HostHttp: 5 s)
_PATIENCE_SECONDS = 12.0  # those who have waited longer make their own: late is better than never
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.02, 0.5

_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"

uniform = SystemRandom().random

Made = TypeVar("Made")


class SingleFlight(Generic[Made]):
    """The turnstile of one process; ``space`` names the feature, ``random`` (0 to 1) spreads those who wait."""

    def __init__(self, redis: Redis, space: str, random: Callable[[], float] = uniform) -> None:
        self._redis = redis
        self._space = space
        self._random = random
        self._release = redis.register_script(_RELEASE)
        self._running: dict[str, asyncio.Task[Made]] = {}

    async def run(
        self, tag: str, read: Callable[[], Awaitable[Made | None]], make: Callable[[], Awaitable[Made]]
    ) -> Made:
        """Return what ``read`` finds, or what ``make`` makes and puts where ``read`` looks.

        ``read`` may raise RedisError; what ``make`` raises, all who wait in this process get. A caller who is
        cancelled takes nothing from the others.
        """
        running = self._running.get(tag)
        if running is None:
            running = asyncio.create_task(self._across(tag, read, make))
            self._running[tag] = running
            running.add_done_callback(lambda done: self._landed(tag, done))
        return await asyncio.shield(running)

    def _landed(self, tag: str, done: asyncio.Task[Made]) -> None:
        del self._running[tag]
        if not done.cancelled():
            done.exception()  # callers have it; if all of them are gone, nobody misses it

    async def _across(
        self, tag: str, read: Callable[[], Awaitable[Made | None]], make: Callable[[], Awaitable[Made]]
    ) -> Made:
        lock, holder = key(self._space, tag, "lock"), uuid7().hex
        try:
            found = await self._wait(lock, holder, read)
        except (RedisError, OSError) as error:
            _log.warning("Redis is gone: this process makes its own %s", self._space, extra={"error": str(error)})
            return await make()
        try:
            return await make() if found is None else found
        finally:
            try:
                await self._release(keys=[lock], args=[holder])
            except (RedisError, OSError) as error:
                _log.warning("the lock of %s ends by itself", self._space, extra={"error": str(error)})

    async def _wait(self, lock: str, holder: str, read: Callable[[], Awaitable[Made | None]]) -> Made | None:
        """Return what another has made, or None when it is our turn."""
        pause, waited = _FIRST_PAUSE_SECONDS, 0.0
        while (found := await read()) is None and waited < _PATIENCE_SECONDS:
            if await self._redis.set(lock, holder, nx=True, ex=_LOCK_SECONDS):
                return await read()  # the last holder may have finished between our look and our turn
            spread = pause * (0.5 + self._random())
            await asyncio.sleep(spread)
            waited += spread
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        return found
