"""The clinic's own registration system: its times, who has taken them, and what has changed, in one process's memory.

Residents come through the platform (``booking_api``), others to the hospital's counter; a place is given once.
"""

import datetime as dt
import secrets
from collections.abc import Callable
from typing import Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from examples.departments.server import CITY_TIME, now

OFFICE = "hospital-clinic"
DAYS = 16  # of times ahead
State = Literal["cancelled", "moved", "arrived", "no_show"]


class Room(Struct, frozen=True):
    """Where patients are seen, from Monday to Saturday."""

    code: str
    service: str
    minutes: int
    begin: dt.time
    end: dt.time
    capacity: int


ROOMS = (
    Room("vaccination", "vaccination", 15, dt.time(8), dt.time(11, 30), 3),
    Room("checkup", "health-check", 30, dt.time(8), dt.time(11), 2),
)


class Slot(Struct):
    """A time of a room; ``taken`` by whoever came to the counter, ``booked`` by the platform's appointments."""

    office: str
    resource: str
    services: list[str]
    starts: dt.datetime
    ends: dt.datetime
    capacity: int
    taken: int = 0
    booked: list[UUID] = []
    closed: bool = False
    version: int = 0

    def is_full(self, replaced: UUID | None = None) -> bool:
        """Whether nobody has a place any more, but for whom it replaces."""
        return self.closed or self.taken + len({*self.booked} - {replaced}) >= self.capacity


class Place(Struct):
    """Where and when."""

    office: str
    resource: str
    starts: dt.datetime


class Moved(Struct, omit_defaults=True):
    """What the hospital has done with an appointment."""

    id: UUID
    state: State
    reason: str = ""
    to: Place | UnsetType = UNSET


class Change(Struct, omit_defaults=True):
    """Of a slot, or of an appointment."""

    slot: Slot | UnsetType = UNSET
    appointment: Moved | UnsetType = UNSET


class Wish(Struct):
    """What the platform wants booked; whatever else it says is not needed here."""

    office: str
    resource: str
    service: str
    starts: dt.datetime
    ends: dt.datetime
    replaces: UUID | None = None


class TakenError(Exception):
    """A time has no place left; ``slots`` are those that were wanted."""

    def __init__(self, slots: list[Slot]) -> None:
        super().__init__("a time has no place left")
        self.slots = slots


class GoneError(Exception):
    """An appointment has been given up, or a time is not served."""


class Registration:
    """All of it. Nothing here waits, so that each call is done before another begins."""

    def __init__(self, clock: Callable[[], dt.datetime] = now) -> None:
        self._now = clock
        self.name = secrets.token_hex(4)  # cursors of an earlier run are not ours
        self.slots: dict[tuple[str, dt.datetime], Slot] = {}
        self.appointments: dict[UUID, Wish] = {}
        self.given_up: set[UUID] = set()
        self.changes: list[Change] = []
        self._written_until = self._today() - dt.timedelta(days=1)

    def write_ahead(self) -> None:
        """Open the times of days that have come near enough."""
        last = self._today() + dt.timedelta(days=DAYS)
        while self._written_until < last:
            self._written_until += dt.timedelta(days=1)
            if self._written_until.isoweekday() < 7:
                for room in ROOMS:
                    self._open(room, self._written_until)

    def _today(self) -> dt.date:
        return self._now().astimezone(CITY_TIME).date()

    def _open(self, room: Room, day: dt.date) -> None:
        at = dt.datetime.combine(day, room.begin, CITY_TIME)
        while at < dt.datetime.combine(day, room.end, CITY_TIME):
            ends = at + dt.timedelta(minutes=room.minutes)
            slot = Slot(OFFICE, room.code, [room.service], at, ends, room.capacity)
            self.slots[room.code, at] = slot
            self.note(slot)
            at = ends

    def note(self, slot: Slot) -> None:
        """Remember that a slot has changed, as it is now."""
        slot.version += 1
        copy = Slot(**{each: getattr(slot, each) for each in slot.__struct_fields__})
        copy.booked = [*slot.booked]
        self.changes.append(Change(slot=copy))

    def wanted(self, wish: Wish) -> list[Slot]:
        """Return the slots that an appointment is in, one behind the other. Raises GoneError."""
        found, at = list[Slot](), wish.starts
        while at < wish.ends:
            slot = self.slots.get((wish.resource, at))
            if slot is None or slot.office != wish.office or wish.service not in slot.services:
                raise GoneError(f"{wish.resource} does not serve {wish.service} at {at}")
            found.append(slot)
            at = slot.ends
        return found

    def book(self, number: UUID, wish: Wish) -> bool:
        """Book; False: it was booked before. Raises TakenError, GoneError."""
        if number in self.given_up:
            raise GoneError("this appointment has been given up")
        if number in self.appointments:
            return False
        slots = self.wanted(wish)
        if not slots or any(slot.is_full(wish.replaces) for slot in slots):
            raise TakenError(slots)
        self._put(number, wish, slots)
        return True

    def _put(self, number: UUID, wish: Wish, slots: list[Slot]) -> None:
        self.appointments[number] = wish
        for slot in slots:
            slot.booked.append(number)
            self.note(slot)

    def give_up(self, number: UUID) -> None:
        """Have an appointment be none, and never be one."""
        self.given_up.add(number)
        self._take_out(number)

    def _take_out(self, number: UUID) -> None:
        self.appointments.pop(number, None)
        for slot in self.slots.values():
            if number in slot.booked:
                slot.booked.remove(number)
                self.note(slot)

    def tell(self, number: UUID, state: State, reason: str = "", to: Place | None = None) -> None:
        """Do something with an appointment, as the hospital's people do. Raises KeyError, TakenError, GoneError."""
        wish = self.appointments[number]
        if to is not None:
            there = Wish(to.office, to.resource, wish.service, to.starts, to.starts + (wish.ends - wish.starts))
            slots = self.wanted(there)
            if any(slot.is_full(number) for slot in slots):
                raise TakenError(slots)
            self._take_out(number)
            self._put(number, there, slots)
        elif state == "cancelled":
            self.give_up(number)
        self.changes.append(Change(appointment=Moved(number, state, reason, to or UNSET)))
