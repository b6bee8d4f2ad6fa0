"""What stays cost: the published vectors, what always holds, and each rule by itself."""

import re
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flows.parking.coupons import Discount
from flows.parking.errors import TariffRefusedError
from flows.parking.tariff import Stay, TariffVersion
from flows.parking.tariff_data import read_tariff
from kernel.money import Fen
from tests.parking.tariffs import EXAMPLE, HOLIDAYS, at, cost, example

VECTORS = [
    ("11-02 09:00:00", "11-02 09:15:00", 0),
    ("11-02 09:00:00", "11-02 09:15:01", 1500),
    ("11-02 09:00", "11-02 10:00", 1500),
    ("11-02 09:00", "11-02 10:01", 2500),
    ("11-02 09:00", "11-02 20:00", 8000),
    ("11-02 22:00", "11-03 08:00", 4400),
    ("11-02 09:00", "11-05 09:00", 28000),
]


@pytest.mark.case("PK-01")
@pytest.mark.parametrize(("entered", "until", "fen"), VECTORS)
def test_vectors(entered: str, until: str, fen: int) -> None:
    assert cost(example(), entered, until) == fen


PRICES: st.SearchStrategy[dict[str, int]] = st.builds(dict, minutes=st.integers(1, 240), fen=st.integers(0, 3000))


@st.composite
def bands(draw: st.DrawFn) -> list[dict[str, Any]]:
    begins = sorted(draw(st.sets(st.integers(0, 47), min_size=1, max_size=4)))
    times = [f"{begin // 2:02}:{begin % 2 * 30:02}" for begin in begins]
    return [
        {
            "name": f"band {begin}",
            "begin": begin,
            "end": end,
            "unit": draw(PRICES),
            **draw(st.sampled_from([{}, {"cap_fen": 700}])),
            **({"first": draw(PRICES)} if draw(st.booleans()) else {}),
        }
        for begin, end in zip(times, [*times[1:], times[0]], strict=True)
    ]


@st.composite
def tariffs(draw: st.DrawFn) -> TariffVersion:
    surcharge = {"after_minutes": 15, "unit": draw(PRICES)}
    working = draw(bands())
    holiday = [band | {"unit": draw(PRICES)} for band in working]
    data = {
        "rates": [
            {"bands": working, "day_kinds": ["working", "rest"], "cap_fen": 5000},
            {"bands": holiday, "day_kinds": ["holiday"], "cap_fen": 9000},
        ],
        "free": {"minutes": draw(st.integers(0, 60)), "deducted": draw(st.booleans())},
        "cap_window": draw(st.sampled_from(["calendar", "rolling24", "per_entry"])),
        "permits": [{"name": "resident", "percent_off": 33, "free_minutes": 45}],
        "electric": {"free_minutes": 90, **draw(st.sampled_from([{}, {"penalty": surcharge}]))},
    }
    return TariffVersion("any", read_tariff(data))


MOMENTS = st.integers(0, 40 * 24 * 3600).map(lambda seconds: at("2026-09-10 00:00") + timedelta(seconds=seconds))
DISCOUNTS = st.builds(Discount, st.integers(1, 20_000).map(Fen), st.sampled_from([0, 0, 700, 2500]))
LENGTHS = st.one_of(st.integers(0, 7200), st.integers(0, 6 * 24 * 3600)).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def stays(draw: st.DrawFn) -> Stay:
    entered = draw(MOMENTS)
    plugged = entered + draw(LENGTHS)
    charging = draw(st.sampled_from([None, (plugged, None), (plugged, plugged + draw(LENGTHS))]))
    return Stay(
        entered_at=entered,
        permit=draw(st.sampled_from(["", "resident"])),
        charging=charging,
        coupons=tuple(draw(st.lists(DISCOUNTS, max_size=3))),
    )


@pytest.mark.case("PK-01")
@given(tariffs(), stays(), LENGTHS, LENGTHS)
def test_a_fee_never_falls_and_its_lines_add_up(
    version: TariffVersion, stay: Stay, short: timedelta, longer: timedelta
) -> None:
    first = version.fee(stay, stay.entered_at + short, HOLIDAYS)
    later = version.fee(stay, stay.entered_at + short + longer, HOLIDAYS)
    assert 0 <= first.total_fen <= later.total_fen
    for fee in (first, later):
        assert sum(line.amount_fen for line in fee.lines) == fee.total_fen
        assert all(line.begin <= line.end for line in fee.lines)


@pytest.mark.case("PK-01")
@given(tariffs(), MOMENTS, LENGTHS)
def test_never_above_the_caps(version: TariffVersion, entered: datetime, length: timedelta) -> None:
    fee = version.fee(Stay(entered_at=entered), entered + length, HOLIDAYS).total_fen
    windows = 1 if version.tariff.cap_window == "per_entry" else length // timedelta(days=1) + 2
    assert fee <= windows * 9000


