"""Misbehaving departments and upstreams to call them, on both event loops and through both transports."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Protocol

import pytest
import uvloop

from gateway.upstream.resolver import Resolver
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.upstream import Upstream
from kernel.breaker import BreakerRules
from supergraph.wire import Request, Response
from tests.upstream.department import Department, Script

LOOPBACK = ("127.0.0.0/8",)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


class StartDepartment(Protocol):
    def __call__(
        self, script: Script, *, tls: ssl.SSLContext | None = None, reads_bodies: bool = True
    ) -> Awaitable[Department]: ...


class MakeUpstream(Protocol):
    def __call__(self, at: Department | str, *, rules: BreakerRules | None = None, **settings: Any) -> Upstream: ...


@pytest.fixture(params=["native", "aiohttp"])
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def department() -> AsyncIterator[StartDepartment]:
    """Start departments; at the end no connection to one may be left."""
    started: list[Department] = []

    async def start(script: Script, *, tls: ssl.SSLContext | None = None, reads_bodies: bool = True) -> Department:
        one = Department(script, reads_bodies=reads_bodies)
        await one.start(tls)
        started.append(one)
        return one

    yield start
    for one in started:
        await one.until(lambda one=one: one.open == 0)  # type: ignore[misc]  # binds the loop's variable
        await one.stop()


@pytest.fixture
def resolver() -> Resolver:
    return Resolver()


@pytest.fixture
async def upstream(department: StartDepartment, resolver: Resolver, client: str) -> AsyncIterator[MakeUpstream]:
    """Make upstreams; at the end no place of one may be taken."""
    made: list[Upstream] = []

    def make(at: Department | str, *, rules: BreakerRules | None = None, **settings: Any) -> Upstream:
        url = at if isinstance(at, str) else at.url
        given: dict[str, Any] = {"allow": LOOPBACK, "retries": 0, "client": client} | settings
        made.append(Upstream("parking", UpstreamSettings(url=url, **given), resolver, rules))
        return made[-1]

    yield make
    for one in made:
        assert (one.active, one.waiting) == (0, 0)
        await one.close()
    resolver.close()


async def get(upstream: Upstream, target: str = "/lots", method: str = "GET", **rest: Any) -> Response:
    """Call with five seconds to live, which no test needs; ``own_seconds`` are the call's own limit."""
    seconds, own = rest.pop("seconds", 5.0), rest.pop("own_seconds", None)
    return await upstream.call(Request(method, target, **rest), asyncio.get_running_loop().time() + seconds, own)
