"""What one process holds of the public catalogue: the index, the entries read last, and answers given before.

It follows ``entry_live`` by revision, as gateways follow services; a change is seen within a second of its commit.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime
from math import inf
from typing import NamedTuple

import asyncpg
import msgspec
from redis.asyncio import Redis

from kernel.errors import YiwangError
from kernel.follower import Follower
from services_catalog.announcements import CHANNEL
from services_catalog.entries.words import OFFERED
from services_catalog.reading.duties import Connection, Duties
from services_catalog.reading.searching import searchable
from services_catalog.reading.shown import Shown
from services_catalog.reading.together import Together
from services_catalog.reading.wire import encode
from services_catalog.search.index import Index

_SECONDS = 5.0  # of a query
_AT_ONCE = 2_000  # rows of the first look that are indexed together
_ENTRIES_BYTES = 64 * 2**20
_DUTY_SECONDS = 60.0  # a calendar that is loaded holds after that

_CHANGED = "SELECT code, shown, revision FROM entry_live WHERE revision > $1 ORDER BY revision, code"
_REVISION = "SELECT revision, tree FROM catalog_revision"
_PATH = """
    WITH RECURSIVE follower AS (
        SELECT path, merged_into FROM organisation WHERE code = $1
        UNION SELECT o.path, o.merged_into FROM organisation o JOIN follower f ON o.code = f.merged_into
    )
    SELECT path FROM follower WHERE merged_into IS NULL
"""
_TOGETHER = """
    SELECT code, shown FROM entry_live JOIN entry USING (code)
    WHERE revision > $1 AND level IN ('topic', 'life_event')
