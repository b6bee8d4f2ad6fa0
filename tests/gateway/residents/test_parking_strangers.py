"""Whoever claims a plate is no driver yet: they can neither follow nor end the stay of somebody who answers for it."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import col, select, update

from flows.parking.collecting import settle_session
from flows.parking.session_tables import ParkingPayment, ParkingSession
from flows.parking.vehicles import prove
from flows.payments import mandates
from flows.payments.tables import PaymentOrder
from kernel.money import Fen
from tests.gateway.conftest import City
from tests.gateway.residents.car_park import DISPUTE, ENTER, FIND, LEAVE, MINE, SESSION, CarPark, vehicle
from tests.gateway.residents.hosts import Phones, Resident, sign_in
from tests.gateway.residents.test_payments import account_of
from tests.parking.lots import NINE, PLATE


async def signed(park: CarPark, who: Resident, car: str) -> UUID:
    """Have a resident's mandate for a vehicle be active."""
    account = await account_of(who)
    wanted = mandates.NewMandate(
        account_id=account, about=f"vehicle:{car}", provider="wechat", app_id="wx1", limit_each=Fen(10000),
        consent_version=1,
    )  # fmt: skip
    async with park.database.session() as session:
        made = await mandates.sign(session, park.clock, wanted, f"account:{account}")
        await mandates.step(session, park.clock, made.id, "activate", actor=f"account:{account}")
    return account


async def test_a_stranger_ends_nobodys_stay_that_a_mandate_pays_for(city: City, phones: Phones, park: CarPark) -> None:
    payer, stranger = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    await signed(park, payer, await vehicle(payer, PLATE))
    car, gate_out = await vehicle(stranger, PLATE), await park.gate("exit")
    await park.seen("enter", timedelta(minutes=50), PLATE)
    for key, query in enumerate((LEAVE, FIND)):
        assert await stranger.code(query, code=gate_out, vehicle=car, key=str(key)) == "VEHICLE_TAKEN"
    assert (await park.one()).state == "entered"
    left = await park.seen("exit", timedelta(0), PLATE)
    assert (left.decision.kind, left.decision.reason) == ("open", "by_mandate")


async def test_who_has_proven_that_it_is_theirs_drives_it_whatever_mandate_somebody_else_has(
    city: City, phones: Phones, park: CarPark
) -> None:
    payer, owner = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    await signed(park, payer, await vehicle(payer, PLATE))
    car, gate_in = await vehicle(owner, PLATE), await park.gate("enter")
    assert await owner.code(ENTER, code=gate_in, vehicle=car, key="1") == "VEHICLE_TAKEN"
    async with park.database.session() as session:
        await prove(park.deps(session), await account_of(owner), UUID(car), "vehicle_licence")
    assert (await owner.data(ENTER, code=gate_in, vehicle=car, key="1"))["decision"] == "open"


async def test_what_was_found_shows_while_it_is_inside_or_owes(city: City, phones: Phones, park: CarPark) -> None:
    who = await sign_in(city, phones, "wang")
    car, sticker, gate_in = await vehicle(who, PLATE), await park.sticker("lot", park.row.id), await park.gate("enter")
    entered = await park.seen("enter", timedelta(minutes=50), PLATE)
    await who.data(FIND, code=sticker, vehicle=car, key="1")
    await who.data(ENTER, code=gate_in, vehicle=car, key="2")  # a second scan inside began nothing
    assert [each["id"] for each in (await who.data(MINE))["sessions"]] == [entered.session_id]
    await park.seen("exit", timedelta(0), PLATE, opened=True, reason="fail_open")
    assert (await who.data(SESSION, id=entered.session_id))["session"]["dueFen"] > 0  # theirs to pay
    async with park.database.session() as session:
        await session.exec(update(ParkingSession).values(paid_fen=col(ParkingSession.closing_fen)))
    assert await who.code(SESSION, id=entered.session_id) == "PARKING_SESSION_UNKNOWN"


async def test_a_mandate_pays_and_shows_no_trail(city: City, phones: Phones, park: CarPark) -> None:
    payer = await sign_in(city, phones, "wang")
    account = await signed(park, payer, await vehicle(payer, PLATE))
    entered = await park.seen("enter", timedelta(minutes=50), PLATE)
    await park.seen("exit", timedelta(0), PLATE)
    async with park.database.session() as session:
        await settle_session(park.deps(session), UUID(entered.session_id))
        debit = (await session.exec(select(ParkingPayment))).one()
        assert (await session.get_one(PaymentOrder, debit.order_id)).lines == []  # they say when it was there
        assert (debit.kind, debit.account_id) == ("debit", account)
        debit.paid_at = park.clock.now()
        session.add(debit)
    assert (await payer.data(MINE))["sessions"] == []
    assert await payer.code(SESSION, id=entered.session_id) == "PARKING_SESSION_UNKNOWN"
    assert await payer.data(DISPUTE, id=entered.session_id) == {"dispute": "open"}  # their order says which it paid


async def test_free_minutes_are_not_given_anew_by_phone(city: City, phones: Phones, park: CarPark) -> None:
    who = await sign_in(city, phones, "wang")
    car, gate_in, gate_out = await vehicle(who, PLATE), await park.gate("enter"), await park.gate("exit")
    seen = await park.seen("enter", timedelta(minutes=14), PLATE)
    left = await who.data(LEAVE, code=gate_out, vehicle=car, key="1", latitude=31.2, longitude=121.401)
    assert (left["decision"], left["session"]["isOver"]) == ("open", True)
    afar = {"latitude": 31.2, "longitude": 121.41}
    assert await who.code(ENTER, code=gate_in, vehicle=car, key="2", **afar) == "PARKING_SCAN_REFUSED"
    again = await who.data(ENTER, code=gate_in, vehicle=car, key="3")
    assert again["session"]["id"] == seen.session_id
    park.clock.advance(timedelta(minutes=60))
    asked = await park.passes("exit", (park.clock.now() - NINE) / timedelta(minutes=1), PLATE)
    assert (asked.session_id, asked.decision.kind, asked.decision.due_fen > 0) == (seen.session_id, "pay", True)
