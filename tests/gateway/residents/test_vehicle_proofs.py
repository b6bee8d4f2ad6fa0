"""A resident becomes a plate's proven owner by the vehicle register's word, and ceases to be by it."""

import json
from datetime import date, timedelta
from uuid import UUID

import pytest
from redis.asyncio import Redis

from auth.residents.attempts import attempt
from flows.parking.proving import KEEPERS
from flows.parking.vehicles import prove
from flows.payments.mandates import NewMandate, mandates_of, sign
from kernel.clock import CHINA, SystemClock
from kernel.money import Fen
from tests.gateway.conftest import City
from tests.gateway.residents.car_park import MINE, CarPark, vehicle
from tests.gateway.residents.hosts import Phones, Resident, agree, prove_face, sign_in
from tests.gateway.residents.test_parking import PLATE
from tests.gateway.residents.test_payments import account_of
from tests.gateway.residents.test_proofs import PROVE

KEPT = "mutation ($v: ID!) { proveVehicle(vehicle: $v) { id plate proof } }"


async def driver(city: City, phones: Phones, resident: str) -> Resident:
    """Sign a resident in who is proven by name and ID number (L2) and lets the vehicle register be asked."""
    who = await sign_in(city, phones, resident)
    await agree(who, "real-name")
    who = Resident(city, who.given | await who.data(PROVE, **phones.person(resident)), who.app)
    await agree(who, "vehicle-register")
    return who


async def answers(city: City) -> list[str]:
    """What the log says that the register has answered."""
    query = "SELECT details FROM audit_entry WHERE action = 'vehicle.register_answered' ORDER BY seq"
    return [json.loads(row["details"])["answer"] for row in await city.gateway.database.pool.fetch(query)]


async def proofs(who: Resident) -> list[str]:
    return [each["proof"] for each in (await who.data(MINE))["vehicles"]]


async def seen_by(who: Resident) -> list[str]:
    """The sessions that somebody sees, the oldest first."""
    return [each["id"] for each in reversed((await who.data(MINE))["sessions"])]


