"""Codes and receipts at a lane: judged by the box itself, used once, told to the platform later."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from flows.codes import opaque_codes, signed_receipts
from flows.codes.errors import SignedListRefusedError
from flows.codes.key_sets import KeySet
from flows.codes.offline import ClockState
from flows.codes.revocations import RevocationList, hash_of
from flows.codes.signed_receipts import Receipt, plate_hash
from flows.gate.box import Box, open_box
from flows.gate.errors import StoreFailedError
from flows.gate.scanning import ReceiptKept
from flows.gate.site_file import SiteFile
from flows.gate.store import connected
from flows.gate.wire import Answer, CodeShown, OpenedByHand, PlateRead
from kernel.clock import ManualClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.settings import Settings
from tests.codes.issued import PARKING, PARKING_KID, PHONE, STRANGE, SUBJECT, parking_code, parking_credential
from tests.codes.office import Office
from tests.gate.conftest import heard
from tests.gate.platform import LOT, Platform

PLATE = "沪A12345"


async def shows(box: Box, lane: str, text: str) -> Answer:
    return await box.site.code_shown(lane, CodeShown(text=text))


async def test_a_pass_code_lets_in_and_out_without_the_platform(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    box.cloud.cut(cut=True)
    text = parking_code(clock.now())
    assert (await shows(box, "in", text)).decision == "open"
    again = await shows(box, "in", text)
    assert (again.decision, again.reason) == ("deny", "replay")
    clock.advance(timedelta(minutes=61))
    leaving = await shows(box, "out", parking_code(clock.now(), b"another!"))
    assert (leaving.decision, leaving.amount_fen) == ("pay", 2500)
    box.cloud.cut(cut=False)
    await box.syncing.send()
    assert [(event.kind, event.pass_subject) for event in platform.events.values()] == [
        ("enter", SUBJECT.hex()), ("exit", SUBJECT.hex())
    ]  # fmt: skip
    assert {text} < {use["code"] for use in platform.uses}


async def test_a_code_that_a_phone_has_signed_lets_in_once_without_the_platform(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    credential = parking_credential(ends=clock.now() + timedelta(days=7))
    box.cloud.cut(cut=True)
    text = PHONE.code(credential, clock.now())
    bent = text[:-1] + ("0" if text[-1] != "0" else "1")
    assert [(await shows(box, "in", each)).decision for each in (bent, text)] == ["deny", "open"]
    assert (await shows(box, "in", text)).reason == "replay"
    box.cloud.cut(cut=False)
    await box.syncing.send()
    assert [event.pass_subject for event in platform.events.values()] == [SUBJECT.hex()]
    assert text in {use["code"] for use in platform.uses}
    platform.revoked = RevocationList(2, clock.now(), [hash_of("device", PHONE.public)])
    await box.syncing.fetch_lists()
    clock.advance(timedelta(seconds=1))
    assert (await shows(box, "out", PHONE.code(credential, clock.now()))).reason == "revoked"


@pytest.mark.case("QR-08")
async def test_an_unknown_clock_or_an_old_list_has_the_platform_asked_or_a_person(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    box.cloud.time = ClockState(timedelta(seconds=16), clock.now())
    online = await shows(box, "in", parking_code(clock.now()))
    assert (online.decision, online.reason) == ("open", "enter")
    box.cloud.cut(cut=True)
    refused = await shows(box, "in", parking_code(clock.now()))
    assert (refused.decision, refused.reason) == ("booth", "online_only")

    clock.advance(timedelta(hours=25))
    box.cloud.time = ClockState(timedelta(seconds=1), clock.now())
    old = await shows(box, "in", parking_code(clock.now()))
    assert (old.decision, old.reason) == ("booth", "list_too_old")
    await box.site.plate_read("in", PlateRead(plate=PLATE))  # a camera sees the vehicle: the risk is low
    assert (await shows(box, "in", parking_code(clock.now()))).decision == "open"


async def test_a_clock_that_is_set_is_not_known_and_what_was_seen_stays_seen(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path
) -> None:
    text, hour = parking_code(clock.now()), timedelta(hours=1)
    async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
        await heard(box)
        assert (await shows(box, "in", text)).decision == "open"
        box.cloud.cut(cut=True)
        clock.jump(hour)
        await box.syncing.learning.keep_time(ClockState(hour, clock.now()))  # as a heartbeat would
        assert (await shows(box, "in", parking_code(clock.now(), b"another!"))).reason == "online_only"
        clock.jump(-hour)
        assert (await shows(box, "in", text)).reason == "replay"
        assert (await shows(box, "in", parking_code(clock.now(), b"another!"))).decision == "open"
    platform.away = True
    async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
        box.cloud.time = compared = ClockState(timedelta(0), clock.now())
        await box.syncing.learning.keep_time(compared)
        assert (await shows(box, "in", text)).reason == "replay"


async def test_a_box_that_starts_in_another_year_does_not_know_its_clock(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path
) -> None:
    async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
        await heard(box)
    platform.away = True
    clock.jump(timedelta(days=-6 * 365))
    async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
        assert (await shows(box, "in", parking_code(clock.now()))).reason == "online_only"


@pytest.mark.parametrize("known", [True, False])
async def test_what_the_platform_has_accepted_is_used_here_too(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path, *, known: bool
) -> None:
    credential = parking_credential(ends=clock.now() + timedelta(days=7))
    texts = [parking_code(clock.now()), PHONE.code(credential, clock.now())]
    async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
        await heard(box)
        keys = box.passing.scanner.keys
        if known:
            box.cloud.time = ClockState(timedelta(seconds=16), clock.now())
        else:
            box.passing.scanner.keys = KeySet(0, ())
        assert [(await shows(box, "in", text)).decision for text in texts] == ["open", "open"]
        box.passing.scanner.keys = keys
        await box.syncing.beat()
        box.cloud.cut(cut=True)
        assert [(await shows(box, "in", text)).reason for text in texts] == ["replay", "replay"]
    platform.away = True
    async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
        assert [(await shows(box, "in", text)).reason for text in texts] == ["replay", "replay"]
        assert await box.passing.journal._store.rows("SELECT * FROM code_use") == []  # the platform knows


async def test_a_code_of_another_purpose_opens_nothing_though_the_device_may_read_it(
    box: Box, platform: Platform
) -> None:
    platform.checked = {"result": "ok", "purpose": "check_in", "subject": "ab" * 16}
    answer = await shows(box, "in", opaque_codes.new_text())
    assert (answer.decision, answer.reason) == ("deny", "wrong_purpose")
    platform.checked |= {"purpose": "parking"}
    assert (await shows(box, "in", opaque_codes.new_text())).decision == "open"


async def test_who_is_barred_gets_in_by_no_code(box: Box, platform: Platform, clock: ManualClock) -> None:
    assert (await box.site.plate_read("in", PlateRead(plate="沪B00001"))).decision == "deny"
    for code_id in (b"code id1", b"code id2"):
        answer = await shows(box, "in", parking_code(clock.now(), code_id))
        assert (answer.decision, answer.reason) == ("deny", "barred")
    await box.site.plate_read("in", PlateRead(plate=""))  # the next one
    assert (await shows(box, "in", parking_code(clock.now()))).decision == "open"
    await box.syncing.send()
    assert [(e.kind, e.plate, e.opened) for e in platform.events.values()] == [
        ("deny", "沪B00001", False), ("deny", "沪B00001", False), ("deny", "沪B00001", False),
        ("enter", "", False), ("enter", "", True),
    ]  # fmt: skip


async def test_a_code_after_the_camera_has_opened_is_the_same_stay(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    assert (await box.site.plate_read("in", PlateRead(plate=PLATE, colour="blue"))).decision == "open"
    assert (await shows(box, "in", parking_code(clock.now()))).decision == "open"
    assert box.passing.inside.count == 1
    other_subject = bytes(range(16, 32))
    other = parking_code(clock.now(), b"another!", other_subject)
    assert (await shows(box, "in", other)).decision == "open"  # of the next one, which no camera saw
    assert box.passing.inside.count == 2
    clock.advance(timedelta(minutes=61))
    await box.syncing.beat()
    for plate, subject in ((PLATE, SUBJECT), ("沪A54321", other_subject)):
        await box.site.plate_read("out", PlateRead(plate=plate))
        leaving = await shows(box, "out", parking_code(clock.now(), plate[:1].encode() + subject[:5], subject))
        assert (leaving.decision, leaving.amount_fen) == ("pay", 2500)
    await box.syncing.send()
    told = [(event.plate, event.pass_subject) for event in platform.events.values()]
    mine, others = SUBJECT.hex(), other_subject.hex()
    assert told == [
        (PLATE, ""), (PLATE, mine), ("", others), (PLATE, ""), (PLATE, mine), ("沪A54321", ""), ("", others)
    ]  # fmt: skip


@pytest.mark.parametrize(("lets_in", "seconds"), [("camera", 10), ("camera", 11), ("booth", 11)])
async def test_ten_seconds_after_the_arm_has_opened_a_code_is_of_the_next_vehicle(
    box: Box, platform: Platform, clock: ManualClock, lets_in: str, seconds: int
) -> None:
    """Who has passed drives on; the next one has no plate that a camera could see."""
    if lets_in == "booth":
        await box.site.plate_read("in", PlateRead(plate="沪B00001"))  # who is barred
        await box.site.opened_by_hand("in", OpenedByHand(reason="guest"))
    else:
        await box.site.plate_read("in", PlateRead(plate=PLATE))
    clock.advance(timedelta(seconds=seconds))
    assert (await shows(box, "in", parking_code(clock.now()))).decision == "open"
    await box.syncing.send()
    last = [*platform.events.values()][-1]
    assert (last.kind, last.plate, last.pass_subject) == ("enter", PLATE if seconds <= 10 else "", SUBJECT.hex())


@pytest.mark.case("QR-07")
async def test_a_revoked_holder_is_refused_from_the_next_list_on(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    platform.revoked = RevocationList(2, clock.now(), [hash_of("subject", SUBJECT)])
    await box.syncing.fetch_lists()
    box.cloud.cut(cut=True)
    assert (await shows(box, "in", parking_code(clock.now()))).reason == "revoked"


async def test_a_receipt_lets_its_own_vehicle_out_once(box: Box, platform: Platform, clock: ManualClock) -> None:
    platform.enters(PLATE, "11-02 07:59")
    await box.syncing.fetch_snapshot()
    box.cloud.cut(cut=True)
    until = clock.now() + timedelta(minutes=15)
    text = signed_receipts.issue(PARKING, PARKING_KID, Receipt(plate_hash(LOT, PLATE), LOT, until, b"receipt1"))
    await box.site.plate_read("out", PlateRead(plate="沪A54321"))
    assert (await shows(box, "out", text)).reason == "wrong_purpose"
    assert (await box.site.plate_read("out", PlateRead(plate=PLATE))).decision == "pay"
    assert [(e.decision, e.reason) for e in (await shows(box, "out", text),)] == [("open", "receipt")]
    clock.advance(timedelta(minutes=5))
    await box.site.plate_read("out", PlateRead(plate=PLATE))
    assert (await shows(box, "out", text)).reason == "replay"


async def test_a_receipt_counts_for_twenty_seconds_more_and_is_forgotten_then(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    platform.enters(PLATE, "11-02 07:59")
    await box.syncing.fetch_snapshot()
    await box.site.plate_read("out", PlateRead(plate=PLATE))
    claims = Receipt(plate_hash(LOT, PLATE), LOT, clock.now(), b"receipt1")
    clock.advance(timedelta(seconds=20))
    text = signed_receipts.issue(PARKING, PARKING_KID, claims)
    assert [(await shows(box, "out", text)).reason for _ in range(2)] == ["receipt", "replay"]
    scanner = box.passing.scanner
    scanner.hold("another", ReceiptKept(b"receipt2", clock.now()))
    assert ([*scanner.receipts], [*scanner._spent]) == (["another"], [b"receipt1"])
    clock.advance(timedelta(seconds=1))
    await box.syncing.beat()
    assert (scanner.receipts, scanner._spent) == ({}, {})


_BROKEN = """
    CREATE TRIGGER broken BEFORE INSERT ON event WHEN CAST(NEW.body AS TEXT) LIKE '%"lane":"free"%'
    BEGIN SELECT RAISE(ABORT, 'the disk is full'); END
