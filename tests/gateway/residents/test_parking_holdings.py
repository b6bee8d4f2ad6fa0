"""What of parking a resident takes along, and what is left of it when they go."""

from datetime import timedelta

import msgspec
from sqlmodel import select

from flows.parking.session_tables import ParkingDispute, ParkingQuote, ParkingScan
from flows.parking.vehicle_tables import Vehicle, VehicleBinding
from tests.gateway.conftest import City
from tests.gateway.residents.car_park import ENTER, QUOTE, SESSION, CarPark, vehicle
from tests.gateway.residents.hosts import Phones, sign_in
from tests.gateway.residents.test_parking import proven
from tests.parking.lots import PLATE

DISPUTE = """mutation ($id: ID!) {
  disputeParking(session: $id, reason: "other", words: "我九点半就走了") { dispute } }"""


async def test_they_take_it_along_and_it_is_erased_with_them(city: City, phones: Phones, park: CarPark) -> None:
    who, other = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    car = await vehicle(who, PLATE)
    await proven(park, who, car)
    await vehicle(other, PLATE)
    alone = await vehicle(who, "沪B88888")
    entered = await who.data(ENTER, code=await park.gate("enter"), vehicle=car, key="1")
    stay = entered["session"]["id"]
    park.clock.advance(timedelta(minutes=1))
    await who.data(QUOTE, id=stay)
    await who.data(DISPUTE, id=stay)
    taken = (await who.data("{ me { export } }"))["export"]["parking"]
    assert {(each["plate"], each["proof"], each["until"] is None) for each in taken["vehicles"]} == {
        (PLATE, "claimed", False), (PLATE, "owner", True), ("沪B88888", "claimed", True)
    }  # fmt: skip
    assert [(each["id"], each["plate"]) for each in taken["sessions"]] == [(stay, PLATE)]
    assert [(each["act"], each["lot_id"]) for each in taken["scans"]] == [("enter", str(park.row.id))]
    assert [each["session_id"] for each in taken["quotes"]] == [stay]
    assert [(each["reason"], each["words"]) for each in taken["disputes"]] == [("other", "我九点半就走了")]
    theirs = (await other.data("{ me { export } }"))["export"]["parking"]
    assert stay not in msgspec.json.encode(theirs).decode()

    assert await who.data("mutation { eraseAccount }") is True
    async with park.database.session() as session:
        bindings = (await session.exec(select(VehicleBinding))).all()
        assert [str(each.vehicle_id) for each in bindings] == [car]  # the other's
        assert [str(each.id) for each in (await session.exec(select(Vehicle))).all()] == [car] != [alone]
        for table in (ParkingScan, ParkingQuote):
            assert (await session.exec(select(table))).all() == []
        assert [each.words for each in (await session.exec(select(ParkingDispute))).all()] == [None]
    assert (await park.one()).state == "disputed"
    await proven(park, other, car)  # it has no owner any more
    assert await other.code(SESSION, id=stay) == "PARKING_SESSION_UNKNOWN"
