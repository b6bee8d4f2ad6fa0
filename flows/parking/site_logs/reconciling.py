"""A site's log is taken in, and compared as often as one likes: what comes late makes a difference go away."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy.dialects import postgresql
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.errors import SiteLogError, UnknownDeviceError
from flows.parking.site_logs.comparing import Finding, OurSession, compare
from flows.parking.site_logs.messages import COMPARE, LogNamed
from flows.parking.site_logs.ours import ours
from flows.parking.site_logs.tables import ParkingSiteDifference, ParkingSiteLog
from flows.parking.site_logs.wire import LogLine, read_log
from flows.parking.tables import ParkingLane
from flows.payments.reconciliation.comparing import summed
from kernel.clock import CHINA, Clock
from kernel.ids import uuid7
from kernel.outbox import send

_AGAIN_FOR = timedelta(days=31)  # as late as events may come


class HandedIn(Struct, frozen=True):
    """What became of a log."""

    day: str
    lines: int
    status: Literal["recorded", "replaced", "duplicate"]


async def hand_in(session: AsyncSession, clock: Clock, device_id: str, body: bytes) -> HandedIn:
    """Keep a device's log of a day, and have it compared. Raises SiteLogError, UnknownDeviceError."""
    lane = (await session.exec(select(ParkingLane).where(ParkingLane.device_id == device_id).limit(1))).first()
    if lane is None:
        raise UnknownDeviceError(f"The device {device_id} is at no lane", fix="Have its operator add it to a lane.")
    log = read_log(body)
    if log.day > clock.now().astimezone(CHINA).date():
        raise SiteLogError("day", f"{log.day} has not begun")
    lines = msgspec.msgpack.encode(log.lines)
    row = await _held(session, clock, device_id, lane.lot_id, log.day)
    digest = hashlib.sha256(lines).hexdigest()
    if digest == row.digest:
        return HandedIn(log.day.isoformat(), len(log.lines), "duplicate")
    numbers = [line.seq for line in log.lines if line.event_id is not None]
    status: Literal["recorded", "replaced"] = "replaced" if row.digest else "recorded"
    before = select(ParkingSiteLog.until).where(ParkingSiteLog.device_id == device_id, ParkingSiteLog.day < log.day)
    last = (await session.exec(before.order_by(col(ParkingSiteLog.day).desc()).limit(1))).first()
    row.after = last if last is not None else min(numbers, default=1) - 1
    row.until = max([row.after, *numbers])
    if numbers and min(numbers) <= row.after:
        raise SiteLogError("lines[].seq", f"{min(numbers)} is of a day before: its log ends with {row.after}")
    row.lines, row.digest, row.handed_in_at = lines, digest, clock.now()
    session.add(row)
    send(session, clock, COMPARE, LogNamed(row.id))
    return HandedIn(log.day.isoformat(), len(log.lines), status)


async def compare_log(session: AsyncSession, clock: Clock, log_id: UUID) -> None:
    """Compare a log with what we have now."""
    row = await session.get_one(ParkingSiteLog, log_id, with_for_update=True)
    events, sessions = await ours(session, row)
    lines = msgspec.msgpack.decode(row.lines, type=list[LogLine])
    found = compare(lines, events, sessions)
    sums = summed((each.outcome, {"site_fen": each.site_fen, "our_fen": each.our_fen}) for each in found)
    row.found, row.compared_at = {"sums": sums, "totals": _totals(lines, sessions.values())}, clock.now()
    session.add(row)
    await _keep(session, clock, row, found)


async def open_logs(session: AsyncSession, clock: Clock) -> Sequence[UUID]:
    """Return the logs of a month that have open differences, the oldest first."""
    differs = select(ParkingSiteDifference.log_id).where(ParkingSiteDifference.state == "open")
    since = (clock.now() - _AGAIN_FOR).astimezone(CHINA).date()
    chosen = select(ParkingSiteLog.id).where(col(ParkingSiteLog.id).in_(differs), col(ParkingSiteLog.day) >= since)
    return (await session.exec(chosen.order_by(col(ParkingSiteLog.day), col(ParkingSiteLog.id)))).all()


async def close(session: AsyncSession, clock: Clock, difference_id: UUID, note: str) -> ParkingSiteDifference:
    """Close a difference that a person has looked at. Raises SiteLogError."""
    row = await session.get(ParkingSiteDifference, difference_id, with_for_update=True)
    if row is None or row.state != "open":
        raise SiteLogError("id", f"there is no open difference {difference_id}")
    row.state, row.note, row.changed_at = "closed", note[:500], clock.now()
    session.add(row)
    return row


async def _held(session: AsyncSession, clock: Clock, device_id: str, lot_id: UUID, day: date) -> ParkingSiteLog:
    """Return the row of a device and day, made if it is not there, locked for this transaction."""
    values = {"id": uuid7(), "device_id": device_id, "lot_id": lot_id, "day": day, "handed_in_at": clock.now()}
    empty = {"after": 0, "until": 0, "lines": b"", "digest": "", "found": {}}
    made = postgresql.insert(ParkingSiteLog).values(values | empty)
    await session.exec(made.on_conflict_do_nothing(constraint="parking_site_log_once"))
    query = select(ParkingSiteLog).where(ParkingSiteLog.device_id == device_id, ParkingSiteLog.day == day)
    return (await session.exec(query.with_for_update().execution_options(populate_existing=True))).one()


async def _keep(session: AsyncSession, clock: Clock, log: ParkingSiteLog, found: Sequence[Finding]) -> None:
    known = select(ParkingSiteDifference).where(ParkingSiteDifference.log_id == log.id)
    rows = {(row.difference, row.about): row for row in (await session.exec(known)).all()}
    for finding in found:
        if finding.outcome == "matched":
            continue
        sums = (finding.site_fen, finding.our_fen)
        row = rows.pop((finding.outcome, finding.about), None)
        if row is None:
            row = ParkingSiteDifference(
                log_id=log.id, difference=finding.outcome, about=finding.about, found_at=clock.now(),
                changed_at=clock.now(),
            )  # fmt: skip
        elif row.state == "closed" and (row.site_fen, row.our_fen) == sums:
            continue
        (row.site_fen, row.our_fen), row.state, row.changed_at = sums, "open", clock.now()
        session.add(row)
    for row in rows.values():
        if row.state == "open":
            row.state, row.changed_at = "gone", clock.now()
            session.add(row)


def _totals(lines: Sequence[LogLine], sessions: Collection[OurSession]) -> dict[str, int]:
    return {
        "lines": len(lines),
        "lifts": sum(line.opened for line in lines),
        "cash_fen": sum(line.paid_fen for line in lines),
        "owed_fen": sum(line.owed_fen or 0 for line in lines if line.opened),
        "sessions": len(sessions),
        "fees_fen": sum(each.closing_fen or 0 for each in sessions),
        "phone_fen": sum(each.phone_fen for each in sessions),
        "ledger_fen": sum(each.ledger_fen for each in sessions),
    }
