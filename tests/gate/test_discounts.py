"""Permits and coupons: a box that has fetched them charges as the platform does, also alone."""

from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from flows.gate.box import Box, open_box
from flows.gate.site_file import SiteFile
from flows.gate.wire import PlateRead
from flows.parking.couponing import NewCoupon, grant, revoke
from flows.parking.coupons import Coupon
from flows.parking.operating import Speaker
from flows.parking.permitting import Assigning, NewPermit
from tests.gate.conftest import heard
from tests.gate.platform import Platform
from tests.gate.test_free_once import in_step
from tests.gate.test_site import paid, said
from tests.parking.lots import Lot
from tests.parking.tariffs import EXAMPLE, at

SHOP = Speaker("shop", frozenset({"garages"}), is_shop=True)
ONE, TWO, THREE = "沪A12345", "沪B67890", "沪C11111"
HALF_PAST = at("11-02 08:30")


async def test_a_box_charges_by_what_it_has_fetched(
    at_lot: SiteFile, platform: Platform, lot: Lot, tmp_path: Path
) -> None:
    await lot.publish(EXAMPLE | {"permits": [{"name": "season", "percent_off": 100}]}, lot.clock.now())

    async def coupon(plate: str, fen: int) -> None:
        async with lot.database.session() as session:
            wanted = NewCoupon(amount_fen=fen, given_by="百货", reference=plate, plate=plate)
            await grant(lot.deps(session), SHOP, wanted)

    async with open_box(at_lot, platform.origin, tmp_path / "store", lot.clock, follow=False) as box:
        await heard(box)
        await in_step(box)
        async with lot.database.session() as session:
            wanted = NewPermit(operator_id="garages", plate=TWO, name="season", since=lot.clock.now())
            await Assigning(lot.deps(session), "client:test").assign(wanted)
        lot.clock.advance(timedelta(seconds=1))
        for plate in (ONE, TWO, THREE):
            await box.site.plate_read("enter", PlateRead(plate=plate, colour="blue"))
        await in_step(box)
        await coupon(ONE, 600)
        await in_step(box)
        await coupon(THREE, 600)  # which the box does not hear of
        lot.clock.advance(timedelta(minutes=30))
        left = [said(await box.site.plate_read("exit", PlateRead(plate=each, colour="blue"))) for each in (ONE, TWO)]
        assert left == [("open", "released_unpaid", 900), ("open", "permit", 0)]
        await in_step(box)
        assert {each.closing_fen for each in await lot.sessions()} == {900, 0, None}


async def test_a_coupon_that_comes_while_its_driver_waits_opens_the_arm(box: Box, platform: Platform) -> None:
    session = platform.enters(ONE, "11-02 08:30", paid(100, HALF_PAST, minutes=0))
    platform.sessions[:] = [replace(session, coupons=(Coupon(HALF_PAST, 600),))]
    await box.syncing.fetch_snapshot()
    assert said(await box.site.plate_read("out", PlateRead(plate=ONE, colour="blue"))) == ("pay", "to_pay", 800)
    later = Coupon(HALF_PAST + timedelta(minutes=29), 900)
    platform.sessions[:] = [replace(session, coupons=(Coupon(HALF_PAST, 600), later))]
    await box.syncing.fetch_snapshot()
    await box.passing.look_again()
    await box.syncing.send()
    assert [(e.kind, e.opened, e.reason) for e in platform.events.values()][-1] == ("exit", True, "nothing_due")


async def test_a_coupon_that_is_taken_back_counts_for_who_had_left(
    at_lot: SiteFile, platform: Platform, lot: Lot, tmp_path: Path
) -> None:
    async with open_box(at_lot, platform.origin, tmp_path / "store", lot.clock, follow=False) as box:
        await heard(box)
        for plate in (ONE, TWO):
            await box.site.plate_read("enter", PlateRead(plate=plate, colour="blue"))
        await in_step(box)
        made = {}
        for plate in (ONE, TWO):
            async with lot.database.session() as session:
                wanted = NewCoupon(amount_fen=1500, given_by="百货", reference=plate, plate=plate)
                made[plate] = await grant(lot.deps(session), SHOP, wanted)

        async def take_back(plate: str) -> None:
            lot.clock.advance(timedelta(minutes=15))
            async with lot.database.session() as session:
                await revoke(lot.deps(session), SHOP, made[plate].id, "wrong_slip")

        await take_back(TWO)
        await in_step(box)
        lot.clock.advance(timedelta(minutes=15))
        left = [said(await box.site.plate_read("exit", PlateRead(plate=each, colour="blue"))) for each in (ONE, TWO)]
        assert left == [("open", "nothing_due", 0), ("open", "released_unpaid", 1500)]
        await take_back(ONE)  # the platform has not heard of its exit
        await in_step(box)
    assert {each.closing_fen for each in await lot.sessions()} == {0, 1500}


async def test_a_box_whose_clock_is_behind_counts_by_its_own_moment_as_the_platform_will(
    box: Box, platform: Platform
) -> None:
    session = platform.enters(ONE, "11-02 08:30")
    off = (Coupon(HALF_PAST, 100, at("11-02 08:59")), Coupon(HALF_PAST, 600, at("11-02 09:01")))
    platform.sessions[:] = [replace(session, coupons=off)]
    await box.syncing.fetch_snapshot()
    assert said(await box.site.plate_read("out", PlateRead(plate=ONE, colour="blue"))) == ("pay", "to_pay", 900)
