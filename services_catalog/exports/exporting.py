"""The catalogue as documents of two standards, in pieces: CPSV-AP 3.2 (JSON-LD) and HSDS 3 (JSON).

Whatever the catalogue's size, an export is built a hundred entries at a time, in a thread, and one export after the
other: so they leave the process to those who ask for answers.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Literal, ParamSpec, TypeVar

import asyncpg
import msgspec

from services_catalog.exports.cpsv_ap.context import CONTEXT
from services_catalog.exports.cpsv_ap.service import describe
from services_catalog.exports.hsds.record import Record, Writer
from services_catalog.exports.hsds.service import listed, nested
from services_catalog.exports.identities import Identities
from services_catalog.exports.public import AT_ONCE, Batch, PublicEntries
from services_catalog.reading.shown import Shown

HSDS_VERSION = "3.1"
Language = Literal["zh", "en"]
Write = Callable[[Shown, Writer], Record]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_encode = msgspec.json.Encoder().encode


class Exports:
    """The exports of one platform, which is known by its URL."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", platform: str, at_once: int = AT_ONCE) -> None:
        self._entries = PublicEntries(pool, at_once)
        self._identities = Identities(platform)
        self._turn = asyncio.Semaphore(1)
        self._codes: tuple[str, dict[str, str]] = "", {}  # by identifier, of a state

    async def state(self) -> str:
        """Return what changes whenever an export may."""
        return await self._entries.state()

    async def cpsv_ap(self) -> AsyncIterator[bytes]:
        """Yield the JSON-LD document of all services. What several refer to stands before the first that does."""
        known: set[str] = set()
        begun = False
        yield b'{"@context":' + _encode(CONTEXT) + b',"@graph":['
        async for batch in self._entries.batches():
            lines = await self._built(self._graph_lines, batch, known)
            yield (b",\n" if begun else b"\n") + lines
            begun = True
        yield b"\n]}\n"

    async def hsds_lines(self, language: Language, *, full: bool) -> AsyncIterator[bytes]:
        """Yield every service as a line of JSON."""
        async for batch in self._entries.batches():
            yield await self._built(self._service_lines, batch, language, nested if full else listed)

    async def hsds_page(self, number: int, size: int, language: Language, *, full: bool) -> bytes:
        """Return a page of services, as HSDS's API has pages."""
        total = await self._entries.count()
        batch = await self._entries.page(number, size)
        services = await self._built(self._services, batch, language, nested if full else listed)
        pages = -(-total // size)
        return _encode(
            {
                "total_items": total,
                "total_pages": pages,
                "page_number": number,
                "size": len(services),
                "first_page": number == 1,
                "last_page": number >= pages,
                "empty": not services,
                "contents": services,
            }
        )

    async def hsds_service(self, identifier: str, language: Language) -> bytes | None:
        """Return one service with all that belongs to it, None if there is none of this identifier."""
        code = (await self._by_identifier()).get(identifier)
        batch = await self._entries.one(code) if code is not None else None
        if batch is None or not batch.entries:
            return None
        return _encode(self._services(batch, language, nested)[0])

    async def _by_identifier(self) -> dict[str, str]:
        """Return the services' codes; made anew after a change: an identifier cannot be turned back into a code."""
        state = await self.state()
        if self._codes[0] != state:
            codes = await self._entries.codes()
            self._codes = (
                state,
                await asyncio.to_thread(lambda: {self._identities.service(code): code for code in codes}),
            )
        return self._codes[1]

    async def _built(self, build: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        async with self._turn:
            return await asyncio.to_thread(build, *args, **kwargs)

    def _graph_lines(self, batch: Batch, known: set[str]) -> bytes:
        lines = []
        for entry in batch.entries:
            graph = describe(entry, self._identities, batch.around)
            lines += [node for identifier, node in graph.shared.items() if identifier not in known]
            known |= graph.shared.keys()
            lines += graph.own.values()
        return b",\n".join(map(_encode, lines))

    def _service_lines(self, batch: Batch, language: Language, write: Write) -> bytes:
        return b"".join(_encode(each) + b"\n" for each in self._services(batch, language, write))

    def _services(self, batch: Batch, language: Language, write: Write) -> list[Record]:
        writer = Writer(self._identities, batch.around, language)
        return [write(entry, writer) for entry in batch.entries]
