"""Numbers within limits."""

import math
import random
import sys
from collections.abc import Iterator
from typing import Any

from supergraph.mock.json_types import Part
from supergraph.mock.valid import Fault, number_faults

_TRIES = 24
_SPAN = 1_000  # of the numbers made where a document sets one limit or none


def make_number(parts: list[Part], kind: str, rng: random.Random) -> float | None:
    """Return an integer, or a number with two digits after the point; None if none was found."""
    low, high = _limits(parts)
    units = [part["multipleOf"] for part in parts if part.get("multipleOf")]
    step = max(units) if units else 1 if kind == "integer" else _step(high - low)
    try:
        first, last = math.ceil(low / step), math.floor(high / step)
    except (ArithmeticError, ValueError):  # limits or steps so large or small that no double counts them
        doubles = (each for each in (low, high) if abs(each) <= sys.float_info.max)
        return next((each for each in doubles if not any(_faults(parts, each))), None)
    second_best = None
    for attempt in range(_TRIES):
        count = rng.randint(first, max(first, last)) if attempt < _TRIES // 2 else first + attempt - _TRIES // 2
        value = _written(count, step, kind)
        if any(_faults(parts, value)):
            continue
        if all((value / unit).is_integer() for unit in units):  # so that validators on binary fractions agree
            return value
        second_best = value
    return second_best


def _faults(parts: list[Part], value: float) -> Iterator[Fault]:
    return (fault for part in parts for fault in number_faults(part, value))


def _limits(parts: list[Part]) -> tuple[float, float]:
    lows: list[Any] = [part[key] for part in parts for key in ("minimum", "exclusiveMinimum") if key in part]
    highs: list[Any] = [part[key] for part in parts for key in ("maximum", "exclusiveMaximum") if key in part]
    if lows:
        return max(lows), min(highs, default=max(lows) + _SPAN)
    if highs:
        high = min(highs)
        return (high - _SPAN if high < 0 else 0), high
    return 1, _SPAN


def _step(span: float) -> float:
    return 0.01 if span >= 1 else span / 64 or 0.01


def _written(count: int, step: float, kind: str) -> float:
    value = count * step
    if kind == "integer":
        return int(value) if value == int(value) else value
    return round(value, 12)
