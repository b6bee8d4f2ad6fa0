"""The nearest of more entries than are looked at one by one."""

from random import Random

import pytest

from services_catalog.search.index import Index
from services_catalog.search.nearness import cell_of, nearest, rings
from services_catalog.search.query import Query
from services_catalog.search.searchable import Place, Searchable
from tests.services_catalog.search.labelled import NOW

pytestmark = pytest.mark.case("issue-4.6")

RANDOM = Random(1)  # noqa: S311 - the same places in every run
NOWHERE = range(0, 3_000, 50)  # entries that have no place


def some(number: int) -> Searchable:
    points = [(RANDOM.gauss(113, 0.3), RANDOM.gauss(23, 0.2)) for _ in range(RANDOM.randint(1, 2))]
    places = () if number in NOWHERE else tuple(Place(None, *point) for point in points)
    district = "east" if number % 40 == 0 else "west"
    return Searchable(code=f"e{number:04}", district=district, authority="mz", name="结婚登记", places=places)


ENTRIES = [some(number) for number in range(3_000)]


@pytest.fixture(scope="module")
def index() -> Index:
    return Index(ENTRIES)


def by_distance(here: tuple[float, float]) -> list[str]:
    away = [(nearest(here, [point for place in each.places if (point := place.point)]), each.code) for each in ENTRIES]
    return [code for _, code in sorted(away)]


@pytest.mark.parametrize("here", [(113.0, 23.0), (113.4, 22.7), (116.0, 30.0), (-60.0, -20.0)])
@pytest.mark.parametrize("text", ["", "结婚"])
def test_the_nearest_of_many_come_first(index: Index, here: tuple[float, float], text: str) -> None:
    found = index.search(Query(at=NOW, text=text, near=here, first=50))
    assert [hit.code for hit in found.hits] == by_distance(here)[:50]
    assert found.total == len(ENTRIES)


def test_the_last_page_has_what_is_nowhere(index: Index) -> None:
    here, seen, after = (113.0, 23.0), list[str](), None
    while page := index.search(Query(at=NOW, near=here, first=100, after=after)).hits:
        seen += [hit.code for hit in page]
        after = page[-1].cursor
    assert seen == by_distance(here)


def test_a_change_moves_an_entry_and_its_cell() -> None:
    index = Index(ENTRIES[:2_100])
    here = (120.0, 30.0)
    index.replace(
        [Searchable(code="e0001", district="x", authority="mz", name="结婚登记", places=(Place(None, *here),))]
    )
    assert index.search(Query(at=NOW, near=here, first=1)).hits[0].code == "e0001"
    index.remove(["e0001"])
    assert index.search(Query(at=NOW, near=here, first=1)).hits[0].metres != 0


def test_no_place_of_a_cell_is_nearer_than_its_ring_says() -> None:
    points = [(RANDOM.uniform(112, 114), RANDOM.uniform(-1, 1)) for _ in range(500)]
    here = (113.03, 0.02)
    around = {ring.cell: ring.metres for ring in rings(here, dict.fromkeys(map(cell_of, points), 1))}
    assert all(nearest(here, [point]) >= around[cell_of(point)] - 1e-6 for point in points)
    assert around[cell_of(here)] == 0 if cell_of(here) in around else True
