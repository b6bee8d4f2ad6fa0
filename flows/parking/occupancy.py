"""How full lots are (an APDS demand): kept by a trigger, so that a thousand lots cost as many rows and no session.

``derived``: from the sessions alone; ``counted``: from an operator's count, and the sessions since.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from flows.parking.operating_tables import ParkingOccupancy
from flows.parking.tables import ParkingLot


class Demand(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A lot's demand. Neither number is negative, however the counts err."""

    demand_type: Literal["counted", "derived"]
    occupied: int
    available: int
    counted_at: datetime | None = None


def demand_of(lot: ParkingLot, row: ParkingOccupancy | None) -> Demand:
    """Return the demand of a lot; a lot without a row has had no session."""
    occupied = max(row.inside + row.correction, 0) if row else 0
    return Demand(
        demand_type="counted" if row and row.counted_at else "derived",
        occupied=occupied,
        available=max(lot.spaces - occupied, 0),
        counted_at=row.counted_at if row else None,
    )
