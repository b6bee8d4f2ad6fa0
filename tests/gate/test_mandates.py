"""Mandates at the exit: a box that has fetched them opens for whom the platform would."""

from pathlib import Path
from uuid import UUID

from flows.gate.box import open_box
from flows.gate.site_file import SiteFile
from flows.gate.wire import PlateRead
from flows.parking.session_tables import ParkingHostStay, ParkingSession
from tests.gate.conftest import heard
from tests.gate.platform import Platform
from tests.gate.test_free_once import in_step
from tests.gate.test_site import said
from tests.parking.lots import NINE, PLATE, Lot
from tests.parking.test_paying import signed

DAY = 24 * 60


async def test_a_stay_whose_exit_nobody_saw_stops_no_mandate_for_the_next(
    at_lot: SiteFile, platform: Platform, lot: Lot, tmp_path: Path
) -> None:
    await signed(lot)
    before = await lot.passes("enter", 0)
    async with lot.database.session() as session:
        row = await session.get_one(ParkingSession, UUID(before.session_id))
        row.debited_at = NINE  # by an exit that turned out to be another's
        no = ParkingHostStay(
            session_id=row.id, app_id="wx1", product="charging", reference="1", service="paused", plate=b"",
            color="blue", lot="", entered_at=NINE, changed_at=NINE,
        )  # fmt: skip
        session.add_all([row, no])
    await lot.passes("enter", DAY)
    async with open_box(at_lot, platform.origin, tmp_path / "store", lot.clock, follow=False) as box:
        await heard(box)
        await in_step(box)
        asked = (await lot.passes("exit", DAY + 30, opened=None)).decision
        left = await box.site.plate_read("exit", PlateRead(plate=PLATE, colour="blue"))
    assert (asked.kind, asked.reason, asked.due_fen) == said(left) == ("open", "by_mandate", 1500)
