"""What happened at a site comes to the platform once, whatever the line and the box go through."""

import asyncio
import random
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from flows.codes.errors import SignedListRefusedError
from flows.codes.key_sets import KeySet
from flows.codes.revocations import RevocationList
from flows.gate.box import Box, open_box
from flows.gate.errors import CloudAwayError, SiteFileError, StoreFailedError
from flows.gate.site_file import SiteFile
from flows.gate.store import connected
from flows.gate.syncing import Syncing
from flows.gate.wire import PaidHere, PlateRead
from flows.parking.recording import record
from flows.parking.site_snapshot import SiteLane
from kernel.clock import ManualClock
from tests.gate.conftest import heard
from tests.gate.platform import Platform, plates, until
from tests.parking.lots import Lot

NUMBER = 250  # vehicles; each enters and leaves


@pytest.mark.case("PK-07")
async def test_six_hours_offline_lose_and_double_nothing(
    lot: Lot, platform: Platform, file: SiteFile, tmp_path: Path
) -> None:
    """500 events of a busy day without a line, then a line that breaks after each batch, and a box that restarts."""
    clock, rng = lot.clock, random.Random(7)  # noqa: S311 - a workload
    platform.clock = clock

    async def keep(raw: list[bytes]) -> list[dict[str, Any]]:
        async with lot.database.session() as session:
            answers = await record(session, clock, lot.keys, "box", raw)
        return [msgspec.to_builtins(each) for each in answers]

    platform.keep = keep
    own = msgspec.structs.replace(file, lot=lot.row.id)
    platform.lot = lot.row.id
    platform.lanes = tuple(SiteLane(name=each, direction=each, fail_open=True, mine=True) for each in ("enter", "exit"))
    async with open_box(own, platform.origin, tmp_path / "store", clock, follow=False) as box:
        await heard(box)
        box.cloud.cut(cut=True)
        moves = [(lane, plate) for lane in ("enter", "exit") for plate in plates(NUMBER)]
        for lane, plate in moves:
            clock.advance(timedelta(seconds=rng.randrange(20, 64)))
            answer = await box.site.plate_read(lane, PlateRead(plate=plate, colour="blue"))
            assert answer.decision == "open"
        assert (box.passing.journal.waiting, box.passing.inside.count) == (2 * NUMBER, 0)
        box.cloud.cut(cut=False)
        platform.silent = True
        with pytest.raises(CloudAwayError):
            await box.syncing.send()
    async with open_box(own, platform.origin, tmp_path / "store", clock, follow=False) as box:
        assert box.passing.journal.waiting == 2 * NUMBER
        platform.silent = False
        await box.syncing.send()
        assert box.passing.journal.waiting == 0
    sessions = await lot.sessions()
    assert len(sessions) == NUMBER
    assert all(each.entered_at and each.left_at and each.match == "exact" for each in sessions)
    [events] = await lot.database.pool.fetch("SELECT count(*), count(DISTINCT seq) AS seqs FROM parking_event")
    assert (events["count"], events["seqs"]) == (2 * NUMBER, 2 * NUMBER)


async def test_who_left_by_phone_is_let_out_by_a_box_that_restarts(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path
) -> None:
    left = platform.enters("沪A12345", "11-02 08:00")
    until = clock.now() + timedelta(minutes=10)
    platform.sessions = [msgspec.structs.replace(left, open=False, leaves_until=until)]
    async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
        await heard(box)
    for reason in ("again", "no_entry"):  # once
        clock.advance(timedelta(minutes=5))
        async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
            assert (await box.site.plate_read("out", PlateRead(plate="沪A12345"))).reason == reason


async def test_a_box_follows_the_platform_by_itself(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path
) -> None:
    platform.away = True
    async with open_box(file, platform.origin, tmp_path / "store", clock) as box:
        await until(lambda: bool(box.cloud.problem))
        platform.away = False
        box.cloud.cut(cut=False)
        await until(lambda: box.passing.terms.lot is not None and box.passing.scanner.revoked is not None)
        await box.site.plate_read("in", PlateRead(plate="沪A12345"))
        await until(lambda: len(platform.events) == 1)
        await until(lambda: platform.beats > 0)


