"""The line to the platform: requests signed as a device's (RFC 9421), and whether it is there."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Container, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import aiohttp
from msgspec import Struct
from msgspec.structs import replace
from yarl import URL

from flows.codes.message_signatures import SignedRequest, sign
from flows.codes.offline import ClockState
from flows.gate.errors import CloudAwayError
from flows.gate.site_file import SiteFile
from kernel.clock import SteadyClock

HEARD_WITHIN = timedelta(seconds=30)
"""After as long without an answer the platform counts as away: longer than two polls, shorter than a driver waits."""
MOST_FAILURES = 3
"""So many in a row say the same sooner: the snapshot is tried again after one second and after two."""
_TELLING = ("/parking/site/snapshot", "/parking/heartbeats")
"""What is asked all the time. That one code or log failed does not say that no phone can pay."""

_log = logging.getLogger(__name__)


class Reply(Struct, frozen=True):
    """A whole answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Request(Struct, frozen=True):
    method: str
    target: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def tells(self) -> bool:
        return self.target.partition("?")[0] in _TELLING


class Cloud:
    """Made by ``open_cloud``. ``is_cut`` simulates a broken line; ``mended`` wakes whoever waits to try again."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, site: SiteFile, clock: SteadyClock) -> None:
        self._session = session
        self._origin = origin.rstrip("/")
        self._authority = URL(origin).authority
        self._site = site
        self._clock = clock
        self.is_cut = False
        self.mended = asyncio.Event()
        self.heard_at: datetime | None = None
        self.problem = "not heard yet"
        self._failures = MOST_FAILURES
        self._time: ClockState | None = None
        self._began = clock.now() - clock.steady()

    @property
    def time(self) -> ClockState | None:
        """How far the box's clock is off, as the platform said at the last heartbeat, and as it was set since."""
        if self._time is None:
            return None
        set_by = self._clock.now() - self._clock.steady() - self._began
        return replace(self._time, error=self._time.error + set_by)

    @time.setter
    def time(self, compared: ClockState) -> None:
        self._time, self._began = compared, self._clock.now() - self._clock.steady()

    def is_up(self, now: datetime) -> bool:
        """Whether it told lately how the lot stands."""
        heard = self.heard_at is not None and now - self.heard_at <= HEARD_WITHIN
        return heard and self._failures < MOST_FAILURES

    def cut(self, *, cut: bool) -> None:
        """Break the line, or mend it."""
        self.is_cut = cut
        if cut:
            self.problem, self._failures = "the line was cut here", MOST_FAILURES
        else:
            self.mended.set()

    async def get(self, target: str, etag: str = "") -> Reply:
        """Raises CloudAwayError."""
        return await self._ask(_Request("GET", target, b"", {"if-none-match": etag} if etag else {}))

    async def post(self, target: str, body: bytes, *, seconds: float = 30, taken: Container[int] = ()) -> Reply:
        """``taken`` are statuses from 400 on that are answers too. Raises CloudAwayError."""
        headers = {"content-type": "application/json"}
        return await self._ask(_Request("POST", target, body, headers), seconds, taken)

    async def _ask(self, asked: _Request, seconds: float = 30, taken: Container[int] = ()) -> Reply:
        try:
            if self.is_cut:
                raise ConnectionError("the line was cut here")
            async with self._session.request(
                asked.method,
                URL(self._origin + asked.target, encoded=True),
                data=asked.body or None,
                headers={**asked.headers, **self._signed(asked), "host": self._authority},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as answer:
                content = await answer.read()
                reply = Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._failed(asked, str(error) or type(error).__name__) from error
        if reply.status >= 400 and reply.status not in taken:
            raise self._failed(asked, f"it answers {reply.status}: {content[:200].decode(errors='replace')}")
        if asked.tells:
            self.heard_at, self.problem, self._failures = self._clock.now(), "", 0
        return reply

    def _failed(self, asked: _Request, why: str) -> CloudAwayError:
        if self._failures < MOST_FAILURES:
            _log.warning("the platform is not to be had", extra={"target": asked.target, "why": why})
        if asked.tells:
            self._failures += 1
            self.problem = why
        return CloudAwayError(f"The platform is not to be had: {why}", fix="Nothing to do: it is tried again.")

    def _signed(self, asked: _Request) -> dict[str, str]:
        request = SignedRequest(asked.method, self._authority, asked.target, {}, asked.body)
        return sign(
            request, self._site.secret.encode(), str(self._site.device), self._clock.now(), secrets.token_hex(8)
        )


@asynccontextmanager
async def open_cloud(origin: str, site: SiteFile, clock: SteadyClock) -> AsyncIterator[Cloud]:
    """Yield the line to an origin such as ``https://city.example``."""
    async with aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield Cloud(session, origin, site, clock)
