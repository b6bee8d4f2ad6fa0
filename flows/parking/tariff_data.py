"""A tariff as data: what an operator publishes, checked as a whole before anybody is charged by it.

A superset of APDS rate tables (ISO 5206 family) in our own words; docs/parking.md has an example. Money is in fen,
times of day are of UTC+8. ``tariff`` charges by it.
"""

import re
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from flows.parking.errors import Finding, TariffRefusedError
from flows.parking.tables import DayKind
from flows.parking.vehicle_tables import VehicleClass

CapWindow = Literal["calendar", "rolling24", "per_entry"]
DAY = 24 * 60
_LONGEST = 366 * DAY  # minutes
_MOST_FEN = 100_000_00  # a hundred thousand yuan: more is a mistake
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
_AT = re.compile(r"(.*) - at `\$\.?(.*)`")


class _Data(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Price(_Data, frozen=True, kw_only=True):
    """``fen`` for ``minutes``: each time that so many have begun, or once for the first of a stay."""

    minutes: int
    fen: int


class Band(_Data, frozen=True, kw_only=True):
    """A part of the day. What parks over its end goes on in the next one; the band is of the day that it begins on.

    ``first`` is charged once a stay, where it first comes to a band that has one. ``cap_fen`` is for a band of a day.
    """

    name: str
    begin: str  # HH:MM
    end: str  # HH:MM, of the next day if it is not later than ``begin``
    unit: Price
    first: Price | None = None
    cap_fen: int | None = None


class Rate(_Data, frozen=True, kw_only=True):
    """The bands of a day for some vehicles, days and areas; what is empty means all.

    ``cap_fen`` is for the time that ``cap_window`` says.
    """

    bands: tuple[Band, ...]
    vehicle_classes: tuple[VehicleClass, ...] = ()
    day_kinds: tuple[DayKind, ...] = ()
    area_classes: tuple[str, ...] = ()
    cap_fen: int | None = None


class Free(_Data, frozen=True, kw_only=True):
    """Stays up to ``minutes``, inclusive, cost nothing; longer ones are charged from entry, or without them.

    A vehicle has it again ``once_in_hours`` after the entry that had it; 0: at every entry.
    """

    minutes: int = 0
    deducted: bool = False
    once_in_hours: int = 0


class Permit(_Data, frozen=True, kw_only=True):
    """What holders of a permit have: so much off each price, at least so many free minutes."""

    name: str  # disabled, resident, season
    percent_off: int = 0
    free_minutes: int = 0


class Surcharge(_Data, frozen=True, kw_only=True):
    """On top of the fee and its caps, for each unit that has begun ``after_minutes``."""

    after_minutes: int
    unit: Price
    cap_fen: int | None = None


class Electric(_Data, frozen=True, kw_only=True):
    """While a car charges, up to ``free_minutes`` are not charged for; ``penalty`` counts from the end of charging."""

    free_minutes: int = 0
    penalty: Surcharge | None = None


class Tariff(_Data, frozen=True, kw_only=True):
    """All of it. ``overstay`` is due beyond the longest stay, counted from entry."""

    rates: tuple[Rate, ...]
    free: Free = Free()
    grace_after_pay_minutes: int = 15
    cap_window: CapWindow = "calendar"
    permits: tuple[Permit, ...] = ()
    electric: Electric | None = None
    overstay: Surcharge | None = None


def read_tariff(data: dict[str, Any]) -> Tariff:
    """Raises TariffRefusedError with everything that is wrong."""
    try:
        tariff = msgspec.convert(data, Tariff)
    except msgspec.ValidationError as error:
        found = _AT.fullmatch(str(error))
        what, where = (found[1], found[2]) if found else (str(error), "")
        finding = Finding(where or "data", what, "Write it as docs/parking.md describes.")
        raise TariffRefusedError([finding]) from None
    findings = _numbers(msgspec.to_builtins(tariff), "") + _rates(tariff)
    if findings:
        raise TariffRefusedError(sorted(findings))
    return tariff


def minute_of(time: str) -> int:
    """``22:30`` → 1350, ``24:00`` → 1440."""
    return int(time[:2]) * 60 + int(time[3:])


def _numbers(value: Any, where: str) -> list[Finding]:
    """Find numbers that are out of bounds, wherever they are."""
    if isinstance(value, list | tuple):
        return [each for i, item in enumerate(value) for each in _numbers(item, f"{where}[{i}]")]
    if not isinstance(value, dict):
        return []
    findings = []
    for name, item in value.items():
        place = f"{where}.{name}".lstrip(".")
        findings += _numbers(item, place)
        least, most = _bounds(name, priced=set(value) == {"minutes", "fen"})
        if isinstance(item, int) and not isinstance(item, bool) and not least <= item <= most:
            findings.append(Finding(place, f"{item} is out of bounds", f"Write a number from {least} to {most}."))
    return findings


def _bounds(name: str, *, priced: bool) -> tuple[int, int]:
    if name.endswith("fen"):
        return 0, _MOST_FEN
    if name == "percent_off":
        return 0, 100
    return (1 if priced else 0), _LONGEST


def _rates(tariff: Tariff) -> list[Finding]:
    findings = [each for i, rate in enumerate(tariff.rates) for each in _bands(rate, f"rates[{i}].bands")]
    if findings:
        return findings
    areas = sorted({area for rate in tariff.rates for area in rate.area_classes}) or [""]
    for vehicle in get_args(VehicleClass):
        for area in areas:
            findings += _for_all_days(tariff, vehicle, area)
    return findings


def _for_all_days(tariff: Tariff, vehicle: VehicleClass, area: str) -> list[Finding]:
    """Each kind of day has one rate, and all of them begin the day at the same time."""
    findings, begins = [], set()
    for day in get_args(DayKind):
        found = rates_for(tariff, vehicle, day, area)
        begins |= {begin_of_day(rate) for rate in found}
        if len(found) != 1:
            whom = f"{vehicle} vehicles on {day} days" + (f" in area {area}" if area else "")
            findings.append(
                Finding("rates", f"{len(found)} rates are for {whom}", "Have exactly one rate for each of them.")
            )
    if len(begins) > 1:
        times = ", ".join(f"{begin // 60:02}:{begin % 60:02}" for begin in sorted(begins))
        problem = f"the days of {vehicle} vehicles begin at different times: {times}"
        findings.append(Finding("rates", problem, "Have the first band of every kind of day begin at the same time."))
    return findings


def rates_for(tariff: Tariff, vehicle: str, day: DayKind, area: str) -> list[Rate]:
    """Return the rates that are for them: exactly one in a tariff that was read."""
    return [
        rate
        for rate in tariff.rates
        if (not rate.vehicle_classes or vehicle in rate.vehicle_classes)
        and (not rate.day_kinds or day in rate.day_kinds)
        and (not rate.area_classes or area in rate.area_classes)
    ]


def begin_of_day(rate: Rate) -> int:
    """Return the minute at which the first band of a day begins."""
    return min(minute_of(band.begin) % DAY for band in rate.bands)


def _bands(rate: Rate, where: str) -> list[Finding]:
    findings = [
        Finding(f"{where}[{i}].{name}", f"{value!r} is no time of day", "Write HH:MM, from 00:00 to 24:00.")
        for i, band in enumerate(rate.bands)
        for name, value in (("begin", band.begin), ("end", band.end))
        if not _TIME.fullmatch(value)
    ]
    if findings:
        return findings
    if not rate.bands:
        return [Finding(where, "there is no band", "Have bands that cover 24 hours.")]
    ordered = sorted(range(len(rate.bands)), key=lambda i: minute_of(rate.bands[i].begin) % DAY)
    for i, following in zip(ordered, [*ordered[1:], ordered[0]], strict=True):
        band, after = rate.bands[i], rate.bands[following]
        if minute_of(band.end) % DAY != minute_of(after.begin) % DAY:
            problem = f"{band.name} ends at {band.end} and {after.name} begins at {after.begin}"
            fix = "Have each band begin where the one before it ends, so that they cover 24 hours."
            findings.append(Finding(f"{where}[{i}].end", problem, fix))
    if not findings and sum(length_of(band) for band in rate.bands) != DAY:
        findings.append(Finding(where, "the bands overlap", "Have them cover 24 hours once."))
    return findings


def length_of(band: Band) -> int:
    """How many minutes it lasts; one that ends as it begins lasts all day."""
    return (minute_of(band.end) - minute_of(band.begin)) % DAY or DAY
