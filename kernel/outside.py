"""HTTP to addresses that others chose: clients' keys, where they hear of logouts. The platform must not be led astray.

Only https, or http within the networks of YIWANG_UPSTREAM_NETWORKS (development). A name is looked up once, every
address it has is judged by ``kernel.networks``, and the connection goes to exactly one of those: what the name says a
moment later changes nothing (DNS rebinding). No redirect is followed, no proxy is used, no cookie is kept, nothing is
unpacked; size and time have their limits. Errors name the host and never the path, which may hold a secret, nor
anything of the answer, which is not for whoever chose the address.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Collection, Iterable, Mapping
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import urlencode

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec import Struct
from yarl import URL

from kernel.errors import YiwangError
from kernel.networks import ALLOW_SETTING, BadUrlError, Network, Url, check_url, look_up, resolve

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_SECONDS = 5.0
_MOST_BYTES = 2**18  # a JWK Set of fifty RSA keys with certificates is a third of it


class OutsideFailedError(YiwangError):
    """An address that a department chose could not be reached, or did not answer as it must."""

    code = "OUTSIDE_FAILED"
    http_status = 502
    retryable = True


class Answered(Struct, frozen=True):
    """An answer with whatever status; header names are lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Outside:
    """Makes each call by a connection of its own. ``tls`` is for tests, which have an authority of their own.

    ``plain_http`` lets http go anywhere: for departments' APIs, which the gateway calls by it as well.
    """

    def __init__(
        self,
        networks: Collection[Network],
        *,
        seconds: float = _SECONDS,
        most_bytes: int = _MOST_BYTES,
        plain_http: bool = False,
        tls: ssl.SSLContext | None = None,
        look_up: Callable[[str, int], Iterable[str]] = look_up,
    ) -> None:
        self._networks = tuple(networks)
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._plain_http = plain_http
        self._tls = tls
        self._look_up = look_up

    async def get(self, text: str) -> bytes:
        """Return what is at a URL, answered with 200. Raises OutsideFailedError, AddressRefusedError, BadUrlError."""
        return self._expected(text, await self.exchange("GET", text), {200})

    async def post_form(self, text: str, fields: Mapping[str, str]) -> None:
        """Post a form to a URL, to be answered with 200 or 204. Raises as ``get``."""
        form = {"content-type": "application/x-www-form-urlencoded"}
        self._expected(text, await self.exchange("POST", text, form, urlencode(fields).encode()), {200, 204})

    async def exchange(
        self, method: str, text: str, headers: Mapping[str, str] = _NO_HEADERS, content: bytes = b""
    ) -> Answered:
        """Return the answer to a request, whatever its status. Raises as ``get``."""
        url = check_url(text, self._networks)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._answered(method, url, headers, content)
        except TimeoutError as error:
            raise _failed(url, f"gave no whole answer within {self._seconds:g} s", "Make it answer sooner.") from error
        except (ssl.SSLError, aiohttp.ClientSSLError) as error:
            raise _failed(url, "has no certificate that can be trusted", "Renew it, for this host name.") from error
        except socket.gaierror as error:
            raise _failed(url, "has a name that nobody knows", "Look at its DNS entry.") from error
        except (aiohttp.ClientConnectorError, ConnectionError) as error:
            raise _failed(url, "cannot be reached", "Let it accept connections from here.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise _failed(url, "broke off, or answered no HTTP/1.1", "Look at its log.") from error

    def _expected(self, text: str, answer: Answered, statuses: set[int]) -> bytes:
        if answer.status not in statuses:
            raise _wrong_status(check_url(text, self._networks), answer.status)
        return answer.body

    async def _answered(self, method: str, url: Url, headers: Mapping[str, str], content: bytes) -> Answered:
        addresses = await resolve(url.host, url.port, self._networks, None, self._look_up)
        if url.scheme != "https" and not (self._plain_http or all(self._opened(address) for address in addresses)):
            raise BadUrlError(
                f"{url.authority} is to be called without TLS", fix=f"Use https://; http is for {ALLOW_SETTING}."
            )
        connector = aiohttp.TCPConnector(
            resolver=_Pinned(addresses), use_dns_cache=False, force_close=True, ssl=self._tls or True
        )
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # what unpacks to a thousand times its size is not unpacked at all
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"user-agent": "yiwang", "accept-encoding": "identity"},
        ) as session:
            session._retry_connection = False  # noqa: SLF001 - it would send a form twice and has no public switch
            target = URL(f"{url.scheme}://{url.authority}{url.target}", encoded=True)
            async with session.request(
                method, target, data=content or None, headers=headers, allow_redirects=False
            ) as answer:
                said = tuple((name.lower(), value) for name, value in answer.headers.items())
                return Answered(answer.status, said, await self._body(url, answer))

    async def _body(self, url: Url, answer: aiohttp.ClientResponse) -> bytes:
        parts: list[bytes] = []
        left = self._most_bytes
        async for part in answer.content.iter_any():
            parts.append(part)
            left -= len(part)
            if left < 0:
                raise _failed(url, f"answered with more than {self._most_bytes:,} bytes", "Make the answer shorter.")
        return b"".join(parts)

    def _opened(self, address: str) -> bool:
        return any(ip_address(address) in network for network in self._networks)


class _Pinned(AbstractResolver):
    """Knows nothing but the addresses that were judged."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._addresses = tuple(addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        kinds = {each: socket.AF_INET6 if ":" in each else socket.AF_INET for each in self._addresses}
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for address, kind in kinds.items()
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        """Holds nothing."""


def _wrong_status(url: Url, status: int) -> OutsideFailedError:
    redirect = ", a redirect, which is not followed" if 300 <= status < 400 else ""
    return _failed(url, f"answered {status}{redirect}", "Register the address that answers by itself.")


def _failed(url: Url, what: str, fix: str) -> OutsideFailedError:
    return OutsideFailedError(f"{url.authority} {what}", fix=fix)
