"""The guide as a contract in the gateway: what departments' answers ask applicants for is held to what is published.

Only operations whose entries say where an answer asks (``asks`` of their binding) are looked at; others cost one look
into a dictionary. Follows the public entries as the rest of the process does.
"""

import asyncio
import logging
from collections import defaultdict
from typing import NamedTuple

import asyncpg
import msgspec
from redis.asyncio import Redis

from gateway.upstream.errors import UpstreamUnreachableError
from gateway.upstreams import Upstreams
from kernel.clock import Clock
from kernel.follower import Follower
from services_catalog.announcements import CHANNEL
from services_catalog.entries.asks import Ask
from services_catalog.guide.demands import Beyond, Promised, beyond, demanded
from services_catalog.guide.errors import GuideExceededError
from services_catalog.guide.recording import Told, store
from services_catalog.lifecycle.operations import operation_name
from services_catalog.reading.shown import holds
from supergraph.answers import UnreadableError, content
from supergraph.slice import Answer, Operation
from supergraph.wire import Response

_SECONDS = 5.0  # of a query
_ASKING = """
    SELECT code, shown FROM entry_live
    WHERE revision > $1 AND (position('"asks"'::bytea IN shown) > 0 OR code = ANY($2::text[]))
"""
_MOST_WAITING = 10_000  # entries whose counts wait for a database

_log = logging.getLogger(__name__)


class Held(NamedTuple):
    """What an answer asks for that its entry does not list: nothing, if all is as it should be."""

    entry: str
    unlisted: list[Beyond]


class _Asking(NamedTuple):
    """An entry, and where an operation that opens it asks its applicants for something."""

    entry: Promised
    asks: tuple[Ask, ...]


class Guide:
    """For one process and event loop. ``refuse``: what goes beyond the guide is an error, not only counted."""

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", redis: Redis, clock: Clock, upstreams: Upstreams, *, refuse: bool
    ) -> None:
        self.asking: dict[str, list[_Asking]] = {}  # by operation, as entries name it
        self._pool = pool
        self._clock = clock
        self._upstreams = upstreams
        self._refuse = refuse
        self._revision = -1
        self._entries: dict[str, Promised] = {}
        self._waiting: dict[tuple[str, str], Told] = {}
        self._failing = False
        self._flushing = asyncio.Lock()
        self._follower = Follower(redis, CHANNEL, self._look, "what the guide allows", prompt=True)

    async def start(self) -> None:
        """Load what entries say of it, then follow the changes. Raises if the database cannot be read."""
        await self._follower.start()

    async def close(self) -> None:
        """Write what was counted, and end."""
        await self._follower.close()
        await self.flush()

    def read(self, service: str, operation: Operation, response: Response) -> Held | None:
        """Return what of an answer's demands is not listed, None if it asks for nothing. Any thread may call it.

        Of several entries that the operation opens one has to list it: by which the applicant came is not known.
        """
        now = self._clock.now()
        entries = [each for each in self.asking.get(operation_name(service, operation), ()) if holds(each.entry, now)]
        if not entries or not 200 <= response.status < 300:
            return None
        try:
            answer = content(Answer("", "json", ""), response)
        except UnreadableError:
            return None  # whoever reads the answer says so
        found = []
        for entry, asks in entries:
            if demands := demanded(asks, answer):
                found.append(Held(entry.code, [each for demand in demands for each in beyond(entry, demand)]))
        return min(found, key=lambda each: len(each.unlisted), default=None)

    def hold(self, service: str, operation: Operation, held: Held) -> None:
        """Count what was read. Raises GuideExceededError if it is to be refused; what a mutation answers never is."""
        refused = bool(held.unlisted) and self._refuse and operation.kind == "query"
        told = self._told(service, held.entry)
        if told is not None:
            told.count(((each.kind, each.id) for each in held.unlisted), refused=refused)
        if refused:
            raise GuideExceededError(held.entry, held.unlisted)

    async def flush(self) -> None:
        """Write what was counted. If that fails, the log says so once, and the next flush tries again."""
        async with self._flushing:
            waiting, self._waiting = self._waiting, {}
            if not waiting:
                return
            try:
                await store(self._pool, self._clock.now(), waiting)
                self._failing = False
            except Exception:  # noqa: BLE001 - whatever it is, the next flush may succeed, and must come
                if not self._failing:
                    _log.exception("what departments asked for cannot be written; it is kept and tried again")
                self._failing = True
                self._keep(waiting)

    def _told(self, service: str, entry: str) -> Told | None:
        try:
            key = (self._upstreams.department(service), entry)
        except UpstreamUnreachableError:  # taken down meanwhile
            return None
        if key not in self._waiting and len(self._waiting) >= _MOST_WAITING:
            return None
        return self._waiting.setdefault(key, Told())

    def _keep(self, waiting: dict[tuple[str, str], Told]) -> None:
        for key, told in self._waiting.items():
            waiting.setdefault(key, Told()).add(told)
        self._waiting = waiting

    async def _look(self) -> None:
        await self.flush()
        async with self._pool.acquire(timeout=_SECONDS) as connection:
            current = await connection.fetchval("SELECT revision FROM catalog_revision", timeout=_SECONDS)
            if current == self._revision:
                return
            if current < self._revision:  # another database, or one that was restored
                self._revision, self._entries = -1, {}
            rows = await connection.fetch(_ASKING, self._revision, [*self._entries], timeout=_SECONDS)
        for row in rows:
            self._entries.pop(row["code"], None)
            if row["shown"] is not None:
                self._take(row["code"], row["shown"])
        self._revision = current
        self.asking = self._by_operation()

    def _take(self, code: str, shown: bytes) -> None:
        try:
            self._entries[code] = msgspec.json.decode(shown, type=Promised)
        except msgspec.MsgspecError:
            _log.exception("the entry %s cannot be read by this release", code)

    def _by_operation(self) -> dict[str, list[_Asking]]:
        found: dict[str, list[_Asking]] = defaultdict(list)
        for entry in self._entries.values():
            for bound in entry.binding.operations:
                if bound.asks:
                    found[bound.operation].append(_Asking(entry, bound.asks))
        return dict(found)
