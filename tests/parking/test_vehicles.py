"""Plates and who says what of them: a stranger's word counts for nobody else, one person's accounts are one."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import select

from auth.accounts.merging import merge
from flows.parking.ownership import color_said, vehicles_held
from flows.parking.scanning import Place, Scanner, enter
from flows.parking.session_tables import ParkingSession
from flows.parking.tables import ParkingLane
from flows.parking.vehicle_tables import Vehicle
from flows.parking.vehicles import claim, end, prove
from tests.parking.lots import PLATE, Lot


async def claimed(lot: Lot, account: UUID, color: str = "") -> UUID:
    async with lot.database.session() as session:
        return (await claim(lot.deps(session), account, PLATE, color)).vehicle_id


async def said(lot: Lot, account: UUID, vehicle: UUID) -> str:
    async with lot.database.session() as session:
        plate = (await session.get_one(Vehicle, vehicle)).plate_index
        return await color_said(lot.deps(session), account, plate)


async def scanned(lot: Lot, account: UUID, vehicle: UUID) -> ParkingSession:
    """Enter by phone."""
    async with lot.database.session() as session:
        lane = (await session.exec(select(ParkingLane).where(ParkingLane.name == "enter"))).one()
        return await enter(lot.deps(session), Place(lot.row, lane), Scanner(account, vehicle, "key"))


async def test_what_a_stranger_says_of_a_plate_makes_it_dearer_for_nobody_else(lot: Lot) -> None:
    stranger, driver = await lot.account(), await lot.account()
    vehicle = await claimed(lot, stranger, "yellow")
    assert await claimed(lot, driver) == vehicle
    assert (await said(lot, driver, vehicle), await said(lot, stranger, vehicle)) == ("", "yellow")
    entered = await scanned(lot, driver, vehicle)
    assert entered.vehicle_class == "small"


async def test_who_was_wrong_corrects_a_colour_and_a_proof_keeps_it(lot: Lot) -> None:
    driver = await lot.account()
    vehicle = await claimed(lot, driver, "yellow")
    await claimed(lot, driver, "blue")
    await claimed(lot, driver)
    async with lot.database.session() as session:
        assert (await prove(lot.deps(session), driver, vehicle, "vehicle_licence")).plate_color == "blue"
    assert await said(lot, driver, vehicle) == "blue"


async def test_a_camera_knows_better_what_a_vehicle_is_than_its_drivers_phone(lot: Lot) -> None:
    driver = await lot.account()
    await scanned(lot, driver, await claimed(lot, driver, "yellow"))
    assert (await lot.one()).vehicle_class == "large"
    await lot.passes("enter", 1, vehicle_class="small")
    row = await lot.one()
    assert (row.vehicle_class, row.state) == ("small", "entered")


async def test_a_lorry_stays_one_for_a_camera_that_knows_no_classes(lot: Lot) -> None:
    driver = await lot.account()
    await scanned(lot, driver, await claimed(lot, driver, "yellow"))
    await lot.passes("exit", 60, opened=True)
    row = await lot.one()
    assert (row.vehicle_class, row.left_at is not None) == ("large", True)


async def test_what_an_account_brought_along_is_ended_by_the_account_that_it_became_part_of(lot: Lot) -> None:
    kept = await lot.account()
    lot.clock.advance(timedelta(seconds=1))
    gone = await lot.account()
    vehicle = await claimed(lot, gone, "blue")
    async with lot.database.session() as session:
        assert (await merge(session, lot.clock, kept, gone, "same-proof")).kept_id == kept
    await claimed(lot, kept)  # is theirs already
    async with lot.database.session() as session:
        assert [each.account_id for _, each in await vehicles_held(lot.deps(session), kept)] == [gone]
    async with lot.database.session() as session:
        await prove(lot.deps(session), kept, vehicle, "vehicle_licence")
    async with lot.database.session() as session:
        assert [each.proof for _, each in await vehicles_held(lot.deps(session), kept)] == ["owner"]
        await end(lot.deps(session), kept, vehicle)
    async with lot.database.session() as session:
        assert await vehicles_held(lot.deps(session), kept) == []
