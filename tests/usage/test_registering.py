"""Front-end teams register what a release will send; departments are held to it before anybody has sent it."""

from typing import Any

from auth.clients.tables import Client
from kernel.clock import SystemClock
from services_catalog.usage.registering import entrust
from tests.gateway.sign_in import APP
from tests.publish.gateway_under_test import department_token, document
from tests.usage.conftest import City

LOTS = """
query Lots { parking { lots { free } } }
query Gates { parking { a: lots { taken } } __type(name: "张三") { name } }
"""


def registration(*texts: str, client: str = APP, **more: Any) -> dict[str, Any]:
    return {
        "client": client,
        "documents": [{"name": f"{n}.graphql", "text": text} for n, text in enumerate(texts)],
    } | more


async def entrusted(city: City) -> City:
    """Return the city once its department's credential registers for the app."""
    await city.publish(document("free", "taken", "price"))
    async with city.gateway.database.session() as session:
        await entrust(session, APP, "city")
    return city


async def test_a_registered_document_is_protected_though_nobody_sent_it(city: City) -> None:
    await entrusted(city)
    status, answer = await city.post("/documents", registration(LOTS))
    assert (status, answer["services"], list(answer["documents"])) == (200, ["parking"], ["0.graphql"])
    status, answer = await city.publish(document("free", "price"))
    (broken,) = answer["error"]["details"]["broken"]
    assert (status, broken["client"], broken["operation"], broken["registered"]) == (409, APP, "Gates", True)
    assert (broken["count"], broken["last_sent"]) == (0, None)
    assert (await city.publish(document("free", "taken")))[0] == 200


async def test_values_are_not_kept(city: City) -> None:
    await entrusted(city)
    await city.post("/documents", registration(LOTS))
    ((text,),) = await city.rows("SELECT text FROM document")
    assert "张三" not in text
    assert "lots{taken}" in text


async def test_what_does_not_fit_the_graph_is_refused_whole(city: City) -> None:
    await entrusted(city)
    good, wrong, torn = "{ parking { lots { free } } }", "query Q { parking { lots { fre } } }", "{ parking"
    status, answer = await city.post("/documents", registration(good, wrong, torn))
    assert (status, answer["error"]["code"]) == (422, "DOCUMENTS_REFUSED")
    findings = answer["error"]["details"]["findings"]
    assert [finding["pointer"] for finding in findings] == ["1.graphql:1:28", "2.graphql:1:10"]
    assert "Did you mean 'free'" in findings[0]["message"]
    assert await city.rows("SELECT 1 FROM document_registered") == []


async def test_a_release_may_replace_those_before_it(city: City) -> None:
    await entrusted(city)
    await city.post("/documents", registration("query A { parking { lots { free } } }"))
    await city.post("/documents", registration("query B { parking { lots { taken } } }"))
    assert len(await city.rows("SELECT 1 FROM document_registered")) == 2
    await city.post("/documents", registration("query B { parking { lots { taken } } }", replace=True))
    assert (await city.publish(document("taken")))[0] == 200
    assert (await city.publish(document("free")))[0] == 409


async def test_a_sent_document_that_is_registered_is_one(city: City) -> None:
    await entrusted(city)
    text = "query Lots { parking { lots { free } } }"
    await city.post("/documents", registration(text))
    await city.send(text, APP)
    _, answer = await city.publish(document("taken", "price"))
    (broken,) = answer["error"]["details"]["broken"]
    assert (broken["count"], broken["registered"]) == (1, True)


async def test_only_the_apps_own_department_registers(city: City) -> None:
    other = await department_token(city.gateway.database, "harbour")
    async with city.gateway.database.session() as session:
        site = Client(
            client_id="harbour-site",
            department="harbour",
            name_zh="港",
            name_en="Harbour",
            sector="harbour",
            created_at=SystemClock().now(),
        )
        session.add(site)
    await city.publish(document("free"))
    mine = registration("{ parking { lots { free } } }", client="harbour-site")
    for token, body in (
        (other, registration("{ __typename }")),
        (city.token, mine),
        ("", registration("{a}", client="?")),
    ):
        status, answer = await city.post("/documents", body, token)
        assert (status, answer["error"]["code"]) == (403, "NOT_YOUR_CLIENT")
    assert (await city.post("/documents", mine, other))[0] == 200
    assert (await city.post("/documents", mine, "yw_no"))[0] == 401
    entries = await city.rows("SELECT object FROM audit_entry WHERE action = 'documents.registered'")
    assert entries == [("client:harbour-site",)]
