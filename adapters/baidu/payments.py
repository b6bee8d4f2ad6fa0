"""Payments through Baidu's cashier: an order is signed here and first known to Baidu when the user opens the cashier.

So ``prepay`` calls nobody, an order that nobody opened is ``unknown`` for ever, and nothing makes a signed order
expire: one that is paid after its time has to be given back.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from adapters.baidu import wire
from adapters.baidu.app import BaiduApp, BaiduCashier
from adapters.baidu.client import BaiduClient
from adapters.baidu.refusals import NOT_FOUND, refusal, refused
from adapters.baidu.signing import sign_order
from adapters.baidu.states import ORDER_STATES, REFUND_STATES, RefundState
from adapters.channel import Order, Payment, Refund
from adapters.errors import HostConfigurationError, OrderRefusedError, OutcomeUnknownError
from kernel.money import Fen

_SERVICE = "/rest/2.0/smartapp/pay/paymentservice"
_BY_SERVICE = "2"  # refundType: 1 by the user, 2 by the developer's customer service, 3 for a failed service
_LOOPBACK = {"127.0.0.1", "localhost"}  # where a sandbox may call without TLS; the real Baidu reaches neither


class BaiduPayments:
    """The money of one mini-program; ``cashier`` is its payment service."""

    def __init__(self, client: BaiduClient, app: BaiduApp, cashier: BaiduCashier) -> None:
        self._client = client
        self._app = app
        self._cashier = cashier

    def prepay(self, order: Order) -> Mapping[str, str]:
        """Return the ``orderInfo`` for ``swan.requestPolymerPayment``, signed."""
        self._check(order)
        info = {
            "dealId": self._cashier.deal_id,
            "appKey": self._cashier.app_key,
            "totalAmount": str(order.amount),
            "tpOrderId": order.number,
            "dealTitle": order.subject,
            "signFieldsRange": "1",
            "bizInfo": msgspec.json.encode(self._cashier.biz_info).decode(),
            "notifyUrl": order.notify_url,
        }
        return info | {"rsaSign": sign_order(self._cashier.key, info)}

    async def query(self, number: str) -> Payment:
        """Ask how a payment stands. A refund does not show: it is still ``paid``, ask ``query_refund``."""
        found = await self._found(number)
        if found is None:
            return Payment(number=number, state="unknown")
        return Payment(
            number=number,
            state=ORDER_STATES[found.status],
            amount=Fen(found.total_money),
            transaction=str(found.order_id),
        )

    async def close(self, number: str) -> None:
        """Have an unpaid order cancelled; OrderRefusedError if it is paid.

        Baidu cannot cancel what it has not heard of, so an ``unknown`` order stays payable and this says nothing.
        """
        found = await self._found(number)
        if found is None or ORDER_STATES[found.status] == "closed":
            return
        if ORDER_STATES[found.status] == "paid":
            raise OrderRefusedError(f"The order {number} is paid", fix="Give it back if it must not be.")
        query = {"orderId": str(found.order_id), "pmAppKey": self._cashier.app_key}
        await self._client.get("close", f"{_SERVICE}/cancelOrder", query)

    async def refund(self, number: str, order: Payment, amount: Fen, reason: str) -> Refund:
        """Give ``amount`` back; accepted is ``pending``. A part can be given back of consumed orders alone."""
        if order.amount is None or not 0 < amount <= order.amount:
            raise OrderRefusedError(
                f"{amount} fen of {order.amount} fen cannot be given back",
                fix="Query the payment; refund 1 fen or more.",
            )
        found = await self._found(order.number)
        if found is None:
            raise OrderRefusedError(f"Baidu knows no order {order.number}", fix="Query the payment.")
        form = {
            "orderId": str(found.order_id),
            "userId": str(found.user_id),
            "tpOrderId": order.number,
            "refundType": _BY_SERVICE,
            "refundReason": reason,
            "applyRefundMoney": str(amount),
            "bizRefundBatchId": number,
            "isSkipAudit": "1",
            "pmAppKey": self._cashier.app_key,
        }
        if self._cashier.refund_notify_url:
            form["refundNotifyUrl"] = self._cashier.refund_notify_url
        said = await self._client.post("refund", f"{_SERVICE}/applyOrderRefund", form)
        applied = wire.data(said, wire.AppliedRefund)
        money = applied.refund_pay_money if applied else None
        return Refund(number=number, order=order.number, state="pending", amount=Fen(money or amount))

    async def query_refund(self, number: str, order: Payment) -> Refund:
        """Ask how a refund stands; its amount is not told."""
        found = await self._found(order.number)
        if found is not None:
            query = {"tpOrderId": order.number, "userId": str(found.user_id), "pmAppKey": self._cashier.app_key}
            said = await self._client.get("refund query", f"{_SERVICE}/findOrderRefund", query)
            for each in _refunds(said):
                if str(each.biz_refund_batch_id) == number:
                    return Refund(number=number, order=order.number, state=_refund_state(number, each.refund_status))
        return Refund(number=number, order=order.number, state="unknown")

    async def _found(self, number: str) -> wire.FoundOrder | None:
        query = {"tpOrderId": number, "pmAppKey": self._cashier.app_key}
        said = await self._client.ask(f"{_SERVICE}/findByTpOrderId", query)
        if said.code == NOT_FOUND:
            return None
        if refused(said):
            raise refusal("query", said)
        found = wire.data(said, wire.FoundOrder)
        if found is None:
            return None
        if str(found.tp_order_id) != number or found.status not in ORDER_STATES or found.total_money < 0:
            raise OutcomeUnknownError(
                f"Baidu's answer about {number} is not understood", fix="Query it in a moment; never order anew."
            )
        return found

    def _check(self, order: Order) -> None:
        if order.amount <= 0:
            raise OrderRefusedError("Nothing is to be paid", fix="Orders of 0 fen never go to a host app.")
        if order.payer.app_id != self._app.app_key:
            raise OrderRefusedError(
                f"The payer signed in to {order.payer.app_id}, not to {self._app.app_key}",
                fix="Pay in the app of the sign-in.",
            )
        url = urlsplit(order.notify_url)
        reachable = url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)
        if not reachable or url.query or url.fragment:
            raise HostConfigurationError(
                f"Baidu cannot call {order.notify_url[:80]!r}", fix="An address is https and has no query."
            )


def _refunds(said: wire.Answer) -> list[wire.FoundRefund]:
    """Baidu's documents show a list, its SDK reads one."""
    if bytes(said.data).lstrip().startswith(b"{"):
        found = wire.data(said, wire.FoundRefund)
        return [found] if found else []
    return wire.data(said, list[wire.FoundRefund]) or []


def _refund_state(number: str, status: int) -> RefundState:
    state = REFUND_STATES.get(status)
    if state is None:
        raise OutcomeUnknownError(f"The refund {number} is in the state {status}", fix="Query it in a moment.")
    return state
