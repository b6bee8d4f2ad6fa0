"""What signing and checking tokens costs in one process, in CPU-seconds of that process; PostgreSQL's beside them."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from msgspec import Struct

from auth.clients.tables import Client
from auth.issuer import issuer
from auth.keys.key_ring import KeyRing, ensure, load
from auth.provider.endpoints import token as token_endpoint
from auth.provider.environment import Environment
from auth.provider.requests import ProviderRequest
from auth.provider.tokens import Issue
from auth.sessions.access_tokens import GRAPH, AccessToken, sign, verify
from auth.sessions.ended import EndedSessions
from auth.sessions.families import standing
from auth.sessions.tables import Session
from bench.machine import BenchError, cpu_seconds
from bench.residents import APP, Resident, signed_in
from gateway.callers import Callers
from gateway.pipeline.authenticate import Authenticator
from kernel.clock import ManualClock, SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import Database, open_database
from kernel.redis import open_redis
from kernel.settings import Settings
from supergraph.slice import Access

CLOCK = SystemClock()
_USED = timedelta(seconds=31)  # after which an assertion is signed anew (gateway.callers)


class Cost(Struct, frozen=True):
    """CPU microseconds of one act: of the process, and of PostgreSQL."""

    cpu_us: float
    postgres_us: float = 0.0

    @property
    def per_cpu_second(self) -> int:
        """How many the process does in a CPU-second."""
        return round(1e6 / self.cpu_us)


class Way(Struct, frozen=True):
    """One thing to measure, done ``times`` in a round."""

    run: Callable[[int], Awaitable[None]]
    times: int


async def tokens(settings: Settings, count: int) -> list[str]:
    """Sign residents in and return the access tokens of their sessions."""
    made = []
    async with open_database(settings) as database:
        ring = await _ring(database, settings)
        for number in range(count):
            async with database.session() as session:
                resident = await signed_in(session, CLOCK, settings, number, issuer(settings))
            made.append(sign(resident.token, ring, CLOCK.now()))
    return made


async def costs(settings: Settings, rounds: int, scale: float) -> dict[str, Cost]:
    """Measure all ways, interleaved. Figures are medians of the rounds."""
    async with open_database(settings) as database, open_redis(settings) as redis:
        ring = await _ring(database, settings)
        async with database.session() as session:
            resident = await signed_in(session, CLOCK, settings, 10_000_000, issuer(settings))
        environment = Environment(redis, CLOCK, settings, issuer(settings), open_keys(settings), lambda: ring)
        ended = EndedSessions(database.pool, redis, CLOCK, timedelta(minutes=5))
        found = {
            **await _issuing(database, environment, resident),
            **_checking(ring, ended, resident.token, settings),
            "assertion, from memory": _assertion(database, ring, resident.token, settings, fresh=False),
            "assertion, made anew": _assertion(database, ring, resident.token, settings, fresh=True),
        }
        data = Path(await database.pool.fetchval("SHOW data_directory"))
        postgres = int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        return await _measured(found, postgres, rounds, scale)


async def _ring(database: Database, settings: Settings) -> KeyRing:
    cipher = open_keys(settings).cipher
    async with database.session() as session:
        await ensure(session, cipher, CLOCK)
        return await load(session, cipher, CLOCK)


async def _issuing(database: Database, environment: Environment, resident: Resident) -> dict[str, Way]:
    """The tokens of one answer, and the whole of ``/oauth/token`` with a refresh token."""
    async with database.session() as session:
        family = await standing(session, CLOCK, UUID(resident.token.fid))
        owner = await session.get_one(Session, resident.token.sid)
        client = await session.get_one(Client, APP)
        if family is None:
            raise BenchError("the benchmark's own token family is over")
        made = await Issue.prepare(session, environment, client, family, owner)
    access_token = made.access_token(audience=GRAPH)
    current = [resident.refresh_token]

    async def refresh(times: int) -> None:
        for _ in range(times):
            pairs = [("grant_type", "refresh_token"), ("refresh_token", current[0]), ("client_id", APP)]
            async with database.session() as session:
                request = ProviderRequest("POST", "/oauth/token", environment.issuer, {}, pairs)
                status, body, _ = await token_endpoint(session, environment, request)
            if status != 200:
                raise BenchError(f"a refresh was answered {status}: {body}")
            current[0] = body["refresh_token"]

    return {
        "access token (ES256)": _plain(lambda: made.access_token(audience=GRAPH), 500),
        "ID token (RS256)": _plain(lambda: made.id_token(access_token, ""), 100),
        "refresh, whole": Way(refresh, 60),
    }


def _checking(ring: KeyRing, ended: EndedSessions, token: AccessToken, settings: Settings) -> dict[str, Way]:
    """A token at first sight, and the look-ups of every request after that."""
    text = sign(token, ring, CLOCK.now())
    check = Authenticator(lambda: ring, ended, issuer(settings), CLOCK)
    headers = {b"authorization": f"Bearer {text}".encode()}
    check(headers)
    return {
        "session check, first sight": _plain(lambda: verify(text, ring, issuer(settings), GRAPH, CLOCK.now()), 500),
        "session check": _plain(lambda: check(headers), 20_000),
    }


def _assertion(database: Database, ring: KeyRing, token: AccessToken, settings: Settings, *, fresh: bool) -> Way:
    clock = ManualClock(CLOCK.now())
    callers = Callers(database, lambda: ring, issuer(settings), clock)

    async def run(times: int) -> None:
        for _ in range(times):
            if fresh:
                clock.advance(_USED)
            await callers.assertion(token, "library", "benchmark", Access())

    return Way(run, 300 if fresh else 20_000)


def _plain(act: Callable[[], Any], times: int) -> Way:
    async def run(count: int) -> None:
        for _ in range(count):
            act()

    return Way(run, times)


async def _measured(ways: dict[str, Way], postgres: int, rounds: int, scale: float) -> dict[str, Cost]:
    found: dict[str, list[Cost]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            times = max(1, round(way.times * scale))
            served, began = cpu_seconds(postgres), time.process_time()
            await way.run(times)
            spent = time.process_time() - began
            if number:  # the first warms up
                found[name].append(Cost(spent / times * 1e6, (cpu_seconds(postgres) - served) / times * 1e6))
    return {
        name: Cost(median(each.cpu_us for each in costs), median(each.postgres_us for each in costs))
        for name, costs in found.items()
    }
