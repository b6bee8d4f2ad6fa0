"""The simulated WeChat Pay's reminders of parking: what is told of stays is checked and kept, nobody is reminded.

A stay is told of in its order: nothing comes after the exit but the same again.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

from adapters.sandbox.wechat_pay.gate import Call
from adapters.sandbox.wechat_pay.refusal import RefusalError, read_body
from adapters.sandbox.wechat_pay.serving import HOST
from adapters.sandbox.world import World

LOT = "20260629000001"  # an admitted lot's parking_id

_Number = Annotated[str, Meta(min_length=1, max_length=64)]
_Plate = Annotated[str, Meta(min_length=1, max_length=16)]
_COLORS = "BLUE|YELLOW|BLACK|WHITE|GREEN|YELLOW_GREEN|AGRICULTURAL_YELLOW|OTHER|UNKNOWN"
_Color = Annotated[str, Meta(pattern=f"^PLATE_COLOR_({_COLORS})$")]


class Entry(Struct):
    """What ``entry`` is sent."""

    out_serial_number: _Number
    parking_id: str
    plate_number: _Plate
    plate_color: _Color
    enter_timestamp: int


class Paid(Struct):
    """What ``payment`` is sent."""

    out_serial_number: _Number
    parking_id: str
    plate_number: _Plate
    pay_type: Annotated[str, Meta(pattern="^PAY_TYPE_WXPAY$")]
    total_amount: Annotated[int, Meta(ge=1)]
    paid_amount: Annotated[int, Meta(ge=1)]
    out_trade_no: str
    pay_time: int
    openid: str = ""


class Exit(Struct):
    """What ``exit`` is sent."""

    out_serial_number: _Number
    parking_id: str
    plate_number: _Plate
    plate_color: _Color
    exit_timestamp: int


class Reminded(Struct):
    """A stay as WeChat knows it."""

    entry: Entry
    serial: str
    paid: list[Paid]
    left: Exit | None = None


class Reminders:
    """The stays of one merchant's lots."""

    def __init__(self, world: World) -> None:
        self.stays: dict[str, Reminded] = {}
        self._world = world

    def enter(self, call: Call) -> object:
        entry = read_body(call.body, Entry)
        if entry.parking_id != LOT:
            raise RefusalError(400, "INVALID_REQUEST", "停车场不存在或未准入")
        self._check_time(entry.enter_timestamp)
        known = self.stays.get(entry.out_serial_number)
        if known is None:
            known = self.stays[entry.out_serial_number] = Reminded(entry, self._world.token(24), [])
            self._world.note(HOST, "parking", f"{entry.plate_number} entered {entry.parking_id}")
        elif known.entry != entry:
            raise RefusalError(400, "INVALID_REQUEST", "out_serial_number重复，信息与之前请求不一致")
        return {"serial_number": known.serial}

    def pay(self, call: Call) -> None:
        paid = read_body(call.body, Paid)
        stay = self._stay(paid)
        if paid in stay.paid:
            return
        _check_stands(stay)
        stay.paid.append(paid)
        self._world.note(HOST, "parking", f"{paid.plate_number} paid {paid.paid_amount} fen")

    def leave(self, call: Call) -> None:
        left = read_body(call.body, Exit)
        self._check_time(left.exit_timestamp)
        stay = self._stay(left)
        if left == stay.left:
            return
        _check_stands(stay)
        stay.left = left
        self._world.note(HOST, "parking", f"{left.plate_number} left {left.parking_id}")

    def _stay(self, told: Any) -> Reminded:
        stay = self.stays.get(told.out_serial_number)
        if stay is None:
            raise RefusalError(404, "RESOURCE_NOT_EXISTS", "停车记录不存在")
        if (told.parking_id, told.plate_number) != (stay.entry.parking_id, stay.entry.plate_number):
            raise RefusalError(400, "INVALID_REQUEST", "parking_id或车牌与入场信息不一致")
        return stay

    def _check_time(self, seconds: int) -> None:
        if seconds > self._world.clock.now().timestamp():
            raise RefusalError(400, "PARAM_ERROR", "时间不能晚于当前时间")


def _check_stands(stay: Reminded) -> None:
    if stay.left is not None:
        raise RefusalError(400, "INVALID_REQUEST", "车辆已离场")
