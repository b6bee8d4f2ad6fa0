"""What one process holds of the public catalogue: the index, what changed in it, and the entries read last.

It follows ``entry_live`` by revision, as gateways follow services; a change is seen within a second of its commit.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import date, datetime
from itertools import count
from math import inf
from typing import NamedTuple

import asyncpg
import msgspec
from redis.asyncio import Redis

from kernel.errors import YiwangError
from kernel.follower import Follower
from kernel.lru import LRUCache
from services_catalog.announcements import CHANNEL
from services_catalog.entries.words import OFFERED
from services_catalog.reading.changes import Changes
from services_catalog.reading.duties import Connection, Duties
from services_catalog.reading.searching import searchable
from services_catalog.reading.shown import Shown
from services_catalog.reading.together import Together
from services_catalog.reading.wire import encode
from services_catalog.search.index import Index
from services_catalog.search.searchable import Searchable

_SECONDS = 5.0  # of a query
_AT_ONCE = 5_000  # rows indexed together: of 100,000 at first; with 2,000 that takes a fifth longer
_ENTRIES_BYTES = 64 * 2**20
_BYTES_OF_AN_ENTRY = 300  # beside its JSON
_STANDINGS_BYTES = 32 * 2**20
_WEIGHT_OF_JSON = 3  # measured: what an entry takes when it is decoded, in lengths of its JSON
_DUTY_SECONDS = 60.0  # a calendar that is loaded holds after that
_SETTLED_SECONDS = 30.0  # after the last change: 100,000 entries are merged by then

_REVISION = "SELECT revision, tree FROM catalog_revision"
_NAME = "SELECT id FROM entry_event ORDER BY id LIMIT 1"
_CHANGED = "SELECT code, shown, revision FROM entry_live WHERE revision > $1 ORDER BY revision, code"
_ALL = """
    SELECT l.code, l.shown, l.revision FROM entry_live l JOIN entry e USING (code)
    JOIN organisation o ON o.code = e.organisation WHERE l.revision > $1 ORDER BY o.path, l.code
