"""Our books of a day and a host's bill of it, laid side by side. Pure.

Payments meet by our number, refunds by our number of the refund; times only say in which bill something has to stand.
A host's clock is not ours: what is within ``EDGE`` of midnight may stand in either day's bill, and is only missing
when neither has it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from msgspec import Struct

from adapters.bills import BillLine, LineKind
from kernel.clock import CHINA
from kernel.money import Fen

Difference = Literal["amount_diff", "only_channel", "only_ours", "duplicate_payment", "refund_missing"]
Outcome = Literal["matched", Difference]

EDGE = timedelta(minutes=15)  # clocks of hosts and ours, and the seconds in which a host books what was paid


class Key(NamedTuple):
    """By what both sides know one movement of money: our number of the payment, or of the refund."""

    kind: LineKind
    number: str


class Entry(Struct, frozen=True, kw_only=True):
    """One movement of money as we know it.

    ``counts``: it is in our ledger. Of one that is not, such as an attempt that nobody told us was paid, ``amount`` is
    what was asked for. ``second``: the order is paid by another attempt. ``days``: in which bills it may stand, if it
    has to be in one of them.
    """

    key: Key
    amount: Fen
    counts: bool
    second: bool = False
    days: frozenset[date] = frozenset()


class Finding(Struct, frozen=True, kw_only=True):
    """What came of one movement: the sums of both sides, and the bill's first line of it."""

    outcome: Outcome
    key: Key
    ours: Fen | None = None
    hosts: Fen | None = None
    line: BillLine | None = None
    lines: int = 0
    charged_twice: bool = False  # the host names two payments of its own for one number of ours


def key_of(line: BillLine) -> Key:
    """Return by what a line of a bill finds its entry."""
    return Key(line.kind, line.number if line.kind == "payment" else line.refund)


def days_of(first: datetime, last: datetime) -> frozenset[date]:
    """Return in which days' bills something may stand that the host booked between two times."""
    begin, end = ((first - EDGE).astimezone(CHINA).date(), (last + EDGE).astimezone(CHINA).date())
    return frozenset(begin + timedelta(days=each) for each in range((end - begin).days + 1))


def summed(found: Iterable[tuple[str, Mapping[str, int | None]]]) -> dict[str, dict[str, int]]:
    """Return the count and each side's sum, by what came of each finding; a side may have nothing."""
    sums: dict[str, dict[str, int]] = {}
    for group, sides in found:
        held = sums.setdefault(group, {"count": 0, **dict.fromkeys(sides, 0)})
        held["count"] += 1
        for side, amount in sides.items():
            held[side] += amount or 0
    return sums


def compare(
    day: date, bill: Iterable[BillLine], entries: Mapping[Key, Entry], elsewhere: Collection[Key] = frozenset()
) -> Sequence[Finding]:
    """Return what came of every line of a day's bill, and of every entry that has to be in it and is not.

    ``elsewhere`` is what other days' bills have. An entry that may be in a later bill still is no finding yet.
    """
    billed: dict[Key, list[BillLine]] = defaultdict(list)
    for line in bill:
        billed[key_of(line)].append(line)
    found = [_judged(key, lines, entries.get(key), again=key in elsewhere) for key, lines in billed.items()]
    missing = [
        Finding(outcome="only_ours" if key.kind == "payment" else "refund_missing", key=key, ours=entry.amount)
        for key, entry in entries.items()
        if key not in billed and key not in elsewhere and entry.days and entry.counts and max(entry.days) == day
    ]
    return found + missing


def _judged(key: Key, lines: Sequence[BillLine], entry: Entry | None, *, again: bool) -> Finding:
    counts = entry is not None and entry.counts
    hosts = Fen(sum(each.amount for each in lines))
    return Finding(
        outcome=_outcome(key, hosts, entry, twice=again or len(lines) > 1),
        key=key,
        ours=entry.amount if entry is not None and counts else None,
        hosts=hosts,
        line=lines[0],
        lines=len(lines),
        charged_twice=len({each.transaction for each in lines}) > 1,
    )


def _outcome(key: Key, hosts: Fen, entry: Entry | None, *, twice: bool) -> Outcome:
    payment = key.kind == "payment"
    if entry is None:
        return "only_channel"
    if payment and (twice or entry.second):
        return "duplicate_payment"
    if not entry.counts:
        return "only_channel"
    return "matched" if hosts == entry.amount and not twice else "amount_diff"
