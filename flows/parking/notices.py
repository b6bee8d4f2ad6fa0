"""What whoever parked is told, once a session and kind; ``telling`` takes it to them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.dialects import postgresql
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from flows.parking.gathering import Deps
from flows.parking.messages import NOTICE, NoticeNamed
from flows.parking.ownership import told_of
from flows.parking.session_tables import ParkingNotice, ParkingSession
from kernel.ids import uuid7
from kernel.outbox import send


async def notify(deps: Deps, row: ParkingSession, kind: str, amount_fen: int, account_id: UUID | None = None) -> None:
    """Tell an account, or else whose the session is; if nobody is known the notice says that nobody could be told."""
    whom = account_id or await told_of(deps.session, row)
    notice_id = uuid7()
    values = {
        "id": notice_id,
        "session_id": row.id,
        "account_id": whom,
        "kind": kind,
        "amount_fen": amount_fen,
        "at": deps.clock.now(),
        "state": "waiting" if whom else "untold",
        "told_by": "",
        "why": "" if whom else "nobody is known who has paid, owns the plate or has scanned",
    }
    made = postgresql.insert(ParkingNotice).values(values).on_conflict_do_nothing().returning(col(ParkingNotice.id))
    if (await deps.session.exec(made)).first() is not None and whom:
        send(deps.session, deps.clock, NOTICE, NoticeNamed(notice_id))


async def notices_of(session: AsyncSession, account_id: UUID, first: int) -> Sequence[ParkingNotice]:
    """Return what an account is told, the latest first."""
    chosen = select(ParkingNotice).where(col(ParkingNotice.account_id).in_(await parts_of(session, account_id)))
    return (await session.exec(chosen.order_by(col(ParkingNotice.id).desc()).limit(first))).all()
