"""The own transport: keep-alive connections to one origin, one timer for all their deadlines.

HTTP/1.1 without proxies; ``through_aiohttp`` is for the rest. It has no limit of its own: it holds as many
connections as there were calls at once, and ``Upstream`` bounds these.
"""

import asyncio
import ssl

from gateway.upstream.connection import Connection
from gateway.upstream.errors import (
    UpstreamRefusedAddressError,
    UpstreamResetError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)
from gateway.upstream.head import HeadComposer
from gateway.upstream.resolver import Resolver
from gateway.upstream.retry import SAFE
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.tls import tls_context
from gateway.upstream.transport import Limits
from kernel.networks import AddressRefusedError, Url, parse_networks
from supergraph.wire import Request, Response

_LONGEST_LIFE_SECONDS = 300.0  # a busy connection would else hide for ever that the department moved


class NativeTransport:
    """Made inside a running loop and used in that loop only."""

    def __init__(self, service: str, url: Url, settings: UpstreamSettings, resolver: Resolver) -> None:
        self.service = service
        self.settings = settings
        self.resent = 0
        self.loop = asyncio.get_running_loop()
        self._url = url
        self._resolver = resolver
        self._allowed = parse_networks(settings.allow)
        self._tls: ssl.SSLContext | None = None
        self._head = HeadComposer(service, url, settings.headers)
        self._idle: list[Connection] = []
        self._connections: set[Connection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._wake_at = float("inf")
        self._draining = False
        self._closed = False

    async def send(self, request: Request, limits: Limits) -> Response:
        if self._closed:
            raise self._stopping()
        head = self._head.compose(request)
        kept = self._take()
        if kept is None:
            return await self._exchange(await self._open(limits.deadline), request, head, limits)
        try:
            return await self._exchange(kept, request, head, limits)
        except UpstreamResetError as error:
            # The server closed an idle connection while the request was on its way (RFC 9112 §9.3.1).
            if not error.unanswered or request.method not in SAFE:
                raise
        self.resent += 1
        return await self._exchange(await self._open(limits.deadline), request, head, limits)

    def drain(self) -> None:
        self._draining = True
        for connection in tuple(self._idle):
            connection.abort()

    async def close(self) -> None:
        self.drain()
        self._closed = True
        for connection in tuple(self._connections):
            connection.fail(self._stopping())
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.sleep(0)  # lets the sockets close

    # --- for connections

    def release(self, connection: Connection) -> None:
        """Take back a connection whose exchange is over."""
        now = self.loop.time()
        if self._draining or now - connection.born > _LONGEST_LIFE_SECONDS:
            connection.abort()
            return
        self._idle.append(connection)
        self.watch(connection, now + self.settings.idle_seconds)

    def forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def watch(self, connection: Connection, expires: float) -> None:
        """Set the time at which ``connection`` expires. The timer is touched only if that is earlier than its own."""
        connection.expires = expires
        if expires < self._wake_at:
            self._wake(expires)

    # --- own steps

    def _take(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open():
                return connection
        return None

    async def _exchange(self, connection: Connection, request: Request, head: bytes, limits: Limits) -> Response:
        self.watch(connection, min(limits.deadline, self.loop.time() + limits.first_byte_seconds))
        waiter = connection.start(head, request.body, limits, head_only=request.method == "HEAD")
        try:
            return await waiter
        except BaseException:
            connection.abandon(waiter)
            raise

    async def _open(self, deadline: float) -> Connection:
        ends = min(deadline, self.loop.time() + self.settings.connect_seconds)
        try:
            async with asyncio.timeout_at(ends):
                addresses = await self._resolver.addresses(self._url.host, self._url.port, self._allowed)
                connection = await self._connect(addresses, ends)
        except TimeoutError as error:
            raise UpstreamTimeoutError(self.service, "no connection could be made in time") from error
        except AddressRefusedError as error:
            raise UpstreamRefusedAddressError(self.service, "its address is not allowed here") from error
        except ssl.SSLError as error:
            raise UpstreamUnreachableError(self.service, "no trusted TLS connection could be made") from error
        except OSError as error:
            raise UpstreamUnreachableError(self.service, "no connection could be made") from error
        if not connection.is_open():
            raise UpstreamUnreachableError(self.service, "it closes connections at once")
        if self._closed:
            connection.abort()
            raise self._stopping()
        self._connections.add(connection)
        return connection

    async def _connect(self, addresses: tuple[str, ...], ends: float) -> Connection:
        """Try the addresses in turn, each for its share of the time that is left."""
        if self._tls is None and self._url.scheme == "https":
            self._tls = tls_context(self.service, self.settings)
        name = self._url.host if self._tls else None
        for left in range(len(addresses), 0, -1):
            now = self.loop.time()
            try:
                async with asyncio.timeout_at(now + (ends - now) / left):
                    _, connection = await self.loop.create_connection(
                        lambda: Connection(self), addresses[-left], self._url.port, ssl=self._tls, server_hostname=name
                    )
                    return connection
            except OSError:
                if left == 1:
                    raise
        raise OSError("the name has no address")

    def _stopping(self) -> UpstreamUnreachableError:
        return UpstreamUnreachableError(self.service, "the gateway is stopping")

    def _wake(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._wake_at = at
        self._timer = self.loop.call_at(at, self._expire)

    def _expire(self) -> None:
        now = self.loop.time() + 0.001  # the loop's clock has a resolution of 1 ms
        for connection in tuple(self._connections):
            if connection.expires <= now:
                connection.expire()
        self._timer, self._wake_at = None, float("inf")
        if self._connections:
            self._wake(min(connection.expires for connection in self._connections))
