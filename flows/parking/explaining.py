"""What a fee and a tariff say in plain words, in Chinese and English. Pure."""

from datetime import datetime

from msgspec import Struct

from flows.parking.fees import Line
from flows.parking.tables import DayKind
from flows.parking.tariff_data import Band, Rate, Tariff, rates_for
from kernel.clock import CHINA
from kernel.money import Fen, format_yuan

_KINDS = {
    "free": ("免费", "free"),
    "charging": ("充电", "charging"),
    "cap": ("封顶减免", "above the cap"),
    "penalty": ("充电后占位", "after charging"),
    "overstay": ("超时停放", "overstay"),
    "coupon": ("优惠券", "coupon"),
}


class Words(Struct, frozen=True):
    """A text in both languages; English may be empty."""

    zh: str
    en: str


def line_words(line: Line) -> Words:
    """Return what a line of a fee is for: ``09:00–10:30: 15.00 + 1 × 10.00``."""
    begin, end = (datetime.fromtimestamp(at, CHINA) for at in (line.begin, line.end))
    far = begin.date() != end.date()
    span = f"{begin:%m-%d %H:%M}–{end:%m-%d %H:%M}" if far else f"{begin:%H:%M}–{end:%H:%M}"
    prices = [format_yuan(line.first_fen)] if line.first_fen else []
    if line.units:
        prices.append(f"{line.units} × {format_yuan(line.unit_fen)}")
    sum_ = " + ".join(prices)
    zh, en = _KINDS.get(line.kind, ("", ""))
    capped = ("，已封顶", ", capped") if line.capped else ("", "")
    return Words(
        f"{span} {zh or '计费'}{' ' + sum_ if sum_ else ''}{capped[0]}",
        f"{span} {en or 'parked'}{': ' + sum_ if sum_ else ''}{capped[1]}",
    )


def tariff_words(tariff: Tariff, day: DayKind, vehicle_class: str = "small", area_class: str = "") -> Words:
    """Return a tariff as a sentence, as it is on a day of this kind."""
    found = rates_for(tariff, vehicle_class, day, area_class)
    zh, en = [], []
    if tariff.free.minutes:
        zh.append(f"{tariff.free.minutes}分钟内免费")
        en.append(f"free up to {tariff.free.minutes} min")
    for rate in found[:1]:
        bands = [_band(band) for band in rate.bands]
        zh += [each.zh for each in bands]
        en += [each.en for each in bands]
        cap = _cap(tariff, rate)
        zh += [cap.zh] if cap else []
        en += [cap.en] if cap else []
    return Words("；".join(zh), "; ".join(en))


def _band(band: Band) -> Words:
    unit = format_yuan(Fen(band.unit.fen))
    zh, en = f"每{band.unit.minutes}分钟{unit}元", f"¥{unit} each {band.unit.minutes} min"
    if band.first:
        first = format_yuan(Fen(band.first.fen))
        zh = f"首{band.first.minutes}分钟{first}元，之后{zh}"
        en = f"¥{first} for the first {band.first.minutes} min, then {en}"
    if band.cap_fen is not None:
        cap = format_yuan(Fen(band.cap_fen))
        zh, en = f"{zh}，最高{cap}元", f"{en}, at most ¥{cap}"
    return Words(f"{band.begin}–{band.end} {zh}", f"{band.begin}–{band.end} {en}")


def _cap(tariff: Tariff, rate: Rate) -> Words | None:
    if rate.cap_fen is None:
        return None
    cap = format_yuan(Fen(rate.cap_fen))
    zh, en = {
        "calendar": ("每日", "a day"),
        "rolling24": ("每24小时", "in 24 hours"),
        "per_entry": ("每次", "a stay"),
    }[tariff.cap_window]
    return Words(f"{zh}最高{cap}元", f"at most ¥{cap} {en}")
