"""Refused events: what devices sent that is none, kept for whoever mends them; operators see those of their lots."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.gathering import Deps
from flows.parking.operating_tables import ParkingRefusedEvent
from flows.parking.tables import ParkingLot
from kernel.crypto.fields import FieldCipher
from kernel.ids import uuid7

_RAW = "parking_refused_event.raw"
_KEPT_BYTES = 8192


class Refused(Struct, frozen=True):
    """What was sent, and what is wrong with it."""

    raw: bytes
    field: str
    problem: str


class RefusedWanted(Struct, frozen=True, kw_only=True):
    """Which: older than one that is known; of some operators, one lot, one device. None: of all."""

    after: UUID | None = None
    operators: Iterable[str] | None = None
    lot_id: UUID | None = None
    device_id: str = ""


class RefusedView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A refused event. ``raw`` is what the device sent, up to 8 kB."""

    id: UUID
    device_id: str
    place_id: UUID | None
    received_at: datetime
    field: str
    problem: str
    raw: str


async def keep_refused(deps: Deps, device_id: str, lot_id: UUID, refused: Iterable[Refused]) -> None:
    """Keep what was refused of a device at a lot."""
    for each in refused:
        row_id = uuid7()
        text = each.raw[:_KEPT_BYTES].decode(errors="backslashreplace")
        deps.session.add(
            ParkingRefusedEvent(
                id=row_id,
                device_id=device_id,
                lot_id=lot_id,
                received_at=deps.clock.now(),
                field=each.field,
                problem=each.problem,
                raw=deps.keys.cipher.seal(_RAW, row_id, text),
            )
        )


async def refused_events(session: AsyncSession, wanted: RefusedWanted, limit: int) -> Sequence[ParkingRefusedEvent]:
    """Return refused events, the latest first."""
    query: Any = select(ParkingRefusedEvent)
    if wanted.operators is not None:
        query = query.join(ParkingLot, col(ParkingLot.id) == col(ParkingRefusedEvent.lot_id))
        query = query.where(col(ParkingLot.operator_id).in_(wanted.operators))
    if wanted.lot_id is not None:
        query = query.where(ParkingRefusedEvent.lot_id == wanted.lot_id)
    if wanted.device_id:
        query = query.where(ParkingRefusedEvent.device_id == wanted.device_id)
    if wanted.after is not None:
        query = query.where(col(ParkingRefusedEvent.id) < wanted.after)
    found: Sequence[ParkingRefusedEvent] = (
        await session.exec(query.order_by(col(ParkingRefusedEvent.id).desc()).limit(limit))
    ).all()
    return found


def refused_view(cipher: FieldCipher, row: ParkingRefusedEvent) -> RefusedView:
    """Return what its operator may see of one, which is all."""
    return RefusedView(
        id=row.id,
        device_id=row.device_id,
        place_id=row.lot_id,
        received_at=row.received_at,
        field=row.field,
        problem=row.problem,
        raw=cipher.open(_RAW, row.id, row.raw),
    )
