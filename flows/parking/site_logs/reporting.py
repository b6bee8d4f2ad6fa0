"""What the comparison of sites' logs found, for people (in yuan) and programs (in fen)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.site_logs.comparing import Difference
from flows.parking.site_logs.tables import DifferenceState, ParkingSiteDifference, ParkingSiteLog
from flows.parking.tables import ParkingLot
from kernel.clock import CHINA
from kernel.money import in_yuan

_MOST_SHOWN = 100  # differences of one report; the sums have all


class Sum(Struct, frozen=True, rename="camel"):
    """How many came to the same, and what each side has of them."""

    count: int
    site_fen: int
    our_fen: int


class SiteDifference(Struct, frozen=True, rename="camel"):
    """One difference, about an event, a session or the moment of a bare lift."""

    id: UUID
    difference: Difference
    about: str
    site_fen: int | None
    our_fen: int | None
    state: DifferenceState
    note: str


class SiteReport(Struct, frozen=True, rename="camel"):
    """One device's day. ``sums`` are by what came of lines, events and sessions; ``compared_at`` null: it is under way.

    ``totals``: lifts, cash and what was owed by the site's log; sessions, their fees, payments in host apps by their
    accounts and by the ledger. ``open`` differences wait for people.
    """

    id: UUID
    place_id: UUID
    place: str
    device: str
    day: date
    compared_at: datetime | None
    open: int
    sums: Mapping[str, Sum]
    totals: Mapping[str, int]
    differences: Sequence[SiteDifference]


async def site_reports(
    session: AsyncSession, day: date | None = None, operators: Collection[str] | None = None, limit: int = 500
) -> Sequence[SiteReport]:
    """Return the reports of a day, else the newest; of all lots, or of these operators'."""
    chosen = select(ParkingSiteLog, ParkingLot).join(ParkingLot)
    if day is not None:
        chosen = chosen.where(ParkingSiteLog.day == day)
    if operators is not None:
        chosen = chosen.where(col(ParkingLot.operator_id).in_(operators))
    chosen = chosen.order_by(col(ParkingSiteLog.day).desc(), col(ParkingLot.code), col(ParkingSiteLog.id)).limit(limit)
    return [await _report(session, log, lot) for log, lot in (await session.exec(chosen)).all()]


def as_text(reports: Sequence[SiteReport]) -> str:
    """Write reports for a terminal."""
    return "\n".join(line for each in reports for line in _text(each)) or "No site has handed in a log."


def as_json(reports: Sequence[SiteReport]) -> str:
    """Write reports whole."""
    return msgspec.json.format(msgspec.json.encode(reports)).decode()


async def _report(session: AsyncSession, log: ParkingSiteLog, lot: ParkingLot) -> SiteReport:
    chosen = select(ParkingSiteDifference).where(ParkingSiteDifference.log_id == log.id)
    ordered = chosen.order_by(col(ParkingSiteDifference.difference), col(ParkingSiteDifference.about))
    rows = (await session.exec(ordered)).all()
    return SiteReport(
        id=log.id,
        place_id=lot.id,
        place=f"{lot.operator_id}/{lot.code}",
        device=log.device_id,
        day=log.day,
        compared_at=log.compared_at,
        open=sum(row.state == "open" for row in rows),
        sums={name: Sum(**value) for name, value in log.found.get("sums", {}).items()},
        totals=log.found.get("totals", {}),
        differences=[
            SiteDifference(**{name: getattr(row, name) for name in SiteDifference.__struct_fields__})
            for row in rows[:_MOST_SHOWN]
        ],
    )


def _text(report: SiteReport) -> list[str]:
    compared = f"{report.compared_at.astimezone(CHINA):%Y-%m-%d %H:%M}" if report.compared_at else "not yet"
    lines = [f"{report.day}  {report.place}  {report.device}  {report.open} open, compared {compared}"]
    for name, each in sorted(report.sums.items()):
        lines.append(
            f"  {name:<18} {each.count:>7}  site {in_yuan(each.site_fen):>14}  ours {in_yuan(each.our_fen):>14}"
        )
    money = [f"{name.removesuffix('_fen')} {in_yuan(value)}" for name, value in report.totals.items() if "_fen" in name]
    if money:
        lines.append(f"  {', '.join(money)}")
    for found in report.differences:
        sides = f"site {in_yuan(found.site_fen)}, ours {in_yuan(found.our_fen)}"
        lines.append(f"  - {found.difference}, {found.state}: {found.about}, {sides}. {found.note}".rstrip())
        if found.state == "open":
            lines.append(f"      id {found.id}")
    return lines
