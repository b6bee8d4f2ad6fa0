"""Counts what was asked for and what of it was not in the guide, and tells an entry's staff what is new on its day."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import asyncpg
from msgspec import Struct, field

from kernel.clock import CHINA

_SECONDS = 5.0

_DAYS = """
    INSERT INTO guide_day AS kept (department, entry, day, asked, beyond, refused)
    SELECT new.department, new.entry, $6, asked, beyond, refused
    FROM unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::int[])
        AS new (department, entry, asked, beyond, refused)
    JOIN entry ON entry.code = new.entry JOIN department ON department.name = new.department
    ORDER BY new.department, new.entry
    ON CONFLICT (department, entry, day) DO UPDATE SET
        asked = kept.asked + excluded.asked, beyond = kept.beyond + excluded.beyond,
        refused = kept.refused + excluded.refused
"""
_BREACHES = """
    INSERT INTO guide_breach AS kept (department, entry, day, kind, id, count)
    SELECT new.department, new.entry, $6, kind, id, count
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[])
        AS new (department, entry, kind, id, count)
    JOIN entry ON entry.code = new.entry JOIN department ON department.name = new.department
    ORDER BY new.department, new.entry, kind, id
    ON CONFLICT (department, entry, day, kind, id) DO UPDATE SET count = kept.count + excluded.count
    RETURNING entry, kind, id, xmax = 0 AS is_new
"""
_IN_ORDER = "SELECT revision FROM catalog_revision FOR UPDATE"  # notices are numbered as they are committed
_NOTICES = """
    INSERT INTO entry_notice (organisation, entry, kind, text, at)
    SELECT entry.organisation, entry.code, 'beyond_guide', text, $3
    FROM unnest($1::text[], $2::text[]) AS new (code, text) JOIN entry ON entry.code = new.code
"""


class Told(Struct):
    """What a department asked of an entry's applicants since it was last stored; ``breaches`` by kind and id."""

    asked: int = 0
    beyond: int = 0
    refused: int = 0
    breaches: dict[tuple[str, str], int] = field(default_factory=dict)

    def count(self, breaches: Iterable[tuple[str, str]], *, refused: bool) -> None:
        """Count one call."""
        self.asked += 1
        found = list(breaches)
        if found:
            self.beyond += 1
            self.refused += refused
        for each in found:
            self.breaches[each] = self.breaches.get(each, 0) + 1


Counts = Mapping[tuple[str, str], Told]
"""By department and entry."""


async def store(pool: "asyncpg.Pool[asyncpg.Record]", now: datetime, counts: Counts) -> None:
    """Add counts to their day, in one transaction."""
    day = now.astimezone(CHINA).date()
    days = [(*key, told.asked, told.beyond, told.refused) for key, told in counts.items()]
    breaches = [(*key, *what, count) for key, told in counts.items() for what, count in told.breaches.items()]
    async with pool.acquire(timeout=_SECONDS) as connection, connection.transaction():
        await connection.execute(_DAYS, *map(list, zip(*days, strict=True)), day, timeout=_SECONDS)
        if not breaches:
            return
        rows = await connection.fetch(_BREACHES, *map(list, zip(*breaches, strict=True)), day, timeout=_SECONDS)
        new = [row for row in rows if row["is_new"]]
        if new:
            await connection.execute(_IN_ORDER, timeout=_SECONDS)
            texts = [f"A {row['kind']} that the guide does not list was asked for: {row['id']}" for row in new]
            await connection.execute(_NOTICES, [row["entry"] for row in new], texts, now, timeout=_SECONDS)
