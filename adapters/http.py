"""HTTP to the host apps, by aiohttp: time limits, a limit on answers, no redirects, no cookies, no proxy from outside.

An app's secret travels in some URLs, so no URL is ever logged or put into an error. What is sent is the very bytes
that were signed: targets stay as they are encoded, bodies as they are.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from msgspec import Struct
from yarl import URL

from adapters.errors import HostUnavailableError, OutcomeUnknownError

_MOST_BYTES = 4 * 2**20  # the largest mini-code image has 1280 px and some 100 kB
_MOST_FILE_BYTES = 64 * 2**20  # a day's bill: some 300 bytes a line, mostly compressed
_LATER = "Try again in a moment."
_FILE_TIME = aiohttp.ClientTimeout(total=60.0, sock_connect=3.0)


class HostReply(Struct, frozen=True):
    """A whole answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HostHttp:
    """Calls to one host's origin. Made by ``open_http`` inside a running loop."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, host: str) -> None:
        self._session = session
        self._origin = origin.rstrip("/")
        self._host = host

    def at(self, origin: str, host: str) -> "HostHttp":
        """The same connections for another origin."""
        return HostHttp(self._session, origin, host)

    async def send(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> HostReply:
        """Send a request whose ``target`` is encoded already. Any status is an answer.

        Raises HostUnavailableError if no connection was made, OutcomeUnknownError if one broke or took too long: the
        host may have done what was asked.
        """
        options: dict[str, Any] = {"data": body or None, "headers": headers}
        return await self._answer(method, self._origin + target, _MOST_BYTES, options)

    async def file(self, target: str, headers: Mapping[str, str] | None = None) -> HostReply:
        """GET a file, which may be larger and take longer than an answer. Raises as ``send`` does."""
        options: dict[str, Any] = {"headers": headers, "timeout": _FILE_TIME}
        return await self._answer("GET", self._origin + target, _MOST_FILE_BYTES, options)

    async def fetch(self, url: str) -> bytes:
        """GET a file that a reply names; nothing of ours goes with it. Raises HostUnavailableError, as ``file`` does.

        The address has to be https, or of this origin as a simulator's is.
        """
        parts, own = urlsplit(url), urlsplit(self._origin)
        if not parts.netloc or (parts.scheme != "https" and parts[:2] != own[:2]):
            raise HostUnavailableError(f"{self._host} names no safe address of a file", fix=_LATER)
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        answer = await self.at(f"{parts.scheme}://{parts.netloc}", f"{self._host}'s file server").file(target)
        if answer.status != 200:
            raise HostUnavailableError(f"{self._host}'s file server answers with HTTP {answer.status}", fix=_LATER)
        return answer.body

    async def _answer(self, method: str, address: str, most_bytes: int, options: Mapping[str, Any]) -> HostReply:
        url = URL(address, encoded=True)
        try:
            async with self._session.request(method, url, allow_redirects=False, **options) as answer:
                content = bytearray(await answer.content.read(most_bytes + 1))
                while not answer.content.at_eof() and len(content) <= most_bytes:
                    content += await answer.content.read(most_bytes + 1 - len(content))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise HostUnavailableError(f"{self._host} cannot be reached", fix=_LATER) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unknown("gave no whole answer") from error
        if len(content) > most_bytes:
            raise self._unknown(f"gave an answer of more than {most_bytes} bytes")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return HostReply(answer.status, headers, bytes(content))

    def _unknown(self, what: str) -> OutcomeUnknownError:
        return OutcomeUnknownError(f"{self._host} {what}", fix="Ask how it stands before trying anew.")


@asynccontextmanager
async def open_http(origin: str, host: str, seconds: float = 5.0) -> AsyncIterator[HostHttp]:
    """Open connections for the length of a process; ``host`` names the host app in errors."""
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=min(3.0, seconds)),
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit_per_host=64),
        headers={"user-agent": "yiwang"},
    ) as session:
        session._retry_connection = False  # noqa: SLF001 - a second sending of its own would hide an unknown outcome
        yield HostHttp(session, origin, host)
