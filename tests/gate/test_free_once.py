"""Free minutes that a vehicle has once in so many hours: the box knows them as the platform does, also alone."""

from datetime import timedelta
from pathlib import Path

from flows.gate.box import Box, open_box
from flows.gate.site_file import SiteFile
from flows.gate.wire import PlateRead
from tests.gate.conftest import heard
from tests.gate.platform import Platform
from tests.parking.lots import Lot
from tests.parking.tariffs import EXAMPLE

ONE, OTHER = "沪A12345", "沪B67890"


async def stays(lot: Lot, box: Box, plate: str, minutes: int = 10) -> int:
    """Park for so long; what is owed at the exit, which opens without the platform."""
    await box.site.plate_read("enter", PlateRead(plate=plate, colour="blue"))
    lot.clock.advance(timedelta(minutes=minutes))
    left = await box.site.plate_read("exit", PlateRead(plate=plate, colour="blue"))
    assert left.decision == "open", left
    lot.clock.advance(timedelta(minutes=5))
    return left.amount_fen


async def in_step(box: Box) -> None:
    """Send and fetch once, and lose the line again."""
    box.cloud.cut(cut=False)
    await box.syncing.send()
    await box.syncing.fetch_snapshot()
    box.cloud.cut(cut=True)


async def test_free_minutes_are_given_once_however_the_box_knows(
    at_lot: SiteFile, platform: Platform, lot: Lot, tmp_path: Path
) -> None:
    await lot.publish(EXAMPLE | {"free": {"minutes": 15, "once_in_hours": 24}}, lot.clock.now())
    owed: list[int] = []
    async with open_box(at_lot, platform.origin, tmp_path / "store", lot.clock, follow=False) as box:
        await heard(box)
        await in_step(box)
        owed += [await stays(lot, box, ONE), await stays(lot, box, ONE)]  # seen here only
        await in_step(box)
        owed.append(await stays(lot, box, ONE))  # the platform's word
    async with open_box(at_lot, platform.origin, tmp_path / "store", lot.clock, follow=False) as box:
        owed.append(await stays(lot, box, ONE))  # the disk's
        await in_step(box)
    async with open_box(at_lot, platform.origin, tmp_path / "another", lot.clock, follow=False) as box:
        await in_step(box)
        owed.append(await stays(lot, box, ONE))  # a box that was replaced is told everything
        owed += [await stays(lot, box, OTHER, minutes=20), await stays(lot, box, OTHER)]
        lot.clock.advance(timedelta(hours=24))
        owed += [await stays(lot, box, ONE), await stays(lot, box, ONE)]
        await in_step(box)
        assert owed == [0, 1500, 1500, 1500, 1500, 1500, 0, 0, 1500]
        assert [len(box.passing.inside.free.of(box.passing.inside.who(f"plate:{each}"))) for each in (ONE, OTHER)] == [
            1,
            0,
        ]
        kept = await box.passing.journal._store.rows("SELECT count(*) FROM session")
        assert kept == [(1,)]
    assert [each.closing_fen for each in await lot.sessions()] == owed
