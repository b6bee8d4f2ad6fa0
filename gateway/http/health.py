"""``/health`` for load balancers and ``/metrics`` for Prometheus (its text format, version 0.0.4)."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import asyncpg
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from flows.appointments.hall.estimating import errors_since
from gateway.http.graphql import GraphQLOverHTTP
from gateway.registry import Registry
from gateway.upstreams import Upstreams
from kernel.clock import Clock
from kernel.database import Database

_QUERY_SECONDS = 2.0


def health_routes(
    registry: Registry, upstreams: Upstreams, graphql: GraphQLOverHTTP, database: Database, clock: Clock
) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""

    @get("/health", sync_to_thread=False)
    def health() -> dict[str, object]:
        """Say that this process serves, and which revision of the catalogue."""
        return {"status": "ok", "revision": registry.revision, "services": len(registry.names())}

    @get("/metrics")
    async def metrics() -> Response[str]:
        """Return this process's counters since it began, and how halls fare, which every process knows."""
        halls = await _estimates(database, clock)
        text = "\n".join([*_metrics(registry, upstreams, graphql), *halls]) + "\n"
        return Response(text, media_type="text/plain; version=0.0.4")

    return [health, metrics]


def _metrics(registry: Registry, upstreams: Upstreams, graphql: GraphQLOverHTTP) -> Iterator[str]:
    yield from _metric("yiwang_requests_total", "counter", "GraphQL requests", [("", graphql.requests)])
    yield from _metric("yiwang_requests_refused_total", "counter", "Requests not executed", [("", graphql.refused)])
    yield from _metric("yiwang_services", "gauge", "Live services", [("", len(registry.names()))])
    yield from _metric("yiwang_catalogue_revision", "gauge", "Catalogue revision served", [("", registry.revision)])
    open_ = sorted(upstreams.each().items())
    calls = [(f'service="{name}"', upstream.calls) for name, upstream in open_]
    yield from _metric("yiwang_upstream_calls_total", "counter", "Calls to departments", calls)
    failures = [
        (f'service="{name}",code="{code}"', count)
        for name, upstream in open_
        for code, count in sorted(upstream.failures.items())
    ]
    yield from _metric("yiwang_upstream_failures_total", "counter", "Calls that failed, by error code", failures)
    retries = [(f'service="{name}"', upstream.retries) for name, upstream in open_]
    yield from _metric("yiwang_upstream_retries_total", "counter", "Calls repeated", retries)
    paused = [(f'service="{name}"', int(upstream.open_since is not None)) for name, upstream in open_]
    yield from _metric("yiwang_upstream_suspended", "gauge", "1 while the circuit breaker is open", paused)


def _metric(name: str, kind: str, text: str, samples: list[tuple[str, int]]) -> Iterator[str]:
    yield f"# HELP {name} {text}."
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield f"{name}{{{labels}}} {value}" if labels else f"{name} {value}"


async def _estimates(database: Database, clock: Clock) -> list[str]:
    """How far waiting estimates were off; nothing while the database is away, which must not hide the rest."""
    try:
        async with asyncio.timeout(_QUERY_SECONDS), database.pool.acquire() as connection:
            found = await errors_since(connection, clock.now() - timedelta(days=1))
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return []
    samples = [(f'office="{office}",service="{service}"', error) for office, service, error in found]
    text = "Mean absolute error of the last waiting estimates in a hall, in seconds"
    return list(_metric("yiwang_hall_estimate_error_seconds", "gauge", text, samples))
