"""What every car owes, from what truly happened and the hosts' books; of ours only the tariff is used. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from bench.month.drivers import Known
from bench.month.hosts import Host
from bench.month.town import GRACE, TARIFFS, Stay
from flows.parking.holidays import Holidays
from flows.parking.tariff import Stay as Charged
from flows.parking.tariff import TariffVersion
from flows.parking.tariff_data import read_tariff

_RULES = {name: TariffVersion(name, read_tariff(data)) for name, data in TARIFFS.items()}
_HOLIDAYS = Holidays({})


class Owed(Struct, frozen=True):
    """A stay's account: its fee, what the hosts have taken for it, what of that stays taken, and what is still owed."""

    fee: int
    taken: int
    kept: int
    back: int
    arrears: int
    free: bool


class _Order(Struct):
    amount: int
    asked_at: datetime
    paid_at: datetime


def accounts(stays: Iterable[Stay], known: Mapping[int, Known], hosts: Mapping[str, Host]) -> dict[int, Owed]:
    """Return every stay's account, in the order of entering, for free minutes depend on stays before."""
    free_at: dict[tuple[int, int], datetime] = {}
    found: dict[int, Owed] = {}
    for stay in sorted(stays, key=lambda each: known[each.number].entered_at):
        place = stay.site.number, stay.car
        owed = _owed(stay, known[stay.number], hosts, free_at.get(place))
        if owed.free:
            free_at[place] = known[stay.number].entered_at
        found[stay.number] = owed
    return found


def _owed(stay: Stay, known: Known, hosts: Mapping[str, Host], free_at: datetime | None) -> Owed:
    left_at = known.left_at
    if left_at is None:
        raise AssertionError(f"stay {stay.number} has not ended")
    taken = sum(hosts[app].trades[each].amount for app, each in _paid(known, hosts))
    orders = _orders(known, hosts)
    covered = [each.asked_at for each in orders if each.paid_at <= left_at <= each.paid_at + GRACE[stay.site.tariff]]
    charged = Charged(entered_at=known.entered_at, free_at=free_at)
    fee = _RULES[stay.site.tariff].fee(charged, max(covered, default=left_at), _HOLIDAYS)
    owes = fee.total_fen if known.adjusted is None else known.adjusted
    kept = min(sum(each.amount for each in orders), owes)
    return Owed(fee.total_fen, taken, kept, taken - kept, owes - kept, fee.free)


def _paid(known: Known, hosts: Mapping[str, Host]) -> list[tuple[str, str]]:
    """The attempts whose money a host has taken."""
    return [
        (app, each)
        for each, (app, _) in known.attempts.items()
        if each in hosts[app].trades and hosts[app].trades[each].paid_at is not None
    ]


def _orders(known: Known, hosts: Mapping[str, Host]) -> Sequence[_Order]:
    """What was paid counts once an order; a second payment goes back."""
    orders: dict[UUID, _Order] = {}
    for app, number in _paid(known, hosts):
        trade, order = hosts[app].trades[number], known.attempts[number][1]
        if trade.paid_at is not None:
            orders.setdefault(order, _Order(trade.amount, known.orders[order], trade.paid_at))
    return list(orders.values())
