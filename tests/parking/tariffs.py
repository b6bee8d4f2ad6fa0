"""Tariffs that tests charge by. The first is that of the published vectors, and no real one."""

from copy import deepcopy
from datetime import date, datetime
from typing import Any

from flows.parking.holidays import Holidays
from flows.parking.tariff import Stay, TariffVersion
from flows.parking.tariff_data import read_tariff
from kernel.clock import CHINA

EXAMPLE: dict[str, Any] = {
    "free": {"minutes": 15},
    "rates": [
        {
            "cap_fen": 8000,
            "bands": [
                {
                    "name": "day",
                    "begin": "07:00",
                    "end": "22:30",
                    "first": {"minutes": 60, "fen": 1500},
                    "unit": {"minutes": 30, "fen": 1000},
                },
                {
                    "name": "night",
                    "begin": "22:30",
                    "end": "07:00",
                    "unit": {"minutes": 60, "fen": 100},
                    "cap_fen": 1000,
                },
            ],
        }
    ],
}

# The days of 2026 that are not like their weekday, as far as tests need them.
HOLIDAYS = Holidays(
    {
        **{date(2026, 10, day): "holiday" for day in range(1, 8)},
        date(2026, 9, 20): "working",
        date(2026, 10, 10): "working",
    }
)


def example(**changes: Any) -> TariffVersion:
    """The example with other values at its top."""
    return TariffVersion("example 1", read_tariff(deepcopy(EXAMPLE) | changes))


def at(text: str) -> datetime:
    """``11-02 09:00`` of 2026, or with the year or seconds, in UTC+8."""
    date_part, time_part = text.split()
    date_part = date_part if date_part.count("-") == 2 else f"2026-{date_part}"
    return datetime.fromisoformat(f"{date_part}T{time_part}").replace(tzinfo=CHINA)


def cost(version: TariffVersion, entered: str, until: str, **stay: Any) -> int:
    """What a stay costs, after the lines were added up."""
    fee = version.fee(Stay(entered_at=at(entered), **stay), at(until), HOLIDAYS)
    assert sum(line.amount_fen for line in fee.lines) == fee.total_fen
    return fee.total_fen
