"""Relying parties as tests have them: they receive logout tokens and publish keys, over real sockets."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import msgspec
from aiohttp import web
from celery import Celery
from joserfc import jwt
from joserfc.jwk import KeySet

import worker.tasks  # noqa: F401 - registers what InProcessWorker does
from auth.clients.clients import register
from auth.clients.pairwise import pairwise_subject
from auth.clients.tables import Client
from auth.keys import key_ring
from auth.sessions.families import begin_family
from auth.sessions.tables import Session
from kernel.celery import TaskContext, app
from kernel.clock import Clock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.settings import Settings


class RelyingParty:
    """A department's site on loopback. ``statuses`` are its next answers to logout tokens, then 200."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.statuses: list[int] = []
        self.seconds = 0.0
        self.jwks: Any = {"keys": []}
        self.fetched = 0
        self.origin = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/backchannel", self._logout)
        app.router.add_get("/jwks", self._keys)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _logout(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert request.content_type == "application/x-www-form-urlencoded"
        assert list(form) == ["logout_token"]
        self.received.append(str(form["logout_token"]))
        await asyncio.sleep(self.seconds)
        return web.Response(
            status=self.statuses.pop(0) if self.statuses else 200, headers={"cache-control": "no-store"}
        )

    async def _keys(self, _request: web.Request) -> web.Response:
        self.fetched += 1
        await asyncio.sleep(self.seconds)
        status = self.statuses.pop(0) if self.statuses else 200
        body = self.jwks if isinstance(self.jwks, bytes) else msgspec.json.encode(self.jwks)
        return web.Response(status=status, body=body, content_type="application/json")


def verified(text: str, jwks: dict[str, Any], *algorithms: str) -> jwt.Token:
    """Return a token that a relying party would accept by the published keys."""
    return jwt.decode(text, KeySet.import_key_set(jwks), algorithms=list(algorithms or ("RS256",)))  # type: ignore[arg-type]  # any JWK Set


async def add_client(database: Database, clock: Clock, client_id: str, uri: str, tier: str = "T1") -> None:
    client = Client(
        client_id=client_id,
        name_zh="住房",
        name_en="Housing",
        sector=f"department:{client_id}",
        redirect_uris=["https://housing.example/back"],
        backchannel_logout_uri=uri,
        created_at=clock.now(),
    )
    async with database.session() as session:
        await register(session, clock, client)
        client.tier = tier  # type: ignore[assignment]  # of T3 only the algorithm matters here


async def visit(database: Database, clock: Clock, owner: Session, *client_ids: str) -> dict[str, str]:
    """Sign a resident in to clients; return what each calls the resident."""
    subjects = {}
    async with database.session() as session:
        for client_id in client_ids:
            begin_family(session, clock, owner, client_id, scope="openid", life=timedelta(days=1))
            client = await session.get_one(Client, client_id)
            subjects[client_id] = await pairwise_subject(session, clock, client.sector, owner.account_id)
    return subjects


async def published(database: Database, settings: Settings, clock: Clock) -> dict[str, list[dict[str, object]]]:
    async with database.session() as session:
        return (await key_ring.load(session, open_keys(settings).cipher, clock)).jwks(clock.now())


class InProcessWorker:
    """Does the outbox's messages by the declared tasks themselves, on the test's loop and clock."""

    def __init__(self, context: TaskContext, celery: Celery = app) -> None:
        self.context = context
        self._celery = celery
        self._work: list[Awaitable[None]] = []
        celery.runtime = self

    def call(self, work: Awaitable[None]) -> None:
        self._work.append(work)

    async def do(self, task: str, message_id: object) -> None:
        """Do one message, as often as it is delivered."""
        self._celery.tasks[task].run(str(message_id))
        await self._work.pop()

    async def do_all(self) -> int:
        """Do what is due by now, or was never tried, and what follows from it; return how many messages."""
        done = 0
        while rows := await self._due(self.context.database):
            for row in rows:
                await self.do(row["task"], row["id"])
                done += 1
        return done

    async def _due(self, database: Database) -> list[Any]:
        query = "SELECT id, task FROM outbox WHERE due_at <= $1 OR (failures = 0 AND due_at IS NOT NULL) ORDER BY id"
        return list(await database.pool.fetch(query, self.context.clock.now()))
