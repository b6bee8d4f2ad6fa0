"""The simulated WeChat Pay's parking by credit score: entrances, charges that are tried later, and the news of both.

A charge that is paid stands in the merchant's books as any order, so it can be given back and is billed. Faults at
``wechat_pay.vehicle_charge``: ``pay_fail`` (accepted, and failed a little later), ``advanced`` (WeChat pays at once for
its user, who repays a little later: a second message).
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from adapters.sandbox.plates import Agreements, Standing
from adapters.sandbox.wechat_pay.gate import Call
from adapters.sandbox.wechat_pay.keys import MCHID
from adapters.sandbox.wechat_pay.ledger import OrderAmount, OrderPayer, OrderRequest
from adapters.sandbox.wechat_pay.operations import Parts
from adapters.sandbox.wechat_pay.refusal import RefusalError, check_notify_url, read_body
from adapters.sandbox.wechat_pay.serving import HOST
from adapters.sandbox.world import Fault
from adapters.wechat_pay.vehicles import PAGE, PROGRAM
from kernel.clock import CHINA

SUB_MCHID = "1900000109"

_PLACE = f"{HOST}.vehicle_charge"
_BLOCKED = {"paused": "PAUSE", "overdue": "OVERDUE", "refused": "EVALUATION_FAILED"}
_FOUND = {"active": "NORMAL", "paused": "PAUSE"}
_Color = Annotated[str, Meta(pattern="^(BLUE|GREEN|YELLOW|BLACK|WHITE|LIMEGREEN)$")]
_Plate = Annotated[str, Meta(min_length=1, max_length=32)]


class EntranceRequest(Struct):
    """What ``parking/parkings`` is sent."""

    sub_mchid: str
    out_parking_no: Annotated[str, Meta(min_length=1, max_length=64)]
    plate_number: _Plate
    plate_color: _Color
    notify_url: str
    start_time: datetime
    parking_name: Annotated[str, Meta(max_length=128)]
    free_duration: Annotated[int, Meta(ge=0)]


class ChargeInfo(Struct):
    """The stay of a charge."""

    parking_id: str
    plate_number: _Plate
    plate_color: _Color
    start_time: datetime
    end_time: datetime
    parking_name: str
    charging_duration: Annotated[int, Meta(ge=0)]
    device_id: str


class ChargeRequest(Struct):
    """What ``transactions/parking`` is sent."""

    appid: str
    sub_mchid: str
    description: Annotated[str, Meta(max_length=127)]
    out_trade_no: Annotated[str, Meta(pattern=r"^[0-9A-Za-z_\-*]{6,32}$")]
    trade_scene: Annotated[str, Meta(pattern="^PARKING$")]
    notify_url: str
    amount: OrderAmount
    parking_info: ChargeInfo


class Entrance(Struct):
    """A stay that WeChat knows of."""

    request: EntranceRequest
    id: str


class VehicleCharge(Struct):
    """A charge; ``state`` is WeChat Pay's word."""

    request: ChargeRequest
    resident: str
    state: str = "ACCEPTED"
    transaction: str = ""
    paid_at: datetime | None = None
    advanced: bool = False
    repaid: bool = False

    def shown(self) -> dict[str, Any]:
        """Return it as a query and a callback show it."""
        total = self.request.amount.total
        content: dict[str, Any] = {
            "appid": self.request.appid,
            "sp_mchid": MCHID,
            "sub_mchid": self.request.sub_mchid,
            "description": self.request.description,
            "out_trade_no": self.request.out_trade_no,
            "trade_state": self.state,
            "trade_scene": "PARKING",
            "amount": {"total": total, "currency": "CNY"},
        }
        if self.paid_at is None:
            return content
        return content | {
            "transaction_id": self.transaction,
            "success_time": self.paid_at.astimezone(CHINA).isoformat(timespec="seconds"),
            "bank_type": "BPA" if self.advanced else "OTHERS",
            **({"user_repaid": "Y" if self.repaid else "N"} if self.advanced else {}),
        }


