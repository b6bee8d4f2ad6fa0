"""The published catalogue as open data, over HTTP: what went the real way to the public, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response
from litestar.exceptions import LitestarException
from rdflib import DCTERMS, RDF, Graph, URIRef
from redis.asyncio import Redis

from gateway.http.exports import export_routes
from gateway.http.routes import other_routes
from kernel.clock import CHINA, ManualClock, SystemClock
from kernel.database import Database
from services_catalog.demo.entries import departments, entries
from services_catalog.demo.generating import EDITOR as DEMO_EDITOR
from services_catalog.demo.generating import REVIEWER as DEMO_REVIEWER
from services_catalog.demo.generating import generate_entries, generate_tree
from services_catalog.demo.organisations import Sizes, areas
from services_catalog.entries.document import EntryDocument
from services_catalog.exports.errors import ExportBusyError
from services_catalog.exports.exporting import Exports
from services_catalog.lifecycle.drafting import save_draft
from services_catalog.lifecycle.history import By
from services_catalog.lifecycle.publication import degrade, publish, suspend
from services_catalog.lifecycle.reviewing import approve
from services_catalog.lifecycle.submitting import submit
from services_catalog.organisations.history import Author
from services_catalog.organisations.loading import load
from services_catalog.organisations.roles import Grant, grant
from tests.catalogue.conftest import EDITOR, REVIEWER, City
from tests.catalogue.troubled import WatchedPool
from tests.services_catalog.entries.samples import (
    CASE,
    CASE_CODE,
    IMPLEMENTATION,
    IMPLEMENTATION_CODE,
    ITEM,
    ITEM_CODE,
    TOPIC,
)
from tests.services_catalog.exports.samples import EXAMPLES, IDENTITIES, examples
from tests.services_catalog.exports.validating import defects, graph, unknown_properties, violations

pytestmark = pytest.mark.case("issue-4.3")
CLOCK = SystemClock()
CPSV_AP, SERVICES = "/catalogue/cpsv-ap.jsonld", "/catalogue/hsds/services"
SERVICE = URIRef("http://purl.org/vocab/cpsv#PublicService")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 5, 4, 1, tzinfo=UTC))


@pytest.fixture
def exports(database: Database, clock: ManualClock) -> Exports:
    return Exports(database.pool, clock, "https://city.example", at_once=2)


@pytest.fixture
async def public(exports: Exports) -> AsyncIterator[AsyncClient]:
    """Anybody, who asks over HTTP."""
    transport = ASGITransport(other_routes(export_routes(exports)))  # type: ignore[arg-type]  # httpx knows ASGI less exactly
    async with AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


@pytest.fixture
async def marriage(city: City) -> City:
    for sample in (ITEM, IMPLEMENTATION, CASE):
        await city.bring_out(sample)
    return city


async def answered(public: AsyncClient, path: str) -> Response:
    response = await public.get(path)
    assert response.status_code == 200, response.text
    return response


async def lines(public: AsyncClient, query: str = "full=true") -> list[dict[str, Any]]:
    response = await answered(public, f"{SERVICES}?format=ndjson&{query}")
    return [Response(200, text=line).json() for line in response.text.splitlines()]


async def triples(public: AsyncClient) -> Graph:
    response = await answered(public, CPSV_AP)
    assert response.headers["content-type"] == "application/ld+json"
    return graph(response.content)


def codes(data: Graph) -> set[str]:
    return {str(data.value(each, DCTERMS.identifier)) for each in data.subjects(RDF.type, SERVICE)}


async def bring_out(database: Database, document: EntryDocument) -> None:
    """Bring an example's entry to the public, as if its API were live."""
    bound = document.fields.binding
    operations = frozenset(each.operation for each in bound.operations) if bound else frozenset()
    async with database.session() as session:
        await save_draft(session, CLOCK, EDITOR, document)
        await submit(session, CLOCK, EDITOR, document.code, operations)
        await approve(session, CLOCK, REVIEWER, document.code)
        await publish(session, CLOCK, By(REVIEWER), document.code, operations)


async def test_the_example_departments_services_conform(database: Database, public: AsyncClient) -> None:
    author = Author("operator:test", CLOCK.now().astimezone(CHINA).date())
    async with database.session() as session:
        await load(session, CLOCK, author, (EXAMPLES / "organisations.csv").read_bytes(), progress=lambda _: None)
        for holder, role in ((EDITOR, "editor"), (REVIEWER, "reviewer")):
            await grant(session, CLOCK, author.actor, Grant(holder, "yunzhou", role))  # type: ignore[arg-type]  # two of the roles
    for document in examples():
        await bring_out(database, document)
    offered = {each.code for each in examples() if each.level != "item"}
    data = await triples(public)
    assert codes(data) == offered
    assert violations(data) == []
    assert unknown_properties(data) == set()
    services = await lines(public)
    assert len(services) == len(offered)
    assert [defects("service", each) for each in services] == [[]] * len(offered)


