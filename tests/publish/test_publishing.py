"""Publishing over HTTP: what becomes live, what is refused and why, and that nothing is lost in between."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from graphql import parse
from redis.asyncio import Redis

import services_catalog.compiler
import services_catalog.manifest
from gateway.registry import Registry
from kernel.database import Database, open_database
from kernel.redis import open_redis
from kernel.settings import Settings
from tests.publish.gateway_under_test import (
    Gateway,
    department_token,
    document,
    gateway,
    open_to_loopback,
    submission,
)


@pytest.fixture
async def city(database: Database, redis: Redis, settings: Settings) -> AsyncIterator[Gateway]:
    async with gateway(database, redis, open_to_loopback(settings)) as opened:
        yield opened


@pytest.fixture
async def token(database: Database) -> str:
    return await department_token(database)


def live_version(registry: Registry, name: str = "parking") -> int | None:
    service = registry.live(name)
    return service.version if service else None


def code(answer: dict[str, Any]) -> str:
    error: dict[str, str] = answer["error"]
    assert error["message"]
    assert error["fix"]
    return error["code"]


async def test_a_document_becomes_a_live_service(
    city: Gateway, token: str, database: Database, redis: Redis, settings: Settings
) -> None:
    async with gateway(database, redis, settings) as other:
        status, answer = await city.publish(token, document("free", "taken"))
        assert (status, answer["status"], answer["version"]) == (200, "published", 1)
        assert (answer["offered"], answer["operations"], answer["typed"]) == (1, ["Query.parking.lots"], 1)
        assert answer["changes"] == []
        assert live_version(city.registry) == 1
        async with asyncio.timeout(20):
            while live_version(other.registry) != 1:
                await asyncio.sleep(0.01)
        service = other.registry.live("parking")
        assert service is not None
        assert service.digest == answer["digest"]
        assert (await other.registry.slice(service)).operations[0].name == "lots"
        parse(answer["example"])
        assert "free" in answer["example"]


async def test_the_same_content_makes_no_new_version(city: Gateway, token: str, database: Database) -> None:
    first = await city.publish(token, document("free"))
    status, answer = await city.publish(token, document("free"))
    assert (status, answer["status"], answer["version"]) == (200, "unchanged", 1)
    assert answer["revision"] == first[1]["revision"]
    assert await database.pool.fetchval("SELECT count(*) FROM service_version") == 1
    status, answer = await city.publish(token, document("free"), upstream={"url": "http://127.0.0.1:10"})
    assert (answer["status"], answer["version"], answer["changes"]) == ("published", 2, [])


async def test_a_breaking_change_is_refused_unless_forced(city: Gateway, token: str) -> None:
    await city.publish(token, document("free", "taken"))
    status, answer = await city.publish(token, document("free", "price"))
    assert (status, code(answer)) == (409, "BREAKING_CHANGE")
    levels = {change["path"]: change["level"] for change in answer["error"]["details"]["changes"]}
    assert levels == {"ParkingLot.taken": "breaking", "ParkingLot.price": "safe"}
    assert live_version(city.registry) == 1
    status, answer = await city.publish(token, document("free", "price"), force=True)
    assert (status, answer["version"], len(answer["changes"])) == (200, 2, 2)
    assert live_version(city.registry) == 2


async def test_a_dry_run_stores_nothing(city: Gateway, token: str, database: Database) -> None:
    status, answer = await city.publish(token, document("free"), dry_run=True)
    assert (status, answer["status"], answer["version"]) == (200, "checked", None)
    assert await database.pool.fetchval("SELECT count(*) FROM service") == 0
    await city.publish(token, document("free"))
    assert (await city.publish(token, document("taken"), dry_run=True))[0] == 409
    assert (await city.publish(token, document("free", "taken"), dry_run=True))[1]["version"] == 1


async def test_secrets_are_used_and_never_shown(city: Gateway, token: str, database: Database) -> None:
    _, answer = await city.publish(token, document("free"))
    listed = await city.client.get("/services")
    assert listed.json()[0]["name"] == "parking"
    assert "hush" not in str(answer) + listed.text
    assert "hush" not in await database.pool.fetchval("SELECT manifest::text FROM service_version")
    service = city.registry.live("parking")
    assert service is not None
    assert service.upstream.headers == {"x-key": "hush"}


async def test_who_has_no_credential_is_refused(city: Gateway, token: str) -> None:
    for path in ("/publish", "/rollback"):
        status, answer = await city.post(path, token + "x", b"not even read")
        assert (status, code(answer)) == (401, "CREDENTIAL_REFUSED")
        assert (await city.client.post(path)).headers["www-authenticate"] == "Bearer"


async def test_departments_keep_to_their_own(city: Gateway, token: str, database: Database) -> None:
    await city.publish(token, document("free"))
    other = await department_token(database, "harbour")
    assert code((await city.publish(other, document("free")))[1]) == "NOT_YOUR_DEPARTMENT"
    assert code((await city.publish(other, document("free"), department="harbour"))[1]) == "NOT_YOUR_DEPARTMENT"
    status, answer = await city.post("/rollback", other, {"service": "parking"})
    assert (status, code(answer)) == (403, "NOT_YOUR_DEPARTMENT")


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (b"{", 400, "BAD_REQUEST"),
        ({"manifest": {}, "bundle": {}, "forse": True}, 400, "BAD_REQUEST"),
        (submission(document("free"), name="Parking"), 422, "MANIFEST_INVALID"),
        (submission(document("free"), document="other.json"), 422, "BUNDLE_INVALID"),
        (submission("{}"), 422, "DOCUMENT_INVALID"),
        (submission("openapi: ["), 422, "DOCUMENT_INVALID"),
        (submission(document("free"), upstream={"url": "ftp://a"}), 422, "UPSTREAM_URL_INVALID"),
        (submission(document("free"), upstream={"url": "http://127.0.0.1/?key=1"}), 422, "UPSTREAM_URL_INVALID"),
        (submission(document("free"), upstream={"url": "http://127.0.0.1/#f"}), 422, "UPSTREAM_URL_INVALID"),
    ],
)
async def test_what_cannot_be_used_is_refused_with_the_reason(
    city: Gateway, token: str, body: object, status: int, expected: str
) -> None:
    answered, answer = await city.post("/publish", token, body)
    assert (answered, code(answer)) == (status, expected)
    if expected in {"MANIFEST_INVALID", "DOCUMENT_INVALID"}:
        assert answer["error"]["details"]["findings"]


async def test_a_breaking_change_shows_the_defect_that_caused_it(city: Gateway, token: str) -> None:
    await city.publish(token, document("free"))
    broken = document("free")
    broken["components"]["schemas"] = {"Lots": broken["components"]["schemas"].pop("Lot")}
    status, answer = await city.publish(token, broken)
    assert (status, code(answer)) == (409, "BREAKING_CHANGE")
    assert any("Lot" in finding["message"] for finding in answer["error"]["details"]["findings"])


async def test_a_submission_has_its_limit(city: Gateway, token: str) -> None:
    status, answer = await city.post("/publish", token, b" " * (34 * 2**20))
    assert (status, code(answer)) == (413, "REQUEST_TOO_LARGE")


@pytest.mark.parametrize(
    ("url", "resolved", "expected"),
    [
        ("http://127.0.0.1/", "", "ADDRESS_REFUSED"),
        ("http://localhost:8000/", "", "ADDRESS_REFUSED"),
        ("http://169.254.169.254/latest/meta-data", "", "ADDRESS_REFUSED"),
        ("http://api.example/", "10.0.0.7", "ADDRESS_REFUSED"),
        ("http://nowhere.example/", "", "UPSTREAM_UNKNOWN"),
        ("http://api.example/", "93.184.215.14", ""),
    ],
)
async def test_upstreams_must_be_public(
    *,
    database: Database,
    redis: Redis,
    settings: Settings,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    resolved: str,
    expected: str,
) -> None:
    """The resolver is the outside world, so it is the one thing that is stood in for."""

    def resolver(host: str, port: int, **_: object) -> list[Any]:
        if not resolved:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (resolved, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    async with gateway(database, redis, settings) as opened:
        status, answer = await opened.publish(token, document("free"), upstream={"url": url})
    assert (status, answer.get("error", {}).get("code", "")) == (422 if expected else 200, expected)


async def test_rollback_goes_back_and_forth(city: Gateway, token: str) -> None:
    for fields in (["a"], ["a", "b"], ["a", "b", "c"]):
        await city.publish(token, document(*fields))
    assert (await city.post("/rollback", token, {"service": "parking"}))[1]["version"] == 2
    assert live_version(city.registry) == 2
    assert (await city.post("/rollback", token, {"service": "parking"}))[1]["version"] == 1
    assert code((await city.post("/rollback", token, {"service": "parking"}))[1]) == "UNKNOWN_VERSION"
    assert (await city.post("/rollback", token, {"service": "parking", "to": 3}))[1]["version"] == 3
    assert code((await city.post("/rollback", token, {"service": "parking", "to": 9}))[1]) == "UNKNOWN_VERSION"
    assert code((await city.post("/rollback", token, {"service": "parkin"}))[1]) == "UNKNOWN_SERVICE"
    assert live_version(city.registry) == 3
    assert (await city.publish(token, document("a", "b", "c", "d")))[1]["version"] == 4


async def test_of_two_at_once_the_second_is_compared_with_the_first(city: Gateway, token: str) -> None:
    await city.publish(token, document("a"))
    outcomes = await asyncio.gather(
        city.publish(token, document("a", "b")),
        city.publish(token, document("a", "c")),
        city.publish(token, document("a")),
    )
    published = [answer for status, answer in outcomes if status == 200 and answer["status"] == "published"]
    assert [answer["version"] for answer in published] == [2]
    assert all(code(answer) == "BREAKING_CHANGE" for status, answer in outcomes if status != 200)


async def test_many_first_publications_of_one_name_at_once(city: Gateway, token: str) -> None:
    outcomes = await asyncio.gather(*(city.publish(token, document("a")) for _ in range(4)))
    assert sorted(answer["status"] for _, answer in outcomes) == ["published", "unchanged", "unchanged", "unchanged"]


async def test_services_whose_types_would_have_one_name_cannot_both_be_live(city: Gateway, token: str) -> None:
    await city.publish(token, document("a", schema="StopsPage"), "bus")
    status, answer = await city.publish(token, document("a", schema="Page"), "busStops")
    assert (status, code(answer)) == (409, "TYPE_NAMES_TAKEN")
    assert "BusStopsPage" in answer["error"]["message"]
    assert (await city.publish(token, document("a", schema="Line"), "busStops"))[0] == 200


async def test_a_service_cannot_have_a_type_called_like_another_ones_field(city: Gateway, token: str) -> None:
    await city.publish(token, document("a", schema="StopsQuery"), "bus")
    status, answer = await city.publish(token, document("a"), "busStops")
    assert (status, code(answer)) == (409, "TYPE_NAMES_TAKEN")
    assert "BusStopsQuery" in answer["error"]["message"]
    grouped = {"lots": {"group": "gates"}}
    api = document("a", schema="GatesQuery")
    assert (await city.publish(token, api, "harbour", operations=grouped))[0] == 200  # within one it is renamed


async def test_a_rollback_meets_no_type_of_what_was_published_since(city: Gateway, token: str) -> None:
    await city.publish(token, document("a", schema="StopsPage"), "bus")
    await city.publish(token, document("a", schema="Line"), "bus", force=True)
    assert (await city.publish(token, document("a", schema="Page"), "busStops"))[0] == 200
    status, answer = await city.post("/rollback", token, {"service": "bus"})
    assert (status, code(answer)) == (409, "TYPE_NAMES_TAKEN")
    assert live_version(city.registry, "bus") == 2


@pytest.mark.parametrize("name", ["catalog", "me", "payments"])
async def test_a_name_of_the_platforms_own_is_refused(city: Gateway, token: str, name: str) -> None:
    status, answer = await city.publish(token, document("a"), name)
    assert (status, code(answer)) == (422, "MANIFEST_INVALID")
    assert answer["error"]["details"]["findings"][0]["pointer"] == "/name"


async def test_a_type_of_the_platforms_own_is_refused(city: Gateway, token: str) -> None:
    status, answer = await city.publish(token, document("zh", schema="Text"), "localized")
    assert (status, code(answer)) == (409, "TYPE_NAMES_TAKEN")
    assert "the platform would both have types named LocalizedText" in answer["error"]["message"]


@pytest.mark.parametrize(
    "wanted", [{"service": "parking", "to": 2**70}, {"service": "parking", "to": 0}, {"service": "a\0"}]
)
async def test_a_rollback_to_what_cannot_be_is_no_fault_of_the_database(
    city: Gateway, token: str, wanted: object
) -> None:
    status, answer = await city.post("/rollback", token, wanted)
    assert (status, code(answer)) == (400, "BAD_REQUEST")


async def test_what_a_document_quotes_can_be_stored(city: Gateway, token: str, database: Database) -> None:
    api = document("a")
    api["paths"]["/lots"]["get"]["security"] = [{"a\0b": []}]
    api["components"]["schemas"]["Lot"]["properties"]["b"] = {"$ref": "#/nowhere\0"}
    status, answer = await city.publish(token, api)
    assert (status, "\0" in "".join(each["message"] for each in answer["findings"])) == (200, True)
    assert "nowhere\ufffd" in await database.pool.fetchval("SELECT findings::text FROM service_version")


async def test_a_value_that_the_database_refuses_is_the_requests_fault(
    city: Gateway, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever passes the checks before it: here they are taken away."""
    monkeypatch.setattr(services_catalog.manifest, "_control_defects", lambda *_: ())
    status, answer = await city.publish(token, document("a"), title={"zh": "a\0", "en": "a"})
    assert (status, code(answer)) == (400, "BAD_REQUEST")


