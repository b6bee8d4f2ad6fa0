"""What every car owes, from what truly happened and the hosts' books; of ours only the tariff is used. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from bench.month.drivers import Known
from bench.month.hosts import Host, Trade
from bench.month.town import GRACE, TARIFFS, Stay
from flows.parking.holidays import Holidays
from flows.parking.tariff import Stay as Charged
from flows.parking.tariff import TariffVersion
from flows.parking.tariff_data import read_tariff

_RULES = {name: TariffVersion(name, read_tariff(data)) for name, data in TARIFFS.items()}
_HOLIDAYS = Holidays({})


class Owed(Struct, frozen=True):
    """A stay's account: its fee, what the hosts have taken for it, what of that stays taken, and what is still owed.

    ``debits`` is how often a host has taken it by itself.
    """

    fee: int
    taken: int
    kept: int
    back: int
    arrears: int
    debits: int
    free: bool


class _Order(Struct):
    amount: int
    asked_at: datetime
    paid_at: datetime


class Books:
    """What the hosts have taken, by the order that it was for."""

    def __init__(self, hosts: Mapping[str, Host], attempts: Mapping[str, tuple[str, UUID]]) -> None:
        self._paid: dict[UUID, list[Trade]] = {}
        self._debited: dict[str, list[Trade]] = {}
        for each in (each for host in hosts.values() for each in host.trades.values()):
            if each.stay and each.paid_at is not None:
                self._debited.setdefault(each.stay, []).append(each)
        for number, (host, order) in attempts.items():
            trade = hosts[host].trades.get(number)
            if trade is not None and trade.paid_at is not None:
                self._paid.setdefault(order, []).append(trade)

    def paid(self, order: UUID) -> list[Trade]:
        """The trades of an order that are paid, in the order in which they were begun."""
        return self._paid.get(order, [])

    def debits(self, session: UUID) -> list[Trade]:
        """What was taken for a stay by itself."""
        return self._debited.get(session.hex, [])


def accounts(stays: Iterable[Stay], known: Mapping[int, Known], books: Books) -> dict[int, Owed]:
    """Return every stay's account, in the order of entering, for free minutes depend on stays before."""
    free_at: dict[tuple[int, int], datetime] = {}
    found: dict[int, Owed] = {}
    for stay in sorted(stays, key=lambda each: known[each.number].entered_at):
        place = stay.site.number, stay.car
        owed = _owed(stay, known[stay.number], books, free_at.get(place))
        if owed.free:
            free_at[place] = known[stay.number].entered_at
        found[stay.number] = owed
    return found


def _owed(stay: Stay, known: Known, books: Books, free_at: datetime | None) -> Owed:
    left_at = known.left_at
    if left_at is None:
        raise AssertionError(f"stay {stay.number} has not ended")
    debits = books.debits(stay.session_id(known.entered_at))
    debited = sum(each.amount for each in debits)
    taken = sum(each.amount for order in known.orders for each in books.paid(order)) + debited
    orders = _orders(known, books)
    covered = [each.asked_at for each in orders if each.paid_at <= left_at <= each.paid_at + GRACE[stay.site.tariff]]
    charged = Charged(entered_at=known.entered_at, free_at=free_at)
    fee = _RULES[stay.site.tariff].fee(charged, max(covered, default=left_at), _HOLIDAYS)
    owes = fee.total_fen if known.adjusted is None else known.adjusted
    kept = min(sum(each.amount for each in orders) + debited, owes)
    return Owed(fee.total_fen, taken, kept, taken - kept, owes - kept, len(debits), fee.free)


def _orders(known: Known, books: Books) -> Sequence[_Order]:
    """What was paid counts once an order; a second payment goes back."""
    firsts = ((asked_at, trade) for order, asked_at in known.orders.items() for trade in books.paid(order)[:1])
    return [_Order(trade.amount, asked_at, trade.paid_at) for asked_at, trade in firsts if trade.paid_at is not None]
