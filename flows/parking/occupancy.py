"""How full lots are (an APDS demand): kept by a trigger, so that a thousand lots cost as many rows and no session.

``derived``: from the sessions alone; ``counted``: from an operator's count, and the sessions since.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct


class Demand(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A lot's demand. Neither number is negative, however the counts err."""

    demand_type: Literal["counted", "derived"]
    occupied: int
    available: int
    counted_at: datetime | None = None


def demand_of(spaces: int, inside: int | None, correction: int | None, counted_at: datetime | None) -> Demand:
    """Return the demand of a lot by its row of ``ParkingOccupancy``; all None: it has had no session."""
    occupied = max((inside or 0) + (correction or 0), 0)
    return Demand(
        demand_type="counted" if counted_at else "derived",
        occupied=occupied,
        available=max(spaces - occupied, 0),
        counted_at=counted_at,
    )
