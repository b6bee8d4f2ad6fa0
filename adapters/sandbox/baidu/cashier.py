"""The simulated cashier of Baidu: what users pay, what the developer asks, and what becomes of a notice's answer."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from adapters import rsa
from adapters.sandbox.baidu.behaviour import (
    REFUND_RETRY_SECONDS,
    RETRIES,
    RETRY_SECONDS,
    Behaviour,
    PaymentService,
)
from adapters.sandbox.baidu.books import BookedOrder, BookedRefund, Books, refused
from adapters.sandbox.baidu.courier import Courier, Heard, Notice
from adapters.sandbox.baidu.serving import HOST, Call
from adapters.sandbox.world import World

_SIGNED = ("appKey", "dealId", "totalAmount", "tpOrderId")
_NO_MONEY = dict.fromkeys(("promoMoney", "hbMoney", "hbBalanceMoney", "giftCardMoney"), "0")


class Cashier:
    """One payment service; ``key`` is the developer's public key."""

    def __init__(
        self, world: World, service: PaymentService, key: RSAPublicKey, courier: Courier, *, behaviour: Behaviour
    ) -> None:
        self.books = Books()
        self._world = world
        self._service = service
        self._key = key
        self._courier = courier
        self._behaviour = behaviour

    def open(self, user_id: int, info: Mapping[str, str]) -> BookedOrder:
        """Open the cashier with an ``orderInfo``. ValueError says what the client would see."""
        missing = [name for name in (*_SIGNED, "dealTitle", "rsaSign", "bizInfo") if not info.get(name)]
        if missing:
            raise ValueError(f"errCode:1 缺少参数 {missing[0]}")
        if info.get("signFieldsRange") != "1" or not self._is_signed(info):
            raise ValueError("errCode:6 签名错误")
        if (info["appKey"], info["dealId"]) != (self._service.app_key, self._service.deal_id):
            raise ValueError("errCode:2 支付服务不存在")
        amount = info["totalAmount"]
        if not (amount.isascii() and amount.isdigit() and int(amount) > 0):
            raise ValueError("errCode:1 totalAmount 不合法")
        if not _is_object(info["bizInfo"]):
            raise ValueError("errCode:1 bizInfo 不合法")
        address = info.get("notifyUrl") or self._service.notify_url
        return self.books.open(info["tpOrderId"], user_id, int(amount), address)

    def pay(self, order: BookedOrder) -> None:
        """Have an order paid, and tell of it. Nothing if it is not unpaid any more."""
        if order.status != 1:
            return
        order.status, order.paid_at = 2, self._world.clock.now()

        async def settle(heard: Heard) -> bool:
            return self._settle(order, heard)

        fields = self._paid(order)
        self._courier.send(Notice("payment notice", order.notify_url, fields, [RETRY_SECONDS] * RETRIES, settle))

    def find(self, call: Call) -> object:
        """``findByTpOrderId``."""
        self._check(call)
        order = self.books.order(call.get("tpOrderId"))
        return {
            "tpOrderId": order.number,
            "orderId": order.order_id,
            "userId": order.user_id,
            "status": order.status,
            "subStatus": 0,
            "totalMoney": order.total,
            "payMoney": order.total,
            "dealId": int(self._service.deal_id),
            "openId": 0,
        }

    def cancel(self, call: Call) -> object:
        """``cancelOrder``."""
        self._check(call)
        self.books.cancel(call.get("orderId"))
        return True

    def refund(self, call: Call) -> object:
        """``applyOrderRefund``."""
        self._check(call)
        order = self.books.order(call.get("tpOrderId"))
        amount = call.get("applyRefundMoney") or str(order.total)
        ids = (str(order.order_id), str(order.user_id))
        if (call.get("orderId"), call.get("userId")) != ids or not amount.isdigit():
            raise refused(10001, "param error")
        address = call.get("refundNotifyUrl") or self._service.refund_notify_url
        made, is_new = self.books.refund(order, call.get("bizRefundBatchId"), int(amount), address)
        if is_new and call.get("isSkipAudit") == "1":
            self._world.spawn(self._finish(made))
        elif is_new:
            self._ask(made)
        return {"refundBatchId": str(made.batch), "refundPayMoney": made.amount}

    def find_refund(self, call: Call) -> object:
        """``findOrderRefund``: every refund of an order."""
        self._check(call)
        order = self.books.order(call.get("tpOrderId"))
        if call.get("userId") != str(order.user_id):
            raise refused(10001, "userId error")
        return [_shown(each) for each in self.books.refunds if each.order is order]

    def give_back(self, order: BookedOrder) -> None:
        """Begin an abnormal refund: the order's notice was answered wrongly. Once, and not of a consumed order."""
        if order.consumed or order.refunded:
            return
        self._world.note(HOST, f"order {order.number}", "abnormal refund")
        made, _ = self.books.refund(order, "", order.total, self._service.refund_notify_url)
        self._ask(made)

    def _settle(self, order: BookedOrder, heard: Heard) -> bool:
        """Do what an answer to a payment notice means; return whether the notice is sent again."""
        if not heard.answered:
            return True
        said = heard.said
        if said is None or said.get("errno") != 0:
            if self._behaviour.refused_reply == "retry":
                return True
            self.give_back(order)
            return False
        content = said.get("data")
        content = content if isinstance(content, dict) else {}
        if content.get("isConsumed") == 2 and not content.get("isErrorOrder"):
            order.consumed = True
        elif content.get("isConsumed") == 1:
            self._world.note(HOST, f"order {order.number}", "paid and never consumed: the money is stuck")
        else:
            self.give_back(order)
        return False

    def _ask(self, refund: BookedRefund) -> None:
        """Ask the developer whether a refund may go ahead; without an address it may."""
        if not self._service.audit_url:
            self._world.spawn(self._finish(refund))
            return

        async def settle(heard: Heard) -> bool:
            if heard.said is None or heard.said.get("errno") != 0:
                return True
            if _audited(heard.said) == 1:
                await self._finish(refund)
            else:
                self.books.finish(refund, self._world.clock.now(), failed=True)
                self._world.note(HOST, f"order {refund.order.number}", "the refund was declined")
            return False

        fields = self._identified(refund) | {"applyRefundMoney": str(refund.amount)}
        self._courier.send(Notice("refund audit", self._service.audit_url, fields, REFUND_RETRY_SECONDS, settle))

    async def _finish(self, refund: BookedRefund) -> None:
        await asyncio.sleep(self._behaviour.refund_seconds)
        self.books.finish(refund, self._world.clock.now(), failed=self._behaviour.refund_fails)

        async def settle(heard: Heard) -> bool:
            return heard.said is None or heard.said.get("errno") != 0

        fields = self._identified(refund) | {"refundStatus": "1" if refund.status == 2 else "2"}
        self._courier.send(Notice("refund notice", refund.notify_url, fields, REFUND_RETRY_SECONDS, settle))

    def _paid(self, order: BookedOrder) -> dict[str, str]:
        return _NO_MONEY | {
            "userId": str(order.user_id),
            "orderId": str(order.order_id),
            "unitPrice": str(order.total),
            "count": "1",
            "totalMoney": str(order.total),
            "payMoney": str(order.total),
            "dealId": self._service.deal_id,
            "payTime": str(int(order.paid_at.timestamp())) if order.paid_at else "",
            "promoDetail": "",
            "payType": "1117",
            "partnerId": "6000001",
            "status": str(order.status),
            "tpOrderId": order.number,
            "returnData": "",
        }

    def _identified(self, refund: BookedRefund) -> dict[str, str]:
        return {
            "userId": str(refund.order.user_id),
            "orderId": str(refund.order.order_id),
            "tpOrderId": refund.order.number,
            "refundBatchId": str(refund.batch),
        }

    def _check(self, call: Call) -> None:
        if call.get("pmAppKey") != self._service.app_key:
            raise refused(10002, "appKey not found")

    def _is_signed(self, info: Mapping[str, str]) -> bool:
        text = "&".join(f"{name}={info[name]}" for name in _SIGNED)
        return rsa.is_signed(self._key, text.encode(), info["rsaSign"], "sha1")


def _shown(refund: BookedRefund) -> dict[str, Any]:
    return {
        "bizRefundBatchId": refund.number,
        "refundBatchId": refund.batch,
        "orderId": refund.order.order_id,
        "userId": refund.order.user_id,
        "refundStatus": refund.status,
    }


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except msgspec.DecodeError:
        return False


def _audited(said: dict[str, Any]) -> object:
    content = said.get("data")
    return content.get("auditStatus") if isinstance(content, dict) else None
