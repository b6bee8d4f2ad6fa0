"""The index of all entries in this process's memory (tantivy): built, changed and asked.

Any number of threads may ask; they see the last finished change, and none of one that failed. Changes wait for one
another and take tens of milliseconds, so a program that serves meanwhile makes them in a thread.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count
from math import isinf

from tantivy import Index as TantivyIndex
from tantivy import Query as Tantivy

from services_catalog.search import cursors, documents
from services_catalog.search.characters import fold
from services_catalog.search.cursors import Cursor
from services_catalog.search.facets import facets
from services_catalog.search.hours import Duty, Openings, every_week
from services_catalog.search.matching import Matcher, Question
from services_catalog.search.nearness import Cell, cell_of
from services_catalog.search.query import MAX_FIRST, Answer, Hit, Query, Suggestion
from services_catalog.search.ranking import Asked, Ranked, Row, Snapshot, away_from, find, rows_at, texts_at
from services_catalog.search.reasons import reasons
from services_catalog.search.searchable import Place, Searchable
from services_catalog.search.suggestions import suggestions
from services_catalog.search.typing_errors import mended
from services_catalog.search.words import units

MAX_CHARACTERS = 100  # of a question: more than the longest labelled one has, and work grows with it
_WRITER_BYTES = 15_000_000  # tantivy's least for a thread
_MOVED = 100  # hits around a cursor's place in which its hit is looked for
_SURE = 3  # hits whose names may tell what a typo was meant to be


class Index:
    """Entries, findable. ``duty`` says whose weekday's hours hold at a date; without one there are no holidays."""

    def __init__(self, entries: Iterable[Searchable] = (), *, duty: Duty = every_week) -> None:
        self._schema = documents.schema()
        self._index = TantivyIndex(self._schema)
        documents.register(self._index)
        self._index.config_reader("manual")
        self._writer = self._index.writer(_WRITER_BYTES, 1)
        self._openings = Openings(duty)
        self._changing = threading.Lock()
        self._numbers = count()
        self._row_of: dict[str, int] = {}
        self._snapshot = Snapshot(self._schema, self._index.searcher(), {}, {}, Matcher(self._schema))
        self.replace(entries)

    def __len__(self) -> int:
        return len(self._snapshot.rows)

    def replace(self, entries: Iterable[Searchable]) -> None:
        """Add entries, in place of those of the same codes; the next question finds them."""
        self._change((), {entry.code: entry for entry in entries})

    def remove(self, codes: Iterable[str]) -> None:
        """Take entries out, if they are there; the next question does not find them."""
        self._change(codes, {})

    def _change(self, gone: Iterable[str], new: dict[str, Searchable]) -> None:
        with self._changing:
            rows, numbers = dict(self._snapshot.rows), dict(zip(new, self._numbers, strict=False))
            cells = Counter(self._snapshot.cells)
            old = [code for code in {*gone, *new} if code in self._row_of]
            try:
                self._writer.delete_documents_by_query(Tantivy.term_set_query(self._schema, "code", old))
                for code, entry in new.items():
                    rows[numbers[code]] = Row(code, tuple(self._places(entry.places)))
                    hours = self._openings.names(entry.places)
                    self._writer.add_document(documents.document(entry, numbers[code], hours))
                self._writer.commit()
            except BaseException:
                self._writer.rollback()
                raise
            cells.update(cell for number in numbers.values() for cell in _cells(rows[number]))
            cells.subtract(cell for code in old for cell in _cells(rows.pop(self._row_of.pop(code))))
            self._row_of |= numbers
            self._index.reload()
            self._snapshot = self._snapshot._replace(searcher=self._index.searcher(), rows=rows, cells=+cells)

    def settle(self) -> None:
        """Ask from now on what tantivy has merged since the last change: a question costs by the segment, too."""
        with self._changing:
            self._index.reload()
            self._snapshot = self._snapshot._replace(searcher=self._index.searcher())

    def _places(self, places: Iterable[Place]) -> Iterable[tuple[tuple[float, float], str]]:
        for place in places:
            if (point := place.point) is not None:
                yield point, next(iter(self._openings.names([place])), "")

    def search(self, query: Query) -> Answer:
        """Answer a question. Raises ``CursorError`` for a cursor that is not of this question's answers."""
        snapshot, asked = self._snapshot, self._ask(query)
        cursor = cursors.read(query.after, query) if query.after else None
        first = max(0, min(query.first, MAX_FIRST))
        found = find(snapshot, asked, first if cursor is None else cursor.seen + first + _MOVED)
        start = 0 if cursor is None else _after(cursor, found.hits)
        page = enumerate(found.hits[start : start + first], start + 1)
        return Answer(
            tuple(_hit(snapshot, asked, each, seen) for seen, each in page),
            found.total,
            facets(snapshot.searcher, found.tantivy) if query.facets else None,
            _meant(snapshot, asked, found.hits) if found.loosely and cursor is None else None,
        )

    def suggest(self, query: Query) -> tuple[Suggestion, ...]:
        """Return names that go on as the text begins: in Chinese, pinyin or initials. Filters hold as in ``search``."""
        return suggestions(self._snapshot, self._ask(query))

    def having(self, field: str, values: Iterable[str]) -> set[str]:
        """Return the codes of all entries with one of the values in a filter, visible at the moment or not."""
        snapshot = self._snapshot
        wanted = Tantivy.term_set_query(self._schema, field, list(values))
        found = snapshot.searcher.search(wanted, max(1, snapshot.searcher.num_docs))
        return {row.code for row in rows_at(snapshot, [address for _, address in found.hits])}

    def _ask(self, query: Query) -> Asked:
        text = fold(query.text[:MAX_CHARACTERS])[:MAX_CHARACTERS]
        openings = () if query.open_at is None else self._openings.open_at(query.open_at)
        return Asked(query, Question(text, units(text)), frozenset(openings))


def _cells(row: Row) -> Iterator[Cell]:
    return (cell_of(point) for point, _ in row.places)


def _after(cursor: Cursor, found: list[Ranked]) -> int:
    """Return where the page after a cursor begins, also if its hit has moved by some places since."""
    around = range(max(0, cursor.seen - _MOVED), min(len(found), cursor.seen + _MOVED))
    nearby = sorted(around, key=lambda at: abs(at - cursor.seen + 1))
    return next((at + 1 for at in nearby if found[at].row.code == cursor.code), cursor.seen)


def _hit(snapshot: Snapshot, asked: Asked, each: Ranked, seen: int) -> Hit:
    cursor = cursors.write(Cursor(cursors.digest(asked.query), seen, each.row.code))
    why = reasons(texts_at(snapshot, each.address), asked.question.units) if asked.query.reasons else ()
    away = away_from(asked, each.row)
    return Hit(each.row.code, each.score, cursor, None if isinf(away) else round(away), why)


def _meant(snapshot: Snapshot, asked: Asked, found: list[Ranked]) -> str | None:
    names: list[str] = []
    for each in found[:_SURE]:
        texts = texts_at(snapshot, each.address)
        names += (*(fold(name) for name, _ in texts.called()), *texts.synonyms(), *map(fold, texts.english))
    return mended(asked.question.text, names)
