"""What the simulated WeChat Pay does when it is asked: one method an operation, each over the books."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import msgspec

from adapters.sandbox.wechat_pay.behaviour import Behaviour
from adapters.sandbox.wechat_pay.courier import Courier
from adapters.sandbox.wechat_pay.gate import Call
from adapters.sandbox.wechat_pay.keys import PlatformCertificate, PlatformKeys
from adapters.sandbox.wechat_pay.ledger import Ledger, Order, OrderRequest, Refund, RefundRequest, check_sub_merchant
from adapters.sandbox.wechat_pay.refusal import RefusalError, check_notify_url, read_body
from adapters.sandbox.wechat_pay.serving import InProgress
from adapters.sandbox.world import World
from adapters.wechat_pay.signing import seal_resource


class Parts(msgspec.Struct, frozen=True):
    """What the operations work with."""

    world: World
    keys: PlatformKeys
    behaviour: Behaviour
    ledger: Ledger
    courier: Courier


class Operations:
    """The operations of one merchant; ``apps`` are bound to it."""

    def __init__(self, parts: Parts, apps: Collection[str], *, loopback_callbacks: bool) -> None:
        self._world = parts.world
        self._keys = parts.keys
        self._behaviour = parts.behaviour
        self._ledger = parts.ledger
        self._courier = parts.courier
        self._apps = apps
        self._loopback = loopback_callbacks

    def prepay(self, call: Call) -> object:
        request = read_body(call.body, OrderRequest)
        if request.appid not in self._apps or request.mchid != self._keys.merchant.mchid:
            raise RefusalError(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
        check_notify_url(request.notify_url, loopback=self._loopback)
        residents = self._world.residents
        if request.payer.openid not in {self._world.subject("wechat", request.appid, each) for each in residents}:
            raise RefusalError(500, "OPENID_MISMATCH", "openid和appid不匹配")
        return {"prepay_id": self._ledger.create(request, self._world.clock.now()).prepay_id}

    def query(self, call: Call) -> object:
        self._check_mchid(call.query.get("mchid"))
        order = self._ledger.order(call.numbers["number"])
        age = self._world.clock.now() - order.created_at
        if order.paid_at is None and age < timedelta(seconds=self._behaviour.settling_seconds):
            raise RefusalError(404, "ORDER_NOT_EXIST", "订单不存在")
        return _standing(order)

    def query_transaction(self, call: Call) -> object:
        self._check_mchid(call.query.get("mchid"))
        return _standing(self._ledger.by_transaction(call.numbers["number"]))

    def close(self, call: Call) -> None:
        self._check_mchid(read_body(call.body, dict[str, Any]).get("mchid"))
        self._ledger.close(call.numbers["number"])

    def refund(self, call: Call) -> object:
        request = read_body(call.body, RefundRequest)
        if request.notify_url is not None:
            check_notify_url(request.notify_url, loopback=self._loopback)
        refund, is_new = self._ledger.refund(request, self._world.clock.now())
        if is_new:
            self._world.spawn(self._finish(refund))
        return refund.shown()

    def query_refund(self, call: Call) -> object:
        refund = self._ledger.refund_of(call.numbers["number"])
        check_sub_merchant(refund.order, call.query.get("sub_mchid", ""))
        return refund.shown()

    def certificates(self, _call: Call) -> object:
        return {"data": [self._encrypted(each) for each in self._keys.certificates]}

    def _encrypted(self, certificate: PlatformCertificate) -> dict[str, Any]:
        sealed = seal_resource(certificate.pem, self._keys.api_v3_key, self._world.token(12), "certificate")
        return {
            "serial_no": certificate.serial,
            "effective_time": certificate.effective.isoformat(),
            "expire_time": certificate.expires.isoformat(),
            "encrypt_certificate": sealed,
        }

    async def _finish(self, refund: Refund) -> None:
        """What becomes of an accepted refund, and the word of it; without an address nobody is told."""
        await asyncio.sleep(self._behaviour.refund_seconds)
        self._ledger.finish(refund, self._behaviour.refund_end, self._world.clock.now())
        if refund.request.notify_url is not None:
            self._courier.notify(refund.request.notify_url, f"REFUND.{refund.status}", "refund", refund.told())

    def _check_mchid(self, mchid: object) -> None:
        if mchid != self._keys.merchant.mchid:
            raise RefusalError(400, "PARAM_ERROR", "mchid与签名的商户号不一致")


def _standing(order: Order) -> object:
    return InProgress() if order.state == "USERPAYING" else order.shown()
