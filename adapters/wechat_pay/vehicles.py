"""WeChat Pay's parking by credit score (支付分停车): whether it takes a stay's fee by itself, and having it taken.

We are the service provider, the operator is the sub-merchant. An entry in the future is refused there (FM-37), so it is
told as now. Unverified: that a callback of a repayment has the shape of a payment's, and that a service provider names
itself beside the operator on the page on which owners agree.
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from msgspec import Struct

from adapters.channel import Provider
from adapters.errors import (
    HostConfigurationError,
    NotOfferedError,
    OrderRefusedError,
    OutcomeUnknownError,
    SignatureRefusedError,
)
from adapters.http import HostReply
from adapters.parking import (
    MEND_COLOR,
    Agreed,
    Agreeing,
    Charge,
    Charged,
    Entered,
    ParkingCallback,
    Plate,
    PlateColor,
    ProductKind,
    ServiceChanged,
    ServiceState,
    Stay,
    StayPayment,
)
from adapters.wechat_pay.account import CALLBACK_FORM, Account, is_callback_address
from adapters.wechat_pay.callbacks import ACCEPTED, decode, open_notice
from adapters.wechat_pay.charged import TRANSACTIONS, charged_of
from adapters.wechat_pay.client import SignedHttp, WeChatPayClient, read
from adapters.wechat_pay.keys import KeyRing
from adapters.wechat_pay.vehicle_wire import (
    ChargeAmount,
    ChargeRequest,
    ChargeTrade,
    EntranceChange,
    ParkingInfo,
    ParkingReply,
    ParkingRequest,
    PlateService,
)
from kernel.clock import CHINA, Clock

_PLATE_COLORS: Mapping[PlateColor, str] = {
    "blue": "BLUE",
    "green": "GREEN",
    "yellow": "YELLOW",
    "black": "BLACK",
    "white": "WHITE",
    "yellow_green": "LIMEGREEN",
}
_SERVICES: Mapping[str, ServiceState] = {
    "NORMAL": "active",
    "PAUSE": "paused",
    "OVERDUE": "overdue",
    "OUT_SERVICE": "none",
    "EVALUATION_FAILED": "refused",
}
PROGRAM, PAGE = "wxbcad394b3d99dac9", "/pages/auth-creditpay/auth-creditpay"
"""WeChat Pay's own mini-program in which a plate's owner agrees, by its documentation."""
_NAME_CHARACTERS, _DESCRIPTION_CHARACTERS = 128, 127
_ASK = "Query it with the same number; never charge it with another."


class VehicleProduct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the console shows of the product."""

    sub_mchid: str
    device_id: str = ""


