"""What whoever parked is told, once a session and kind; the messages to them are made of these rows."""

from uuid import UUID

from sqlalchemy.dialects import postgresql

from flows.parking.gathering import Deps
from flows.parking.holding import owner_of
from flows.parking.session_tables import ParkingNotice, ParkingSession
from kernel.ids import uuid7


async def notify(deps: Deps, row: ParkingSession, kind: str, amount_fen: int, account_id: UUID | None = None) -> None:
    """Tell an account, or else the owner of the plate, or nobody if it has none."""
    values = {
        "id": uuid7(),
        "session_id": row.id,
        "account_id": account_id or await owner_of(deps.session, row.credential),
        "kind": kind,
        "amount_fen": amount_fen,
        "at": deps.clock.now(),
    }
    await deps.session.exec(postgresql.insert(ParkingNotice).values(values).on_conflict_do_nothing())
