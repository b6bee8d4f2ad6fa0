"""Search over 1,000 and 100,000 entries: building, changing, and asking the labelled questions, beside PostgreSQL.

Both are asked the same questions one after the other, kind by kind. Questions per CPU-second is what decides how many
machines are needed; it counts the server's process alone. Right answers are counted in the same run.
"""

import argparse
import asyncio
import csv
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import asyncpg

from bench.report import conditions
from bench.searched import DISTRICT, NOW, Ours, PostgreSQL, entries, renamed
from kernel.database import asyncpg_url
from kernel.embedded import servers
from kernel.settings import Settings
from services_catalog.search.index import Index
from services_catalog.search.query import Query
from services_catalog.search.searchable import Searchable

OUT = Path(__file__).parent / "out" / "search.json"
QUESTIONS = Path(__file__).parents[1] / "tests" / "services_catalog" / "search" / "queries.csv"
SIZES, CHANGES, ROUNDS = (1_000, 100_000), 20, 3
Questions = dict[str, list[tuple[str, set[str]]]]


async def main() -> None:
    """Measure, print tables and write them for programs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the small size alone, once")
    quick = parser.parse_args().quick
    found: dict[str, Any] = {"conditions": conditions({"rounds": 1 if quick else ROUNDS})}
    with tempfile.TemporaryDirectory(prefix="yiwang-bench-") as state, servers(Settings(state_dir=state)) as settings:
        connection = await asyncpg.connect(asyncpg_url(settings.database_url))
        try:
            for size in SIZES[:1] if quick else SIZES:
                found[str(size)] = await measured(size, PostgreSQL(connection), 1 if quick else ROUNDS)
        finally:
            await connection.close()
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


async def measured(size: int, peer: PostgreSQL, rounds: int) -> dict[str, Any]:
    """Build and ask both at one size."""
    searchables = list(entries(size))
    index, built = building(searchables)
    started = time.perf_counter()
    await peer.fill(searchables)
    built["postgresql_seconds"] = round(time.perf_counter() - started, 2)
    changed = changing(index, searchables)
    print(f"\n{size:,} entries: {built | changed}\n")
    report: dict[str, Any] = {"building": built, "changing": changed, "asking": {}, "others": others(index)}
    print(f"{'':12}{'p50 ms':>8}{'p99 ms':>8}{'/CPU-s':>8}{'recall':>8}{'top 3':>7}  | postgresql, the same; ratio")
    for kind, asked in questions().items():
        ours = [await asking(Ours(index), asked) for _ in range(rounds)]
        theirs = [await asking(peer, asked) for _ in range(rounds)]
        rows = {"yiwang": _median(ours), "postgresql": _median(theirs)}
        ratio = round(rows["yiwang"]["per_cpu_second"] / rows["postgresql"]["per_cpu_second"], 1)
        report["asking"][kind] = rows | {"ratio": ratio}
        print(f"{kind:12}{_line(rows['yiwang'])}  | {_line(rows['postgresql'])}{ratio:8}")
    print(f"\nothers, p50 and p99 in ms: {report['others']}")
    return report


def building(searchables: Sequence[Searchable]) -> tuple[Index, dict[str, float]]:
    """Build the index; the dictionary is loaded before, as it is once per process."""
    Index(searchables[:1]).search(Query(at=NOW, text="结婚登记"))
    before, started, cpu = _resident_mib(), time.perf_counter(), time.process_time()
    index = Index(searchables)
    return index, {
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "mib": round(_resident_mib() - before, 1),
    }


def changing(index: Index, searchables: Sequence[Searchable]) -> dict[str, float]:
    """Change one entry at a time; how long until a question finds it."""
    took = []
    for at in range(CHANGES):
        started = time.perf_counter()
        index.replace([renamed(searchables[at], f"星际航行许可{at}")])
        if index.search(Query(at=NOW, text=f"星际航行许可{at}", first=1)).hits[0].code != searchables[at].code:
            raise SystemExit("a change was not visible")
        took.append(1000 * (time.perf_counter() - started))
    index.replace(searchables[:CHANGES])
    return {"visible_ms_p50": round(median(took), 1), "visible_ms_max": round(max(took), 1)}


def others(index: Index) -> dict[str, list[float]]:
    """Time what has no peer here."""
    here, queries = (113.5, 22.5), 50
    asked = {
        "list": Query(at=NOW, district=DISTRICT),
        "list, facets": Query(at=NOW, district=DISTRICT, facets=True),
        "text, facets": Query(at=NOW, district=DISTRICT, text="公积金提取", facets=True),
        "text, reasons": Query(at=NOW, district=DISTRICT, text="公积金提取", reasons=True),
        "text, near, open": Query(at=NOW, district=DISTRICT, text="结婚", near=here, open_at=NOW),
        "near": Query(at=NOW, district=DISTRICT, near=here),
        "near, every district": Query(at=NOW, near=here),
    }
    found = {name: _times([lambda query=query: index.search(query)] * queries) for name, query in asked.items()}
    typed = ["结", "结婚", "jie", "jiehun", "jhdj", "gjj", "公积金t", "pass"]
    suggested = [Query(at=NOW, district=DISTRICT, text=each, first=10) for each in typed] * 6
    return found | {"suggest": _times([lambda query=query: index.suggest(query) for query in suggested])}


def _times(calls: Sequence[Any]) -> list[float]:
    took = []
    for call in calls:
        started = time.perf_counter()
        call()
        took.append(1000 * (time.perf_counter() - started))
    return [round(median(took), 2), round(quantiles(took, n=100)[98], 2)]


def questions() -> Questions:
    """Return the labelled questions by kind, with the codes of their right items."""
    found: Questions = defaultdict(list)
    with QUESTIONS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["kind"]].append((row["query"], set(row["right"].split(";"))))
    return found


async def asking(server: Ours | PostgreSQL, asked: list[tuple[str, set[str]]]) -> dict[str, float]:
    """Ask questions one after the other; an item is found by the city's entry and by the district's."""
    took, recalls, first, cpu = [], [], 0, server.cpu_seconds()
    for text, right in asked:
        started = time.perf_counter()
        found = await server.ask(text)
        took.append(1000 * (time.perf_counter() - started))
        codes = list(dict.fromkeys(code.partition(".")[0] for code in found))[:10]
        recalls.append(len(right & set(codes)) / min(10, len(right)))
        first += bool(right & set(codes[:3]))
    return {
        "p50_ms": median(took),
        "p99_ms": quantiles(took, n=100)[98] if len(took) > 1 else took[0],
        "per_cpu_second": len(asked) / max(server.cpu_seconds() - cpu, 1e-6),
        "recall_at_10": sum(recalls) / len(recalls),
        "top_3": first / len(asked),
    }


def _median(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(median(row[name] for row in rows), 3) for name in rows[0]}


def _line(row: dict[str, float]) -> str:
    return (
        f"{row['p50_ms']:8.1f}{row['p99_ms']:8.1f}{row['per_cpu_second']:8.0f}"
        f"{row['recall_at_10']:8.2f}{row['top_3']:7.2f}"
    )


def _resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    asyncio.run(main())
