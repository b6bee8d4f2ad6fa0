"""Which entries a question finds, in which order."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from heapq import nsmallest
from math import inf
from typing import NamedTuple, cast

from tantivy import DocAddress, Occur, Schema, Searcher, SearchResult
from tantivy import Query as Tantivy

from services_catalog.search.documents import Texts, texts_in
from services_catalog.search.filters import filters
from services_catalog.search.matching import Matcher, Question
from services_catalog.search.nearness import Cell, Point, Ring, name_of, nearest, rings
from services_catalog.search.query import Query

_CLOSE = 0.5  # of the best score: of hits as good as that the nearest comes first
_ENOUGH = 10  # hits; with fewer there is room for those that are only like what was asked
_FEW = 500  # hits that are looked at one by one, in some milliseconds
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
    cells: Mapping[Cell, int]  # how many places are in each
    matcher: Matcher


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
    """Return the best ``limit`` hits."""
    wanted = max(1, min(max(limit, _FEW) if asked.query.near else limit, snapshot.searcher.num_docs))
    clauses = allowed(snapshot, asked)
    loosely = False
    if asked.question.units:
        own = Tantivy.term_query(snapshot.schema, "district", asked.query.district[0] if asked.query.district else "")
        clauses.append((Occur.Should, Tantivy.const_score_query(own, _OWN_DISTRICT)))
        matcher = snapshot.matcher
        query = Tantivy.boolean_query([*clauses, (Occur.Must, matcher.match(asked.question, loosely=False))])
        result = _searched(snapshot, asked, query, wanted)
        loosely = _count(result) < _ENOUGH
        if loosely:
            query = Tantivy.boolean_query([*clauses, (Occur.Must, matcher.match(asked.question, loosely=True))])
            result = _searched(snapshot, asked, query, wanted)
    else:
        query = Tantivy.boolean_query(clauses)
        result = _searched(snapshot, asked, query, wanted)
    hits, total = _hits(snapshot, asked, result), _count(result)
    if asked.query.near is not None and hits:
        close = bisect_right(hits, -_CLOSE * hits[0].score, key=lambda hit: -hit.score)
        if close < wanted or wanted == total:
            hits = [*_nearest_first(asked, hits[:close], limit), *hits[close:]]
        else:  # more are close than were looked at
            hits = _nearest_of_many(snapshot, asked, Found(total, hits, query, loosely), limit)
    return Found(total, hits[:limit], query, loosely)


def _searched(snapshot: Snapshot, asked: Asked, query: Tantivy, wanted: int) -> SearchResult:
    """Return the best hits of a text, the most popular ones without one."""
    if asked.question.units:
        return snapshot.searcher.search(query, wanted, weight_by_field="weight")
    return snapshot.searcher.search(query, wanted, order_by_field="order")


def _hits(snapshot: Snapshot, asked: Asked, result: SearchResult) -> list[Ranked]:
    found = result.hits  # made anew at each access
    rows = rows_at(snapshot, [address for _, address in found])
    scored = bool(asked.question.units)
    return [Ranked(score if scored else 0.0, row, address) for (score, address), row in zip(found, rows, strict=True)]


def _nearest_first(asked: Asked, hits: list[Ranked], limit: int) -> list[Ranked]:
    away = ((away_from(asked, hit.row), hit.row.code, at) for at, hit in enumerate(hits))
    return [hits[at] for _, _, at in nsmallest(limit, away)]


def _nearest_of_many(snapshot: Snapshot, asked: Asked, found: Found, limit: int) -> list[Ranked]:
    """Return the nearest of very many hits: of ever more cells, until no other cell can have a nearer one.

    ``found`` are the best of them by score; what has no place comes last.
    """
    around = rings(asked.query.near, snapshot.cells) if asked.query.near else []
    least = _CLOSE * found.hits[0].score
    within, first = 0, list[Ranked]()
    wanted = 2 * limit * around[-1].places // found.total if around else 0
    while within < len(around):
        within = bisect_left(around, wanted, key=lambda ring: ring.places) + 1
        beyond = around[within].metres if within < len(around) else inf
        hits = [hit for hit in _in_cells(snapshot, asked, found, around[:within]) if hit.score >= least]
        first = _nearest_first(asked, hits, limit)
        if len(first) == limit and away_from(asked, first[-1].row) <= beyond:
            return first
        wanted *= 4
    placed = [hit for hit in first if away_from(asked, hit.row) < inf]
    return [*placed, *(hit for hit in found.hits if away_from(asked, hit.row) == inf)]


def _in_cells(snapshot: Snapshot, asked: Asked, found: Found, around: list[Ring]) -> list[Ranked]:
    cells = Tantivy.term_set_query(snapshot.schema, "cell", [name_of(ring.cell) for ring in around])
    here = Tantivy.boolean_query([(Occur.Must, found.tantivy), (Occur.Must, Tantivy.const_score_query(cells, 0.0))])
    return _hits(snapshot, asked, _searched(snapshot, asked, here, around[-1].places))


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