"""  # what one district has stands together in the index, too: a question of one leaps over the others
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


class Answer(NamedTuple):
    """JSON, and a ``tag`` that no other answer of this process has; empty for one that is not kept.

    An entry holds from the day ``since``, and no more on the day ``until``.
    """

    tag: bytes
    body: bytes
    since: date = date.min
    until: date = date.max


class Standing(NamedTuple):
    """How an entry stands that is public, or was; ``shown`` None: residents see nothing of it."""

    state: str
    since: datetime
    shown: Shown | None


class Shelf:
    """The public entries of one process and event loop. ``revision`` changes whenever any of them does."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", redis: Redis) -> None:
        self.revision = -1
        self.name = ""  # no other catalogue has it: the id of the first thing that happened to any entry
        self.tree = -1  # changes whenever an organisation stands elsewhere
        self.together = Together()
        self.changes = Changes()  # another one when all is read anew
        self._duties = Duties()
        self._duties_read = -inf
        self._settles = inf  # when the index is to settle
        self._places: set[str] = set()  # organisations that answer for a place
        self.index = Index(duty=self._duties)
        self._pool = pool
        self._entries: LRUCache[str, Answer] = LRUCache(_ENTRIES_BYTES)
        self._standings: LRUCache[str, Standing] = LRUCache(_STANDINGS_BYTES)
        self._forgotten = 0  # how often entries were
        self._due: set[str] = set()  # to be indexed anew for what brings them together, also if a look fails meanwhile
        self._numbers = count(1)
        self._refreshing = asyncio.Lock()
        self.follower = Follower(redis, CHANNEL, self.refresh, "the entries of the catalogue", prompt=True)

    async def start(self) -> None:
        """Load what is public, then follow the changes. Raises if the database cannot be read."""
        await self.follower.start()

    async def close(self) -> None:
        await self.follower.close()

    def tag(self) -> bytes:
        """Return a new tag for an answer."""
        return b'"%d"' % next(self._numbers)

    async def refresh(self) -> None:
        """Take over what changed since the last time."""
        async with self._refreshing, self._pool.acquire(timeout=_SECONDS) as connection:
            if await connection.fetchval(_REVISION, timeout=_SECONDS) != self.revision:
                async with connection.transaction():
                    await self._follow(connection)
            await self._renew_duties(connection)
        if asyncio.get_running_loop().time() > self._settles:
            self._settles = inf
            await asyncio.to_thread(self.index.settle)

    async def _follow(self, connection: Connection) -> None:
        current, tree = await connection.fetchrow(_REVISION, timeout=_SECONDS)
        if current < self.revision:  # another database, or one that was restored
            self.revision, self.index, self.changes = -1, Index(duty=self._duties), Changes()
            self.together = Together()
            self._entries, self._standings = LRUCache(_ENTRIES_BYTES), LRUCache(_STANDINGS_BYTES)
            self._due = set()
        self.name = str(await connection.fetchval(_NAME, timeout=_SECONDS))
        await self._gather(connection)
        rows: list[asyncpg.Record] = []
        wanted = _ALL if self.revision < 0 else _CHANGED
        async for row in connection.cursor(wanted, self.revision, prefetch=_AT_ONCE):
            rows.append(row)
            self._due.discard(row["code"])
            if len(rows) == _AT_ONCE:
                await self._take_over(rows, current)
                rows = []
        await self._take_over(rows, current)
        for start in range(0, len(ordered := sorted(self._due)), _AT_ONCE):
            rows = await connection.fetch(_WANTED, ordered[start : start + _AT_ONCE], timeout=_SECONDS)
            await self._take_over(rows, current)
        if self.revision < 0:
            self.changes.begin()
        self.revision, self.tree, self._due = current, tree, set()

    async def _gather(self, connection: Connection) -> None:
        """Take over topics and life events, before the entries; those of the index that they name, or did, are due."""
        rows = await connection.fetch(_TOGETHER, self.revision, timeout=_SECONDS)
        public = filter(None, map(_readable, rows))
        changed = self.together.take_over([row["code"] for row in rows], public)
        self._due |= {code for field, values in changed.items() for code in self.index.having(field, values)}

    async def _renew_duties(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._duties_read > _DUTY_SECONDS or not self._places <= self._duties.known:
            await self._duties.read(connection, self._places)
            self._duties_read = now

    def kept(self, code: str) -> Answer | None:
        """Return an entry that was read before."""
        return self._entries.get(code)

    async def entries(self, codes: Sequence[str]) -> dict[str, Answer]:
        """Return public entries by code; those that are not public are left out."""
        found = {code: known for code in codes if (known := self._entries.get(code)) is not None}
        missing = [code for code in codes if code not in found]
        if missing:
            before = self._forgotten
            for row in await self._read(_WANTED, missing):
                shown = msgspec.json.decode(row["shown"], type=Shown)
                body = encode(shown)
                days = shown.effective_from or date.min, shown.withdraw_on or date.max
                found[row["code"]] = answer = Answer(self.tag(), body, *days)
                if before == self._forgotten:  # else it may be what has just changed
                    self._entries.put(row["code"], answer, len(body) + _BYTES_OF_AN_ENTRY)
        return found

    async def shown(self, codes: Sequence[str]) -> dict[str, Shown]:
        """Return public entries by code; those that are not public are left out."""
        rows = await self._read(_WANTED, codes)
        return {row["code"]: shown for row in rows if (shown := _readable(row)) is not None}

    async def standing(self, code: str) -> Standing | None:
        """Return how an entry stands; None if it never was public."""
        known = self._standings.get(code)
        if known is not None:
            return known
        before = self._forgotten
        rows = await self._read(_STANDS, code)
        if not rows:
            return None
        stands = Standing(rows[0]["state"], rows[0]["since"], _readable(rows[0]))
        if before == self._forgotten:
            self._standings.put(code, stands, _WEIGHT_OF_JSON * len(rows[0]["shown"] or b"") + _BYTES_OF_AN_ENTRY)
        return stands

    async def path(self, code: str) -> str | None:
        """Return an organisation's path, its successor's if it was merged; None if there is none of this code."""
        rows = await self._read(_PATH, code)
        return rows[0]["path"] if rows else None

    async def _take_over(self, rows: Sequence[asyncpg.Record], revision: int) -> None:
        """Index entries that changed up to a revision, in a thread: a thousand of them take half a second."""
        if not rows:
            return
        usable = await asyncio.to_thread(self._index, rows)
        self._settles = asyncio.get_running_loop().time() + _SETTLED_SECONDS
        self.changes.note([row["code"] for row in rows], revision, usable)
        self._forgotten += 1
        for row in rows:
            self._entries.forget(row["code"])
            self._standings.forget(row["code"])

    def _index(self, rows: Sequence[asyncpg.Record]) -> list[Searchable]:
        """Index what can be found of changed entries, and return that."""
        public = [shown for row in rows if (shown := _readable(row)) is not None]
        usable = [searchable(each, self.together) for each in public if each.level in OFFERED]
        self.index.remove({row["code"] for row in rows} - {each.code for each in usable})
        self.index.replace(usable)
        self._places |= {place.organisation for each in usable for place in each.places if place.organisation}
        return usable

    async def _read(self, query: str, wanted: Sequence[str] | str) -> Sequence[asyncpg.Record]:
        try:
            async with self._pool.acquire(timeout=_SECONDS) as connection:
                rows: Sequence[asyncpg.Record] = await connection.fetch(query, wanted, timeout=_SECONDS)
                return rows
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise CatalogueUnavailableError(
                "The catalogue's entries cannot be read at the moment", fix="Try again in a few seconds."
            ) from error


def _readable(row: asyncpg.Record) -> Shown | None:
    """Return a public entry; None, and the log says why, if it cannot be read: the others must not suffer from that."""
    if row["shown"] is None:
        return None
    try:
        return msgspec.json.decode(row["shown"], type=Shown)
    except msgspec.MsgspecError:
        _log.exception("the entry %s cannot be read by this release", row["code"])
        return None
