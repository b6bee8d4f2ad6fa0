"""The catalogue's API, answered: a target such as ``/search?text=结婚`` to JSON.

Answers are kept per process until something changes that they depend on (services_catalog.reading.changes), the
district moves, or time passes that they tell of.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import Struct

from kernel.clock import CHINA, Clock
from kernel.lru import LRUCache
from services_catalog.entries.words import is_code
from services_catalog.organisations.errors import UnknownOrganisationError
from services_catalog.reading.changes import ANYTHING, Changes, Tag, tags_of
from services_catalog.reading.life_events import life_event, life_events, topics
from services_catalog.reading.shared import Found, SharedAnswers, name_of
from services_catalog.reading.shelf import Answer, CatalogueUnavailableError, Shelf
from services_catalog.reading.wire import plain
from services_catalog.search.query import Answer as IndexAnswer
from services_catalog.search.query import Hit, Query

_KEPT_BYTES = 64 * 2**20
_BYTES_OF_A_KEPT_ANSWER = 400  # beside its target and its body
_NONE = Answer(b"", b"null")  # of unknown codes there are as many as anybody makes up
_ENTRIES = "/entries/"
_LIFE_EVENTS = "/life-events/"
_OF_THE_INDEX = ("/search", "/suggest", "/home")
_AT_A_TIME = 2  # questions to the index: of many at once each would take as long as all; a long one holds up nobody
_FILTERS = ("audience", "topic", "channel", "host", "level")

Given = Mapping[str, str]
Told = TypeVar("Told")


class _Kept(Struct):
    """An answer, and while what it holds."""

    answer: Answer
    changes: Changes
    revision: int  # of the catalogue, at which it is known to hold
    tags: tuple[Tag, ...]
    until: float
    district: str
    path: tuple[str, ...]


class Answering:
    """The answers of one process."""

    def __init__(self, shelf: Shelf, shared: SharedAnswers, clock: Clock) -> None:
        self._shelf = shelf
        self._shared = shared
        self._clock = clock
        self._turns = asyncio.Semaphore(_AT_A_TIME)
        self._paths: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._kept: LRUCache[str, _Kept] = LRUCache(_KEPT_BYTES)
        self._ways: dict[str, Callable[[Query, float], Awaitable[bytes]]] = {
            "/search": self._search,
            "/suggest": self._suggest,
            "/home": self._home,
            "/topics": self._topics,
            "/life-events": self._life_events,
        }

    async def answer(self, target: str) -> Answer:
        """Return the JSON at a target of the catalogue's API. Raises YiwangError."""
        if target.startswith(_ENTRIES):
            code = target.removeprefix(_ENTRIES)
            return self._today(self._shelf.kept(code) or await self._entry(unquote(code)))
        known = self._kept.get(target)
        if known is not None and await self._holds(known):
            return known.answer
        revision, changes = self._shelf.revision, self._shelf.changes
        path, _, query = target.partition("?")
        given = dict(parse_qsl(query, keep_blank_values=True))
        asked = await self._query(given)
        until = _until(asked.at, minute="open" in given)
        if path.startswith(_LIFE_EVENTS):
            body = await self._life_event(asked, unquote(path.removeprefix(_LIFE_EVENTS)))
        else:
            body = await self._ways[path](asked, until)
        if body == _NONE.body:
            return _NONE
        answer = Answer(self._shelf.tag(), body)
        tags = tags_of(asked) if path in _OF_THE_INDEX else (ANYTHING,)
        kept = _Kept(answer, changes, revision, tags, until, given.get("district", ""), asked.district)
        self._kept.put(target, kept, len(target) + len(answer.body) + _BYTES_OF_A_KEPT_ANSWER)
        return answer

    def _today(self, entry: Answer) -> Answer:
        """Return an entry if it holds today, in China's time."""
        if entry.since == date.min and entry.until == date.max:
            return entry
        return entry if entry.since <= self._clock.now().astimezone(CHINA).date() < entry.until else _NONE

    async def _holds(self, known: _Kept) -> bool:
        """Return whether an answer is what would be answered now."""
        shelf = self._shelf
        if known.changes is not shelf.changes or self._clock.now().timestamp() >= known.until:
            return False
        if known.revision < shelf.revision:
            if shelf.changes.concern(known.tags, known.revision):
                return False
            known.revision = shelf.revision
        return not known.district or await self._path(known.district) == known.path

    async def _entry(self, code: str) -> Answer:
        if not is_code(code) or code in self._shelf.together:
            return _NONE
        return (await self._shelf.entries([code])).get(code, _NONE)

    async def _topics(self, query: Query, _: float) -> bytes:
        return topics(self._shelf, query.at)

    async def _life_events(self, query: Query, _: float) -> bytes:
        return life_events(self._shelf, query.at, query.district, query.audience)

    async def _life_event(self, query: Query, code: str) -> bytes:
        return await life_event(self._shelf, query.at, query.district, code)

    async def _search(self, query: Query, until: float) -> bytes:
        found = await self._found(query, until)
        bodies = await self._shelf.entries([hit.code for hit in found.hits])
        hits = b",".join(_hit(hit, bodies[hit.code].body) for hit in found.hits if hit.code in bodies)
        rest = {"total": found.total, "facets": plain(found.facets), "didYouMean": found.did_you_mean}
        return b'{"hits":[' + hits + b"]," + msgspec.json.encode(rest)[1:]

    async def _suggest(self, query: Query, _: float) -> bytes:
        return msgspec.json.encode({"suggestions": plain(await self._ask(self._shelf.index.suggest, query))})

    async def _home(self, query: Query, until: float) -> bytes:
        found = await self._found(msgspec.structs.replace(query, facets=True), until)
        bodies = await self._shelf.entries([hit.code for hit in found.hits])
        counted = found.facets
        rest = {
            "topics": plain(counted.topic if counted else ()),
            "audiences": plain(counted.audience if counted else ()),
            "total": found.total,
        }
        popular = b",".join(bodies[hit.code].body for hit in found.hits if hit.code in bodies)
        return b'{"popular":[' + popular + b"]," + msgspec.json.encode(rest)[1:]

    async def _found(self, query: Query, until: float) -> IndexAnswer:
        """Return what the index answers, or has answered to another process.

        What is open is each process's own to say: it goes by the duty calendars that it has read.
        """
        shelf = self._shelf
        if query.open_at is not None:
            return await self._ask(shelf.index.search, query)
        name, revision, changes = name_of(shelf.name, query, until), shelf.revision, shelf.changes
        known = await self._shared.get(name)
        if known and known.revision <= revision and not changes.concern(tags_of(query), known.revision):
            return known.answer
        found = await self._ask(shelf.index.search, query)
        self._shared.put(name, Found(revision, found))
        return found

    async def _ask(self, ask: Callable[[Query], Told], query: Query) -> Told:
        async with self._turns:
            return await asyncio.to_thread(ask, query)

    async def _query(self, given: Given) -> Query:
        now = self._clock.now()
        near = (given.get("near[longitude]"), given.get("near[latitude]"))
        return Query(
            at=now,
            text=given.get("text", ""),
            district=await self._path(given.get("district", "")),
            life_event=given.get("lifeEvent") or None,
            near=(float(near[0]), float(near[1])) if near[0] and near[1] else None,
            open_at=now if given.get("open") == "true" else None,
            first=int(given.get("first", "20")),
            after=given.get("after") or None,
            facets=given.get("facets") == "true",
            reasons=given.get("reasons") == "true",
            **{name: given.get(name) or None for name in _FILTERS},
        )

    async def _path(self, code: str) -> tuple[str, ...]:
        """Return the resident's district and those above it, itself first. Raises UnknownOrganisationError."""
        if not code:
            return ()
        tree = self._shelf.tree
        known = self._paths.get(code)
        if known is not None and known[0] == tree:
            return known[1]
        try:
            path = await self._shelf.path(code) if is_code(code) else None
        except CatalogueUnavailableError:
            if known is None:
                raise
            return known[1]  # where it was is better than nothing
        if path is None:
            raise UnknownOrganisationError(
                f"There is no organisation {code!r}", fix="Give the code of the resident's district or town."
            )
        known = self._paths[code] = tree, tuple(reversed(path.split("/")))
        return known[1]


def _until(at: datetime, *, minute: bool) -> float:
    """Return until when an answer of a moment holds: places open by the minute, entries come and go at midnight."""
    now = at.astimezone(CHINA)
    if minute:
        return (now.replace(second=0, microsecond=0) + timedelta(minutes=1)).timestamp()
    return datetime.combine(now.date() + timedelta(days=1), time(), CHINA).timestamp()


def _hit(hit: Hit, body: bytes) -> bytes:
    rest = {"score": hit.score, "cursor": hit.cursor, "metres": hit.metres, "reasons": plain(hit.reasons)}
    return b'{"entry":' + body + b"," + msgspec.json.encode(rest)[1:]
