"""Mandates are signed here, agreed to at the host, and stand by its word alone: Alipay tells, WeChat Pay is asked."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from adapters.parking_products import OpenParking
from adapters.sandbox.development import APPS
from auth.accounts.merging import merge
from flows.parking import agreeing
from flows.parking.agreeing import Signed, Wanted
from flows.parking.errors import UnknownVehicleError, VehicleTakenError, VehicleUnprovenError
from flows.parking.vehicles import claim, end, prove
from flows.payments.errors import MandateTakenError, PayerUnknownError
from flows.payments.mandates import hear, step
from flows.payments.tables import DebitMandate
from kernel.audit.tables import AuditEntry
from kernel.crypto.keys import open_keys
from kernel.money import Fen
from tests.parking.lots import Lot
from tests.payments.town import PLATE, Town

hosts = pytest.mark.parametrize("host", ["wechat", "alipay"])


@pytest.fixture
def lot(town: Town, parking: OpenParking) -> Lot:
    """What works off parking's messages; nobody has agreed to anything yet."""
    made = Lot(town.settings, town.database, town.redis, open_keys(town.settings))
    made.clock = town.clock  # type: ignore[assignment]  # it can be moved, too
    made.opened = town.opened
    for host in ("wechat", "alipay"):
        town.agreements(host).end(PLATE.number)
    assert parking.charging
    return made


async def claimed(town: Town, lot: Lot, who: str = "wang") -> UUID:
    async with town.database.session() as session:
        return (await claim(lot.deps(session), town.accounts[who], PLATE.number, PLATE.color)).vehicle_id


async def driven(town: Town, lot: Lot, host: str) -> UUID:
    """Have wang drive it so that they may sign: WeChat vouches for its drivers, Alipay does not."""
    vehicle = await claimed(town, lot)
    if host == "alipay":
        await proven(town, lot, vehicle)
    return vehicle


async def proven(town: Town, lot: Lot, vehicle: UUID) -> None:
    """Have wang be its owner."""
    async with town.database.session() as session:
        await prove(lot.deps(session), town.accounts["wang"], vehicle, "vehicle_licence")


async def signed(town: Town, lot: Lot, host: str, vehicle: UUID, **more: Any) -> Signed:
    values = {"account_id": town.accounts["wang"], "limit_each": Fen(10_000), "consent_version": 1}
    wanted = Wanted(**{"vehicle_id": vehicle, "app_id": APPS[host], **values, **more})
    async with town.database.session() as session:
        address = f"{town.cashier.callbacks}/callbacks/parking/{APPS[host]}"
        return await agreeing.sign(lot.deps(session), town.products[APPS[host]], wanted, address)


async def mandate(town: Town, id_: UUID) -> DebitMandate:
    async with town.database.session() as session:
        return await session.get_one(DebitMandate, id_)


async def state(town: Town, held: Signed) -> str:
    return (await mandate(town, held.mandate.id)).state


async def agree(town: Town, host: str, held: Signed, resident: str = "wang") -> None:
    """Open the host's page as the client does, and agree."""
    arguments = await town.products[APPS[host]].agree(held.agreeing)
    town.host(host).agree(APPS[host], resident, arguments)


@hosts
async def test_the_hosts_word_makes_a_mandate_stand(town: Town, lot: Lot, host: str) -> None:
    held = await signed(town, lot, host, await driven(town, lot, host))
    product = town.products[APPS[host]]
    assert not await agreeing.confirmed(product, held)
    await lot.work(timedelta(seconds=30))
    assert (await mandate(town, held.mandate.id)).state == "signed"
    await agree(town, host, held)
    assert await agreeing.confirmed(product, held)
    for _ in range(20):
        await lot.work(timedelta(minutes=1))
        row = await mandate(town, held.mandate.id)
        if row.state == "active":
            break
    assert row.state == "active"
    async with town.database.session() as session:
        query = select(AuditEntry).where(AuditEntry.object == f"debit_mandate:{row.id}").order_by("seq")
        steps = [(each.action, each.actor) for each in (await session.exec(query)).all()]
    account = f"account:{town.accounts['wang']}"
    assert steps == [("debit_mandate.signed", account), ("debit_mandate.activated", f"host:{host}")]


async def test_alipay_tells_of_an_agreement_by_itself_with_its_number(town: Town, lot: Lot) -> None:
    held = await signed(town, lot, "alipay", await driven(town, lot, "alipay"))
    town.fault("alipay.callback", "twice")
    await agree(town, "alipay", held)
    row = await town.eventually(lambda: mandate(town, held.mandate.id), lambda row: row.state == "active")
    assert row.contract.startswith("2088")


@hosts
async def test_who_never_agrees_at_the_host_has_no_mandate_after_a_day(town: Town, lot: Lot, host: str) -> None:
    held = await signed(town, lot, host, await driven(town, lot, host))
    for _ in range(60):
        await lot.work(timedelta(minutes=30))
    row = await mandate(town, held.mandate.id)
    assert (row.state, row.because) == ("terminated", "never agreed to at the host")
    again = await signed(town, lot, host, UUID(row.about.partition(":")[2]))
    assert again.mandate.id != row.id


