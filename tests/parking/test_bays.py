"""Who stood in which bay of a street, in whatever order sensors, cameras, inspectors and drivers say it."""

import itertools
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.parking.bays import stays_of, visits_of
from flows.parking.sessions import PHONE, GateEvent, sessions_of
from flows.parking.visits import Visit
from tests.parking.gates import START, event
from tests.parking.test_sessions import money

BAYS = [uuid5(NAMESPACE_URL, f"bay {number}") for number in (1, 2)]
A, B = "沪A12345", "沪B66666"


def told(kind: str, minutes: float, plate: str = "", bay: UUID = BAYS[0], **more: Any) -> GateEvent:
    """What was seen in a bay so many minutes after nine."""
    number = round(minutes * 60)
    return GateEvent(
        id=uuid5(NAMESPACE_URL, f"{kind} {number} {plate} {bay}"),
        device_id=more.pop("device_id", "sensor"),
        seq=number,
        kind=kind,  # type: ignore[arg-type]  # of a bay
        direction="enter",
        occurred_at=START + timedelta(minutes=minutes),
        credential=f"plate:{plate}" if plate else "",
        color="blue" if plate else "",
        bay=bay,
        **more,
    )


def shape(visits: list[Visit]) -> list[tuple[Any, ...]]:
    def minutes(moment: datetime | None) -> float | None:
        return None if moment is None else (moment - START) / timedelta(minutes=1)

    return [
        (minutes(each.entered_at), minutes(each.left_at), each.credential.removeprefix("plate:")[:8], each.review)
        for each in visits
    ]


EVENTS = st.builds(
    told,
    st.sampled_from(["park_start", "park_end", "observed", "charge_start", "charge_end"]),
    st.integers(0, 600),
    st.sampled_from(["", "", A, B, "沪A12346"]),
    st.sampled_from(BAYS),
    confidence=st.sampled_from([800, 950]),
    device_id=st.sampled_from(["sensor", "inspector", PHONE]),
    vehicle_class=st.sampled_from(["", "small", "large"]),
)
THROUGH_GATES = st.builds(event, st.sampled_from(["enter", "exit"]), st.integers(0, 600), st.sampled_from([A, B]))


@pytest.mark.case("PK-02")
@given(st.lists(EVENTS | THROUGH_GATES, max_size=30), st.randoms(use_true_random=False))
def test_any_order_and_any_duplicates_give_the_same_visits_and_money(events: list[GateEvent], random: Any) -> None:
    events = list({each.id: each for each in events}.values())
    wanted = visits_of(events)
    shuffled = events + random.sample(events, len(events) // 2)
    random.shuffle(shuffled)
    assert visits_of(shuffled) == wanted
    assert money(visits_of(shuffled)) == money(wanted)
    counted = [each for visit in wanted for each in visit.events]
    assert len(counted) == len(set(counted))  # no event is of two visits
    assert {visit.id for visit in wanted} == {visit.events[0] for visit in wanted}
    assert [each for each in wanted if each.bay_id is None] == sessions_of(events)  # gates know nothing of bays


@pytest.mark.case("PK-02")
@given(st.lists(EVENTS, max_size=30))
def test_nobody_stands_where_somebody_else_does(events: list[GateEvent]) -> None:
    for bay in BAYS:
        stays = [each for each in stays_of(events) if each.bay_id == bay]
        for one, following in itertools.pairwise(stays):
            assert (one.left_at or one.orphaned_at) is not None
            assert (one.left_at or one.orphaned_at) <= following.opened_at  # type: ignore[operator]  # as said above
        assert all(each.left_at is None or each.opened_at <= each.left_at for each in stays)


@pytest.mark.parametrize(
    ("events", "stays"),
    [
        ([("park_start", 0), ("observed", 10, A), ("park_end", 60)], [(0, 60, A, "")]),
        ([("park_start", 0, A), ("park_end", 60)], [(0, 60, A, "")]),
        ([("park_start", 0), ("park_end", 60)], [(0, 60, "bay:", "")]),  # nobody was read: nobody is billed
        ([("observed", 10, A), ("park_end", 60)], [(10, 60, A, "")]),  # no sensor saw it come
        ([("park_end", 60, A)], [(None, 60, A, "no_entry")]),
        ([("park_start", 0), ("park_end", 60), ("observed", 61, A)], [(0, 60, A, "")]),  # its clock was a minute late
        ([("park_start", 0), ("park_end", 60), ("observed", 63, A)], [(0, 60, "bay:", ""), (63, None, A, "")]),
        ([("park_start", 0), ("park_start", 1), ("park_end", 60), ("park_end", 61)], [(0, 60, "bay:", "")]),
        ([("park_start", 0, A), ("park_start", 30, B)], [(0, None, A, "entered_again"), (30, None, B, "")]),
        ([("park_start", 0, A), ("observed", 30, B)], [(0, None, A, "entered_again"), (30, None, B, "")]),
        ([("park_start", 0, A), ("park_start", 1, B)], [(0, None, A, "entered_again"), (1, None, B, "")]),
    ],
)
def test_what_a_bay_tells(events: list[tuple[Any, ...]], stays: list[tuple[Any, ...]]) -> None:
    found = shape(stays_of([told(*each) for each in events]))
    assert [(*each[:2], each[2][:4] if each[2].startswith("bay:") else each[2], each[3]) for each in found] == stays


@pytest.mark.case("PK-09")
def test_the_best_reading_counts_and_a_doubtful_one_is_for_a_person() -> None:
    start, seen = told("park_start", 0, "沪A12346", confidence=700), told("observed", 10, A, confidence=990)
    [stay] = stays_of([start, seen, told("park_end", 60)])
    assert (stay.credential, stay.match, stay.review) == (f"plate:{A}", "fuzzy", "ambiguous_plate")
    [stay] = stays_of([told("park_start", 0, A), told("park_end", 60, B)])  # whoever was in the bay has left it
    assert (stay.credential, stay.match) == (f"plate:{A}", "fuzzy")


def test_bays_are_told_apart() -> None:
    both = [told("park_start", 0, A), told("park_start", 5, B, BAYS[1]), told("park_end", 30, "", BAYS[1])]
    assert shape(visits_of(both)) == [(0, None, A, ""), (5, 30, B, "")]


@pytest.mark.parametrize(("said", "vehicle_class"), [("small", "small"), ("", "large")])
def test_what_stands_in_a_bay_devices_say_or_else_its_driver(said: str, vehicle_class: str) -> None:
    driver = told("observed", 0, A, device_id=PHONE, vehicle_class="large")
    [visit] = stays_of([driver, told("observed", 5, A, vehicle_class=said), told("park_end", 60)])
    assert visit.vehicle_class == vehicle_class
