"""What is asked of the index, and what it answers."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

MAX_FIRST = 100  # more than a screen shows; a longer list is paged through


class Query(Struct, frozen=True, kw_only=True):
    """A question. Every filter that is given must hold; an empty ``text`` lists by popularity.

    ``at`` is the moment for which entries must be visible. ``district`` is the resident's own and the organisations
    above it, the own first: entries of these are found and no others; empty finds those of every district.
    """

    at: datetime
    text: str = ""
    district: tuple[str, ...] = ()
    code: str | None = None  # one entry, if it may be found at all
    item: str | None = None  # what belongs to this generic item
    level: str | None = None
    audience: str | None = None
    topic: str | None = None
    life_event: str | None = None
    channel: str | None = None  # the kind
    host: str | None = None
    near: tuple[float, float] | None = None  # longitude, latitude: nearest first
    open_at: datetime | None = None
    first: int = 20
    after: str | None = None  # a cursor of an earlier answer to the same question
    facets: bool = False
    reasons: bool = False


How = Literal["name", "everyday", "synonym", "pinyin", "initials", "typo", "english", "text"]


class Reason(Struct, frozen=True):
    """Why an entry was found: ``word`` of the question stands ``how`` in ``found``, which is text of the entry.

    For a synonym ``found`` is the entry's own word that the asked one stands for.
    """

    word: str
    how: How
    found: str


class Hit(Struct, frozen=True):
    """An entry that was found. ``cursor`` asks for what comes after it; ``metres`` lead to its nearest (open) place."""

    code: str
    score: float
    cursor: str
    metres: int | None = None
    reasons: tuple[Reason, ...] = ()


class Count(Struct, frozen=True):
    """How many of the entries found have this value."""

    value: str
    count: int


class Facets(Struct, frozen=True):
    """The entries found, counted by value, most frequent first; an entry with several values counts for each."""

    topic: tuple[Count, ...]
    audience: tuple[Count, ...]
    channel: tuple[Count, ...]
    district: tuple[Count, ...]
    authority: tuple[Count, ...]


class Answer(Struct, frozen=True):
    """A page of hits. ``total`` counts all there are; ``did_you_mean`` is the question with its typo mended."""

    hits: tuple[Hit, ...]
    total: int
    facets: Facets | None = None
    did_you_mean: str | None = None


class Suggestion(Struct, frozen=True):
    """What a resident who began to type may mean: a name of an entry."""

    text: str
    code: str
