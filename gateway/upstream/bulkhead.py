"""The bulkhead: how many calls one service may have in flight, and how many may wait, first come first served."""

import asyncio
from collections import deque

from gateway.upstream.errors import UpstreamBusyError


class Bulkhead:
    """A bounded semaphore with a bounded queue. A freed place goes straight to the first in the queue."""

    __slots__ = ("_emptied", "_places", "_queue", "_queue_limit", "_service", "active")

    def __init__(self, service: str, places: int, queue_limit: int) -> None:
        self._service = service
        self._places = places
        self._queue_limit = queue_limit
        self._queue: deque[asyncio.Future[None]] = deque()
        self._emptied: asyncio.Future[None] | None = None
        self.active = 0

    @property
    def waiting(self) -> int:
        return sum(not waiter.done() for waiter in self._queue)

    def enter_now(self) -> bool:
        """Take a free place; ``False`` if there is none."""
        if self.active < self._places:
            self.active += 1
            return True
        return False

    async def enter(self, deadline: float) -> None:
        """Take a place, waiting in the queue until ``deadline`` (loop time) if need be."""
        if self.enter_now():
            return
        if len(self._queue) >= self._queue_limit and self.waiting >= self._queue_limit:
            raise UpstreamBusyError(self._service, "too many calls wait for it")
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(waiter)
        try:
            async with asyncio.timeout_at(deadline):
                await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled():
                self.leave()  # the place came in the same moment
            if isinstance(error, TimeoutError):
                raise UpstreamBusyError(self._service, "too many calls are in front of this one") from error
            raise

    def leave(self) -> None:
        """Give a place back."""
        while self._queue:
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self.active -= 1
        if self._emptied is not None and not self.active and not self._emptied.done():
            self._emptied.set_result(None)

    async def wait_until_empty(self, seconds: float) -> None:
        """Return when nobody is inside any more, or after ``seconds``."""
        if self.active and seconds > 0:
            self._emptied = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._emptied], timeout=seconds)
