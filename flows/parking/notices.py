"""What whoever parked is told, once a session and kind; the messages to them are made of these rows."""

from uuid import UUID

from sqlalchemy.dialects import postgresql
from sqlmodel import col, select

from flows.parking.gathering import Deps
from flows.parking.session_tables import ParkingNotice, ParkingSession
from flows.parking.vehicle_tables import Vehicle, VehicleBinding
from kernel.ids import uuid7


async def notify(deps: Deps, row: ParkingSession, kind: str, amount_fen: int, account_id: UUID | None = None) -> None:
    """Tell an account, or else the owner of the plate, or nobody if it has none."""
    values = {
        "id": uuid7(),
        "session_id": row.id,
        "account_id": account_id or await _owner(deps, row),
        "kind": kind,
        "amount_fen": amount_fen,
        "at": deps.clock.now(),
    }
    await deps.session.exec(postgresql.insert(ParkingNotice).values(values).on_conflict_do_nothing())


async def _owner(deps: Deps, row: ParkingSession) -> UUID | None:
    chosen = select(VehicleBinding.account_id).join(Vehicle, col(Vehicle.id) == col(VehicleBinding.vehicle_id))
    chosen = chosen.where(
        Vehicle.plate_index == row.credential, VehicleBinding.proof == "owner", col(VehicleBinding.until).is_(None)
    )
    return (await deps.session.exec(chosen)).first()
