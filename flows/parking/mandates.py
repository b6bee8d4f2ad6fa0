"""Whether a plate may be debited: an active mandate of its proven owner, for an exact plate, up to its limit."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.vehicle_tables import Vehicle, VehicleBinding
from flows.payments.tables import DebitMandate


def object_of(vehicle_id: UUID) -> str:
    """Return what mandates call a vehicle."""
    return f"vehicle:{vehicle_id}"


async def mandate_for(session: AsyncSession, plate_index: bytes, due_fen: int) -> DebitMandate | None:
    """Return the mandate that pays for a plate, the oldest of those that suffice."""
    live = select(Vehicle.id, VehicleBinding.account_id).join(
        VehicleBinding, col(VehicleBinding.vehicle_id) == col(Vehicle.id)
    )
    live = live.where(Vehicle.plate_index == plate_index, col(VehicleBinding.until).is_(None))
    for vehicle_id, account_id in (await session.exec(live)).all():
        chosen = select(DebitMandate).where(
            DebitMandate.account_id == account_id,
            DebitMandate.object_ == object_of(vehicle_id),
            DebitMandate.state == "active",
            col(DebitMandate.limit_each) >= due_fen,
        )
        found = (await session.exec(chosen.order_by(col(DebitMandate.id)))).first()
        if found is not None:
            return found
    return None


async def may_debit(session: AsyncSession, plate_index: bytes, due_fen: int) -> bool:
    """Whether a mandate suffices."""
    return await mandate_for(session, plate_index, due_fen) is not None
