"""The box's log of a day at the real platform: arm, event, cash, session and ledger agree to the fen."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.gate.box import Box, open_box
from flows.gate.site_file import SiteFile
from flows.gate.wire import OpenedByHand, PaidHere, PlateRead
from flows.parking.errors import SiteLogError
from flows.parking.site_logs.reporting import site_reports
from kernel.clock import ManualClock
from tests.gate.conftest import heard
from tests.gate.platform import Platform
from tests.parking.lots import Lot

PHONE, CASH, FREE, OWES, LIFTED = "沪A11111", "沪A22222", "沪A33333", "沪A44444", "沪A55555"


async def drives(box: Box, lane: str, plate: str) -> tuple[str, int]:
    answer = await box.site.plate_read(lane, PlateRead(plate=plate, colour="blue"))
    return answer.decision, answer.amount_fen


async def test_a_day_is_handed_in_once_it_is_over_and_agrees(
    at_lot: SiteFile, platform: Platform, lot: Lot, tmp_path: Path
) -> None:
    async with open_box(at_lot, platform.origin, tmp_path / "store", lot.clock, follow=False) as box:
        await heard(box)
        for plate in (PHONE, CASH, FREE, OWES, LIFTED):
            assert await drives(box, "enter", plate) == ("open", 0)
            lot.clock.advance(timedelta(seconds=1))
        lot.clock.advance(timedelta(minutes=10))
        assert await drives(box, "exit", FREE) == ("open", 0)
        lot.clock.advance(timedelta(minutes=51))
        await box.syncing.beat()
        assert await drives(box, "exit", CASH) == ("pay", 2500)
        assert (await box.site.paid_here("exit", PaidHere(amount_fen=2500))).decision == "open"
        await box.syncing.send()
        phone = next(each for each in await lot.sessions() if each.left_at is None)
        await lot.paid(str(phone.id), await lot.account())
        assert await drives(box, "exit", PHONE) == ("pay", 2500)  # the box has not heard of it
        await box.syncing.send()
        await box.syncing.fetch_snapshot()  # and lets it go
        box.cloud.cut(cut=True)
        assert await drives(box, "exit", OWES) == ("open", 2500)
        await box.site.opened_by_hand("exit", OpenedByHand(reason="ambulance", plate=LIFTED))
        box.cloud.cut(cut=False)
        await box.syncing.send()
        await box.syncing.day_logs.hand_in()
        lot.clock.advance(timedelta(hours=15))
        await drives(box, "enter", FREE)
        await box.syncing.day_logs.hand_in()  # the newest event waits: that is no matter of yesterday's
    async with open_box(at_lot, platform.origin, tmp_path / "store", lot.clock, follow=False) as box:
        await box.syncing.send()
        await box.syncing.fetch_snapshot()
        lot.clock.advance(timedelta(days=1))
        await box.syncing.day_logs.hand_in()
        assert await box.passing.journal._store.rows("SELECT count(*) FROM event WHERE state = 'known'") == [(0,)]
    await lot.work()
    async with lot.database.session() as session:
        today, yesterday = await site_reports(session)
    assert (today.open, today.totals["lines"]) == (0, 1)
    assert (yesterday.open, {*yesterday.sums}, yesterday.differences) == (0, {"matched"}, [])
    assert yesterday.totals == {
        "lines": 12, "lifts": 10, "cash_fen": 2500, "owed_fen": 2500, "sessions": 5,
        "fees_fen": 10000, "phone_fen": 2500, "ledger_fen": 2500,
    }  # fmt: skip


async def test_what_was_decided_while_the_clock_ran_ahead_holds_up_no_log(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    async def keep(raw: list[bytes]) -> list[dict[str, Any]]:
        return [{"status": "recorded"} for _ in raw]

    platform.keep = keep
    for plate, ahead in ((OWES, 1500), (FREE, 0), (CASH, 1500)):
        clock.jump(timedelta(days=ahead))
        await drives(box, "in", plate)
        clock.jump(timedelta(days=-ahead))
    for lines in ([], [3], [3, 1]):
        await box.syncing.send()
        await box.syncing.fetch_snapshot()
        await box.syncing.day_logs.hand_in()
        assert [len(log.lines) for log in platform.logs] == lines
        if lines:
            await drives(box, "in", PHONE)
        clock.advance(timedelta(days=1))
    assert [log.day.isoformat() for log in platform.logs] == ["2026-11-02", "2026-11-03"]


async def test_a_log_that_is_refused_is_passed_over_and_the_platform_is_not_taken_to_be_away(
    box: Box, platform: Platform, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(_: bytes) -> None:
        raise SiteLogError("day", "not now")

    platform.take = refuse
    await drives(box, "in", FREE)
    await box.syncing.send()
    clock.advance(timedelta(days=1))
    await box.syncing.beat()
    await box.syncing.day_logs.hand_in()
    assert (box.cloud.is_up(clock.now()), platform.logs) == (True, [])
    assert "refuses the log of a day" in caplog.text
    platform.take = platform.took
    await drives(box, "in", CASH)
    await box.syncing.send()
    clock.advance(timedelta(days=1))
    await box.syncing.day_logs.hand_in()
    assert [(log.day.isoformat(), len(log.lines)) for log in platform.logs] == [("2026-11-03", 1)]
