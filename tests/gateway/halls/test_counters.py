"""A counter over HTTP: calls, serves, sends on; twice is once; whatever is wrong is said by a code."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from kernel.ids import uuid7
from tests.appointments.hall import OFFICE
from tests.appointments.lobby import LOBBY, Lobby
from tests.gateway.halls.staff_of import Staff

pytestmark = pytest.mark.case("issue-6.counter")
NOBODY = str(uuid7())


def at_counter(done: dict[str, Any], counter: str = "1") -> dict[str, Any] | None:
    """Return the ticket at a counter, of an answer."""
    [found] = [each["ticket"] for each in done["hall"]["counters"] if each["code"] == counter]
    ticket: dict[str, Any] | None = found
    return ticket


async def test_somebody_is_called_and_served(lobby: Lobby, clerk: Staff) -> None:
    await lobby.take_many(2)
    assert (await clerk.did("/counters/1/open"))["hall"]["counters"][0]["open"]
    called = await clerk.did("/counters/1/call")
    assert called["ticket"]["number"] == "A001"
    there = at_counter(called)
    assert there is not None
    assert (there["state"], there["calls"]) == ("called", 1)
    assert await clerk.refused("/counters/1/recall") == (409, "HALL_CALLED_JUST_NOW")
    lobby.clock.advance(timedelta(seconds=60))
    recalled = at_counter(await clerk.did("/counters/1/recall"))
    assert recalled is not None
    assert recalled["calls"] == 2
    assert (at_counter(await clerk.did("/counters/1/serve")) or {})["state"] == "serving"
    assert await clerk.refused("/counters/1/call") == (409, "HALL_COUNTER_STATE")
    finished = await clerk.did("/counters/1/finish")
    assert at_counter(finished) is None
    assert finished["ticket"]["number"] == "A001"
    assert [each["number"] for each in finished["hall"]["waiting"]] == ["A002"]


@pytest.mark.parametrize("step", ["open", "call", "serve", "finish", "skip"])
async def test_what_is_sent_twice_happens_once(lobby: Lobby, clerk: Staff, step: str) -> None:
    await lobby.take_many(3)
    before: dict[str, tuple[str, ...]] = {
        "open": (), "call": ("open",), "serve": ("open", "call"), "finish": ("open", "call", "serve"),
        "skip": ("open", "call"),
    }  # fmt: skip
    for each in before[step]:
        await clerk.did(f"/counters/1/{each}")
    answers = await asyncio.gather(*(clerk.did(f"/counters/1/{step}") for _ in range(3)))
    assert len({str(each["ticket"]) for each in answers}) == 1
    assert len({str(at_counter(each)) for each in answers}) == 1
    waiting = 3 if step == "open" else 2
    assert {len(each["hall"]["waiting"]) for each in answers} == {waiting}


async def test_counters_that_call_at_once_call_each_somebody_else(lobby: Lobby, clerk: Staff) -> None:
    await lobby.take_many(2)
    for counter in "12":
        await clerk.did(f"/counters/{counter}/open")
    answers = await asyncio.gather(*(clerk.did(f"/counters/{counter}/call") for counter in "1212"))
    assert [each["ticket"]["number"] for each in answers[:2]] == [each["ticket"]["number"] for each in answers[2:]]
    assert sorted(each["ticket"]["number"] for each in answers[:2]) == ["A001", "A002"]


async def test_a_step_that_was_meant_for_another_ticket_does_nothing(lobby: Lobby, clerk: Staff) -> None:
    first, second = await lobby.take_many(2)
    await clerk.did("/counters/1/open")
    await clerk.did("/counters/1/call")
    await clerk.did("/counters/1/skip", {"ticket": str(first.booking_id)})
    await clerk.did("/counters/1/call")
    assert await clerk.refused("/counters/1/skip", {"ticket": str(first.booking_id)}) == (409, "HALL_COUNTER_STATE")
    assert (at_counter({"hall": (await clerk.get("/halls/hall"))[1]}) or {})["id"] == str(second.booking_id)


async def test_who_missed_comes_back_is_sent_on_and_leaves(lobby: Lobby, clerk: Staff) -> None:
    first, second = await lobby.take_many(2)
    await clerk.did("/counters/1/open")
    called = await clerk.did("/counters/1/call", {"ticket": str(second.booking_id)})  # out of turn
    assert called["ticket"]["number"] == "A002"
    missed = await clerk.did("/counters/1/skip")
    assert [each["number"] for each in missed["hall"]["missed"]] == ["A002"]
    for _ in range(2):
        back = await clerk.did(f"/tickets/{second.booking_id}/requeue")
        assert [each["number"] for each in back["hall"]["waiting"]] == ["A001", "A002"]
    await clerk.did("/counters/1/call")
    sent = await clerk.did("/counters/1/transfer", {"service": "passport", "ticket": str(first.booking_id)})
    assert [(each["number"], each["service"]) for each in sent["hall"]["waiting"]] == [
        ("A001", "passport"),
        ("A002", "marriage"),
    ]
    for _ in range(2):
        left = await clerk.did(f"/tickets/{first.booking_id}/leave")
        assert [each["number"] for each in left["hall"]["waiting"]] == ["A002"]


async def test_who_is_at_a_counter_when_the_office_is_closed_is_served_to_the_end(lobby: Lobby, clerk: Staff) -> None:
    await lobby.take_many(3)
    for counter, *steps in (("1", "open", "call", "serve"), ("2", "open", "call")):
        for step in steps:
            await clerk.did(f"/counters/{counter}/{step}")
    await lobby.hall.load({"offices": [{**LOBBY, "closed": True}]})
    assert [each["code"] for each in (await clerk.get("/halls"))[1]["offices"]] == ["hall"]
    assert (at_counter({"hall": (await clerk.get("/halls/hall"))[1]}) or {})["state"] == "serving"
    assert at_counter(await clerk.did("/counters/1/finish")) is None
    assert at_counter(await clerk.did("/counters/2/skip"), "2") is None
    refused = [await clerk.refused(path) for path in ("/counters/1/call", "/counters/1/open")]
    assert refused == [(404, "APPOINTMENT_SERVICE_UNKNOWN")] * 2
    for counter in "12":
        closed = await clerk.did(f"/counters/{counter}/close")
    assert [each["open"] for each in closed["hall"]["counters"]] == [False, False]
    assert (await clerk.get("/halls"))[1]["offices"] == []


async def test_nobody_waits(clerk: Staff) -> None:
    await clerk.did("/counters/1/open")
    assert (await clerk.did("/counters/1/call"))["ticket"] is None
    await clerk.did("/counters/1/close")
    assert await clerk.refused("/counters/1/call") == (409, "HALL_COUNTER_STATE")


async def test_a_ticket_is_of_its_own_hall_alone(lobby: Lobby, clerk: Staff) -> None:
    ticket = await lobby.take()
    other = {**OFFICE, "code": "other", "counters": [{"code": "1", "name_zh": "一号"}]}
    await lobby.hall.load({"offices": [other]})
    for path in (f"tickets/{ticket.booking_id}/leave", f"tickets/{ticket.booking_id}/requeue"):
        answer = await clerk.client.post(f"/halls/other/{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "APPOINTMENT_UNKNOWN")
    await lobby.open()
    body = {"ticket": str(ticket.booking_id)}
    answer = await clerk.client.post("/halls/other/counters/1/call", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "APPOINTMENT_UNKNOWN")
    assert await lobby.line() == ["A001"]


BAD: list[tuple[str, object, int, str]] = [
    ("/counters/9/call", b"", 404, "HALL_COUNTER_UNKNOWN"),
    ("/counters/%00/call", b"", 400, "BAD_REQUEST"),
    ("/counters/1/call", b"{", 400, "BAD_REQUEST"),
    ("/counters/1/call", b"\xff", 400, "BAD_REQUEST"),
    ("/counters/1/call", b"[" * 4000, 400, "BAD_REQUEST"),
    ("/counters/1/call", [], 400, "BAD_REQUEST"),
    ("/counters/1/call", {"tickets": NOBODY}, 400, "BAD_REQUEST"),
    ("/counters/1/call", {"ticket": "A001"}, 400, "BAD_REQUEST"),
    ("/counters/1/call", {"ticket": NOBODY}, 404, "APPOINTMENT_UNKNOWN"),
    ("/counters/1/call", b" " * 5000, 413, "REQUEST_TOO_LARGE"),
    ("/counters/1/serve", b"", 409, "HALL_COUNTER_STATE"),
    ("/counters/1/recall", b"", 409, "HALL_COUNTER_STATE"),
    ("/counters/1/finish", b"", 409, "HALL_COUNTER_STATE"),
    ("/counters/1/skip", b"", 409, "HALL_COUNTER_STATE"),
    ("/counters/1/transfer", b"", 400, "BAD_REQUEST"),
    ("/counters/1/transfer", {"service": "passport"}, 409, "HALL_COUNTER_STATE"),
    ("/tickets/A001/leave", b"", 404, "APPOINTMENT_UNKNOWN"),
    (f"/tickets/{NOBODY}/leave", b"", 404, "APPOINTMENT_UNKNOWN"),
    (f"/tickets/{NOBODY}/requeue", b"", 404, "APPOINTMENT_UNKNOWN"),
    ("/tickets", b"", 400, "BAD_REQUEST"),
    ("/tickets", {"service": "dogs"}, 409, "HALL_NO_TICKETS"),
    ("/tickets", {"service": "护照"}, 400, "BAD_REQUEST"),
    ("/tickets", {"service": "\0"}, 400, "BAD_REQUEST"),
    ("/tickets", {"service": "passport", "priority": "yes"}, 400, "BAD_REQUEST"),
    ("/check-in", {"code": ""}, 400, "BAD_REQUEST"),
    ("/check-in", {"code": "A" * 500}, 400, "BAD_REQUEST"),
    ("/check-in", {"code": "NOSUCHCODE"}, 404, "APPOINTMENT_UNKNOWN"),
    ("/check-in", {"code": "S:NO"}, 422, "PASS_CODE_REFUSED"),
    ("/check-in", {"code": "SC1:" + "A" * 170}, 422, "PASS_CODE_REFUSED"),
    ("/check-in", {"code": "SC2:" + "A" * 281}, 422, "PASS_CODE_REFUSED"),
]


async def test_whatever_is_wrong_has_a_code(clerk: Staff) -> None:
    await clerk.did("/counters/1/open")
    found = [(path, body, *await clerk.refused(path, body)) for path, body, _, _ in BAD]
    assert found == BAD


_BREAK_OFF = "SELECT pg_cancel_backend(pid) FROM pg_locks WHERE relation = 'hall_revision'::regclass AND NOT granted"


async def test_what_the_database_breaks_off_can_be_sent_again(lobby: Lobby, clerk: Staff) -> None:
    await clerk.did("/counters/1/open")
    pool = lobby.hall.database.pool
    async with pool.acquire() as other, other.transaction():
        await other.execute("LOCK TABLE hall_revision")  # it is asked past SQLAlchemy, whose errors are others
        sent = asyncio.create_task(clerk.post("/counters/1/call"))
        async with asyncio.timeout(10):
            while not await pool.fetch(_BREAK_OFF):
                await asyncio.sleep(0.01)
        status, answer = await sent
    assert (status, answer["error"]["code"], answer["error"]["retryable"]) == (503, "CATALOG_UNAVAILABLE", True)
    assert (await clerk.did("/counters/1/call"))["ticket"] is None


async def test_a_ticket_needs_a_key_and_is_one_by_it(lobby: Lobby, clerk: Staff) -> None:
    asked = {"service": "passport", "priority": True}
    answer = await clerk.client.post("/halls/hall/tickets", json=asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST")
    answers = await asyncio.gather(*(clerk.post("/tickets", asked, once="the same key") for _ in range(3)))
    assert {(status, each["ticket"]["number"]) for status, each in answers} == {(200, "B001")}
    assert (await clerk.did("/tickets", asked))["ticket"]["number"] == "B002"
    assert await lobby.line() == ["B001", "B002"]


async def test_a_hall_is_for_its_staff(lobby: Lobby, clerk: Staff, gateway: Any) -> None:
    assert (await clerk.get("/halls"))[1]["offices"] == [
        {"code": "hall", "nameZh": "婚姻登记处", "nameEn": "", "timeZone": "Asia/Shanghai", "serves": True}
    ]
    status, answer = await clerk.get("/halls/nowhere")
    assert (status, answer["error"]["code"]) == (404, "APPOINTMENT_SERVICE_UNKNOWN")
    async with Staff.hired(gateway, lobby.hall, None) as nobody:
        assert (await nobody.get("/halls"))[1] == {"offices": []}
        assert (await nobody.get("/halls/hall"))[0] == 403
        assert await nobody.refused("/counters/1/open") == (403, "STAFF_ROLE_MISSING")
    async with Staff.hired(gateway, lobby.hall, "display") as screen:
        assert [each["serves"] for each in (await screen.get("/halls"))[1]["offices"]] == [False]
        assert (await screen.get("/halls/hall"))[0] == 200
        assert await screen.refused("/counters/1/open") == (403, "STAFF_ROLE_MISSING")
        assert await screen.refused("/check-in", {"code": "A"}) == (403, "STAFF_ROLE_MISSING")
        screen.client.headers.pop("authorization")
        answer = await screen.client.get("/halls/hall")
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
