"""What a stay costs: a free start, a price per begun unit, a cap per day. Amounts are integer fen."""

import datetime as dt
from typing import Annotated

from msgspec import Meta, Struct

Fen = Annotated[int, Meta(ge=0, description="Hundredths of a yuan.")]


class Tariff(Struct):
    """The tariff of a lot."""

    free_minutes: Annotated[int, Meta(ge=0, description="A stay this short costs nothing.")]
    unit_minutes: Annotated[int, Meta(ge=1, description="Each begun unit is charged.")]
    first_hour_unit_fen: Fen
    unit_fen: Annotated[int, Meta(ge=0, description="Price of a unit after the first hour, in fen.")]
    daily_cap_fen: Annotated[int, Meta(ge=0, description="The most that 24 hours cost, in fen.")]


class Charge(Struct):
    """What a stay costs, day by day."""

    minutes: int
    amount_fen: Fen
    days_fen: Annotated[list[int], Meta(description="The charge of each begun 24 hours, in fen.")]


def charge(tariff: Tariff, arrive: dt.datetime, leave: dt.datetime) -> Charge:
    """Compute the charge; ``leave`` is not before ``arrive``."""
    minutes = int((leave - arrive).total_seconds()) // 60
    if minutes <= tariff.free_minutes:
        return Charge(minutes, 0, [0])
    days, rest = divmod(minutes, 24 * 60)
    amounts = [_day_fen(tariff, 24 * 60)] * days
    if rest:
        amounts.append(_day_fen(tariff, rest))
    return Charge(minutes, sum(amounts), amounts)


def _day_fen(tariff: Tariff, minutes: int) -> int:
    units = -(-minutes // tariff.unit_minutes)
    first = min(units, -(-60 // tariff.unit_minutes))
    return min(first * tariff.first_hour_unit_fen + (units - first) * tariff.unit_fen, tariff.daily_cap_fen)
