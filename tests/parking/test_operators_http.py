"""What operators' programs ask and decide over HTTP, and what anybody may read."""

from datetime import timedelta
from urllib.parse import quote
from uuid import UUID, uuid4

import msgspec

from flows.parking.disputing import dispute
from flows.parking.gathering import Deps
from flows.parking.session_tables import ParkingPayment
from flows.parking.site_snapshot import SiteMandate, SitePermit, SiteSnapshot, known_as
from flows.parking.vehicles import vehicle_of
from flows.payments.tables import DebitMandate
from tests.auth.residents import Residents
from tests.parking.lots import PLATE
from tests.parking.town import GARAGE, HOSPITAL, STREET, Box, Town, moment


async def test_programs_see_and_change_what_is_their_operators_alone(town: Town, box: Box) -> None:
    session_id = (await box.passes("enter", 0))["session_id"]
    ours, others = await town.program(), await town.program("rival", "elsewhere")
    closing = f"/parking/sessions/{session_id}/closing"
    assert (await others.get("/parking/sessions")).json() == {"items": [], "next": None}
    assert (await others.post(closing, {"reason": "left_unseen"})).status_code == 404
    for headers in ({}, {"authorization": "Bearer x"}):
        assert (await town.client.get("/parking/sessions", headers=headers)).status_code == 401
    [listed] = (await ours.get("/parking/sessions")).json()["items"]
    assert (listed["id"], listed["actualEnd"]) == (session_id, None)
    assert listed["identifiedCredentials"] == [{"credentialType": "licensePlate", "credentialId": PLATE}]

    assert (await ours.post(closing, {"reason": "left_unseen"}, key="")).status_code == 400
    town.clock.advance(timedelta(minutes=1))
    key = uuid4().hex
    closed = await ours.post(closing, {"reason": "left_unseen"}, key=key)
    assert (closed.status_code, closed.json()["state"], closed.json()["feeFen"]) == (200, "closed_by_operator", 0)
    again = await ours.post(closing, {"reason": "left_unseen"}, key=key)
    assert (again.status_code, again.content) == (200, closed.content)
    other = await ours.post(closing, {"reason": "moved_on"}, key=key)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "PARKING_KEY_REUSED")
    assert (await ours.post(closing, {"reason": "left_unseen"})).status_code == 409
    assert (await ours.post(closing, {"reason": "LEFT"})).status_code == 400
    [entry] = await town.rows("SELECT actor, details FROM audit_entry WHERE action = 'parking_session.closed'")
    assert (entry["actor"], "left_unseen" in entry["details"]) == ("client:car-parks", True)


async def test_counts_releases_and_what_is_written_off(town: Town, box: Box) -> None:
    program, lot = await town.program(), await town.place(GARAGE)
    for number in range(3):
        entered = await box.passes("enter", number, f"沪C0000{number}")
    assert (await town.place(GARAGE))["demand"]["occupied"] == 3
    counted = await program.post(f"/parking/lots/{lot['id']}/occupancy", {"occupied": 40})
    assert (counted.json()["demandType"], counted.json()["available"]) == ("counted", 380)
    released = f"/parking/sessions/{entered['session_id']}"
    box.until(100)
    wrong = await program.post(f"{released}/release", {"lane": "enter", "reason": "ambulance"})
    assert wrong.status_code == 409
    gone = (await program.post(f"{released}/release", {"lane": "exit", "reason": "ambulance"})).json()
    assert (gone["state"], gone["released"], gone["feeFen"]) == ("released_unpaid", "manual", 3500)
    off = (await program.post(f"{released}/write-off", {"reason": "ambulance"})).json()
    assert off["state"] == "written_off"
    assert (await town.place(GARAGE))["demand"]["occupied"] == 39


