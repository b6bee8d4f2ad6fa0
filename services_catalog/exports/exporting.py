"""The catalogue as documents of two standards, in pieces: CPSV-AP 3.2 (JSON-LD) and HSDS 3 (JSON).

Whatever the catalogue's size, an export is read and built a hundred entries at a time, in a thread, and one export
after the other; and there are only so many of them (services_catalog.exports.turns).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from typing import Literal

import asyncpg
import msgspec

from kernel.clock import Clock
from services_catalog.exports.cpsv_ap.context import CONTEXT
from services_catalog.exports.cpsv_ap.service import describe
from services_catalog.exports.hsds.record import Record, Writer
from services_catalog.exports.hsds.service import listed, nested
from services_catalog.exports.identities import Identities
from services_catalog.exports.public import AT_ONCE, Batch, PublicEntries
from services_catalog.exports.turns import Places, Turns
from services_catalog.reading.shown import Shown

HSDS_VERSION = "3.1"
Language = Literal["zh", "en"]
Write = Callable[[Shown, Writer], Record]

_STREAMS = 8  # each holds up to 8 MB (docs/decisions/0054-standard-exports.md)
_SINGLE = 32  # pages and services: a page of 100 takes 0.15 s, so the last of them waits some seconds

_encode = msgspec.json.Encoder().encode


class Pieces(AsyncIterator[bytes]):
    """An export under way. Whoever does not read it to its end closes it, which gives its place back."""

    def __init__(self, first: bytes | None, rest: AsyncGenerator[bytes]) -> None:
        self._first = first
        self._rest = rest

    async def __anext__(self) -> bytes:
        first, self._first = self._first, None
        return await anext(self._rest) if first is None else first

    async def aclose(self) -> None:
        """End it."""
        await self._rest.aclose()


class Exports:
    """The exports of one platform, which is known by its URL."""

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", clock: Clock, platform: str, at_once: int = AT_ONCE
    ) -> None:
        self._turns = Turns()
        self._streams, self._single = Places(_STREAMS), Places(_SINGLE)
        self._entries = PublicEntries(pool, clock, self._turns, at_once)
        self._identities = Identities(platform)
        self._codes: dict[str, str] = {}  # by identifier, as they were at a state
        self._codes_of = ""
        self._finding = asyncio.Lock()

    async def state(self) -> str:
        """Return what changes whenever an export may."""
        return await self._entries.state()

    async def cpsv_ap(self) -> Pieces:
        """Return the JSON-LD document of all services in pieces. What several refer to stands before the first of them.

        Raises ExportBusyError, CatalogueUnavailableError.
        """
        return await _begun(self._cpsv_ap())

    async def hsds_lines(self, language: Language, *, full: bool) -> Pieces:
        """Return every service as a line of JSON. Raises ExportBusyError, CatalogueUnavailableError."""
        return await _begun(self._hsds_lines(language, nested if full else listed))

    async def hsds_page(self, number: int, size: int, language: Language, *, full: bool) -> bytes:
        """Return a page of services, as HSDS's API has pages. Raises ExportBusyError, CatalogueUnavailableError."""
        with self._single.one():
            total = await self._entries.count()
            batch = await self._entries.page(number, size)
            pages = -(-total // size)
            about = {
                "total_items": total,
                "total_pages": pages,
                "page_number": number,
                "size": len(batch.entries),
                "first_page": number == 1,
                "last_page": number >= pages,
                "empty": not batch.entries,
            }
            return await self._turns.take(self._page, about, batch, language, nested if full else listed)

    async def hsds_service(self, identifier: str, language: Language) -> bytes | None:
        """Return one service with all that belongs to it, None if there is none of this identifier.

        Raises ExportBusyError, CatalogueUnavailableError.
        """
        with self._single.one():
            code = await self._code(identifier)
            batch = await self._entries.one(code) if code is not None else None
            if batch is None or not batch.entries:
                return None
            return (await self._turns.take(self._service_lines, batch, language, nested)).rstrip()

    async def _code(self, identifier: str) -> str | None:
        """Return a service's code: an identifier cannot be turned back into it, but what it was of it stays of.

        So all are read anew only for one that is not known, once a change.
        """
        if identifier not in self._codes:
            async with self._finding:
                state = await self.state()
                if self._codes_of != state:
                    codes = await self._entries.codes()
                    self._codes = await self._turns.take(self._by_identifier, codes)
                    self._codes_of = state
        return self._codes.get(identifier)

    async def _cpsv_ap(self) -> AsyncGenerator[bytes]:
        with self._streams.one():
            known: set[str] = set()
            begun = False
            yield b'{"@context":' + _encode(CONTEXT) + b',"@graph":['
            async for batch in self._entries.batches():
                lines = await self._turns.take(self._graph_lines, batch, known)
                yield (b",\n" if begun else b"\n") + lines
                begun = True
            yield b"\n]}\n"

    async def _hsds_lines(self, language: Language, write: Write) -> AsyncGenerator[bytes]:
        with self._streams.one():
            async for batch in self._entries.batches():
                yield await self._turns.take(self._service_lines, batch, language, write)

    def _by_identifier(self, codes: Iterable[str]) -> dict[str, str]:
        return {self._identities.service(code): code for code in codes}

    def _page(self, about: Mapping[str, object], batch: Batch, language: Language, write: Write) -> bytes:
        return _encode({**about, "contents": self._services(batch, language, write)})

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


async def _begun(pieces: AsyncGenerator[bytes]) -> Pieces:
    """Return pieces, the first of which is there already: what keeps it away is said before an answer begins."""
    return Pieces(await anext(pieces, None), pieces)
