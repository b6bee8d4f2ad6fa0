"""Whatever changes: an answer that is different then is known to be stale; one of elsewhere is not called so."""

import pytest
from hypothesis import given

from services_catalog.reading.changes import ANYTHING, Changes, tags_of
from services_catalog.search.index import Index
from services_catalog.search.query import Query
from services_catalog.search.searchable import Searchable
from tests.services_catalog.search.labelled import NOW
from tests.services_catalog.search.test_properties import as_counters, entries, queries

pytestmark = pytest.mark.case("issue-4.6")


def marriage(code: str, district: str, *topics: str) -> Searchable:
    return Searchable(code=code, district=district, authority="mz", name="结婚登记", topics=topics)


def changes_of(before: list[Searchable]) -> Changes:
    """Everything as it was at revision 1."""
    changes = Changes()
    changes.note([each.code for each in before], 1, before)
    changes.begin()
    return changes


@given(entries, entries, queries)
def test_an_answer_that_changes_is_stale(before: list[Searchable], new: list[Searchable], query: Query) -> None:
    stood, comes = {each.code: each for each in before}, {each.code: each for each in new[: len(new) // 2]}
    gone = {each.code for each in new} - comes.keys()
    changes = changes_of([*stood.values()])
    changes.note({*comes, *gone}, 2, comes.values())
    index = Index(stood.values())
    old = index.search(query)
    index.remove(gone)
    index.replace(comes.values())
    now = index.search(query)
    same = {hit.code for hit in old.hits} == {hit.code for hit in now.hits} and old.total == now.total
    if not same or as_counters(old.facets) != as_counters(now.facets):
        assert changes.concern(tags_of(query), 1)
    assert not changes.concern(tags_of(query), 2)


def test_a_change_concerns_its_districts_and_topics_before_and_after() -> None:
    changes = changes_of([marriage("a", "east", "family"), marriage("b", "west", "cars")])
    changes.note(["a"], 2, [marriage("a", "north", "law")])

    def stale(*district: str, topic: str | None = None, since: int = 1) -> bool:
        return changes.concern(tags_of(Query(at=NOW, district=district, topic=topic)), since)

    assert stale("east", "city")
    assert stale("north", "city")
    assert stale()
    assert stale("east", topic="family")
    assert stale("north", topic="law")
    assert stale(topic="family")
    assert not stale("west", "city")
    assert not stale("east", topic="cars")
    assert not stale("east", "city", since=2)


def test_what_was_answered_before_everything_was_read_is_stale() -> None:
    assert changes_of([marriage("a", "east")]).concern(tags_of(Query(at=NOW, district=("west",))), 0)


def test_what_cannot_be_found_concerns_what_tells_of_everything() -> None:
    changes = changes_of([marriage("a", "east")])
    changes.note(["a-topic"], 2, [])
    assert changes.concern([ANYTHING], 1)
    assert not changes.concern(tags_of(Query(at=NOW, district=("east",))), 1)
