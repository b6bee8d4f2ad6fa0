"""What a sticker of parking is of (``gate:<lane>``, ``lot:<lot>``, ``bay:<bay>``) is there before it hangs."""

from collections.abc import Mapping
from uuid import UUID

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes.errors import PlaceRefusedError
from flows.parking.tables import ParkingBay, ParkingLane, ParkingLot

_OF: Mapping[str, type[SQLModel]] = {"gate": ParkingLane, "lot": ParkingLot, "bay": ParkingBay}


async def check_reference(session: AsyncSession, reference: str) -> None:
    """Refuse what names nothing of parking though it says so. Raises PlaceRefusedError."""
    kind, _, name = reference.partition(":")
    if kind not in _OF:
        return
    try:
        found = await session.get(_OF[kind], UUID(name))
    except ValueError:
        found = None
    if found is None:
        raise PlaceRefusedError(
            f"Parking has no {kind} {name!r}, so that a scan would lead nowhere",
            fix="`yiwang parking show` has what lots and gates are referred to by.",
        )
