"""Whether what a plate owes may be debited: by an active mandate for the vehicle, up to its limit."""

from collections.abc import Collection
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.session_tables import ParkingHostStay
from flows.payments.mandates import standing_for
from flows.payments.tables import DebitMandate
from kernel.database import driver

_DEBITABLE = """
    SELECT v.plate_index FROM vehicle v JOIN debit_mandate m ON m.about = 'vehicle:' || v.id
    WHERE v.plate_index = ANY($1::bytea[]) AND m.state = 'active'
"""


def object_of(vehicle_id: UUID) -> str:
    """Return what mandates call a vehicle."""
    return f"vehicle:{vehicle_id}"


def vehicle_of(about: str) -> UUID | None:
    """Return the vehicle of a mandate, None of one for something else."""
    kind, _, id_ = about.partition(":")
    return UUID(id_) if kind == "vehicle" else None


async def mandate_for(session: AsyncSession, session_id: UUID, plate_index: bytes, due_fen: int) -> DebitMandate | None:
    """Return the mandate that pays for a stay of a plate: the oldest that suffices and whose host has not said no."""
    connection = await driver(session)
    vehicle = await connection.fetchval("SELECT id FROM vehicle WHERE plate_index = $1", plate_index)
    standing = await standing_for(session, object_of(vehicle)) if vehicle else ()
    if not standing:
        return None
    refused = select(ParkingHostStay.app_id).where(
        ParkingHostStay.session_id == session_id,
        ParkingHostStay.product == "charging",
        ParkingHostStay.service != "active",
    )
    refusing = set((await session.exec(refused)).all())
    return next((each for each in standing if each.limit_each >= due_fen and each.app_id not in refusing), None)


async def may_debit(session: AsyncSession, session_id: UUID, plate_index: bytes, due_fen: int) -> bool:
    """Whether a mandate suffices."""
    return await mandate_for(session, session_id, plate_index, due_fen) is not None


async def debitable(session: AsyncSession, plate_indexes: Collection[bytes]) -> frozenset[bytes]:
    """Return which plates have an active mandate."""
    rows = await (await driver(session)).fetch(_DEBITABLE, list(plate_indexes))
    return frozenset(row["plate_index"] for row in rows)
