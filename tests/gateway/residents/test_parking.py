"""A resident's parking through the graph: enter by scan, pay, leave; and what strangers are told, which is nothing."""

from asyncio import timeout
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from flows.parking.locking import lock
from flows.parking.observations import LotEvent, report
from flows.parking.operating import Speaker, count
from flows.parking.permitting import Assigning, NewPermit
from flows.parking.tables import ParkingBay, ParkingLot
from flows.parking.vehicles import prove
from kernel.audit.tables import AuditEntry
from kernel.database import driver
from services_catalog.organisations.tables import Organisation
from services_catalog.organisations.words import Tier
from tests.gateway.conftest import City
from tests.gateway.residents.car_park import (
    ADD,
    DISPUTE,
    ENTER,
    FIND,
    LEAVE,
    MINE,
    PAY,
    QUOTE,
    SESSION,
    CarPark,
    vehicle,
)  # fmt: skip
from tests.gateway.residents.hosts import Phones, Resident, ask, sign_in
from tests.gateway.residents.test_payments import account_of
from tests.parking.lots import NINE
from tests.parking.tariffs import EXAMPLE

PLATE = "沪A12345"
LOTS = """query ($near: Position, $first: Int = 20, $after: ID, $tonight: String) {
  parkingLots(near: $near, first: $first, after: $after, stayMinutes: 90, startsAt: $tonight) { next lots {
    id nameZh spaces free metres price { feeFen tariffZh tariffEn lines { zh amountFen } }
  } }
}"""


async def proven(park: CarPark, who: Resident, car: str) -> None:
    account = await account_of(who)
    park.catch_up()
    async with park.database.session() as session:
        await prove(park.deps(session), account, UUID(car), "vehicle_licence")


async def test_a_proven_owner_sees_the_permits_of_their_plate(city: City, phones: Phones, park: CarPark) -> None:
    permits = "{ myParking { vehicles { plate permits { name operator lot until } } } }"
    await park.publish(EXAMPLE | {"permits": [{"name": "season", "percent_off": 100}]}, park.clock.now())
    who, stranger = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    car = await vehicle(who, PLATE)
    await vehicle(stranger, PLATE)
    async with park.database.session() as session:
        wanted = NewPermit(operator_id="garages", plate=PLATE, name="season", since=park.clock.now())
        await Assigning(park.deps(session), "client:test").assign(wanted)
    assert (await who.data(permits))["vehicles"] == [{"plate": PLATE, "permits": []}]
    await proven(park, who, car)
    season = {"name": "season", "operator": "garages", "lot": None, "until": None}
    assert (await who.data(permits))["vehicles"] == [{"plate": PLATE, "permits": [season]}]
    assert (await stranger.data(permits))["vehicles"] == [{"plate": PLATE, "permits": []}]
    taken = (await who.data("{ me { export } }"))["export"]["parking"]["permits"]
    assert [(each["name"], each["plate"]) for each in taken] == [("season", PLATE)]


async def test_lots_near_with_free_bays_and_the_price_of_a_stay(city: City, park: CarPark) -> None:
    await park.seen("enter", timedelta(minutes=5), PLATE)
    here = {"latitude": 31.201, "longitude": 121.4}
    answer = await ask(city, LOTS, near=here, tonight="2026-11-30T21:00:00+08:00")
    page = answer["data"]["parkingLots"]
    [lot] = page["lots"]
    assert (lot["nameZh"], lot["spaces"], lot["free"], lot["metres"], page["next"]) == ("一号车库", 100, 99, 111, None)
    assert lot["price"]["feeFen"] == 2500 == sum(each["amountFen"] for each in lot["price"]["lines"])
    assert lot["price"]["tariffZh"].startswith("15分钟内免费；07:00–22:30 首60分钟15.00元，之后每30分钟10.00元")
    assert "at most ¥80.00 a day" in lot["price"]["tariffEn"]
    async with park.database.session() as session:  # somebody counts: residents see what the operator does
        await count(park.deps(session), Speaker("car-parks", frozenset({"garages"})), park.row.id, 40)
    await park.seen("enter", timedelta(minutes=4), "沪A54321")
    [counted] = (await ask(city, LOTS, near=here))["data"]["parkingLots"]["lots"]
    assert counted["free"] == 59
    far = await ask(city, LOTS, near={"latitude": 30.0, "longitude": 121.4})
    assert far["data"]["parkingLots"] == {"next": None, "lots": []}


