"""make bench NAME=organisations: a city of 74,073 organisations, loaded and asked, beside recursion over parents.

The file goes through ``yiwang organisation load``. Then every question is asked about random organisations, in turn
with a peer that answers it as one does without paths: a recursive query over the parents alone, in the same database,
by the same connection.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

from msgspec import Struct
from sqlalchemy import literal, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.report import conditions
from kernel.clock import CHINA, SystemClock
from kernel.database import Database, open_database
from kernel.embedded import servers
from kernel.settings import Settings, variable
from migrations.upgrade import upgrade
from services_catalog.demo.organisations import CITY, Sizes, areas, departments, matters
from services_catalog.organisations import questions
from services_catalog.organisations.history import Author
from services_catalog.organisations.moving import move
from services_catalog.organisations.questions import Only, View
from services_catalog.organisations.responsible import Point, nearest_area, responsible, set_responsibilities
from services_catalog.organisations.roles import Grant, grant, may, where_may
from services_catalog.organisations.tables import Organisation, Responsibility
from services_catalog.organisations.tree_file import Entry, write_tree

ROOT = Path(__file__).parent.parent
OUT = Path(__file__).parent / "out" / "organisations.json"
CLOCK = SystemClock()
TODAY = CLOCK.now().astimezone(CHINA).date()
PAST = TODAY - timedelta(days=1)
BY = Author("operator:benchmark/0", TODAY)
LEAST = "the least: a statement that reads nothing"
HOLDER = "account:benchmark"
_DOWN = """WITH RECURSIVE tree AS (SELECT * FROM organisation WHERE code = :code
           UNION ALL SELECT o.* FROM organisation o JOIN tree ON o.parent = tree.code)"""
_UP = """WITH RECURSIVE up AS (SELECT o.*, 1 AS height FROM organisation o WHERE code = :code
         UNION ALL SELECT o.*, height + 1 FROM organisation o JOIN up ON o.code = up.parent)"""
_COMMON = """WITH RECURSIVE one AS (SELECT code, parent, 1 AS height FROM organisation WHERE code = :code
             UNION ALL SELECT o.code, o.parent, height + 1 FROM organisation o JOIN one ON o.code = one.parent),
             other AS (SELECT code, parent FROM organisation WHERE code = :other
             UNION ALL SELECT o.code, o.parent FROM organisation o JOIN other ON o.code = other.parent)
             SELECT code FROM one JOIN other USING (code) ORDER BY height LIMIT 1"""
# ruff: noqa: S608 - of literals of this file
PEERS = {
    "ancestors of a grid": _UP + "SELECT * FROM up ORDER BY height DESC",
    "lowest common ancestor of two grids": _COMMON,
    "first 100 below a district": _DOWN + "SELECT * FROM tree LIMIT 100",
    "first 100 below the city": _DOWN + "SELECT * FROM tree LIMIT 100",
    "how many below a district": _DOWN + "SELECT count(*) FROM tree",
    "how many below the city": _DOWN + "SELECT count(*) FROM tree",
}

Ask = Callable[[AsyncSession], Awaitable[object]]


class Asked(Struct):
    """What a question took, in milliseconds, and what its peer took."""

    ours: list[float] = []
    peer: list[float] = []


class City:
    """Random organisations of the city."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._random = Random(4)  # noqa: S311 - the same in every run
        self._by_tier: dict[str, list[Entry]] = {}
        for entry in entries:
            self._by_tier.setdefault(entry.tier, []).append(entry)

    def any(self, tier: str) -> Entry:
        return self._random.choice(self._by_tier[tier])

    def shuffled(self) -> list[tuple[str, tuple[dict[str, str], Ask]]]:
        """Return new questions in another order each time, so that none always comes after the costly one."""
        asked = list(self.questions().items())
        self._random.shuffle(asked)
        return asked

    def questions(self) -> dict[str, tuple[dict[str, str], Ask]]:
        """Return each question about new random organisations, with what the peer needs to know."""
        now, past, guided = View(TODAY), View(PAST), View(TODAY, "guidance")
        grid, other, place = (self.any("grid") for _ in range(3))
        town, district = self.any("town").code, self.any("district").code
        five = [self.any("grid").code for _ in range(5)]
        point = Point((place.longitude or 0) + 0.001, (place.latitude or 0) - 0.001)
        below = questions.subtree
        allowed = select(Organisation).where(where_may(HOLDER, "edit", CLOCK.now())).order_by(col(Organisation.path))
        asked: dict[str, tuple[dict[str, str], Ask]] = {
            LEAST: ({}, lambda s: s.exec(select(literal(1)))),
            "ancestors of a grid": ({"code": grid.code}, lambda s: questions.ancestors(s, now, grid.code)),
            "the same on a past day": ({}, lambda s: questions.ancestors(s, past, grid.code)),
            "lowest common ancestor of two grids": (
                {"code": grid.code, "other": other.code},
                lambda s: questions.common(s, now, [grid.code, other.code]),
            ),
            "lowest common ancestor of five": ({}, lambda s: questions.common(s, now, five)),
            "children of a town": ({}, lambda s: questions.children(s, now, town)),
            "first 100 below a district": ({"code": district}, lambda s: below(s, now, district)),
            "the same, villages on a past day": ({}, lambda s: below(s, past, district, Only(tier="village"))),
            "first 100 below the city": ({"code": CITY}, lambda s: below(s, now, CITY)),
            "how many below a district": ({"code": district}, lambda s: questions.count(s, now, district)),
            "how many below the city": ({"code": CITY}, lambda s: questions.count(s, now, CITY)),
            "how many grids below the city": ({}, lambda s: questions.count(s, now, CITY, Only(tier="grid"))),
            "all guided by a city department": ({}, lambda s: below(s, guided, f"{CITY}-health")),
            "who is responsible at a grid": ({}, lambda s: responsible(s, TODAY, grid.code, "health")),
            "the area nearest to a point": ({}, lambda s: nearest_area(s, TODAY, point)),
            "may somebody edit at a grid": ({}, lambda s: may(s, CLOCK, HOLDER, "edit", grid.code)),
            "first 100 that somebody may edit": ({}, lambda s: s.exec(allowed.limit(100))),
        }
        return asked


