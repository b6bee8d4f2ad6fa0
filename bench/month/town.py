"""What truly happens in the month, drawn from the seed alone: lots, tariffs, cars and their stays. Pure.

Plates differ in two signs at least, so that none is near another: misreading is tested elsewhere. Some cars' fees may
be debited after they have left.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from msgspec import Struct

from flows.parking.event_ids import event_id_of
from kernel.clock import CHINA

START = datetime(2026, 11, 2, tzinfo=CHINA)
APPS = ("wechat", "alipay", "baidu")
OUTAGE = timedelta(hours=6)
DEBIT_LIMIT_FEN = 20_000
Paying = Literal["prepay", "at_exit", "never_at_exit"]

_BY_HOUR = (1, 1, 1, 1, 1, 2, 5, 12, 18, 16, 12, 11, 13, 12, 10, 10, 11, 14, 16, 12, 9, 6, 3, 2)
_GAP = timedelta(minutes=10)
_DEBITED = 0.15  # of all cars
_DAY = {"name": "day", "begin": "07:00", "end": "22:30", "first": {"minutes": 60, "fen": 1500}}
_NIGHT = {"name": "night", "begin": "22:30", "end": "07:00", "unit": {"minutes": 60, "fen": 100}, "cap_fen": 1000}
_FLAT = {"name": "all", "begin": "00:00", "end": "24:00", "unit": {"minutes": 60, "fen": 500}}
TARIFFS: dict[str, dict[str, Any]] = {
    "centre": {
        "free": {"minutes": 15},
        "rates": [{"bands": [_DAY | {"unit": {"minutes": 30, "fen": 1000}}, _NIGHT], "cap_fen": 8000}],
    },
    "station": {"rates": [{"bands": [_FLAT], "cap_fen": 4000}], "cap_window": "rolling24", "free": {"minutes": 30}},
    "hospital": {
        "free": {"minutes": 60, "once_in_hours": 24},
        "rates": [{"bands": [_FLAT | {"unit": {"minutes": 30, "fen": 300}}], "cap_fen": 3000}],
        "grace_after_pay_minutes": 20,
    },
}
GRACE = {name: timedelta(minutes=data.get("grace_after_pay_minutes", 15)) for name, data in TARIFFS.items()}


class Site(Struct, frozen=True, kw_only=True):
    """A lot and its gate, with the time in which the gate is cut off, if there is one."""

    number: int
    operator: str
    tariff: str
    pays_later: bool
    cut_off: tuple[datetime, datetime] | None = None

    @property
    def device(self) -> str:
        return f"gate-{self.number}"

    def is_cut_off(self, at: datetime) -> bool:
        return self.cut_off is not None and self.cut_off[0] <= at < self.cut_off[1]


class Stay(Struct, frozen=True, kw_only=True):
    """A car's stay as its driver means it to go; when it truly leaves is known when it has."""

    number: int
    car: int
    site: Site
    enters_at: datetime
    leaves_at: datetime
    paying: Paying
    pays_at: datetime  # who prepays, or at home
    app: str

    @property
    def plate(self) -> str:
        return plate(self.car)

    def session_id(self, entered_at: datetime) -> UUID:
        """What the cloud calls the stay."""
        return event_id_of(self.site.device, self.event("enter"), entered_at)

    def event(self, what: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"{self.number} {what}")


class Month(Struct, frozen=True):
    """Everything that was drawn."""

    seed: int
    days: int
    sites: Sequence[Site]
    stays: Sequence[Stay]
    cars: int

    @property
    def end(self) -> datetime:
        return START + timedelta(days=self.days)

    def debits(self, car: int) -> str:
        """In which host app a car's fees may be debited, or empty."""
        random = self.random("debits", car)
        return random.choice(("wechat", "wechat", "alipay")) if random.random() < _DEBITED else ""

    def random(self, *what: object) -> Random:
        """Chances of one thing, the same in whichever order things come."""
        return Random(f"{self.seed} {what}")  # noqa: S311 - a run that can be repeated


def month(sessions: int, days: int, seed: int) -> Month:
    """Draw a month."""
    random = Random(seed)  # noqa: S311 - a run that can be repeated
    sites = _sites(days)
    cars = max(sessions // 6, 20)
    free_from = dict.fromkeys(range(cars), START)
    stays: list[Stay] = []
    for enters_at in sorted(_arrivals(random, sessions, days)):
        car = _car(random, cars, free_from, enters_at)
        stay = _stay(random, len(stays), car, sites, enters_at)
        free_from[car] = stay.leaves_at + timedelta(hours=1)  # to pay, or wait for the arm
        stays.append(stay)
    return Month(seed, days, sites, stays, len(free_from))


def plate(car: int) -> str:
    """A plate with a check digit."""
    letter, number = divmod(car, 10_000)
    digits = f"{number:04}"
    check = (sum(int(d) * w for d, w in zip(digits, (1, 3, 7, 9), strict=True)) + letter) % 10
    return f"沪{'ACEFHJKLMN'[letter]}{digits}{check}"


def _sites(days: int) -> list[Site]:
    first = START + timedelta(days=days * 0.3, hours=9) - timedelta(days=days * 0.3 % 1)
    second = START + timedelta(days=days * 0.7, hours=15) - timedelta(days=days * 0.7 % 1)
    kinds = ("centre", "station", "hospital", "centre")
    cut_off = {0: (first, first + OUTAGE), 2: (second, second + OUTAGE)}
    return [
        Site(
            number=number,
            operator=f"operator-{number % 2}",
            tariff=kind,
            pays_later=number == 3,
            cut_off=cut_off.get(number),
        )
        for number, kind in enumerate(kinds)
    ]


def _arrivals(random: Random, sessions: int, days: int) -> Iterator[datetime]:
    hours = random.choices(range(24), _BY_HOUR, k=sessions)
    for hour in hours:
        day = random.randrange(days)
        yield START + timedelta(days=day, hours=hour, seconds=random.randrange(3600))


def _car(random: Random, cars: int, free_from: dict[int, datetime], at: datetime) -> int:
    for _ in range(20):
        car = random.randrange(cars)
        if free_from[car] + _GAP <= at:
            return car
    free_from[len(free_from)] = at  # all of these are parked: one more car
    return len(free_from) - 1


def _stay(random: Random, number: int, car: int, sites: list[Site], enters_at: datetime) -> Stay:
    site = random.choices(sites, (5, 3, 3, 2))[0]
    minutes = random.choices(
        (random.randint(2, 15), random.randint(15, 60), random.randint(60, 600), random.randint(600, 4200)),
        (15, 30, 50, 5),
    )[0]
    if random.random() < 0.003:
        minutes = random.randint(74 * 60, 120 * 60)  # long enough to be taken for an orphan
    leaves_at = enters_at + timedelta(minutes=minutes)
    paying: Paying = random.choices(("prepay", "at_exit", "never_at_exit"), (55, 35, 10))[0]
    early = random.uniform(1, 14) if random.random() < 0.85 else random.uniform(16, 90)
    pays_at = max(enters_at + timedelta(minutes=1), leaves_at - timedelta(minutes=early))
    if paying == "never_at_exit":
        pays_at = leaves_at + timedelta(minutes=random.uniform(60, 5 * 1440))
    return Stay(
        number=number,
        car=car,
        site=site,
        enters_at=enters_at,
        leaves_at=leaves_at,
        paying=paying,
        pays_at=pays_at,
        app=random.choices(APPS, (6, 3, 1))[0],
    )
