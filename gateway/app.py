"""One gateway process: what it is made of, opened at start-up and closed in reverse, and which path goes where."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import cached_property, partial
from typing import Any, NamedTuple

from graphql import GraphQLSchema
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp
from redis.asyncio import Redis

from auth.issuer import issuer
from auth.keys.key_ring import SIGNING_KEYS, KeyRing
from auth.provider.environment import Environment
from auth.sessions.ended import EndedSessions, attach_ended
from flows.appointments.hall.watching import attach_halls
from flows.appointments.watching import attach_appointments
from flows.codes.desk import Desk
from flows.codes.keys import CODE_KEYS, CodeKeys
from flows.parking.watching import attach_parking
from gateway.callers import Callers
from gateway.catalogue import CatalogueSource
from gateway.direct import carry
from gateway.guide import Guide
from gateway.http.booking_systems import booking_system_routes
from gateway.http.codes import CodeRoutes
from gateway.http.console import console_routes
from gateway.http.desks.routes import desk_routes
from gateway.http.documents import document_routes
from gateway.http.draws import draw_routes
from gateway.http.entries import EntryRoutes
from gateway.http.event_stream import Streams
from gateway.http.exports import export_routes
from gateway.http.fhir import fhir_routes
from gateway.http.graphiql import graphiql_routes
from gateway.http.graphql import GraphQLOverHTTP
from gateway.http.guide import guide_routes
from gateway.http.halls.routes import hall_routes
from gateway.http.health import health_routes
from gateway.http.live import Live
from gateway.http.parking.routes import parking_routes
from gateway.http.parking_callbacks import ParkingCallbacks
from gateway.http.payment_callbacks import PaymentCallbacks
from gateway.http.phone_pages import phone_page_routes
from gateway.http.pickups import Pickups
from gateway.http.places import PlaceRoutes
from gateway.http.probes import ProbeRoutes
from gateway.http.publish import PublishingRoutes
from gateway.http.request_ids import HEADER, RequestIds
from gateway.http.routes import other_routes
from gateway.http.schema_files import schema_routes
from gateway.http.sign_on.requesters import Requesters
from gateway.http.sign_on.routes import sign_on_routes
from gateway.http.sign_on.services import SignInServices
from gateway.kept_values import KeptValues
from gateway.launches import Launches
from gateway.permits import Permits
from gateway.pipeline.authenticate import Authenticator
from gateway.pipeline.execute import Executor, Ways
from gateway.pipeline.plan import Planner
from gateway.platform import open_platform
from gateway.recording import Recorder
from gateway.registry import Registry
from gateway.sign_in_services import open_sign_in_services
from gateway.upstreams import Upstreams
from kernel.clock import Clock, SystemClock
from kernel.crypto.keys import Keys, open_keys
from kernel.database import Database, open_database
from kernel.http_server.request import Handler
from kernel.logs import configure, request_id
from kernel.outbox import attach_outbox
from kernel.published_keys import PublishedKeys
from kernel.redis import open_redis
from kernel.settings import Settings
from schema.context import Context, Platform
from schema.graph import local_schema
from schema.names import platform_names
from services_catalog.exports.exporting import Exports
from services_catalog.publishing import Publishing
from services_catalog.reading.answering import Answering
from services_catalog.reading.document import SERVICE, source
from services_catalog.reading.shared import SharedAnswers
from services_catalog.reading.shelf import Shelf

_log = logging.getLogger(__name__)


class Identity(NamedTuple):
    """What one process knows of who asks, and signs them in with."""

    authenticator: Authenticator
    callers: Callers
    environment: Environment


class Gateway:
    """The gateway as an ASGI application; ``direct`` has the paths that a server may call without ASGI.

    ``running`` opens it for the length of a block; under an ASGI server its lifespan does.
    """

    def __init__(self, settings: Settings, services: SignInServices | None = None, clock: Clock | None = None) -> None:
        self._settings = settings
        self._services = services
        self._clock = clock or SystemClock()
        self._routes: Callable[[], list[HTTPRouteHandler]]
        self._ids = RequestIds()
        self.direct: dict[str, Handler] = {}
        self.database: Database
        self.registry: Registry
        self.recorder: Recorder
        self.keys: PublishedKeys[KeyRing]
        self.code_keys: PublishedKeys[CodeKeys]
        self.desk: Desk
        self.environment: Environment
        self.catalogue: Shelf
        self.guide: Guide

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connect to everything in the running loop, and disconnect at the end."""
        settings = self._settings
        configure(settings.log_level)
        secrets = open_keys(settings)
        async with AsyncExitStack() as stack:
            database, redis = await self._open_stores(stack)
            registry = self.registry = Registry(database.pool, redis, settings, secrets.cipher)
            stack.push_async_callback(registry.close)
            upstreams = Upstreams(registry)
            stack.push_async_callback(upstreams.close)
            await registry.start()
            shelf = await self._open_catalogue(stack, redis)
            identity = await self._open_identity(stack, redis, secrets)
            desk = await self._open_desk(stack, redis, secrets)
            services = self._services or await open_sign_in_services(settings, stack)
            platform = await open_platform(stack, database, registry, self.environment, services, desk=desk)
            upstreams.inside[SERVICE] = self._catalogue_source(stack, redis, shelf, platform)
            local = local_schema()
            planner = Planner(registry, local, settings, [source()])
            ways = await self._open_ways(stack, redis, upstreams, identity, platform)
            context = partial(Context, platform)
            executor = Executor(ways, context, settings)
            recorder = self.recorder = await stack.enter_async_context(Recorder(database.pool, redis, self._clock))
            graphql = GraphQLOverHTTP(planner, identity.authenticator, executor, self._ids, settings, record=recorder)
            self.direct = {"/graphql": graphql}
            self._routes = lambda: [
                *health_routes(registry, upstreams, graphql, self.database, self._clock),
                *schema_routes(registry, local),
                *graphiql_routes(),
                *self._streams(local, identity, context, platform),
                *sign_on_routes(platform, services),
                *self._publishing_routes(redis, secrets, local, planner),
                *self._flow_routes(platform, secrets),
            ]
            yield

    async def _open_stores(self, stack: AsyncExitStack) -> tuple[Database, Redis]:
        """Connect to PostgreSQL and Redis; what is committed is announced."""
        database = self.database = await stack.enter_async_context(open_database(self._settings))
        redis = await stack.enter_async_context(open_redis(self._settings))
        for attach in (attach_outbox, attach_ended, attach_parking, attach_appointments, attach_halls):
            attach(database, redis)
        return database, redis

    async def _open_catalogue(self, stack: AsyncExitStack, redis: Redis) -> Shelf:
        """Open what the catalogue is read from: the public entries, followed from now on."""
        shelf = self.catalogue = Shelf(self.database.pool, redis)
        stack.push_async_callback(shelf.close)
        await shelf.start()
        return shelf

    def _catalogue_source(
        self, stack: AsyncExitStack, redis: Redis, shelf: Shelf, platform: Platform
    ) -> CatalogueSource:
        """Make what answers for the catalogue."""
        shared = SharedAnswers(redis)
        stack.push_async_callback(shared.close)
        launches = Launches(shelf, self._clock, platform.channels.values())
        return CatalogueSource(Answering(shelf, shared, self._clock), launches, self.registry)

    async def _open_ways(
        self, stack: AsyncExitStack, redis: Redis, upstreams: Upstreams, identity: Identity, platform: Platform
    ) -> Ways:
        """Open what a fetch goes through; departments' answers are held to the guide, which is followed from now on."""
        refuse = self._settings.guide_refuses
        guide = self.guide = Guide(self.database.pool, redis, self._clock, upstreams, refuse=refuse)
        stack.push_async_callback(guide.close)
        await guide.start()
        permits = Permits(self.database, platform.purposes, self._clock)
        return Ways(upstreams, identity.callers, permits, KeptValues(), guide)

    async def _open_identity(self, stack: AsyncExitStack, redis: Redis, secrets: Keys) -> Identity:
        """Open what says who asks: signing keys, ended sessions, verified tokens, assertions."""
        settings, database, clock = self._settings, self.database, self._clock
        keys = self.keys = PublishedKeys(SIGNING_KEYS, database, redis, secrets.cipher, clock)
        stack.push_async_callback(keys.close)
        await keys.start()
        ended = EndedSessions(database.pool, redis, clock, timedelta(seconds=settings.access_token_seconds))
        stack.push_async_callback(ended.close)
        await ended.start()
        ours = issuer(settings)
        environment = self.environment = Environment(redis, clock, settings, ours, secrets, lambda: keys.newest)
        return Identity(
            Authenticator(environment.ring, ended, ours, clock),
            Callers(database, environment.ring, ours, clock),
            environment,
        )

    async def _open_desk(self, stack: AsyncExitStack, redis: Redis, secrets: Keys) -> Desk:
        """Open what residents' codes are issued and checked with."""
        keys = self.code_keys = PublishedKeys(CODE_KEYS, self.database, redis, secrets.cipher, self._clock)
        stack.push_async_callback(keys.close)
        await keys.start()
        self.desk = Desk(redis, self._clock, secrets.cipher, lambda: keys.newest)
        return self.desk

    def _streams(
        self, local: GraphQLSchema, identity: Identity, context: Callable[..., Context], platform: Platform
    ) -> list[HTTPRouteHandler]:
        """Return what is watched live, residents' subscriptions and halls: one limit is for both."""
        streams = Streams()
        live = Live(local, identity.authenticator, context, self._settings, streams)
        return [*live.handlers(), *hall_routes(platform, streams)]

    def _publishing_routes(
        self, redis: Redis, secrets: Keys, local: GraphQLSchema, planner: Planner
    ) -> list[HTTPRouteHandler]:
        names, made = platform_names(local), (self.database, redis, self._clock)
        publishing = Publishing(*made, self._settings, names, cipher=secrets.cipher)
        return [
            *PublishingRoutes(self.database, self.registry, publishing, self.recorder.flush_everywhere).handlers(),
            *document_routes(self.database, planner, self._clock, self._settings),
            *EntryRoutes(*made).handlers(),
            *ProbeRoutes(self.database, self._clock).handlers(),
            *guide_routes(self.database, self._clock, refuse=self._settings.guide_refuses),
            *console_routes(),
        ]

    def _open_routes(self, platform: Platform) -> list[HTTPRouteHandler]:
        """Return what needs no sign-in: open data, and what devices ask, which sign their requests."""
        exports = Exports(self.database.pool, self._clock, issuer(self._settings))
        codes = CodeRoutes(self.database, platform.desk)
        places = PlaceRoutes(self.database, platform.desk, Requesters(self._settings), platform.framed_by)
        pages = [*places.handlers(), *phone_page_routes(platform.framed_by)]
        return [*export_routes(exports), *codes.handlers(), *pages]

    def _flow_routes(self, platform: Platform, secrets: Keys) -> list[HTTPRouteHandler]:
        """Return what machines outside call that take part in residents' flows: gates, operators, hosts' cashiers."""
        payments = PaymentCallbacks(self.database, self._clock, secrets.cipher, platform.channels)
        stays = ParkingCallbacks(self.database, self._clock, secrets, platform.parking)
        parking = parking_routes(self.database, self.environment)
        pickups = Pickups(self.database, self.environment).handlers()
        systems = booking_system_routes(self.database, self._clock)
        open_ = [*draw_routes(self.database, secrets), *fhir_routes(self.database, self.environment)]
        staff = [*open_, *desk_routes(platform), *pickups, *systems]
        return [*self._open_routes(platform), *parking, *staff, *payments.handlers(), *stays.handlers()]

    @cached_property
    def others(self) -> ASGIApp:
        """What answers the paths that are not direct: made in some 200 ms, by a server before it takes requests."""
        return other_routes(self._routes(), beside=self.direct)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer as an ASGI application."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http" and (handler := self.direct.get(scope["path"])):
            await carry(handler, scope, receive, send, self._settings.max_request_bytes)
        else:
            as_get: Any = scope if scope.get("method") != "HEAD" else {**scope, "method": "GET"}  # its body is dropped
            await self.others(as_get, receive, self._identified(scope, send))

    def _identified(self, scope: Any, send: Any) -> Any:
        """Give a request its id, for the log, and return a ``send`` that answers it."""
        identity = self._ids.id(dict(scope["headers"]).get(HEADER))
        request_id.set(identity)

        async def send_with_id(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], (HEADER, identity.encode())]}
            await send(message)

        return send_with_id

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self.running())
                _ = self.others
            except Exception as error:
                _log.exception("the gateway cannot start")
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
