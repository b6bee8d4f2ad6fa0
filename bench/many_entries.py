"""A catalogue of a province's size for the benchmarks: 100,000 entries cannot go through four eyes in an afternoon.

Versions are copied in as published ones; what residents see of them is then written by the platform's own code, item by
item, as a change of each item would.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from bench.own_platform import Platform
from kernel.clock import CHINA, SystemClock
from kernel.database import Database, open_database
from kernel.settings import Settings
from services_catalog.demo.entries import departments, entries
from services_catalog.demo.generating import EDITOR
from services_catalog.demo.names import items
from services_catalog.demo.organisations import areas
from services_catalog.entries.document import EntryDocument
from services_catalog.entries.fields import to_json
from services_catalog.entries.inheritance import Authorship, authored
from services_catalog.lifecycle.showing import show
from services_catalog.organisations.history import Author
from services_catalog.organisations.loading import load
from services_catalog.organisations.tree_file import Entry as Organisation
from services_catalog.organisations.tree_file import write_tree

_KINDS = 30  # of departments
_CLOCK = SystemClock()


REAL_WAY = 1_000  # entries that go through everything, a minute's worth


def generate(platform: Platform, services: int, nodes: int) -> None:
    """Have a demonstration generated; what is more than ``REAL_WAY`` is filled in: towns get departments, too."""
    real = str(min(services, REAL_WAY))
    platform.command("demo", "generate", "--services", real, "--nodes", str(nodes), seconds=1800)
    if services > REAL_WAY:
        asyncio.run(_fill(platform.settings, services))


async def _fill(settings: Settings, count: int) -> None:
    offices = _offices(count)
    async with open_database(settings) as database:
        author = Author("operator:benchmark/0", _CLOCK.now().astimezone(CHINA).date())
        async with database.session() as session:
            await load(session, _CLOCK, author, write_tree(offices).encode(), progress=lambda _: None)
        known = {row["code"] for row in await database.pool.fetch("SELECT code FROM entry")}
        new = [each for each in entries(offices, count) if each.code not in known]
        await _copy(database, new)
        for code in dict.fromkeys(each.parent or each.code for each in new):
            async with database.session() as session:
                await show(session, _CLOCK, code)
        await database.pool.execute("ANALYZE")


def _offices(count: int) -> Sequence[Organisation]:
    """Return the departments of the city, of its districts, and of as many towns as are needed."""
    found = areas()
    upper = [each for each in found if each.tier in ("city", "district")]
    towns = [each for each in found if each.tier == "town"]
    wanted = max(0, count // (len(items()) * 3 // 4) + 1 - len(upper))  # not all items have one of the 30 departments
    return departments([*upper, *towns[:wanted]], _KINDS, ("city", "district", "town"))


async def _copy(database: Database, documents: Iterable[EntryDocument]) -> None:
    now = _CLOCK.now()
    made = [(_entry(each, now), _version(each, now)) for each in documents]
    async with database.pool.acquire() as connection, connection.transaction():
        for table, rows in (("entry", [row for row, _ in made]), ("entry_version", [row for _, row in made])):
            columns = list(rows[0])
            await connection.copy_records_to_table(
                table, records=[tuple(row.values()) for row in rows], columns=columns
            )


def _entry(document: EntryDocument, now: datetime) -> dict[str, object]:
    return {
        "code": document.code,
        "level": document.level,
        "organisation": document.organisation,
        "parent": document.parent,
        "item": document.parent or document.code,
        "created_at": now,
    }


def _version(document: EntryDocument, now: datetime) -> dict[str, object]:
    said = authored(document.fields, None, Authorship(EDITOR, now, 1), {})
    return {
        "entry": document.code,
        "number": 1,
        "state": "published",
        "fields": msgspec.json.encode(to_json(document.fields)).decode(),
        "authorship": msgspec.json.encode(said).decode(),
        "took_part": "[]",
        "findings": "[]",
        "because": "",
        "created_at": now,
        "changed_at": now,
    }
