"""Of the same facts a box and the platform say that the same is due, to the fen."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from flows.gate import terms as at_site
from flows.gate.charging import Known, due_of
from flows.parking.cases import Case, Covering, Paid
from flows.parking.coupons import Coupon
from flows.parking.entry_terms import Permit, Version
from flows.parking.holidays import Holidays
from flows.parking.projecting import covered_from, fee_until
from flows.parking.site_snapshot import (
    SiteFormerTerms,
    SiteHoliday,
    SiteLot,
    SitePayment,
    SitePermit,
    SiteSession,
    SiteSnapshot,
    SiteTariff,
)
from flows.parking.tables import DayKind
from flows.parking.tariff import TariffVersion
from flows.parking.tariff_data import read_tariff
from flows.parking.terms import Lot, Terms
from flows.parking.visits import Visit
from tests.parking.tariffs import at

EVENING = at("11-02 18:00")
AREAS, CLASSES, DAY_KINDS, REGIONS = (
    ("inner", "outer"),
    ("small", "large"),
    ("working", "rest", "holiday"),
    ("CN", "XJ"),
)


def later(minutes: int) -> datetime:
    return EVENING + timedelta(minutes=minutes)


MOMENTS = st.integers(-8, 16).map(lambda half_hours: later(30 * half_hours))
_numbers = count(1)


def tariff(free_minutes: int, once_in_hours: int, **more: Any) -> dict[str, Any]:
    """A tariff in which no two prices are equal; the first minutes of a night are dear."""
    rates = []
    for area in AREAS:
        for whose in (["small"], ["large", "motorcycle"]):
            for kind in DAY_KINDS:
                fen = 100 + next(_numbers)
                day = {"name": "day", "begin": "08:00", "end": "20:00", "unit": {"minutes": 30, "fen": fen}}
                night = {"name": "night", "begin": "20:00", "end": "08:00", "unit": {"minutes": 10, "fen": 3 * fen}}
                whom = {"area_classes": [area], "vehicle_classes": whose, "day_kinds": [kind]}
                rates.append({"bands": [day, night], "cap_fen": 40 * fen} | whom)
    permits = [{"name": "season", "percent_off": 100}, {"name": "half", "percent_off": 50}]
    return {
        "free": {"minutes": free_minutes, "once_in_hours": once_in_hours},
        "rates": rates,
        "permits": permits,
    } | more


PENALTY = {"after_minutes": 15, "unit": {"minutes": 10, "fen": 500}}
TARIFFS = [
    SiteTariff(id=UUID(int=number), code=code, name="", valid_from=later(minutes), data=data)
    for number, (code, minutes, data) in enumerate(
        [
            ("a", -600, tariff(15, 0)),
            ("b", -600, tariff(60, 24)),
            ("a", 60, tariff(0, 0, electric={"free_minutes": 60, "penalty": PENALTY})),
            ("b", 90, tariff(30, 6)),
        ]
    )
]
VERSIONS = [
    (each.code, Version(each.id, each.valid_from, TariffVersion("", read_tariff(each.data)))) for each in TARIFFS
]


class Facts(Struct, frozen=True, kw_only=True):
    """All that a fee follows from. ``terms`` held one after the other, the others than the last until ``changed``."""

    terms: list[dict[str, Any]]
    changed: list[datetime]
    holidays: Mapping[tuple[str, date], DayKind]
    permits: list[Permit]
    payments: list[Paid]
    coupons: list[Coupon]
    free: list[datetime]
    visit: Visit


@st.composite
def payments(draw: st.DrawFn) -> Paid:
    quoted, amount = draw(MOMENTS), draw(st.integers(1, 3000))
    paid = draw(st.sampled_from([None, quoted, quoted + timedelta(minutes=30)]))
    return Paid(
        order_id=UUID(int=1),
        kind=draw(st.sampled_from(["prepay", "debit", "arrears"])),
        amount_fen=amount,
        refunded_fen=draw(st.integers(0, amount)) if paid else 0,
        quoted_at=quoted,
        covers_until=(paid or quoted) + timedelta(minutes=draw(st.sampled_from([15, 240]))),
        paid_at=paid,
        closed_at=None,
    )


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    opened, unplugged = draw(MOMENTS), draw(st.none() | MOMENTS)
    return Visit(
        id=UUID(int=8),
        credential="plate:沪A12345",
        color="blue",
        confidence=1000,
        vehicle_class=draw(st.sampled_from(CLASSES)),
        opened_at=opened,
        entered_at=draw(st.sampled_from([opened, opened, None])),
        charging=draw(st.sampled_from([None, (opened, unplugged)])),
        paid_here_fen=draw(st.sampled_from([0, 700])),
    )


FACTS = st.builds(
    Facts,
    terms=st.lists(
        st.fixed_dictionaries(
            {
                "tariff": st.sampled_from("ab"),
                "area_class": st.sampled_from(AREAS),
                "holiday_region": st.sampled_from(REGIONS),
                "no_entry": st.sampled_from(["review", "minimum"]),
            }
        ),
        min_size=3,
        max_size=3,
    ),
    changed=st.lists(MOMENTS, min_size=2, max_size=2).map(sorted),
    holidays=st.dictionaries(
        st.tuples(st.sampled_from(REGIONS), st.sampled_from([later(0).date(), later(600).date()])),
        st.sampled_from(DAY_KINDS),
    ),
    permits=st.lists(st.builds(Permit, st.sampled_from(["season", "half"]), MOMENTS, st.none() | MOMENTS), max_size=2),
    payments=st.lists(payments(), max_size=2),
    coupons=st.lists(st.builds(Coupon, MOMENTS, st.integers(1, 2000), st.none() | MOMENTS), max_size=2),
    free=st.lists(MOMENTS, max_size=2),
    visit=visits(),
)


def by_platform(known: Facts, until: datetime) -> tuple[int | None, bool]:
    """Return what the platform says is due, and whether a payment gives time to leave until then."""

    def terms(charged: dict[str, Any], former: Any = ()) -> Terms:
        lot = Lot(id=UUID(int=7), operator_id="", kind="garage", name_zh="", pays_later=False, host_ids={}, **charged)
        versions = [version for code, version in VERSIONS if code == lot.tariff]
        days = {day: kind for (region, day), kind in known.holidays.items() if region == lot.holiday_region}
        return Terms(lot, versions, Holidays(days), {b"plate": known.permits}, former=former)

    *was, _ = map(terms, known.terms)
    case = Case(
        visit=msgspec.structs.replace(known.visit, left_at=until),
        credential=b"plate",
        payments=known.payments,
        coupons=known.coupons,
        free_at=max((each for each in known.free if each < known.visit.opened_at), default=None),
    )
    fee = fee_until(case, terms(known.terms[-1], list(zip(known.changed, was, strict=True))), until)
    in_grace = covered_from(case.payments, until) is not None
    return (None, False) if fee is None else (fee.total_fen - case.paid_fen, in_grace)


def by_box(known: Facts, until: datetime) -> tuple[int | None, bool]:
    """Return what a box says that a snapshot has told the same."""
    *was, now = known.terms
    former = tuple(SiteFormerTerms(until=at, **each) for at, each in zip(known.changed, was, strict=True))
    session = SiteSession(
        id=known.visit.id,
        who="who",
        open=True,
        charging=known.visit.charging,
        paid=tuple(
            SitePayment(amount_fen=each.fen, **{name: getattr(each, name) for name in Covering.__struct_fields__})
            for each in known.payments
            if each.paid_at
        ),
        coupons=tuple(known.coupons),
    )
    told = SiteSnapshot(
        revision="1",
        at=until,
        complete=True,
        lot=SiteLot(id=UUID(int=7), code="1", name_zh="", kind="garage", spaces=1, former=former, **now),
        tariffs=tuple(TARIFFS),
        holidays=tuple(SiteHoliday(region=at, day=day, kind=kind) for (at, day), kind in known.holidays.items()),
        permits=tuple(SitePermit(who="who", **msgspec.structs.asdict(each)) for each in known.permits),
    )
    due = due_of(known.visit, Known(who="who", session=session, free=known.free), at_site.terms_of(told), until)
    return due.fen, due.in_grace


@given(FACTS, MOMENTS)
def test_a_box_and_the_platform_say_that_the_same_is_due(known: Facts, until: datetime) -> None:
    until = max(until, known.visit.opened_at)
    assert by_box(known, until) == by_platform(known, until)
