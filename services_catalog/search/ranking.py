"""Which entries a question finds, in which order."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from heapq import nsmallest
from itertools import islice
from math import inf
from operator import neg
from typing import NamedTuple, cast

from tantivy import DocAddress, Occur, Schema, Searcher, SearchResult
from tantivy import Query as Tantivy

from services_catalog.search.documents import Texts, texts_in
from services_catalog.search.filters import filters
from services_catalog.search.matching import Matcher, Question
from services_catalog.search.nearness import Point, nearest
from services_catalog.search.query import Query

_CLOSE = 0.5  # of the best score: of hits as good as that the nearest comes first
_ENOUGH = 10  # hits; with fewer there is room for those that are only like what was asked
_OWN_DISTRICT = 0.3  # less than any difference in words: it decides between a district's entry and its city's


class Row(NamedTuple):
    """What is known of a hit without reading its document; each place has the name of its hours."""

    code: str
    places: tuple[tuple[Point, str], ...]


class Snapshot(NamedTuple):
    """What questions see: replaced as a whole when entries change."""

    schema: Schema
    searcher: Searcher
    rows: dict[int, Row]


class Asked(NamedTuple):
    """A query, its words, and the names of the hours that are open at the moment it asks for."""

    query: Query
    question: Question
    openings: frozenset[str]


class Ranked(NamedTuple):
    """A hit. ``address`` is its document's place in the searcher."""

    score: float
    row: Row
    address: DocAddress


class Found(NamedTuple):
    """The best hits of ``total``. ``loosely``: too few entries have all words, so others were looked for as well."""

    total: int
    hits: list[Ranked]
    tantivy: Tantivy
    loosely: bool


def allowed(snapshot: Snapshot, asked: Asked) -> list[tuple[Occur, Tantivy]]:
    """Return what must hold, without a say in the order."""
    must = filters(snapshot.schema, asked.query, asked.openings)
    return [(Occur.Must, Tantivy.const_score_query(each, 0.0)) for each in must]


def find(snapshot: Snapshot, asked: Asked, limit: int) -> Found:
    """Return the best ``limit`` hits. For what is near all are looked at, as distance decides then."""
    everything = snapshot.searcher.num_docs
    wanted = max(1, everything if asked.query.near else min(limit, everything))
    clauses = allowed(snapshot, asked)
    loosely = False
    if asked.question.units:
        own = Tantivy.term_query(snapshot.schema, "district", asked.query.district[0] if asked.query.district else "")
        clauses.append((Occur.Should, Tantivy.const_score_query(own, _OWN_DISTRICT)))
        matcher = Matcher(snapshot.schema)
        query = Tantivy.boolean_query([*clauses, (Occur.Must, matcher.match(asked.question, loosely=False))])
        result = snapshot.searcher.search(query, wanted, weight_by_field="weight")
        loosely = _count(result) < _ENOUGH
        if loosely:
            query = Tantivy.boolean_query([*clauses, (Occur.Must, matcher.match(asked.question, loosely=True))])
            result = snapshot.searcher.search(query, wanted, weight_by_field="weight")
    else:
        query = Tantivy.boolean_query(clauses)
        result = snapshot.searcher.search(query, wanted, order_by_field="order")
    hits = _hits(snapshot, asked, result, limit)
    return Found(_count(result), hits, query, loosely)


def _hits(snapshot: Snapshot, asked: Asked, result: SearchResult, limit: int) -> list[Ranked]:
    found = result.hits  # made anew at each access
    rows = rows_at(snapshot, [address for _, address in found])
    order: Iterable[int] = range(len(rows))
    scores = [score for score, _ in found] if asked.question.units else [0.0] * len(rows)
    if asked.query.near is not None and scores:
        close = bisect_right(scores, -_CLOSE * scores[0], key=neg)
        order = [*_nearest_first(asked, rows[:close], limit), *range(close, len(rows))]
    return [Ranked(scores[at], rows[at], found[at][1]) for at in islice(order, limit)]


def _nearest_first(asked: Asked, rows: list[Row], limit: int) -> Iterator[int]:
    """Yield the places in ``rows`` of the nearest entries."""
    away = ((away_from(asked, row), row.code, at) for at, row in enumerate(rows))
    return (at for _, _, at in nsmallest(limit, away))


def away_from(asked: Asked, row: Row) -> float:
    """Return the metres to the entry's nearest place, or nearest open one; infinite if it has none."""
    if asked.query.near is None:
        return inf
    anywhere = asked.query.open_at is None
    return nearest(asked.query.near, [point for point, hours in row.places if anywhere or hours in asked.openings])


def rows_at(snapshot: Snapshot, addresses: list[DocAddress]) -> list[Row]:
    """Return what is known of hits."""
    numbers = cast("list[int]", snapshot.searcher.fast_field_values("row", addresses))
    return [snapshot.rows[number] for number in numbers]


def texts_at(snapshot: Snapshot, address: DocAddress) -> Texts:
    """Return the texts of a hit."""
    return texts_in(snapshot.searcher.doc(address).to_dict())


def _count(found: SearchResult) -> int:
    counted: int = found.count  # type: ignore[attr-defined]  # tantivy's stub forgot it
    return counted
