"""The lanes as they stand: what each was answered last, who waits there, and whoever watches. In memory."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from msgspec import Struct

from flows.gate.wire import Answer
from flows.parking.event_wire import WireEvent, credential_of

WAITS = timedelta(minutes=10)
"""A vehicle that was asked to pay is taken to stand there as long, unless another one comes."""
WATCHED = timedelta(seconds=60)
"""As long a plate that a lane's camera read is of who shows a code there, and makes that of low risk."""
DRIVES_ON = timedelta(seconds=10)
"""As long after its arm has opened: time to show a code all the same, too short for the next vehicle to come up."""

_TOGETHER = 0.1  # seconds; what changes within is told at once


class Waiting(Struct, frozen=True):
    """A vehicle that an arm has not opened for."""

    wire: WireEvent
    answer: Answer


class Lanes:
    """Made once; ``changes`` is for pages and barrier controllers."""

    def __init__(self) -> None:
        self.last: dict[str, Answer] = {}
        self.recent: deque[Answer] = deque(maxlen=30)
        self._waiting: dict[str, Waiting] = {}
        self._stood: dict[str, Waiting] = {}  # who waited last, for money that comes late
        self._seen: dict[str, tuple[WireEvent, datetime]] = {}
        self._watchers: set[asyncio.Event] = set()

    def show(self, answer: Answer) -> Answer:
        """Show what an arm does."""
        self.last[answer.lane] = answer
        self.recent.appendleft(answer)
        self.changed()
        return answer

    def saw(self, lane: str, wire: WireEvent, at: datetime) -> None:
        """Note the vehicle that a camera sees now, also if it can read no plate."""
        self._seen[lane] = wire, at + WATCHED

    def opened(self, lane: str, at: datetime) -> None:
        """Note that whoever was seen has been let through: codes are soon of another."""
        if lane in self._seen:
            wire, until = self._seen[lane]
            self._seen[lane] = wire, min(until, at + DRIVES_ON)

    def seen(self, lane: str, now: datetime) -> WireEvent | None:
        """Return what the camera has read of the vehicle that stands there."""
        wire, until = self._seen.get(lane, (None, now))
        return wire if wire is not None and wire.plate and now <= until else None

    def gone(self, lane: str) -> None:
        """Note that whoever was seen has passed: the next code is of another."""
        self._seen.pop(lane, None)

    def wait(self, lane: str, waiting: Waiting | None) -> None:
        """Say who stands at a lane, or that nobody does."""
        if waiting is None:
            self._waiting.pop(lane, None)
        else:
            self._waiting[lane] = self._stood[lane] = waiting

    def stands_at(self, lane: str, credential: str) -> None:
        """Note that a vehicle is at this lane: it waits at no other."""
        for other, each in list(self._waiting.items()):
            if other != lane and credential_of(each.wire) == credential:
                del self._waiting[other]

    def waiting(self, lane: str, now: datetime) -> Waiting | None:
        found = self._waiting.get(lane)
        return found if found is not None and now - found.answer.at <= WAITS else None

    def stood(self, lane: str) -> Waiting | None:
        """Return who waits or was the last to wait at a lane, however long ago."""
        return self._stood.get(lane)

    def all_waiting(self, now: datetime) -> list[tuple[str, Waiting]]:
        return [(lane, each) for lane in list(self._waiting) if (each := self.waiting(lane, now)) is not None]

    def changed(self) -> None:
        """Wake whoever watches."""
        for each in self._watchers:
            each.set()

    async def changes(self, every: float) -> AsyncIterator[None]:
        """Yield at once, whenever something changes, and every so many seconds."""
        woken = asyncio.Event()
        self._watchers.add(woken)
        try:
            while True:
                woken.clear()
                yield
                await asyncio.sleep(_TOGETHER)
                try:
                    await asyncio.wait_for(woken.wait(), every)
                except TimeoutError:
                    continue
        finally:
            self._watchers.discard(woken)
