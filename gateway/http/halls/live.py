"""``GET /halls/{office}/events``: a hall as it stands, at once and whenever it changes, by Server-Sent Events.

Each event is the whole hall, named by how much of it is shown: ``hall`` to who serves there, ``screen`` to a display.
Who asks is looked at several times a minute; who may no more is told ``refused``, and cut off.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from time import monotonic

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from flows.appointments.hall.reading_once import Halls
from flows.appointments.hall.viewing import HallView
from gateway.errors import StreamsFullError
from gateway.http.departments import DATABASE_ERRORS, REFUSALS, AnyRequest
from gateway.http.event_stream import Event, Streams, check_accepts, event, kept_alive, streamed
from gateway.http.halls.asking import HallDesk
from gateway.http.halls.showing import Screen, screen_of
from gateway.http.refusing import error_body
from gateway.http.staff import staff
from kernel.errors import YiwangError
from kernel.watching import Watch

LOOK_SECONDS = 12.0  # however little happens
MOST_OF_ONE = 30  # streams of one credential in one process: the screens of a house

_log = logging.getLogger(__name__)


class HallStreams:
    """The streams of halls in one gateway process."""

    def __init__(self, desk: HallDesk, watch: Watch, halls: Halls, streams: Streams) -> None:
        self._desk, self._watch, self._halls, self._streams = desk, watch, halls, streams

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""

        @get("/halls/{office:str}/events", exception_handlers=REFUSALS)
        async def events(request: AnyRequest, office: FromPath[str]) -> Stream:
            """Open a stream. Raises as ``staff`` does, NotAcceptableError, StreamsFullError."""
            check_accepts(request)
            async with self._desk.database.session() as session:
                who = await staff(session, self._desk.clock, request, office, "show_hall")
            self._streams.refuse_if_full(who.actor, MOST_OF_ONE)
            return streamed(self._sent(request, office, who.actor))

        return [events]

    async def _sent(self, request: AnyRequest, office: str, actor: str) -> AsyncIterator[bytes]:
        known = request.headers.get("last-event-id", "")
        try:
            with self._streams.counted(actor, MOST_OF_ONE):
                async with aclosing(kept_alive(self._events(request, office), known)) as parts:
                    async for each in parts:
                        yield each
        except StreamsFullError as error:
            yield _refused(error).sent

    async def _events(self, request: AnyRequest, office: str) -> AsyncGenerator[Event, None]:
        known, looked_at, is_staff = "", -LOOK_SECONDS, False
        async with self._watch.changes_of(office) as changes:
            while True:
                try:
                    if (now := monotonic()) >= looked_at + LOOK_SECONDS:
                        is_staff, looked_at = await self._serves(request, office), now
                    hall = (await self._halls.read(office, changes.version, LOOK_SECONDS)).view
                    found = self._event(hall if is_staff else screen_of(hall))
                except YiwangError as error:
                    yield _refused(error)
                    return
                except DATABASE_ERRORS:  # whoever watches comes again
                    _log.warning("a hall cannot be read; its stream ends", exc_info=True)
                    return
                if found.id != known:
                    known = found.id
                    yield found
                await changes.wait(LOOK_SECONDS)

    async def _serves(self, request: AnyRequest, office: str) -> bool:
        """Say whether the one who asks serves there, and not only sees it. Raises as ``staff`` does."""
        async with self._desk.database.session() as session:
            return await self._desk.serves(session, request, office)

    def _event(self, hall: HallView | Screen) -> Event:
        """Return the hall as it stands, by an id of that alone, with the time for whoever counts seconds."""
        name = "hall" if isinstance(hall, HallView) else "screen"
        data = msgspec.json.encode({"now": self._desk.clock.now(), "hall": hall})
        return event(name, data, of=msgspec.json.encode(hall))


def _refused(error: YiwangError) -> Event:
    return event("refused", msgspec.json.encode(error_body(error)))