async def test_lots_of_a_district_and_those_that_are_open(city: City, park: CarPark) -> None:
    """Of four lots one says nothing, one is never open on any day that there is, and districts have towns."""
    always, never = ([{"opens": "00:00", "closes": closes}] for closes in ("24:00", "00:01"))
    async with park.database.session() as session:
        for code, parent, path in (("d1", None, "d1"), ("t1", "d1", "d1/t1"), ("d10", None, "d10")):
            tier: Tier = "town" if parent else "district"
            session.add(
                Organisation(
                    code=code, name_zh=code, tier=tier, kind="government", parent=parent, path=path, guidance_path=path
                )
            )
            await session.flush()
        for code, district, opening in (("2", "d1", always), ("3", "t1", always), ("4", "d10", never)):
            session.add(
                ParkingLot(
                    operator_id="garages", code=code, name_zh=code, kind="garage", latitude=31.2, longitude=121.4,
                    spaces=9, tariff="example", created_at=park.clock.now(), district=district, opening=opening,
                )
            )  # fmt: skip
    asked = """query ($near: Position, $of: String = "", $open: Boolean = false) {
      parkingLots(near: $near, district: $of, openNow: $open) { lots { nameZh isOpen opening { dayKinds opens } } } }"""
    here = {"latitude": 31.2, "longitude": 121.4}

    async def found(**given: Any) -> set[str]:
        answer = await ask(city, asked, **given)
        return {each["nameZh"] for each in answer["data"]["parkingLots"]["lots"]}

    for near in (here, None):
        assert await found(near=near) == {"一号车库", "2", "3", "4"}
        assert await found(near=near, of="d1") == {"2", "3"}
        assert await found(near=near, of="t1", open=True) == {"3"}
        assert await found(near=near, of="nowhere") == set()
        assert await found(near=near, open=True) - {"4"} == {"2", "3"}
    lots = (await ask(city, asked))["data"]["parkingLots"]["lots"]
    assert [(each["isOpen"], each["opening"]) for each in lots if each["nameZh"] in ("一号车库", "2")] == [
        (None, []),
        (True, [{"dayKinds": [], "opens": "00:00"}]),
    ]
    refused = await ask(city, asked, of="d/1")
    assert refused["errors"][0]["message"].startswith("district is no code")


async def test_enter_by_scan_pay_and_leave(city: City, phones: Phones, park: CarPark) -> None:
    who = await sign_in(city, phones, "wang")
    car = await vehicle(who, PLATE)
    gate_in, gate_out = await park.gate("enter"), await park.gate("exit")
    entered = await who.data(ENTER, code=gate_in, vehicle=car, key="1")
    session = entered["session"]["id"]
    assert (entered["decision"], entered["session"]["state"]) == ("open", "entered")
    again = await who.data(ENTER, code=gate_in, vehicle=car, key="1")
    rescanned = await who.data(ENTER, code=gate_in, vehicle=car, key="2")
    assert again["session"]["id"] == rescanned["session"]["id"] == session
    await park.seen("enter", timedelta(0), PLATE)  # the camera sees it too: one passage
    assert len(await park.sessions()) == 1
    assert await who.code(LEAVE, code=gate_in, vehicle=car, key="3") == "PARKING_SCAN_REFUSED"
    left = await who.data(LEAVE, code=gate_out, vehicle=car, key="4")
    assert (left["decision"], left["dueFen"], left["session"]["isOver"]) == ("open", 0, True)
    assert (await who.data(LEAVE, code=gate_out, vehicle=car, key="4"))["session"]["id"] == session
    async with park.database.session() as opened:
        acts = (
            await opened.exec(select(AuditEntry.action).where(AuditEntry.object == f"parking_session:{session}"))
        ).all()
    assert sorted({*acts}) == ["parking.entered", "parking.left"]


