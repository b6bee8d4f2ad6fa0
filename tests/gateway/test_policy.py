"""Cost, freshness and privacy at the endpoint: what is refused is refused before any department hears of it."""

from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from graphql import build_schema
from httpx import ASGITransport, AsyncClient

from kernel.settings import Settings
from services_catalog.errors import DocumentError, ManifestError
from supergraph.slice import PrivacyRule
from tests.gateway.conftest import JSON_HEADERS, City, get
from tests.gateway.sign_in import signed_in
from tests.upstream.department import Department, answer

TEXT = {"type": "string"}
PERSON = {"type": "object", "properties": {"name": TEXT, "id_number": TEXT}}
NUMBER = {"type": "integer", "format": "int32"}
PATHS = {
    "/me": get(PERSON, operationId="mine"),
    "/clerk": get(PERSON, operationId="clerk"),
    "/sign": get(TEXT, operationId="sign"),
    "/board": get(TEXT, operationId="board"),
    "/list": get({"type": "array", "items": PERSON}, operationId="list")
    | {"parameters": [{"name": "limit", "in": "query", "schema": NUMBER}]},
}
OPERATIONS = {
    "mine": {"access": "L2"},
    "sign": {"fresh_seconds": 300},
    "board": {"fresh_seconds": 20},
    "list": {"cost": 2, "list_size": {"arguments": ["limit"], "assumed": 20}},
}
BODIES = {"/list": b"[]", "/sign": b'"left"', "/board": b'"full"'}


def reply(head: str) -> list[bytes]:
    body = BODIES.get(head.split(" ")[1].partition("?")[0], b'{"name": "Li", "id_number": "1101"}')
    return [answer(body, headers="content-type: application/json\r\n")]


class Front:
    """A front end of a city with one department."""

    def __init__(self, city: City, department: Department) -> None:
        self.city = city
        self.department = department

    async def post(self, selection: str, who: dict[bytes, bytes] | None = None, **variables: Any) -> tuple[int, Any]:
        query = selection if selection.startswith("query") else f"{{ {selection} }}"
        body = msgspec.json.encode({"query": query, "variables": variables})
        status, headers, text = await self.city.gateway.direct["/graphql"](
            "POST", b"", JSON_HEADERS | (who or {}), body
        )
        self.headers = dict(headers)
        return status, msgspec.json.decode(text)

    async def get(self, selection: str) -> dict[bytes, bytes]:
        query = urlencode({"query": f"{{ {selection} }}"}).encode()
        status, headers, _ = await self.city.gateway.direct["/graphql"]("GET", query, {}, b"")
        assert status == 200
        return dict(headers)

    async def resident(self, acr: Any) -> dict[bytes, bytes]:
        return (await signed_in(self.city.gateway, self.city.settings, "openid-1", acr)).header()


@pytest.fixture
def city_settings(city_settings: Settings) -> Settings:
    return msgspec.structs.replace(city_settings, max_cost=50)


@pytest.fixture
async def front(city: City) -> Front:
    department = await city.department(reply)
    await city.publish("hall", PATHS, department, operations=OPERATIONS, fields={"*.id_number": "sensitive"})
    return Front(city, department)


async def test_what_costs_too_much_is_refused_with_the_dearest_fields_and_no_call(front: Front) -> None:
    status, body = await front.post("hall { a: list(limit: 20) { name } list(limit: 10) { name } sign }")
    (error,) = body["errors"]
    assert status == 400
    assert error["message"].startswith("The operation costs 61 points, and 50 are the most: Query.hall.list costs 60")
    assert error["extensions"] == {
        "code": "OPERATION_TOO_COSTLY",
        "cost": 61,
        "limit": 50,
        "fields": [{"field": "Query.hall.list", "cost": 60}, {"field": "Query.hall.sign", "cost": 1}],
    }
    assert front.department.heads == []


async def test_a_variable_counts_as_what_it_is_each_time(front: Front) -> None:
    query = "query ($n: Int) { hall { list(limit: $n) { name } } }"
    for given, status in (({"n": 25}, 200), ({"n": 26}, 400), ({}, 200), ({"n": None}, 200), ({"n": 2**31 - 1}, 400)):
        assert (await front.post(query, **given))[0] == status, given
    assert len(front.department.heads) == 3


async def test_a_sensitive_field_is_for_those_known_at_l3_and_nobody_is_asked_before(front: Front) -> None:
    selection = "hall { mine { id_number } other: mine { name } clerk { name id_number } sign }"
    _, body = await front.post(selection, await front.resident("L2"))
    assert body["data"] == {"hall": {"mine": None, "other": {"name": "Li"}, "clerk": None, "sign": "left"}}
    assert [each["path"] for each in body["errors"]] == [["hall", "mine"], ["hall", "clerk"]]
    for error in body["errors"]:
        assert error["extensions"]["code"] == "ASSURANCE_TOO_LOW"
        assert error["extensions"]["acr_values"] == "L3"
        (field,) = error["extensions"]["fields"]
        assert field.endswith(".id_number")
        assert error["message"].startswith(f"{field}: ")
    assert len(front.department.heads) == 2
    assert front.headers[b"www-authenticate"].endswith(b'acr_values="L3"')


