"""The simulated WeChat Pay's books: orders and refunds, and what may become of them."""

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from adapters.sandbox.wechat_pay.refusal import RefusalError

_MOST_REFUNDS = 50  # of one order, by the official rules

Fen = Annotated[int, Meta(ge=1)]
_DESCRIPTIONS = {
    "SUCCESS": "支付成功",
    "REFUND": "转入退款",
    "NOTPAY": "订单未支付",
    "CLOSED": "订单已关闭",
    "USERPAYING": "用户支付中",
}


class OrderAmount(Struct):
    """In fen."""

    total: Fen
    currency: Annotated[str, Meta(pattern="^CNY$")] = "CNY"


class OrderPayer(Struct):
    """By the openid under the order's app."""

    openid: Annotated[str, Meta(min_length=1, max_length=128)]


class OrderRequest(Struct):
    """What ``/v3/pay/transactions/jsapi`` is sent. That a number has 6 characters at least is unverified."""

    appid: str
    mchid: str
    description: Annotated[str, Meta(min_length=1, max_length=127)]
    out_trade_no: Annotated[str, Meta(pattern=r"^[0-9A-Za-z_\-*]{6,32}$")]
    notify_url: str
    amount: OrderAmount
    payer: OrderPayer
    time_expire: datetime | None = None
    attach: Annotated[str, Meta(max_length=128)] | None = None


class RefundAmounts(Struct):
    """In fen."""

    refund: Fen
    total: Fen
    currency: Annotated[str, Meta(pattern="^CNY$")]


