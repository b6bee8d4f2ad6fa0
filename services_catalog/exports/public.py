"""The entries that are exported, read in the order of their codes: what authorities offer, not the generic items.

They are those that residents see on the day, in China's time. Each batch is a query of its own, so that a slow reader
holds no connection; an entry that changes meanwhile is exported as it was or as it is.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any, NamedTuple

import asyncpg
import msgspec

from kernel.clock import CHINA, Clock
from kernel.version import __version__
from services_catalog.exports.around import Around
from services_catalog.exports.turns import Turns
from services_catalog.reading.shelf import CatalogueUnavailableError
from services_catalog.reading.shown import SEEN, Shown

_SECONDS = 10.0  # of a query
AT_ONCE = 100  # entries of a batch: 0.5 MB of JSON

_OFFERED = f"{SEEN} AND level IN ('implementation', 'case')"
_NEXT = f"SELECT shown {_OFFERED} AND code > $2 ORDER BY code LIMIT $3"
_PAGE = f"SELECT shown {_OFFERED} ORDER BY code LIMIT $2 OFFSET $3"
_ONE = f"SELECT shown {_OFFERED} AND code = $2"
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

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", clock: Clock, turns: Turns, at_once: int = AT_ONCE
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._turns = turns
        self._at_once = at_once

    async def state(self) -> str:
        """Return what changes whenever an export may: with entries, organisations, releases, and at midnight."""
        ((revision, change),) = await self._rows(_STATE)
        return f"{revision}-{change.hex[-12:] if change else 0}-{self._today():%Y%m%d}-{__version__}"

    async def count(self) -> int:
        """Return how many there are."""
        return int((await self._rows(_COUNT, self._today()))[0][0])

    async def codes(self) -> list[str]:
        """Return all their codes."""
        return [row["code"] for row in await self._rows(_CODES, self._today())]

    async def page(self, number: int, size: int) -> Batch:
        """Return a page of them; pages count from 1."""
        return await self._read(Around(self._today()), _PAGE, size, (number - 1) * size)

    async def one(self, code: str) -> Batch:
        """Return one of them, or none."""
        return await self._read(Around(self._today()), _ONE, code)

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield all of them, of the day on which this begins."""
        around, after = Around(self._today()), ""
        while True:
            batch = await self._read(around, _NEXT, after, self._at_once)
            if not batch.entries:
                return
            after = batch.entries[-1].code
            yield batch

    async def _read(self, around: Around, query: str, *wanted: Any) -> Batch:
        rows = await self._rows(query, around.day, *wanted)
        entries = await self._turns.take(_decoded, rows)
        await around.load(self._rows, self._turns, entries)
        return Batch(entries, around)

    async def _rows(self, query: str, *wanted: Any) -> Sequence[asyncpg.Record]:
        """Ask the database; while an export waits for its turn it has no connection."""
        try:
            async with self._pool.acquire(timeout=_SECONDS) as connection:
                rows: Sequence[asyncpg.Record] = await connection.fetch(query, *wanted, timeout=_SECONDS)
                return rows
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise CatalogueUnavailableError(
                "The catalogue's entries cannot be read at the moment", fix="Try again in a few seconds."
            ) from error

    def _today(self) -> date:
        return self._clock.now().astimezone(CHINA).date()


def _decoded(rows: Sequence[asyncpg.Record]) -> list[Shown]:
    return [msgspec.json.decode(row["shown"], type=Shown) for row in rows]
