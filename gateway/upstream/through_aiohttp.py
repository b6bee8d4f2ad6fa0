"""The transport for what the own one does not do: HTTP proxies, and servers that need a more patient client.

Same checks, limits and errors; about eight times the processor time (bench/transport.py). With a proxy the target's
name is looked up by the proxy, so the proxy's rules guard the addresses; without one ours do.
"""

import asyncio
import io
import socket
import ssl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from gateway.upstream.content import TooMuchContentError, UnknownCodingError, decode
from gateway.upstream.errors import (
    UpstreamBadAnswerError,
    UpstreamRefusedAddressError,
    UpstreamResetError,
    UpstreamTimeoutError,
    UpstreamTooLargeError,
    UpstreamUnreachableError,
)
from gateway.upstream.head import HeadComposer
from gateway.upstream.resolver import Resolver
from gateway.upstream.retry import SAFE
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.tls import tls_context
from gateway.upstream.transport import Limits
from kernel.networks import AddressRefusedError, Network, Url, check_url, parse_networks
from supergraph.wire import Request, Response


class AiohttpTransport:
    """Made inside a running loop and used in that loop only."""

    def __init__(self, service: str, url: Url, settings: UpstreamSettings, resolver: Resolver) -> None:
        self._service = service
        self._settings = settings
        self._origin = f"{url.scheme}://{url.authority}"
        self._allowed = parse_networks(settings.allow)
        self._resolver = resolver
        self._head = HeadComposer(service, url, settings.headers)
        self._session: aiohttp.ClientSession | None = None
        self.resent = 0
        self._closed = False

    async def send(self, request: Request, limits: Limits) -> Response:
        headers = self._head.merge(request)
        with self._errors():
            check_url(self._origin, self._allowed)  # aiohttp asks no resolver about a host that is an address
            async with asyncio.timeout_at(limits.deadline):
                try:
                    answer = await self._head_of_answer(request, headers, limits)
                except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
                    if request.method not in SAFE or isinstance(error, aiohttp.ClientConnectorError):
                        raise
                    self.resent += 1
                    answer = await self._head_of_answer(request, headers, limits)
                async with answer:
                    return self._response(answer, await self._body(answer))

    def drain(self) -> None:
        """Nothing to do: the idle connections expire by themselves."""

    async def close(self) -> None:
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def _head_of_answer(
        self, request: Request, headers: list[tuple[str, str]], limits: Limits
    ) -> aiohttp.ClientResponse:
        return await self._open_session().request(
            request.method,
            URL(self._origin + request.target, encoded=True),
            headers=headers,
            data=_payload(request.body),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                sock_connect=self._settings.connect_seconds, sock_read=limits.first_byte_seconds
            ),
            proxy=self._settings.proxy or None,
            skip_auto_headers=("accept", "content-type"),
        )

    def _open_session(self) -> aiohttp.ClientSession:
        if self._closed:
            raise UpstreamUnreachableError(self._service, "the gateway is stopping")
        if self._session is None:
            given = self._settings
            connector = aiohttp.TCPConnector(
                limit=0,  # Upstream's bulkhead is the limit
                resolver=None if given.proxy else _CheckedResolver(self._resolver, self._allowed),
                use_dns_cache=False,
                keepalive_timeout=given.idle_seconds,
                ssl=tls_context(self._service, given) if self._origin.startswith("https") else True,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                auto_decompress=False,  # content.decode does it within our limit
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            # Its own resending includes PUT and DELETE, is not counted, and has no public switch.
            self._session._retry_connection = False  # noqa: SLF001 - see above
        return self._session

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        limit = self._settings.max_body_bytes
        if (answer.content_length or 0) > limit and answer.method != "HEAD":
            answer.close()
            raise self._too_large()
        parts: list[bytes] = []
        async for part in answer.content.iter_any():
            parts.append(part)
            limit -= len(part)
            if limit < 0:
                answer.close()
                raise self._too_large()
        return b"".join(parts)

    def _response(self, answer: aiohttp.ClientResponse, body: bytes) -> Response:
        headers = [(name.lower(), value) for name, value in answer.raw_headers]
        response = Response(answer.status, headers, body)
        coding = response.header(b"content-encoding")
        if coding and body:
            response.body = decode(coding, body, self._settings.max_body_bytes)
            response.headers = [pair for pair in headers if pair[0] not in {b"content-encoding", b"content-length"}]
        return response

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Say aiohttp's errors in our words."""
        service = self._service
        try:
            yield
        except AddressRefusedError as error:
            raise UpstreamRefusedAddressError(service, "its address is not allowed here") from error
        except aiohttp.ConnectionTimeoutError as error:
            raise UpstreamTimeoutError(service, "no connection could be made in time") from error
        except TimeoutError as error:
            raise UpstreamTimeoutError(service, "no whole answer came in time") from error
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, ssl.SSLError) as error:
            raise UpstreamUnreachableError(service, "no connection could be made") from error
        except (aiohttp.ClientConnectionError, ConnectionError) as error:
            unanswered = isinstance(error, aiohttp.ServerDisconnectedError)
            what = "the connection was lost before the whole answer came"
            raise UpstreamResetError(service, what, unanswered=unanswered) from error
        except TooMuchContentError as error:
            raise self._too_large() from error
        except (UnknownCodingError, zlib.error) as error:
            raise UpstreamBadAnswerError(service, "the answer's content coding cannot be undone") from error
        except aiohttp.ClientPayloadError as error:
            raise UpstreamResetError(service, "the answer was cut short") from error
        except aiohttp.ClientError as error:
            raise UpstreamBadAnswerError(service, "the answer is not valid HTTP/1.1") from error

    def _too_large(self) -> UpstreamTooLargeError:
        limit = self._settings.max_body_bytes
        return UpstreamTooLargeError(self._service, f"the answer is larger than {limit:,} bytes")


def _payload(body: bytes) -> bytes | io.BytesIO | None:
    """Large bodies are written piece by piece, without blocking the loop."""
    return io.BytesIO(body) if len(body) > 2**20 else body or None


class _CheckedResolver(AbstractResolver):
    def __init__(self, resolver: Resolver, allowed: tuple[Network, ...]) -> None:
        self._resolver = resolver
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._resolver.addresses(host, port, self._allowed)
        families = {address: socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses}
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for address, kind in families.items()
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        """The resolver is shared and stays."""
