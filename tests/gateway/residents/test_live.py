"""A parking session is watched over real HTTP: at once, when it changes, until it is over, across lost connections."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
import pytest

from auth.sessions.sessions import end
from flows.parking import watching as watching_flow
from gateway.http import event_stream, live
from kernel.clock import SystemClock
from kernel.http_server.listening import address, listen
from kernel.http_server.server import Server
from schema import parking_live
from tests.gateway.conftest import City
from tests.gateway.event_reader import EventReader
from tests.gateway.residents.car_park import ENTER, FIND, LEAVE, PAY, CarPark, vehicle
from tests.gateway.residents.hosts import Phones, Resident, sign_in

PLATE = "沪A12345"
WATCH = "subscription ($id: ID!) { parkingSession(id: $id) { state feeFen paidFen isOver } }"
NODE = """
const { createClient } = require("graphql-sse");
const [url, token, query, id] = process.argv.slice(1);
const client = createClient({ url, headers: { authorization: token }, retryAttempts: 0 });
client.subscribe({ query, variables: { id } }, {
  next: (result) => console.log(JSON.stringify(result)),
  error: (error) => { console.error(error); process.exit(1); },
  complete: () => process.exit(0),
});
"""


@pytest.fixture
def url(origin: str) -> str:
    """Where the streams are."""
    return origin + live.PATH


class Watcher(EventReader):
    """Reads the events of a subscription."""

    async def shown(self) -> dict[str, Any]:
        """Return the session of the next event."""
        name, body = await self.event()
        assert (name, "errors" in body) == ("next", False), body
        shown: dict[str, Any] = body["data"]["parkingSession"]
        return shown

    async def refused(self) -> str:
        """Return the code of an event that is an error, after which the stream is complete."""
        name, body = await self.event()
        assert (name, (await self.event())[0]) == ("next", "complete")
        return str(body["errors"][0]["extensions"]["code"])


@asynccontextmanager
async def watching(
    url: str, who: Resident, session: str, known: str = "", query: str = WATCH
) -> AsyncIterator[Watcher]:
    headers = {name.decode(): value.decode() for name, value in who.header.items()}
    headers |= {"accept": "text/event-stream"} | ({"last-event-id": known} if known else {})
    async with (
        aiohttp.ClientSession() as client,
        client.post(url, json={"query": query, "variables": {"id": session}}, headers=headers) as response,
    ):
        assert (response.status, response.content_type) == (200, "text/event-stream")
        yield Watcher(response)


async def inside(park: CarPark, who: Resident, minutes: int) -> tuple[str, str]:
    """Have a camera see the resident's car so long ago; the session and the vehicle."""
    car = await vehicle(who, PLATE)
    await park.seen("enter", timedelta(minutes=minutes), PLATE)
    found = await who.data(FIND, code=await park.sticker("lot", park.row.id), vehicle=car, key="find")
    return found["session"]["id"], car


async def test_shown_at_once_when_paid_and_to_the_end(city: City, phones: Phones, park: CarPark, url: str) -> None:
    who = await sign_in(city, phones, "wang")
    session, car = await inside(park, who, 50)
    async with watching(url, who, session) as watcher:
        first = await watcher.shown()
        assert (first["state"], first["paidFen"], first["isOver"]) == ("entered", 0, False)
        order = await who.data(PAY, id=session, key="1")
        await park.settled(order["id"])
        assert (await watcher.shown())["state"] == "prepaid"
        known = watcher.id
    async with watching(url, who, session, known) as watcher:  # nothing is sent twice, nothing is lost
        await who.data(LEAVE, code=await park.gate("exit"), vehicle=car, key="2")
        last = await watcher.shown()
        assert (last["state"], last["isOver"]) == ("exited", True)
        assert (await watcher.event())[0] == "complete"


async def test_what_changes_while_nobody_is_connected_is_shown(
    city: City, phones: Phones, park: CarPark, url: str
) -> None:
    who = await sign_in(city, phones, "wang")
    session, _ = await inside(park, who, 50)
    async with watching(url, who, session) as watcher:
        await watcher.shown()
        known = watcher.id
    await park.settled((await who.data(PAY, id=session, key="1"))["id"])
    async with watching(url, who, session, known) as watcher:
        assert (await watcher.shown())["state"] == "prepaid"