@pytest.mark.case("PK-01")
@given(tariffs(), st.integers(0, 24 * 3600), LENGTHS)
def test_equal_for_equal_stays_by_the_clock(version: TariffVersion, second: int, length: timedelta) -> None:
    entered = [at(f"{day} 00:00") + timedelta(seconds=second) for day in ("11-02", "12-14")]  # Mondays, no holidays
    fees = [version.fee(Stay(entered_at=each), each + length, HOLIDAYS).total_fen for each in entered]
    assert fees[0] == fees[1]


@given(tariffs(), stays(), LENGTHS)
def test_the_next_raise_is_the_first_second_that_costs_more(
    version: TariffVersion, stay: Stay, length: timedelta
) -> None:
    moment = stay.entered_at + length
    raised, fee = version.next_raise(stay, moment, HOLIDAYS), version.fee(stay, moment, HOLIDAYS).total_fen
    if raised is None:
        assert version.fee(stay, moment + timedelta(days=1), HOLIDAYS).total_fen == fee
    else:
        assert version.fee(stay, raised - timedelta(seconds=1), HOLIDAYS).total_fen == fee
        assert version.fee(stay, raised, HOLIDAYS).total_fen > fee


def test_free_minutes_may_be_deducted_and_come_once_in_hours() -> None:
    deducted = example(free={"minutes": 15, "deducted": True})
    assert cost(deducted, "11-02 09:00", "11-02 10:15") == 1500
    once = example(free={"minutes": 15, "once_in_hours": 24})
    assert cost(once, "11-02 09:00", "11-02 09:10", free_at=at("11-01 09:00:01")) == 1500
    assert cost(once, "11-02 09:00", "11-02 09:10", free_at=at("11-01 09:00")) == 0


def test_caps_of_a_rolling_day_and_of_an_entry() -> None:
    assert cost(example(cap_window="rolling24"), "11-02 12:00", "11-03 12:00") == 8000
    assert cost(example(cap_window="rolling24"), "11-02 12:00", "11-03 12:01") == 9000
    assert cost(example(cap_window="per_entry"), "11-02 12:00", "11-09 12:00") == 8000
    assert cost(example(), "11-02 12:00", "11-03 12:00") == 16000


def test_permit_then_free_then_cap_then_coupon() -> None:
    version = example(permits=[{"name": "disabled", "percent_off": 50, "free_minutes": 60}])
    assert cost(version, "11-02 09:00", "11-02 10:00", permit="disabled") == 0
    assert cost(version, "11-02 09:00", "11-02 10:01", permit="disabled") == 750 + 500
    assert cost(version, "11-02 07:00", "11-02 22:00", permit="disabled", coupons=(Discount(Fen(1000)),)) == 7000
    assert cost(version, "11-02 09:00", "11-02 10:00", coupons=(Discount(Fen(99999)),)) == 0


@given(tariffs(), stays(), LENGTHS)
def test_a_coupon_makes_no_fee_negative_or_higher_and_gives_nothing_back(
    version: TariffVersion, stay: Stay, length: timedelta
) -> None:
    until = stay.entered_at + length
    gross = version.fee(replace(stay, coupons=()), until, HOLIDAYS).total_fen
    net = version.fee(stay, until, HOLIDAYS).total_fen
    assert 0 <= net <= gross
    assert gross - net <= sum(each.fen for each in stay.coupons)
    for paid in (700, 2500):  # whatever was paid before they were granted stays paid
        late = tuple(Discount(each.fen, paid) for each in stay.coupons)
        assert version.fee(replace(stay, coupons=late), until, HOLIDAYS).total_fen >= min(gross, paid)


def test_a_coupon_that_pays_for_days_says_when_it_ends() -> None:
    stay = Stay(entered_at=at("11-02 09:00"), coupons=(Discount(Fen(4 * 8000)),))
    assert example().fee(stay, at("11-06 07:00"), HOLIDAYS).total_fen == 0
    assert example().next_raise(stay, at("11-02 10:00"), HOLIDAYS) == at("11-06 07:00:01")
    assert cost(example(), "11-02 09:00", "11-06 07:01", coupons=stay.coupons) == 1000
    endless = replace(stay, coupons=(Discount(Fen(100_000_00)),))
    assert example().next_raise(endless, at("11-02 10:00"), HOLIDAYS) is None


