"""Reconciling one app and day: store the host's bill, compare, keep every difference and do what follows from it.

Again it finds the same rows; what is no longer found is ``gone``. The clock only says when: days are Beijing's.
"""

from collections.abc import Sequence

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.bills import Bill
from flows.payments.reconciliation.bills import lines_of, store
from flows.payments.reconciliation.comparing import Difference, Finding, Key, compare, key_of, summed
from flows.payments.reconciliation.consequences import follow
from flows.payments.reconciliation.entries import Ours, ours
from flows.payments.reconciliation.tables import HostBill, ReconciliationDifference
from kernel.clock import Clock

_Id = tuple[str, Key]


async def reconcile(session: AsyncSession, clock: Clock, bill: Bill) -> HostBill:
    """Compare a host's bill with our books. The same bill and day may come again, and at the same moment."""
    row = await store(session, clock, bill)
    known = await ours(session, row)
    lines = [each for each in await lines_of(session, row.id) if key_of(each) not in known.others]
    found = compare(bill.day, lines, known.entries, known.elsewhere)
    sums = ((f"{each.outcome}:{each.key.kind}", {"ours": each.ours, "hosts": each.hosts}) for each in found)
    row.found = {**summed(sums), "fees": sum(each.fee for each in lines)}
    row.compared_at = clock.now()
    session.add(row)
    await _keep(session, clock, row, known, found)
    return row


async def _keep(session: AsyncSession, clock: Clock, bill: HostBill, known: Ours, found: Sequence[Finding]) -> None:
    query = select(ReconciliationDifference).where(
        ReconciliationDifference.app_id == bill.app_id, ReconciliationDifference.day == bill.day
    )
    rows = {_id(each): each for each in (await session.exec(query)).all()}
    for finding in sorted(found, key=lambda each: str(known.orders.get(each.key, ""))):  # in which all lock orders
        if finding.outcome == "matched":
            continue
        row = rows.pop((finding.outcome, finding.key), None) or _new(clock, bill, finding, finding.outcome)
        row.order_id = known.orders.get(finding.key)
        await _note(session, clock, row, finding, known)
    for row in rows.values():
        if row.state == "open":
            row.state, row.changed_at = "gone", clock.now()
            session.add(row)


async def _note(
    session: AsyncSession, clock: Clock, row: ReconciliationDifference, finding: Finding, known: Ours
) -> None:
    """Bring a difference's row up to date, unless a person has closed it and the sums are the same still."""
    sums = (finding.ours, finding.hosts)
    if row.state == "closed" and (row.ours, row.hosts) == sums:
        return
    row.ours, row.hosts = sums
    row.state, row.note = await follow(session, clock, finding, known.entries.get(finding.key))
    row.changed_at = clock.now()
    session.add(row)


def _new(clock: Clock, bill: HostBill, finding: Finding, difference: Difference) -> ReconciliationDifference:
    return ReconciliationDifference(
        app_id=bill.app_id,
        day=bill.day,
        difference=difference,
        kind=finding.key.kind,
        number=finding.key.number,
        transaction=finding.line.transaction if finding.line else "",
        found_at=clock.now(),
        changed_at=clock.now(),
    )


def _id(row: ReconciliationDifference) -> _Id:
    return row.difference, Key(row.kind, row.number)
