"""What the catalogue answers beside single entries. For the schemas: the JSON is put together from stored bytes."""

from msgspec import Struct

from services_catalog.manifest import LongText, Text
from services_catalog.reading.shown import Shown
from services_catalog.search.query import Count, Facets, Reason, Suggestion


class Service(Struct, frozen=True):
    """A department's API that is live in the graph: ``name`` is its field, ``version`` the one that is live."""

    name: str
    department: str
    title: Text
    description: LongText | None
    version: int


class Hit(Struct, frozen=True, omit_defaults=True):
    """An entry that was found. ``cursor`` asks for what comes after it; ``metres`` lead to its nearest open place."""

    entry: Shown
    score: float
    cursor: str
    metres: int | None = None
    reasons: tuple[Reason, ...] = ()


class Results(Struct, frozen=True, omit_defaults=True):
    """A page of hits. ``total`` counts all there are; ``did_you_mean`` is the question with its typo mended."""

    hits: tuple[Hit, ...]
    total: int
    facets: Facets | None = None
    did_you_mean: str | None = None


class Suggestions(Struct, frozen=True):
    """What a resident who began to type may mean, the likeliest first."""

    suggestions: tuple[Suggestion, ...]


class Home(Struct, frozen=True):
    """A front page: what there is, counted, and what is used most."""

    topics: tuple[Count, ...]
    audiences: tuple[Count, ...]
    popular: tuple[Shown, ...]
    total: int