async def test_a_camera_has_seen_it_and_the_resident_pays(city: City, phones: Phones, park: CarPark) -> None:
    who = await sign_in(city, phones, "wang")
    car, gate_out = await vehicle(who, PLATE), await park.gate("exit")
    await park.seen("enter", timedelta(minutes=50), PLATE)
    assert (await who.data(MINE))["sessions"] == []  # a claim alone shows nothing
    found = await who.data(FIND, code=await park.sticker("lot", park.row.id), vehicle=car, key="1")
    session = found["session"]["id"]
    assert found["session"]["feeFen"] == sum(each["amountFen"] for each in found["session"]["lines"]) > 0
    assert (await who.data(QUOTE, id=session))["dueFen"] == found["dueFen"]
    asked = await who.data(LEAVE, code=gate_out, vehicle=car, key="2")
    assert (asked["decision"], asked["session"]["isOver"]) == ("pay", False)
    order = await who.data(PAY, id=session, key="3")
    assert (await who.data(PAY, id=session, key="3"))["id"] == order["id"]
    assert order["amountFen"] == asked["dueFen"]
    asked_receipt = "query ($id: ID!) { myParking { exitReceipt(session: $id) { text paidUntil } } }"
    assert await who.data(asked_receipt, id=session) == {"exitReceipt": None}
    await park.settled(order["id"])
    receipt = (await who.data(asked_receipt, id=session))["exitReceipt"]
    shown = await who.data("query ($id: ID!) { myParking { session(id: $id) { paidUntil } } }", id=session)
    assert (receipt["text"][:4], receipt["paidUntil"]) == ("SR1:", shown["session"]["paidUntil"])
    left = await who.data(LEAVE, code=gate_out, vehicle=car, key="4")
    assert (left["decision"], left["session"]["isOver"]) == ("open", True)
    assert (await who.data(MINE))["sessions"] == [{"id": session, "state": "exited"}]
    assert await park.ledger() == {"host": order["amountFen"], "operator": -order["amountFen"]}


async def test_who_was_closed_as_an_orphan_and_is_there_finds_pays_and_leaves(
    city: City, phones: Phones, park: CarPark
) -> None:
    who = await sign_in(city, phones, "wang")
    car, gate_out = await vehicle(who, PLATE), await park.gate("exit")
    seen = await park.seen("enter", timedelta(hours=80), PLATE)
    park.catch_up()
    await park.work()
    found = await who.data(FIND, code=await park.sticker("lot", park.row.id), vehicle=car, key="1")
    assert (found["session"]["id"], found["session"]["state"]) == (seen.session_id, "closed_by_operator")
    asked = await who.data(LEAVE, code=gate_out, vehicle=car, key="2")
    assert asked["decision"] == "pay"
    await park.settled((await who.data(PAY, id=seen.session_id, key="3"))["id"])
    left = await who.data(LEAVE, code=gate_out, vehicle=car, key="4")
    assert (left["decision"], left["session"]["isOver"]) == ("open", True)


async def test_who_left_unseen_before_enters_anew(city: City, phones: Phones, park: CarPark) -> None:
    who = await sign_in(city, phones, "wang")
    car = await vehicle(who, PLATE)
    lost = await park.seen("enter", timedelta(minutes=100), PLATE)
    await park.seen("enter", timedelta(minutes=50), PLATE)
    await park.seen("exit", timedelta(minutes=10), PLATE, opened=True)
    entered = await who.data(ENTER, code=await park.gate("enter"), vehicle=car, key="1")
    assert entered["session"]["id"] not in (lost.session_id, None)
    assert (entered["session"]["state"], entered["session"]["dueFen"]) == ("entered", 0)


