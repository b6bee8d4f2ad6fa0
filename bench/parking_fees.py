"""make bench NAME=parking_fees: what it takes to charge 100,000 stays of several days, beside the arithmetic alone.

The peer is the least that charging by the half hour needs: the begun units of the stay, times a price, capped a day.
"""

import argparse
import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from bench.report import conditions
from flows.parking.holidays import Holidays
from flows.parking.tariff import Stay, TariffVersion
from flows.parking.tariff_data import read_tariff
from kernel.clock import CHINA

OUT = Path(__file__).parent / "out" / "parking_fees.json"
START = datetime(2026, 11, 1, tzinfo=CHINA)
DAY = {"name": "day", "begin": "07:00", "end": "22:30", "first": {"minutes": 60, "fen": 1500}}
BANDS = [
    DAY | {"unit": {"minutes": 30, "fen": 1000}},
    {"name": "night", "begin": "22:30", "end": "07:00", "unit": {"minutes": 60, "fen": 100}, "cap_fen": 1000},
]
TARIFF = TariffVersion("1", read_tariff({"free": {"minutes": 15}, "rates": [{"bands": BANDS, "cap_fen": 8000}]}))
HOLIDAYS = Holidays({})

Pair = tuple[datetime, datetime]


def stays(number: int, days: int, seed: int = 1) -> list[Pair]:
    """Return entries within a month, each with a moment up to so many days later."""
    rng = random.Random(seed)  # noqa: S311 - a workload, no secret
    entries = [START + timedelta(seconds=rng.randrange(30 * 86_400)) for _ in range(number)]
    return [(each.astimezone(UTC), each + timedelta(seconds=rng.randrange(days * 86_400))) for each in entries]


def charged(pairs: list[Pair]) -> int:
    """Charge by the tariff, with the lines of the receipt."""
    return sum(TARIFF.fee(Stay(entered_at=entered), left, HOLIDAYS).total_fen for entered, left in pairs)


def arithmetic(pairs: list[Pair]) -> int:
    """Count begun half hours."""
    unit, day = timedelta(minutes=30), timedelta(days=1)
    total = 0
    for entered, left in pairs:
        days, rest = divmod(left - entered, day)
        total += days * 8000 + min(8000, -(-rest // unit) * 1000)
    return total


def seconds(work: Callable[[list[Pair]], int], pairs: list[Pair]) -> float:
    """Return the CPU seconds of one run."""
    began = time.process_time()
    work(pairs)
    return time.process_time() - began


def main() -> None:
    """Measure, print, and write it for programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything runs")
    plan = {"number": 5_000, "rounds": 1} if parser.parse_args().quick else {"number": 100_000, "rounds": 5}
    figures: dict[str, dict[str, float]] = {}
    for name, days in (("up to 4 hours", 0), ("up to 1 day", 1), ("up to 7 days", 7), ("up to 30 days", 30)):
        pairs = stays(plan["number"], days) if days else [(a, a + (b - a) / 6) for a, b in stays(plan["number"], 1)]
        runs = [(seconds(charged, pairs), seconds(arithmetic, pairs)) for _ in range(plan["rounds"])]
        took, least = median(run[0] for run in runs), median(run[1] for run in runs)
        per_fee = took / plan["number"] * 1e6
        figures[name] = {"seconds": round(took, 2), "us_per_fee": round(per_fee, 1), "ratio": round(took / least, 1)}
        print(
            f"{name:15} {took:6.2f} s for {plan['number']:,}  {per_fee:6.1f} us each  {took / least:5.1f} x arithmetic"
        )
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"conditions": conditions(plan), "figures": figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