@pytest.mark.case("PK-16")
def test_charging_is_free_and_blocking_the_charger_is_not() -> None:
    penalty = {"after_minutes": 15, "unit": {"minutes": 10, "fen": 500}, "cap_fen": 2000}
    version = example(electric={"free_minutes": 120, "penalty": penalty})
    charged = at("11-02 09:00"), at("11-02 11:00")
    assert cost(version, "11-02 09:00", "11-02 11:00", charging=(charged[0], None)) == 0
    assert cost(version, "11-02 09:00", "11-02 11:15", charging=charged) == 1500
    assert cost(version, "11-02 09:00", "11-02 11:15:01", charging=charged) == 1500 + 500
    assert cost(version, "11-02 09:00", "11-02 12:00", charging=charged) == 1500 + 2000


@pytest.mark.case("PK-11")
def test_midnight_swapped_days_and_leap_days() -> None:
    rates = deepcopy(EXAMPLE["rates"])
    flat = {"name": "all day", "begin": "07:00", "end": "07:00", "unit": {"minutes": 60, "fen": 300}}
    version = example(
        rates=[rates[0] | {"day_kinds": ["working"]}, {"day_kinds": ["rest", "holiday"], "bands": [flat]}]
    )
    assert cost(version, "11-02 23:30", "11-03 00:30") == 100  # a night of the day that it begins on
    assert cost(version, "10-09 23:30", "10-10 07:30") == 800 + 1500  # a Saturday that people work on
    assert cost(version, "10-10 09:00", "10-10 10:00") == 1500
    assert cost(version, "10-11 09:00", "10-11 10:00") == 300  # a Sunday
    assert cost(version, "10-01 09:00", "10-01 10:00") == 300  # a Thursday, and a holiday
    assert cost(version, "10-12 03:00", "10-12 08:00") == 4 * 300 + 1500  # Sunday's band lasts until Monday at seven
    assert cost(example(), "2028-02-28 09:00", "2028-03-01 09:00") == 8000 * 2 + 4000
    assert cost(example(), "2026-02-28 09:00", "2026-03-01 09:00") == 8000 + 4000


def test_longer_than_allowed() -> None:
    version = example(overstay={"after_minutes": 120, "unit": {"minutes": 60, "fen": 5000}})
    assert cost(version, "11-02 09:00", "11-02 11:00") == 3500
    assert cost(version, "11-02 09:00", "11-02 11:01") == 4500 + 5000


def test_vehicle_and_area_classes() -> None:
    [rate] = EXAMPLE["rates"]
    one = {"name": "one", "begin": "00:00", "end": "24:00", "unit": {"minutes": 60, "fen": 100}}
    version = example(
        rates=[
            rate | {"vehicle_classes": ["small"], "area_classes": ["inner"]},
            {"vehicle_classes": ["small"], "area_classes": ["outer"], "bands": [one]},
            {"vehicle_classes": ["large", "motorcycle"], "bands": [one]},
        ]
    )
    assert cost(version, "11-02 09:00", "11-02 10:00", area_class="inner") == 1500
    assert cost(version, "11-02 09:00", "11-02 10:00", area_class="outer") == 100
    assert cost(version, "11-02 09:00", "11-02 10:00", area_class="outer", vehicle_class="large") == 100


WRONG = [
    ({"rates": []}, "rates", "0 rates are for large vehicles on holiday days"),
    ({"cap_window": "weekly"}, "cap_window", "Invalid enum value 'weekly'"),
    ({"free": {"minutes": 1.5}}, "free.minutes", "Expected `int`, got `float`"),
    ({"free": {"minutes": -1}}, "free.minutes", "-1 is out of bounds"),
    ({"bonus": 1}, "data", "Object contains unknown field `bonus`"),
    ({"rates[0].bands[0].end": "22:00"}, "rates[0].bands[0].end", "day ends at 22:00 and night begins at 22:30"),
    ({"rates[0].bands[1].begin": "25:00"}, "rates[0].bands[1].begin", "'25:00' is no time of day"),
    ({"rates[0].bands[1].unit": {"minutes": 0, "fen": 1}}, "rates[0].bands[1].unit.minutes", "0 is out of bounds"),
]


@pytest.mark.parametrize(("changes", "where", "problem"), WRONG)
def test_wrong_data_is_refused_with_its_place(changes: dict[str, Any], where: str, problem: str) -> None:
    data = deepcopy(EXAMPLE)
    for name, value in changes.items():
        if found := re.fullmatch(r"rates\[0\]\.bands\[(\d)\]\.(\w+)", name):
            data["rates"][0]["bands"][int(found[1])][found[2]] = value
        else:
            data[name] = value
    with pytest.raises(TariffRefusedError) as refused:
        read_tariff(data)
    finding = refused.value.findings[0]
    assert (finding.where, problem in finding.problem) == (where, True), finding
    assert finding.fix
