"""A site's own log of a day against our events, sessions and ledger: each class of difference is found, no other."""

from collections import Counter
from datetime import UTC, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from sqlmodel import select

from flows.parking.errors import SiteLogError
from flows.parking.site_logs.reconciling import close, hand_in
from flows.parking.site_logs.reporting import SiteReport, as_text, site_reports
from flows.parking.site_logs.tables import ParkingSiteDifference, ParkingSiteLog
from flows.payments import ledger
from flows.payments.tables import PaymentOrder
from kernel.celery import app
from kernel.money import Fen
from tests.parking.lots import NINE, Lot
from tests.parking.town import Box, Town

PHONE, CASH, OWES = "沪A11111", "沪A22222", "沪A33333"
DAY = "2026-11-02"


class Site:
    """A device that keeps a log of what it sends."""

    def __init__(self, lot: Lot) -> None:
        self.lot = lot
        self.lines: list[dict[str, Any]] = []

    async def passes(self, kind: str, minutes: float, plate: str, *, owed: int | None = None, **more: Any) -> str:
        """Send an event, and note it; the session."""
        event = self.lot.event(kind, minutes, plate, **{"opened": True} | more)
        line = {name: event[name] for name in ("event_id", "seq", "lane", "kind", "opened")}
        line |= {"at": event["occurred_at"], "paid_fen": event.get("paid_fen", 0)}
        line |= {"reason": event.get("reason", "")} | ({} if owed is None else {"owed_fen": owed})
        self.lines.append(line)
        [answer] = await self.lot.send(event)
        return answer.session_id

    def log(self, *lines: dict[str, Any], day: str = DAY) -> bytes:
        return msgspec.json.encode({"day": day, "lines": lines or self.lines})

    async def hands_in(self, *lines: dict[str, Any]) -> SiteReport:
        """Hand in what was noted, or other lines, and have it compared."""
        async with self.lot.database.session() as session:
            await hand_in(session, self.lot.clock, "box", self.log(*lines))
        return await self.looked_at()

    async def looked_at(self) -> SiteReport:
        await self.lot.work()
        async with self.lot.database.session() as session:
            [report] = await site_reports(session)
        return report


@pytest.fixture
async def site(lot: Lot) -> Site:
    """A day: one paid by phone, one in cash, one left owing, and one arm was lifted by hand without anything."""
    made = Site(lot)
    for minute, plate in enumerate((PHONE, CASH, OWES)):
        session_id = await made.passes("enter", minute, plate)
        if plate == PHONE:
            phone = session_id
    lot.clock.advance(timedelta(minutes=58))
    await lot.paid(phone, await lot.account())
    await made.passes("exit", 61, PHONE, owed=2500)  # the site had not heard of it
    await made.passes("exit", 62, CASH, opened=False, paid_fen=1000)
    await made.passes("exit", 63, CASH, owed=0, paid_fen=1500)
    await made.passes("exit", 64, OWES, owed=2500, reason="released_unpaid")
    made.lines.append({"at": NINE.isoformat(), "lane": "exit", "kind": "manual_open", "opened": True, "reason": "fire"})
    return made


def open_ones(report: SiteReport) -> set[tuple[str, str, int | None, int | None]]:
    return {
        (each.difference, each.about, each.site_fen, each.our_fen)
        for each in report.differences
        if each.state == "open"
    }


@pytest.mark.case("PK-13")
async def test_each_class_is_found_and_goes_away_with_its_cause(lot: Lot, site: Site) -> None:
    agreed = await site.hands_in()
    assert (agreed.open, {*agreed.sums}, agreed.totals["cash_fen"], agreed.totals["ledger_fen"]) == (
        0, {"matched"}, 2500, 1500
    )  # fmt: skip
    enter, _, gone, leaves, _, cash, owes, by_hand = site.lines
    invented, bare = dict(enter, event_id=str(uuid4()), seq=99, paid_fen=700), dict(by_hand, reason="")
    report = await site.hands_in(
        dict(enter, opened=False), leaves, *site.lines[4:5], dict(cash, paid_fen=1400), dict(owes, owed_fen=100),
        invented, bare, site.lines[1],
    )  # fmt: skip
    session_of = {row.entered_at: str(row.id) for row in await lot.sessions()}
    found = {
        ("lift_diff", enter["event_id"], 0, 0),
        ("only_ours", gone["event_id"], None, 0),
        ("cash_diff", cash["event_id"], 1400, 1500),
        ("owed_diff", session_of[NINE + timedelta(minutes=2)], 100, 2500),
        ("only_site", invented["event_id"], 700, None),
        ("lift_unexplained", NINE.astimezone(UTC).isoformat(), 0, 0),
    }
    assert open_ones(report) == found
    assert "lift_unexplained, open" in as_text([report])
    closed = next(each for each in report.differences if each.difference == "lift_unexplained")
    async with lot.database.session() as session:
        await close(session, lot.clock, closed.id, "a fire drill")
    again = await site.hands_in()
    assert Counter(each.state for each in again.differences) == {"gone": 5, "closed": 1}
    with pytest.raises(SiteLogError, match="no open difference"):
        async with lot.database.session() as session:
            await close(session, lot.clock, closed.id, "")


