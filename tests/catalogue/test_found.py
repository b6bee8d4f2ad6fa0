"""Generated services of many departments go the real way to the public, and each is found in every way that it should.

A thousand take minutes: `make bench NAME=found` has them (docs/benchmarks.md).
"""

from datetime import date
from urllib.parse import urlencode

import msgspec
import pytest
from redis.asyncio import Redis

from kernel.clock import SystemClock
from kernel.database import Database
from services_catalog.demo.entries import departments, entries
from services_catalog.demo.finding import Asked, Page, find_all
from services_catalog.demo.generating import generate_entries, generate_tree
from services_catalog.demo.organisations import Sizes, areas
from services_catalog.demo.questions import wanted
from services_catalog.demo.together import together
from services_catalog.entries.document import EntryDocument
from services_catalog.organisations.history import Author
from services_catalog.reading.answering import Answering
from services_catalog.reading.shared import SharedAnswers
from services_catalog.reading.shelf import Shelf

pytestmark = pytest.mark.case("issue-4.5")

_OF_A_DEPARTMENT = 3
_CLOCK = SystemClock()


def _silent(_text: str) -> None:
    pass


def some(documents: list[EntryDocument]) -> list[tuple[EntryDocument, EntryDocument]]:
    """Return the first items of every department, each with its implementation."""
    items = {each.code: each for each in documents if each.level == "item"}
    taken: dict[str, list[tuple[EntryDocument, EntryDocument]]] = {}
    for each in documents:
        if each.parent is not None:
            taken.setdefault(each.organisation, []).append((items[each.parent], each))
    return [pair for pairs in taken.values() for pair in pairs[:_OF_A_DEPARTMENT]]


async def test_generated_services_are_found_by_every_name_and_by_topic(
    database: Database, redis: Redis, shared: SharedAnswers
) -> None:
    found = areas(sizes=Sizes(district=1, town=1, village=1, grid=1))
    offices = departments(found, 33)
    await generate_tree(database, _CLOCK, Author("operator:test", date(2026, 5, 4)), [*found, *offices], _silent)
    pairs = some([*entries(offices, 423)])
    assert len({implementation.organisation for _, implementation in pairs}) >= 24
    documents = [document for pair in pairs for document in pair]
    await generate_entries(database, redis, _CLOCK, [*documents, *together(documents)], _silent)
    shelf = Shelf(database.pool, redis)
    await shelf.refresh()
    answering = Answering(shelf, shared, _CLOCK)

    async def search(asked: Asked) -> Page:
        given = {name: value for name, value in msgspec.structs.asdict(asked).items() if value}
        answer = msgspec.json.decode((await answering.answer(f"/search?{urlencode(given)}")).body)
        hits = answer["hits"]
        return Page(tuple(hit["entry"]["code"] for hit in hits), hits[-1]["cursor"] if hits else "")

    report = await find_all(search, [wanted(*pair) for pair in pairs])
    assert report.missed == []
    assert report.asked["name"] == len(pairs)
    assert set(report.asked) == {"name", "everyday name", "synonym", "pinyin", "initials", "topic", "topic's name"}
