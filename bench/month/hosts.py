"""The hosts' side of the money, in the play's process: a channel's and a parking product's interface, without HTTP.

Each host has books of its own, which only payers and calls of the interface change. Callbacks are signed (HMAC) and
read by the interface. With HTTP and RSA a payment would take some 30 ms more; ``adapters.sandbox`` has that.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, NoReturn, cast

import msgspec
from msgspec import Struct

from adapters.bills import Bill, BillLine, check_over, nothing_billed
from adapters.channel import Callback, Order, Payment, Provider, Refund
from adapters.errors import OrderRefusedError, OutcomeUnknownError, SignatureRefusedError
from adapters.parking import Charge, Charged, Entered, Plate, ServiceState, Stay
from kernel.clock import CHINA, Clock
from kernel.money import Fen

_REFUND_TAKES = timedelta(minutes=2)
_SECRET = b"shared with the host"


class Trade(Struct):
    """An order in a host's books. ``stay`` is what a debit is for; ``paid_at`` of one may be still to come."""

    number: str
    amount: int
    expires_at: datetime
    transaction: str
    closed: bool = False
    paid_at: datetime | None = None
    stay: str = ""


class Back(Struct):
    """A refund in a host's books."""

    number: str
    order: str
    amount: int
    done_at: datetime


class Notice(Struct, frozen=True):
    """What a host tells of a payment."""

    id: str
    number: str
    transaction: str
    amount: int
    paid_at: datetime


