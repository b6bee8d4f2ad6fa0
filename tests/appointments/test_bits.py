"""Visits among slots that are bits, beside the same question asked minute by minute."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from flows.appointments.bits import Slot, ahead, length_of, line_of, together, visits

_BEGIN = datetime(2026, 12, 1, tzinfo=UTC)
_slot = st.tuples(
    st.sampled_from([0, 0, 0, 0, 5, 15, 60]),  # minutes after the one before
    st.sampled_from([("a",), ("b",), ("a", "b")]),
    st.booleans(),  # is free
)


def _expected(slots: list[Slot], length: int, minutes: int, buffer: int) -> set[datetime]:
    """Look at each slot, as the words of ``visits`` say."""
    needed, with_buffer = (-(-each // length) for each in (minutes, minutes + buffer))
    at = {each.starts_at: each for each in slots}
    found = set[datetime]()
    for begin in at:
        visit = [at.get(begin + timedelta(minutes=length * n)) for n in range(needed)]
        over = begin + timedelta(minutes=length * needed)
        behind = [each for each in slots if over <= each.starts_at < begin + timedelta(minutes=length * with_buffer)]
        if all(each is not None and "a" in each.services and each.states[1] for each in visit) and all(
            each.states[1] for each in behind
        ):
            found.add(begin)
    return found


@given(st.lists(_slot, max_size=40), st.sampled_from([5, 15, 20, 45]), st.integers(1, 150), st.integers(0, 90))
def test_visits_begin_where_slots_say(
    drawn: list[tuple[int, tuple[str, ...], bool]], length: int, minutes: int, buffer: int
) -> None:
    slots, at = list[Slot](), 0
    for gap, services, is_free in drawn:
        slots.append(Slot(_BEGIN + timedelta(minutes=at + gap), services, (1, int(is_free))))
        at += gap + length
    line = line_of(slots, _BEGIN, length, 2)
    is_open, usable = line.bits
    found = visits(line.serves.get("a", 0), is_open, usable, length_of(minutes, buffer, length, line.unit_minutes))
    begins = {_BEGIN + timedelta(minutes=n * line.unit_minutes) for n in range(found.bit_length()) if found >> n & 1}
    assert begins == _expected(slots, length, minutes, buffer)


@given(st.integers(0, 2**20), st.integers(1, 12))
def test_bits_that_follow(bits: int, number: int) -> None:
    text = [bits >> n & 1 for n in range(40)]
    windows = [text[n : n + number] for n in range(28)]
    assert [together(bits, number) >> n & 1 for n in range(28)] == [int(all(each)) for each in windows]
    assert [ahead(bits, number) >> n & 1 for n in range(28)] == [int(any(each)) for each in windows]