async def test_who_published_what_is_logged(city: Gateway, token: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "gateway.http.publish")
    await city.publish(token, document("a"))
    await city.publish(token, document("b"), force=True)
    await city.post("/rollback", token, {"service": "parking"})
    logged = [vars(record) for record in caplog.records if record.name == "gateway.http.publish"]
    assert [(each["service"], each["version"], each.get("forced")) for each in logged] == [
        ("parking", 1, False),
        ("parking", 2, True),
        ("parking", 1, None),
    ]
    assert all((each["department"], each["key_id"]) == ("city", token.split("_")[1]) for each in logged)
    assert all(each["milliseconds"] >= 0 for each in logged)


async def test_the_compiler_is_given_no_secret(city: Gateway, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, str]] = []
    run = subprocess.run

    def watched(*arguments: Any, **options: Any) -> Any:
        given.append(options["env"])
        return run(*arguments, **options)

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    monkeypatch.setenv("YIWANG_DATABASE_URL", "hush")
    monkeypatch.setattr(subprocess, "run", watched)
    assert (await city.publish(token, document("a")))[0] == 200
    assert "PATH" in given[0]
    assert "hush" not in given[0].values()


async def test_a_compiler_that_does_not_end_costs_its_publication_only(
    city: Gateway, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services_catalog.compiler, "_SECONDS", 0.01)
    status, answer = await city.publish(token, document("a"))
    assert (status, code(answer)) == (422, "COMPILER_FAILED")


async def test_without_redis_a_publication_succeeds(database: Database, settings: Settings, token: str) -> None:
    nowhere = msgspec.structs.replace(open_to_loopback(settings), redis_url="unix:///nowhere/valkey.sock")
    async with open_redis(nowhere) as redis, gateway(database, redis, nowhere) as opened:
        assert (await opened.publish(token, document("a")))[0] == 200
        assert live_version(opened.registry) == 1


async def test_without_database_a_publication_may_be_tried_again(
    database: Database, redis: Redis, settings: Settings, token: str
) -> None:
    nowhere = msgspec.structs.replace(settings, database_url="postgresql://app@/app?host=/nowhere")
    async with open_database(nowhere) as lost, gateway(database, redis, settings, writes_to=lost) as opened:
        status, answer = await opened.publish(token, document("a"))
    assert (status, code(answer), answer["error"]["retryable"]) == (503, "CATALOG_UNAVAILABLE", True)
