"""Licence plates (GA 36): their normal form, their kinds, and how near what a camera read is to another one. Pure.

A near plate is a guess: nothing is ever debited on one.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from flows.parking.errors import PlateError

Kind = Literal["standard", "new_energy", "trailer", "learner", "police", "embassy", "hk_macau", "other"]

UNKNOWN = "?"  # a glyph that the camera could not read
NEAR = 10
"""The greatest distance of plates that may be one: one wrong glyph, or a look-alike and an unread province."""
_OTHER, _ALIKE, _UNREAD = 10, 6, 2  # so that two wrong glyphs are never near

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_LETTER, _SERIAL = "[A-HJ-NP-Z]", "[A-HJ-NP-Z0-9]"
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("hk_macau", re.compile(rf"粤Z{_SERIAL}{{4}}[港澳]")),
    ("standard", re.compile(rf"[{_PROVINCES}]{_LETTER}{_SERIAL}{{5}}")),
    # The letter of new energy stands before the digits of small cars and behind those of large ones.
    ("new_energy", re.compile(rf"[{_PROVINCES}]{_LETTER}(?:[A-HJK]{_SERIAL}\d{{4}}|\d{{5}}[A-HJK])", re.ASCII)),
    ("trailer", re.compile(rf"[{_PROVINCES}]{_LETTER}{_SERIAL}{{4}}挂")),
    ("learner", re.compile(rf"[{_PROVINCES}]{_LETTER}{_SERIAL}{{4}}学")),
    ("police", re.compile(rf"[{_PROVINCES}]{_LETTER}{_SERIAL}{{4}}警|WJ[{_PROVINCES}]?\d{{4}}{_SERIAL}", re.ASCII)),
    ("embassy", re.compile(rf"使\d{{6}}|\d{{6}}使|[{_PROVINCES}]{_LETTER}{_SERIAL}{{4}}领", re.ASCII)),
)
_OTHERS = re.compile(r"[\dA-Z?\u4e00-\u9fff]{4,10}", re.ASCII)
_APART = re.compile(r"[\s·•・.\-_]+")
_MISREAD = str.maketrans("OI", "01")  # no serial part has these letters
_LOOK_ALIKES = {
    frozenset(pair) for pair in (("0", "D"), ("0", "Q"), ("D", "Q"), ("8", "B"), ("5", "S"), ("2", "Z"), ("1", "7"))
}


class Plate(Struct, frozen=True):
    """A plate in its normal form; ``other`` is what no pattern fits: from abroad, or read badly."""

    text: str
    kind: Kind


@lru_cache(4096)
def read_plate(raw: str) -> Plate:
    """Return the normal form: NFKC, upper case, nothing in between, O and I of the serial part as digits.

    Raises PlateError, which does not quote it.
    """
    text = _APART.sub("", unicodedata.normalize("NFKC", raw)).upper()
    text = text[:2] + text[2:].translate(_MISREAD)
    if not _OTHERS.fullmatch(text):
        raise PlateError(
            "The plate has other signs than letters, digits and Chinese characters, or is none in length",
            fix="Write it as it is on the car, such as a province, a letter and five or six signs.",
        )
    for kind, pattern in _KINDS:
        if pattern.fullmatch(text):
            return Plate(text, kind)
    return Plate(text, "other")


def read_chinese_plate(raw: str) -> Plate:
    """Return the normal form of a plate that fits a pattern. Raises PlateError."""
    plate = read_plate(raw)
    if plate.kind == "other":
        raise PlateError("This is no plate of China", fix="Write a province, a letter and five or six signs.")
    return plate


def near(read: str, other: str) -> bool:
    """Whether a camera may have read the one for the other: a weighted edit distance of up to ``NEAR``.

    Beside a glyph that was lost or added (which costs as much as any other) nothing may differ, so there is no table.
    """
    if len(read) == len(other):
        cost = 0
        for place, (glyph, their) in enumerate(zip(read, other, strict=True)):
            if glyph != their and (cost := cost + _cost(place, glyph, their)) > NEAR:
                return False
        return True
    short, long = sorted((read, other), key=len)
    return len(long) == len(short) + 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


def _cost(place: int, glyph: str, their: str) -> int:
    if place == 0 and UNKNOWN in (glyph, their):
        return _UNREAD
    return _ALIKE if frozenset((glyph, their)) in _LOOK_ALIKES else _OTHER