"""


async def test_what_the_disk_did_not_take_has_not_happened(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path
) -> None:
    """Whatever happens at the lane `free` cannot be kept."""
    path = tmp_path / "store"
    store = connected(path)
    store.execute(_BROKEN)
    store.close()
    platform.enters(PLATE, "11-02 07:59")
    until = clock.now() + timedelta(minutes=15)
    receipt = signed_receipts.issue(PARKING, PARKING_KID, Receipt(plate_hash(LOT, PLATE), LOT, until, b"receipt1"))
    code, name = parking_code(clock.now()), uuid4()
    async with open_box(file, platform.origin, path, clock, follow=False) as box:
        await heard(box)
        with pytest.raises(StoreFailedError, match="the disk is full"):
            await shows(box, "free", code)
        clock.advance(timedelta(seconds=6))  # so it is no request that is sent again
        assert [(await shows(box, "out", code)).reason for _ in range(2)] == ["no_entry", "replay"]
        assert (await box.site.plate_read("out", PlateRead(plate=PLATE))).decision == "pay"
        waiting = box.passing.lanes.waiting("out", clock.now())
        assert waiting is not None
        box.passing.lanes.wait("free", replace(waiting, wire=replace(waiting.wire, lane="free")))
        with pytest.raises(StoreFailedError):
            await box.site.code_shown("free", CodeShown(id=name, text=receipt))
        assert (await box.site.plate_read("out", PlateRead(plate=PLATE))).decision == "pay"
        assert (await box.site.code_shown("out", CodeShown(id=name, text=receipt))).reason == "receipt"
        box.passing.lanes.wait("free", waiting)
        with pytest.raises(StoreFailedError):
            await box.site.opened_by_hand("free", OpenedByHand(reason="queue"))
        assert box.passing.lanes.waiting("free", clock.now()) is not None  # as before


@pytest.mark.parametrize("text", ["hello", "SC1:", "SR1:7", "S:ABC", "SC1:" + "0" * 300])
async def test_what_is_no_code_opens_nothing(box: Box, text: str) -> None:
    box.cloud.cut(cut=True)
    assert (await shows(box, "in", text)).decision == "deny"


async def test_lists_and_uses_outlive_the_box(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path
) -> None:
    text = parking_code(clock.now())
    async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
        await heard(box)
        assert (await shows(box, "in", text)).decision == "open"
    platform.away = True
    async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
        assert (await shows(box, "in", text)).reason == "replay"
        assert (await shows(box, "in", parking_code(clock.now(), b"another!"))).decision == "open"
        platform.away = False
        await box.syncing.send()
    assert len(platform.uses) == 2


async def test_another_list_key_makes_a_box_forget_what_the_former_one_signed(
    platform: Platform, file: SiteFile, clock: ManualClock, tmp_path: Path
) -> None:
    async with open_box(file, platform.origin, tmp_path / "store", clock, follow=False) as box:
        await heard(box)
    other = replace(file, list_key=f"0302:{STRANGE.public_key().public_bytes_raw().hex()}")
    for _ in "ab":  # also at its next start
        async with open_box(other, platform.origin, tmp_path / "store", clock, follow=False) as box:
            assert box.passing.scanner.revoked is None
            assert [each.kid.hex() for each in box.passing.scanner.keys] == ["0302"]
            with pytest.raises(SignedListRefusedError):  # the platform of this test still signs with the former one
                await box.syncing.fetch_lists()


@pytest.fixture
async def office(settings: Settings, database: Database, redis: Redis, clock: ManualClock) -> Office:
    made = Office(database, redis, open_keys(settings).cipher, clock)
    await made.open()
    return made


@pytest.mark.case("QR-09")
async def test_two_sites_that_took_one_code_offline_are_found(
    platform: Platform, file: SiteFile, tmp_path: Path, office: Office
) -> None:
    clock = office.clock
    text = await office.code(await office.resident(), signed=1)
    gates = [await office.gate("Gate 1"), await office.gate("Gate 2")]
    for gate in gates:
        own = msgspec.structs.replace(file, device=gate.id)
        async with open_box(own, platform.origin, tmp_path / str(gate.id), clock, follow=False) as box:
            await heard(box)
            box.passing.scanner.keys = office.desk.keys().published
            box.cloud.cut(cut=True)
            assert (await box.site.code_shown("in", CodeShown(text=text, id=uuid4()))).decision == "open"
            box.cloud.cut(cut=False)
            await box.syncing.send()
        clock.advance(timedelta(seconds=1))  # numbers of new stores begin by it
    clock.advance(timedelta(hours=1))
    for gate, use in zip(gates, platform.uses, strict=True):
        told = (use["code"], use["request_id"], msgspec.convert(use["used_at"], type(clock.now())))
        assert await office.report(gate, told) == ["recorded"]
        assert await office.report(gate, told) == ["known"]
    assert len(await office.rows("SELECT * FROM code_double_use")) == 1
