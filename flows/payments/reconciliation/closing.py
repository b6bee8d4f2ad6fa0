"""Closing a difference: a person has looked at it, and says what came of it. The note is kept with the row."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.payments.errors import UnknownOrderError, WrongStateError
from flows.payments.reconciliation.tables import ReconciliationDifference
from kernel.clock import Clock

_NOTE_CHARACTERS = 500


async def close(session: AsyncSession, clock: Clock, difference_id: UUID, note: str) -> ReconciliationDifference:
    """Close an open difference. Raises UnknownOrderError, WrongStateError."""
    row = await session.get(ReconciliationDifference, difference_id, with_for_update=True)
    if row is None:
        raise UnknownOrderError(f"There is no difference {difference_id}", fix="`yiwang reconcile --show` lists them.")
    if row.state != "open":
        raise WrongStateError(f"The difference is {row.state.replace('_', ' ')}", fix="Only open ones can be closed.")
    row.state, row.note, row.changed_at = "closed", note[:_NOTE_CHARACTERS], clock.now()
    session.add(row)
    return row
