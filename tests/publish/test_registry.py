"""What gateway processes know of what is live: at once when announced, soon without, and never wrong."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

import kernel.follower
from gateway.registry import LiveService, Registry, RegistryUnavailableError
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import Database, open_database
from kernel.embedded import start_missing, stop, with_urls
from kernel.redis import open_redis
from kernel.settings import Settings
from migrations.upgrade import upgrade
from services_catalog import definitions
from services_catalog.announcements import announce
from services_catalog.tables import Department, Service, ServiceVersion
from services_catalog.versions import LiveChange, roll_back, standing, store
from supergraph.slice import Binding, Operation, Slice, digest, encode

CLOCK = SystemClock()
_unique = itertools.count()


def version_of(name: str, **upstream: Any) -> ServiceVersion:
    """A version that differs from every other."""
    binding = Binding(method="GET", path=f"/{next(_unique)}", answers=())
    operation = Operation(name="all", kind="query", type="Int", binding=binding)
    data = encode(Slice(service=name, types={}, operations=(operation,)))
    return ServiceVersion(
        service=name,
        manifest={
            "title": {"zh": "停车", "en": name},
            "upstream": {"url": "https://parking.example", "headers": {"x-key": ""}} | upstream,
            "document": "openapi.yaml",
        },
        upstream_headers={"x-key": "hush"},
        bundle=b"",
        slice=data,
        sdl=definitions.pack({}),
        digest=digest(data),
        operations=1,
        typed=1,
        findings=[],
        created_at=datetime.now(UTC),
        created_by="test",
    )


async def add_department(database: Database) -> None:
    async with database.session() as session:
        session.add(Department(name="city", title_zh="市", title_en="City", created_at=CLOCK.now()))


async def make_live(database: Database, name: str, **upstream: Any) -> LiveChange:
    async with database.session() as session:
        stood = await standing(session, "city", name)
        return await store(session, CLOCK, "city", version_of(name, **upstream), stood, seal=lambda _number: None)


@asynccontextmanager
async def running(database: Database, redis: Redis, settings: Settings) -> AsyncIterator[Registry]:
    registry = Registry(database.pool, redis, settings, open_keys(settings).cipher)
    await registry.start()
    try:
        yield registry
    finally:
        await registry.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


def version_in(registry: Registry, name: str) -> int | None:
    service = registry.live(name)
    return service.version if service else None


@pytest.fixture
async def city(database: Database) -> Database:
    await add_department(database)
    return database


@pytest.fixture
def no_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that only an announcement can have told."""
    monkeypatch.setattr(kernel.follower, "ALONE_SECONDS", 3600.0)


async def test_every_process_learns_of_an_announced_version(
    city: Database, redis: Redis, settings: Settings, no_polling: None
) -> None:
    async with running(city, redis, settings) as one, running(city, redis, settings) as other:
        assert set(one.names()) == set()
        heard: list[set[str]] = []
        other.on_change(heard.append)
        await until(lambda: one.follower.subscribed and other.follower.subscribed)
        change = await make_live(city, "parking", connections=7)
        await announce(redis, change.revision)
        await until(lambda: one.live("parking") is not None and other.live("parking") is not None)
        service = other.live("parking")
        assert service is not None
        assert (service.version, service.revision, service.department) == (1, change.revision, "city")
        assert (service.upstream.connections, service.upstream.headers) == (7, {"x-key": "hush"})
        assert heard == [{"parking"}]
        assert one.revision == other.revision == change.revision


async def test_a_change_that_nobody_announced_is_found(
    city: Database, redis: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel.follower, "POLL_SECONDS", 3600.0)
    async with running(city, redis, settings) as registry:
        await make_live(city, "parking")
        await until(lambda: version_in(registry, "parking") == 1)


async def test_without_redis_changes_are_found_all_the_same(city: Database, settings: Settings) -> None:
    nowhere = msgspec.structs.replace(settings, redis_url="unix:///nowhere/valkey.sock")
    async with open_redis(nowhere) as redis, running(city, redis, nowhere) as registry:
        change = await make_live(city, "parking")
        await announce(redis, change.revision)
        await until(lambda: version_in(registry, "parking") == 1)


async def test_a_rollback_is_a_change_like_any_other(city: Database, redis: Redis, settings: Settings) -> None:
    async with running(city, redis, settings) as registry:
        await make_live(city, "parking")
        await make_live(city, "parking")
        await registry.refresh()
        assert version_in(registry, "parking") == 2
        async with city.session() as session:
            await roll_back(session, CLOCK, "city", "parking", beside=set())
        await registry.refresh()
        assert version_in(registry, "parking") == 1


async def test_a_service_without_live_version_is_gone(city: Database, redis: Redis, settings: Settings) -> None:
    async with running(city, redis, settings) as registry:
        change = await make_live(city, "parking")
        await registry.refresh()
        async with city.session() as session:
            service = await session.get_one(Service, "parking")
            service.live_version, service.revision = None, change.revision + 1
        await city.pool.execute("UPDATE catalog_revision SET revision = revision + 1")
        heard: list[set[str]] = []
        registry.on_change(heard.append)
        await registry.refresh()
        assert (registry.live("parking"), heard) == (None, [{"parking"}])


