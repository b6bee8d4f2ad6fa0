"""One department's service as the engine sees it: one origin with a pool, a bulkhead, a breaker and retries of its own.

Nothing is shared between services but name look-ups, so a dead department changes nobody else's latency.
"""

import asyncio

from msgspec.structs import replace

from gateway.upstream.bulkhead import Bulkhead
from gateway.upstream.errors import (
    UpstreamBadAnswerError,
    UpstreamBadRequestError,
    UpstreamError,
    UpstreamMisconfiguredError,
    UpstreamRedirectError,
    UpstreamResetError,
    UpstreamSuspendedError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)
from gateway.upstream.native import NativeTransport
from gateway.upstream.redirect import next_url, onward
from gateway.upstream.resolver import Resolver
from gateway.upstream.retry import SAFE, UNWELL, Retries, retry_after_seconds
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.transport import Limits, Transport
from kernel.breaker import REFUSED, Breaker, BreakerRules
from kernel.networks import BadUrlError, Url, split_url
from kernel.redirects import MOST_REDIRECTS, REDIRECTS
from supergraph.wire import Request, Response

_REPEATABLE = (UpstreamUnreachableError, UpstreamResetError)
_ENOUGH_SECONDS = 9.0  # a hang this long is the service's own failure, however much longer its calls may take
_UNWELL_ERRORS = (UpstreamTimeoutError, UpstreamUnreachableError, UpstreamResetError, UpstreamBadAnswerError)