async def test_a_plate_that_was_read_wrong_is_put_right(town: Town, box: Box) -> None:
    program = await town.program()
    entered = await box.passes("enter", 0)
    lost = await box.passes("exit", 60, "沪D98765", opened=True)
    reviewed = (await program.get("/parking/sessions?review=true")).json()["items"]
    assert [(each["id"], each["review"]) for each in reviewed] == [(lost["session_id"], "no_entry")]
    mended = await program.post(f"/parking/sessions/{lost['session_id']}/plate", {"plate": "沪A·12345"})
    assert (mended.json()["id"], mended.json()["feeFen"]) == (entered["session_id"], 1500)
    [listed] = (await program.get("/parking/sessions")).json()["items"]
    assert (listed["state"], listed["actualEnd"]) == ("released_unpaid", "2026-11-02T02:00:00Z")
    renamed = await program.post(f"/parking/sessions/{entered['session_id']}/plate", {"plate": "沪E11111"})
    assert renamed.json()["identifiedCredentials"][0]["credentialId"] == "沪E11111"
    kept = [row["answer"] for row in await town.rows("SELECT answer FROM parking_request")]
    assert (len(kept), any("沪".encode() in answer for answer in kept)) == (2, False)
    assert (await box.passes("enter", 70))["session_id"] != entered["session_id"]
    assert len((await program.get("/parking/sessions")).json()["items"]) == 2


async def test_anybody_reads_places_rates_and_what_a_stay_would_cost(town: Town) -> None:
    first = (await town.client.get("/parking/places?limit=4")).json()
    rest = (await town.client.get(f"/parking/places?limit=4&after={first['next']}")).json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (4, 2, None)
    near = (await town.client.get("/parking/places?bbox=121.47,31.22,121.49,31.24")).json()["items"]
    assert {each["code"] for each in near} == {GARAGE, "K1"}
    for wrong in ("places?limit=0", "places?after=x", "places?bbox=1,2,3", "rates?limit=999", "quotes?start=now"):
        assert (await town.client.get(f"/parking/{wrong}")).status_code == 400
    place = await town.place(GARAGE)
    rates = (await town.client.get("/parking/rates")).json()["items"]
    rate = next(each for each in rates if each["id"] == place["rateId"])
    lines = rate["rateLineCollections"][0]["rateLines"]
    assert [(each["rateLineType"], each["value"]) for each in lines] == [
        ("flatRateTier", "15.00"), ("incrementingRate", "10.00"), ("incrementingRate", "1.00")
    ]  # fmt: skip
    asked = f"/parking/quotes?placeId={place['id']}&start={quote(moment(0).isoformat())}"
    said = (await town.client.get(f"{asked}&end={quote(moment(61).isoformat())}")).json()
    assert (said["totalFen"], said["nextRaise"]) == (2500, "2026-11-02T02:30:01Z")
    assert (await town.client.get(f"{asked}&end={quote(moment(-1).isoformat())}")).status_code == 422
    assert (await town.client.get(f"{asked}&end=2026-11-02T10:00:00")).status_code == 400


async def test_an_operator_says_when_a_lot_is_open(town: Town) -> None:
    program, place = await town.program(), await town.place(GARAGE)
    path = f"/parking/lots/{place['id']}/opening"
    hours = [{"opens": "07:00", "closes": "00:30", "day_kinds": ["working"]}]
    assert (await program.post(path, {"opening": hours})).json() == {"opening": hours}
    said = [{"opens": "07:00", "closes": "00:30", "dayKinds": ["working"]}]
    assert (await town.place(GARAGE))["openingTimes"] == said != place["openingTimes"]
    wrong = await program.post(path, {"opening": [{"opens": "7:00", "closes": "25:00"}]})
    assert (wrong.status_code, "opening[0].opens" in wrong.text) == (400, True)
    rival = await town.program("rival", "elsewhere")
    assert (await rival.post(path, {"opening": []})).status_code == 404


