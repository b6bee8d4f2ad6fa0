"""The paths beside ``/graphql``: their errors, their request ids, and the graph as files."""

from collections.abc import AsyncIterator

import pytest
from graphql import build_schema, validate_schema
from httpx import ASGITransport, AsyncClient
from litestar import get as route

from gateway.http.routes import other_routes
from kernel.database import Database
from kernel.logs import request_id
from tests.gateway.conftest import OWN, City, get
from tests.upstream.department import answer

LOT = {"type": "object", "properties": {"id": {"type": "string"}}}


@pytest.fixture
async def front(city: City) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(city.gateway)
    async with AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


async def publish(city: City, *names: str, path: str = "get") -> None:
    department = await city.department(lambda _: [answer(b"{}")])
    for name in names:
        item = {path: get(LOT, operationId="lot")["get"]}
        await city.publish(name, {"/lot": item}, department)


async def test_a_path_that_is_not_there_is_answered_with_those_that_are(front: AsyncClient) -> None:
    response = await front.get("/nowhere")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "HTTP_ERROR")
    for path in ("/graphql", "/services", "/rollback", "/schema.graphql"):
        assert path in response.json()["error"]["fix"]


async def test_the_bare_address_leads_to_the_page(front: AsyncClient) -> None:
    response = await front.get("/")
    assert response.headers["location"] == "/graphiql"
    page = await front.get("/graphiql")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "/schema/{file}," in (await front.get("/nowhere")).json()["error"]["fix"]


async def test_a_defect_is_logged_and_answered_with_its_id(caplog: pytest.LogCaptureFixture) -> None:
    @route("/broken", sync_to_thread=False)
    def broken() -> str:
        raise RuntimeError("secret")

    transport = ASGITransport(other_routes([broken]))  # type: ignore[arg-type]  # httpx knows ASGI less exactly
    request_id.set("mine-1")
    async with AsyncClient(transport=transport, base_url="http://gateway") as client:
        response = await client.get("/broken")
    assert "knows this request as mine-1" in response.json()["error"]["message"]
    assert (response.status_code, response.json()["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in response.text
    (record,) = [each for each in caplog.records if each.levelname == "ERROR"]
    assert record.exc_info is not None
    assert "/broken" in record.message


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/graphql?query={__typename}", "/graphiql", "/services"])
async def test_every_answer_has_a_request_id(front: AsyncClient, path: str) -> None:
    given = await front.get(path, headers={"x-request-id": "mine-1"})
    assert given.headers.get_list("x-request-id") == ["mine-1"]
    first, second = [(await front.get(path)).headers["x-request-id"] for _ in range(2)]
    assert first != second


async def test_the_whole_graph_is_one_valid_schema(city: City, front: AsyncClient) -> None:
    await publish(city, "bus", "parking")
    await publish(city, "reports", "tickets", path="post")
    schema = build_schema((await front.get("/schema.graphql")).text)
    assert validate_schema(schema) == []
    assert schema.query_type is not None
    assert schema.mutation_type is not None
    assert set(schema.query_type.fields) == {*OWN, "bus", "parking"}
    assert {"reports", "tickets", "signIn"} <= set(schema.mutation_type.fields)


async def test_one_service_is_a_valid_schema(city: City, front: AsyncClient) -> None:
    await publish(city, "bus")
    await publish(city, "reports", path="post")
    for name in ("bus", "reports"):
        assert validate_schema(build_schema((await front.get(f"/schema/{name}.graphql")).text)) == []
    missing = await front.get("/schema/tram.graphql")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "UNKNOWN_SERVICE")


@pytest.mark.parametrize("path", ["/schema.graphql", "/schema/bus.graphql"])
async def test_a_schema_is_sent_again_only_when_it_changed(city: City, front: AsyncClient, path: str) -> None:
    await publish(city, "bus")
    etag = (await front.get(path)).headers["etag"]
    same = await front.get(path, headers={"if-none-match": f'"other", W/{etag}'})
    assert (same.status_code, same.text, same.headers["etag"]) == (304, "", etag)
    department = await city.department(lambda _: [answer(b"{}")])
    await city.publish("bus", {"/stop": get(LOT, operationId="stop")}, department)
    changed = await front.get(path, headers={"if-none-match": etag})
    assert changed.status_code == 200
    assert "stop" in changed.text


async def test_a_service_whose_schema_cannot_be_read_is_left_out(
    city: City, front: AsyncClient, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await publish(city, "bus", "parking", "tram")
    await database.pool.execute("UPDATE service_version SET sdl = 'broken' WHERE service = 'parking'")
    text = (await front.get("/schema.graphql")).text
    assert "# parking is left out" in text
    schema = build_schema(text)
    assert schema.query_type is not None
    assert set(schema.query_type.fields) == {*OWN, "bus", "tram"}
    assert any("parking" in record.message for record in caplog.records)
    assert (await front.get("/schema/parking.graphql")).status_code == 503


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ catalog { nothing } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { catalog { services(first: $n) { name } } }", "BAD_VARIABLES"),
        ("{ tram { lot { id } } }", "UNKNOWN_SERVICE"),
    ],
)
async def test_every_request_error_has_a_code(city: City, query: str, code: str) -> None:
    assert {error["extensions"]["code"] for error in (await city.ask(query))["errors"]} == {code}


@pytest.mark.parametrize("path", ["/health", "/schema.graphql", "/schema/catalog.graphql", "/console"])
async def test_head_is_answered_as_get(front: AsyncClient, path: str) -> None:
    asked, had = await front.head(path), await front.get(path)
    assert (asked.status_code, asked.headers["content-type"]) == (200, had.headers["content-type"])
    assert (await front.head("/graphql?query={__typename}")).status_code == 405


async def test_the_catalogue_s_part_is_a_file_like_the_departments(front: AsyncClient) -> None:
    given = await front.get("/schema/catalog.graphql")
    schema = build_schema(given.text)
    assert validate_schema(schema) == []
    assert schema.query_type is not None
    assert [*schema.query_type.fields] == ["catalog"]
    again = await front.get("/schema/catalog.graphql", headers={"if-none-match": given.headers["etag"]})
    assert (again.status_code, again.text) == (304, "")
