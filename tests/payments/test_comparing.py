"""Every difference that is seeded into two equal sets of books is found, and nothing else (PK-13)."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from adapters.bills import BillLine
from flows.payments.reconciliation.comparing import EDGE, Entry, Finding, Key, Outcome, compare, days_of, key_of
from kernel.clock import CHINA
from kernel.money import Fen

DAY = date(2026, 11, 2)
NOON = datetime.combine(DAY, time(12), CHINA)
SEEDS = (
    *("as_it_is", "refund_as_it_is", "amount", "refund_amount", "not_in_bill", "refund_not_in_bill", "never_heard"),
    *("not_ours", "refund_not_ours", "line_twice", "charged_twice", "second_attempt", "refund_twice", "in_next_bill"),
)
OUTCOMES: dict[str, Outcome | None] = {
    "as_it_is": "matched",
    "refund_as_it_is": "matched",
    "amount": "amount_diff",
    "refund_amount": "amount_diff",
    "not_in_bill": "only_ours",
    "refund_not_in_bill": "refund_missing",
    "never_heard": "only_channel",
    "not_ours": "only_channel",
    "refund_not_ours": "only_channel",
    "line_twice": "duplicate_payment",
    "charged_twice": "duplicate_payment",
    "second_attempt": "duplicate_payment",
    "refund_twice": "amount_diff",
    "in_next_bill": None,
}


class Books(NamedTuple):
    bill: list[BillLine]
    entries: list[Entry]
    seeds: dict[Key, str]


def line(number: str, amount: int, *, refund: str = "", transaction: str = "") -> BillLine:
    return BillLine(
        number=number,
        transaction=transaction or f"host-{number}",
        kind="refund" if refund else "payment",
        amount=Fen(amount),
        at=NOON,
        refund=refund,
    )


def seeded(number: str, seed: str, amount: int, other: int) -> tuple[list[BillLine], list[Entry]]:
    """Return both sides of one movement in which ``seed`` is wrong."""
    refund = f"r{number}" if seed.startswith("refund") else ""
    billed = line(number, amount, refund=refund)
    entry = Entry(key=key_of(billed), amount=Fen(amount), counts=True, days=days_of(NOON, NOON))
    midnight = days_of(datetime.combine(DAY, time(23, 59, 50), CHINA), NOON + timedelta(hours=12))
    changed: dict[str, tuple[list[BillLine], list[Entry]]] = {
        "amount": ([structs.replace(billed, amount=Fen(other))], [entry]),
        "not_in_bill": ([], [entry]),
        "never_heard": ([billed], [structs.replace(entry, counts=False, days=frozenset())]),
        "not_ours": ([billed], []),
        "line_twice": ([billed, billed], [entry]),
        "twice": ([billed, billed], [entry]),
        "charged_twice": ([billed, structs.replace(billed, transaction="host-other")], [entry]),
        "second_attempt": ([billed], [structs.replace(entry, second=True)]),
        "in_next_bill": ([], [structs.replace(entry, days=midnight)]),
    }
    return changed.get(seed.removeprefix("refund_"), ([billed], [entry]))


@st.composite
def books(draw: st.DrawFn) -> Books:
    amounts = st.integers(1, 10**7)
    bill: list[BillLine] = []
    entries: list[Entry] = []
    seeds: dict[Key, str] = {}
    for place, seed in enumerate(draw(st.lists(st.sampled_from(SEEDS), max_size=30))):
        amount = draw(amounts)
        other = amount + draw(st.integers(1, 10**7))
        billed, ours = seeded(f"{place:032}", seed, *draw(st.permutations([amount, other])))
        bill += billed
        entries += ours
        seeds[ours[0].key if ours else key_of(billed[0])] = seed
    return Books(draw(st.permutations(bill)), draw(st.permutations(entries)), seeds)


@pytest.mark.case("PK-13")
@given(books())
def test_every_seeded_difference_is_found_and_nothing_else(both: Books) -> None:
    bill, entries, seeds = both
    found = compare(DAY, bill, {each.key: each for each in entries})
    wanted = {key: OUTCOMES[seed] for key, seed in seeds.items() if OUTCOMES[seed] is not None}
    assert {each.key: each.outcome for each in found} == wanted
    assert len(found) == len(wanted)
    for each in found:
        assert each.charged_twice == (seeds[each.key] == "charged_twice")


@given(books())
def test_no_fen_of_either_side_is_lost_or_counted_twice(both: Books) -> None:
    bill, entries, seeds = both
    found = compare(DAY, bill, {each.key: each for each in entries})
    for kind in ("payment", "refund"):
        of_kind = [each for each in found if each.key.kind == kind]
        assert sum(each.hosts or 0 for each in of_kind) == sum(each.amount for each in bill if each.kind == kind)
        assert sum(each.ours or 0 for each in of_kind) == sum(
            each.amount
            for each in entries
            if each.key.kind == kind and each.counts and seeds[each.key] != "in_next_bill"
        )


@given(books())
def test_the_order_of_lines_and_entries_means_nothing(both: Books) -> None:
    bill, entries, _ = both
    found = Counter(_bare(each) for each in compare(DAY, bill, {each.key: each for each in entries}))
    again = compare(DAY, bill[::-1], {each.key: each for each in entries[::-1]})
    assert found == Counter(_bare(each) for each in again)


def _bare(found: Finding) -> tuple[object, ...]:
    return found.outcome, found.key, found.ours, found.hosts, found.lines, found.charged_twice


@pytest.mark.parametrize(
    ("at", "days"),
    [
        (time(12), {DAY}),
        (time(23, 59, 59), {DAY, DAY + timedelta(days=1)}),
        (time(0, 0), {DAY - timedelta(days=1), DAY}),
        (time(0, 15), {DAY}),
    ],
)
def test_what_is_near_midnight_may_stand_in_two_bills(at: time, days: set[date]) -> None:
    when = datetime.combine(DAY, at, CHINA)
    assert days_of(when, when) == days


def test_a_payment_before_midnight_is_missing_only_when_the_next_day_s_bill_lacks_it_too() -> None:
    late = datetime.combine(DAY, time(23, 59, 50), CHINA)
    entry = Entry(key=Key("payment", "1"), amount=Fen(880), counts=True, days=days_of(late, late))
    entries, tomorrow = {entry.key: entry}, DAY + timedelta(days=1)
    assert compare(DAY, [], entries) == []
    assert [each.outcome for each in compare(tomorrow, [], entries)] == ["only_ours"]
    assert [each.outcome for each in compare(tomorrow, [line("1", 880)], entries)] == ["matched"]
    assert compare(tomorrow, [], entries, elsewhere={entry.key}) == []  # it stood in the first day's bill after all
    assert days_of(late, late + EDGE) == {DAY, tomorrow}


def test_a_payment_in_two_days_bills_is_not_paid_back_for_it() -> None:
    entry = Entry(key=Key("payment", "1"), amount=Fen(880), counts=True, days=days_of(NOON, NOON))
    (found,) = compare(DAY, [line("1", 880)], {entry.key: entry}, elsewhere={entry.key})
    assert (found.outcome, found.charged_twice) == ("duplicate_payment", False)