class Host:
    """One host app: it outlives every process of the platform."""

    def __init__(self, provider: str, clock: Clock, random: Random) -> None:
        self.provider = cast("Provider", provider)
        self.app_id = f"app-{provider}"
        self.clock, self._random = clock, random
        self.trades: dict[str, Trade] = {}
        self.refunds: dict[str, Back] = {}
        self.agreed: set[str] = set()
        """Plates whose fees may be taken."""
        self.not_taken: set[str] = set()
        """Stays whose fee was refused."""
        self.debited: Callable[[str, datetime], None] = lambda _number, _at: None
        """Hears when a debit will be paid."""
        self.faults = 0

    # What payers do.

    def pay(self, number: str) -> bool:
        """The payer confirms; whether the host takes the money."""
        trade = self.trades[number]
        over = self.provider == "wechat" and self.clock.now() > trade.expires_at
        if trade.closed or over or trade.paid_at is not None:
            return False
        trade.paid_at = self.clock.now()
        return True

    def notice(self, number: str) -> tuple[Mapping[str, str], bytes]:
        """The callback of a payment: headers and body, the same each time."""
        trade = self.trades[number]
        said = Notice(f"n{number}", number, trade.transaction, trade.amount, trade.paid_at or self.clock.now())
        body = msgspec.json.encode(said)
        return {"signature": _signature(body)}, body

    # What the platform asks.

    async def prepay(self, order: Order) -> Mapping[str, str]:
        known = self.trades.get(order.number)
        if known is None:
            self.trades[order.number] = Trade(order.number, order.amount, order.expires_at, f"t{order.number}")
        if known is None and self._random.random() < 0.01:
            self._silent()
        return {"number": order.number}

    async def query(self, number: str) -> Payment:
        trade = self.trades.get(number)
        if trade is None:
            return Payment(number=number, state="unknown")
        if trade.paid_at is None or trade.paid_at > self.clock.now():
            over = self.provider == "wechat" and self.clock.now() > trade.expires_at
            return Payment(number=number, state="closed" if trade.closed or over else "pending")
        return _paid(number, trade.transaction, trade.amount, trade.paid_at)

    async def service_state(self, plate: Plate, driver: str = "") -> ServiceState:  # noqa: ARG002 - one driver a plate
        return "active" if plate.number in self.agreed else "none"

    async def announce_entry(self, stay: Stay) -> Entered:
        if self._random.random() < 0.01:
            self._silent()
        return Entered(f"r{stay.number}", await self.service_state(stay.plate))

    async def charge(self, charge: Charge) -> Charged:
        """Take a fee: at once, within an hour and a half, or not; now and then nobody hears what became of it."""
        number, now = charge.number, self.clock.now()
        if number not in self.trades:
            if charge.stay.plate.number not in self.agreed or self._random.random() < 0.03:
                self.not_taken.add(charge.stay.number)
                raise OrderRefusedError("The payer cannot be charged", fix="Let them pay by themselves.")
            if self._random.random() < 0.02:
                self._silent()
            paid_at = now + timedelta(minutes=self._random.choice((0, 0, self._random.uniform(1, 90))))
            trade = Trade(number, charge.amount, now, f"t{number}", paid_at=paid_at, stay=charge.stay.number)
            self.trades[number] = trade
            if self._random.random() < 0.05:
                trade.paid_at, trade.closed = None, True
                self.not_taken.add(trade.stay)
            else:
                self.debited(number, paid_at)
            if self._random.random() < 0.02:
                self._silent()
        return await self.query_charge(number)

    async def query_charge(self, number: str) -> Charged:
        trade = self.trades.get(number)
        if trade is None:
            return Charged(number=number, state="unknown")
        if trade.paid_at is None or trade.paid_at > self.clock.now():
            return Charged(number=number, state="failed" if trade.closed else "accepted")
        return Charged(
            number=number, state="paid", amount=Fen(trade.amount), transaction=trade.transaction, paid_at=trade.paid_at
        )

    async def close(self, number: str) -> None:
        trade = self.trades.get(number)
        if trade is not None and trade.paid_at is not None:
            raise OrderRefusedError("The order is paid", fix="Query it.")
        if trade is not None:
            trade.closed = True

    async def refund(self, number: str, order: Payment, amount: Fen, reason: str) -> Refund:  # noqa: ARG002 - books have no reasons
        known = self.refunds.get(number)
        if known is None:
            trade = self.trades[order.number]
            before = sum(each.amount for each in self.refunds.values() if each.order == order.number)
            if trade.paid_at is None or before + amount > trade.amount:
                raise OrderRefusedError("More than was paid", fix="Ask for what is left.")
            wait = timedelta(0) if self.provider == "alipay" else _REFUND_TAKES
            known = self.refunds[number] = Back(number, order.number, amount, self.clock.now() + wait)
        return self._refund(known)

    async def query_refund(self, number: str, order: Payment) -> Refund:
        known = self.refunds.get(number)
        return Refund(number=number, order=order.number, state="unknown") if known is None else self._refund(known)

    async def bill(self, day: date) -> Bill:
        """What was paid and given back on a day, from the books."""
        now = self.clock.now()
        check_over(day, now, self.provider)
        nothing_billed(day, now, self.provider)
        lines = [
            BillLine(
                number=each.number, transaction=each.transaction, kind="payment", amount=Fen(each.amount),
                fee=Fen((each.amount * 6 + 500) // 1000), at=each.paid_at,
            )
            for each in self.trades.values()
            if each.paid_at is not None and each.paid_at.astimezone(CHINA).date() == day
        ]  # fmt: skip
        lines += [
            BillLine(
                number=each.order, transaction=f"t{each.order}", kind="refund", amount=Fen(each.amount),
                refund=each.number, at=each.done_at,
            )
            for each in self.refunds.values()
            if each.done_at.astimezone(CHINA).date() == day
        ]  # fmt: skip
        return Bill(app_id=self.app_id, day=day, lines=tuple(lines))

    def taken(self) -> int:
        """What the books have: paid less given back."""
        paid = sum(each.amount for each in self.trades.values() if each.paid_at is not None)
        return paid - sum(each.amount for each in self.refunds.values())

    def _silent(self) -> NoReturn:
        self.faults += 1
        raise OutcomeUnknownError("The host did not answer", fix="Query it.")

    def _refund(self, known: Back) -> Refund:
        state: Any = "done" if known.done_at <= self.clock.now() else "pending"
        return Refund(number=known.number, order=known.order, state=state, amount=Fen(known.amount))


def read_notice(headers: Mapping[str, str], body: bytes) -> Callback:
    """Return what a host's callback says. Raises SignatureRefusedError."""
    if not hmac.compare_digest(headers.get("signature", ""), _signature(body)):
        raise SignatureRefusedError("The callback is not the host's", fix="Ask the host.")
    said = msgspec.json.decode(body, type=Notice)
    return Callback(_paid(said.number, said.transaction, said.amount, said.paid_at), said.id, b"success")


def _paid(number: str, transaction: str, amount: int, paid_at: datetime) -> Payment:
    return Payment(number=number, state="paid", amount=Fen(amount), transaction=transaction, paid_at=paid_at)


def _signature(body: bytes) -> str:
    return hmac.new(_SECRET, body, hashlib.sha256).hexdigest()
