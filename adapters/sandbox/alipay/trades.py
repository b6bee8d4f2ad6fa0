"""The simulated cashier: trades and refunds, by Alipay's rules for numbers that come again."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from adapters.alipay.app import TIME_FORM
from adapters.alipay.trades import read_time
from adapters.errors import OutcomeUnknownError
from adapters.sandbox.alipay.console import Console, SimulatedApp
from adapters.sandbox.alipay.notices import Notices
from adapters.sandbox.alipay.people import People
from adapters.sandbox.alipay.protocol import Call, Refusal
from adapters.sandbox.world import World
from kernel.clock import CHINA
from kernel.money import Fen, format_yuan, parse_yuan

_NUMBER = re.compile(r"[A-Za-z0-9_]{1,64}")
_AMOUNT = re.compile(r"\d{1,9}\.\d\d")
_BUYERS = ("buyer_id", "buyer_open_id", "op_buyer_open_id")
Status = Literal["WAIT_BUYER_PAY", "TRADE_SUCCESS", "TRADE_FINISHED", "TRADE_CLOSED"]


class SimulatedRefund(Struct):
    """A refund by its ``out_request_no``."""

    amount: Fen
    done_at: datetime | None = None

    @property
    def done(self) -> bool:
        return self.done_at is not None


class Trade(Struct, kw_only=True):
    """One trade. ``asked`` is what it was created with, to be compared when its number comes again."""

    app: SimulatedApp
    number: str
    trade_no: str
    resident: str
    amount: Fen
    subject: str
    notify_url: str
    asked: Mapping[str, object]
    created_at: datetime
    expires_at: datetime | None
    opened: bool
    status: Status = "WAIT_BUYER_PAY"
    paid_at: datetime | None = None
    refunds: dict[str, SimulatedRefund] = field(default_factory=dict)

    def refunded(self) -> Fen:
        return Fen(sum(each.amount for each in self.refunds.values()))


class Trades:
    """All trades. The methods that take a ``Call`` are the gateway's, the others the phone's and the world's."""

    def __init__(self, world: World, console: Console, people: People, notices: Notices) -> None:
        self._world = world
        self._console = console
        self._people = people
        self._notices = notices
        self._trades: dict[tuple[str, str], Trade] = {}

    def create(self, call: Call) -> Mapping[str, object]:
        number, amount = call.text("out_trade_no"), _amount(call.text("total_amount"))
        if not _NUMBER.fullmatch(number) or re.search(r"[/=&]", call.text("subject")):
            raise Refusal("40004", "ACQ.INVALID_PARAMETER")
        before = self._trades.get((call.app.app_id, number))
        if before is not None:
            return self._again(before, call)
        trade = Trade(
            app=call.app,
            number=number,
            trade_no=self._world.clock.now().strftime("%Y%m%d") + f"2200{len(self._trades):016}",
            resident=self._buyer(call),
            amount=amount,
            subject=call.text("subject"),
            notify_url=call.parameters.get("notify_url", ""),
            asked=dict(call.content),
            created_at=self._world.clock.now(),
            expires_at=_expiry(call),
            opened=not call.app.exists_when_opened,
        )
        self._trades[call.app.app_id, number] = trade
        return {"out_trade_no": number, "trade_no": trade.trade_no}

    def _again(self, trade: Trade, call: Call) -> Mapping[str, object]:
        self._expire(trade)
        if trade.asked != call.content:
            raise Refusal("40004", "ACQ.CONTEXT_INCONSISTENT")
        if trade.status != "WAIT_BUYER_PAY":
            raise Refusal("40004", "ACQ.TRADE_HAS_CLOSE" if trade.paid_at is None else "ACQ.TRADE_HAS_SUCCESS")
        return {"out_trade_no": trade.number, "trade_no": trade.trade_no}

    def _buyer(self, call: Call) -> str:
        """Return the payer; an ``open_id`` is looked up in the app that the call says it is of."""
        named = [name for name in _BUYERS if call.content.get(name)]
        if len(named) != 1:
            raise Refusal("40004", "ACQ.INVALID_PARAMETER")
        other = named[0] == "op_buyer_open_id"
        app_id = str(call.content.get("op_app_id", "")) if other else call.app.app_id
        resident = self._people.find(app_id, call.text(named[0]))
        if resident is None:
            raise Refusal("40004", "ACQ.TRADE_BUYER_NOT_MATCH")
        return resident

    def query(self, call: Call) -> Mapping[str, object]:
        trade = self._find(call)
        buyer = {f"buyer_{name}": value for name, value in self._people.names(trade.app, trade.resident).items()}
        return {
            "out_trade_no": trade.number,
            "trade_no": trade.trade_no,
            "trade_status": trade.status,
            "total_amount": format_yuan(trade.amount),
            "subject": trade.subject,
            "send_pay_date": written_time(trade.paid_at) or None,
            **buyer,
        }

    def close(self, call: Call) -> Mapping[str, object]:
        trade = self._find(call)
        if trade.status != "WAIT_BUYER_PAY":
            raise Refusal("40004", "ACQ.TRADE_HAS_CLOSE" if trade.paid_at is None else "ACQ.TRADE_STATUS_ERROR")
        trade.status = "TRADE_CLOSED"
        return {"out_trade_no": trade.number, "trade_no": trade.trade_no}

    def refund(self, call: Call) -> Mapping[str, object]:
        """Refund once by ``out_request_no``. The fault ``late`` at ``alipay.refund``: accepted, done later."""
        trade, amount = self._find(call), _amount(call.text("refund_amount"))
        number = str(call.content.get("out_request_no") or trade.number)
        before = trade.refunds.get(number)
        if before is not None:
            if before.amount != amount:
                raise Refusal("40004", "ACQ.DISCORDANT_REPEAT_REQUEST")
            return self._refund_reply(trade, moved=False)
        if trade.status != "TRADE_SUCCESS":
            raise Refusal("40004", "ACQ.TRADE_STATUS_ERROR")
        if trade.refunded() + amount > trade.amount:
            raise Refusal("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        late = self._world.take_fault("alipay.refund") == "late"
        trade.refunds[number] = SimulatedRefund(amount)
        if not late:
            self._move(trade, number)
        return self._refund_reply(trade, moved=not late)

    def _refund_reply(self, trade: Trade, *, moved: bool) -> Mapping[str, object]:
        total = format_yuan(trade.refunded())
        names = {"out_trade_no": trade.number, "trade_no": trade.trade_no}
        return {**names, "refund_fee": total, "fund_change": "Y" if moved else "N"}

    def _move(self, trade: Trade, number: str) -> None:
        trade.refunds[number].done_at = self._world.clock.now()
        if trade.refunded() == trade.amount:
            trade.status = "TRADE_CLOSED"
        self._notify(trade, out_biz_no=number, gmt_refund=written_time(self._world.clock.now()))

    def query_refund(self, call: Call) -> Mapping[str, object]:
        """An unknown refund is a success without fields; one under way has no ``refund_status``."""
        trade = self._find(call)
        number = call.text("out_request_no")
        found = trade.refunds.get(number)
        if found is None:
            return {}
        fields = {"out_trade_no": trade.number, "out_request_no": number, "refund_amount": format_yuan(found.amount)}
        return fields | ({"refund_status": "REFUND_SUCCESS"} if found.done else {})

    def open(self, trade_no: str, resident: str) -> Trade:
        """Open the cashier as the payer. KeyError for a trade that is unknown or someone else's."""
        trade = next((each for each in self._trades.values() if each.trade_no == trade_no), None)
        if trade is None or trade.resident != resident:
            raise KeyError(trade_no)
        trade.opened = True
        self._expire(trade)
        return trade

    def charge(self, call: Call, resident: str) -> Trade:
        """Enter a parking charge as a trade that is paid at once; the same again is the same."""
        number, amount = call.text("out_trade_no"), _amount(call.text("total_fee"))
        known = self._trades.get((call.app.app_id, number))
        if known is not None:
            if known.asked != call.content:
                raise Refusal("40004", "ACQ.CONTEXT_INCONSISTENT")
            return known
        now = self._world.clock.now()
        trade = Trade(
            app=call.app,
            number=number,
            trade_no=now.strftime("%Y%m%d") + f"2200{len(self._trades):016}",
            resident=resident,
            amount=amount,
            subject=call.text("subject"),
            notify_url=call.parameters.get("notify_url", ""),
            asked=dict(call.content),
            created_at=now,
            expires_at=None,
            opened=True,
        )
        self._trades[call.app.app_id, number] = trade
        self.confirm(trade)
        return trade

    def names(self, app: SimulatedApp, resident: str) -> Collection[str]:
        """Return by what an app knows a resident."""
        return [each for each in self._people.names(app, resident).values() if each]

    def confirm(self, trade: Trade) -> None:
        """Pay."""
        trade.status = "TRADE_SUCCESS"
        trade.paid_at = self._world.clock.now()
        self._notify(trade)

    def all(self) -> Sequence[Trade]:
        return list(self._trades.values())

    def finish_refunds(self) -> None:
        """Have all refunds that are under way done."""
        for trade in self._trades.values():
            for number, each in trade.refunds.items():
                if not each.done:
                    self._move(trade, number)

    def finish(self, app_id: str, number: str) -> None:
        """Let the time for refunds pass, months after the payment; Alipay sends a notice then too."""
        trade = self._trades[app_id, number]
        trade.status = "TRADE_FINISHED"
        self._notify(trade)

    def _notify(self, trade: Trade, **more: str) -> None:
        if not trade.notify_url:
            return
        now = self._world.clock.now()
        refunded = trade.refunded()
        names = self._people.names(trade.app, trade.resident)
        fields = {
            "notify_time": written_time(now),
            "notify_type": "trade_status_sync",
            "notify_id": f"{now:%Y%m%d}{self._world.token(26)}",
            "app_id": trade.app.app_id,
            "auth_app_id": trade.app.app_id,
            "version": "1.0",
            "trade_no": trade.trade_no,
            "out_trade_no": trade.number,
            "buyer_open_id": names["open_id"] or "",
            "buyer_id": names["user_id"] or "",
            "seller_id": trade.app.seller_id,
            "trade_status": trade.status,
            "subject": trade.subject,
            "total_amount": format_yuan(trade.amount),
            "receipt_amount": format_yuan(trade.amount),
            "refund_fee": format_yuan(refunded) if refunded else "",
            "gmt_create": written_time(trade.created_at),
            "gmt_payment": written_time(trade.paid_at),
            "fund_bill_list": f'[{{"amount":"{format_yuan(trade.amount)}","fundChannel":"ALIPAYACCOUNT"}}]',
            **more,
        }
        self._notices.send(trade.notify_url, trade.app, fields)

    def _find(self, call: Call) -> Trade:
        trade = self._trades.get((call.app.app_id, call.text("out_trade_no")))
        if trade is None or not trade.opened:
            raise Refusal("40004", "ACQ.TRADE_NOT_EXIST")
        self._expire(trade)
        return trade

    def _expire(self, trade: Trade) -> None:
        over = trade.expires_at is not None and trade.expires_at <= self._world.clock.now()
        if over and trade.status == "WAIT_BUYER_PAY":
            trade.status = "TRADE_CLOSED"


def written_time(time: datetime | None) -> str:
    """Write a time of Beijing; "" for none."""
    return "" if time is None else time.astimezone(CHINA).strftime(TIME_FORM)


def _amount(text: str) -> Fen:
    if not _AMOUNT.fullmatch(text) or parse_yuan(text) == 0:
        raise Refusal("40004", "ACQ.INVALID_PARAMETER")
    return parse_yuan(text)


def _expiry(call: Call) -> datetime | None:
    try:
        return read_time(str(call.content.get("time_expire", "")))
    except OutcomeUnknownError as error:
        raise Refusal("40004", "ACQ.INVALID_PARAMETER") from error