async def test_a_change_whose_announcement_is_lost_is_found(
    city: City, phones: Phones, park: CarPark, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await sign_in(city, phones, "wang")
    session, _ = await inside(park, who, 50)
    async with watching(url, who, session) as watcher:
        await watcher.shown()
        monkeypatch.setattr(watching_flow, "CHANNEL", "nobody listens")
        await park.settled((await who.data(PAY, id=session, key="1"))["id"])
        assert (await watcher.shown())["paidFen"] > 0


async def test_a_session_that_is_ended_elsewhere_ends_what_it_watches(
    city: City, phones: Phones, park: CarPark, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parking_live, "_LOOK_SECONDS", 0.2)
    monkeypatch.setattr(event_stream, "QUIET_SECONDS", 0.05)  # comments come between, and change nothing
    who = await sign_in(city, phones, "wang")
    session, _ = await inside(park, who, 5)
    async with watching(url, who, session) as watcher:
        await watcher.shown()
        async with park.database.session() as opened:
            await end(opened, SystemClock(), [who.given["session"]["id"]], "signed_out")
        assert await watcher.refused() == "SESSION_ENDED"


async def test_strangers_and_what_is_no_subscription(city: City, phones: Phones, park: CarPark, url: str) -> None:
    who, other = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    car, gate = await vehicle(who, PLATE), await park.gate("enter")
    session = (await who.data(ENTER, code=gate, vehicle=car, key="1"))["session"]["id"]
    async with watching(url, other, session) as watcher:
        assert await watcher.refused() == "PARKING_SESSION_UNKNOWN"
    async with watching(url, who, session, query="subscription { nothing }") as watcher:
        name, body = await watcher.event()
        assert (name, "Cannot query field" in body["errors"][0]["message"]) == ("next", True)
    async with aiohttp.ClientSession() as client:
        for headers, status in (({"accept": "text/event-stream"}, 401), ({"accept": "application/json"}, 406)):
            async with client.post(url, json={"query": WATCH, "variables": {"id": session}}, headers=headers) as answer:
                assert answer.status == status


async def test_an_account_has_so_many_streams_and_gets_them_back(
    city: City, phones: Phones, park: CarPark, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_OF_ONE", 1)
    who = await sign_in(city, phones, "wang")
    session, _ = await inside(park, who, 5)
    headers = {"accept": "text/event-stream", "authorization": who.header[b"authorization"].decode()}
    async with watching(url, who, session) as watcher, aiohttp.ClientSession() as client:
        await watcher.shown()
        async with client.post(url, json={"query": WATCH, "variables": {"id": session}}, headers=headers) as answer:
            assert answer.status == 429
    async with asyncio.timeout(10), aiohttp.ClientSession() as client:
        while True:  # until the server has noticed that the client is gone
            params = {"query": WATCH, "variables": msgspec.json.encode({"id": session}).decode()}
            async with client.get(url, params=params, headers=headers) as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.05)


async def test_streams_that_are_opened_at_once_are_no_more_than_others(
    city: City, phones: Phones, park: CarPark, url: str
) -> None:
    who = await sign_in(city, phones, "wang")
    session, _ = await inside(park, who, 5)
    headers = {"accept": "text/event-stream", "authorization": who.header[b"authorization"].decode()}
    asked = {"query": WATCH, "variables": {"id": session}}
    async with aiohttp.ClientSession() as client:
        begun = await asyncio.gather(*(client.post(url, json=asked, headers=headers) for _ in range(20)))
        firsts = [await Watcher(each).event() for each in begun if each.status == 200]
        shown = [body for _, body in firsts if "errors" not in body]
        codes = {body["errors"][0]["extensions"]["code"] for _, body in firsts if "errors" in body}
        for each in begun:
            each.close()
    assert (len(shown), codes <= {"STREAMS_FULL"}) == (live.MOST_OF_ONE, True)


async def test_a_gateway_that_stops_ends_its_streams_at_once(city: City, phones: Phones, park: CarPark) -> None:
    who = await sign_in(city, phones, "wang")
    session, _ = await inside(park, who, 50)
    listening = listen("127.0.0.1", 0)
    server = Server(city.gateway)
    await server.open(listening)
    async with watching(f"{address(listening)}{live.PATH}", who, session) as watcher:
        await watcher.shown()
        async with asyncio.timeout(5):
            await server.stop(60)
            assert await watcher.event() == ("end", None)  # not complete: the client subscribes again


async def test_head_opens_no_stream(city: City, phones: Phones, park: CarPark, url: str) -> None:
    who = await sign_in(city, phones, "wang")
    session, _ = await inside(park, who, 5)
    headers = {"accept": "text/event-stream", "authorization": who.header[b"authorization"].decode()}
    params = {"query": WATCH, "variables": msgspec.json.encode({"id": session}).decode()}
    async with asyncio.timeout(10), aiohttp.ClientSession() as client:
        for _ in range(2 * live.MOST_OF_ONE):
            async with client.head(url, params=params, headers=headers) as answer:
                assert (answer.status, answer.content_type, await answer.read()) == (200, "text/event-stream", b"")
        async with client.head(url, params=params, headers={"accept": "text/event-stream"}) as answer:
            assert answer.status == 401


async def test_the_protocols_own_client(city: City, phones: Phones, park: CarPark, url: str) -> None:
    node = shutil.which("node")
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    found = node and await asyncio.create_subprocess_exec(node, "-e", "require('graphql-sse')", **pipes)
    if not node or not found or (await found.wait()):
        pytest.skip("needs node with the package graphql-sse (NODE_PATH)")
    who = await sign_in(city, phones, "wang")
    car, gate_in, gate_out = await vehicle(who, PLATE), await park.gate("enter"), await park.gate("exit")
    session = (await who.data(ENTER, code=gate_in, vehicle=car, key="1"))["session"]["id"]
    token = who.header[b"authorization"].decode()
    client = await asyncio.create_subprocess_exec(node, "-e", NODE, url, token, WATCH, session, **pipes)
    assert client.stdout is not None
    first = msgspec.json.decode(await client.stdout.readline())
    assert first["data"]["parkingSession"]["state"] == "entered"
    await who.data(LEAVE, code=gate_out, vehicle=car, key="2")
    out, error = await client.communicate()
    assert (client.returncode, error) == (0, b"")
    assert msgspec.json.decode(out)["data"]["parkingSession"]["isOver"] is True
