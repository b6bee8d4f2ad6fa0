"""``GET /halls/{office}/events``: a hall as it stands, at once and whenever it changes, by Server-Sent Events.

Each event is the whole hall, named by how much of it is shown: ``hall`` to who serves there, ``screen`` to a display.
Who asks is looked at before each one and several times a minute; who may no more is told ``refused``, and cut off.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from flows.appointments.hall.viewing import HallView
from gateway.errors import StreamsFullError
from gateway.http.departments import DATABASE_ERRORS, REFUSALS, AnyRequest
from gateway.http.event_stream import Event, Streams, check_accepts, event, kept_alive, streamed
from gateway.http.halls.asking import HallDesk
from gateway.http.staff import staff
from kernel.errors import YiwangError
from kernel.watching import Watch

LOOK_SECONDS = 12.0  # however little happens
MOST_OF_ONE = 30  # streams of one credential in one process: the screens of a house

_log = logging.getLogger(__name__)


class HallStreams:
    """The streams of halls in one gateway process."""

    def __init__(self, desk: HallDesk, watch: Watch, streams: Streams) -> None:
        self._desk, self._watch, self._streams = desk, watch, streams

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
        known = ""
        async with self._watch.changes_of(office) as changes:
            while True:
                try:
                    found = await self._event(request, office)
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

    async def _event(self, request: AnyRequest, office: str) -> Event:
        """Return the hall as it stands, by an id of that alone, with the time for whoever counts seconds."""
        async with self._desk.database.session() as session:
            hall = await self._desk.shown(session, request, office)
        name = "hall" if isinstance(hall, HallView) else "screen"
        data = msgspec.json.encode({"now": self._desk.clock.now(), "hall": hall})
        return event(name, data, of=msgspec.json.encode(hall))


def _refused(error: YiwangError) -> Event:
    said = {"code": error.code, "message": error.message, "fix": error.fix}
    return event("refused", msgspec.json.encode({"error": said}))
