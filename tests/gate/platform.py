"""The platform as a box sees it over HTTP: it checks signatures, keeps events once, and says what it knows.

Tests that need the real recording put it in place of ``keep``, and the real snapshots in place of ``tell``,
and logs in place of ``take``.
"""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from flows.codes import key_sets, revocations
from flows.codes.errors import DeviceRefusedError
from flows.codes.message_signatures import SignedRequest, check, stated
from flows.codes.revocations import RevocationList
from flows.parking.event_wire import WireEvent, read_event
from flows.parking.site_logs.wire import SiteLog, read_log
from flows.parking.site_snapshot import (
    SiteLane,
    SiteLot,
    SiteMandate,
    SitePayment,
    SitePermit,
    SiteSession,
    SiteSnapshot,
    SiteTariff,
    known_as,
)
from flows.parking.tables import NoEntryRule
from kernel.clock import Clock
from kernel.errors import YiwangError
from tests.codes.issued import KEYS, LIST, LIST_KID
from tests.parking.tariffs import EXAMPLE, at

LOT = UUID(int=7)
TARIFF = UUID(int=9)
PERMITS = EXAMPLE | {"permits": [{"name": "season", "percent_off": 100}, {"name": "resident", "percent_off": 50}]}
LANES = (
    SiteLane(name="in", direction="enter", fail_open=True, mine=True),
    SiteLane(name="out", direction="exit", fail_open=False, mine=True),
    SiteLane(name="free", direction="exit", fail_open=True, mine=True),
)
Keep = Callable[[list[bytes]], Awaitable[list[dict[str, Any]]]]
Tell = Callable[[str], Awaitable[SiteSnapshot]]
Take = Callable[[bytes], Awaitable[Any]]


class Platform:
    """``away``: it answers 503. ``silent``: it does what it is asked, and the answer gets lost."""

    def __init__(self, clock: Clock, secret: str) -> None:
        self.clock, self.secret = clock, secret.encode()
        self.away = self.silent = False
        self.lot = LOT
        self.events: dict[UUID, WireEvent] = {}
        self.batches: list[int] = []
        self.uses: list[dict[str, Any]] = []
        self.beats = self.offset_ms = 0
        self.keep: Keep = self._kept
        self.tell: Tell = self._told
        self.take: Take = self.took
        self.logs: list[SiteLog] = []
        self.sessions: list[SiteSession] = []
        self.permits: tuple[SitePermit, ...] = ()
        self.mandates: tuple[SiteMandate, ...] = ()
        self.lanes: tuple[SiteLane, ...] = LANES
        self.pays_later = False
        self.no_entry: NoEntryRule = "review"
        self.revoked = RevocationList(1, clock.now(), ())
        self.checked: dict[str, Any] = {"result": "ok", "purpose": "parking", "subject": "ab" * 16}
        self.origin = ""
        self._revision = 0

    @property
    def seqs(self) -> list[int]:
        return [event.seq for event in self.events.values()]

    def enters(self, plate: str, entered: str, *paid: SitePayment, number: int = 100) -> SiteSession:
        """Have an open session of a plate that came in elsewhere."""
        session = SiteSession(id=UUID(int=number), who=self.who(plate), open=True, entered_at=at(entered), paid=paid)
        self.sessions.append(session)
        return session

    def who(self, plate: str) -> str:
        return known_as(LOT, f"plate:{plate}")

    def snapshot(self) -> SiteSnapshot:
        self._revision += 1
        return SiteSnapshot(
            revision=str(self._revision),
            at=self.clock.now(),
            complete=True,
            lot=SiteLot(
                id=self.lot,
                code="1",
                name_zh="一号车库",
                kind="garage",
                spaces=100,
                no_entry=self.no_entry,
                pays_later=self.pays_later,
            ),
            lanes=self.lanes,
            tariffs=(SiteTariff(id=TARIFF, name="example 1", valid_from=at("01-01 00:00"), data=PERMITS),),
            holidays=(),
            permits=self.permits,
            mandates=self.mandates,
            sessions=tuple(self.sessions),
        )

    async def _kept(self, raw: list[bytes]) -> list[dict[str, Any]]:
        answers = []
        for each in raw:
            event = read_event(each, self.clock.now())
            known = event.event_id in self.events
            assert known or event.seq not in self.seqs, "a number twice"
            self.events.setdefault(event.event_id, event)
            answers.append({"event_id": str(event.event_id), "status": "duplicate" if known else "recorded"})
        return answers

    async def _told(self, after: str) -> SiteSnapshot:  # noqa: ARG002 - everything each time
        return self.snapshot()

    async def took(self, log: bytes) -> None:
        self.logs.append(read_log(log))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Take any request of a box."""
        body = await request.read()
        if self.away:
            return web.Response(status=503)
        headers = {name.lower(): value for name, value in request.headers.items()}
        signed = SignedRequest(request.method, request.host, request.path_qs, headers, body)
        try:
            check(stated(signed), self.secret)
        except DeviceRefusedError as error:
            return web.json_response({"code": error.code}, status=401)
        try:
            answered = await self._done(request.path, body, request.query.get("after", ""))
            tag = f'"{hashlib.sha256(answered).hexdigest()}"'
        except YiwangError as error:
            return web.json_response({"code": error.code}, status=error.http_status)
        if self.silent and request.transport is not None:
            request.transport.close()
        if request.path in {"/codes/keys", "/codes/revocations"} and headers.get("if-none-match") == tag:
            return web.Response(status=304)
        return web.Response(body=answered, headers={"etag": tag})

    async def _done(self, path: str, body: bytes, after: str) -> bytes:
        said: Any = None
        match path:
            case "/parking/events":
                raw = [bytes(each) for each in msgspec.json.decode(body, type=list[msgspec.Raw])]
                self.batches.append(len(raw))
                said = {"events": await self.keep(raw), "now": self.clock.now()}
            case "/parking/heartbeats":
                self.beats += 1
                said = {"now": self.clock.now(), "clock_offset_ms": self.offset_ms}
            case "/parking/site/snapshot":
                said = await self.tell(after)
            case "/parking/site/logs":
                said = await self.take(body)
            case "/codes/uses":
                self.uses += msgspec.json.decode(body)["uses"]
                said = {"uses": []}
            case "/codes/check":
                said = self.checked
            case "/codes/keys":
                return key_sets.signed(KEYS, self.clock.now(), LIST, LIST_KID)
            case "/codes/revocations":
                return revocations.signed(self.revoked, LIST, LIST_KID)
        return msgspec.json.encode(said)


@asynccontextmanager
async def serving(platform: Platform, port: int = 0) -> AsyncIterator[Platform]:
    """Serve it on loopback."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", platform.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port or free_port())
        await site.start()
        platform.origin = site.name
        yield platform
    finally:
        await runner.cleanup()


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


async def until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


def plates(number: int) -> Sequence[str]:
    """Return different plates, up to 1,000, none near another: each figure of their number is there twice."""
    numbers = (divmod(each, 100) for each in range(number))
    return [f"沪{'ABCDEFGHJK'[h]}{h}{rest // 10}{rest // 10}{rest % 10}{rest % 10}" for h, rest in numbers]
