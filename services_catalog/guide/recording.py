"""Counts what was asked for and what of it was not in the guide, and tells an entry's staff what is new on its day."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

import asyncpg
from msgspec import Struct, field

from kernel.clock import CHINA

MOST_IDS = 50
OTHERS = "…"
_SECONDS = 5.0
_Breach = tuple[str, str, str, str]  # department, entry, kind, id

_DAYS = """
    INSERT INTO guide_day AS kept (department, entry, day, asked, beyond, refused)
    SELECT new.department, new.entry, $6, asked, beyond, refused
    FROM unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::int[])
        AS new (department, entry, asked, beyond, refused)
    JOIN entry ON entry.code = new.entry JOIN department ON department.name = new.department
    ORDER BY new.entry, new.department
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
    ORDER BY new.entry, new.department, kind, id
    ON CONFLICT (department, entry, day, kind, id) DO UPDATE SET count = kept.count + excluded.count
    RETURNING entry, kind, id, xmax = 0 AS is_new
"""
_KNOWN = """
    SELECT department, entry, kind, id FROM guide_breach WHERE entry = ANY($1::text[]) AND day = $2
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
        found = [
            each if each in self.breaches or len(self.breaches) < MOST_IDS else (each[0], OTHERS) for each in breaches
        ]
        if found:
            self.beyond += 1
            self.refused += refused
        for each in found:
            self.breaches[each] = self.breaches.get(each, 0) + 1

    def add(self, other: "Told") -> None:
        """Add what was counted elsewhere."""
        self.asked += other.asked
        self.beyond += other.beyond
        self.refused += other.refused
        for each, count in other.breaches.items():
            self.breaches[each] = self.breaches.get(each, 0) + count


Counts = Mapping[tuple[str, str], Told]
"""By department and entry."""


async def store(pool: "asyncpg.Pool[asyncpg.Record]", now: datetime, counts: Counts) -> None:
    """Add counts to their day, in one transaction; an entry's day has ``MOST_IDS`` different breaches, and others."""
    day = now.astimezone(CHINA).date()
    days = [(*key, told.asked, told.beyond, told.refused) for key, told in counts.items()]
    async with pool.acquire(timeout=_SECONDS) as connection, connection.transaction():
        await connection.execute(_DAYS, *map(list, zip(*days, strict=True)), day, timeout=_SECONDS)
        with_breaches = [entry for (_, entry), told in counts.items() if told.breaches]
        if not with_breaches:
            return
        known = await connection.fetch(_KNOWN, with_breaches, day, timeout=_SECONDS)
        breaches = _bounded(counts, {tuple(row) for row in known})
        columns = [*map(list, zip(*((*key, count) for key, count in breaches.items()), strict=True))]
        rows = await connection.fetch(_BREACHES, *columns, day, timeout=_SECONDS)
        new: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            if row["is_new"]:
                new[row["entry"]].append(f"{row['kind']} {row['id']}")
        if new:
            await connection.execute(_IN_ORDER, timeout=_SECONDS)
            texts = [f"Asked for and not in the guide: {', '.join(sorted(each))}" for each in new.values()]
            await connection.execute(_NOTICES, [*new], texts, now, timeout=_SECONDS)


def _bounded(counts: Counts, known: set[_Breach]) -> dict[_Breach, int]:
    """Return the breaches of counts; what is too many for an entry and its day is ``OTHERS``."""
    found: dict[_Breach, int] = defaultdict(int)
    different = Counter(each[:2] for each in known)
    for (department, entry), told in counts.items():
        for (kind, id_), count in told.breaches.items():
            key = (department, entry, kind, id_)
            if key not in known and key not in found:
                if different[department, entry] >= MOST_IDS:
                    key = (department, entry, kind, OTHERS)
                else:
                    different[department, entry] += 1
            found[key] += count
    return found
