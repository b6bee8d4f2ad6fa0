"""What a sticker of parking is of (``gate:<lane>``, ``lot:<lot>``, ``bay:<bay>``) is in use before it hangs."""

from collections.abc import Mapping
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes.errors import PlaceRefusedError
from flows.codes.place_tables import StaticCode
from flows.parking.tables import ParkingBay, ParkingLane, ParkingLot

_Thing = ParkingLane | ParkingLot | ParkingBay
_OF: Mapping[str, type[_Thing]] = {
    "gate": ParkingLane,
    "lot": ParkingLot,
    "bay": ParkingBay,
}


async def check_reference(session: AsyncSession, place: StaticCode) -> None:
    """Refuse a sticker that says it is of parking and names nothing there, something closed, or another kind of thing.

    Raises PlaceRefusedError.
    """
    kind, _, name = place.reference.partition(":")
    if kind not in _OF:
        return
    found: _Thing | None
    try:
        found = await session.get(_OF[kind], UUID(name))
    except ValueError:
        found = None
    if found is None:
        raise PlaceRefusedError(
            f"Parking has no {kind} {name!r}, so that a scan would lead nowhere",
            fix="`yiwang parking show` has what lots and gates are referred to by.",
        )
    if place.kind != kind:
        raise PlaceRefusedError(f"A sticker of a {kind} is no {place.kind}", fix=f"Its kind is {kind}.")
    lot = found if isinstance(found, ParkingLot) else await session.get_one(ParkingLot, found.lot_id)
    if found.closed_at is not None or lot.closed_at is not None:
        closed = kind if found.closed_at is not None else f"lot of this {kind}"
        raise PlaceRefusedError(
            f"The {closed} is closed, so that a scan would lead nowhere",
            fix="`yiwang parking show` has those that are in use; the file of parking opens it again.",
        )