async def test_generated_services_conform(database: Database, redis: Redis, public: AsyncClient) -> None:
    tree = areas(sizes=Sizes(1, 2, 2, 2))
    offices = departments(tree, 33)
    author = Author("operator:test", CLOCK.now().astimezone(CHINA).date())
    await generate_tree(database, CLOCK, author, [*tree, *offices], lambda _: None)
    assert DEMO_EDITOR != DEMO_REVIEWER
    await generate_entries(database, redis, CLOCK, entries(offices, 9), lambda _: None)
    data = await triples(public)
    assert len(codes(data)) == 9
    assert violations(data) == []
    services = await lines(public)
    assert [defects("service", each) for each in services] == [[]] * 9
    assert len({each["id"] for each in services}) == 9


async def test_pages_are_those_of_hsds(marriage: City, public: AsyncClient) -> None:
    first = (await answered(public, f"{SERVICES}?per_page=1")).json()
    assert defects("page", first) == []
    assert (first["total_items"], first["total_pages"], first["size"]) == (2, 2, 1)
    assert (first["first_page"], first["last_page"], first["empty"]) == (True, False, False)
    assert defects("service", first["contents"][0]) == []
    assert "service_at_locations" not in first["contents"][0]
    second = (await answered(public, f"{SERVICES}?per_page=1&page=2&full=true")).json()
    assert (second["first_page"], second["last_page"]) == (False, True)
    assert second["contents"][0]["service_at_locations"]
    beyond = (await answered(public, f"{SERVICES}?page=9")).json()
    assert (beyond["contents"], beyond["empty"], beyond["last_page"]) == ([], True, True)


async def test_one_service_is_found_by_its_identifier(marriage: City, public: AsyncClient) -> None:
    identifier = IDENTITIES.service(CASE_CODE)
    service = (await answered(public, f"{SERVICES}/{identifier}?language=en")).json()
    assert defects("service", service) == []
    assert (service["id"], service["name"]) == (identifier, "A new marriage certificate")
    assert service in await lines(public, "full=true&language=en")
    for unknown in (IDENTITIES.service(ITEM_CODE), "x", "%00"):
        response = await public.get(f"{SERVICES}/{unknown}")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "ENTRY_UNKNOWN")


async def test_nothing_but_what_is_public_is_exported(marriage: City, public: AsyncClient) -> None:
    await marriage.draft({**IMPLEMENTATION, "code": "coming"}, summary={"zh": "还没有公布"})
    await marriage.draft(IMPLEMENTATION, summary={"zh": "还没有公布"})
    everything = (await answered(public, CPSV_AP)).text + str(await lines(public))
    assert "还没有公布" not in everything
    assert codes(await triples(public)) == {IMPLEMENTATION_CODE, CASE_CODE}
    async with marriage.database.session() as session:
        await suspend(session, marriage.clock, REVIEWER, IMPLEMENTATION_CODE, "because")
    assert codes(await triples(public)) == set()
    assert await lines(public) == []
    assert (await public.get(f"{SERVICES}/{IDENTITIES.service(CASE_CODE)}")).status_code == 404


async def test_what_does_not_hold_today_is_not_exported(
    marriage: City, public: AsyncClient, clock: ManualClock
) -> None:
    await marriage.bring_out(IMPLEMENTATION, effective_from="2026-05-05", withdraw_on="2026-05-07")
    offered, tags = {IMPLEMENTATION_CODE, CASE_CODE}, []
    midnight = datetime(2026, 5, 4, 16, tzinfo=UTC)
    for moment, seen in (
        (midnight - timedelta(seconds=1), set()),
        (midnight, offered),
        (midnight + timedelta(hours=48, seconds=-1), offered),
        (midnight + timedelta(hours=48), set()),
    ):
        clock.advance(moment - clock.now())
        assert codes(await triples(public)) == seen
        assert {each["id"] for each in await lines(public)} == {IDENTITIES.service(code) for code in seen}
        page = await answered(public, SERVICES)
        assert (page.json()["total_items"], page.json()["size"]) == (len(seen), len(seen))
        for code in offered:
            one = await public.get(f"{SERVICES}/{IDENTITIES.service(code)}")
            assert one.status_code == (200 if seen else 404)
        tags.append(page.headers["etag"])
    assert len({*tags}) == len(tags)


async def test_topics_have_their_names_while_residents_see_them(
    marriage: City, public: AsyncClient, clock: ManualClock
) -> None:
    """Topics of the authority's own too: they are the city's entries where there is one of the code."""
    await marriage.bring_out(TOPIC, name={"zh": "喜事"}, effective_from="2026-05-05")
    for field in ("topics", "local_topics"):
        await marriage.bring_out(IMPLEMENTATION, **{field: [TOPIC["code"]]})
        for moment, named in ((datetime(2026, 5, 4, tzinfo=UTC), False), (datetime(2026, 5, 5, tzinfo=UTC), True)):
            clock.advance(moment - clock.now())
            assert ("喜事" in (await answered(public, CPSV_AP)).text) == named
            assert ("喜事" in str(await lines(public))) == named