async def test_a_key_is_of_one_vehicle(city: City, phones: Phones, park: CarPark) -> None:
    who = await sign_in(city, phones, "wang")
    cars, gate_out = [await vehicle(who, plate) for plate in (PLATE, "沪B54321")], await park.gate("exit")
    for plate in (PLATE, "沪B54321"):
        await park.seen("enter", timedelta(minutes=5), plate)
    assert (await who.data(LEAVE, code=gate_out, vehicle=cars[0], key="1"))["decision"] == "open"
    assert await who.code(LEAVE, code=gate_out, vehicle=cars[1], key="1") == "PARKING_SCAN_REFUSED"
    assert [row.left_at is None for row in await park.sessions()].count(True) == 1


async def test_a_bays_sticker_says_whose_car_stands_there(city: City, phones: Phones, park: CarPark) -> None:
    who = await sign_in(city, phones, "wang")
    car = await vehicle(who, PLATE)
    async with park.database.session() as session:
        bay = ParkingBay(lot_id=park.row.id, number="7")
        session.add(bay)
    sticker = await park.sticker("bay", bay.id)
    assert await who.code(ENTER, code=sticker, vehicle=car, key="1") == "PARKING_SCAN_REFUSED"  # a garage has gates
    async with park.database.session() as session:
        street = await session.get_one(ParkingLot, park.row.id)
        street.kind = "roadside"
        session.add(street)
    entered = await who.data(ENTER, code=sticker, vehicle=car, key="1")
    assert entered["session"]["state"] == "running"
    again = await who.data(ENTER, code=sticker, vehicle=car, key="2")
    assert again["session"]["id"] == entered["session"]["id"]
    assert (await who.data(MINE))["sessions"] == [{"id": entered["session"]["id"], "state": "running"}]


@pytest.mark.case("PK-14")
async def test_strangers_are_told_nothing_and_a_plate_is_its_owners(city: City, phones: Phones, park: CarPark) -> None:
    owner, other = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    car, gate_in = await vehicle(owner, PLATE), await park.gate("enter")
    await proven(park, owner, car)
    seen = await park.seen("enter", timedelta(0), PLATE)
    assert (await owner.data(MINE))["sessions"] == [{"id": seen.session_id, "state": "entered"}]
    for named in (seen.session_id, str(uuid4())):
        for query, names in ((SESSION, {}), (QUOTE, {}), (PAY, {"key": "1"}), (DISPUTE, {})):
            assert await other.code(query, id=named, **names) == "PARKING_SESSION_UNKNOWN"
    assert await other.code(ENTER, code=gate_in, vehicle=car, key="1") == "VEHICLE_UNKNOWN"
    assert await other.code("mutation ($v: ID!) { endVehicle(vehicle: $v) }", v=car) == "VEHICLE_UNKNOWN"
    assert await vehicle(other, PLATE) == car  # anybody may claim a plate
    assert (await other.data(MINE))["sessions"] == []
    assert await other.code(SESSION, id=seen.session_id) == "PARKING_SESSION_UNKNOWN"
    for key, scan in enumerate((ENTER, FIND, LEAVE), 2):
        code = await park.gate("exit") if scan == LEAVE else gate_in
        assert await other.code(scan, code=code, vehicle=car, key=str(key)) == "VEHICLE_TAKEN"
    assert (await other.data(MINE))["sessions"] == []
    assert (await owner.data(DISPUTE, id=seen.session_id)) == {"dispute": "open"}
    await owner.data("mutation ($v: ID!) { endVehicle(vehicle: $v) }", v=car)
    await park.seen("exit", timedelta(0), PLATE)
    await park.seen("enter", timedelta(0), PLATE)  # after the sale
    assert [each["id"] for each in (await owner.data(MINE))["sessions"]] == [seen.session_id]


