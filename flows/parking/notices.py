"""What whoever parked is told, once a session and kind; ``telling`` takes it to them."""

from uuid import UUID

from flows.notices.writing import Kept, write
from flows.parking.gathering import Deps
from flows.parking.messages import NOTICE
from flows.parking.ownership import told_of
from flows.parking.session_tables import ParkingNotice, ParkingSession

_KEPT = Kept(ParkingNotice, NOTICE, "nobody is known who has paid, owns the plate or has scanned")


async def notify(deps: Deps, row: ParkingSession, kind: str, amount_fen: int, account_id: UUID | None = None) -> None:
    """Tell an account, or else whose the session is; if nobody is known the notice says that nobody could be told."""
    whom = account_id or await told_of(deps.session, row)
    values = {"session_id": row.id, "account_id": whom, "kind": kind, "amount_fen": amount_fen}
    await write(deps.session, deps.clock, _KEPT, values)
