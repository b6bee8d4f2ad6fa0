"""Of which sessions hosts are to hear once they are written, by messages for ``announcing`` in the same transaction."""

from collections.abc import Container, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.cases import Case
from flows.parking.credentials import plate_in
from flows.parking.mandates import debitable
from flows.parking.messages import ANNOUNCE, StayNamed
from flows.parking.terms import Lot
from kernel.clock import Clock
from kernel.outbox import send


def is_news(case: Case, row: Mapping[str, Any] | None, values: Mapping[str, Any]) -> bool:
    """Whether hosts are to hear what has changed: a stay has begun, was paid for, is another plate's, or has ended."""
    visit = case.visit
    if row is None:
        return visit.inside and visit.entered_at is not None
    if row["paid_fen"] != values["paid_fen"] or row["credential"] != case.credential:
        return True
    return row["state"] != values["state"] and not (visit.inside and case.given_up_at is None)


async def send_news(
    session: AsyncSession, clock: Clock, lot: Lot, news: Sequence[Case], known: Container[UUID]
) -> None:
    """Have the hosts told that know the lot; others may only charge, and want to know that a stay has begun.

    ``known`` are the sessions that had begun before.
    """
    if not lot.host_ids:
        news = [case for case in news if case.visit.id not in known]
        plates = await debitable(session, [case.credential for case in news]) if news else ()
        news = [case for case in news if case.credential in plates]
    now = clock.now()
    for case in news:
        if plate_in(case.visit.credential):
            ahead = (case.visit.entered_at or now) - now  # of a gate's clock: hosts refuse it
            send(session, clock, ANNOUNCE, StayNamed(case.visit.id, case.visit.color), max(ahead, timedelta(0)))


def send_end(session: AsyncSession, clock: Clock, lot: Lot, session_id: UUID) -> None:
    """Have the hosts told that know the lot that a stay goes on as another's part."""
    if lot.host_ids:
        send(session, clock, ANNOUNCE, StayNamed(session_id, ""))
