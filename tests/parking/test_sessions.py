"""What sessions follow from gate events, in whatever order they come."""

import re
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.parking import garage_states, roadside_states
from flows.parking.plates import near, read_plate
from flows.parking.sessions import PHONE, GateEvent, sessions_of
from flows.parking.tariff import Stay
from flows.parking.visits import Visit
from tests.parking.gates import START, event
from tests.parking.tariffs import HOLIDAYS, example


def money(visits: list[Visit]) -> list[int]:
    penalty = {"after_minutes": 15, "unit": {"minutes": 10, "fen": 500}}
    version = example(electric={"free_minutes": 60, "penalty": penalty})
    return [
        version.fee(Stay(entered_at=visit.entered_at, charging=visit.charging), visit.left_at, HOLIDAYS).total_fen
        for visit in visits
        if visit.entered_at and visit.left_at
    ]


def shape(visits: list[Visit]) -> list[tuple[float | None, float | None, str]]:
    def minutes(moment: datetime | None) -> float | None:
        return None if moment is None else (moment - START) / timedelta(minutes=1)

    return [(minutes(visit.entered_at), minutes(visit.left_at), visit.review) for visit in visits]


PLATES = ("沪A12345", "沪A12346", "沪AD1234", "沪A01234", "苏B88888")
EVENTS = st.builds(
    event,
    st.sampled_from(["enter", "exit", "exit", "manual_open", "deny", "charge_start", "charge_end"]),
    st.integers(0, 3000),
    st.sampled_from(PLATES),
    opened=st.booleans(),
    confidence=st.sampled_from([800, 950]),
    color=st.sampled_from(["blue", "green"]),
    vehicle_class=st.sampled_from(["", "small", "large"]),
    device_id=st.sampled_from(["gate-1", "gate-2", PHONE]),
)


