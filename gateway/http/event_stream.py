"""Server-Sent Events (HTML standard, section 9.2): how every stream of ours is framed, kept alive and counted.

Each event has an id by its content, so that who comes back with ``Last-Event-ID`` is not sent what they know.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from litestar.response import Stream

from gateway.errors import NotAcceptableError, StreamsFullError
from gateway.http.departments import AnyRequest

RETRY_MILLISECONDS = 2000
QUIET_SECONDS = 15.0  # then a comment: below the 60 s after which load balancers close what is idle
MOST = 2000  # streams of one process, a fifth of its connections

MEDIA_TYPE = "text/event-stream"
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}  # nginx would hold events back


class Event(NamedTuple):
    """One event as it is sent."""

    id: str
    sent: bytes


def event(name: str, data: bytes, of: bytes = b"") -> Event:
    """Return an event whose data are on one line, as JSON is; ``of``: what tells it from others, if not all of them."""
    identity = hashlib.sha256(of or data).hexdigest()[:16]
    return Event(identity, b"event: %b\nid: %b\ndata: %b\n\n" % (name.encode(), identity.encode(), data))


def check_accepts(request: AnyRequest) -> None:
    """Refuse who does not ask for events. Raises NotAcceptableError."""
    if MEDIA_TYPE not in request.headers.get("accept", ""):
        raise NotAcceptableError("This path answers with events", fix=f"Send Accept: {MEDIA_TYPE}.")


def streamed(parts: AsyncIterator[bytes]) -> Stream:
    """Answer with a stream."""
    return Stream(parts, media_type=MEDIA_TYPE, headers=_HEADERS)


async def kept_alive(events: AsyncGenerator[Event, None], known: str) -> AsyncGenerator[bytes, None]:
    """Yield a stream's bytes: its events, and comments while there is none.

    ``known`` is the id of what need not be sent first. The events' generator is closed at the end.
    """
    coming: asyncio.Future[Event | None] | None = None
    try:
        yield b"retry: %d\n\n" % RETRY_MILLISECONDS
        while True:
            coming = coming or asyncio.ensure_future(anext(events, None))
            done, _ = await asyncio.wait({coming}, timeout=QUIET_SECONDS)
            if not done:
                yield b":\n\n"
                continue
            found, coming = coming.result(), None
            if found is None:
                return
            if found.id != known:
                yield found.sent
            known = ""
    finally:
        if coming is not None:
            coming.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await coming
        with suppress(Exception):
            await events.aclose()


class Streams:
    """The streams that are open in one process, by whose they are."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def refuse_if_full(self, whose: str, most: int) -> None:
        """Raise StreamsFullError if one has ``most`` streams, or the process as many as it may."""
        if self._open[whose] >= most or self._open.total() >= MOST:
            raise StreamsFullError(f"There are {most} streams of yours, or {MOST} in all", fix="Close some.")

    @contextmanager
    def counted(self, whose: str, most: int) -> Iterator[None]:
        """Count a stream while the block lasts. Raises StreamsFullError.

        To be entered by what sends it: one that is not read, after HEAD, would never be given back. So of those that
        were let in at once some are refused here.
        """
        self.refuse_if_full(whose, most)
        self._open[whose] += 1
        try:
            yield
        finally:
            self._open[whose] -= 1
            self._open += Counter()  # forgets those at nought
