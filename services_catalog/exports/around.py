"""What an export says of an entry beside it: the organisations, item, topics and life events that it names."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date

import asyncpg
import msgspec
from msgspec import Struct

from services_catalog.entries.words import Localized
from services_catalog.exports.labels import label
from services_catalog.exports.turns import Turns
from services_catalog.organisations.words import AREAS
from services_catalog.reading.shown import SEEN, Shown

_BODIES = """
    SELECT code, name_zh, name_en, kind, region_code, credit_code, path FROM organisation WHERE code = ANY($1::text[])
"""
_ITEMS = f"SELECT shown {SEEN} AND code = ANY($2::text[])"
_ENTRIES = ("item", "topic", "local-topic", "life-event")  # lists whose codes are entries themselves

Ask = Callable[..., Awaitable[Sequence[asyncpg.Record]]]  # a query and its values


class Body(Struct, frozen=True):
    """An organisation, as far as it is public. ``path`` are the codes from the city down to it."""

    code: str
    name: Localized
    kind: str
    path: tuple[str, ...]
    region_code: str | None = None  # GB/T 2260
    credit_code: str | None = None  # GB 32100


class _Named(Struct, frozen=True):
    """What is read of an item, topic or life event."""

    code: str
    name: Localized | None = None


class Around:
    """What is known so far, of a day; it grows by what entries refer to: as many as the city has departments."""

    def __init__(self, day: date, bodies: Iterable[Body] = (), items: dict[str, Localized] | None = None) -> None:
        self.day = day
        self.bodies = {each.code: each for each in bodies}
        self.items = dict(items or {})

    def body(self, code: str) -> Body:
        """Return an organisation; one that is not in the tree has nothing but its code."""
        return self.bodies.get(code) or Body(code, Localized(code), "department", (code,))

    def item(self, code: str) -> Localized:
        """Return the name of a generic item, topic or life event."""
        return self.items.get(code) or Localized(code)

    def label(self, scheme: str, code: str) -> Localized:
        """Return what a code of one of the lists is called."""
        return self.item(code) if scheme in _ENTRIES else label(scheme, code)

    def area(self, body: Body) -> Body:
        """Return the nearest area that a body stands in, itself if it governs one."""
        above = [self.body(code) for code in reversed(body.path)]
        return next((each for each in above if each.kind in AREAS), body)

    async def load(self, ask: Ask, turns: Turns, some: Sequence[Shown]) -> None:
        """Read what entries refer to and is not known yet."""
        named = {code for entry in some for code in _named(entry)}
        found = await self._load_bodies(ask, named)
        await self._load_bodies(ask, {code for body in found for code in body.path})
        wanted = {code for entry in some for code in _above(entry)} - self.items.keys()
        if wanted:
            self.items |= {code: Localized(code) for code in wanted}
            self.items |= await turns.take(_names, await ask(_ITEMS, self.day, sorted(wanted)))

    async def _load_bodies(self, ask: Ask, codes: set[str]) -> list[Body]:
        missing = codes - self.bodies.keys()
        found = [_body(row) for row in await ask(_BODIES, sorted(missing))] if missing else []
        self.bodies |= {body.code: body for body in found}
        return found


def _body(row: asyncpg.Record) -> Body:
    name, path = Localized(row["name_zh"], row["name_en"]), tuple(row["path"].split("/"))
    return Body(row["code"], name, row["kind"], path, row["region_code"], row["credit_code"])


def _names(rows: Sequence[asyncpg.Record]) -> dict[str, Localized]:
    items = [msgspec.json.decode(row["shown"], type=_Named) for row in rows]
    return {item.code: item.name for item in items if item.name is not None}


def _above(entry: Shown) -> Iterable[str]:
    yield entry.item
    yield from entry.topics or ()
    yield from entry.local_topics or ()
    yield from entry.life_events or ()


def _named(entry: Shown) -> Iterable[str]:
    yield from entry.authority.path
    yield entry.area
    yield from entry.joint_organisations or ()
    yield from (each.organisation for each in entry.locations or () if each.organisation)
    if entry.entrusted_organisation:
        yield entry.entrusted_organisation
