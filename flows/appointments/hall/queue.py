"""The order of a hall's line. Pure.

A place in the line is one number, the standing: the microsecond at which somebody counts as having come; whoever comes
before others counts as having come days before. Its fraction tells apart who counts the same. So a place between two
others is a number between theirs, and nobody else's is ever changed.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Literal

from msgspec import Struct

EARLIEST, LATEST = timedelta(minutes=30), timedelta(minutes=10)
"""So long before an appointment's start its person may check in at the earliest, and after it at the latest."""
LATE_BEHIND, REQUEUED_BEHIND = 2, 3
"""Behind so many goes who comes late, and who missed their calls."""

Arrival = Literal["early", "in time", "late", "over"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PRIORITY = timedelta(days=100) // _MICROSECOND  # before everybody of the day
_STEP = Decimal("0.0001")  # between those that count the same, while there is room
_EXACT = Context(prec=2000)  # halving a gap costs a digit; a day has not so many that are put into one


class InLine(Struct, frozen=True):
    """Somebody who waits."""

    standing: Decimal
    service: str


def arrival(starts_at: datetime, now: datetime) -> Arrival:
    """Return how somebody comes to their appointment."""
    if now < starts_at - EARLIEST:
        return "early"
    if now <= starts_at:
        return "in time"
    return "late" if now <= starts_at + LATEST else "over"


def counted(came: datetime, *, is_priority: bool = False) -> Decimal:
    """Return the standing of who counts as having come then."""
    return Decimal((came - _EPOCH) // _MICROSECOND - (_PRIORITY if is_priority else 0))


def place(line: Sequence[InLine], service: str, own: Decimal, *, behind: int = 0) -> Decimal:
    """Return the standing of somebody new in a line, which is in its order: behind who counts as long or longer.

    ``behind``: and behind the next so many of the service, or behind the last if there are fewer.
    """
    counts = _floor(own)
    at = sum(_floor(each.standing) <= counts for each in line)
    served_before = [nth for nth, each in enumerate(line) if each.service == service][:behind]
    at = max([at, *(nth + 1 for nth in served_before)])
    before = line[at - 1].standing if at else counts - 1
    if before < counts:
        return counts
    room = min([_floor(before) + 1, *(each.standing for each in line[at : at + 1])])
    return _EXACT.add(before, min(_STEP, _EXACT.divide(_EXACT.subtract(room, before), Decimal(2))))


def _floor(standing: Decimal) -> Decimal:
    return standing.to_integral_value(ROUND_FLOOR, _EXACT)
