"""A fee and the lines that explain it, as receipts show them."""

from typing import Literal

from msgspec import Struct

from kernel.money import Fen

LineKind = Literal["free", "charging", "band", "cap", "penalty", "overstay", "coupon"]


class Line(Struct, frozen=True, omit_defaults=True):
    """One line of a receipt: so many units of so much, and what that comes to. A cap and a coupon are negative.

    ``begin`` and ``end`` are Unix time: making moments of them would take a third of all the time.
    """

    kind: LineKind
    name: str
    begin: int
    end: int
    amount_fen: Fen
    units: int = 0
    unit_fen: Fen = Fen(0)
    first_fen: Fen = Fen(0)
    capped: bool = False


class Fee(Struct, frozen=True):
    """The sum of its lines, by the version of a tariff. ``free``: the stay is within the free minutes."""

    total_fen: Fen
    lines: tuple[Line, ...]
    tariff: str
    free: bool = False
