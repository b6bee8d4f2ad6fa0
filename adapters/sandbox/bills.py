"""What simulated hosts' bills have in common: whose day it is, when they are made, what is wrong with them on purpose.

How a bill is written is each host's own: ``bills.py`` beside its books.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from msgspec import Struct, structs

from adapters.bills import READY_AT, BillLine
from adapters.sandbox.world import Fault, World
from kernel.clock import CHINA
from kernel.money import Fen


class Drawn(Struct, frozen=True):
    """What a bill is to be made of; ``fault`` is what its writer has to spoil still."""

    lines: tuple[BillLine, ...]
    fault: Fault | None


class Drawer:
    """Draws one host's bills. Faults at ``place``: those of the day's bill, and ``late``.

    ``late``: the day's last line stands in the next day's bill, as one of a payment seconds before midnight may.
    ``amount_changed`` takes a fen from the last line, ``line_missing`` and ``line_doubled`` are about it too.
    """

    def __init__(self, world: World, place: str) -> None:
        self._world = world
        self._place = place
        self._put_off: dict[date, BillLine] = {}
        world.offer_faults(place, "not_ready", "line_missing", "line_doubled", "amount_changed", "wrong_hash", "late")

    def draw(self, day: date, lines: Iterable[BillLine]) -> Drawn | None:
        """Return a day's lines; None while there is no bill: before the next morning, or by ``not_ready``."""
        fault = self._world.take_fault(self._place)
        if fault == "not_ready" or self._world.clock.now() < _ready(day):
            return None
        chosen = sorted((each for each in lines if self._day(each) == day), key=lambda each: each.at)
        if chosen and fault is not None:
            last = chosen.pop()
            chosen += self._spoilt(day, last, fault)
        return Drawn(tuple(chosen), fault)

    def _day(self, line: BillLine) -> date:
        """Return the day in whose bill a line stands."""
        day = line.at.astimezone(CHINA).date()
        return day + timedelta(days=1) if self._put_off.get(day) == line else day

    def _spoilt(self, day: date, line: BillLine, fault: Fault) -> list[BillLine]:
        match fault:
            case "line_missing":
                return []
            case "line_doubled":
                return [line, line]
            case "amount_changed":
                return [structs.replace(line, amount=Fen(line.amount - 1))]
            case "late":
                self._put_off[day] = line
                return []
            case _:
                return [line]


def _ready(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), READY_AT, CHINA)
