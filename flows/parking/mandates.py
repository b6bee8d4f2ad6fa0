"""Whether what a plate owes may be debited: by an active mandate for the vehicle, up to its limit."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.payments.mandates import standing_for
from flows.payments.tables import DebitMandate
from kernel.database import driver


def object_of(vehicle_id: UUID) -> str:
    """Return what mandates call a vehicle."""
    return f"vehicle:{vehicle_id}"


async def mandate_for(session: AsyncSession, plate_index: bytes, due_fen: int) -> DebitMandate | None:
    """Return the mandate that pays for a plate, the oldest of those that suffice."""
    connection = await driver(session)
    vehicle = await connection.fetchval("SELECT id FROM vehicle WHERE plate_index = $1", plate_index)
    standing = await standing_for(session, object_of(vehicle)) if vehicle else ()
    return next((each for each in standing if each.limit_each >= due_fen), None)


async def may_debit(session: AsyncSession, plate_index: bytes, due_fen: int) -> bool:
    """Whether a mandate suffices."""
    return await mandate_for(session, plate_index, due_fen) is not None