async def test_who_is_not_proven_is_told_what_to_do(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    refused = (await who.ask(KEPT, v=await vehicle(who, PLATE)))["errors"][0]
    assert refused["extensions"]["code"] == "ASSURANCE_TOO_LOW"
    assert refused["extensions"]["acr_values"] == "L2"
    assert "provePerson" in refused["message"]


async def test_the_keeper_is_proven_and_sees_where_it_parks_from_then_on(
    city: City, phones: Phones, park: CarPark
) -> None:
    who = await driver(city, phones, "wang")
    car = await vehicle(who, PLATE)
    await park.seen("enter", timedelta(minutes=9), PLATE)
    await park.seen("exit", timedelta(minutes=5), PLATE)
    for _ in range(2):
        assert await who.data(KEPT, v=car) == {"id": car, "plate": PLATE, "proof": "owner"}
    after = await park.seen("enter", timedelta(0), PLATE)
    assert (await seen_by(who), await proofs(who)) == ([after.session_id], ["owner"])
    assert await answers(city) == ["keeper", "keeper"]
    entry = await city.gateway.database.pool.fetchrow(
        "SELECT actor, acr, object, details FROM audit_entry WHERE action = 'vehicle.register_answered'"
    )
    assert (entry["actor"], entry["acr"], entry["object"]) == (
        f"account:{await account_of(who)}",
        "L2",
        f"vehicle:{car}",
    )
    said = json.loads(entry["details"])
    assert said.pop("reference").startswith("vehicle-")
    assert said == {"answer": "keeper", "since": "2024-03-01"}


async def test_consent_comes_first_and_others_learn_no_more_than_that_they_are_not_the_keeper(
    city: City, phones: Phones
) -> None:
    who = await sign_in(city, phones, "li")
    await prove_face(phones, who, "li")
    car, unknown = await vehicle(who, PLATE), await vehicle(who, "沪B99999")
    assert await who.code(KEPT, v=car) == "CONSENT_NEEDED"
    await agree(who, "vehicle-register")
    for plate, told in ((car, "not the keeper"), (unknown, "does not know this plate")):
        refused = (await who.ask(KEPT, v=plate))["errors"][0]
        assert (refused["extensions"]["code"], told in refused["message"]) == ("VEHICLE_NOT_KEPT", True)
    stranger = await driver(city, phones, "wang")
    assert await stranger.code(KEPT, v=car) == "VEHICLE_UNKNOWN"  # not claimed
    assert (await answers(city), await proofs(who)) == (["not_keeper", "unknown_plate"], ["claimed", "claimed"])


@pytest.mark.parametrize("fault", ["slow", "unavailable", "error_after_work", "bad_signature"])
async def test_a_register_that_is_down_changes_nothing(city: City, phones: Phones, fault: str) -> None:
    who = await driver(city, phones, "wang")
    car = await vehicle(who, PLATE)
    phones.sandbox.world.plan_fault("vehicles.keeper", fault)  # type: ignore[arg-type]  # a fault's name
    refused = (await who.ask(KEPT, v=car))["errors"][0]
    assert refused["extensions"]["code"] == "VEHICLE_REGISTER_SILENT"
    assert "later" in refused["message"]
    assert (await answers(city), await proofs(who)) == ([], ["claimed"])
    assert (await who.data(KEPT, v=car))["proof"] == "owner"


async def test_nobody_tries_plates_out(city: City, phones: Phones, redis: Redis) -> None:
    who = await driver(city, phones, "li")
    car = await vehicle(who, PLATE)
    for _ in range(KEEPERS.most - 1):
        await attempt(redis, KEEPERS, await account_of(who))
    assert await who.code(KEPT, v=car) == "VEHICLE_NOT_KEPT"
    assert await who.code(KEPT, v=car) == "TOO_MANY_ATTEMPTS"
    assert await answers(city) == ["not_keeper"]


@pytest.mark.case("PK-14")
async def test_a_plate_that_was_sold_on_a_date_is_one_owner_s_before_and_another_s_after(
    city: City, phones: Phones, park: CarPark
) -> None:
    seller, buyer = await driver(city, phones, "wang"), await driver(city, phones, "li")
    car = await vehicle(seller, PLATE)
    assert await vehicle(buyer, PLATE) == car
    assert (await seller.data(KEPT, v=car))["proof"] == "owner"
    assert await buyer.code(KEPT, v=car) == "VEHICLE_NOT_KEPT"
    await long_since(city, timedelta(days=30))
    before = await stay(park, timedelta(days=20))
    between = await stay(park, timedelta(days=5))
    await debited(city, seller, car)
    assert await seen_by(seller) == [before, between]
    phones.sandbox.vehicles.sell(PLATE, "li", today() - timedelta(days=10))
    assert (await buyer.data(KEPT, v=car))["proof"] == "owner"
    after = (await park.seen("enter", timedelta(0), PLATE)).session_id
    assert (await seen_by(seller), await seen_by(buyer)) == ([before], [after])
    assert (await proofs(seller), await proofs(buyer)) == ([], ["owner"])
    async with city.gateway.database.session() as session:
        [mandate] = await mandates_of(session, await account_of(seller))
    assert mandate.state == "terminated"
    ended = await city.gateway.database.pool.fetchrow(
        "SELECT actor, details FROM audit_entry WHERE action = 'vehicle.ended'"
    )
    assert (ended["actor"], json.loads(ended["details"])["account"]) == (
        "register:vehicles",
        str(await account_of(seller)),
    )
    assert await vehicle(seller, PLATE) == car  # who sold it may pay for it as anybody may
    refused = (await seller.ask(KEPT, v=car))["errors"][0]
    assert f"no longer yours since {today() - timedelta(days=10)}" in refused["message"]
    assert (await proofs(seller), await proofs(buyer)) == (["claimed"], ["owner"])


@pytest.mark.case("PK-14")
async def test_who_asks_about_what_they_sold_is_its_owner_no_more(city: City, phones: Phones, park: CarPark) -> None:
    seller = await driver(city, phones, "wang")
    car = await vehicle(seller, PLATE)
    await seller.data(KEPT, v=car)
    await long_since(city, timedelta(days=30))
    before = await stay(park, timedelta(days=20))
    await stay(park, timedelta(days=5))
    phones.sandbox.vehicles.sell(PLATE, "chen", today() - timedelta(days=10))
    assert await seller.code(KEPT, v=car) == "VEHICLE_NOT_KEPT"
    assert (await seen_by(seller), await proofs(seller)) == ([before], [])


async def test_a_plate_that_the_register_does_not_know_stays_whose_it_is(
    city: City, phones: Phones, park: CarPark
) -> None:
    who = await driver(city, phones, "wang")
    car = await vehicle(who, "沪B99999")
    async with city.gateway.database.session() as session:
        await prove(park.deps(session), await account_of(who), UUID(car), "vehicle_licence")
    assert await who.code(KEPT, v=car) == "VEHICLE_NOT_KEPT"
    assert await proofs(who) == ["owner"]


async def test_what_was_claimed_before_two_accounts_became_one_is_proven_and_ended_after(
    city: City, phones: Phones
) -> None:
    known = await sign_in(city, phones, "wang", "alipay")
    await prove_face(phones, known, "wang")
    who = await sign_in(city, phones, "wang")
    car = await vehicle(who, PLATE)
    await prove_face(phones, who, "wang")
    assert await account_of(who) == await account_of(known)
    assert await vehicle(who, PLATE) == car
    await agree(who, "vehicle-register")
    assert (await who.data(KEPT, v=car))["proof"] == "owner"
    assert await proofs(who) == ["owner"]
    await who.data("mutation ($v: ID!) { endVehicle(vehicle: $v) }", v=car)
    assert await proofs(who) == []


def today() -> date:
    return SystemClock().now().astimezone(CHINA).date()


async def long_since(city: City, by: timedelta) -> None:
    """Have who is proven be so for so long."""
    await city.gateway.database.pool.execute("UPDATE vehicle_binding SET since = since - $1::interval", by)


async def stay(park: CarPark, ago: timedelta) -> str:
    """A vehicle comes so long ago, and goes ten minutes before it is known; the session."""
    entered = await park.seen("enter", ago + timedelta(minutes=9), PLATE)
    await park.seen("exit", ago + timedelta(minutes=5), PLATE)
    return str(entered.session_id)


async def debited(city: City, who: Resident, car: str) -> None:
    """Have somebody's app be charged for a vehicle."""
    wanted = NewMandate(
        account_id=await account_of(who),
        about=f"vehicle:{car}",
        provider="wechat",
        app_id=who.app,
        limit_each=Fen(10000),
        consent_version=1,
    )
    async with city.gateway.database.session() as session:
        await sign(session, SystemClock(), wanted, "account:test")
