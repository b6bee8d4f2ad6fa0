"""However many watch a hall, it is read once at a change."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from flows.appointments.hall.reading_once import Halls
from flows.appointments.hall.watching import HALLS
from gateway.http.halls import live
from kernel.watching import Watch
from tests.appointments.lobby import Lobby
from tests.gateway.halls.staff_of import key
from tests.gateway.halls.test_hall_live import watching
from tests.statements import asked, reads

__all__ = ["asked"]

WATCHERS = 50


async def test_a_call_is_read_once_for_all_who_watch(
    asked: list[str], lobby: Lobby, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 60.0)  # within which nobody is looked at again
    keys = [await key(lobby.hall, "clerk") for _ in range(2)]
    await lobby.open()
    await lobby.take_many(3)
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(watching(url, keys[n % 2])) for n in range(WATCHERS)]
        for each in readers:
            await each.event()
        await asyncio.sleep(1)  # until the watch has looked at the hall first
        asked.clear()
        number = await lobby.next()
        for each in readers:
            _, said = await each.event()
            assert [one["ticket"]["number"] for one in said["hall"]["counters"] if one["ticket"]] == [number]
    assert len(reads(asked)) < WATCHERS  # the call's own are among them


async def test_a_hall_that_nobody_has_come_to_is_read_once_too(lobby: Lobby) -> None:
    of = lobby.hall
    halls, watch = Halls(of.database, of.clock, of.keys.cipher), Watch(of.database.pool, of.redis, HALLS)
    async with watch.changes_of("hall") as changes:
        await watch.look()
        found = [await halls.read("hall", changes.version, live.LOOK_SECONDS) for _ in range(3)]
    assert found[0] is found[1] is found[2]


async def test_who_comes_when_nobody_watches_is_shown_no_hall_of_before(lobby: Lobby) -> None:
    of = lobby.hall
    halls, watch = Halls(of.database, of.clock, of.keys.cipher), Watch(of.database.pool, of.redis, HALLS)
    for number in range(2):
        async with watch.changes_of("hall") as changes:
            found = await halls.read("hall", changes.version, live.LOOK_SECONDS)
        assert len(found.view.waiting) == number
        await lobby.take()
