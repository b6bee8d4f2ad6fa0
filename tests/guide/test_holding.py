"""Departments' calls are held to the guide: in the gateway's traffic, and where they say what they will ask for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from httpx import ASGITransport, AsyncClient

from auth.credentials import issue
from gateway.app import Gateway
from services_catalog.guide.recording import MOST_IDS, OTHERS
from services_catalog.probes.viewing import conformity
from tests.probes.conftest import Probed
from tests.services_catalog.entries.samples import IMPLEMENTATION, IMPLEMENTATION_CODE

ASKS = [{"kind": "material", "at": "[].needs[].code"}, {"kind": "fee", "at": "[].price", "unit": "yuan"}]
OFFICES = "query marriage.offices"
API = {
    "openapi": "3.0.3",
    "info": {"title": "Offices", "version": "1"},
    "paths": {
        "/offices": {
            "get": {
                "operationId": "offices",
                "responses": {
                    "200": {
                        "description": "All.",
                        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}},
                    }
                },
            }
        }
    },
}


class Door:
    """Asks the gateway as a front end and as a department."""

    def __init__(self, client: AsyncClient, gateway: Gateway, city: Probed, token: str) -> None:
        self.city = city
        self._client = client
        self._gateway = gateway
        self._token = token

    async def read(self) -> Any:
        """Ask as a front end does."""
        body = msgspec.json.encode({"query": "{ marriage { offices } }"})
        _, _, answer = await self._gateway.direct["/graphql"]("POST", b"", {b"content-type": b"application/json"}, body)
        return msgspec.json.decode(answer)

    async def demand(self, **asked: Any) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {self._token}"}
        answer = await self._client.post(f"/entries/{IMPLEMENTATION_CODE}/demands", json=asked, headers=headers)
        return answer.status_code, answer.json()

    async def counted(self) -> tuple[int, int, int]:
        await self._gateway.guide.flush()
        row = await self.city.database.pool.fetchrow("SELECT sum(asked), sum(beyond), sum(refused) FROM guide_day")
        return tuple(each or 0 for each in row)  # type: ignore[return-value]  # three of them


@asynccontextmanager
async def _door(city: Probed, *, refuses: bool, asks: list[dict[str, str]]) -> AsyncIterator[Door]:
    await city.publish_service(API)
    await city.bring_out(IMPLEMENTATION, binding={"operations": [{"operation": OFFICES, "asks": asks}]})
    async with city.database.session() as session:
        token = await issue(session, city.clock, "city")
    await city.give(f"credential:{token.split('_')[1]}", "operator", "city")
    gateway = Gateway(msgspec.structs.replace(city.settings, guide_refuses=refuses, access_log=False))
    async with gateway.running(), AsyncClient(transport=ASGITransport(gateway), base_url="http://gateway") as client:
        yield Door(client, gateway, city, token)


@pytest.mark.parametrize("refuses", [False, True])
async def test_what_an_answer_asks_for_is_held_to_the_entry(city: Probed, *, refuses: bool) -> None:
    async with _door(city, refuses=refuses, asks=ASKS) as door:
        city.offices.answer = [{"needs": [{"code": "id-card"}], "price": 0}]
        assert "errors" not in await door.read()
        city.offices.answer = [{"free": 3}]  # asks for nothing
        assert "errors" not in await door.read()
        city.offices.answer = [{"needs": [{"code": "hukou"}, {"code": "photo"}], "price": 9.5}]
        answer = await door.read()
        if refuses:
            (error,) = answer["errors"]
            assert answer["data"] == {"marriage": {"offices": None}}
            assert error["extensions"]["code"] == "GUIDE_EXCEEDED"
            assert error["extensions"]["beyond"] == ["/materials/hukou", "/fees/all"]
            assert "the material 'hukou' is not in the guide" in error["message"]
            assert "950 fen are asked, and the guide says 0 at most" in error["message"]
        else:
            assert answer["data"]["marriage"]["offices"] == city.offices.answer
        assert await door.counted() == (2, 1, int(refuses))
        assert await city.told() == [("beyond_guide", "Asked for and not in the guide: fee all, material hukou")]
        await door.read()
        assert await door.counted() == (3, 2, 2 * refuses)
        assert len(await city.told()) == 1  # once a day


async def test_a_new_version_of_the_entry_holds_at_once(city: Probed) -> None:
    async with _door(city, refuses=True, asks=ASKS) as door:
        city.offices.answer = [{"needs": [{"code": "hukou"}]}]
        assert "errors" in await door.read()
        law = {"law": {"zh": "户口登记条例"}, "article": "第二条"}
        material = {"id": "hukou", "name": {"zh": "户口簿"}, "forms": ["original"], "legal_basis": law}
        binding = {"operations": [{"operation": OFFICES, "asks": ASKS}]}
        await city.bring_out(IMPLEMENTATION, binding=binding, materials=[material])
        await door._gateway.guide._look()
        assert "errors" not in await door.read()
        await city.bring_out(IMPLEMENTATION, binding={"operations": [{"operation": OFFICES}]})
        await door._gateway.guide._look()
        assert door._gateway.guide.asking == {}


@pytest.mark.parametrize("refuses", [False, True])
async def test_a_department_is_told_before_it_asks(city: Probed, *, refuses: bool) -> None:
    async with _door(city, refuses=refuses, asks=[]) as door:
        status, answer = await door.demand(materials=["id-card"], channel="hall")
        assert (status, answer) == (200, {"entry": IMPLEMENTATION_CODE, "version": 2, "beyond": []})
        status, answer = await door.demand(materials=["id-card", "hukou"], fees=[{"amount_fen": 900, "item": "book"}])
        if refuses:
            assert (status, answer["error"]["code"]) == (409, "GUIDE_EXCEEDED")
            assert _pointers(answer) == ["/materials/hukou", "/fees/book"]
        else:
            assert status == 200
            assert [(each["kind"], each["id"]) for each in answer["beyond"]] == [("material", "hukou"), ("fee", "book")]
        assert await door.counted() == (2, 1, int(refuses))
        async with city.database.session() as session:
            (score,) = await conformity(session, city.clock)
        assert (score.score, score.asked, score.beyond) == (50.0, 2, 1)


def _pointers(refused: Any) -> list[str]:
    return [each["pointer"] for each in refused["error"]["details"]["findings"]]


async def test_demands_that_cannot_be_held_are_refused_with_what_to_mend(city: Probed) -> None:
    async with _door(city, refuses=False, asks=[]) as door:
        status, answer = await door.demand()
        assert (status, answer["error"]["details"]["findings"][0]["message"]) == (422, "nothing is asked for")
        status, answer = await door.demand(materials=["户口簿"], fees=[{"amount_fen": 9.5}])
        assert status == 422
        assert _pointers(answer) == ["/materials/0", "/fees/0/amount_fen"]
        await city.database.pool.execute("DELETE FROM role_held")
        status, answer = await door.demand(materials=["id-card"])
        assert (status, answer["error"]["code"]) == (403, "ROLE_MISSING")
        assert await door.counted() == (0, 0, 0)


async def test_an_unknown_channel_is_no_channel(city: Probed) -> None:
    async with _door(city, refuses=False, asks=[]) as door:
        status, answer = await door.demand(materials=["id-card"], channel="hal")
        assert (status, answer["error"]["details"]["findings"][0]["fix"]) == (422, "One of: hall, web.")


async def test_what_is_made_up_in_great_number_is_counted_as_others(city: Probed) -> None:
    async with _door(city, refuses=False, asks=ASKS) as door:
        for start in range(0, 600, 150):
            city.offices.answer = [{"needs": [{"code": f"case-{each}"} for each in range(start, start + 150)]}]
            await door.read()
            await door.counted()
        rows = await city.database.pool.fetch("SELECT id, count FROM guide_breach")
        assert len(rows) == MOST_IDS + 1
        assert {row["id"]: row["count"] for row in rows}[OTHERS] == 600 - MOST_IDS
        assert len(await city.told()) == 1  # of the first fifty, and that there are others


async def test_an_answer_that_cannot_be_held_is_answered_all_the_same(city: Probed) -> None:
    async with _door(city, refuses=True, asks=ASKS) as door:
        city.offices.answer = [{"needs": [{"code": "hukou"}]}]
        door._gateway.guide._clock = None  # type: ignore[assignment]  # whatever fails
        assert "errors" not in await door.read()
        door._gateway.guide._clock = city.clock