class Vehicles:
    """The product of one merchant and its one sub-merchant."""

    def __init__(self, parts: Parts, *, loopback: bool) -> None:
        self.agreements = Agreements()
        self._world = parts.world
        self._ledger = parts.ledger
        self._courier = parts.courier
        self._behaviour = parts.behaviour
        self._loopback = loopback
        self._entrances: dict[str, Entrance] = {}
        self._charges: dict[str, VehicleCharge] = {}
        parts.world.offer_faults(_PLACE, "pay_fail", "advanced")

    def find(self, call: Call) -> object:
        """``GET parking/services/find``: for the openid that is asked about."""
        query = call.query
        self._check_merchant(query.get("sub_mchid"))
        agreed = self.agreements.of(query.get("plate_number", ""))
        theirs = agreed is not None and self._openid(query.get("appid", ""), agreed.resident) == query.get("openid")
        state = _FOUND.get(agreed.standing, "OUT_SERVICE") if agreed is not None and theirs else "OUT_SERVICE"
        names = ("plate_number", "plate_color", "openid")
        return {name: query.get(name, "") for name in names} | {"service_state": state}

    def enter(self, call: Call) -> object:
        """``POST parking/parkings``: once for each number, and not in the future."""
        request = read_body(call.body, EntranceRequest)
        self._check_merchant(request.sub_mchid)
        check_notify_url(request.notify_url, loopback=self._loopback)
        if request.start_time > self._world.clock.now():
            raise RefusalError(400, "PARAM_ERROR", "start_time不能晚于当前时间")
        known = self._entrances.get(request.out_parking_no)
        if known is not None and known.request != request:
            raise RefusalError(400, "INVALID_REQUEST", "商户入场ID重复，信息与之前请求不一致")
        if known is None:
            known = Entrance(request, self._world.token(32))
            self._entrances[request.out_parking_no] = known
        return {"id": known.id, "out_parking_no": request.out_parking_no} | self._parking_state(request.plate_number)

    def charge(self, call: Call) -> object:
        """``POST transactions/parking``: accepted, and tried a little later."""
        request = read_body(call.body, ChargeRequest)
        self._check_merchant(request.sub_mchid)
        check_notify_url(request.notify_url, loopback=self._loopback)
        known = self._charges.get(request.out_trade_no)
        if known is not None:
            if known.request != request:
                raise RefusalError(403, "OUT_TRADE_NO_USED", "商户订单号重复")
            return known.shown()
        self._check_stay(request.parking_info)
        agreed = self.agreements.of(request.parking_info.plate_number)
        if agreed is None or agreed.standing != "active":
            raise RefusalError(403, "RULE_LIMIT", "车牌未开通服务或状态不可用")
        charge = VehicleCharge(request, agreed.resident)
        self._charges[request.out_trade_no] = charge
        self._world.spawn(self._try(charge, self._world.take_fault(_PLACE)))
        return charge.shown()

    def query(self, call: Call) -> object:
        """``GET transactions/out-trade-no/…``."""
        self._check_merchant(call.query.get("sub_mchid"))
        charge = self._charges.get(call.numbers["number"])
        if charge is None:
            raise RefusalError(404, "ORDER_NOT_EXIST", "订单不存在")
        if charge.paid_at is not None and self._ledger.order(charge.request.out_trade_no).state == "REFUND":
            charge.state = "REFUND"
        return charge.shown()

    def agree(self, app_id: str, resident: str, opened: Mapping[str, Any]) -> None:
        """Have a resident agree on the page that their client opened. ValueError for another page or person."""
        wanted, theirs = opened["extraData"], self._openid(app_id, resident)
        if (opened["appId"], opened["path"]) != (PROGRAM, PAGE) or wanted["trade_scene"] != "PARKING":
            raise ValueError("小程序或页面不存在")
        if (wanted["mchid"], wanted["sub_mchid"], wanted["openid"]) != (MCHID, SUB_MCHID, theirs):
            raise ValueError("商户无权限发起该流程，或openid与当前用户不一致")
        msgspec.convert(wanted["plate_color"], _Color)
        self.agreements.sign(app_id, resident, msgspec.convert(wanted["plate_number"], _Plate))

    def change(self, plate: str, standing: Standing) -> None:
        """Have an agreement stand otherwise, and tell of every stay of its plate."""
        agreed = self.agreements.of(plate)
        if agreed is None:
            raise KeyError(plate)
        agreed.standing = standing
        for each in self._entrances.values():
            if each.request.plate_number == plate:
                self._tell_entrance(each)

    async def _try(self, charge: VehicleCharge, fault: Fault | None) -> None:
        await asyncio.sleep(self._behaviour.charge_seconds)
        if fault == "pay_fail":
            charge.state = "PAY_FAIL"
            self._tell(charge, "TRANSACTION.FAIL")
            return
        charge.advanced = fault == "advanced"
        self._enter(charge)
        self._tell(charge, "TRANSACTION.SUCCESS")
        if charge.advanced:
            await asyncio.sleep(self._behaviour.repay_seconds)
            charge.repaid = True
            self._tell(charge, "TRANSACTION.PAY_BACK")

    def _enter(self, charge: VehicleCharge) -> None:
        request, now = charge.request, self._world.clock.now()
        order = OrderRequest(
            appid=request.appid,
            mchid=MCHID,
            description=request.description,
            out_trade_no=request.out_trade_no,
            notify_url=request.notify_url,
            amount=request.amount,
            payer=OrderPayer(self._openid(request.appid, charge.resident)),
        )
        entered = self._ledger.create(order, now)
        entered.sub_mchid = request.sub_mchid
        self._ledger.pay(entered, now, 0)
        charge.state, charge.paid_at, charge.transaction = "SUCCESS", now, entered.transaction_id

    def _tell(self, charge: VehicleCharge, event: str) -> None:
        self._courier.notify(charge.request.notify_url, event, "transaction", charge.shown())

    def _tell_entrance(self, entrance: Entrance) -> None:
        request, state = entrance.request, self._parking_state(entrance.request.plate_number)
        resource = {
            "sp_mchid": MCHID,
            "sub_mchid": request.sub_mchid,
            "out_parking_no": request.out_parking_no,
            "parking_id": entrance.id,
            "plate_number": request.plate_number,
            "plate_color": request.plate_color,
            "start_time": request.start_time.isoformat(),
            "parking_name": request.parking_name,
            "free_duration": request.free_duration,
            "parking_state": state["state"],
            "blocked_state_description": state.get("block_reason", ""),
            "state_update_time": self._world.clock.now().isoformat(timespec="seconds"),
        }
        self._courier.notify(request.notify_url, "VEHICLE.ENTRANCE_STATE_CHANGE", "parking", resource)

    def _parking_state(self, plate: str) -> dict[str, str]:
        agreed = self.agreements.of(plate)
        if agreed is not None and agreed.standing == "active":
            return {"state": "NORMAL"}
        return {"state": "BLOCKED", "block_reason": "OUT_SERVICE" if agreed is None else _BLOCKED[agreed.standing]}

    def _check_stay(self, info: ChargeInfo) -> None:
        known = next((each for each in self._entrances.values() if each.id == info.parking_id), None)
        if known is None or (known.request.plate_number, known.request.plate_color) != (
            info.plate_number,
            info.plate_color,
        ):
            raise RefusalError(400, "INVALID_REQUEST", "parking_id不存在，或与入场车牌不一致")

    def _check_merchant(self, sub_mchid: object) -> None:
        if sub_mchid != SUB_MCHID:
            raise RefusalError(400, "PARAM_ERROR", "sub_mchid与服务商无绑定关系")

    def _openid(self, app_id: str, resident: str) -> str:
        return self._world.subject("wechat", app_id, resident)