class WeChatVehicles:
    """Implements ParkingProduct for one app. ``signed`` and ``keys`` are the merchant's (``channel.open_account``)."""

    provider: Provider = "wechat"
    vouches = True  # it asks whose plate it is before it lets somebody agree, and answers by openid and plate
    kind: ProductKind = "charging"

    def __init__(
        self, app_id: str, account: Account, product: VehicleProduct, opened: tuple[SignedHttp, KeyRing], clock: Clock
    ) -> None:
        signed, self._keys = opened
        self._client = WeChatPayClient(signed, self._keys)
        self._app_id = app_id
        self._account = account
        self._product = product
        self._clock = clock

    async def service_state(self, plate: Plate, driver: str = "") -> ServiceState:
        """Ask about a plate; WeChat answers for the driver's openid alone, so without one it is ``none``."""
        if not driver:
            return "none"
        values = {
            "appid": self._app_id,
            "sub_mchid": self._product.sub_mchid,
            "plate_number": plate.number,
            "plate_color": _color(plate),
            "openid": driver,
        }
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items())
        reply = _known(await self._client.call("GET", f"/v3/vehicle/parking/services/find?{query}"), plate.number)
        found = read(reply, PlateService)
        if found.plate_number != plate.number:
            raise OutcomeUnknownError("WeChat Pay answers about another plate", fix="Ask again.")
        return _service(found.service_state)

    async def agree(self, agreeing: Agreeing) -> Mapping[str, object]:
        """Return the arguments of ``wx.navigateToMiniProgram``. WeChat tells nobody what came of it: ask afterwards."""
        return {
            "appId": PROGRAM,
            "path": PAGE,
            "extraData": {
                "mchid": self._account.merchant.mchid,
                "sub_mchid": self._product.sub_mchid,
                "openid": agreeing.driver,
                "plate_number": agreeing.plate.number,
                "plate_color": _color(agreeing.plate),
                "trade_scene": "PARKING",
            },
        }

    async def announce_entry(self, stay: Stay) -> Entered:
        request = ParkingRequest(
            sub_mchid=self._product.sub_mchid,
            out_parking_no=stay.number,
            plate_number=stay.plate.number,
            plate_color=_color(stay.plate),
            notify_url=_address(stay.notify_url),
            start_time=_time(min(stay.entered_at, self._clock.now())),
            parking_name=stay.lot_name[:_NAME_CHARACTERS],
            free_duration=int(stay.free.total_seconds()),
        )
        answer = await self._client.call("POST", "/v3/vehicle/parking/parkings", request)
        reply = read(_known(answer, stay.number), ParkingReply)
        if reply.out_parking_no != stay.number:
            raise OutcomeUnknownError("WeChat Pay answers about another stay", fix="Announce the very same again.")
        return Entered(reply.id, _service(reply.block_reason if reply.state == "BLOCKED" else reply.state))

    async def announce_payment(self, stay: Stay, payment: StayPayment) -> None:  # noqa: ARG002 - the interface's
        raise _not_offered("payments")

    async def announce_exit(self, stay: Stay, left_at: datetime) -> None:  # noqa: ARG002 - the interface's
        raise _not_offered("exits")

    async def charge(self, charge: Charge) -> Charged:
        """Have a stay's fee taken; what is said at once is mostly ``accepted``."""
        if charge.amount <= 0:
            raise OrderRefusedError("Nothing is to be paid", fix="Charges of 0 fen never go to a host app.")
        reply = await self._client.call("POST", "/v3/vehicle/transactions/parking", self._request(charge))
        charged = charged_of(read(_known(reply, charge.number), ChargeTrade))
        _must_be(charge.number, charged)
        return charged

    async def query_charge(self, number: str) -> Charged:
        target = f"/v3/vehicle/transactions/out-trade-no/{quote(number, safe='')}?sub_mchid={self._product.sub_mchid}"
        reply = await self._client.call("GET", target)
        if reply is None:
            return Charged(number=number, state="unknown")
        charged = charged_of(read(reply, ChargeTrade))
        _must_be(number, charged)
        return charged

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> ParkingCallback:  # noqa: ARG002 - WeChat Pay's callbacks have no query
        """Read news of an entrance or of a charge. A repayment is the second message about one charge (FM-38)."""
        notice, resource = open_notice(self._keys, self._account.api_v3_key.encode(), headers, body)
        if notice.event_type == "VEHICLE.ENTRANCE_STATE_CHANGE":
            change = decode(resource, EntranceChange)
            self._must_be_ours(change.sp_mchid)
            blocked = change.parking_state == "BLOCKED"
            state = _SERVICES.get(change.blocked_state_description, "refused") if blocked else "active"
            at = datetime.fromisoformat(change.state_update_time) if change.state_update_time else None
            about: Charged | Agreed | ServiceChanged = ServiceChanged(
                change.out_parking_no, change.parking_id, state, at
            )
        elif notice.event_type in TRANSACTIONS:
            trade = decode(resource, ChargeTrade)
            self._must_be_ours(trade.sp_mchid)
            about = charged_of(trade)
        else:
            raise SignatureRefusedError(
                f"The callback is about {notice.event_type[:40]!r}", fix="This address is for parking."
            )
        return ParkingCallback(about, notice.id, ACCEPTED, "application/json")

    def _request(self, charge: Charge) -> ChargeRequest:
        stay = charge.stay
        return ChargeRequest(
            appid=self._app_id,
            sub_mchid=self._product.sub_mchid,
            description=charge.subject[:_DESCRIPTION_CHARACTERS],
            out_trade_no=charge.number,
            trade_scene="PARKING",
            notify_url=_address(charge.notify_url),
            profit_sharing="N",
            amount=ChargeAmount(charge.amount),
            parking_info=ParkingInfo(
                parking_id=stay.reference,
                plate_number=stay.plate.number,
                plate_color=_color(stay.plate),
                start_time=_time(stay.entered_at),
                end_time=_time(charge.left_at),
                parking_name=stay.lot_name[:_NAME_CHARACTERS],
                charging_duration=int((charge.left_at - stay.entered_at).total_seconds()),
                device_id=self._product.device_id,
            ),
        )

    def _must_be_ours(self, mchid: str) -> None:
        if mchid != self._account.merchant.mchid:
            raise SignatureRefusedError("The callback is about another merchant", fix="Compare the notify_url.")


def _address(notify_url: str) -> str:
    if not is_callback_address(notify_url):
        raise HostConfigurationError(f"WeChat Pay cannot call {notify_url[:80]!r}", fix=CALLBACK_FORM)
    return notify_url


def _must_be(number: str, charged: Charged) -> None:
    if charged.number != number:
        raise OutcomeUnknownError(f"WeChat Pay answers about another charge than {number}", fix=_ASK)


def _known(reply: HostReply | None, number: str) -> HostReply:
    if reply is None:
        raise OrderRefusedError(f"WeChat Pay does not know what {number} is about", fix="Compare it with its entry.")
    return reply


def _service(word: str) -> ServiceState:
    state = _SERVICES.get(word)
    if state is None:
        raise OutcomeUnknownError(f"A plate's service is in the state {word[:40]!r}", fix="Ask again; charge nothing.")
    return state


def _color(plate: Plate) -> str:
    word = _PLATE_COLORS.get(plate.color)
    if word is None:
        raise OrderRefusedError(f"WeChat Pay has no plates that are {plate.color}", fix=MEND_COLOR)
    return word


def _time(time: datetime) -> str:
    return time.astimezone(CHINA).isoformat(timespec="seconds")


def _not_offered(what: str) -> NotOfferedError:
    return NotOfferedError(f"WeChat Pay's parking by credit score wants no {what}", fix="Charge; or use the reminders.")
