"""One client's connection: one request at a time, answers in order (RFC 9112 §9), nothing unbounded.

What arrives while a request is being answered waits unread. The work per request is kept to what cannot be left out,
because this is the gateway's largest fixed cost: docs/decisions/0031-http-server.md.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol

from kernel.http_server.asgi import Exchange
from kernel.http_server.limits import Limits
from kernel.http_server.reader import RequestReader
from kernel.http_server.request import Direct, RefusedError, Request
from kernel.http_server.response import CONTINUE, DEFECT, refusal, whole

_log = logging.getLogger(__name__)

_SLICE = 16 * 1024  # parsed at once, so that a read full of tiny requests is not unfolded whole
_IDLE, _HEAD, _BODY, _ANSWERING, _ENDING = range(5)


class Owner(Protocol):
    """What a connection asks of its server, whose every sweep renews ``now`` and ``date`` and calls ``check``."""

    direct: Mapping[bytes, Direct]
    limits: Limits
    loop: asyncio.AbstractEventLoop
    now: float
    date: bytes
    stopping: bool

    def admit(self, connection: "Connection") -> bool: ...
    def forget(self, connection: "Connection") -> None: ...
    def begin(self, exchange: Exchange) -> asyncio.Task[None]: ...


class Connection(RequestReader, asyncio.Protocol):
    """``_phase`` says what we wait for, ``_since`` from when on."""

    def __init__(self, server: Owner) -> None:
        super().__init__(server.direct, server.limits)
        self.server = server
        self._unparsed = b""
        self._current: Request | None = None  # is being answered
        self._task: asyncio.Task[None] | None = None
        self._exchange: Exchange | None = None  # if an ASGI application answers it
        self._paused = False  # reading
        self._drained: asyncio.Event | None = None  # there while the client does not take what is written
        self._ended = False  # the client has ended its side
        self._phase = _HEAD
        self._since = self._progress = server.now
        self._base = 0  # of the body, received before ``_since``
        self._unsent = 0
        self.transport: asyncio.Transport | None = None

    # --- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a stream protocol gets a stream transport
        if not self.server.admit(self):
            self._refuse(RefusedError(503, "the server has as many connections as it may"), linger=False)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.server.forget(self)
        self._phase = _ENDING
        self.forget()
        self.transport = None
        if self._drained is not None:
            self._drained.set()
        if self._exchange is not None:
            self._exchange.disconnect()
        elif self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._phase == _ENDING:
            return
        if self._phase == _IDLE:
            self._phase, self._since = _HEAD, self.server.now
        self._unparsed += data
        self._parse()

    def eof_received(self) -> bool:
        """Keep our side open only for an answer that is on its way; ``check`` says for how long."""
        self._ended = True
        self._since = self.server.now
        return self._phase == _ANSWERING and self.transport is not None and self.transport.can_write_eof()

    def pause_writing(self) -> None:
        self._drained = asyncio.Event()

    def resume_writing(self) -> None:
        if self._drained is not None:
            self._drained.set()
            self._drained = None
        self.go_on()

    # --- reading

    def _parse(self) -> None:
        """Parse what may be parsed now; keep the rest and stop reading until it may."""
        while self._unparsed and not self._is_busy():
            data = self._unparsed
            piece, self._unparsed = (data, b"") if len(data) <= _SLICE else (data[:_SLICE], data[_SLICE:])
            try:
                self.feed(piece)
            except RefusedError as error:
                self._fail(error)
            self._advance()
        if bool(self._unparsed) != self._paused:
            self._pause(paused=not self._paused)

    def _is_busy(self) -> bool:
        current = self._current
        if current is None:
            return self._drained is not None or self._phase == _ENDING
        return current.complete or (self._exchange is not None and self._exchange.is_full())

    def _pause(self, *, paused: bool) -> None:
        if self.transport is None or self._phase == _ENDING:
            return
        self._paused = paused
        if paused:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()
            self._since, self._base = self.server.now, self.received

    def _fail(self, error: RefusedError) -> None:
        """Refuse what is being read, once everything before it is answered."""
        self._unparsed = b""
        current = self._current
        if current is None or current.complete:
            self.replace(error)
        else:  # an ASGI application has the beginning of it
            self._refuse(error)

    # --- answering

    def _advance(self) -> None:
        """Begin the next answer if there is something to answer and the client takes answers."""
        if self._current is None and self.queue and self._drained is None:
            request = self.queue[0]
            if request.refusal is not None:
                self._refuse(request.refusal)
            elif request.direct is None:
                self._current = self.queue.popleft()
                self._exchange = Exchange(self, request)
                self._task = self.server.begin(self._exchange)
            elif request.complete:
                self._current = self.queue.popleft()
                self._task = self.server.loop.create_task(self._respond(request, request.direct))
            else:
                self.invite(request)
        self._settle()

    def _settle(self) -> None:
        """Note what we wait for now."""
        if self._phase == _ENDING:
            return
        answering = self._current or (self.queue[0] if self.queue else None)
        if answering is not None and answering.complete:
            phase = _ANSWERING
        elif self.reading is not None:
            phase = _BODY
        else:
            phase = _HEAD if self._phase == _HEAD or self.is_in_head else _IDLE
        if phase != self._phase:
            self._phase, self._since, self._base = phase, self.server.now, self.received

    async def _respond(self, request: Request, direct: Direct) -> None:
        try:
            answer = await direct.handler(request.method, request.query, request.fields, request.take())
            keep = self.keeps(request)
            data = whole(request, answer, self.server.date, keep=keep)
        except asyncio.CancelledError:
            self.abort()
            raise
        except Exception:  # noqa: BLE001 - the edge: whatever a handler raises is logged and answered
            _log.exception("the handler of %s failed", request.path.decode())
            keep = self.keeps(request)
            data = whole(request, refusal(DEFECT), self.server.date, keep=keep)
        self.write(data)
        self.finish(keep=keep)

    def keeps(self, request: Request) -> bool:
        """Whether the connection may serve another request after this one."""
        return request.keep_alive and request.complete and not self.server.stopping

    def invite(self, request: Request) -> None:
        """Ask for a body whose client waits to be asked (RFC 9110 §10.1.1)."""
        if request.expects and not request.received:
            self.write(CONTINUE)
        request.expects = False

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    async def drain(self) -> None:
        """Wait until the client has taken enough of what is written, or is gone."""
        if self._drained is not None:
            await self._drained.wait()

    def finish(self, *, keep: bool) -> None:
        """Go on to the next request after an answer, or end."""
        is_unread = bool(self._unparsed) or (self._current is not None and not self._current.complete)
        self._current = self._task = self._exchange = None
        if self._phase == _ENDING:
            return
        self._phase, self._since = _IDLE, self.server.now
        has_more = self._unparsed or (self.queue and self.queue[0].complete)
        if not keep or self.server.stopping or (self._ended and not has_more):
            self._end(linger=is_unread)
        elif self.queue or self._unparsed or self.is_in_head:
            self.go_on()

    def go_on(self) -> None:
        """Answer and read what had to wait."""
        self._advance()
        self._parse()

    # --- ending

    def abort(self) -> asyncio.Task[None] | None:
        """End at once; return what is at work."""
        self._phase = _ENDING
        if self.transport is not None:
            self.transport.abort()
        return self._task

    def stop(self) -> None:
        """End if nothing but events is being asked or answered; if there is, ``keeps`` is false now."""
        if self._phase == _IDLE or (self._phase == _HEAD and not self.is_in_head):
            self._end(linger=False)
        elif self._exchange is not None:
            self._exchange.stop()

    def _refuse(self, error: RefusedError, *, linger: bool = True) -> None:
        if self._exchange is not None:
            self._exchange.disconnect()
            if self._exchange.started:
                self.abort()
                return
        self.write(whole(Request.refused(error), refusal(error), self.server.date, keep=False))
        self._end(linger=linger)

    def _end(self, *, linger: bool) -> None:
        """Close once everything is sent. Lingering reads on, lest unread bytes reset the connection (RFC 9112 §9.6)."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        if self._paused:
            self._pause(paused=False)
        self._phase, self._since, self._unparsed = _ENDING, self.server.now, b""
        if linger and not self._ended and transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()

    # --- called by the sweep

    def check(self, now: float, precision: float) -> None:
        """End what has waited too long; ``_since`` is known to ``precision``."""
        transport = self.transport
        if transport is None:
            return
        waited, limits = now - self._since - precision, self._limits
        unsent = transport.get_write_buffer_size()
        if not unsent or unsent != self._unsent:
            self._unsent, self._progress = unsent, now
        elif now - self._progress > limits.write_seconds:
            self.abort()
            return
        if self._phase == _IDLE and waited > limits.idle_seconds:
            self._end(linger=False)
        elif self._phase == _HEAD and waited > limits.head_seconds:
            self._expire("head")
        elif self._phase == _BODY and not self._paused:
            rate = limits.body_bytes_per_second
            if self.received - self._base < (waited - limits.body_grace_seconds) * rate:
                self._expire("body")
        elif self._phase == _ANSWERING and self._ended and waited > limits.half_closed_seconds:
            self.abort()
        elif self._phase == _ENDING and not transport.is_closing() and waited > limits.linger_seconds:
            transport.close()

    def _expire(self, part: str) -> None:
        if self.is_in_head or self.reading is not None:
            self._fail(RefusedError(408, f"the {part} of the request came too slowly"))
            self._advance()
        else:
            self._end(linger=False)
