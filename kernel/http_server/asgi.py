"""One request and its answer for an ASGI application, version 2.4 of its HTTP specification.

https://asgi.readthedocs.io/en/latest/specs/www.html

Of what is optional nothing is offered: no WebSocket, no trailers, no push.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import unquote

from kernel.http_server.framing import Framing
from kernel.http_server.request import Headers, Request
from kernel.http_server.response import DEFECT, refusal, whole

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[
    [Any, Any, Any], Awaitable[None]
]  # of scope, receive and send; each framework types them its way

_log = logging.getLogger(__name__)

_BUFFER = 64 * 1024  # bytes of a request's body that the application has not taken


class ClientGoneError(OSError):
    """The client has closed the connection: nobody is there to send to."""


class MessageError(RuntimeError):
    """The application sent something that ASGI or HTTP does not allow at this point."""


class Serving(Protocol):
    """What an exchange asks of the server: the Date line, and whether it stops."""

    date: bytes
    stopping: bool


class Carrier(Protocol):
    """What an exchange asks of its connection."""

    transport: asyncio.Transport | None

    @property
    def server(self) -> Serving: ...
    def write(self, data: bytes) -> None: ...
    def invite(self, request: Request) -> None: ...
    def keeps(self, request: Request) -> bool: ...
    def go_on(self) -> None: ...
    async def drain(self) -> None: ...
    def finish(self, *, keep: bool) -> None: ...
    def abort(self) -> object: ...


class Exchange:
    """The ``receive`` and ``send`` of one request."""

    def __init__(self, connection: Carrier, request: Request) -> None:
        self._connection = connection
        self._request = request
        self._consumed = 0  # bytes of the body
        self._at_end = False  # of the body
        self._news = asyncio.Event()
        self._gone = False
        self._head: tuple[int, Headers] | None = None  # held back until the first part of the answer's body is known
        self._framing: Framing | None = None  # from that part on
        self._finished = False
        request.on_arrival = self._news.set

    @property
    def started(self) -> bool:
        """Whether a part of the answer is sent."""
        return self._framing is not None

    def is_full(self) -> bool:
        """Whether the application has to take some of the body before more is read."""
        return self._request.received - self._consumed > _BUFFER

    def disconnect(self) -> None:
        """Tell the application that the client is gone."""
        self._gone = True
        self._news.set()

    def stop(self) -> None:
        """End a stream of events, which has no end of its own and whose client comes back by itself."""
        if self._framing is not None and self._framing.is_stream and not self._finished:
            self._end(self._framing)

    async def run(self, app: Application, state: dict[str, Any]) -> None:
        """Let the application answer; answer for it if it does not."""
        try:
            await app(self._scope(state), self._receive, self._send)
        except asyncio.CancelledError:
            self._connection.abort()
            raise
        except Exception as error:  # noqa: BLE001 - the edge: whatever an application raises is logged and answered
            if not (self._gone and isinstance(error, ClientGoneError)):
                _log.exception("the application failed at %s", self._request.path.decode())
        else:
            if not self._finished and not self._gone:
                _log.error("the application did not answer %s to the end", self._request.path.decode())
        if not self._finished and not self._gone:
            self._answer_defect()

    def _scope(self, state: dict[str, Any]) -> Scope:
        request, transport = self._request, self._connection.transport
        assert transport is not None  # noqa: S101 - exchanges begin on live connections
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": request.version,
            "method": request.method,
            "scheme": "https" if transport.get_extra_info("sslcontext") else "http",
            "path": unquote(request.path.decode("ascii")),
            "raw_path": request.path,
            "query_string": request.query,
            "root_path": "",
            "headers": request.headers,
            "client": (transport.get_extra_info("peername") or (None,))[:2],
            "server": transport.get_extra_info("sockname")[:2],
            "state": state.copy(),
        }

    async def _receive(self) -> Message:
        request = self._request
        while not self._gone and not self._finished:
            if request.parts or (request.complete and not self._at_end):
                was_full, self._consumed, self._at_end = self.is_full(), request.received, request.complete
                message = {"type": "http.request", "body": request.take(), "more_body": not request.complete}
                if was_full:
                    self._connection.go_on()
                return message
            self._connection.invite(request)
            self._news.clear()
            await self._news.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._gone:
            raise ClientGoneError("the client has closed the connection")
        kind = message["type"]
        if kind == "http.response.start" and self._head is None:
            self._head = message["status"], list(message.get("headers", ()))
        elif kind == "http.response.body" and self._head is not None and not self._finished:
            more = message.get("more_body", False)
            framing = self._write(self._head, bytes(message.get("body", b"")), more=more)
            if not more:
                self._finish(keep=framing.keep)
            elif self._request.method == "HEAD" or (framing.is_stream and self._connection.server.stopping):
                self._end(framing)
            else:
                await self._connection.drain()
        else:
            raise MessageError(f"{kind} is not expected now")

    def _write(self, opening: tuple[int, Headers], body: bytes, *, more: bool) -> Framing:
        connection, framing = self._connection, self._framing
        data = b""
        if framing is None:
            keep = connection.keeps(self._request)
            framing = Framing(self._request, opening, None if more else len(body), connection.server.date, keep=keep)
            data = framing.head
        data += framing.frame(body, last=not more)
        self._framing = framing
        connection.write(data)
        return framing

    def _end(self, framing: Framing) -> None:
        """End the answer where it is, and tell the application that nobody takes the rest."""
        self._connection.write(framing.frame(b"", last=True))
        self._finish(keep=framing.keep)
        self.disconnect()

    def _finish(self, *, keep: bool) -> None:
        self._finished = True
        self._news.set()
        self._connection.finish(keep=keep)

    def _answer_defect(self) -> None:
        connection = self._connection
        if self._framing is not None:
            connection.abort()
            return
        keep = connection.keeps(self._request)
        connection.write(whole(self._request, refusal(DEFECT), connection.server.date, keep=keep))
        self._finish(keep=keep)
