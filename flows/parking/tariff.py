"""What a stay costs by one version of a tariff: pure, in whole fen, and it says how it comes about.

Discounts come in this order: permit (off each price), free minutes, charging, caps; surcharges on top; then coupons. A
fee never falls while a stay goes on. Moments count in whole seconds of UTC+8, and what has not passed is not charged.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from flows.parking.coupons import Discount, taken_off
from flows.parking.fees import Fee, Line, LineKind
from flows.parking.holidays import Holidays
from flows.parking.tariff_data import Band, Rate, Surcharge, Tariff, begin_of_day, length_of, minute_of, rates_for
from flows.parking.visits import Charging
from kernel.money import Fen

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_CHINA = 8 * 3600  # kernel.clock.CHINA, in seconds
_DAY = 86_400
_MONTH = 31 * _DAY
_HORIZON = 2 * _DAY  # caps last a day, so a fee that does not rise within two never will


class Stay(Struct, frozen=True, kw_only=True):
    """What a fee depends on beside time. ``free_at``: the last entry of the vehicle that had the free minutes."""

    entered_at: datetime
    vehicle_class: str = "small"
    area_class: str = ""
    permit: str = ""
    free_at: datetime | None = None
    charging: Charging | None = None
    coupons: tuple[Discount, ...] = ()


class _Times(Struct, frozen=True):
    """A band in seconds from its day's first band, and its prices less a permit's percents."""

    begin: int
    end: int
    name: str
    first_seconds: int
    first_fen: int
    unit_seconds: int
    unit_fen: int
    cap_fen: int | None


class _Day(Struct, frozen=True):
    bands: tuple[_Times, ...]
    cap_fen: int | None


class TariffVersion:
    """A tariff that is ready to be charged by, under the name that receipts show; any thread may use it."""

    def __init__(self, name: str, tariff: Tariff) -> None:
        self.name = name
        self.tariff = tariff
        self._days: dict[tuple[str, str, int], tuple[int, dict[str, _Day]]] = {}
        self._permits = {each.name: each for each in tariff.permits}

    def fee(self, stay: Stay, until: datetime, holidays: Holidays) -> Fee:
        """Return what is due for a stay if it ends at ``until``."""
        return _Charging(self, stay, holidays).until(_seconds(until))

    def next_raise(self, stay: Stay, at: datetime, holidays: Holidays) -> datetime | None:
        """Return the first second at which the fee is higher than it is ``at``; None: it is capped for good, or free.

        Fees never fall, so it is found by halving. A month that a coupon pays for counts as never.
        """
        charging = _Charging(self, stay, holidays)
        low = max(_seconds(at), charging.entry)
        high, fee = low + _HORIZON, charging.until(low).total_fen
        while charging.until(high).total_fen == fee:
            grows = stay.coupons and charging.gross(high)[0] > charging.gross(high - _HORIZON)[0]
            if not grows or high - low > _MONTH:
                return None
            high += _HORIZON
        while high - low > 1:
            middle = (low + high) // 2
            if charging.until(middle).total_fen > fee:
                high = middle
            else:
                low = middle
        return _moment(high)

    def least(self, stay: Stay, holidays: Holidays) -> Fee:
        """Return the least that is due and not free: for whoever was not seen to enter, whose stay begins anywhere."""
        raised = self.next_raise(replace(stay, coupons=()), stay.entered_at, holidays)
        return self.fee(stay, raised or stay.entered_at, holidays)

    @property
    def permits(self) -> Collection[str]:
        """The names of the permits that it knows."""
        return self._permits.keys()

    def days(self, vehicle_class: str, area_class: str, percent_off: int) -> tuple[int, dict[str, _Day]]:
        """Return the second at which days begin, and the bands of each kind of day."""
        key = vehicle_class, area_class, percent_off
        found = self._days.get(key)
        if found is None:
            rates = {
                kind: rates_for(self.tariff, vehicle_class, kind, area_class)[0]
                for kind in ("working", "rest", "holiday")
            }
            begin = begin_of_day(rates["working"])
            found = begin * 60, {kind: _day(rate, begin, percent_off) for kind, rate in rates.items()}
            self._days[key] = found
        return found


class _Charging:
    """One stay being charged."""

    def __init__(self, version: TariffVersion, stay: Stay, holidays: Holidays) -> None:
        tariff = version.tariff
        permit = version._permits.get(stay.permit)  # noqa: SLF001 - the other half of one class
        self.version, self.stay, self.holidays, self.tariff = version, stay, holidays, tariff
        self.entry = _seconds(stay.entered_at)
        self.offset, self.days = version.days(stay.vehicle_class, stay.area_class, permit.percent_off if permit else 0)
        free = tariff.free.minutes if self._free_again() else 0
        self.free = max(free, permit.free_minutes if permit else 0) * 60

    def _free_again(self) -> bool:
        hours, before = self.tariff.free.once_in_hours, self.stay.free_at
        return not hours or before is None or self.entry - _seconds(before) >= hours * 3600

    def until(self, end: int) -> Fee:
        """Return the fee; an end before the entry counts as the entry."""
        end = max(end, self.entry)
        total, lines, free = self.gross(end)
        off = taken_off(total, self.stay.coupons)
        if off:
            lines.append(_line("coupon", "coupon", self.entry, end, -off))
        return Fee(Fen(total - off), tuple(lines), self.version.name, free)

    def gross(self, end: int) -> tuple[int, list[Line], bool]:
        """Return the fee before coupons, its lines, and whether the stay is within the free minutes."""
        lines: list[Line] = []
        free = end - self.entry <= self.free
        if free:
            lines.append(_line("free", "free", self.entry, end, 0))
        else:
            self._parked(end, lines)
        self._surcharges(end, lines)
        return sum(line.amount_fen for line in lines), lines, free

    def _parked(self, end: int, lines: list[Line]) -> None:
        """Charge by the bands, then take off what is above the caps."""
        groups: dict[int, int] = {}  # the sum of each window that a cap is for, by its first second
        first_left = True
        spent: dict[int, int] = {}  # of each band of each day, when something splits it
        for begin, stop in self._charged(end, lines):
            for band_at, band in self._bands(begin, stop):
                s, e = max(begin, band_at), min(stop, band_at + band.end - band.begin)
                first = band.first_fen if first_left and band.first_seconds else None
                first_left = first_left and first is None
                self._band(band, (band_at, s, e), first, (groups, spent, lines))
        self._cap(groups, end, lines)

    def _charged(self, end: int, lines: list[Line]) -> Iterator[tuple[int, int]]:
        """Yield the stretches of the stay that are charged for."""
        begin = self.entry + self.free if self.tariff.free.deducted else self.entry
        electric, charging = self.tariff.electric, self.stay.charging
        if electric and charging and electric.free_minutes:
            plugged = max(_seconds(charging[0]), begin)
            unplugged = min(_seconds(charging[1]) if charging[1] else end, end, plugged + electric.free_minutes * 60)
            if plugged < unplugged:
                lines.append(_line("charging", "charging", plugged, unplugged, 0))
                if begin < plugged:
                    yield begin, plugged
                begin = unplugged
        if begin < end:
            yield begin, end

    def _bands(self, begin: int, end: int) -> Iterator[tuple[int, _Times]]:
        """Yield each band that a stretch touches, with the second at which it begins."""
        day = (begin - self.offset) // _DAY
        while (at := day * _DAY + self.offset) < end:
            for band in self.days[self.holidays.kind(day)].bands:
                if begin < at + band.end and at + band.begin < end:
                    yield at + band.begin, band
            day += 1

    def _band(
        self,
        band: _Times,
        times: tuple[int, int, int],
        first: int | None,
        kept: tuple[dict[int, int], dict[int, int], list[Line]],
    ) -> None:
        """Charge the stretch of one band, and note in which window of the caps each part of it falls."""
        band_at, begin, end = times
        groups, spent, lines = kept
        before = spent.get(band_at, 0)
        most = None if band.cap_fen is None else band.cap_fen - before
        unit_from = begin if first is None else begin + band.first_seconds
        charged = 0
        windows: Iterable[tuple[int, int]]
        if self.tariff.cap_window == "calendar":  # a band is of the day that it begins on
            windows = (((band_at - self.offset) // _DAY * _DAY + self.offset, end),)
        else:
            windows = self._windows(begin, end)
        for window, stop in windows:
            units = -(-max(stop - unit_from, 0) // band.unit_seconds)
            so_far = (first or 0) + units * band.unit_fen
            if most is not None and so_far > most:
                so_far = most
            groups[window] = groups.get(window, 0) + so_far - charged
            charged = so_far
        spent[band_at] = before + charged
        lines.append(_band_line(band, (unit_from, begin, end), charged, first or 0))

    def _windows(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the windows of the caps that a stretch falls into, each with where the stretch leaves it."""
        if self.tariff.cap_window == "per_entry":
            yield self.entry, end
            return
        at = self.entry + (begin - self.entry) // _DAY * _DAY
        while at < end:
            yield at, min(end, at + _DAY)
            at += _DAY

    def _cap(self, groups: dict[int, int], end: int, lines: list[Line]) -> None:
        for window, amount in groups.items():
            cap = self.days[self.holidays.kind((window - self.offset) // _DAY)].cap_fen
            if cap is not None and amount > cap:
                lines.append(_line("cap", "cap", max(window, self.entry), min(window + _DAY, end), cap - amount))

    def _surcharges(self, end: int, lines: list[Line]) -> None:
        electric, charging = self.tariff.electric, self.stay.charging
        if electric and electric.penalty and charging and charging[1]:
            _surcharge("penalty", electric.penalty, _seconds(charging[1]), end, lines)
        if self.tariff.overstay:
            _surcharge("overstay", self.tariff.overstay, self.entry, end, lines)


def _surcharge(
    kind: Literal["penalty", "overstay"], surcharge: Surcharge, since: int, end: int, lines: list[Line]
) -> None:
    begin, unit = since + surcharge.after_minutes * 60, surcharge.unit
    if end <= begin:
        return
    units = -(-(end - begin) // (unit.minutes * 60))
    amount = units * unit.fen
    charged = amount if surcharge.cap_fen is None else min(amount, surcharge.cap_fen)
    lines.append(
        Line(kind, kind, begin - _CHINA, end - _CHINA, Fen(charged), units, Fen(unit.fen), capped=charged < amount)
    )


def _day(rate: Rate, begin: int, percent_off: int) -> _Day:
    bands = (_times(band, begin, percent_off) for band in rate.bands)
    return _Day(tuple(sorted(bands, key=lambda band: band.begin)), rate.cap_fen)


def _times(band: Band, day_begin: int, percent_off: int) -> _Times:
    begin = (minute_of(band.begin) - day_begin) % 1440 * 60
    return _Times(
        begin,
        begin + length_of(band) * 60,
        band.name,
        band.first.minutes * 60 if band.first else 0,
        band.first.fen * (100 - percent_off) // 100 if band.first else 0,
        band.unit.minutes * 60,
        band.unit.fen * (100 - percent_off) // 100,
        band.cap_fen,
    )


def _band_line(band: _Times, times: tuple[int, int, int], charged: int, first: int) -> Line:
    unit_from, begin, end = times
    units = -(-max(end - unit_from, 0) // band.unit_seconds)
    capped = charged < first + units * band.unit_fen
    span, prices = (begin - _CHINA, end - _CHINA), (Fen(band.unit_fen), Fen(first))
    return Line("band", band.name, *span, Fen(charged), units, *prices, capped)


def _line(kind: LineKind, name: str, begin: int, end: int, amount: int) -> Line:
    return Line(kind, name, begin - _CHINA, end - _CHINA, Fen(amount))


def _seconds(at: datetime) -> int:
    """Whole seconds of UTC+8 since 1970 began there."""
    return (at - _EPOCH) // _SECOND + _CHINA


def _moment(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds - _CHINA)