async def test_what_nobody_foresaw_is_tried_again_and_stops_no_other_work(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    platform.offset_ms = 10**18  # too much for a date
    async with open_box(file, platform.origin, tmp_path / "store", clock) as box:
        await until(lambda: "nobody foresaw why" in caplog.text)
        await until(lambda: box.passing.terms.lot is not None)
        await box.site.plate_read("in", PlateRead(plate="沪A12345"))
        await until(lambda: len(platform.events) == 1)
        platform.offset_ms = 0
        box.cloud.cut(cut=False)
        await until(lambda: box.cloud.time is not None)


async def test_a_box_that_follows_no_more_ends_its_process(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ends(_: Syncing) -> None:
        return

    monkeypatch.setattr(Syncing, "run", ends)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    try:
        async with open_box(file, platform.origin, tmp_path / "store", clock):
            await asyncio.wait_for(ended.wait(), 20)
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def test_a_list_that_could_not_be_taken_over_is_fetched_again(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    scanner, platform.revoked = box.passing.scanner, RevocationList(2, clock.now(), ())
    believed, scanner.keys = scanner.keys, KeySet(0, ())
    with pytest.raises(SignedListRefusedError):
        await box.syncing.fetch_lists()
    scanner.keys = believed
    await box.syncing.fetch_lists()
    assert scanner.revoked is not None
    assert scanner.revoked.version == 2


async def test_events_are_forgotten_once_the_platform_says_what_followed(box: Box, platform: Platform) -> None:
    await box.site.plate_read("in", PlateRead(plate="沪A12345"))
    await box.syncing.send()
    await box.syncing.fetch_snapshot()
    assert box.passing.inside.count == 0  # it says that nobody is inside
    [(body, answer)] = await box.passing.journal._store.rows("SELECT body, answer FROM event WHERE state = 'known'")
    assert "沪A12345".encode() not in body + answer  # for the log of the day, which has no plates
    await box.site.plate_read("in", PlateRead(plate="沪A54321"))
    await box.syncing.fetch_snapshot()
    assert box.passing.inside.count == 1  # it cannot know yet


async def test_what_was_paid_here_is_remembered_while_its_vehicle_is_inside_and_no_longer(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path
) -> None:
    platform.enters("沪A12345", "11-02 07:59")
    async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
        await heard(box)
        await box.site.plate_read("out", PlateRead(plate="沪A12345"))
        await box.site.paid_here("out", PaidHere(amount_fen=1500))
        await box.syncing.send()
        await box.syncing.fetch_snapshot()
    async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
        await box.syncing.fetch_snapshot()
        assert (await box.site.plate_read("out", PlateRead(plate="沪A12345"))).amount_fen == 1000
        assert (await box.site.paid_here("out", PaidHere(amount_fen=1000))).decision == "open"
        await box.syncing.send()
        platform.sessions.clear()
        await box.syncing.fetch_snapshot()
        rows = await box.passing.journal._store.rows("SELECT state, body, answer FROM event")
        assert [(state, "沪A12345".encode() in body + said) for state, body, said in rows] == [("known", False)] * 4


async def test_an_event_that_the_platform_refuses_is_kept_apart_for_a_month(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    async def keep(raw: list[bytes]) -> list[dict[str, Any]]:
        return [{"status": "refused", "field": "lane", "problem": "closed"} for _ in raw]

    platform.keep = keep
    await box.site.plate_read("in", PlateRead(plate="沪A12345"))
    await box.syncing.send()
    assert box.passing.journal.waiting == 0
    rows = await box.passing.journal._store.rows("SELECT state, problem FROM event")
    assert rows == [("refused", "lane: closed")]
    for days, left in ((31, 1), (1, 0)):
        clock.advance(timedelta(days=days))
        await box.syncing.beat()
        assert len(await box.passing.journal._store.rows("SELECT * FROM event")) == left


async def test_a_wrong_secret_is_said_and_nothing_is_lost(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path
) -> None:
    wrong = msgspec.structs.replace(file, secret="another secret, long enough")
    async with open_box(wrong, platform.origin, tmp_path / "store", clock, follow=False) as box:
        with pytest.raises(CloudAwayError, match="DEVICE_REFUSED"):
            await box.syncing.fetch_snapshot()
        assert not box.cloud.is_up(clock.now())


async def test_a_snapshot_of_another_lot_is_refused_and_what_was_kept_of_one_is_not_believed(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path
) -> None:
    other = msgspec.structs.replace(file, lot=UUID(int=8))
    async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
        await heard(box)
    async with open_box(other, platform.origin, tmp_path / "store", clock, follow=False) as box:
        with pytest.raises(SiteFileError, match=f"at the lot {file.lot}, the site's file says {other.lot}"):
            await box.syncing.fetch_snapshot()
        assert (box.passing.terms.lot, box.passing.serves, box.syncing.learning.revision) == (None, {}, "")


async def test_many_at_once_are_numbered_without_gaps_and_kept(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    reads = [box.site.plate_read("in", PlateRead(plate=plate)) for plate in plates(100)]
    await asyncio.gather(*reads)
    await box.syncing.send()
    first = int(clock.now().timestamp()) * 1000 + 1  # of a new store
    assert platform.seqs == list(range(first, first + 100))


async def test_one_store_has_one_box(box: Box, tmp_path: Path) -> None:
    with pytest.raises(StoreFailedError, match="locked"):
        connected(tmp_path / "store.sqlite")
    assert (tmp_path / "store.sqlite").stat().st_mode & 0o077 == 0
