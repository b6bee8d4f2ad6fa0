"""The operator's car parks: where they are, how many bays they have, how full they are at an hour of the day."""

import datetime as dt
import enum
import math
import zlib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from examples.departments.parking.tariff import Tariff


class Words(Struct):
    """A text in both of the city's languages."""

    zh: str
    en: str


class Position(Struct):
    """A point on the map (WGS 84)."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]


class LotKind(enum.Enum):
    """How a lot is built."""

    UNDERGROUND = "underground"
    MULTI_STOREY = "multi-storey"
    SURFACE = "surface"
    ROADSIDE = "roadside"


class Lot(Struct):
    """A car park."""

    id: Annotated[str, Meta(pattern="^L[0-9]{3}$")]
    name: Words
    address: Words
    kind: LotKind
    position: Position
    bays: Annotated[int, Meta(ge=1)]
    charging_points: Annotated[int, Meta(ge=0)]
    height_limit_m: Annotated[float | None, Meta(description="Null if there is none.")]


class _Row(Lot, kw_only=True):
    tariff: Tariff


_ROWS = msgspec.json.decode(Path(__file__).with_name("lots.json").read_bytes(), type=list[_Row])
TARIFFS = {row.id: row.tariff for row in _ROWS}
LOTS = {row.id: msgspec.convert(row, Lot, from_attributes=True) for row in _ROWS}

_FULL_PERCENT = {  # how full a lot is at 0, 3, 6, … 21 o'clock
    LotKind.UNDERGROUND: (20, 15, 18, 70, 88, 82, 91, 55),
    LotKind.MULTI_STOREY: (25, 20, 30, 80, 85, 84, 70, 40),
    LotKind.SURFACE: (8, 5, 12, 90, 94, 88, 45, 15),
    LotKind.ROADSIDE: (60, 62, 58, 85, 97, 96, 92, 75),
}


def free_bays(lot: Lot, at: dt.datetime) -> int:
    """Say how many bays are free: the day's curve and a small ripple that changes every five minutes."""
    hour = at.hour + at.minute / 60
    before, share = int(hour // 3), (hour % 3) / 3
    curve = _FULL_PERCENT[lot.kind]
    full = curve[before] * (1 - share) + curve[(before + 1) % 8] * share
    ripple = zlib.crc32(f"{lot.id}{int(at.timestamp()) // 300}".encode()) % 7 - 3
    return round(lot.bays * (100 - min(100, max(0, full + ripple))) / 100)


def distance_m(a: Position, b: Position) -> int:
    """Measure the way as the crow flies, in metres (haversine, mean Earth radius of 6,371 km)."""
    lat_a, lat_b = math.radians(a.latitude), math.radians(b.latitude)
    half_lon = math.radians(b.longitude - a.longitude) / 2
    h = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return round(2 * 6_371_000 * math.asin(math.sqrt(min(1, h))))