async def test_a_restored_database_is_read_anew(city: Database, redis: Redis, settings: Settings) -> None:
    async with running(city, redis, settings) as registry:
        await make_live(city, "parking")
        await make_live(city, "parking")
        await registry.refresh()
        await city.pool.execute("UPDATE service SET live_version = 1, revision = 1")
        await city.pool.execute("UPDATE catalog_revision SET revision = 1")
        await registry.refresh()
        assert (version_in(registry, "parking"), registry.revision) == (1, 1)


async def test_a_manifest_that_cannot_be_read_costs_its_service_only(
    city: Database, redis: Redis, settings: Settings
) -> None:
    await make_live(city, "broken", url=5)
    await make_live(city, "parking")
    async with running(city, redis, settings) as registry:
        assert set(registry.names()) == {"parking"}


async def test_concurrent_changes_are_all_seen(city: Database, redis: Redis, settings: Settings) -> None:
    """A number that becomes visible after a higher one would be missed for ever."""
    names = [f"s{number}x" for number in range(12)]
    async with running(city, redis, settings) as registry:
        stop = asyncio.Event()

        async def look() -> None:
            while not stop.is_set():
                await registry.refresh()

        looking = asyncio.create_task(look())
        for _ in range(5):
            await asyncio.gather(*(make_live(city, name) for name in names))
        stop.set()
        await looking
        await registry.refresh()
        assert {name: version_in(registry, name) for name in names} == dict.fromkeys(names, 5)


async def test_slices_are_loaded_once_and_the_oldest_dropped(city: Database, redis: Redis, settings: Settings) -> None:
    async with running(city, redis, settings) as registry:
        for name in ("a", "b", "c"):
            await make_live(city, name)
        await registry.refresh()
        services = {name: registry.live(name) for name in ("a", "b", "c")}
        a, b, c = (service for service in services.values() if service)
        first, second = await asyncio.gather(registry.slice(a), registry.slice(a))
        assert first is second
        assert (await registry.slice(b)).service == "b"
        registry._slices._limit = registry._slices._weight * 5 // 4  # two slices, for they differ by a few bytes
        await registry.slice(a)
        await registry.slice(c)
        assert registry._slices.get(b.digest) is None
        assert await registry.slice(a) is first


async def test_one_caller_that_gives_up_takes_the_slice_from_no_other(
    city: Database, redis: Redis, settings: Settings
) -> None:
    async with running(city, redis, settings) as registry:
        await make_live(city, "parking")
        await registry.refresh()
        service = registry.live("parking")
        assert service is not None
        impatient, patient = (asyncio.create_task(registry.slice(service)) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        assert (await patient).service == "parking"


async def test_whatever_ends_listening_it_begins_again(
    city: Database, redis: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class UnheardOfError(Exception):
        """None of those that a client of Redis is known to raise."""

    failures = [UnheardOfError()]
    pubsub = redis.pubsub

    def failing_once(**options: Any) -> Any:
        if failures:
            raise failures.pop()
        return pubsub(**options)

    monkeypatch.setattr(redis, "pubsub", failing_once)
    async with running(city, redis, settings) as registry:
        await until(lambda: registry.follower.subscribed)
        assert not failures


async def test_a_change_that_a_callback_could_not_take_is_told_again(
    city: Database, redis: Redis, settings: Settings
) -> None:
    async with running(city, redis, settings) as registry:
        await make_live(city, "parking")
        await registry.refresh()
        heard: list[set[str]] = []

        def fail_once(names: set[str]) -> None:
            heard.append(names)
            if len(heard) == 1:
                raise RuntimeError

        registry.on_change(fail_once)
        change = await make_live(city, "parking")
        with pytest.raises(RuntimeError):
            await registry.refresh()
        assert (version_in(registry, "parking"), registry.revision < change.revision) == (1, True)
        await registry.refresh()
        assert (version_in(registry, "parking"), registry.revision) == (2, change.revision)
        assert heard == [{"parking"}, {"parking"}]


@pytest.fixture
def own_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(state_dir=str(tmp_path_factory.mktemp("y")))


async def test_a_registry_closes_at_any_moment(city: Database, settings: Settings) -> None:
    async with asyncio.timeout(60):
        for steps in range(0, 30, 3):
            async with open_redis(settings) as redis, running(city, redis, settings):
                for _ in range(steps):
                    await asyncio.sleep(0)


async def test_a_registry_outlives_both_servers(own_settings: Settings) -> None:
    started = start_missing(own_settings)
    settings = with_urls(own_settings, started)
    try:
        await upgrade(settings.database_url)
        async with open_database(settings) as database, open_redis(settings) as redis:
            await add_department(database)
            await make_live(database, "parking")
            async with running(database, redis, settings) as registry:
                parking = registry.live("parking")
                assert isinstance(parking, LiveService)
                await until(lambda: registry.follower.subscribed)
                stop(started)
                await until(lambda: not registry.follower.subscribed)
                with pytest.raises(RegistryUnavailableError):
                    await registry.slice(parking)
                assert registry.live("parking") is parking
                started = start_missing(own_settings)
                await _retry(lambda: make_live(database, "parking"))
                await until(lambda: version_in(registry, "parking") == 2 and registry.follower.subscribed)
    finally:
        stop(started)


async def _retry(call: Callable[[], Awaitable[Any]]) -> None:
    """A pool's connections to a server that is gone fail once each."""
    async with asyncio.timeout(20):
        while True:
            try:
                await call()
            except (OSError, ConnectionError):
                await asyncio.sleep(0.05)
            else:
                return
