"""What ``bench.search`` asks, of whom: entries made of real items for many districts, this index, and PostgreSQL."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import msgspec

from bench.machine import BenchError
from services_catalog.demo.names import Item, items, words
from services_catalog.search.index import Index
from services_catalog.search.query import Query
from services_catalog.search.searchable import Channel, Place, Searchable, WeeklyHours

NOW = datetime(2026, 5, 1, 2, 0, tzinfo=UTC)
FIRST = 20
DISTRICT = ("district-3", "city")  # the resident's who asks
_DISTRICTS = ("city", *(f"district-{at}" for at in range(16)), *(f"town-{at}" for at in range(300)))
_WORKDAYS = (WeeklyHours(("MO", "TU", "WE", "TH", "FR"), "09:00", "17:00"),)


def entries(count: int) -> Iterator[Searchable]:
    """Yield entries: every item for the city, then for one district after another."""
    chance = random.Random(1)  # noqa: S311 - the same entries in every run
    everything = items()
    for at in range(count):
        district = _DISTRICTS[at // len(everything) % len(_DISTRICTS)]
        yield _entry(everything[at % len(everything)], district, at, chance)


def _entry(item: Item, district: str, number: int, chance: random.Random) -> Searchable:
    labels = [words("topics")[each].name for each in item.topics]
    department = words("departments")[item.department].name
    return Searchable(
        code=f"{item.code}.{number}",
        district=district,
        authority=f"{district}.{item.department}",
        authority_name=department,
        name=item.name,
        everyday_name=item.everyday_name,
        alternate_names=item.alternate_names,
        english=(item.english,),
        summary=f"{item.name}由{department}办理，申请人按照办事指南准备材料，可以在窗口或者网上提出申请。",
        materials=("居民身份证", "申请表", "委托书"),
        labels=tuple(labels),
        topics=item.topics,
        life_events=item.life_events,
        audience=(item.audience,),
        channels=(Channel("window"), Channel("mini_program", chance.choice(("wechat", "alipay")))),
        places=(Place(district, 113 + chance.random(), 22 + chance.random(), _WORKDAYS),),
        popularity=chance.randrange(100_000),
    )


class Ours:
    """The index of this process."""

    def __init__(self, index: Index) -> None:
        self._index = index

    async def ask(self, text: str) -> list[str]:
        """Return the codes of the first twenty: ten items, each of the city and of the district."""
        return [hit.code for hit in self._index.search(Query(at=NOW, text=text, district=DISTRICT, first=FIRST)).hits]

    def cpu_seconds(self) -> float:
        """Return what this process has used."""
        return _cpu_seconds("self")


class PostgreSQL:
    """What a team would begin with: a table, trigrams of all names (pg_trgm) in an index, and ILIKE."""

    _ASK = """
        SELECT code FROM entries
        WHERE district = ANY($2) AND (names ILIKE '%' || $1 || '%' OR $1 <% names)
        ORDER BY name = $1 DESC, word_similarity($1, names) DESC, popularity DESC LIMIT 20
    """

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def fill(self, searchables: Iterable[Searchable]) -> None:
        """Store the entries and index them."""
        run = self._connection.execute
        await run("CREATE EXTENSION IF NOT EXISTS pg_trgm; DROP TABLE IF EXISTS entries")
        await run("CREATE TABLE entries (code text, district text, name text, names text, popularity int)")
        rows = [(e.code, e.district, e.name, _names(e), e.popularity) for e in searchables]
        await self._connection.copy_records_to_table("entries", records=rows)
        await run("CREATE INDEX ON entries USING gin (names gin_trgm_ops); CREATE INDEX ON entries (district)")
        await run("ANALYZE entries")

    async def ask(self, text: str) -> list[str]:
        """Return the codes of the first twenty: ten items, each of the city and of the district."""
        return [row["code"] for row in await self._connection.fetch(self._ASK, text, list(DISTRICT))]

    def cpu_seconds(self) -> float:
        """Return what the connection's server process has used."""
        return _cpu_seconds(str(self._connection.get_server_pid()))


def _names(entry: Searchable) -> str:
    return " ".join((entry.name, entry.everyday_name, *entry.alternate_names, *entry.english))


def _cpu_seconds(process: str) -> float:
    """Return user and system time, read to the nanosecond: one question takes less than a tick."""
    schedstat = Path(f"/proc/{process}/task")
    try:
        return sum(int((each / "schedstat").read_text().split()[0]) for each in schedstat.iterdir()) / 1e9
    except FileNotFoundError as error:
        raise BenchError("/proc/*/schedstat is needed: Linux with CONFIG_SCHEDSTATS") from error


def renamed(entry: Searchable, name: str) -> Searchable:
    """Return the entry with another name."""
    return msgspec.structs.replace(entry, name=name)
