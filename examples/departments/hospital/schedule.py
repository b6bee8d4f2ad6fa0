"""Who sees patients when: a doctor's half days in the coming two weeks, and how many numbers are left."""

import datetime as dt
import zlib
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from examples.departments.server import CITY_TIME

Title = Literal["chief", "associate-chief", "attending"]
FEE_FEN: dict[Title, int] = {"chief": 5000, "associate-chief": 3000, "attending": 1800}
NUMBERS: dict[Title, int] = {"chief": 20, "associate-chief": 30, "attending": 40}
HALVES: dict[Literal["am", "pm"], tuple[dt.time, dt.time]] = {
    "am": (dt.time(8), dt.time(12)),
    "pm": (dt.time(13, 30), dt.time(17, 30)),
}
DAYS_AHEAD = 14


class Doctor(Struct):
    """A doctor of the outpatient clinic."""

    doctor_id: int
    name: str
    name_en: str
    department: str
    title: Title
    title_zh: str
    skills: list[str]
    room: str


class Shift(Struct):
    """Half a day of a doctor."""

    shift_id: str
    doctor_id: int
    date: dt.date
    half: Literal["am", "pm"]
    starts_at: dt.datetime
    ends_at: dt.datetime
    room: str
    fee_fen: int
    numbers: int
    remaining: int
    state: Literal["open", "full", "over"]


def works(doctor_id: int, date: dt.date, half: str) -> bool:
    """Tell whether a doctor sees patients then: about half of all half days, never on Sunday afternoons."""
    if date.isoweekday() == 7 and half == "pm":
        return False
    return zlib.crc32(f"{doctor_id}{date.isoweekday()}{half}".encode()) % 2 == 0


def shifts(doctor: Doctor, first: dt.date, days: int, at: dt.datetime, taken: dict[str, int]) -> Iterator[Shift]:
    """Yield a doctor's shifts from ``first`` on; ``taken`` counts the numbers given out here, by shift."""
    for date in (first + dt.timedelta(days=day) for day in range(days)):
        for half, (start, end) in HALVES.items():
            if not works(doctor.doctor_id, date, half) or not 0 <= (date - at.date()).days <= DAYS_AHEAD:
                continue
            shift_id = f"{doctor.doctor_id}{date:%m%d}{half}"
            numbers = NUMBERS[doctor.title]
            gone = numbers * (zlib.crc32(shift_id.encode()) % 101) // 100  # given out at the counter
            left = max(0, numbers - gone - taken.get(shift_id, 0))
            ends_at = dt.datetime.combine(date, end, CITY_TIME)
            yield Shift(
                shift_id=shift_id,
                doctor_id=doctor.doctor_id,
                date=date,
                half=half,
                starts_at=dt.datetime.combine(date, start, CITY_TIME),
                ends_at=ends_at,
                room=doctor.room,
                fee_fen=FEE_FEN[doctor.title],
                numbers=numbers,
                remaining=left,
                state="over" if ends_at <= at else "open" if left else "full",
            )
