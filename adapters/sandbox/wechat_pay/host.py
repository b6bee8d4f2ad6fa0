"""The simulated WeChat Pay: its routes below ``/wechat_pay/v3``, and the cashier in the payer's hand.

Of the world's faults, ``wechat_pay.<operation>`` (prepay, query, close, refund, query_refund, certificates, bill,
bill_download) takes ``unavailable`` (nothing is done), ``restricted`` (the merchant is, so nothing is done),
``error_after_work``, ``slow`` (after the work) and ``bad_signature`` (a probe); others change nothing.
``wechat_pay.callback`` is the courier's, ``wechat_pay.bill_file`` what stands in a bill, ``wechat_pay.vehicle_charge``
what becomes of a charge.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from litestar.handlers import HTTPRouteHandler

from adapters import rsa
from adapters.channel import Provider
from adapters.http import HostHttp
from adapters.sandbox.host import Bill
from adapters.sandbox.rsa_keys import KeySource, new_key
from adapters.sandbox.wechat_pay.behaviour import Behaviour
from adapters.sandbox.wechat_pay.bills import TradeBills
from adapters.sandbox.wechat_pay.courier import Courier
from adapters.sandbox.wechat_pay.keys import PlatformKeys
from adapters.sandbox.wechat_pay.ledger import Ledger, Order
from adapters.sandbox.wechat_pay.operations import Operations, Parts
from adapters.sandbox.wechat_pay.reminders import Reminders
from adapters.sandbox.wechat_pay.serving import HOST, Front
from adapters.sandbox.wechat_pay.vehicles import Vehicles
from adapters.sandbox.world import World

_PACKAGE = "prepay_id="
_NAMES = ("timeStamp", "nonceStr", "package", "signType", "paySign")


class SimulatedWeChatPay:
    """One merchant with its ``apps``. ``http`` carries callbacks; its time limit is their deadline, 5 seconds really.

    ``loopback_callbacks`` allows a ``notify_url`` of plain HTTP on this machine. Payers are known by
    ``World.subject("wechat", app_id, resident)``; ``keys`` makes RSA keys. Without a ``prefix`` it stands at the root,
    as the real one does.
    """

    provider: Provider = "wechat"

    def __init__(
        self,
        world: World,
        http: HostHttp,
        apps: Collection[str],
        *,
        keys: KeySource = new_key,
        loopback_callbacks: bool = False,
        prefix: str = "/wechat_pay",
    ) -> None:
        self.keys = PlatformKeys(world.clock, world.bytes, world.token, keys)
        self.behaviour = Behaviour()
        self._world = world
        self._ledger = Ledger(world.token)
        self._courier = Courier(world, http, self.keys, self.behaviour)
        self._front = Front(world, self.keys, self.behaviour, prefix)
        parts = Parts(world, self.keys, self.behaviour, self._ledger, self._courier)
        self._operations = Operations(parts, apps, loopback_callbacks=loopback_callbacks)
        self._bills = TradeBills(world, self._ledger)
        self.vehicles = Vehicles(parts, loopback=loopback_callbacks)
        self.reminders = Reminders(world)

    def routes(self) -> Sequence[HTTPRouteHandler]:
        """Return the server side, for Litestar."""
        does, serve = self._operations, self._front.serve
        trades = "/v3/pay/transactions"
        refunds = "/v3/refund/domestic/refunds"
        return [
            serve("GET", "/v3/certificates", "certificates", does.certificates),
            serve("POST", f"{trades}/jsapi", "prepay", does.prepay),
            serve("GET", f"{trades}/out-trade-no/{{number:str}}", "query", does.query),
            serve("GET", f"{trades}/id/{{number:str}}", "query", does.query_transaction),
            serve("POST", f"{trades}/out-trade-no/{{number:str}}/close", "close", does.close),
            serve("POST", refunds, "refund", does.refund),
            serve("GET", f"{refunds}/{{number:str}}", "query_refund", does.query_refund),
            serve("GET", "/v3/bill/tradebill", "bill", self._bills.tradebill),
            serve("GET", "/v3/billdownload/file", "bill_download", self._bills.file),
            *self._parking_routes(),
        ]

    def _parking_routes(self) -> Sequence[HTTPRouteHandler]:
        vehicles, reminders, serve = self.vehicles, self.reminders, self._front.serve
        charges = "/v3/vehicle/transactions"
        return [
            serve("GET", "/v3/vehicle/parking/services/find", "vehicle_service", vehicles.find),
            serve("POST", "/v3/vehicle/parking/parkings", "vehicle_entrance", vehicles.enter),
            serve("POST", f"{charges}/parking", "vehicle_charging", vehicles.charge),
            serve("GET", f"{charges}/out-trade-no/{{number:str}}", "vehicle_query", vehicles.query),
            serve("POST", "/v3/parking/reminders/entry", "reminder_entry", reminders.enter),
            serve("POST", "/v3/parking/reminders/payment", "reminder_payment", reminders.pay),
            serve("POST", "/v3/parking/reminders/exit", "reminder_exit", reminders.leave),
        ]

    async def pay(self, app_id: str, resident: str, parameters: Mapping[str, str], *, confirmed: bool = True) -> str:
        """Open the cashier as ``wx.requestPayment`` does and confirm or leave it; return its ``errMsg``.

        KeyError for a resident who is none.
        """
        try:
            order = self._opened(app_id, resident, parameters)
        except ValueError as error:
            return self._said(f"requestPayment:fail {error}")
        if not confirmed:
            return self._said("requestPayment:fail cancel", order)
        order.state = "USERPAYING"
        await asyncio.sleep(self.behaviour.confirm_seconds)
        if order.state != "USERPAYING":  # closed while the payer was typing
            return self._said("requestPayment:fail 订单已关闭")
        self._ledger.pay(order, self._world.clock.now(), self.behaviour.discount_fen)
        self._courier.notify(order.request.notify_url, "TRANSACTION.SUCCESS", "transaction", order.shown())
        return self._said("requestPayment:ok", order)

    def bill(self, app_id: str, resident: str, parameters: Mapping[str, str]) -> Bill:
        """Return what the cashier shows. KeyError for a resident who is none, ValueError as the client sees it."""
        asked = self._opened(app_id, resident, parameters).request
        return Bill(asked.amount.total, asked.description)

    def agree(self, app_id: str, resident: str, parameters: Mapping[str, Any]) -> str:
        """Do what ``wx.navigateToMiniProgram`` to WeChat Pay's own mini-program leads to. KeyError, ValueError."""
        self.vehicles.agree(app_id, self._world.residents[resident].key, parameters)
        return "navigateToMiniProgram:ok"

    def _opened(self, app_id: str, resident: str, parameters: Mapping[str, str]) -> Order:
        payer = self._world.subject("wechat", app_id, self._world.residents[resident].key)
        refused = self._refused(app_id, parameters)
        order = self._ledger.by_prepay(parameters.get("package", "").removeprefix(_PACKAGE))
        if not refused and order is not None:
            refused = self._unpayable(order, app_id, payer)
        if refused or order is None:
            raise ValueError(refused or "订单不存在")
        return order

    def _refused(self, app_id: str, parameters: Mapping[str, str]) -> str:
        """Say what is wrong with the parameters themselves, as the client would; nothing if they are signed."""
        missing = [name for name in _NAMES if not isinstance(parameters.get(name), str)]
        if missing:
            return f"parameter error: parameter.{missing[0]} should be String"
        if parameters["signType"] != "RSA" or not parameters["package"].startswith(_PACKAGE):
            return "parameter error: signType RSA, package prepay_id=…"
        signed = [app_id, *(parameters[name] for name in ("timeStamp", "nonceStr", "package"))]
        text = "".join(f"{part}\n" for part in signed).encode()
        is_signed = rsa.is_signed(self.keys.merchant.key.public_key(), text, parameters["paySign"])
        return "" if is_signed else "支付验证签名失败"

    def _unpayable(self, order: Order, app_id: str, payer: str) -> str:
        now = self._world.clock.now()
        request = order.request
        if (request.appid, request.payer.openid) != (app_id, payer):
            return "下单账号与支付账号不一致"
        expires_at = order.created_at + timedelta(seconds=self.behaviour.prepaid_seconds)
        if now >= min(expires_at, request.time_expire or expires_at):
            return "订单已过期"
        if order.state != "NOTPAY":
            return "该订单已关闭" if order.state == "CLOSED" else "该订单已支付"
        return ""

    def _said(self, result: str, order: Order | None = None) -> str:
        shown = "" if order is None else f" ({order.request.description}, {order.request.amount.total} fen)"
        self._world.note(HOST, "pay", result + shown)
        return result