def load(settings: Settings, file: Path) -> float:
    """Load a file by the command, in a process of its own; return the seconds that it took, all in all."""
    environment = os.environ | {
        variable("database_url"): settings.database_url,
        variable("redis_url"): settings.redis_url,
        variable("state_dir"): settings.state_dir,
    }
    began = time.perf_counter()
    command = [sys.executable, "-m", "cli.main", "organisation", "load", str(file)]
    print(subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout, end="")
    return time.perf_counter() - began


async def ask(database: Database, city: City, rounds: int) -> dict[str, Asked]:
    """Ask every question ``rounds`` times, in turn with its peer; the first ones, of cold caches, do not count."""
    found: dict[str, Asked] = {}
    async with database.session() as session:
        connection = await session.connection()
        for number in range(-5, rounds):
            for name, (given, question) in city.shuffled():
                asked = found.setdefault(name, Asked())
                session.expunge_all()
                began = time.perf_counter()
                await question(session)
                between = time.perf_counter()
                if name in PEERS:
                    (await connection.execute(text(PEERS[name]), given)).all()
                ended = time.perf_counter()
                if number >= 0:
                    asked.ours.append((between - began) * 1000)
                    asked.peer += [(ended - between) * 1000] if name in PEERS else []
    return found


async def time_moves(database: Database, city: City, tier: str, number: int) -> list[float]:
    """Move random organisations of a tier below another parent of the same tier; milliseconds, with the commit."""
    took = []
    for _ in range(number):
        moved, target = city.any(tier), city.any(tier)
        began = time.perf_counter()
        async with database.session() as session:
            await move(session, CLOCK, BY, moved.code, target.parent)
        took.append((time.perf_counter() - began) * 1000)
    return took


async def run(settings: Settings, entries: Sequence[Entry], rounds: int) -> dict[str, Asked]:
    """Give the city roles and matters, move some of it, then ask."""
    city = City(entries)
    async with open_database(settings) as database:
        async with database.session() as session:
            held = [Responsibility(organisation=code, matter=matter) for code, matter in matters(entries)]
            await set_responsibilities(session, held)
            await grant(session, CLOCK, BY.actor, Grant(HOLDER, city.any("district").code, "editor"))
        await database.pool.execute("VACUUM ANALYZE")
        moves = {
            f"move a {tier}": Asked(await time_moves(database, city, tier, rounds // 10)) for tier in ("town", "grid")
        }
        return await ask(database, city, rounds) | moves


def figures(asked: Asked) -> dict[str, float]:
    """Return medians and 99th percentiles in milliseconds, and how many times longer the peer takes."""
    row = {"p50_ms": median(asked.ours), "p99_ms": quantiles(asked.ours, n=100)[98]}
    if asked.peer:
        row |= {"recursive_p50_ms": median(asked.peer), "recursive_p99_ms": quantiles(asked.peer, n=100)[98]}
        row |= {"ratio": median(asked.peer) / median(asked.ours)}
    return {name: round(value, 2) for name, value in row.items()}


def table(rows: dict[str, dict[str, float]]) -> str:
    """Write the figures as a Markdown table."""
    columns = ("p50_ms", "p99_ms", "recursive_p50_ms", "recursive_p99_ms", "ratio")
    lines = ["| question | p50 ms | p99 ms | recursive p50 | p99 | ratio |", "|---|--:|--:|--:|--:|--:|"]
    for name, row in rows.items():
        cells = (f"{row[each]:.2f}" if each in row else "" for each in columns)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Load, ask, print, and write it for programs."""
    parser = argparse.ArgumentParser(prog="make bench NAME=organisations", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small city, to see that everything runs")
    quick = parser.parse_args().quick
    entries, rounds = areas(sizes=Sizes(5, 50, 300, 1500) if quick else Sizes()), 20 if quick else 200
    report: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory(prefix="yiwang-", ignore_cleanup_errors=True) as folder,
        servers(Settings(state_dir=folder)) as settings,  # durable: fsync as in production
    ):
        asyncio.run(upgrade(settings.database_url))
        for name, rows in (("tree", entries), ("departments", list(departments(entries))), ("again", entries)):
            file = Path(folder) / f"{name}.csv"
            file.write_text(write_tree(rows), encoding="utf-8")
            report[f"load_{name}_seconds"] = round(load(settings, file), 2)
            print(f"{name}: {len(rows):,} lines in {report[f'load_{name}_seconds']} s", flush=True)
        found = asyncio.run(run(settings, entries, rounds))
    names = [*City(entries).questions(), *(name for name in found if name.startswith("move "))]
    report["questions"] = {name: figures(found[name]) for name in names}
    report["conditions"] = conditions({"organisations": len(entries), "rounds": rounds})
    print("\n" + table(report["questions"]))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
