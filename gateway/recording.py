"""What one gateway process is asked: counted in memory at every request, written to the database every few seconds.

A request costs one look-up: each plan has its own counts, which wait in a list from their first request after a flush.
What was counted and could not be written is kept for the next flush. All is bounded: beyond that it is lost, and the
record says that it is not whole (``UsageRecording.since``), so nobody takes silence for proof.
docs/decisions/0052-recorded-operations.md
"""

import asyncio
import logging
from collections import deque
from datetime import date
from typing import Self

import asyncpg
from graphql import GraphQLError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from kernel.clock import Clock
from kernel.follower import Follower
from kernel.redis import key
from services_catalog.usage.recording import Counts, Text, day_of, store
from supergraph.recorded_text import digest, without_values

CHANNEL = key("usage", "wanted")
"""On it a process that is about to judge a change asks the others to write what they have."""

_ALONE_SECONDS = 10.0  # between two flushes, while Redis is silent and the follower would look twice a second
_MOST_CHARACTERS = 2**24  # of documents that wait for a flush
_MOST_KEYS = 50_000  # of counts that wait for a database
_MOST_STRANGE = 5_000  # new documents a day from who did not sign in: nobody fills the database by making them up

_log = logging.getLogger(__name__)


class Sent:
    """Who sent one operation of one document since the last flush; ``text`` is the document as it came."""

    __slots__ = ("counts", "day", "digest", "operation", "services", "text")

    def __init__(self, text: str, operation: str, services: tuple[str, ...]) -> None:
        self.text = text
        self.operation = operation
        self.services = services
        self.counts: dict[str, int] = {}  # by client
        self.digest = ""  # of the text as it is kept, once that is known
        self.day: date | None = None  # when the database was last given the text


class Recorder:
    """Counts for one process and event loop. Call it at every request that has a plan."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", redis: Redis, clock: Clock) -> None:
        self._pool = pool
        self._redis = redis
        self._clock = clock
        self._follower = Follower(redis, CHANNEL, self._look, "the wish to judge a change")
        self._next_alone = 0.0
        self._begun = False
        self._waiting: deque[Sent] = deque()
        self._characters = 0
        self._counts: Counts = {}
        self._texts: dict[str, tuple[Text, list[Sent]]] = {}
        self._strange: tuple[date | None, int] = (None, 0)
        self._lost = False
        self._failing = False
        self._flushing = asyncio.Lock()

    def __call__(self, sent: Sent, client: str) -> None:
        """Count one request."""
        counts = sent.counts
        if counts:
            counts[client] = counts.get(client, 0) + 1
        else:
            self._begin(sent, client)

    def _begin(self, sent: Sent, client: str) -> None:
        """Count the first request of a document since the last flush."""
        if self._characters + len(sent.text) > _MOST_CHARACTERS:
            self._lost = True
            return
        self._characters += len(sent.text)
        sent.counts[client] = 1
        self._waiting.append(sent)

    async def __aenter__(self) -> Self:
        """Note that recording has begun, and flush from time to time."""
        await self._follower.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what there is, and end."""
        await self._follower.close()
        await self.flush()

    async def flush_everywhere(self) -> None:
        """Write what was counted, and have the other processes do so, which takes them some milliseconds."""
        try:
            await self._redis.publish(CHANNEL, "")
        except (RedisError, OSError):
            _log.warning("other processes could not be asked what they have counted", exc_info=True)
        await self.flush()

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._follower.subscribed or now >= self._next_alone:
            self._next_alone = now + _ALONE_SECONDS
            await self.flush()

    async def flush(self) -> None:
        """Write what was counted. If that fails, the log says so once, and the next flush tries again."""
        async with self._flushing:
            now = self._clock.now()
            await self._gather(day_of(now))
            if self._begun and not self._counts and not self._lost:
                return
            lost, self._lost = self._lost, False
            try:
                await store(self._pool, now, [text for text, _ in self._texts.values()], self._counts, lost=lost)
            except Exception:  # noqa: BLE001 - whatever it is, the next flush may succeed, and must come
                self._lost = self._lost or lost
                if not self._failing:
                    _log.exception("what front ends ask cannot be written; it is kept and tried again")
                self._failing = True
                return
            for _, owners in self._texts.values():
                for sent in owners:
                    sent.day = day_of(now)
            self._counts, self._texts, self._failing, self._begun = {}, {}, False, True

    async def _gather(self, today: date) -> None:
        """Take over what plans have counted; new documents one at a time, so that requests need not wait for all."""
        for _ in range(len(self._waiting)):
            await asyncio.sleep(0)
            sent = self._waiting.popleft()
            self._characters -= len(sent.text)
            counts, sent.counts = sent.counts, {}
            # Once a day the text is written again, for it may be forgotten meanwhile.
            if sent.day != today and not self._take_text(sent, counts, today):
                self._lost = True
                continue
            for client, count in counts.items():
                key = sent.digest, sent.operation, client
                self._counts[key] = self._counts.get(key, 0) + count
        if len(self._counts) > _MOST_KEYS:
            self._counts, self._texts, self._lost = {}, {}, True

    def _take_text(self, sent: Sent, counts: dict[str, int], today: date) -> bool:
        """Have a document's text written by this flush; False if it is left out."""
        if not sent.digest and counts.keys() == {""} and not self._takes_strange(today):
            return False
        if sent.digest not in self._texts:
            try:
                text = without_values(sent.text)
            except GraphQLError:  # it was parsed before: a defect of ours
                _log.exception("a document cannot be kept")
                return False
            sent.digest = digest(text)
            self._texts.setdefault(sent.digest, (Text(sent.digest, text, sent.services), []))
        self._texts[sent.digest][1].append(sent)
        return True

    def _takes_strange(self, today: date) -> bool:
        day, count = self._strange
        self._strange = (today, count + 1 if day == today else 1)
        return self._strange[1] <= _MOST_STRANGE
