"""The catalogue's API, answered: a target such as ``/search?text=结婚`` to JSON.

Answers are kept per process while nothing changes: the same question of the same revision has the same answer on the
same day of China's, but for what is open now, which is not kept.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from itertools import count
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import UNSET, Struct, UnsetType

from kernel.clock import CHINA, Clock
from services_catalog.organisations.errors import UnknownOrganisationError
from services_catalog.reading.life_events import life_event, life_events, topics
from services_catalog.reading.shelf import Shelf
from services_catalog.reading.shown import holds
from services_catalog.reading.wire import plain
from services_catalog.search.query import Hit, Query

_KEPT_BYTES = 64 * 2**20
_BYTES_OF_A_KEPT_ANSWER = 400  # beside its target and its body
_NONE = b"null"
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)  # services_catalog.entries.words.Code
_FILTERS = ("audience", "topic", "channel", "host", "level")

Given = Mapping[str, str]
_Moment = tuple[int, date]


class _Dates(Struct, rename="camel"):
    """The days of an entry as it was written for front ends."""

    effective_from: date | UnsetType = UNSET
    withdraw_on: date | UnsetType = UNSET


_dates = msgspec.json.Decoder(_Dates).decode


class Answer(NamedTuple):
    """JSON, and a ``tag`` that no other answer of this process has; empty for one that is not kept."""

    tag: bytes
    body: bytes


class Answering:
    """The answers of one process."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock
        self._paths: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._kept: OrderedDict[str, tuple[_Moment, Answer]] = OrderedDict()
        self._numbers = count(1)
        self._size = 0
        self._ways: dict[str, Callable[[Given], Awaitable[bytes]]] = {
            "/search": self._search,
            "/suggest": self._suggest,
            "/home": self._home,
            "/topics": self._topics,
            "/life-events": self._life_events,
        }

    async def answer(self, target: str) -> Answer:
        """Return the JSON at a target of the catalogue's API. Raises YiwangError."""
        known, moment = self._kept.get(target), self._moment()
        if known is not None and known[0] == moment:
            self._kept.move_to_end(target)
            return known[1]
        path, _, query = target.partition("?")
        given = dict(parse_qsl(query, keep_blank_values=True))
        way = self._ways.get(path)
        body = await (way(given) if way else self._one(path, given))
        if "open" in given or body == _NONE:  # of unknown codes there are as many as anybody makes up
            return Answer(b"", body)
        return self._keep(target, moment, body)

    def _moment(self) -> _Moment:
        """Return what an answer holds for: a state of the entries, and a day, as entries begin and end with days."""
        return self._shelf.generation, self._clock.now().astimezone(CHINA).date()

    async def _one(self, path: str, given: Given) -> bytes:
        kind, _, code = path.removeprefix("/").partition("/")
        code = unquote(code)
        if not _CODE.fullmatch(code):
            return _NONE
        if kind == "life-events":
            return await life_event(self._shelf, self._clock.now(), await self._path(given), code)
        if code in self._shelf.together:
            return _NONE
        body = (await self._shelf.entries([code])).get(code, _NONE)
        return body if body == _NONE or holds(_dates(body), self._clock.now()) else _NONE

    async def _topics(self, _given: Given) -> bytes:
        return topics(self._shelf, self._clock.now())

    async def _life_events(self, given: Given) -> bytes:
        return life_events(self._shelf, self._clock.now(), await self._path(given), given.get("audience") or None)

    async def _search(self, given: Given) -> bytes:
        found = await asyncio.to_thread(self._shelf.index.search, await self._query(given))
        bodies = await self._shelf.entries([hit.code for hit in found.hits])
        hits = b",".join(_hit(hit, bodies[hit.code]) for hit in found.hits if hit.code in bodies)
        rest = {"total": found.total, "facets": plain(found.facets), "didYouMean": found.did_you_mean}
        return b'{"hits":[' + hits + b"]," + msgspec.json.encode(rest)[1:]

    async def _suggest(self, given: Given) -> bytes:
        found = await asyncio.to_thread(self._shelf.index.suggest, await self._query(given))
        return msgspec.json.encode({"suggestions": plain(found)})

    async def _home(self, given: Given) -> bytes:
        query = msgspec.structs.replace(await self._query(given), facets=True)
        found = await asyncio.to_thread(self._shelf.index.search, query)
        bodies = await self._shelf.entries([hit.code for hit in found.hits])
        counted = found.facets
        rest = {
            "topics": plain(counted.topic if counted else ()),
            "audiences": plain(counted.audience if counted else ()),
            "total": found.total,
        }
        popular = b",".join(bodies[hit.code] for hit in found.hits if hit.code in bodies)
        return b'{"popular":[' + popular + b"]," + msgspec.json.encode(rest)[1:]

    async def _query(self, given: Given) -> Query:
        now = self._clock.now()
        near = (given.get("near[longitude]"), given.get("near[latitude]"))
        return Query(
            at=now,
            text=given.get("text", ""),
            district=await self._path(given),
            life_event=given.get("lifeEvent") or None,
            near=(float(near[0]), float(near[1])) if near[0] and near[1] else None,
            open_at=now if given.get("open") == "true" else None,
            first=int(given.get("first", "20")),
            after=given.get("after") or None,
            facets=given.get("facets") == "true",
            reasons=given.get("reasons") == "true",
            **{name: given.get(name) or None for name in _FILTERS},
        )

    async def _path(self, given: Given) -> tuple[str, ...]:
        """Return the resident's district and those above it, itself first. Raises UnknownOrganisationError."""
        code = given.get("district", "")
        if not code:
            return ()
        tree = self._shelf.tree
        known = self._paths.get(code)
        if known is None or known[0] != tree:
            path = await self._shelf.path(code) if _CODE.fullmatch(code) else None
            if path is None:
                raise UnknownOrganisationError(
                    f"There is no organisation {code!r}", fix="Give the code of the resident's district or town."
                )
            known = self._paths[code] = tree, tuple(reversed(path.split("/")))
        return known[1]

    def _keep(self, target: str, moment: _Moment, body: bytes) -> Answer:
        before = self._kept.pop(target, None)
        self._size += _weight(target, body) - (_weight(target, before[1].body) if before else 0)
        answer = Answer(b'"%d"' % next(self._numbers), body)
        self._kept[target] = moment, answer
        while self._size > _KEPT_BYTES and len(self._kept) > 1:
            gone, (_, old) = self._kept.popitem(last=False)
            self._size -= _weight(gone, old.body)
        return answer


def _weight(target: str, body: bytes) -> int:
    return len(target) + len(body) + _BYTES_OF_A_KEPT_ANSWER


def _hit(hit: Hit, body: bytes) -> bytes:
    rest = {"score": hit.score, "cursor": hit.cursor, "metres": hit.metres, "reasons": plain(hit.reasons)}
    return b'{"entry":' + body + b"," + msgspec.json.encode(rest)[1:]
