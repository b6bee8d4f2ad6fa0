"""WeChat Pay's reminders of parking (停车缴费服务): entries, payments and exits are told; nothing is taken by itself.

Pages of 2026. A lot has an id of WeChat's after it was admitted there. Colours, times (Unix seconds) and names are not
those of parking by credit score. Which way ``parking-fee`` is called is unverified, so it is not here.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from adapters.channel import Provider
from adapters.errors import NotOfferedError, OrderRefusedError, OutcomeUnknownError
from adapters.parking import (
    Agreeing,
    Charge,
    Charged,
    Entered,
    ParkingCallback,
    Plate,
    PlateColor,
    ProductKind,
    ServiceState,
    Stay,
    StayPayment,
)
from adapters.wechat_pay.client import WeChatPayClient, read
from kernel.clock import Clock

_PATH = "/v3/parking/reminders"
_PLATE_COLORS: Mapping[PlateColor, str] = {
    "blue": "PLATE_COLOR_BLUE",
    "green": "PLATE_COLOR_GREEN",
    "yellow": "PLATE_COLOR_YELLOW",
    "black": "PLATE_COLOR_BLACK",
    "white": "PLATE_COLOR_WHITE",
    "yellow_green": "PLATE_COLOR_YELLOW_GREEN",
    "agricultural_yellow": "PLATE_COLOR_AGRICULTURAL_YELLOW",
    "other": "PLATE_COLOR_OTHER",
    "unknown": "PLATE_COLOR_UNKNOWN",
}
_PLATE_CHARACTERS = 16


class EntryReminder(Struct):
    """For ``entry``."""

    out_serial_number: str
    parking_id: str
    plate_number: str
    plate_color: str
    enter_timestamp: int
    car_type: str = "PLATE_TYPE_TEMPORARY"
    vehicle_type: str = "VEHICLE_TYPE_SMALL"


class EntryReply(Struct):
    """WeChat's number of a stay."""

    serial_number: str


class PaymentReminder(Struct, omit_defaults=True):
    """For ``payment``: fen, Unix seconds; ``token`` is the reminder's own, against forgeries."""

    out_serial_number: str
    parking_id: str
    plate_number: str
    parking_state: str
    pay_type: str
    pay_channel: str
    total_amount: int
    paid_amount: int
    out_trade_no: str
    wx_trade_no: str
    pay_time: int
    openid: str = ""
    token: str = ""


class ExitReminder(Struct):
    """For ``exit``."""

    out_serial_number: str
    parking_id: str
    plate_number: str
    plate_color: str
    exit_timestamp: int


class WeChatReminders:
    """Implements ParkingProduct, without charges. ``Stay.lot`` is the lot's id at WeChat, the same at every step."""

    provider: Provider = "wechat"
    vouches = False
    kind: ProductKind = "reminders"

    def __init__(self, client: WeChatPayClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def service_state(self, plate: Plate, driver: str = "") -> ServiceState:  # noqa: ARG002 - the interface's
        return "none"

    async def agree(self, agreeing: Agreeing) -> Mapping[str, object]:  # noqa: ARG002 - the interface's
        raise NotOfferedError("WeChat Pay's reminders take no fees", fix="Agree to its parking by credit score.")

    async def announce_entry(self, stay: Stay) -> Entered:
        request = EntryReminder(
            out_serial_number=stay.number,
            parking_id=stay.lot,
            plate_number=_plate(stay),
            plate_color=_PLATE_COLORS[stay.plate.color],
            enter_timestamp=_seconds(min(stay.entered_at, self._clock.now())),
        )
        reply = await self._client.call("POST", f"{_PATH}/entry", request)
        if reply is None:
            raise OutcomeUnknownError("WeChat Pay knows no such lot", fix="Compare its id with the console.")
        return Entered(read(reply, EntryReply).serial_number, "none")

    async def announce_payment(self, stay: Stay, payment: StayPayment) -> None:
        """Tell of a payment by WeChat Pay, which must be more than nothing; others are not taken there."""
        if payment.paid <= 0:
            raise OrderRefusedError("Nothing was paid", fix="WeChat Pay's reminders hear of payments above 0 fen.")
        await self._tell(
            "payment",
            PaymentReminder(
                out_serial_number=stay.number,
                parking_id=stay.lot,
                plate_number=_plate(stay),
                parking_state="PARKING_STATE_PARKING",
                pay_type="PAY_TYPE_WXPAY",
                pay_channel="PAY_CHANNEL_WECHAT_PAY_NOTIF" if payment.token else "PAY_CHANNEL_MCH_MINI_PROG",
                total_amount=payment.total,
                paid_amount=payment.paid,
                out_trade_no=payment.number,
                wx_trade_no=payment.transaction,
                pay_time=_seconds(payment.at),
                openid=stay.driver,
                token=payment.token,
            ),
        )

    async def announce_exit(self, stay: Stay, left_at: datetime) -> None:
        request = ExitReminder(
            out_serial_number=stay.number,
            parking_id=stay.lot,
            plate_number=_plate(stay),
            plate_color=_PLATE_COLORS[stay.plate.color],
            exit_timestamp=_seconds(min(left_at, self._clock.now())),
        )
        await self._tell("exit", request)

    async def charge(self, charge: Charge) -> Charged:  # noqa: ARG002 - the interface's
        raise _no_charges()

    async def query_charge(self, number: str) -> Charged:  # noqa: ARG002 - the interface's
        raise _no_charges()

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> ParkingCallback:  # noqa: ARG002 - the interface's
        raise _no_charges()

    async def _tell(self, what: str, request: Struct) -> None:
        if await self._client.call("POST", f"{_PATH}/{what}", request) is None:
            raise OrderRefusedError("WeChat Pay knows no such stay", fix="Announce its entry first, with the same lot.")


def _plate(stay: Stay) -> str:
    if len(stay.plate.number) > _PLATE_CHARACTERS:
        raise OrderRefusedError("A plate has 16 characters at most there", fix="Announce what the camera has read.")
    return stay.plate.number


def _seconds(time: datetime) -> int:
    return int(time.timestamp())


def _no_charges() -> NotOfferedError:
    return NotOfferedError(
        "WeChat Pay's reminders of parking take no fees by themselves", fix="Use its parking by credit score."
    )
