"""What of a hall a screen shows: numbers, counters and masked names. Nothing by which anybody could be looked up."""

from datetime import date, datetime

import msgspec
from msgspec import Struct

from flows.appointments.hall.viewing import HallView, QueueView
from flows.appointments.states import State


class _Shown(Struct, frozen=True, rename="camel"):
    pass


class ScreenTicket(_Shown, frozen=True):
    """Who is called to a counter, or served there."""

    number: str
    service: str
    state: State
    calls: int
    called_at: datetime | None
    masked_name: str


class ScreenNumber(_Shown, frozen=True):
    """Who waits, or has missed their calls."""

    number: str
    service: str


class ScreenCounter(_Shown, frozen=True):
    """As ``CounterView``."""

    code: str
    name_zh: str
    name_en: str
    open: bool
    ticket: ScreenTicket | None


class Screen(_Shown, frozen=True):
    """As ``HallView``."""

    office: str
    name_zh: str
    name_en: str
    day: date
    revision: int
    counters: list[ScreenCounter]
    waiting: list[ScreenNumber]
    missed: list[ScreenNumber]
    queues: list[QueueView]


def screen_of(hall: HallView) -> Screen:
    """Return what of a hall everybody in it may see."""
    return msgspec.convert(hall, Screen, from_attributes=True)
