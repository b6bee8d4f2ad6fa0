"""What the arms do, by the site's own memory."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from flows.gate.box import Box
from flows.gate.errors import CloudAwayError, GateRequestError, LaneUnknownError
from flows.gate.wire import Answer, OpenedByHand, PaidHere, PlateRead
from flows.parking.event_ids import event_id_of
from flows.parking.site_snapshot import SiteMandate, SitePayment, SitePermit
from kernel.clock import ManualClock
from tests.gate.platform import Platform
from tests.parking.tariffs import at

PLATE = "沪A12345"


async def drives(box: Box, lane: str, plate: str = PLATE, **read: Any) -> Answer:
    return await box.site.plate_read(lane, PlateRead(plate=plate, colour="blue", **read))


def said(answer: Answer) -> tuple[str, str, int]:
    return answer.decision, answer.reason, answer.amount_fen


def paid(fen: int, moment: datetime, minutes: int = 15) -> SitePayment:
    """What was paid then, with so much time to leave."""
    until = moment + timedelta(minutes=minutes)
    return SitePayment(amount_fen=fen, quoted_at=moment, paid_at=moment, covers_until=until)


def session_id(platform: Platform) -> int:
    """Return the id that the session of the first event has."""
    first = next(iter(platform.events.values()))
    return event_id_of(str(UUID(int=1)), first.event_id, first.occurred_at).int


async def test_who_enters_pays_at_the_exit_by_the_tariff_of_the_entry(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    assert said(await drives(box, "in", "沪 a·12345")) == ("open", "enter", 0)
    clock.advance(timedelta(minutes=61))
    assert said(await drives(box, "out")) == ("pay", "to_pay", 2500)
    assert said(await box.site.paid_here("out", PaidHere(amount_fen=1500))) == ("pay", "to_pay", 1000)
    await box.syncing.send()
    platform.enters(PLATE, "11-02 09:00", number=session_id(platform))
    await box.syncing.fetch_snapshot()
    assert said(await box.site.paid_here("out", PaidHere(amount_fen=1000))) == ("open", "nothing_due", 0)
    assert box.passing.inside.count == 0


async def test_money_that_was_taken_is_kept_whoever_waits(box: Box, platform: Platform, clock: ManualClock) -> None:
    money = PaidHere(amount_fen=700, reference="slip 7")
    assert said(await box.site.paid_here("out", money)) == ("booth", "unread", 0)  # nobody was ever asked to pay
    await drives(box, "in")
    clock.advance(timedelta(minutes=61))
    assert said(await drives(box, "out")) == ("pay", "to_pay", 2500)
    clock.advance(timedelta(minutes=11))  # longer than a vehicle is taken to wait
    assert said(await box.site.paid_here("out", PaidHere(amount_fen=2500))) == ("open", "nothing_due", 0)
    assert said(await box.site.paid_here("out", PaidHere(amount_fen=100))) == ("booth", "again", 0)
    await box.syncing.send()
    told = [(e.plate, e.kind, e.opened, e.paid_fen, e.paid_reference) for e in platform.events.values() if e.paid_fen]
    assert told == [
        ("", "exit", False, 700, "slip 7"), (PLATE, "exit", True, 2500, ""), (PLATE, "exit", False, 100, "")
    ]  # fmt: skip


async def test_a_short_stay_is_free_and_a_passage_that_is_read_twice_is_one(box: Box, clock: ManualClock) -> None:
    await drives(box, "in")
    clock.advance(timedelta(minutes=15))
    assert said(await drives(box, "out")) == ("open", "nothing_due", 0)
    clock.advance(timedelta(seconds=20))
    assert said(await drives(box, "out")) == ("open", "again", 0)
    clock.advance(timedelta(minutes=5))
    assert said(await drives(box, "out")) == ("booth", "no_entry", 0)


async def test_who_was_not_seen_to_enter_pays_the_least_where_that_is_the_rule(box: Box, platform: Platform) -> None:
    platform.no_entry = "minimum"
    await box.syncing.fetch_snapshot()
    assert said(await drives(box, "out")) == ("pay", "to_pay", 1500)
    assert said(await box.site.paid_here("out", PaidHere(amount_fen=1500))) == ("open", "nothing_due", 0)


async def test_of_two_permits_the_newer_one_holds(box: Box, platform: Platform, clock: ManualClock) -> None:
    who = platform.who(PLATE)
    platform.permits = (
        SitePermit(who=who, name="resident", since=at("06-01 00:00")),
        SitePermit(who=who, name="season", since=at("01-01 00:00")),
    )
    await box.syncing.fetch_snapshot()
    terms = box.passing.terms
    assert terms.permit(who, clock.now()) == "resident"
    assert terms.permit(who, at("03-01 00:00")) == "season"


async def test_the_same_id_is_answered_once(box: Box, platform: Platform) -> None:
    name = uuid4()
    first = await drives(box, "in", id=name)
    assert await drives(box, "in", id=name) == first
    twins = uuid4()
    assert (
        len({each.event_id for each in await asyncio.gather(*(drives(box, "in", "沪A54321", id=twins) for _ in "ab"))})
        == 1
    )
    gone = asyncio.ensure_future(drives(box, "in", "沪A99999", id=(lost := uuid4())))
    await asyncio.sleep(0)  # whoever asked hangs up while the disk is at work
    gone.cancel()
    assert said(await drives(box, "in", "沪A99999", id=lost)) == ("open", "enter", 0)
    await box.syncing.send()
    assert list(platform.events) == [name, twins, lost]


async def test_what_was_paid_by_phone_opens_for_who_waits(box: Box, platform: Platform, clock: ManualClock) -> None:
    platform.enters(PLATE, "11-02 07:59")
    await box.syncing.fetch_snapshot()
    assert said(await drives(box, "out")) == ("pay", "to_pay", 2500)
    await box.syncing.send()
    platform.sessions.clear()
    payment = paid(2500, clock.now())
    platform.enters(PLATE, "11-02 07:59", payment)
    await box.syncing.fetch_snapshot()
    last = box.passing.lanes.last["out"]
    assert said(last) == ("open", "in_grace", 0)
    await box.syncing.send()
    kinds = [(event.kind, event.opened, event.reason) for event in platform.events.values()]
    assert kinds == [("exit", False, "to_pay"), ("exit", True, "in_grace")]


async def test_who_went_to_another_lane_is_let_out_there_alone(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    platform.enters(PLATE, "11-02 07:59")
    await box.syncing.fetch_snapshot()
    for lane in ("out", "free"):
        assert said(await drives(box, lane)) == ("pay", "to_pay", 2500)
    platform.sessions.clear()
    payment = paid(2500, clock.now())
    platform.enters(PLATE, "11-02 07:59", payment)
    await box.syncing.fetch_snapshot()
    assert [said(box.passing.lanes.last[lane])[0] for lane in ("out", "free")] == ["pay", "open"]


async def test_after_the_grace_only_the_difference_is_due(box: Box, platform: Platform, clock: ManualClock) -> None:
    payment = paid(1500, at("11-02 08:30"))
    platform.enters(PLATE, "11-02 07:59", payment)
    await box.syncing.fetch_snapshot()
    assert said(await drives(box, "out")) == ("pay", "to_pay", 1000)


async def test_permits_mandates_and_those_who_are_barred(box: Box, platform: Platform, clock: ManualClock) -> None:
    platform.permits = (SitePermit(who=platform.who(PLATE), name="season", since=at("01-01 00:00")),)
    platform.mandates = (SiteMandate(who=platform.who("沪A54321"), limit_fen=2500),)
    platform.enters("沪A54321", "11-02 07:59")
    await box.syncing.fetch_snapshot()
    assert said(await drives(box, "in", "沪B00001")) == ("deny", "barred", 0)
    assert said(await drives(box, "out", "沪A54321")) == ("open", "by_mandate", 2500)
    platform.enters("沪A54321", "11-02 07:00")
    await box.syncing.fetch_snapshot()
    await box.syncing.send()
    assert [(e.kind, e.opened, e.reason) for e in platform.events.values()] == [
        ("deny", False, "barred"), ("exit", True, "by_mandate")
    ]  # fmt: skip


@pytest.mark.case("PK-08")
async def test_without_the_platform_lanes_fail_as_they_are_told(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    platform.enters(PLATE, "11-02 07:59")
    await box.syncing.fetch_snapshot()
    box.cloud.cut(cut=True)
    assert said(await drives(box, "out")) == ("pay", "to_pay", 2500)
    assert said(await drives(box, "free")) == ("open", "released_unpaid", 2500)
    assert said(await drives(box, "in", "沪A99999")) == ("open", "enter", 0)
    box.cloud.cut(cut=False)
    await box.syncing.send()
    assert [(e.reason, e.offline) for e in platform.events.values()] == [
        ("to_pay", True), ("released_unpaid", True), ("enter", True)
    ]  # fmt: skip


async def test_one_request_that_fails_does_not_make_the_platform_away(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    platform.enters(PLATE, "11-02 07:59")
    await box.syncing.fetch_snapshot()
    platform.away = True
    for fetch in (
        box.syncing.fetch_lists,
        box.syncing.fetch_lists,
        box.syncing.fetch_lists,
        box.syncing.fetch_snapshot,
    ):
        with pytest.raises(CloudAwayError):
            await fetch()
    assert said(await drives(box, "free")) == ("pay", "to_pay", 2500)
    for tell in (box.syncing.beat, box.syncing.fetch_snapshot):
        with pytest.raises(CloudAwayError):
            await tell()
    assert said(await drives(box, "free")) == ("open", "released_unpaid", 2500)
    platform.away = False
    await box.syncing.fetch_snapshot()
    assert box.cloud.is_up(clock.now())
    clock.advance(timedelta(seconds=31))
    await box.syncing.fetch_lists()
    assert not box.cloud.is_up(clock.now())


@pytest.mark.case("PK-09")
async def test_a_near_plate_is_charged_but_never_debited(box: Box, platform: Platform, clock: ManualClock) -> None:
    platform.mandates = (SiteMandate(who=platform.who(PLATE), limit_fen=9999),)
    await box.syncing.fetch_snapshot()
    await drives(box, "in")
    clock.advance(timedelta(minutes=61))
    assert said(await drives(box, "out", "沪A1234S")) == ("pay", "to_pay", 2500)
    assert said(await drives(box, "out", "沪A1Z345", confidence=0.8)) == ("booth", "ambiguous_plate", 0)


async def test_an_arm_lifted_by_hand_is_recorded_with_its_reason(box: Box, platform: Platform) -> None:
    await drives(box, "out", "")
    answer = await box.site.opened_by_hand("out", OpenedByHand(reason="ambulance", plate="沪A·00120"))
    assert said(answer) == ("open", "ambulance", 0)
    await box.syncing.send()
    assert [(e.kind, e.plate, e.reason) for e in platform.events.values()] == [
        ("exit", "", "unread"), ("manual_open", "沪A00120", "ambulance")
    ]  # fmt: skip


async def test_what_a_camera_tells_late_is_kept_and_moves_no_arm(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    """Its line was broken: the lanes `in` and `free` fail open, the lane `out` does not."""
    platform.enters(PLATE, "11-02 07:59")
    await box.syncing.fetch_snapshot()
    assert said(await drives(box, "out")) == ("pay", "to_pay", 2500)
    at_minute, later = clock.now() - timedelta(seconds=60), clock.now() - timedelta(seconds=61)
    assert said(await drives(box, "free", "沪A99999", occurred_at=at_minute)) == ("booth", "no_entry", 0)
    for lane, plate in (("in", "沪A54321"), ("in", "沪B00001"), ("out", "沪A77777"), ("free", "沪A54321")):
        later += timedelta(milliseconds=1)
        assert said(await drives(box, lane, plate, occurred_at=later)) == ("booth", "late", 0)
    assert said(box.passing.lanes.last["out"]) == ("pay", "to_pay", 2500)
    waiting = box.passing.lanes.waiting("out", clock.now())
    assert waiting is not None
    assert waiting.wire.plate == PLATE
    assert box.passing.inside.count == 2  # who is barred, too: the arm has let it in
    await box.syncing.send()
    assert [(e.kind, e.plate, e.opened, e.reason, e.offline) for e in platform.events.values()][2:] == [
        ("enter", "沪A54321", True, "fail_open", True), ("enter", "沪B00001", True, "fail_open", True),
        ("exit", "沪A77777", False, "late", True), ("exit", "沪A54321", True, "fail_open", True),
    ]  # fmt: skip


@pytest.mark.parametrize("ago", [timedelta(hours=25), timedelta(days=31)])
async def test_what_a_camera_tells_days_late_moves_no_arm_and_is_of_its_time(
    box: Box, platform: Platform, clock: ManualClock, ago: timedelta
) -> None:
    happened = clock.now() - ago
    assert said(await drives(box, "in", occurred_at=happened)) == ("booth", "late", 0)
    await box.syncing.send()
    assert [(e.kind, e.opened, e.occurred_at) for e in platform.events.values()] == [("enter", True, happened)]


async def test_who_has_just_left_has_so_whatever_is_told_of_former_days(
    box: Box, platform: Platform, clock: ManualClock
) -> None:
    await drives(box, "in")
    clock.advance(timedelta(minutes=5))
    assert said(await drives(box, "out")) == ("open", "nothing_due", 0)
    await drives(box, "free", occurred_at=clock.now() - timedelta(hours=25))
    await box.syncing.send()
    await box.syncing.fetch_snapshot()
    assert said(await drives(box, "out")) == ("open", "again", 0)


@pytest.mark.parametrize("off", [timedelta(days=-31, seconds=-1), timedelta(seconds=61)])
async def test_a_camera_whose_clock_cannot_be_right_is_taken_to_see_what_is_there(
    box: Box, platform: Platform, clock: ManualClock, off: timedelta
) -> None:
    assert said(await drives(box, "in", occurred_at=clock.now() + off)) == ("open", "enter", 0)
    await box.syncing.send()
    assert [each.occurred_at for each in platform.events.values()] == [clock.now()]


async def test_what_is_not_understood_is_said_by_its_field(box: Box) -> None:
    with pytest.raises(LaneUnknownError, match="serves no lane 'roof'"):
        await drives(box, "roof")
    with pytest.raises(GateRequestError) as refused:
        await drives(box, "in", "no<plate>")
    assert refused.value.field == "plate"
