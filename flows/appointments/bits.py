"""A resource's slots as bits of a number, and which visits begin among them: the arithmetic of searching. Pure.

Bit n stands for the moment n units after the first one; of a slot only the bit of its start is set. Whatever slots a
resource has, all begin at whole units, and have the same length.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import gcd

from msgspec import Struct

_MINUTE = timedelta(minutes=1)


class Slot(Struct, frozen=True):
    """A slot as it stands: what it serves, and one state for each of ``Line.bits``."""

    starts_at: datetime
    services: Sequence[str]
    states: Sequence[int]


class Line(Struct, frozen=True):
    """All open slots of a resource. ``serves`` by service: its slots; ``bits`` by state."""

    unit_minutes: int
    serves: dict[str, int]
    bits: list[int]


class Length(Struct, frozen=True):
    """Of a slot, of a visit in whole slots, and of the buffer behind it, in units."""

    slot: int
    visit: int
    buffer: int


def line_of(slots: Iterable[Slot], begins_at: datetime, slot_minutes: int, states: int) -> Line:
    """Return the line of open slots that start at or after its beginning."""
    starts = [((each.starts_at - begins_at) // _MINUTE, each) for each in slots]
    unit = gcd(slot_minutes, *(minute for minute, _ in starts))
    serves, bits = dict[str, int](), [0] * states
    for minute, slot in starts:
        bit = 1 << minute // unit
        for service in slot.services:
            serves[service] = serves.get(service, 0) | bit
        for state, is_so in enumerate(slot.states):
            bits[state] |= bit if is_so else 0
    return Line(unit, serves, bits)


def length_of(minutes: int, buffer_minutes: int, slot_minutes: int, unit_minutes: int) -> Length:
    """Return the lengths of what takes so many minutes."""
    slot = slot_minutes // unit_minutes
    visit = -(-minutes // slot_minutes) * slot
    return Length(slot, visit, -(-(minutes + buffer_minutes) // slot_minutes) * slot - visit)


def visits(served: int, is_open: int, usable: int, of: Length) -> int:
    """Return where visits can begin.

    A visit needs slots without a gap that serve it and are usable. Within the buffer behind it no open slot may be
    taken, whatever it serves.
    """
    starts = served & usable
    found = starts & together(starts * ((1 << of.slot) - 1), of.visit)
    if of.buffer and (taken := is_open & ~usable):
        found &= ~(ahead(taken, of.buffer) >> of.visit)
    return found


def together(bits: int, number: int) -> int:
    """Return where so many bits that follow each other begin."""
    have = 1
    while have < number:
        step = min(have, number - have)
        bits &= bits >> step
        have += step
    return bits


def ahead(bits: int, number: int) -> int:
    """Return where any of so many bits is set: that one or those that follow."""
    have = 1
    while have < number:
        step = min(have, number - have)
        bits |= bits >> step
        have += step
    return bits