async def test_what_devices_sent_in_vain_is_shown_to_their_operator_alone(town: Town, box: Box) -> None:
    hospital = await town.box(HOSPITAL)
    for sender, wrong in ((box, {"seq": -1}), (hospital, {"lane": "roof"}), (box, {"plate": "!!"})):
        assert (await sender.send("/parking/events", sender.event("enter") | wrong)).status_code == 422
    street = await town.box(STREET)
    assert (await street.send("/parking/cds/events", b'{"event_id": 7}')).status_code == 422
    program, rival = await town.program(), await town.program("rival", "elsewhere")
    path = "/parking/refused-events"
    assert (await rival.get(path)).json() == {"items": [], "next": None}
    listed = (await program.get(path)).json()["items"]
    assert [each["field"] for each in listed] == ["event_id", "plate", "lane", "seq"]
    assert msgspec.json.decode(listed[1]["raw"])["plate"] == "!!"
    first = (await program.get(f"{path}?limit=3")).json()
    rest = (await program.get(f"{path}?limit=3&after={first['next']}")).json()
    assert (first["items"] + rest["items"], rest["next"]) == (listed, None)
    place = (await town.place(GARAGE))["id"]
    of_lot = (await program.get(f"{path}?placeId={place}")).json()["items"]
    of_device = (await program.get(f"{path}?deviceId={box.device}")).json()["items"]
    assert of_lot == of_device == [listed[1], listed[3]]
    assert (await town.client.get(path)).status_code == 401


async def test_inspectors_say_who_stands_in_a_bay(town: Town) -> None:
    street, program = await town.box(STREET), await town.program()
    path = f"/parking/lots/{(await town.place(STREET))['id']}/events"
    street.until(30)
    told = {"event_id": str(uuid4()), "event_type": "park_start", "curb_space_id": "003"}
    at = round(moment(0).timestamp() * 1000)
    await street.send("/parking/cds/events", told | {"event_time": at})
    [unread] = (await program.get("/parking/sessions")).json()["items"]
    assert (unread["state"], unread["identifiedCredentials"]) == ("detected", [])
    photo = {
        "event_id": str(uuid4()), "kind": "observed", "occurred_at": moment(20).isoformat(), "bay": "003",
        "plate": PLATE, "plate_color": "blue", "image_ref": "photos/1.jpg",
    }  # fmt: skip
    wrong = [photo | {"event_id": str(uuid4())} | more for more in ({"bay": "999"}, {"plate": "!!"})]
    answer = (await program.post(path, {"events": [photo, *wrong]})).json()["events"]
    assert [(each["status"], each.get("field", "")) for each in answer] == [
        ("recorded", ""), ("refused", "bay"), ("refused", "plate"),
    ]  # fmt: skip
    [seen] = (await program.get("/parking/sessions")).json()["items"]
    assert (seen["id"], seen["state"], answer[0]["session_id"]) == (unread["id"], "running", unread["id"])
    assert (seen["identifiedCredentials"][0]["credentialId"], seen["spaceId"] is None) == (PLATE, False)
    assert (await program.post(path, {"events": [photo]})).json()["events"][0]["status"] == "duplicate"
    rival = await town.program("rival", "elsewhere")
    assert (await rival.post(path, {"events": [photo]})).status_code == 404
    unread_by_us = await program.post(path, {"events": [photo | {"kind": "enter"}]})
    assert (unread_by_us.status_code, "events[0].kind" in unread_by_us.text) == (400, True)
    refused = (await program.get("/parking/refused-events")).json()["items"]
    assert {each["deviceId"] for each in refused} == {"client:car-parks"}


async def test_a_site_is_told_everything_and_then_what_has_changed(town: Town, box: Box) -> None:
    entered = await box.passes("enter", 0)
    whole = (await box.get("/parking/site/snapshot")).json()
    assert (whole["complete"], whole["lot"]["code"], len(whole["tariffs"])) == (True, GARAGE, 1)
    assert [(each["name"], each["mine"]) for each in whole["lanes"]] == [("enter", True), ("exit", True)]
    [inside] = whole["sessions"]
    assert (inside["id"], inside["open"]) == (entered["session_id"], True)
    assert PLATE not in str(whole)
    nothing = (await box.get(f"/parking/site/snapshot?after={whole['revision']}")).json()
    assert {*nothing} - {"revision", "at", "complete"} <= {"sessions"}
    assert [each["open"] for each in nothing.get("sessions", ())] in ([], [True])
    await box.passes("exit", 10, opened=True)
    after = (await box.get(f"/parking/site/snapshot?after={nothing['revision']}")).json()
    assert (after["complete"], [each["open"] for each in after["sessions"]]) == (False, [False])
    assert (await box.get("/parking/site/snapshot?after=nonsense")).json()["complete"] is True


