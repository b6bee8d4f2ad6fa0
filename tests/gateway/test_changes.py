"""What front ends see while departments publish: the next request is answered anew, none is lost."""

import asyncio
from typing import Any

from schema.graph import local_schema
from tests.gateway.conftest import OWN, City, get
from tests.upstream.department import Do, answer


def lot(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}}


async def test_a_planned_operation_follows_its_service(city: City) -> None:
    first = await city.department(lambda _: [answer(b'{"id": "1", "name": "one"}')])
    second = await city.department(lambda _: [answer(b'{"id": "2", "name": "two"}')])
    await city.publish("parking", {"/lot": get(lot("id", "name"), operationId="lot")}, first)
    query = "{ parking { lot { id name } } }"
    assert (await city.ask(query))["data"]["parking"]["lot"] == {"id": "1", "name": "one"}
    await city.publish("parking", {"/lot": get(lot("id", "name"), operationId="lot")}, second)
    assert (await city.ask(query))["data"]["parking"]["lot"] == {"id": "2", "name": "two"}
    await city.publish("parking", {"/lot": get(lot("id"), operationId="lot")}, second)
    assert "Cannot query field 'name'" in (await city.ask(query))["errors"][0]["message"]
    assert (await city.ask("{ parking { lot { id } } }"))["data"]["parking"]["lot"] == {"id": "2"}


async def test_an_operation_that_failed_for_want_of_a_service_works_once_it_is_published(city: City) -> None:
    department = await city.department(lambda _: [answer(b'{"id": "1"}')])
    (error,) = (await city.ask("{ parking { lot { id } } }"))["errors"]
    assert error["message"] == "No service 'parking' is live."
    assert error["extensions"] == {"code": "UNKNOWN_SERVICE"}
    await city.publish("parking", {"/lot": get(lot("id"), operationId="lot")}, department)
    assert (await city.ask("{ parking { lot { id } } }"))["data"] == {"parking": {"lot": {"id": "1"}}}
    (error,) = (await city.ask("{ parkin { lot { id } } }"))["errors"]
    assert error["message"] == "No service 'parkin' is live. Did you mean parking?"


async def test_requests_in_flight_end_on_the_version_they_began_with(city: City) -> None:
    gone = asyncio.Event()

    def slowly(_: str) -> Any:
        while not gone.is_set():
            yield 0.01
        yield answer(b'{"id": "old"}')

    old = await city.department(slowly)
    new = await city.department(lambda _: [answer(b'{"id": "new"}')])
    await city.publish("parking", {"/lot": get(lot("id"), operationId="lot")}, old)
    pending = [asyncio.create_task(city.ask("{ parking { lot { id } } }")) for _ in range(10)]
    await old.until(lambda: len(old.heads) == 10)
    await city.publish("parking", {"/lot": get(lot("id"), operationId="lot")}, new)
    assert (await city.ask("{ parking { lot { id } } }"))["data"]["parking"]["lot"] == {"id": "new"}
    gone.set()
    assert [(await task)["data"]["parking"]["lot"] for task in pending] == [{"id": "old"}] * 10


async def test_a_cancelled_request_is_cancelled_at_the_department(city: City) -> None:
    department = await city.department(lambda _: [Do.HANG])
    await city.publish("parking", {"/lot": get(lot("id"), operationId="lot")}, department)
    query = "{ parking { a: lot { id } } again: parking { b: lot { id } } catalog { services { name } } }"
    task = asyncio.create_task(city.ask(query))
    await department.until(lambda: len(department.heads) == 1)
    task.cancel()
    await department.until(lambda: department.open == 0)


async def test_introspection_is_scoped(city: City) -> None:
    department = await city.department(lambda _: [answer(b"{}")])
    for name in ("parking", "bus"):
        await city.publish(name, {"/lot": get(lot("id"), operationId="lot")}, department)
    query = "{ __schema { queryType { fields { name } } types { name } } }"
    everything = (await city.ask(query))["data"]["__schema"]
    await city.publish("hospital", {"/lot": get(lot("id"), operationId="lot")}, department)
    later = (await city.ask(query))["data"]["__schema"]
    assert len(later["queryType"]["fields"]) == len(everything["queryType"]["fields"]) + 1
    everything = (await city.ask(query))["data"]["__schema"]
    assert {field["name"] for field in everything["queryType"]["fields"]} == {*OWN, "parking", "bus", "hospital"}
    scoped = (await city.ask(query, services="bus"))["data"]["__schema"]
    assert {field["name"] for field in scoped["queryType"]["fields"]} == {*OWN, "bus"}
    others = {kind["name"] for kind in scoped["types"]} - local_schema().type_map.keys()
    assert not [name for name in others if name.startswith("Parking")]
    assert (await city.ask('{ __type(name: "BusLot") { name } }', services="bus"))["data"] == {"__type": None}
    (error,) = (await city.ask("{ __schema { nope } }"))["errors"]
    assert error["message"] == "Cannot query field 'nope' on type '__Schema'."
