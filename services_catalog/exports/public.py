"""The entries that are exported, read in the order of their codes: what authorities offer, not the generic items.

Each batch is a query of its own, so that a slow reader holds no connection; an entry that changes meanwhile is exported
as it was or as it is.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import asyncpg
import msgspec

from kernel.version import __version__
from services_catalog.exports.around import Around
from services_catalog.reading.shelf import CatalogueUnavailableError
from services_catalog.reading.shown import Shown

_SECONDS = 10.0  # of a query
AT_ONCE = 100  # entries of a batch: 0.5 MB of JSON

_OFFERED = "FROM entry_live JOIN entry USING (code) WHERE shown IS NOT NULL AND level IN ('implementation', 'case')"
_NEXT = f"SELECT shown {_OFFERED} AND code > $1 ORDER BY code LIMIT $2"
_PAGE = f"SELECT shown {_OFFERED} ORDER BY code LIMIT $1 OFFSET $2"
_ONE = f"SELECT shown {_OFFERED} AND code = $1"
_CODES = f"SELECT code {_OFFERED}"
_COUNT = f"SELECT count(*) {_OFFERED}"
_STATE = """
    SELECT revision, (SELECT id FROM organisation_change ORDER BY id DESC LIMIT 1) AS change FROM catalog_revision
"""


class Batch(NamedTuple):
    """Entries, with all around them that they refer to."""

    entries: Sequence[Shown]
    around: Around


class PublicEntries:
    """The public entries of a database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", at_once: int = AT_ONCE) -> None:
        self._pool = pool
        self._at_once = at_once

    async def state(self) -> str:
        """Return what changes whenever an export may: with entries, organisations and releases."""
        async with self._connection() as connection:
            row = await connection.fetchrow(_STATE, timeout=_SECONDS)
            return f"{row['revision']}-{row['change'].hex[-12:] if row['change'] else 0}-{__version__}"

    async def count(self) -> int:
        """Return how many there are."""
        async with self._connection() as connection:
            return int(await connection.fetchval(_COUNT, timeout=_SECONDS))

    async def codes(self) -> list[str]:
        """Return all their codes."""
        async with self._connection() as connection:
            return [row["code"] for row in await connection.fetch(_CODES, timeout=_SECONDS)]

    async def page(self, number: int, size: int) -> Batch:
        """Return a page of them; pages count from 1."""
        return await self._read(Around(), _PAGE, size, (number - 1) * size)

    async def one(self, code: str) -> Batch:
        """Return one of them, or none."""
        return await self._read(Around(), _ONE, code)

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield all of them."""
        around, after = Around(), ""
        while True:
            batch = await self._read(around, _NEXT, after, self._at_once)
            if not batch.entries:
                return
            after = batch.entries[-1].code
            yield batch

    async def _read(self, around: Around, query: str, *wanted: Any) -> Batch:
        async with self._connection() as connection:
            rows = await connection.fetch(query, *wanted, timeout=_SECONDS)
            entries = [msgspec.json.decode(row["shown"], type=Shown) for row in rows]
            await around.load(connection, entries)
        return Batch(entries, around)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator["asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"]:
        try:
            async with self._pool.acquire(timeout=_SECONDS) as connection:
                yield connection
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise CatalogueUnavailableError(
                "The catalogue's entries cannot be read at the moment", fix="Try again in a few seconds."
            ) from error