"""
_STANDS = "SELECT code, state, since, shown FROM entry_live WHERE code = $1"
_WANTED = "SELECT code, shown FROM entry_live WHERE code = ANY($1::text[]) AND shown IS NOT NULL"

_log = logging.getLogger(__name__)


class CatalogueUnavailableError(YiwangError):
    """Entries cannot be read at the moment: the database does not answer."""

    code = "CATALOG_UNREADABLE"
    http_status = 503
    retryable = True


class Standing(NamedTuple):
    """How an entry stands that is public, or was; ``shown`` None: residents see nothing of it."""

    state: str
    since: datetime
    shown: Shown | None


class Shelf:
    """The public entries of one process and event loop. ``revision`` changes whenever any of them does."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", redis: Redis) -> None:
        self.revision = -1
        self.generation = 0  # changes whenever an answer may; the revision is that of services too
        self.tree = -1  # changes whenever an organisation stands elsewhere
        self.together = Together()
        self._duties = Duties()
        self._duties_read = -inf
        self._places: set[str] = set()  # organisations that answer for a place
        self.index = Index(duty=self._duties)
        self._pool = pool
        self._entries: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._refreshing = asyncio.Lock()
        self.follower = Follower(redis, CHANNEL, self.refresh, "the entries of the catalogue")

    async def start(self) -> None:
        """Load what is public, then follow the changes. Raises if the database cannot be read."""
        await self.follower.start()

    async def close(self) -> None:
        await self.follower.close()

    async def refresh(self) -> None:
        """Take over what changed since the last time."""
        async with self._refreshing, self._pool.acquire(timeout=_SECONDS) as connection, connection.transaction():
            current, tree = await connection.fetchrow(_REVISION, timeout=_SECONDS)
            if current != self.revision:
                await self._follow(connection, current)
            if tree != self.tree:  # whose district is where: answers are others, also where no entry is
                self.tree = tree
                self.generation += 1
            await self._renew_duties(connection)

    async def _follow(self, connection: Connection, current: int) -> None:
        if current < self.revision:  # another database, or one that was restored
            self.revision, self.index, self._size = -1, Index(duty=self._duties), 0
            self.together = Together()
            self._entries.clear()
            self.generation += 1
        stale = await self._gather(connection)
        rows: list[asyncpg.Record] = []
        async for row in connection.cursor(_CHANGED, self.revision, prefetch=_AT_ONCE):
            rows.append(row)
            stale.discard(row["code"])
            if len(rows) == _AT_ONCE:
                await self._take_over(rows)
                rows = []
        await self._take_over(rows)
        for start in range(0, len(ordered := sorted(stale)), _AT_ONCE):
            await self._take_over(await connection.fetch(_WANTED, ordered[start : start + _AT_ONCE], timeout=_SECONDS))
        self.revision = current

    async def _gather(self, connection: Connection) -> set[str]:
        """Take over topics and life events, before the entries; return those of the index whose names they are."""
        rows = await connection.fetch(_TOGETHER, self.revision, timeout=_SECONDS)
        public = filter(None, map(_readable, rows))
        changed = self.together.take_over([row["code"] for row in rows], public)
        return {code for field, values in changed.items() for code in self.index.having(field, values)}

    async def _renew_duties(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._duties_read > _DUTY_SECONDS or not self._places <= self._duties.known:
            await self._duties.read(connection, self._places)
            self._duties_read = now

    async def shown(self, codes: Sequence[str]) -> dict[str, Shown]:
        """Return public entries by code; those that are not public are left out."""
        rows = await self._read(_WANTED, codes)
        return {row["code"]: shown for row in rows if (shown := _readable(row)) is not None}

    async def standing(self, code: str) -> Standing | None:
        """Return how an entry stands; None if it never was public."""
        rows = await self._read(_STANDS, code)
        return Standing(rows[0]["state"], rows[0]["since"], _readable(rows[0])) if rows else None

    async def entries(self, codes: Sequence[str]) -> dict[str, bytes]:
        """Return public entries as JSON, by code; those that are not public are left out."""
        found = {code: known for code in codes if (known := self._known(code)) is not None}
        missing = [code for code in codes if code not in found]
        if missing:
            before = self.generation
            for row in await self._read(_WANTED, missing):
                found[row["code"]] = body = encode(msgspec.json.decode(row["shown"], type=Shown))
                if before == self.generation:  # else it may be what has just changed
                    self._keep(row["code"], body)
        return found

    async def path(self, code: str) -> str | None:
        """Return an organisation's path, its successor's if it was merged; None if there is none of this code."""
        rows = await self._read(_PATH, code)
        return rows[0]["path"] if rows else None

    async def _take_over(self, rows: Iterable[asyncpg.Record]) -> None:
        """Index changed entries, in a thread: a thousand of them take half a second."""
        changed = list(rows)
        if changed:
            await asyncio.to_thread(self._index, changed)
            self.generation += 1
            for row in changed:
                self._forget(row["code"])

    def _index(self, rows: Sequence[asyncpg.Record]) -> None:
        public = [shown for row in rows if (shown := _readable(row)) is not None]
        usable = [each for each in public if each.level in OFFERED]
        self.index.remove({row["code"] for row in rows} - {each.code for each in usable})
        found = [searchable(each, self.together) for each in usable]
        self.index.replace(found)
        self._places |= {place.organisation for each in found for place in each.places if place.organisation}

    async def _read(self, query: str, wanted: Sequence[str] | str) -> Sequence[asyncpg.Record]:
        try:
            async with self._pool.acquire(timeout=_SECONDS) as connection:
                rows: Sequence[asyncpg.Record] = await connection.fetch(query, wanted, timeout=_SECONDS)
                return rows
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise CatalogueUnavailableError(
                "The catalogue's entries cannot be read at the moment", fix="Try again in a few seconds."
            ) from error

    def _known(self, code: str) -> bytes | None:
        found = self._entries.get(code)
        if found is not None:
            self._entries.move_to_end(code)
        return found

    def _keep(self, code: str, body: bytes) -> None:
        self._forget(code)
        self._entries[code] = body
        self._size += len(body)
        while self._size > _ENTRIES_BYTES and len(self._entries) > 1:
            self._size -= len(self._entries.popitem(last=False)[1])

    def _forget(self, code: str) -> None:
        gone = self._entries.pop(code, None)
        self._size -= len(gone) if gone is not None else 0


def _readable(row: asyncpg.Record) -> Shown | None:
    """Return a public entry; None, and the log says why, if it cannot be read: the others must not suffer from that."""
    if row["shown"] is None:
        return None
    try:
        return msgspec.json.decode(row["shown"], type=Shown)
    except msgspec.MsgspecError:
        _log.exception("the entry %s cannot be read by this release", row["code"])
        return None
