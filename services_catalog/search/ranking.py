"""Which entries a question finds, in which order."""

from math import inf
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

    searcher: Searcher
    rows: dict[int, Row]


class Ranked(NamedTuple):
    """A hit. ``address`` is its document's place in the searcher."""

    score: float
    row: Row
    address: DocAddress


class Asked(NamedTuple):
    """A question as it is put to tantivy."""

    query: Query
    question: Question
    tantivy: Tantivy
    openings: frozenset[str]


def allowed(schema: Schema, query: Query, openings: frozenset[str]) -> list[tuple[Occur, Tantivy]]:
    """Return what must hold, without a say in the order."""
    return [(Occur.Must, Tantivy.const_score_query(each, 0.0)) for each in filters(schema, query, openings)]


def ask(searcher: Searcher, schema: Schema, query: Query, question: Question, openings: frozenset[str]) -> Asked:
    """Join what must hold and what is matched: loosely, if few entries have what was asked for."""
    clauses = allowed(schema, query, openings)
    if not question.units:
        return Asked(query, question, Tantivy.boolean_query(clauses), openings)
    own = Tantivy.term_query(schema, "district", query.district[0] if query.district else "")
    clauses.append((Occur.Should, Tantivy.const_score_query(own, _OWN_DISTRICT)))
    matcher = Matcher(schema)
    strictly = Tantivy.boolean_query([*clauses, (Occur.Must, matcher.match(question, loosely=False))])
    if _count(searcher.search(strictly, 1)) >= _ENOUGH:
        return Asked(query, question, strictly, openings)
    loosely = Tantivy.boolean_query([*clauses, (Occur.Must, matcher.match(question, loosely=True))])
    return Asked(query, question, loosely, openings)


def ranked(snapshot: Snapshot, asked: Asked, limit: int) -> tuple[int, list[Ranked]]:
    """Return how many entries are found, and the best ``limit`` of them, or all if what is near comes first."""
    everything = snapshot.searcher.num_docs
    limit = max(1, everything if asked.query.near else min(limit, everything))
    if asked.question.units:
        found = snapshot.searcher.search(asked.tantivy, limit, weight_by_field="weight")
    else:
        found = snapshot.searcher.search(asked.tantivy, limit, order_by_field="order")
    rows = rows_at(snapshot, [address for _, address in found.hits])
    scores = [score if asked.question.units else 0.0 for score, _ in found.hits]
    hits = [Ranked(score, row, address) for score, row, (_, address) in zip(scores, rows, found.hits, strict=True)]
    return _count(found), _nearest_first(asked, hits) if asked.query.near and hits else hits


def _nearest_first(asked: Asked, hits: list[Ranked]) -> list[Ranked]:
    """Sort hits that are about as good as the best one by distance; the others stay behind them."""
    close = [hit for hit in hits if hit.score >= _CLOSE * hits[0].score]
    away = {hit.row.code: away_from(asked, hit.row) for hit in close}
    return sorted(close, key=lambda hit: (away[hit.row.code], hit.row.code)) + hits[len(close) :]


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