@pytest.mark.case("PK-13")
async def test_cash_that_no_account_has_and_money_that_only_the_ledger_has(lot: Lot, site: Site) -> None:
    await site.passes("exit", 70, "", owed=0, paid_fen=300)
    async with lot.database.session() as session:
        [order] = (await session.exec(select(PaymentOrder.id))).all()
        entries = ledger.moved(Fen(100), debit=ledger.host("wechat", "wx1"), credit="operator:garages")
        await ledger.post(session, lot.clock, "seeded", f"payment_order:{order}", entries)
    report = await site.hands_in()
    [phone] = [row for row in await lot.sessions() if row.entered_at == NINE]
    assert open_ones(report) == {
        ("cash_not_counted", site.lines[-1]["event_id"], 300, None), ("ledger_diff", str(phone.id), 1600, 1500)
    }  # fmt: skip


async def test_what_was_paid_before_an_earlier_reading_came_is_no_cash(lot: Lot) -> None:
    site = Site(lot)
    paid = await site.passes("enter", 1, PHONE)
    lot.clock.advance(timedelta(minutes=40))
    await lot.paid(paid, await lot.account())
    await site.passes("enter", 0, PHONE)
    await site.passes("exit", 61, PHONE, owed=2500)  # the site had not heard of it
    report = await site.hands_in()
    assert (open_ones(report), report.totals["phone_fen"], report.totals["ledger_fen"]) == (set(), 1500, 1500)


async def test_an_event_that_comes_late_makes_its_difference_go_away(lot: Lot, site: Site) -> None:
    late = lot.event("enter", 80, "沪A44444", opened=True)
    line = {name: late[name] for name in ("event_id", "seq", "lane", "kind", "opened")} | {"at": late["occurred_at"]}
    report = await site.hands_in(*site.lines, line)
    assert [each.difference for each in report.differences] == ["only_site"]
    await lot.send(late)
    async with lot.database.session() as session:  # an older one, which cannot be read any more
        older = ParkingSiteLog(
            device_id="other", lot_id=lot.row.id, day=NINE.date() - timedelta(days=1), after=0, until=0, lines=b"\xc1",
            digest="", handed_in_at=NINE,
        )  # fmt: skip
        session.add(older)
        await session.flush()
        session.add(
            ParkingSiteDifference(log_id=older.id, difference="only_site", about="1", found_at=NINE, changed_at=NINE)
        )
    app.tasks["parking.compare_site_logs"].run()
    await app.runtime.work
    async with lot.database.session() as session:
        report = next(each for each in await site_reports(session) if each.device == "box")
    assert ([each.state for each in report.differences], report.sums["matched"].count) == (["gone"], 9)


async def test_a_log_is_taken_whole_from_its_own_device_or_not_at_all(town: Town, box: Box) -> None:
    entered = box.event("enter")
    await box.send("/parking/events", entered)
    line = {name: entered[name] for name in ("event_id", "seq", "lane", "kind")} | {"at": entered["occurred_at"]}
    log = {"day": DAY, "lines": [line | {"opened": True}]}
    for wrong, field in (
        ({"day": DAY}, "lines"),
        (log | {"day": "2026-11-03"}, "day"),
        (log | {"lines": [line]}, "opened"),
        (log | {"lines": [line | {"opened": True, "plate": "沪A12345"}]}, "plate"),
        (log | {"lines": [line | {"opened": True}] * 2}, "lines[].event_id"),
    ):
        refused = await box.send("/parking/site/logs", wrong)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "PARKING_SITE_LOG_REFUSED")
        assert field in refused.json()["error"]["message"]
    for status in ("recorded", "duplicate"):
        assert (await box.send("/parking/site/logs", log)).json() == {"day": DAY, "lines": 1, "status": status}
    town.clock.advance(timedelta(days=1))
    refused = await box.send("/parking/site/logs", log | {"day": "2026-11-03"})
    assert "is of a day before" in refused.json()["error"]["message"]
    stranger = await town.box("999")
    assert (await stranger.send("/parking/site/logs", log)).status_code == 403
    program, rival = await town.program(), await town.program("rival", "elsewhere")
    [mine] = (await program.get(f"/parking/site/reports?day={DAY}")).json()["items"]
    assert (mine["device"], mine["comparedAt"]) == (str(box.device), None)
    assert (await rival.get("/parking/site/reports")).json()["items"] == []
    assert (await program.get("/parking/site/reports?day=today")).status_code == 400
