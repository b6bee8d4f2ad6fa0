"""make bench NAME=hall_estimates: how far estimates of waits in a hall are off, beside those of a simple formula.

Days of a hall with three counters are played: one serves everything, one marriages, one passports. Services last about
30 and 10 minutes, log-normally; people come at random to five sixths of what the counters can serve. To everybody who
comes both ways foretell how long they will wait, from the last 20 services of each kind, and the day tells how long
they did. The formula is: those before one at the counters for one, times how long their services last, by the counters.
"""

import argparse
import json
import math
import random
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

from msgspec import Struct, field

from bench.report import conditions
from flows.appointments.hall.estimating import LAST, Open, Pace, Turns

OUT = Path(__file__).parent / "out" / "hall_estimates.json"
MINUTES = {"marriage": 30, "passport": 10}
SPREAD = 0.5  # of the logarithm: one service of six lasts half as long again, or longer
COUNTERS: Sequence[Sequence[str]] = ((), ("marriage",), ("passport",))
LOAD, HOURS = 5 / 6, 8


class _Counter(Struct):
    services: Sequence[str]
    busy_until: float = 0.0
    began: float = 0.0
    serving: str = ""

    def open(self, now: float, known: dict[str, Pace]) -> Open:
        rest = known[self.serving].mean_s - (now - self.began) if self.busy_until > now else 0
        return Open(self.services, max(0, int(rest)))


class _Day(Struct):
    """A hall as it goes; times in seconds. Who waits: when they came, for what, and what was foretold."""

    chance: random.Random
    lately: dict[str, deque[float]]
    counters: list[_Counter] = field(default_factory=lambda: [_Counter(each) for each in COUNTERS])
    line: list[tuple[float, str, tuple[float, float]]] = field(default_factory=list)

    def known(self) -> dict[str, Pace]:
        return {each: Pace(int(fmean(lasted)), None) for each, lasted in self.lately.items()}

    def come(self, now: float, service: str) -> None:
        known, ahead = self.known(), [each for _, each, _ in self.line]
        counters = [each.open(now, known) for each in self.counters]
        mine = [each for each in counters if each.serves(service)]
        before = [each for each in ahead if any(counter.serves(each) for counter in mine)]
        formula = sum(known[each].mean_s for each in before) / len(mine)
        turns = Turns(counters, known)
        for each in ahead:
            turns.take(each)
        ours = found.seconds if (found := turns.wait(service)) else math.inf
        self.line.append((now, service, (formula, ours)))

    def call(self, now: float) -> Iterator[tuple[float, float]]:
        """Have counters that are free call who is next; yield by how much each way was off."""
        for counter in self.counters:
            if counter.busy_until > now:
                continue
            if counter.serving:
                self.lately[counter.serving].append(counter.busy_until - counter.began)
                counter.serving = ""
            for nth, (came, service, foretold) in enumerate(self.line):
                if not counter.services or service in counter.services:
                    del self.line[nth]
                    lasts = MINUTES[service] * 60 * self.chance.lognormvariate(-(SPREAD**2) / 2, SPREAD)
                    counter.serving, counter.began, counter.busy_until = service, now, now + lasts
                    yield abs(foretold[0] - (now - came)), abs(foretold[1] - (now - came))
                    break


def played(days: int, seed: int) -> list[tuple[float, float]]:
    """Play days, and return by how many seconds the formula and the platform were off for everybody who came."""
    chance, off = random.Random(seed), list[tuple[float, float]]()  # noqa: S311 - a day at random, not a secret
    lately = {each: deque([minutes * 60.0], LAST) for each, minutes in MINUTES.items()}
    between = fmean(MINUTES.values()) * 60 / len(COUNTERS) / LOAD
    for _ in range(days):
        day = _Day(chance, lately)
        comes, now = chance.expovariate(1 / between), 0.0
        while comes < HOURS * 3600 or day.line:
            now = min(comes, *(each.busy_until if each.busy_until > now else math.inf for each in day.counters))
            if now == comes:
                day.come(now, chance.choice([*MINUTES]))
                comes += chance.expovariate(1 / between) if comes < HOURS * 3600 else math.inf
            off += day.call(now)
    return off


def main() -> None:
    """Measure, print, and write it for programs."""
    parser = argparse.ArgumentParser(prog="make bench NAME=hall_estimates", description=__doc__)
    parser.add_argument("--days", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="few days, to see that everything runs")
    given = parser.parse_args()
    off = played(5 if given.quick else given.days, seed=7)
    formula, ours = (fmean(each) / 60 for each in zip(*off, strict=True))
    found = {"people": len(off), "formula_off_minutes": round(formula, 1), "off_minutes": round(ours, 1)}
    found["ratio"] = round(ours / formula, 2)
    print(
        f"{len(off)} people; off on average: formula {formula:.1f} min, platform {ours:.1f} min ({ours / formula:.2f})"
    )
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"conditions": conditions(vars(given)), **found}, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
