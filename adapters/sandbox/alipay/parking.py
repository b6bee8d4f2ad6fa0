"""The simulated Alipay's parking: told stays, agreements for plates, and charges, which are trades of the books.

What is wrong with a told stay is said by ``biz_code`` in a reply that succeeds. It is told of in its order: nothing
comes after the exit but the same again. The fault ``pay_fail`` at
``alipay.parking_charge``: the charge is refused.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from adapters.alipay.trades import read_time
from adapters.errors import OutcomeUnknownError
from adapters.sandbox.alipay.protocol import Call, Refusal
from adapters.sandbox.alipay.subcodes import CHARGE_REFUSED, PLATE_NOT_SIGNED
from adapters.sandbox.alipay.trades import Trades, written_time
from adapters.sandbox.plates import Agreements
from adapters.sandbox.world import World

LOT = "PI1501317472942184881"  # a lot's parking_id

_COLORS = frozenset({"BLUE", "GREEN", "YELLOW", "WHITE", "BLACK", "LIMEGREEN"})


class ToldStay(Struct):
    """A stay as Alipay knows it."""

    serial_no: str
    plate: str
    lot: str
    paid: list[Mapping[str, Any]]
    left: str = ""


class Parking:
    """The stays at all lots."""

    def __init__(self, world: World, trades: Trades) -> None:
        self.agreements = Agreements()
        self.stays: dict[str, ToldStay] = {}
        self._world = world
        self._trades = trades
        world.offer_faults("alipay.parking_charge", "pay_fail")

    def methods(self) -> Mapping[str, Callable[[Call], Mapping[str, object]]]:
        """Return what answers which of the gateway's methods."""
        told = "alipay.commerce.transport.parking"
        return {
            f"{told}.enterinfo.sync": self.enter,
            f"{told}.paymentinfo.sync": self.pay,
            f"{told}.exitinfo.sync": self.leave,
            "alipay.eco.mycar.parking.agreement.query": self.agreement,
            "alipay.eco.mycar.parking.order.pay": self.charge,
        }

    def enter(self, call: Call) -> Mapping[str, object]:
        """``alipay.commerce.transport.parking.enterinfo.sync``."""
        number, plate, lot = call.text("out_serial_no"), call.text("plate_no"), call.text("parking_id")
        if (refused := self._wrong(call, "in_time")) is not None:
            return refused
        stay = self.stays.get(number)
        if stay is None:
            stay = self.stays[number] = ToldStay(self._world.token(24), plate, lot, [])
            self._note(f"{plate} entered {lot}")
        if (stay.plate, stay.lot) != (plate, lot):
            return _refused("OUT_SERIAL_NO_REPEATED")
        agreed = self.agreements.of(plate)
        scene = "PLATE_PAY" if agreed is not None and agreed.standing == "active" else "NO_AGREEMENT_SCENE"
        asked = {"agreement_scene": scene} if call.content.get("agreement_query") is True else {}
        return _accepted() | {"serial_no": stay.serial_no} | asked

    def pay(self, call: Call) -> Mapping[str, object]:
        """``…paymentinfo.sync``."""
        return self._told(call, "payment_time", self._pay)

    def leave(self, call: Call) -> Mapping[str, object]:
        """``…exitinfo.sync``."""
        return self._told(call, "out_time", self._leave)

    def agreement(self, call: Call) -> Mapping[str, object]:
        """``alipay.eco.mycar.parking.agreement.query``: 0 signed (by who is asked about), 1 not, 2 by another."""
        agreed = self.agreements.of(call.text("car_number"))
        if agreed is None or agreed.standing != "active":
            return {"agreement_status": "1"}
        asked = call.content.get("open_id") or call.content.get("alipay_user_id")
        theirs = asked in {None, *self._trades.names(call.app, agreed.resident)}
        return {"agreement_status": "0" if theirs else "2"}

    def agree(self, call: Call, resident: str) -> tuple[str, str]:
        """``alipay.user.agreement.page.sign``: agree for a plate; return the agreement's number and it."""
        passed = call.content.get("pass_params")
        plate, color = (passed.get(name) for name in ("car_number", "car_number_color")) if passed else (None, None)
        if not isinstance(plate, str) or color not in _COLORS:
            raise Refusal("40004", "INVALID_PARAMETER")
        self.agreements.sign(call.app.app_id, resident, plate)
        return f"2088{self._world.token(16)}", plate

    def charge(self, call: Call) -> Mapping[str, object]:
        """``alipay.eco.mycar.parking.order.pay``: done at once, once for each number."""
        agreed = self.agreements.of(call.text("car_number"))
        stay = self.stays.get(str(call.content.get("out_serial_no", "")))
        if agreed is None or agreed.standing != "active":
            raise Refusal("40004", PLATE_NOT_SIGNED)
        if stay is None or (stay.plate, stay.lot) != (call.text("car_number"), call.text("parking_id")):
            raise Refusal("40004", "INVALID_PARAMETER")
        if self._world.take_fault("alipay.parking_charge") == "pay_fail":
            raise Refusal("40004", CHARGE_REFUSED)
        trade = self._trades.charge(call, agreed.resident)
        return {
            "out_trade_no": trade.number,
            "trade_no": trade.trade_no,
            "total_fee": call.text("total_fee"),
            "gmt_payment": written_time(trade.paid_at),
        }

    def _pay(self, call: Call, stay: ToldStay) -> bool:
        if call.content in stay.paid:
            return True
        if stay.left:
            return False
        stay.paid.append(call.content)
        self._note(f"{stay.plate} paid {call.text('payment_amount')} yuan")
        return True

    def _leave(self, call: Call, stay: ToldStay) -> bool:
        if stay.left:
            return stay.left == call.text("out_time")
        stay.left = call.text("out_time")
        self._note(f"{stay.plate} left {stay.lot}")
        return True

    def _note(self, result: str) -> None:
        self._world.note("alipay", "parking", result)

    def _told(self, call: Call, time: str, then: Callable[[Call, ToldStay], bool]) -> Mapping[str, object]:
        stay = self.stays.get(call.text("out_serial_no"))
        if (refused := self._wrong(call, time)) is not None:
            return refused
        if stay is None or (stay.plate, stay.lot) != (call.text("plate_no"), call.text("parking_id")):
            return _refused("PARKING_RECORD_NOT_MATCH")
        return _accepted() if then(call, stay) else _refused("PARKING_RECORD_FINISHED")

    def _wrong(self, call: Call, time: str) -> Mapping[str, object] | None:
        if call.text("parking_id") != LOT:
            return _refused("PARKING_LOT_NOT_EXIST")
        if call.text("plate_color") not in _COLORS:
            return _refused("INVALID_PARAMETER")
        try:
            at = read_time(call.text(time))
        except OutcomeUnknownError:
            at = None
        return _refused("INVALID_TIME") if at is None or at > self._world.clock.now() else None


def _accepted() -> dict[str, object]:
    return {"biz_code": "SUCCESS", "biz_msg": "成功"}


def _refused(code: str) -> dict[str, object]:
    return {"biz_code": code, "biz_msg": "失败"}