class RefundRequest(Struct):
    """What ``/v3/refund/domestic/refunds`` is sent; the order by either of its numbers."""

    out_refund_no: Annotated[str, Meta(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")]
    amount: RefundAmounts
    transaction_id: str | None = None
    out_trade_no: str | None = None
    reason: Annotated[str, Meta(max_length=80)] | None = None
    notify_url: str | None = None
    sub_mchid: str = ""


class Order(Struct):
    """An order; ``state`` is WeChat Pay's word. ``sub_mchid``: whose fee it is, if the parking product took it."""

    request: OrderRequest
    prepay_id: str
    created_at: datetime
    state: str = "NOTPAY"
    transaction_id: str = ""
    paid_at: datetime | None = None
    payer_total: int = 0
    sub_mchid: str = ""

    def shown(self) -> dict[str, Any]:
        """Return it as a query and a callback show it; what is not paid lacks most."""
        request = self.request
        content: dict[str, Any] = {
            "appid": request.appid,
            "mchid": request.mchid,
            "out_trade_no": request.out_trade_no,
            "trade_state": self.state,
            "trade_state_desc": _DESCRIPTIONS[self.state],
        }
        if self.paid_at is None:
            return content
        currency = request.amount.currency
        amount = {"total": request.amount.total, "payer_total": self.payer_total}
        return content | {
            "transaction_id": self.transaction_id,
            "trade_type": "JSAPI",
            "bank_type": "OTHERS",
            "attach": request.attach or "",
            "success_time": self.paid_at.isoformat(timespec="seconds"),
            "payer": {"openid": request.payer.openid},
            "amount": amount | {"currency": currency, "payer_currency": currency},
        }


class Refund(Struct):
    """A refund; ``status`` is WeChat Pay's word."""

    request: RefundRequest
    order: Order
    refund_id: str
    created_at: datetime
    status: str = "PROCESSING"
    done_at: datetime | None = None

    def shown(self) -> dict[str, Any]:
        """Return it as its request and a query show it."""
        amounts = self._amounts() | {"currency": self.request.amount.currency}
        times = {"create_time": self.created_at.isoformat(timespec="seconds")}
        if self.done_at is not None and self.status == "SUCCESS":
            times["success_time"] = self.done_at.isoformat(timespec="seconds")
        return self._head() | times | {"channel": "ORIGINAL", "status": self.status, "amount": amounts}

    def told(self) -> dict[str, Any]:
        """Return it as a callback tells it: other names, no app."""
        order = self.order
        ours, theirs = {"mchid": order.request.mchid}, {"sp_mchid": order.request.mchid, "sub_mchid": order.sub_mchid}
        content = self._head() | (theirs if order.sub_mchid else ours) | {"refund_status": self.status}
        if self.done_at is not None and self.status == "SUCCESS":
            content["success_time"] = self.done_at.isoformat(timespec="seconds")
        return content | {"amount": self._amounts()}

    def _head(self) -> dict[str, Any]:
        return {
            "refund_id": self.refund_id,
            "out_refund_no": self.request.out_refund_no,
            "transaction_id": self.order.transaction_id,
            "out_trade_no": self.order.request.out_trade_no,
            "user_received_account": "支付用户零钱",
        }

    def _amounts(self) -> dict[str, Any]:
        refund, total = self.request.amount.refund, self.request.amount.total
        payer_refund = refund * self.order.payer_total // total
        return {"total": total, "refund": refund, "payer_total": self.order.payer_total, "payer_refund": payer_refund}


class Ledger:
    """All orders and refunds of one sandbox, for its life."""

    def __init__(self, token: Callable[[int], str]) -> None:
        self._token = token
        self._orders: dict[str, Order] = {}
        self._refunds: dict[str, Refund] = {}
        self._counter = itertools.count(1)

    def create(self, request: OrderRequest, now: datetime) -> Order:
        """Enter an order; the same request again is the same order (that it is, is unverified)."""
        order = self._orders.get(request.out_trade_no)
        if order is None:
            if request.time_expire is not None and request.time_expire <= now:
                raise RefusalError(400, "PARAM_ERROR", "time_expire时间过短，刷卡至少1分钟，其他5分钟")
            order = Order(request, f"wx{self._number(now)}{self._token(8)}", now)
            self._orders[request.out_trade_no] = order
        elif order.state == "CLOSED":
            raise RefusalError(400, "ORDER_CLOSED", "该订单已关闭，请重新下单")
        elif order.paid_at is not None:
            raise RefusalError(400, "ORDERPAID", "该订单已支付")
        elif order.request != request:
            raise RefusalError(403, "OUT_TRADE_NO_USED", "商户订单号重复")
        return order

    def order(self, number: str) -> Order:
        """Find an order by the merchant's number. ORDER_NOT_EXIST."""
        try:
            return self._orders[number]
        except KeyError:
            raise RefusalError(404, "ORDER_NOT_EXIST", "订单不存在") from None

    def by_transaction(self, number: str) -> Order:
        """Find a paid order by WeChat Pay's number. ORDER_NOT_EXIST."""
        found = (each for each in self._orders.values() if number and each.transaction_id == number)
        order = next(found, None)
        if order is None:
            raise RefusalError(404, "ORDER_NOT_EXIST", "订单不存在")
        return order

    def by_prepay(self, prepay_id: str) -> Order | None:
        """Find what the client's cashier was opened with."""
        return next((each for each in self._orders.values() if each.prepay_id == prepay_id), None)

    def close(self, number: str) -> None:
        """Close an unpaid order; a closed one stays closed."""
        order = self.order(number)
        if order.paid_at is not None:
            raise RefusalError(400, "ORDERPAID", "该订单已支付")
        order.state = "CLOSED"

    def pay(self, order: Order, now: datetime, discount: int) -> None:
        """Enter a payment."""
        order.state, order.paid_at = "SUCCESS", now
        order.transaction_id = f"42000{self._number(now)}"
        order.payer_total = max(0, order.request.amount.total - discount)

    def refund(self, request: RefundRequest, now: datetime) -> tuple[Refund, bool]:
        """Enter a refund; also whether it is new. The same number again changes nothing."""
        known = self._refunds.get(request.out_refund_no)
        if known is not None:
            if known.request != request:
                raise RefusalError(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
            return known, False
        order = self._refundable(request)
        refund = Refund(request, order, f"50300{self._number(now)}", now)
        self._refunds[request.out_refund_no] = refund
        order.state = "REFUND"
        return refund, True

    def finish(self, refund: Refund, end: str, now: datetime) -> None:
        """Enter how a refund ended; of one that is CLOSED nothing was given back."""
        refund.status, refund.done_at = end, now
        others = (each for each in self._refunds.values() if each.order is refund.order)
        if all(each.status == "CLOSED" for each in others):
            refund.order.state = "SUCCESS"

    def refund_of(self, number: str) -> Refund:
        """Find a refund by the merchant's number. RESOURCE_NOT_EXISTS."""
        try:
            return self._refunds[number]
        except KeyError:
            raise RefusalError(404, "RESOURCE_NOT_EXISTS", "退款单不存在") from None

    def orders(self) -> Sequence[Order]:
        return list(self._orders.values())

    def refunds(self) -> Sequence[Refund]:
        return list(self._refunds.values())

    def _refundable(self, request: RefundRequest) -> Order:
        try:
            by_us = request.out_trade_no is not None
            order = (
                self.order(request.out_trade_no or "") if by_us else self.by_transaction(request.transaction_id or "")
            )
        except RefusalError:
            raise RefusalError(404, "RESOURCE_NOT_EXISTS", "订单不存在") from None
        check_sub_merchant(order, request.sub_mchid)
        earlier = [each for each in self._refunds.values() if each.order is order and each.status != "CLOSED"]
        given_back = sum(each.request.amount.refund for each in earlier)
        if order.paid_at is None:
            raise RefusalError(400, "INVALID_REQUEST", "订单未支付，不能退款")
        if request.amount.total != order.request.amount.total:
            raise RefusalError(400, "INVALID_REQUEST", "订单金额不一致")
        if given_back + request.amount.refund > request.amount.total or len(earlier) >= _MOST_REFUNDS:
            raise RefusalError(400, "INVALID_REQUEST", "退款金额大于可退金额，或退款次数超过50次")
        return order

    def _number(self, now: datetime) -> str:
        return f"{now:%Y%m%d%H%M%S}{next(self._counter):09}"


def check_sub_merchant(order: Order, sub_mchid: str) -> None:
    """Both calls about a refund have to name whose order it is, if it is not the merchant's own."""
    if sub_mchid != order.sub_mchid:
        raise RefusalError(400, "PARAM_ERROR", "受理机构必须传入sub_mchid，且与原订单一致")