async def test_there_are_only_so_many_exports_at_once(marriage: City, exports: Exports, public: AsyncClient) -> None:
    streams = [await exports.cpsv_ap() for _ in range(8)]
    for path in (CPSV_AP, f"{SERVICES}?format=ndjson"):
        refused = await public.get(path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "EXPORT_BUSY")
        assert refused.headers["retry-after"] == "5"
    assert (await answered(public, SERVICES)).json()["size"] == 2
    assert b"".join([piece async for piece in streams.pop()]).endswith(b"]}\n")
    assert codes(await triples(public)) == {IMPLEMENTATION_CODE, CASE_CODE}


class Leaving:
    """A client that takes the first piece of an answer and goes away."""

    def __init__(self, *, breaks: bool) -> None:
        self.breaks = breaks
        self.status = 0
        self._begun = asyncio.Event()

    async def receive(self) -> dict[str, str]:
        await self._begun.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)
        if message["type"] == "http.response.body":
            self._begun.set()
            if self.breaks:
                raise ConnectionResetError
            await asyncio.Event().wait()


async def test_who_goes_away_leaves_a_place(marriage: City, exports: Exports) -> None:
    app: Any = other_routes(export_routes(exports))
    scope = {"type": "http", "http_version": "1.1", "scheme": "http", "method": "GET", "root_path": ""}
    path = {"path": CPSV_AP, "raw_path": CPSV_AP.encode(), "query_string": b"", "headers": []}
    kept = []
    for number in range(18):
        client = Leaving(breaks=number % 2 == 0)
        async with asyncio.timeout(20):
            try:
                await app(scope | path, client.receive, client.send)
            except LitestarException as error:
                kept.append(error)  # with all that it refers to
        assert client.status == 200


async def test_there_are_only_so_many_pages_at_once(marriage: City, exports: Exports) -> None:
    asked = (exports.hsds_page(1, 2, "zh", full=True) for _ in range(40))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in answers] == [bytes] * 32 + [ExportBusyError] * 8


async def test_identifiers_are_looked_up_once_a_change(marriage: City, clock: ManualClock) -> None:
    pool = WatchedPool(marriage.database.pool)
    exports: Any = Exports(pool, clock, "https://city.example")
    unknown = [exports.hsds_service(str(number), "zh") for number in range(5)]
    assert await asyncio.gather(*unknown) == [None] * 5
    assert pool.asked == 5 + 1  # whether anything has changed, each; and what there is
    asked: list[int] = []
    for name in ("新的说明。", "更新的说明。"):
        await marriage.bring_out(IMPLEMENTATION, summary={"zh": name})
        pool.asked = 0
        assert name in (await exports.hsds_service(IDENTITIES.service(IMPLEMENTATION_CODE), "zh")).decode()
        asked.append(pool.asked)
    assert asked == [3, 3]  # the entry, its organisations, and its item


async def test_what_does_not_work_is_exported_with_the_reason(marriage: City, public: AsyncClient) -> None:
    async with marriage.database.session() as session:
        await degrade(session, marriage.clock, IMPLEMENTATION_CODE, "no answer")
    alerts = {each["id"]: each.get("alert") for each in await lines(public)}
    assert alerts[IDENTITIES.service(IMPLEMENTATION_CODE)] == "no answer"


@pytest.mark.parametrize("path", [CPSV_AP, SERVICES, f"{SERVICES}?format=ndjson"])
async def test_what_has_not_changed_is_not_sent_again(marriage: City, public: AsyncClient, path: str) -> None:
    first = await answered(public, path)
    again = await public.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await marriage.bring_out(IMPLEMENTATION, summary={"zh": "新的说明。"})
    changed = await public.get(path, headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert "新的说明" in changed.text


async def test_an_organisation_s_change_is_one_of_the_export(marriage: City, public: AsyncClient) -> None:
    before = (await answered(public, CPSV_AP)).headers["etag"]
    await marriage.found({"south": ""})
    assert (await answered(public, CPSV_AP)).headers["etag"] != before


async def test_the_same_is_exported_alike(marriage: City, public: AsyncClient) -> None:
    for path in (CPSV_AP, f"{SERVICES}?format=ndjson&full=true"):
        assert (await answered(public, path)).content == (await answered(public, path)).content


@pytest.mark.parametrize(
    "path",
    [
        f"{CPSV_AP}?language=en",
        f"{SERVICES}?taxonomy_id=1",
        f"{SERVICES}?page=0",
        f"{SERVICES}?per_page=101",
        f"{SERVICES}?language=fr",
    ],
)
async def test_what_is_not_answered_is_refused(public: AsyncClient, path: str) -> None:
    response = await public.get(path)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "BAD_REQUEST")


async def test_an_empty_catalogue_is_a_document_too(public: AsyncClient) -> None:
    assert len(await triples(public)) == 0
    assert await lines(public) == []
    page = (await answered(public, SERVICES)).json()
    assert (page["empty"], page["total_pages"]) == (True, 0)


async def test_the_api_says_what_it_is(public: AsyncClient) -> None:
    assert (await answered(public, "/catalogue/hsds")).json()["version"] == "3.1"
