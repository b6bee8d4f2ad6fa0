"""What time brings: bills for bays that were left, the end of what nobody left in 72 hours, three reminders."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from flows.parking.finding import session_of
from flows.parking.gathering import Deps, touched_session
from flows.parking.notices import notify
from flows.parking.projecting import REMINDERS, money_of, owed
from flows.parking.quoting import rewritten
from flows.parking.session_tables import ParkingSession
from kernel.clock import Clock
from kernel.database import Database

_AT_ONCE = 200


async def due(database: Database, clock: Clock) -> Sequence[UUID]:
    """Return the sessions whose next step is due, the longest due first."""
    async with database.session() as session:
        chosen = select(ParkingSession.id).where(col(ParkingSession.looked_at) <= clock.now())
        return (await session.exec(chosen.order_by(col(ParkingSession.looked_at)).limit(_AT_ONCE))).all()


async def bill(deps: Deps, session_id: UUID) -> None:
    """Tell whoever left a bay what they owe, unless a mandate is to pay it; the first time that it is known."""
    row = await session_of(deps.session, session_id)
    if row.state == "billed" and row.debited_at is None:
        await notify(deps, row, "billed", (row.closing_fen or 0) - row.paid_fen)


async def look(deps: Deps, session_id: UUID) -> None:
    """Take the next step of a session, if it is still due."""
    row = await session_of(deps.session, session_id)
    touched = await touched_session(deps, row)
    await deps.session.refresh(row)
    if row.looked_at is None or row.looked_at > deps.clock.now():
        return
    case = await touched.case(row.id)
    if row.ended_at is None:
        row.orphan_closed_at = deps.clock.now()
        await rewritten(deps, row)
        await notify(deps, row, "orphan_closed", row.closing_fen or 0)
        return
    owes = owed(money_of(case, touched.terms), case)
    if owes > 0 and row.reminders < len(REMINDERS):
        row.reminders += 1
        await notify(deps, row, f"arrears_{row.reminders}", owes)
    await rewritten(deps, row)
