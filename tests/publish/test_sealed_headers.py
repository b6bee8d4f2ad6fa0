"""The headers of upstreams: no dump of the database shows them, gateways have them, keys change while they serve."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from redis.asyncio import Redis
from sqlmodel import select

from cli.main import yiwang
from kernel.clock import SystemClock
from kernel.crypto import keys
from kernel.crypto.sealed_columns import row_id
from kernel.database import Database
from kernel.redis import open_redis
from kernel.settings import Settings
from services_catalog.tables import HEADERS_COLUMN, ServiceVersion
from tests.publish.gateway_under_test import Gateway, department_token, document, gateway, open_to_loopback

SECRET = "hush-7f3a"
UPSTREAM = {"url": "http://127.0.0.1:9/api", "headers": {"x-key": SECRET}}


@pytest.fixture
def own_keys(settings: Settings, tmp_path: Path) -> Settings:
    """A deployment with a key file of this test's own."""
    path = str(tmp_path / "keys.json")
    changed = msgspec.structs.replace(open_to_loopback(settings), key_file=path, state_dir=str(tmp_path))
    keys.create_key_file(changed, SystemClock())
    return changed


@pytest.fixture
async def city(database: Database, redis: Redis, own_keys: Settings) -> AsyncIterator[Gateway]:
    async with gateway(database, redis, own_keys) as opened:
        yield opened


@pytest.fixture
async def token(database: Database) -> str:
    return await department_token(database)


async def dumped(database: Database) -> str:
    """Everything that the catalogue's rows hold, as text and as bytes."""
    rows = await database.pool.fetch("SELECT * FROM service_version")
    whole = b"\n".join(
        value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row.values()
    )
    return whole.decode("latin-1")


def headers_of(gateway: Gateway, name: str = "parking") -> dict[str, str] | None:
    service = gateway.registry.live(name)
    return service.upstream.headers if service else None


async def store_as_before_sealing(database: Database) -> None:
    await database.pool.execute(
        "UPDATE service_version SET sealed_headers = NULL, upstream_headers = $1::jsonb",
        msgspec.json.encode({"x-key": SECRET}).decode(),
    )


async def command(settings: Settings, *arguments: str) -> str:
    """Run ``yiwang keys`` as the operator does beside the running gateway."""
    named = {name: getattr(settings, name) for name in ("database_url", "redis_url", "state_dir", "key_file")}
    environment = {f"YIWANG_{name.upper()}": value for name, value in named.items()}
    result = await asyncio.to_thread(CliRunner(env=environment).invoke, yiwang, ["keys", *arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


async def test_no_row_shows_a_header_and_gateways_have_it(city: Gateway, token: str, database: Database) -> None:
    status, answer = await city.publish(token, document("free"), upstream=UPSTREAM)
    assert (status, answer["status"]) == (200, "published")
    assert SECRET not in await dumped(database)
    assert headers_of(city) == {"x-key": SECRET}


async def test_the_same_headers_are_no_change_and_others_are(city: Gateway, token: str) -> None:
    await city.publish(token, document("free"), upstream=UPSTREAM)
    _, again = await city.publish(token, document("free"), upstream=UPSTREAM)
    assert (again["status"], again["version"]) == ("unchanged", 1)
    _, other = await city.publish(token, document("free"), upstream=UPSTREAM | {"headers": {"x-key": "new"}})
    assert (other["status"], other["version"]) == ("published", 2)
    assert headers_of(city) == {"x-key": "new"}


async def test_a_service_without_headers_has_nothing_sealed(city: Gateway, token: str, database: Database) -> None:
    await city.publish(token, document("free"), upstream={"url": UPSTREAM["url"]})
    assert await database.pool.fetchval("SELECT sealed_headers FROM service_version") is None
    assert headers_of(city) == {}


async def test_headers_from_before_sealing_serve_until_they_are_sealed(
    city: Gateway, token: str, database: Database, redis: Redis, own_keys: Settings
) -> None:
    await city.publish(token, document("free"), upstream=UPSTREAM)
    await store_as_before_sealing(database)
    async with gateway(database, redis, own_keys) as before:
        assert headers_of(before) == {"x-key": SECRET}
        _, again = await before.publish(token, document("free"), upstream=UPSTREAM)
        assert again["status"] == "unchanged"
    assert (await command(own_keys, "reseal")).endswith(": 1.\n")
    assert SECRET not in await dumped(database)
    async with gateway(database, redis, own_keys) as after:
        assert headers_of(after) == {"x-key": SECRET}


async def test_keys_change_while_gateways_serve(
    city: Gateway, token: str, database: Database, redis: Redis, own_keys: Settings
) -> None:
    for name in ("parking", "buses"):
        await city.publish(token, document("free", schema=name.title()), name, upstream=UPSTREAM)
    await command(own_keys, "new-data-key", "--suite", "gm")
    async with gateway(database, redis, own_keys) as restarted:
        said = await command(own_keys, "reseal")
        assert "service_version.upstream_headers: 2 of 2 rows" in said
        assert said.endswith(": 2.\n")
        await city.publish(token, document("a", schema="Parking"), upstream=UPSTREAM, force=True)  # with the old key
        await restarted.registry.refresh()
        assert headers_of(restarted) == headers_of(restarted, "buses") == headers_of(city) == {"x-key": SECRET}
    async with gateway(database, redis, own_keys) as last:
        await last.publish(token, document("b", schema="Parking"), upstream=UPSTREAM, force=True)
        assert headers_of(last) == {"x-key": SECRET}
    assert (await command(own_keys, "reseal")).endswith(": 1.\n")
    assert (await command(own_keys, "reseal")).endswith(": 0.\n")
    listed = await command(own_keys, "list")
    assert [line.split()[-1] for line in listed.splitlines()[:2]] == ["only", "seals"]


async def test_headers_that_do_not_open_cost_their_service_only_until_it_is_published_anew(
    city: Gateway, token: str, database: Database, own_keys: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    await city.publish(token, document("free", schema="Bus"), "buses", upstream=UPSTREAM)
    await city.publish(token, document("free"), upstream=UPSTREAM)
    await database.pool.execute(
        "UPDATE service_version SET sealed_headers = "
        "(SELECT sealed_headers FROM service_version WHERE service = 'buses')"
    )
    async with open_redis(own_keys) as redis, gateway(database, redis, own_keys) as other:
        assert set(other.registry.names()) == {"buses"}
        assert "version 1 of parking cannot be served" in caplog.text
        _, answer = await other.publish(token, document("free"), upstream=UPSTREAM)
        assert (answer["status"], headers_of(other)) == ("published", {"x-key": SECRET})
    assert SECRET not in caplog.text


async def test_no_header_is_in_a_repr_or_a_log(
    city: Gateway, token: str, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await city.publish(token, document("free"), upstream=UPSTREAM)
    await store_as_before_sealing(database)
    async with database.session() as session:
        row = (await session.exec(select(ServiceVersion))).one()
    assert row.upstream_headers == {"x-key": SECRET}
    assert SECRET not in f"{row!r}{row}{city.registry.live('parking')!r}{caplog.text}"


def test_the_place_that_headers_are_sealed_for_stays() -> None:
    """Were it to change, no stored header would open any more."""
    assert (HEADERS_COLUMN, row_id("parking", 1)) == ("service_version.upstream_headers", '["parking","1"]')
