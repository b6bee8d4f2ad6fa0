"""What the catalogue answers beside single entries. For the schemas: the JSON is put together from stored bytes."""

from msgspec import Struct

from services_catalog.entries.materials import Material
from services_catalog.entries.words import Audience, Localized, LocalizedProse
from services_catalog.manifest import LongText, Text
from services_catalog.reading.shown import Authority, Shown
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


class Topic(Struct, frozen=True, omit_defaults=True):
    """A topic of the city's list: ``code`` is what entries and filters call it."""

    code: str
    name: Localized | None
    summary: LocalizedProse | None = None


class LifeEventSummary(Struct, frozen=True, kw_only=True):
    """A life event (一件事): something in somebody's life for which several services are needed."""

    code: str
    name: Localized | None
    summary: LocalizedProse | None
    audience: tuple[Audience, ...]
    topics: tuple[str, ...]
    authority: Authority


class LifeEventStep(Struct, frozen=True, omit_defaults=True):
    """A service of a life event. Steps of one ``round`` can be done at the same time; ``after`` are ``step`` codes.

    ``step`` is how the life event calls it: the entry's code, or that of the generic item that the entry implements.
    """

    entry: Shown
    step: str
    round: int
    after: tuple[str, ...]
    optional: bool
    note: LocalizedProse | None = None


class LifeEventMaterial(Struct, frozen=True):
    """A material of a life event, as the strictest of ``steps`` asks for it; bring it once for all of them."""

    material: Material
    steps: tuple[str, ...]


class LifeEvent(LifeEventSummary, frozen=True, kw_only=True):
    """A life event with its steps, as far as this reader may see them, and its materials."""

    steps: tuple[LifeEventStep, ...]
    materials: tuple[LifeEventMaterial, ...]
