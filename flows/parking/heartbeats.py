"""Heartbeats: that a lane's device is well, and how far its clock is off, which it is told each time."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct
from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.errors import UnknownDeviceError
from flows.parking.tables import ParkingLane
from kernel.clock import Clock

_MOST_OFFSET = 2**31 - 1  # what the column holds: 24 days


class Heartbeat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``sent_at`` is the device's own clock; ``queued`` counts the events that it has not got through yet."""

    sent_at: Annotated[datetime, Meta(tz=True)]
    queued: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class Heard(Struct, frozen=True):
    """``now`` is the platform's time; ``clock_offset_ms`` how far the device's clock is ahead of it."""

    now: datetime
    clock_offset_ms: int


async def heard(session: AsyncSession, clock: Clock, device_id: str, beat: Heartbeat) -> Heard:
    """Note a heartbeat with the lanes of a device. Raises UnknownDeviceError."""
    now = clock.now()
    offset = round((beat.sent_at - now).total_seconds() * 1000)
    kept = max(-_MOST_OFFSET, min(offset, _MOST_OFFSET))
    lanes = update(ParkingLane).where(col(ParkingLane.device_id) == device_id, col(ParkingLane.closed_at).is_(None))
    noted = await session.exec(lanes.values(heard_at=now, clock_offset_ms=kept, queued=beat.queued))
    if not noted.rowcount:
        raise UnknownDeviceError(f"The device {device_id} is at no lane", fix="Have its operator add it to a lane.")
    return Heard(now, offset)
