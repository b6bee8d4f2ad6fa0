"""When what an answer may depend on last changed: a change makes stale what it may concern, and nothing else.

An answer of the index depends on the entries of some districts and, if it asks for one, of one topic or life event.
These are its tags; an entry that changes touches those of what it was and of what it is
(docs/decisions/0055-what-a-change-makes-stale.md).
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import product

from services_catalog.search.query import Query
from services_catalog.search.searchable import Searchable

Tag = tuple[str, str]  # a district, and a topic or life event; empty: any
ANYTHING: Tag = ("", "")


def tags_of(query: Query) -> tuple[Tag, ...]:
    """Return the tags of the answer to a question."""
    about = query.topic or query.life_event or ""
    return tuple((district, about) for district in query.district or ("",))


class Changes:
    """The latest change of every tag, by the catalogue's revision, as far as one process has seen them."""

    def __init__(self) -> None:
        self._seen = -1
        self._first = -1  # what entries were before that revision is not known
        self._latest: dict[Tag, int] = {}
        self._tags: dict[str, frozenset[Tag]] = {}  # of each entry that can be found

    def note(self, codes: Iterable[str], revision: int, entries: Iterable[Searchable]) -> None:
        """Take note of what changed, at a revision at the latest; what is not of ``entries`` cannot be found.

        Whatever it is, it touches ``ANYTHING``: what tells of generic items, topics and life events.
        """
        new = {entry.code: _touched(entry.district, (*entry.topics, *entry.life_events)) for entry in entries}
        touched = {ANYTHING}
        for code in codes:
            now = new.get(code, frozenset())
            touched |= now | self._tags.pop(code, frozenset())
            if now:
                self._tags[code] = now
        self._latest.update(dict.fromkeys(touched, revision))
        self._seen = max(self._seen, revision)

    def begin(self) -> None:
        """Say that all entries have been noted as they are now."""
        self._first = self._seen

    def concern(self, tags: Iterable[Tag], since: int) -> bool:
        """Return whether an answer of a revision may have changed since then."""
        return since < self._first or any(self._latest.get(tag, -1) > since for tag in tags)


@lru_cache(10_000)  # entries share them: there are few different ones
def _touched(district: str, about: tuple[str, ...]) -> frozenset[Tag]:
    return frozenset(product(("", district), ("", *about)))