async def test_who_is_known_well_enough_has_it_and_the_department_learns_who(front: Front) -> None:
    _, body = await front.post("hall { clerk { id_number } }", await front.resident("L3"))
    assert body == {"data": {"hall": {"clerk": {"id_number": "1101"}}}}
    assert "yiwang-identity: " in front.department.heads[-1].lower()
    _, body = await front.post("hall { clerk { name } }", await front.resident("L3"))
    assert "yiwang-identity: " not in front.department.heads[-1].lower()


async def test_a_stranger_has_the_rest_of_it(front: Front) -> None:
    _, body = await front.post("hall { clerk { name } secret: clerk { id_number } }")
    assert body["data"] == {"hall": {"clerk": {"name": "Li"}, "secret": None}}
    assert body["errors"][0]["extensions"]["code"] == "SIGN_IN_NEEDED"


async def test_fields_are_named_only_to_whom_the_rest_would_be_given(front: Front) -> None:
    _, body = await front.post("hall { mine { id_number } }")
    assert body["errors"][0]["extensions"]["code"] == "SIGN_IN_NEEDED"
    assert "fields" not in body["errors"][0]["extensions"]
    assert not body["errors"][0]["message"].startswith("Hall")


async def test_what_is_somebody_s_is_kept_by_nobody(front: Front) -> None:
    await front.post("hall { mine { name } sign }", await front.resident("L2"))
    assert front.headers[b"cache-control"] == b"no-store"
    await front.post("me { __typename }", await front.resident("L2"))
    assert front.headers[b"cache-control"] == b"no-store"
    assert (await front.get("hall { mine { name } }"))[b"cache-control"] == b"no-store"


async def test_what_is_everybody_s_is_fresh_as_long_as_the_least_fresh(front: Front) -> None:
    headers = await front.get("hall { sign board }")
    assert (headers[b"cache-control"], headers[b"vary"]) == (b"public, max-age=20", b"accept")
    assert b"cache-control" not in await front.get("hall { sign clerk { name } }")
    await front.post("hall { sign }")
    assert b"cache-control" not in front.headers


async def test_an_answer_with_errors_is_not_kept(front: Front) -> None:
    await front.department.stop()
    assert b"cache-control" not in await front.get("hall { sign board }")


async def test_a_field_that_is_in_no_answer_keeps_all_from_being_published(city: City) -> None:
    department = await city.department(reply)
    with pytest.raises(DocumentError) as refused:
        await city.publish("hall", PATHS, department, fields={"*.idnumber": "sensitive"})
    assert refused.value.findings[0].message == "the manifest's `fields` name '*.idnumber', which is in no answer"


async def test_settings_that_fit_no_operation_keep_all_from_being_published(city: City) -> None:
    department = await city.department(reply)
    with pytest.raises(DocumentError) as refused:
        await city.publish("hall", PATHS, department, operations={"mien": {"hide": True}}, fields={"*.idn": "personal"})
    assert [each.message for each in refused.value.findings[:2]] == [
        "the settings for 'mien' fit no operation",
        "the manifest's `fields` name '*.idn', which is in no answer",
    ]


async def test_what_no_query_could_afford_is_no_publication(city: City) -> None:
    department = await city.department(reply)
    with pytest.raises(ManifestError) as refused:
        await city.publish("hall", PATHS, department, operations={"sign": {"cost": 51}})
    (finding,) = refused.value.findings
    assert finding.pointer == "/operations/sign/cost"
    assert finding.message == "a call costs 51 points, and a query may cost 50: every call would be refused"
    size = {"list_size": {"arguments": ["limit"], "assumed": 51}}
    published = await city.publish("hall", PATHS, department, operations={"list": size})
    assert [(each.level, each.message) for each in published.findings] == [
        ("warning", "without limit, a call of list costs 51 points and is refused: a query may cost 50")
    ]
    assert "errors" not in await city.ask("{ hall { list(limit: 3) { name } } }")


async def test_sensitive_answers_for_people_known_less_are_no_publication(city: City) -> None:
    department = await city.department(reply)
    operations = {"mine": {"access": "L2", "privacy": "sensitive"}}
    with pytest.raises(ManifestError) as refused:
        await city.publish("hall", PATHS, department, operations=operations)
    (finding,) = refused.value.findings
    assert finding.pointer == "/operations/mine/privacy"
    assert finding.message == "the answers need L3, and the operation is for residents known at L2 or above"
    enough = {"access": "L2", "privacy": {"class": "sensitive", "level": "L2"}}
    await city.publish("hall", PATHS, department, operations={"mine": enough})
    known = {"mine": {"access": "L4", "privacy": "sensitive"}}
    published = await city.publish("hall", PATHS, department, operations=known)
    assert published.guarded == {"Query.hall.mine": PrivacyRule("sensitive")}


async def test_the_published_sdl_has_the_directives(front: Front) -> None:
    async with AsyncClient(transport=ASGITransport(front.city.gateway), base_url="http://gateway") as client:
        for path in ("/schema.graphql", "/schema/hall.graphql"):
            text = (await client.get(path)).text
            build_schema(text)
            assert '@origin(service: "hall", department: "city", source: "GET /sign")' in text
            assert 'id_number: String @privacy(class: "sensitive", level: "L3")' in text
            assert text.count("directive @origin") == 1


async def test_introspection_knows_the_directives(front: Front) -> None:
    _, body = await front.post("__schema { directives { name } }")
    names = [each["name"] for each in body["data"]["__schema"]["directives"]]
    assert {"origin", "cost", "listSize", "cacheControl", "privacy"} <= set(names)
    assert len(names) == len(set(names))