@pytest.mark.case("PK-02")
@given(st.lists(EVENTS, max_size=30), st.randoms(use_true_random=False))
def test_any_order_and_any_duplicates_give_the_same_sessions_and_money(events: list[GateEvent], random: Any) -> None:
    events = list({each.id: each for each in events}.values())
    wanted = sessions_of(events)
    shuffled = events + random.sample(events, len(events) // 2)
    random.shuffle(shuffled)
    assert sessions_of(shuffled) == wanted
    assert money(sessions_of(shuffled)) == money(wanted)
    counted = [each for visit in wanted for each in visit.events]
    assert len(counted) == len(set(counted))  # no event is of two sessions
    assert {visit.id for visit in wanted} == {visit.events[0] for visit in wanted}


@pytest.mark.case("PK-02")
@given(st.lists(st.tuples(st.integers(1, 600), st.sampled_from(PLATES[:1] + PLATES[4:])), max_size=12))
def test_every_whole_visit_is_charged_once(stays: list[tuple[int, str]]) -> None:
    events, minute, fees = [], 0, []
    for length, text in stays:
        events += [event("enter", minute, text), event("exit", minute + length, text)]
        fees.append(example().fee(Stay(entered_at=events[-2].occurred_at), events[-1].occurred_at, HOLIDAYS).total_fen)
        minute += length + 5
    assert money(sessions_of(reversed(events))) == fees


def test_a_plate_read_twice_within_two_minutes_entered_once() -> None:
    assert shape(sessions_of([event("enter", 0), event("enter", 2), event("exit", 60), event("exit", 61)])) == [
        (0, 60, "")
    ]
    again = sessions_of([event("enter", 0), event("enter", 2.02), event("exit", 60)])
    assert shape(again) == [(0, None, "entered_again"), (2.02, 60, "")]
    assert not again[0].inside


@pytest.mark.parametrize(
    ("told", "visits"),
    [
        # Out and in again by phone every 14 minutes: the free minutes are given once.
        ("phone+0 phone-14 phone+14.5 phone-28 phone+28.5 phone-42 gate-120", [(0, 120, "")]),
        ("phone+0 phone-14 phone+44 phone-58", [(0, 58, "")]),
        # A device saw it enter and none saw it leave: phones cannot have it enter anew.
        ("gate+0 phone-14 phone+100 gate-110", [(0, 110, "")]),
        ("gate+0 phone-14 gate-110", [(0, 110, "")]),
        # A device has seen it leave, or enter: then it was outside.
        ("gate+0 phone-14 gate-15 phone+20 gate-30", [(0, 14, ""), (20, 30, "")]),
        ("phone+0 phone-14 gate+20 gate-30", [(0, 14, ""), (20, 30, "")]),
        # Phones alone say both, long apart: a person looks once a device has seen it leave.
        ("phone+0 phone-14 phone+100", [(0, 14, ""), (100, None, "")]),
        ("phone+0 phone-14 phone+100 phone-110", [(0, 14, ""), (100, 110, "")]),
        ("phone+0 phone-14 phone+100 gate-110", [(0, 14, ""), (100, 110, "left_by_phone")]),
        # More than a day later nobody knows.
        ("gate+0 phone-14 gate-1500", [(0, 14, ""), (None, 1500, "no_entry")]),
    ],
)
def test_what_a_device_sees_outranks_what_phones_say(told: str, visits: list[Any]) -> None:
    events = []
    for who, way, minutes in re.findall(r"(\w+)([+-])([\d.]+)", told):
        device = PHONE if who == "phone" else "gate-1"
        events.append(event("enter" if way == "+" else "exit", float(minutes), device_id=device))
    assert shape(sessions_of(reversed(events))) == visits


@pytest.mark.parametrize("camera", ["enter", "exit"])
@pytest.mark.parametrize(("said", "vehicle_class"), [("small", "small"), ("", "large")])
def test_a_camera_says_what_a_vehicle_is_of_which_only_a_phone_has_said_so(
    camera: str, said: str, vehicle_class: str
) -> None:
    phone = event("enter", 0, device_id=PHONE, color="", vehicle_class="large")
    [visit] = sessions_of([phone, event(camera, 1, color="green", vehicle_class=said), event("manual_open", 2)])
    assert (visit.vehicle_class, visit.color) == (vehicle_class, "green")
    [before] = sessions_of([event("enter", -1, color="green"), phone, event("exit", 9)])
    assert (before.vehicle_class, before.color) == ("small", "green")
    [lifted] = sessions_of([phone, event("manual_open", 2)])
    assert (lifted.vehicle_class, lifted.color) == ("large", "")


@pytest.mark.case("PK-16")
def test_charging_is_from_the_first_plug_to_the_last_of_a_stay() -> None:
    plugs = [event("charge_start", 10), event("charge_end", 40), event("charge_start", 50), event("charge_end", 90)]
    others = [event("charge_end", 5, "沪B66666"), event("charge_end", -5), event("charge_start", 130)]

    def charging(*told: GateEvent) -> Any:
        [visit] = sessions_of([event("enter", 0), event("exit", 120), *others, *told])
        return visit.charging

    assert charging() is None
    assert charging(*plugs) == (START + timedelta(minutes=10), START + timedelta(minutes=90))
    assert charging(*plugs[:3]) == (START + timedelta(minutes=10), None)
    assert charging(plugs[1]) == (START + timedelta(minutes=40), START + timedelta(minutes=40))


@pytest.mark.case("PK-03")
def test_an_exit_waits_for_its_entry() -> None:
    gone, came = event("exit", 60), event("enter", 0)
    [before] = sessions_of([gone])
    assert (before.entered_at, before.match, before.review) == (None, "none", "no_entry")
    [after] = sessions_of([gone, came])
    assert (after.id, after.match, after.review) == (came.id, "exact", "")
    assert money([after]) == [1500]


def test_standing_at_the_exit_is_not_leaving() -> None:
    [visit] = sessions_of([event("enter", 0), event("exit", 60, opened=False)])
    assert visit.inside
    assert visit.asked_at == event("exit", 60).occurred_at
    assert shape(sessions_of([event("enter", 0), event("exit", 60, opened=False), event("exit", 61)])) == [(0, 61, "")]


def test_an_arm_lifted_by_hand_ends_the_visit_and_somebody_looks_at_it() -> None:
    [visit] = sessions_of([event("enter", 0), event("manual_open", 30, reason="queue")])
    assert (visit.released, visit.review) == ("manual", "manual_open")


def test_tickets_and_pass_codes_are_matched_exactly() -> None:
    tickets = [event("enter", 0, ""), event("exit", 30, "")]
    assert sessions_of(tickets) == []
    tickets = [
        GateEvent(**{f: getattr(each, f) for f in each.__struct_fields__} | {"credential": "ticket:T1"})
        for each in tickets
    ]
    assert shape(sessions_of(tickets)) == [(0, 30, "")]
    assert len(sessions_of([tickets[0], event("exit", 30, "T1")])) == 2


@pytest.mark.case("PK-09")
@pytest.mark.parametrize(
    ("read", "more", "match", "review"),
    [
        ("沪A12346", {}, "fuzzy", ""),  # one wrong glyph
        ("沪AI2345", {}, "exact", ""),  # no plate has that letter there
        ("?A12345", {}, "fuzzy", ""),
        ("?A1Z345", {}, "fuzzy", ""),
        ("沪A1Z346", {}, "none", "no_entry"),  # two
        ("沪A1Z34S", {}, "none", "no_entry"),  # two that look alike
        ("沪A12346", {"confidence": 899}, "review", "ambiguous_plate"),
        ("沪A12346", {"color": "green"}, "review", "ambiguous_plate"),
    ],
)
def test_a_misread_exit(read: str, more: dict[str, Any], match: str, review: str) -> None:
    visits = sessions_of([event("enter", 0), event("exit", 60, read_plate(read).text, **more)])
    assert (visits[-1].match, visits[-1].review) == (match, review)
    assert len(visits) == (1 if match in ("fuzzy", "exact") else 2)


@pytest.mark.case("PK-09")
def test_two_that_it_may_be_are_for_a_person() -> None:
    entries = [event("enter", 0), event("enter", 1, "沪A12347")]
    visits = sessions_of([*entries, event("exit", 60, "沪A12346")])
    assert visits[-1].candidates == tuple(sorted(each.id for each in entries))
    assert [visit.inside for visit in visits] == [True, True, False]
    found = sessions_of([*entries, event("exit", 60, "沪A12346"), event("exit", 30, "沪A12347")])
    assert shape(found) == [(0, 60, ""), (1, 30, "")]  # a late exit leaves one


@pytest.mark.parametrize(
    ("raw", "text", "kind"),
    [
        ("沪a·12345", "沪A12345", "standard"),
        ("沪AO123I", "沪A01231", "standard"),
        ("沪ＡＤ１２３４５", "沪AD12345", "new_energy"),
        ("沪A12345D", "沪A12345D", "new_energy"),
        ("沪A1234挂", "沪A1234挂", "trailer"),
        ("沪A1234警", "沪A1234警", "police"),
        ("使224578", "使224578", "embassy"),
        ("沪A1234领", "沪A1234领", "embassy"),
        ("粤Z1234港", "粤Z1234港", "hk_macau"),
        ("AB12CD", "AB12CD", "other"),
    ],
)
def test_kinds_of_plates(raw: str, text: str, kind: str) -> None:
    plate = read_plate(raw)
    assert (plate.text, plate.kind) == (text, kind)


@given(st.text("0DQ8B5S2Z17沪苏A?", min_size=6, max_size=9), st.text("0DQ8B5S2Z17沪苏A?", min_size=6, max_size=9))
def test_nearness_is_mutual(one: str, other: str) -> None:
    assert near(one, other) == near(other, one)
    assert near(one, one)


@pytest.mark.parametrize("table", [garage_states, roadside_states])
def test_states_are_walked(table: Any) -> None:
    reached = {target for (_, _), target in table.TRANSITIONS.items()}
    start = get_args(table.State)[0]
    assert reached | {start} == set(get_args(table.State))
    assert {event for _, event in table.TRANSITIONS} == set(get_args(table.Event))
    leading = {state for state, _ in table.TRANSITIONS}
    assert set(get_args(table.State)) - leading <= {"unknown"}  # nobody to be billed


@given(st.data())
def test_no_walk_leaves_a_garage_twice(data: st.DataObject) -> None:
    events = data.draw(st.lists(st.sampled_from(get_args(garage_states.Event)), max_size=40))
    states = [garage_states.state_after(events[:number]) for number in range(len(events) + 1)]
    gone = False
    for state in states:
        assert not (gone and state in garage_states.INSIDE)
        gone = gone or state in {"exited", *garage_states.OWING, "paid", "debited", "written_off"}


def test_what_the_site_itself_took_is_of_the_visit_in_any_order() -> None:
    events = [
        event("enter", 0),
        event("exit", 60, opened=False),
        event("exit", 61, opened=False, paid_fen=1000),
        event("exit", 62, paid_fen=500),
    ]
    assert [visit.paid_here_fen for visit in sessions_of([*events, *events])] == [1500]
    assert [visit.paid_here_fen for visit in sessions_of(reversed(events))] == [1500]
