"""make bench NAME=exports: what an export of the whole catalogue takes, in time and memory, at several sizes.

Entries are the demonstration's, written as the flow writes them once they are public, but without the flow. Each export
runs in a process of its own, over a real database, and throws its pieces away as a slow disk would not. The peer of the
memory is the same export at a tenth of the size: it must take about as much.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from kernel.clock import SystemClock
from kernel.database import asyncpg_url, open_database
from kernel.embedded import servers
from kernel.settings import Settings
from migrations.upgrade import upgrade
from services_catalog.demo.entries import departments, entries
from services_catalog.demo.organisations import Sizes, areas
from services_catalog.entries.fields import said
from services_catalog.entries.inheritance import Layer, effective
from services_catalog.entries.words import Localized
from services_catalog.exports.exporting import Exports
from services_catalog.organisations.tree_file import Entry as Organisation
from services_catalog.reading.shown import Authority, Shown

SIZES = (1_000, 10_000, 100_000)
KINDS = ("cpsv-ap", "hsds")
NOW = datetime(2026, 5, 4, 1, tzinfo=UTC)
_ENTRY = ("code", "level", "organisation", "parent", "item", "created_at")
_LIVE = ("code", "number", "state", "since", "shown", "revision")
_BODY = ("code", "name_zh", "name_en", "tier", "kind", "parent", "path", "guidance_path")


def written(number: int) -> tuple[list[tuple[Any, ...]], Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]]:
    """Return the organisations' rows, and the entries' with their live ones."""
    places = areas(sizes=Sizes(250, 1, 1, 1))
    bodies = {each.code: each for each in [*places, *departments(places, 33)]}
    rows = [
        (each.code, each.name_zh, each.name_en, each.tier, each.kind, each.parent, path, path)
        for each in bodies.values()
        for path in ("/".join(_path(bodies, each.code)),)
    ]
    return rows, _entries(bodies, number)


def _path(bodies: dict[str, Organisation], code: str) -> tuple[str, ...]:
    above = bodies[code].parent
    return (*_path(bodies, above), code) if above else (code,)


def _entries(bodies: dict[str, Organisation], number: int) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    items: dict[str, Layer] = {}
    offices = [each for each in bodies.values() if each.kind == "department"]
    for each in entries(offices, number):
        layer = Layer(each.code, each.level, each.organisation, 1, each.fields)
        if each.level == "item":
            items[each.code] = layer
        item, path = each.parent or each.code, _path(bodies, each.organisation)
        body = bodies[each.organisation]
        shown = Shown(
            **said(effective((items[item], layer) if each.parent else (layer,)).fields),
            code=each.code,
            level=each.level,
            version=1,
            parent=each.parent,
            item=item,
            authority=Authority(body.code, Localized(body.name_zh, body.name_en), path),
            area=path[-2] if each.parent else path[-1],
            state="published",
            since=NOW,
            sources=(),
        )
        entry = (each.code, each.level, each.organisation, each.parent, item, NOW)
        yield entry, (each.code, 1, "published", NOW, msgspec.json.encode(shown), 1)


async def fill(url: str, number: int) -> None:
    """Write organisations and entries."""
    connection = await asyncpg.connect(asyncpg_url(url))
    bodies, made = written(number)
    rows = [*made]
    await connection.execute("DELETE FROM entry_live; DELETE FROM entry")
    if not await connection.fetchval("SELECT count(*) FROM organisation"):
        await connection.copy_records_to_table("organisation", records=bodies, columns=_BODY)
    await connection.copy_records_to_table("entry", records=[entry for entry, _ in rows], columns=_ENTRY)
    await connection.copy_records_to_table("entry_live", records=[live for _, live in rows], columns=_LIVE)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def export(url: str, kind: str) -> dict[str, float]:
    """Export everything once; return what it took."""
    async with open_database(Settings(database_url=url)) as database:
        exports = Exports(database.pool, SystemClock(), "https://city.example")
        pieces: AsyncIterator[bytes] = await (
            exports.cpsv_ap() if kind == "cpsv-ap" else exports.hsds_lines("zh", full=True)
        )
        await exports.state()
        before, began, size = _megabytes(), time.perf_counter(), 0
        async for piece in pieces:
            size += len(piece)
        seconds = time.perf_counter() - began
    return {"seconds": round(seconds, 2), "megabytes": round(size / 1e6, 1), "memory": round(_megabytes() - before, 1)}


def _megabytes() -> float:
    """Return the most memory that this process ever had, in MB: ``ru_maxrss`` would count the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def measure(settings: Settings, sizes: tuple[int, ...]) -> None:
    """Measure each export at each size, and print."""
    print(f"{'entries':>8} {'export':8} {'s':>7} {'MB':>7} {'MB of memory':>13}")
    for number in sizes:
        asyncio.run(fill(settings.database_url, number))
        for kind in KINDS:
            command = [sys.executable, "-m", "bench.exports", "--only", kind, "--url", settings.database_url]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(f"{number:8,} {kind:8} {found['seconds']:7} {found['megabytes']:7} {found['memory']:13}", flush=True)


def main() -> None:
    """Fill a database, measure, print."""
    parser = argparse.ArgumentParser(prog="make bench NAME=exports", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--only", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(asyncio.run(export(options.url, options.only))))
        return
    with (
        tempfile.TemporaryDirectory(prefix="yiwang-", ignore_cleanup_errors=True) as folder,
        servers(Settings(state_dir=Path(folder).as_posix())) as settings,
    ):
        asyncio.run(upgrade(settings.database_url))
        measure(settings, tuple(options.sizes))


if __name__ == "__main__":
    main()