async def test_what_they_were_told_is_theirs_to_read(city: City, phones: Phones, park: CarPark) -> None:
    owner, other = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    await proven(park, owner, await vehicle(owner, PLATE))
    await park.seen("enter", timedelta(0), PLATE)
    park.clock.advance(timedelta(hours=1))
    seen = await park.passes("exit", (park.clock.now() - NINE) / timedelta(minutes=1), PLATE, opened=True)
    await park.work(timedelta(days=1))
    asked = "{ myParking { notices { kind session state amountFen } } }"
    [told] = (await owner.data(asked))["notices"]
    assert told.pop("amountFen") > 0
    assert told == {"kind": "arrears_1", "session": seen.session_id, "state": "untold"}  # their app has no template
    assert (await other.data(asked))["notices"] == []


@pytest.mark.case("PK-16")
async def test_a_driver_sees_that_the_car_has_charged(city: City, phones: Phones, park: CarPark) -> None:
    owner = await sign_in(city, phones, "wang")
    await proven(park, owner, await vehicle(owner, PLATE))
    seen = await park.seen("enter", timedelta(0), PLATE)
    asked = "query ($id: ID!) { myParking { session(id: $id) { chargingFrom chargingUntil } } }"
    for kind in ("charge_start", "charge_end"):
        park.catch_up()
        told = LotEvent(event_id=uuid4(), kind=kind, occurred_at=park.clock.now(), plate=PLATE)
        async with park.database.session() as session:
            await report(park.deps(session), Speaker("chargers", frozenset({"garages"})), park.row.id, [told])
        shown = (await owner.data(asked, id=seen.session_id))["session"]
        assert [shown["chargingFrom"] is None, shown["chargingUntil"] is None] == [False, kind == "charge_start"]


@pytest.mark.case("PK-15")
async def test_a_sticker_that_is_far_from_the_phone_is_warned_of(city: City, phones: Phones, park: CarPark) -> None:
    who = await sign_in(city, phones, "wang")
    car = await vehicle(who, PLATE)
    await park.seen("enter", timedelta(minutes=5), PLATE)
    bay = await park.sticker("lot", park.row.id)
    near = await who.data(FIND, code=bay, vehicle=car, key="1", latitude=31.2005, longitude=121.4)
    far = await who.data(FIND, code=bay, vehicle=car, key="2", latitude=31.22, longitude=121.4)
    assert [(each["metres"], each["isFar"]) for each in (near, far)] == [(56, False), (2224, True)]
    assert await who.code(FIND, code=bay[:-1] + ("A" if bay[-1] != "A" else "B"), vehicle=car, key="3") == (
        "PARKING_SCAN_REFUSED"
    )


async def test_who_looks_waits_for_no_gate_and_no_gate_for_them(city: City, phones: Phones, park: CarPark) -> None:
    who = await sign_in(city, phones, "wang")
    car = await vehicle(who, PLATE)
    seen = await park.seen("enter", timedelta(minutes=50), PLATE)
    await who.data(FIND, code=await park.sticker("lot", park.row.id), vehicle=car, key="1")
    credential = (await park.one()).credential
    async with park.database.session() as session, timeout(20):
        await lock(await driver(session), park.row.id, [credential])  # as a gate's event does
        shown = (await who.data(SESSION, id=seen.session_id))["session"]
        assert shown["feeFen"] == shown["dueFen"] > 0
        assert [each["id"] for each in (await who.data(MINE))["sessions"]] == [seen.session_id]


async def test_signing_in_anew_gives_no_new_tries(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    for number in range(10):
        await vehicle(who, f"沪A1234{number}")
    again = await sign_in(city, phones, "wang")
    assert await again.code(ADD, plate="沪B12345") == "TOO_MANY_ATTEMPTS"
    other = await sign_in(city, phones, "li")
    assert (await other.data(ADD, plate="沪B12345"))["plate"] == "沪B12345"


async def test_plates_that_are_none_are_refused(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    assert await who.code(ADD, plate="HELLO") == "PLATE_INVALID"
    assert (await who.data(ADD, plate="沪a·12345"))["plate"] == PLATE
