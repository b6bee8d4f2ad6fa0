"""HTTP to the host apps, by aiohttp: time limits, a limit on answers, no redirects, no cookies, no proxy from outside.

An app's secret travels in some URLs, so no URL is ever logged or put into an error. What is sent is the very bytes
that were signed: targets stay as they are encoded, bodies as they are.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from msgspec import Struct
from yarl import URL

from adapters.errors import HostUnavailableError, OutcomeUnknownError

_MOST_BYTES = 4 * 2**20  # the largest mini-code image has 1280 px and some 100 kB


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
        url = URL(self._origin + target, encoded=True)
        try:
            async with self._session.request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as answer:
                content = await answer.content.read(_MOST_BYTES + 1)
                while not answer.content.at_eof() and len(content) <= _MOST_BYTES:
                    content += await answer.content.read(_MOST_BYTES + 1 - len(content))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise HostUnavailableError(f"{self._host} cannot be reached", fix="Try again in a moment.") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unknown("gave no whole answer") from error
        if len(content) > _MOST_BYTES:
            raise self._unknown(f"gave an answer of more than {_MOST_BYTES} bytes")
        return HostReply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, content)

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
