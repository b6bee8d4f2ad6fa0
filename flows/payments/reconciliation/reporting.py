"""What reconciliation found, for people and programs: text (in yuan), CSV (RFC 4180) and JSON (in fen)."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.payments.reconciliation.tables import HostBill, ReconciliationDifference
from kernel.clock import CHINA
from kernel.money import in_yuan


class Sum(Struct, frozen=True):
    """How many movements came to the same, and what each side has of them."""

    outcome: str
    kind: str
    count: int
    ours: int
    hosts: int


class Found(Struct, frozen=True):
    """One difference."""

    id: UUID
    difference: str
    kind: str
    number: str
    transaction: str
    ours: int | None
    hosts: int | None
    state: str
    note: str


class Report(Struct, frozen=True):
    """One app's day. ``open`` is how many differences wait for people."""

    app_id: str
    day: date
    lines: int
    fees: int
    compared_at: datetime
    open: int
    sums: tuple[Sum, ...]
    differences: tuple[Found, ...]


async def reports(session: AsyncSession, first: date, last: date, app_id: str | None = None) -> Sequence[Report]:
    """Return the reports of some days, the oldest first; of one app, or of all."""
    bills = select(HostBill).where(HostBill.day >= first, HostBill.day <= last)
    rows = select(ReconciliationDifference)
    if app_id is not None:
        bills = bills.where(HostBill.app_id == app_id)
    found = []
    for bill in (await session.exec(bills.order_by(col(HostBill.day), col(HostBill.app_id)))).all():
        of_day = rows.where(
            ReconciliationDifference.app_id == bill.app_id, ReconciliationDifference.day == bill.day
        ).order_by(col(ReconciliationDifference.difference), col(ReconciliationDifference.number))
        found.append(_report(bill, (await session.exec(of_day)).all()))
    return found


def as_text(found: Sequence[Report]) -> str:
    """Write reports for a terminal."""
    return "\n".join(line for each in found for line in _text(each)) or "No bill was compared."


def as_csv(found: Sequence[Report]) -> str:
    """Write every difference as a row."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(["day", "app_id", *Found.__struct_fields__])
    for report in found:
        rows.writerows([report.day, report.app_id, *msgspec.structs.astuple(each)] for each in report.differences)
    return written.getvalue()


def as_json(found: Sequence[Report]) -> str:
    """Write reports whole."""
    return msgspec.json.format(msgspec.json.encode(found)).decode()


def _report(bill: HostBill, rows: Sequence[ReconciliationDifference]) -> Report:
    sums = {name: value for name, value in bill.found.items() if name != "fees"}
    return Report(
        app_id=bill.app_id,
        day=bill.day,
        lines=bill.lines,
        fees=bill.found.get("fees", 0),
        compared_at=bill.compared_at,
        open=sum(each.state == "open" for each in rows),
        sums=tuple(_sum(name, value) for name, value in sorted(sums.items())),
        differences=tuple(Found(**{name: getattr(each, name) for name in Found.__struct_fields__}) for each in rows),
    )


def _sum(name: str, value: Mapping[str, int]) -> Sum:
    outcome, _, kind = name.partition(":")
    return Sum(outcome, kind, value["count"], value["ours"], value["hosts"])


def _text(report: Report) -> list[str]:
    compared = f"compared {report.compared_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
    head = f"{report.day}  {report.app_id}  {report.lines} lines, fees {in_yuan(report.fees)}, {report.open} open"
    lines = [f"{head}, {compared}"]
    for group in report.sums:
        sides = f"ours {in_yuan(group.ours):>14}  host {in_yuan(group.hosts):>14}"
        lines.append(f"  {group.outcome:<18} {group.kind:<8} {group.count:>7}  {sides}")
    for each in report.differences:
        sides = f"ours {in_yuan(each.ours)}, host {in_yuan(each.hosts)}"
        lines.append(f"  - {each.difference}, {each.state}: {each.kind} {each.number}, {sides}. {each.note}".rstrip())
        if each.state == "open":
            lines.append(f"      id {each.id}")
    return lines
