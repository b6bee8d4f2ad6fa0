"""The part of a query that decides what may be found at all. It is in the query, so nothing else is even counted."""

from collections.abc import Iterable, Iterator

from tantivy import FieldType, Schema
from tantivy import Query as Tantivy

from services_catalog.search.documents import seconds
from services_catalog.search.query import Query


def filters(schema: Schema, query: Query, openings: Iterable[str]) -> Iterator[Tantivy]:
    """Yield what must hold. ``openings`` are the hours that are open at the moment asked for, if one is."""
    at = seconds(query.at, 0)
    yield Tantivy.range_query(schema, "visible_from", FieldType.Integer, None, at)
    yield Tantivy.range_query(schema, "visible_until", FieldType.Integer, at, None, include_lower=False)
    if query.district:
        yield Tantivy.term_set_query(schema, "district", list(query.district))
    if query.open_at is not None:
        yield Tantivy.term_set_query(schema, "opening", list(openings))
    for field in ("code", "item", "level", "audience", "topic", "life_event"):
        value = getattr(query, field)
        if value is not None:
            yield Tantivy.term_query(schema, field, value)
    if query.host is not None:
        yield Tantivy.term_query(schema, "host", f"{query.channel or ''}@{query.host}")
    elif query.channel is not None:
        yield Tantivy.term_query(schema, "channel", query.channel)