class Upstream:
    """Made inside a running loop and used in that loop only. Raises UpstreamMisconfiguredError.

    The counters are for metrics, to be read by anybody.
    """

    def __init__(
        self, service: str, settings: UpstreamSettings, resolver: Resolver, rules: BreakerRules | None = None
    ) -> None:
        self.service = service
        self.settings = settings
        self._resolver = resolver
        self._loop = asyncio.get_running_loop()
        try:
            self._url = split_url(settings.url)
            self._transport = open_transport(service, self._url, settings, resolver)
        except (BadUrlError, UpstreamBadRequestError, ValueError) as error:
            raise UpstreamMisconfiguredError(service, "the settings of its connection cannot be used") from error
        if "?" in self._url.target:
            fix = "The department leaves the query out; fixed values go into headers."
            raise UpstreamMisconfiguredError(service, "its URL has a query", fix=fix)
        self._prefix = self._url.target.rstrip("/")
        self._bulkhead = Bulkhead(service, settings.connections, settings.queue)
        self._retries = Retries(settings.retries)
        self.breaker = Breaker(rules)
        self.calls = 0
        self.failures: dict[str, int] = {}

    @property
    def retries(self) -> int:
        """Requests that were sent again, for whatever reason."""
        return self._retries.count + self._transport.resent

    @property
    def open_since(self) -> float | None:
        """Loop time at which the breaker opened, ``None`` while the service is well."""
        return self.breaker.opened_at

    @property
    def active(self) -> int:
        return self._bulkhead.active

    @property
    def waiting(self) -> int:
        return self._bulkhead.waiting

    async def call(self, request: Request, deadline: float, seconds: float | None = None) -> Response:
        """Carry ``request`` (its target below the service's URL) and return the answer, whatever its status.

        ``deadline`` is in loop time and bounds everything: the queue, the retries, the redirects; ``seconds`` stand
        in for the service's own first byte's and total time. Raises ``UpstreamError``; a cancelled call is aborted
        and leaves nothing behind.
        """
        self.calls += 1
        self._retries.earn()
        total = seconds or self.settings.total_seconds
        deadline = min(deadline, self._loop.time() + total)
        limits = Limits(deadline, min(total, seconds or self.settings.first_byte_seconds))
        if self._prefix:
            request = Request(request.method, self._prefix + request.target, request.headers, request.body)
        attempt = 0
        while True:
            try:
                response = await self._attempt(request, limits)
            except UpstreamError as error:
                delay = self._delay(request, attempt, deadline) if isinstance(error, _REPEATABLE) else None
                if delay is None:
                    self.failures[error.code] = self.failures.get(error.code, 0) + 1
                    raise
            else:
                if response.status not in UNWELL:
                    return response
                delay = self._delay(request, attempt, deadline, retry_after_seconds(response))
                if delay is None:
                    return response
            attempt += 1
            await asyncio.sleep(delay)

    async def close(self, grace_seconds: float = 0.0) -> None:
        """Let the calls in flight end within ``grace_seconds``, then abort what is left."""
        self._transport.drain()
        try:
            await self._bulkhead.wait_until_empty(grace_seconds)
        finally:
            await self._transport.close()

    async def _attempt(self, request: Request, limits: Limits) -> Response:
        if not self._bulkhead.enter_now():
            if self.breaker.refuses(self._loop.time()):
                raise self._suspended()
            await self._bulkhead.enter(limits.deadline)
        try:
            now = self._loop.time()
            if now >= limits.deadline:
                raise UpstreamTimeoutError(self.service, "no time was left to call it")
            ticket = self.breaker.enter(now)
            if ticket == REFUSED:
                raise self._suspended()
            try:
                response = await self._send(request, limits)
            except _UNWELL_ERRORS as error:
                if isinstance(error, UpstreamTimeoutError) and self._was_hurried(limits, began=now):
                    self.breaker.withdrawn(ticket)
                else:
                    self.breaker.failed(ticket, self._loop.time())
                raise
            except BaseException:
                self.breaker.withdrawn(ticket)
                raise
            if response.status in UNWELL:
                self.breaker.failed(ticket, self._loop.time())
            else:
                self.breaker.succeeded(ticket, self._loop.time())
            return response
        finally:
            self._bulkhead.leave()

    async def _send(self, request: Request, limits: Limits) -> Response:
        response = await self._transport.send(request, limits)
        if response.status not in REDIRECTS or not response.header(b"location"):
            return response
        return await self._follow(request, response, limits)

    async def _follow(self, request: Request, response: Response, limits: Limits) -> Response:
        """Follow redirects: the address of each is checked like the first one's, when its connection is made."""
        if request.method not in SAFE:
            raise UpstreamRedirectError(self.service, f"it redirects a {request.method}, which must not be repeated")
        here, away = self._url, False
        for _ in range(MOST_REDIRECTS):
            there = next_url(self.service, here, request, response)
            request, here = onward(request, here, there), there
            away = away or there.origin != self._url.origin  # and what it sends back here is no request of ours
            response = await (self._visit(request, there, limits) if away else self._transport.send(request, limits))
            if response.status not in REDIRECTS or not response.header(b"location"):
                return response
        raise UpstreamRedirectError(self.service, f"it redirects more than {MOST_REDIRECTS} times")

    async def _visit(self, request: Request, url: Url, limits: Limits) -> Response:
        """Send a request without the service's own headers and certificate."""
        bare = replace(self.settings, headers={}, cert="", key="")
        transport = open_transport(self.service, url, bare, self._resolver)
        try:
            return await transport.send(request, limits)
        finally:
            await transport.close()

    def _delay(self, request: Request, attempt: int, deadline: float, least: float = 0.0) -> float | None:
        return self._retries.delay(request, attempt, deadline - self._loop.time(), least=least)

    def _was_hurried(self, limits: Limits, began: float) -> bool:
        """Whether the deadline ended an attempt that had less than the usual time: the service may be well."""
        enough = min(_ENOUGH_SECONDS, 0.9 * limits.first_byte_seconds)
        return limits.deadline - began < enough and self._loop.time() > limits.deadline - 0.01

    def _suspended(self) -> UpstreamSuspendedError:
        return UpstreamSuspendedError(self.service, "it failed repeatedly and is given a pause")


def open_transport(service: str, url: Url, settings: UpstreamSettings, resolver: Resolver) -> Transport:
    """Choose the transport: the own one unless the service is behind a proxy or asks for aiohttp."""
    if settings.client == "aiohttp" or settings.proxy:
        # Imported here: it takes 0.4 s that a process without such an upstream need not spend.
        from gateway.upstream.through_aiohttp import AiohttpTransport  # noqa: PLC0415 - see above

        return AiohttpTransport(service, url, settings, resolver)
    return NativeTransport(service, url, settings, resolver)
