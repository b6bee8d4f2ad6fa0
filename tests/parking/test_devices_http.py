"""Gates over HTTP: signed events, exits that ask, what is wrong with some, and an outage's events."""

import random
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from flows.codes.place_tables import StaticCode
from flows.codes.places import register
from tests.parking.lots import PLATE
from tests.parking.town import GARAGE, HOSPITAL, STREET, Box, Town, device_of, moment


async def test_in_and_asked_to_pay_at_the_exit(town: Town, box: Box) -> None:
    entered = await box.passes("enter", 0)
    assert (entered["status"], entered["decision"]["kind"]) == ("recorded", "open")
    asked = await box.leaves(61)
    told = {name: asked[name] for name in ("decision", "reason", "amount_fen", "session_id")}
    assert told == {
        "decision": "pay", "reason": "to_pay", "amount_fen": 2500, "session_id": entered["session_id"]
    }  # fmt: skip
    assert "pay" not in asked
    [lot] = await town.rows("SELECT id FROM parking_lot WHERE code = $1", GARAGE)
    sign = StaticCode(
        kind="lot", reference=f"lot:{lot['id']}", name_zh="车库", name_en="Garage", street_zh="人民路", object_id=b"",
        short_code="", kid=0, created_at=town.clock.now(),
    )  # fmt: skip
    async with town.database.session() as session:
        await register(session, town.clock, town.keys.cipher, sign)
    link = (await box.leaves(62))["pay"]
    assert (link["short_code"], "/P/" in link["url"]) == (sign.short_code, True)
    for wrong, field in ((box.event("enter"), "kind"), (box.event("exit", 63, opened=True), "opened")):
        refused = await box.send("/parking/exits", wrong)
        assert (refused.status_code, refused.json()["error"]["message"].split(":")[0]) == (422, field)
    again = await town.client.get("/parking/places")
    same = await town.client.get("/parking/places", headers={"if-none-match": again.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


async def test_who_was_not_seen_to_enter_who_pays_later_and_who_asks_again(town: Town, box: Box) -> None:
    assert (await box.leaves(5, "沪A77777"))["decision"] == "review"
    later = await town.box(HOSPITAL)
    await later.passes("enter", 10)
    asked = await later.leaves(90)
    assert (asked["decision"], asked["reason"], asked["amount_fen"]) == ("open", "pays_later", 2500)
    await box.passes("enter", 100)
    box.until(161)
    event = box.event("exit", 161)
    first = (await box.send("/parking/exits", event)).json()
    town.clock.advance(timedelta(minutes=40))
    again = (await box.send("/parking/exits", event)).json()
    assert (first["status"], again["status"], again["amount_fen"]) == ("recorded", "duplicate", first["amount_fen"])


async def test_who_has_not_signed_is_not_heard_nor_who_speaks_for_other_lanes(town: Town, box: Box) -> None:
    event = msgspec.json.encode(box.event("enter"))
    signed = box.signed("POST", "/parking/events", event)
    for body, headers in (
        (event, {}),
        (event.replace(PLATE.encode(), "沪A54321".encode()), signed),
        (event, Box(town.client, town.clock, box.device, "guessed").signed("POST", "/parking/events", event)),
        (event, box.signed("POST", "/parking/exits", event)),
    ):
        answer = await town.client.post("/parking/events", content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "DEVICE_REFUSED")
    assert (await town.client.post("/parking/events", content=event, headers=signed)).status_code == 200
    replayed = await town.client.post("/parking/events", content=event, headers=signed)
    assert replayed.json()["error"]["message"] == "The request came before"
    assert await town.rows("SELECT count(*) AS n FROM parking_event") == [{"n": 1}]
    answer = await box.send("/parking/exits", box.event("exit", lane="north"))
    assert (answer.status_code, answer.json()["error"]["message"].split(":")[0]) == (422, "lane")
    stranger = await town.box("999")
    answer = await stranger.send("/parking/events", stranger.event("enter"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "PARKING_DEVICE_UNKNOWN")


WRONG: list[tuple[str, Any]] = [
    *(("event_id", "7"), ("event_id", None), ("seq", -1), ("seq", "1"), ("kind", "fly"), ("lane", None)),
    *(("occurred_at", f"2026-{rest}") for rest in ("11-02T09:00:00", "11-02T10:00:00+08:00", "01-01T10:00:00+08:00")),
    *(("plate", "<script>"), ("plate", 12345), ("plate_color", "mauve"), ("vehicle_class", "tank"), ("opened", "yes")),
    *(("confidence", 1.5), ("ticket", "a b"), ("reason", "1=1")),
]
NO_JSON = (b"", b"{", b"[1", b"[[]", b'[{"event_id":', b"\xff\xfe", b"[" * 5000)


async def test_malformed_events_name_their_fields_and_are_kept(town: Town, box: Box) -> None:
    broken = [box.event("enter") | {field: wrong} for field, wrong in WRONG]
    answer = await box.send("/parking/events", [*broken, box.event("enter")])
    *refused, last = answer.json()["events"]
    assert [(each["status"], each["field"]) for each in refused] == [("refused", field) for field, _ in WRONG]
    assert all(each["problem"] for each in refused)
    assert (answer.status_code, last["status"]) == (200, "recorded")
    kept = await town.rows("SELECT field FROM parking_refused_event ORDER BY id")
    assert [each["field"] for each in kept] == [field for field, _ in WRONG]
    alone = await box.send("/parking/events", broken[0])
    assert (alone.status_code, alone.json()["events"][0]["field"]) == (422, WRONG[0][0])
    for body in NO_JSON:
        assert 400 <= (await box.send("/parking/events", body)).status_code < 500
    many = await box.send("/parking/events", [{}] * 1001)
    assert (many.status_code, many.json()["error"]["code"]) == (413, "PARKING_EVENTS_TOO_MANY")


async def test_bodies_that_hold_no_event_are_kept_too(town: Town, box: Box) -> None:
    asks = box.event("exit")
    sent: list[tuple[str, Any, str]] = [
        ("/parking/events", b'[{"event_id":', "body"),
        ("/parking/cds/events", b"[1", "body"),
        ("/parking/exits", b"{", "body"),
        ("/parking/exits", asks | {"kind": "enter"}, "kind"),
        ("/parking/exits", asks | {"opened": True}, "opened"),
        ("/parking/exits", asks | {"plate": "X"}, "plate"),
    ]
    for path, body, field in sent:
        answer = await box.send(path, body)
        assert answer.status_code == (400 if field == "body" else 422)
    listed = (await (await town.program()).get("/parking/refused-events")).json()["items"]
    assert [each["field"] for each in reversed(listed)] == [field for _, _, field in sent]
    assert [each["raw"] for each in reversed(listed)][:3] == ['[{"event_id":', "[1", "{"]
    assert all(each["problem"] for each in listed)


def outage(box: Box, cars: int) -> list[dict[str, Any]]:
    """What a box has kept of six hours: each car enters and leaves, the arm decided alone."""
    rng, events = random.Random(7), list[dict[str, Any]]()  # noqa: S311 - a seeded workload
    for car in range(cars):
        entered = rng.randrange(200)
        plate = f"沪B{car:05}"
        events.append(box.event("enter", entered, plate, opened=True, offline=True))
        left = entered + rng.randrange(20, 160)
        events.append(box.event("exit", left, plate, opened=True, offline=True, reason="fail_open"))
    return events


@pytest.mark.case("PK-07")
async def test_an_outages_events_in_any_order_are_each_one_session(town: Town, box: Box) -> None:
    events = outage(box, 250)
    box.until(6 * 60)
    shuffled = events + events[:100]
    random.Random(3).shuffle(shuffled)  # noqa: S311 - a seeded workload
    statuses = list[str]()
    for part in (shuffled[:500], shuffled[500:]):
        answer = await box.send("/parking/events", part)
        assert answer.status_code == 200
        statuses += [each["status"] for each in answer.json()["events"]]
    assert (statuses.count("recorded"), statuses.count("duplicate")) == (500, 100)
    found = await town.rows("SELECT state, match FROM parking_session WHERE superseded_by IS NULL")
    assert found == [{"state": "released_unpaid", "match": "exact"}] * 250
    assert (await town.place(GARAGE))["demand"] == {"demandType": "derived", "occupied": 0, "available": 420}


async def test_a_heartbeat_says_how_far_the_clock_is_off(town: Town, box: Box) -> None:
    ahead = town.clock.now() + timedelta(seconds=90)
    answer = await box.send("/parking/heartbeats", {"sent_at": ahead.isoformat(), "queued": 3})
    assert answer.json()["clock_offset_ms"] == 90_000
    lanes = await town.rows(
        "SELECT clock_offset_ms, queued FROM parking_lane WHERE device_id = $1", str(device_of(GARAGE))
    )
    assert lanes == [{"clock_offset_ms": 90_000, "queued": 3}] * 2
    for wrong in ({}, {"sent_at": "2026-11-02T09:00:00"}, {"sent_at": ahead.isoformat(), "queued": -1}):
        assert (await box.send("/parking/heartbeats", wrong)).status_code == 400


def cds(kind: str, minutes: float, **more: Any) -> dict[str, Any]:
    time = round(moment(minutes).timestamp() * 1000)
    return {"event_id": str(uuid4()), "event_type": kind, "event_time": time, "data_source_type": "in_ground"} | more


async def test_a_streets_events_have_the_names_of_cds(town: Town) -> None:
    street = await town.box(STREET)
    street.until(120)
    told = [
        cds("park_start", 0, curb_space_id="001", vehicle_license_plate=PLATE, vehicle_type="car"),
        cds("park_end", 50, curb_space_id="001"),
        cds("park_start", 70, curb_space_id="002"),
        cds("comms_lost", 80),
    ]
    answer = await street.send("/parking/cds/events", list(reversed(told)))
    assert [each["status"] for each in answer.json()["events"]] == ["recorded"] * 4
    stays = "SELECT state, closing_fen FROM parking_session ORDER BY opened_at"
    assert await town.rows(stays) == [
        {"state": "billed", "closing_fen": 700 + 600},
        {"state": "detected", "closing_fen": None},
    ]
    taken = "SELECT number, occupied_since FROM parking_bay WHERE occupied_since IS NOT NULL"
    assert await town.rows(taken) == [{"number": "002", "occupied_since": moment(70)}]
    lost = await town.rows("SELECT comms_lost_at FROM parking_lane WHERE comms_lost_at IS NOT NULL")
    assert lost == [{"comms_lost_at": moment(80)}] * 2
    seen = cds(
        "scheduled_report", 90, curb_space_id="002", vehicle_license_plate="沪A54321", data_source_type="in_person"
    )
    assert (await street.send("/parking/cds/events", [seen, cds("scheduled_report", 91)])).status_code == 200
    assert [each["state"] for each in await town.rows(stays)] == ["billed", "running"]
    again = await street.send("/parking/cds/events", told[:2])
    assert [each["status"] for each in again.json()["events"]] == ["duplicate"] * 2
    wrong = [cds("park_begin", 0), cds("park_start", 0, curb_space_id="999"), cds("park_end", 0, event_time="now")]
    wrong += [cds(kind, 0, event_time=2**53) for kind in ("park_end", "comms_lost")]  # no date of any calendar here
    refused = await street.send("/parking/cds/events", wrong)
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["events"]] == ["event_type", "curb_space_id", *["event_time"] * 3]