async def test_a_box_knows_who_has_paid_who_may_park_and_who_is_debited(town: Town, box: Box) -> None:
    session_id = (await box.passes("enter", 0))["session_id"]
    residents = Residents(town.database, town.clock)
    await residents.clients()
    account = (await residents.sign_in("wang")).account_id
    async with town.database.session() as session:
        deps = Deps(session, town.clock, town.keys)
        vehicle = await vehicle_of(deps, PLATE)
        mandate = DebitMandate(
            account_id=account, about=f"vehicle:{vehicle.id}", provider="wechat", app_id="wx1", limit_each=5000,
            state="active", consent_version=1, consented_at=moment(0), changed_at=moment(0),
        )  # fmt: skip
        paid = ParkingPayment(
            order_id=uuid4(), session_id=UUID(session_id), kind="prepay", amount_fen=1500, quoted_at=moment(0),
            covers_until=moment(15), paid_at=moment(0),
        )  # fmt: skip
        session.add_all([mandate, paid])
    right = {"right_specification": "season", "plate": PLATE, "since": moment(-9).isoformat()}
    await (await town.program()).post("/parking/rights/assigned", right | {"operator_id": "yunzhou-garages"})
    told = msgspec.json.decode((await box.get("/parking/site/snapshot")).content, type=SiteSnapshot)
    assert told.lot is not None
    who = known_as(told.lot.id, f"plate:{PLATE}")
    assert told.permits == (SitePermit(who=who, name="season", since=moment(0)),)
    assert told.mandates == (SiteMandate(who=who, limit_fen=5000),)
    assert [(each.who, each.paid[0].covers_until) for each in told.sessions] == [(who, moment(15))]


async def test_a_box_is_told_what_was_paid_before_an_earlier_reading_came(town: Town, box: Box) -> None:
    entered = await box.passes("enter", 1)
    async with town.database.session() as session:
        paid = ParkingPayment(
            order_id=uuid4(), session_id=UUID(entered["session_id"]), kind="prepay", amount_fen=1500,
            quoted_at=moment(1), covers_until=moment(15), paid_at=moment(1),
        )  # fmt: skip
        session.add(paid)
    first = await box.passes("enter", 0)
    told = msgspec.json.decode((await box.get("/parking/site/snapshot")).content, type=SiteSnapshot)
    assert [(str(each.id), [of.amount_fen for of in each.paid]) for each in told.sessions] == [
        (first["session_id"], [1500])
    ]
    assert first["session_id"] != entered["session_id"]


async def test_an_operator_decides_what_a_disputed_session_costs(town: Town, box: Box) -> None:
    program = await town.program()
    session_id = (await box.passes("enter", 0))["session_id"]
    await box.passes("exit", 60, opened=True)
    residents = Residents(town.database, town.clock)
    await residents.clients()
    account = (await residents.sign_in("wang")).account_id
    async with town.database.session() as session:
        deps = Deps(session, town.clock, town.keys)
        made = await dispute(deps, UUID(session_id), account, "left_earlier", "我九点半就走了")
    [listed] = (await program.get("/parking/disputes")).json()["items"]
    assert (listed["id"], listed["words"], "account" in str(listed)) == (str(made.id), "我九点半就走了", False)
    path = f"/parking/disputes/{made.id}/decision"
    rival = await town.program("rival", "elsewhere")
    assert (await rival.post(path, {"fee_fen": 500})).status_code == 404
    assert (await program.post(path, {"fee_fen": 500})).json()["state"] == "adjusted"
    [stay] = (await program.get("/parking/sessions")).json()["items"]
    assert (stay["feeFen"], stay["dispute"]) == (500, "decided")
    assert (await program.get("/parking/disputes")).json()["items"] == []