async def test_only_who_drives_it_and_is_known_to_the_host_signs_and_on_one_set_of_terms(town: Town, lot: Lot) -> None:
    theirs = await claimed(town, lot, "li")
    with pytest.raises(UnknownVehicleError):
        await signed(town, lot, "wechat", theirs)
    mine = await claimed(town, lot)
    held = await signed(town, lot, "wechat", mine)
    assert (await signed(town, lot, "wechat", mine)).mandate.id == held.mandate.id
    with pytest.raises(MandateTakenError):
        await signed(town, lot, "wechat", mine, limit_each=Fen(5000))
    with pytest.raises(VehicleUnprovenError):
        await signed(town, lot, "alipay", mine)
    for resident, wrong in (("li", "wechat"), ("wang", "wechat")):
        other = await signed(town, lot, wrong, mine)
        arguments: Any = await town.products[APPS[wrong]].agree(other.agreeing)
        if resident == "wang":
            arguments["extraData"]["mchid"] = "1"
        with pytest.raises(ValueError, match="商户无权限"):
            town.host(wrong).agree(APPS[wrong], resident, arguments)
    stranger = await town.sign_in("zhang", "baidu")
    async with town.database.session() as session:
        await claim(lot.deps(session), stranger, PLATE.number)
    with pytest.raises(PayerUnknownError):
        await signed(town, lot, "wechat", mine, account_id=stranger)
    async with town.database.session() as session:
        await prove(lot.deps(session), town.accounts["li"], mine, "vehicle_licence")
    with pytest.raises(VehicleTakenError):
        await signed(town, lot, "wechat", mine)


async def test_a_vehicle_that_is_given_up_is_charged_for_no_more(town: Town, lot: Lot) -> None:
    vehicle = await driven(town, lot, "alipay")
    held = await signed(town, lot, "alipay", vehicle)
    async with town.database.session() as session:
        await step(session, town.clock, held.mandate.id, "activate", actor="host:alipay")
    async with town.database.session() as session:
        await end(lot.deps(session), town.accounts["wang"], vehicle)
    assert (await mandate(town, held.mandate.id)).state == "terminated"


async def test_what_strangers_signed_ends_once_the_owner_is_proven_who_signs_then(town: Town, lot: Lot) -> None:
    vehicle, li = await claimed(town, lot, "li"), town.accounts["li"]
    theirs = await signed(town, lot, "wechat", vehicle, account_id=li)
    await agree(town, "wechat", theirs, "li")
    await lot.work(timedelta(minutes=1))
    assert await state(town, theirs) == "active"
    await claimed(town, lot)
    await proven(town, lot, vehicle)
    ended = await mandate(town, theirs.mandate.id)
    assert (ended.state, ended.because) == ("terminated", "somebody else is proven to own the vehicle")
    mine = await signed(town, lot, "wechat", vehicle)
    await agree(town, "wechat", mine)
    await lot.work(timedelta(minutes=1))
    assert await state(town, mine) == "active"
    await proven(town, lot, vehicle)  # once more
    assert await state(town, mine) == "active"


async def test_what_the_owners_other_account_signed_stands_once_they_are_proven(town: Town, lot: Lot) -> None:
    vehicle = await claimed(town, lot)
    other = await town.sign_in("zhang", "wechat")
    async with town.database.session() as session:
        await claim(lot.deps(session), other, PLATE.number)
    held = await signed(town, lot, "wechat", vehicle, account_id=other)
    async with town.database.session() as session:
        await step(session, town.clock, held.mandate.id, "activate", actor="host:wechat")
        await merge(session, town.clock, town.accounts["wang"], other, "same-proof")
    await proven(town, lot, vehicle)
    assert await state(town, held) == "active"


async def test_a_mandate_that_its_host_ends_at_this_moment_keeps_nobody_from_being_proven(town: Town, lot: Lot) -> None:
    vehicle, li = await claimed(town, lot, "li"), town.accounts["li"]
    await claimed(town, lot)
    held = await signed(town, lot, "wechat", vehicle, account_id=li)
    async with town.database.session() as session:
        await hear(session, town.clock, held.mandate.id, holds=False)
        proving = asyncio.create_task(proven(town, lot, vehicle))
        await asyncio.wait([proving], timeout=0.5)
    await proving
    assert (await mandate(town, held.mandate.id)).because == "ended at the host"


async def test_what_a_stranger_signs_while_the_owner_is_being_proven_ends(town: Town, lot: Lot) -> None:
    vehicle, li = await claimed(town, lot, "li"), town.accounts["li"]
    await claimed(town, lot)
    wanted = Wanted(account_id=li, vehicle_id=vehicle, app_id=APPS["wechat"], limit_each=Fen(10_000), consent_version=1)
    async with town.database.session() as session:
        held = await agreeing.sign(lot.deps(session), town.products[APPS["wechat"]], wanted, "https://city.example")
        proving = asyncio.create_task(proven(town, lot, vehicle))
        await asyncio.wait([proving], timeout=0.5)
    await proving
    assert await state(town, held) == "terminated"
