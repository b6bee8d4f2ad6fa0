"""Who wants to do something when, on the moved clock: the parties of the play, each a generator of moments."""

import asyncio
import heapq
from collections import defaultdict
from collections.abc import AsyncGenerator, Coroutine, Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

TICK = timedelta(seconds=30)
AT_ONCE = 6  # of what is due at one moment

Party = AsyncGenerator[datetime, None]
"""Does something and says when it goes on."""


class Agenda:
    """Parties by when they go on. Those of one car go on one after the other, so that a run can be repeated."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, int, Party]] = []
        self._numbers = count()

    def add(self, car: int, at: datetime, party: Party) -> None:
        heapq.heappush(self._heap, (at, next(self._numbers), car, party))

    @property
    def next(self) -> datetime | None:
        return self._heap[0][0] if self._heap else None

    async def go_on(self, now: datetime) -> None:
        """Let everybody go on whose moment has come."""
        due: dict[int, list[Party]] = defaultdict(list)
        while self._heap and self._heap[0][0] <= now:
            _, _, car, party = heapq.heappop(self._heap)
            due[car].append(party)
        await together([self._of_car(car, parties, now) for car, parties in due.items()])

    def _of_car(self, car: int, parties: list[Party], now: datetime) -> Coroutine[Any, Any, None]:
        async def each() -> None:
            for party in parties:
                at = await anext(party, None)
                if at is not None:
                    self.add(car, max(at, now + TICK), party)

        return each()


async def together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do some of it at a time."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(each: Coroutine[Any, Any, None]) -> None:
        async with turns:
            await each

    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(one(each))
