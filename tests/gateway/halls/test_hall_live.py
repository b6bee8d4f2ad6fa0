"""A hall is followed over real HTTP: at once, when it changes, across lost links, as long as one may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pytest

from auth.credentials import key_id_of
from gateway.http import event_stream
from gateway.http.halls import live
from tests.appointments.lobby import Lobby
from tests.gateway.event_reader import EventReader
from tests.gateway.halls.staff_of import dismiss, key

pytestmark = pytest.mark.case("issue-6.hall-live")
STREAM = {"accept": "text/event-stream"}


@asynccontextmanager
async def watching(url: str, token: str, known: str = "") -> AsyncIterator[EventReader]:
    headers = STREAM | {"authorization": f"Bearer {token}"} | ({"last-event-id": known} if known else {})
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"{url}/halls/hall/events", headers=headers) as response,
    ):
        assert (response.status, response.content_type) == (200, "text/event-stream"), await response.text()
        yield EventReader(response)


async def status(url: str, headers: dict[str, str], office: str = "hall") -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"{url}/halls/{office}/events", headers=headers) as answer,
    ):
        return answer.status, (await answer.json())["error"]["code"]


async def numbers(reader: EventReader) -> list[str]:
    name, said = await reader.event()
    assert name == "hall", said
    return [each["number"] for each in said["hall"]["waiting"]]


async def test_the_hall_is_shown_at_once_when_it_changes_and_after_a_lost_link(lobby: Lobby, url: str) -> None:
    token = await key(lobby.hall, "clerk")
    async with watching(url, token) as reader:
        assert await numbers(reader) == []
        await lobby.take()
        assert await numbers(reader) == ["A001"]
        known = reader.id
    async with watching(url, token, known) as reader:  # nothing is sent twice, nothing is lost
        await lobby.take()
        assert await numbers(reader) == ["A001", "A002"]
        known = reader.id
    await lobby.take()
    async with watching(url, token, known) as reader:
        assert await numbers(reader) == ["A001", "A002", "A003"]


async def test_an_event_says_what_time_it_is_and_is_known_by_the_hall_alone(lobby: Lobby, url: str) -> None:
    token = await key(lobby.hall, "clerk")
    async with watching(url, token) as reader:
        _, first = await reader.event()
        known = reader.id
    assert first["now"] == msgspec.json.decode(msgspec.json.encode(lobby.clock.now()))
    lobby.stand(lobby.clock.now().replace(minute=30))
    async with watching(url, token) as reader:
        _, again = await reader.event()
        assert (reader.id, again["hall"]) == (known, first["hall"])
    assert again["now"] != first["now"]


async def test_a_screen_is_shown_nothing_that_somebody_could_be_looked_up_by(lobby: Lobby, url: str) -> None:
    ticket = await lobby.take()
    await lobby.take(priority=True)
    await lobby.open()
    await lobby.next()
    booking = await lobby.hall.booking(ticket.booking_id)
    async with watching(url, await key(lobby.hall, "display")) as reader:
        name, said = await reader.event()
    assert name == "screen"
    assert [each["number"] for each in said["hall"]["waiting"]] == ["A001"]
    [there] = [each["ticket"] for each in said["hall"]["counters"] if each["ticket"]]
    assert set(there) == {"number", "service", "state", "calls", "calledAt", "maskedName"}
    assert there["number"] == "A002"
    text = msgspec.json.encode(said).decode()
    assert booking.code not in text
    assert str(booking.id) not in text
    assert "riority" not in text


async def test_who_may_no_more_is_cut_off(lobby: Lobby, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(event_stream, "QUIET_SECONDS", 0.05)  # comments come between, and change nothing
    token = await key(lobby.hall, "clerk")
    async with watching(url, token) as reader:
        await reader.event()
        await dismiss(lobby.hall, token)
        name, said = await reader.event()
        assert (name, said["error"]["code"]) == ("refused", "STAFF_ROLE_MISSING")
        assert key_id_of(token) in said["error"]["fix"]
        assert (await reader.event())[0] == "end"


def test_they_are_cut_off_within_half_a_minute() -> None:
    assert live.LOOK_SECONDS <= 25


async def test_strangers_and_what_asks_for_no_events(lobby: Lobby, url: str) -> None:
    nobody = {"authorization": f"Bearer {await key(lobby.hall, None)}"}
    clerk = {"authorization": f"Bearer {await key(lobby.hall, 'clerk')}"}
    assert await status(url, STREAM) == (401, "CREDENTIAL_REFUSED")
    assert await status(url, STREAM | nobody) == (403, "STAFF_ROLE_MISSING")
    assert await status(url, STREAM | clerk, "nowhere") == (404, "APPOINTMENT_SERVICE_UNKNOWN")
    assert await status(url, {"accept": "application/json"} | clerk) == (406, "NOT_ACCEPTABLE")


async def test_a_key_has_so_many_streams_and_gets_them_back(
    lobby: Lobby, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_OF_ONE", 1)
    token = await key(lobby.hall, "clerk")
    headers = STREAM | {"authorization": f"Bearer {token}"}
    async with watching(url, token) as reader:
        await reader.event()
        assert await status(url, headers) == (429, "STREAMS_FULL")
    async with asyncio.timeout(10), aiohttp.ClientSession() as client:
        while True:  # until the server has noticed that the client is gone
            async with client.get(f"{url}/halls/hall/events", headers=headers) as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.05)
