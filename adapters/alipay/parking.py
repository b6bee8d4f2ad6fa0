"""Alipay's parking: entries, payments and exits are told as its second generation wants it, charges as its first does.

A reply counts when its ``code`` and its ``biz_code`` both say so. A charge is a trade like any other, so how it stands
is asked with ``alipay.trade.query``. From the official SDKs. Unverified: that ``biz_code`` is SUCCESS then, the meaning
of a charge that is refused, the names of exit and payment nodes, and how the page of agreements is told of a plate.
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from adapters.alipay import trades
from adapters.alipay.app import TIME_FORM
from adapters.alipay.client import AlipayClient
from adapters.alipay.notices import read_notice
from adapters.alipay.wire import AgreementReply, ChargeReply, ParkingReply, TradeReply
from adapters.channel import Payment, Provider
from adapters.errors import NotOfferedError, OrderRefusedError, OutcomeUnknownError, SignatureRefusedError
from adapters.parking import (
    MEND_COLOR,
    Agreed,
    Agreeing,
    Charge,
    Charged,
    ChargeState,
    Entered,
    ParkingCallback,
    Plate,
    PlateColor,
    ProductKind,
    ServiceState,
    Stay,
    StayPayment,
)
from kernel.clock import CHINA, Clock
from kernel.money import format_yuan

_SYNC = "alipay.commerce.transport.parking"
_NOT_EXIST = "ACQ.TRADE_NOT_EXIST"
_PLATE_COLORS: Mapping[PlateColor, str] = {
    "blue": "BLUE",
    "green": "GREEN",
    "yellow": "YELLOW",
    "black": "BLACK",
    "white": "WHITE",
    "yellow_green": "LIMEGREEN",
}
_AGREED = "0"  # of agreement_status: 1 is none, 2 another user's
_SCENE = "PLATE_PAY"
_CHARGES: Mapping[str, ChargeState] = {
    "unknown": "unknown",
    "pending": "accepted",
    "paid": "paid",
    "refunded": "refunded",
    "closed": "failed",
    "failed": "failed",
}
_DONE = "SUCCESS"
_PRODUCT = {
    "personal_product_code": "GENERAL_WITHHOLDING_P",
    "product_code": "GENERAL_WITHHOLDING",
    "sign_scene": "INDUSTRY|PARKING",
}
_AGREEMENTS = {"dut_user_sign": "NORMAL", "dut_user_unsign": "UNSIGN"}  # and the status that each comes with


class AlipayParking:
    """Implements ParkingProduct for one app; ``Stay.lot`` is the lot's ``parking_id`` at Alipay."""

    provider: Provider = "alipay"
    vouches = False  # whether it compares the plate of an agreement with its user's is unverified
    kind: ProductKind = "charging"

    def __init__(self, client: AlipayClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def service_state(self, plate: Plate, driver: str = "") -> ServiceState:
        """Ask about a plate; without a driver the answer is about whoever has signed for it."""
        content = {"car_number": plate.number, "plate_color": _color(plate), "ver": "v2.1"}
        if driver:
            content["alipay_user_id" if trades.is_user_id(driver) else "open_id"] = driver
        reply = await self._client.call("alipay.eco.mycar.parking.agreement.query", AgreementReply, content)
        return "active" if reply.agreement_status == _AGREED else "none"

    async def agree(self, agreeing: Agreeing) -> Mapping[str, object]:
        """Return the argument of ``my.paySignCenter``; what came of it is told to ``notify_url``."""
        content = {
            **_PRODUCT,
            "external_agreement_no": agreeing.number,
            "access_params": {"channel": "ALIPAYAPP"},
            "pass_params": {"car_number": agreeing.plate.number, "car_number_color": _color(agreeing.plate)},
        }
        public = {"notify_url": agreeing.notify_url}
        signed = self._client.signed_query("alipay.user.agreement.page.sign", content, public=public)
        return {"signStr": quote(signed, safe="")}

    async def announce_entry(self, stay: Stay) -> Entered:
        """Tell of an entry; one in the future would be refused (FM-37), so it is told as now."""
        content = self._about(stay) | {
            "in_time": _time(min(stay.entered_at, self._clock.now())),
            "free_enter_minutes": str(int(stay.free.total_seconds() // 60)),
            "agreement_query": True,
        }
        reply = await self._sync("enterinfo.sync", content)
        agreed = _SCENE in (reply.agreement_scene or "").split(",")
        return Entered(reply.serial_no or "", "active" if agreed else "none")

    async def announce_payment(self, stay: Stay, payment: StayPayment) -> None:
        content = self._about(stay) | {
            "out_order_no": payment.number,
            "alipay_trade_no": payment.transaction,
            "total_amount": format_yuan(payment.total),
            "payment_amount": format_yuan(payment.paid),
            "payment_time": _time(min(payment.at, self._clock.now())),
        }
        await self._sync("paymentinfo.sync", content)

    async def announce_exit(self, stay: Stay, left_at: datetime) -> None:
        await self._sync("exitinfo.sync", self._about(stay) | {"out_time": _time(min(left_at, self._clock.now()))})

    async def charge(self, charge: Charge) -> Charged:
        """Have a fee taken; Alipay does it at once. What it refuses is ``failed`` if the trade is not there either."""
        trades.check_amount(charge.amount)
        stay = charge.stay
        content = {
            "out_trade_no": charge.number,
            "total_fee": format_yuan(charge.amount),
            "subject": charge.subject,
            "car_number": stay.plate.number,
            "car_number_color": _color(stay.plate),
            "parking_id": stay.lot,
            "out_serial_no": stay.number,
            "serial_no": stay.reference,
            "in_duration": str(int((charge.left_at - stay.entered_at).total_seconds() // 60)),
            "seller_id": self._client.app.seller_id,
        }
        public = {"notify_url": charge.notify_url}
        reply = await self._client.call("alipay.eco.mycar.parking.order.pay", ChargeReply, content, public=public)
        if reply.out_trade_no != charge.number or not reply.trade_no:
            raise OutcomeUnknownError("Alipay answered about another charge", fix="Query it with the same number.")
        return Charged(
            number=charge.number,
            state="paid",
            amount=charge.amount,
            transaction=reply.trade_no,
            paid_at=trades.read_time(reply.gmt_payment or ""),
            advanced=bool(reply.advance_amount),
        )

    async def query_charge(self, number: str) -> Charged:
        content = {"out_trade_no": number}
        reply = await self._client.call("alipay.trade.query", TradeReply, content, tolerate=(_NOT_EXIST,))
        if reply.reason == _NOT_EXIST:
            return Charged(number=number, state="unknown")
        return _charged(trades.payment(number, reply))

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> ParkingCallback:  # noqa: ARG002 - Alipay signs the body alone
        """Read a trade's notice about a charge, or one about an agreement."""
        read = read_notice(body, self._client.app, self._client.trust, self._clock)
        if isinstance(read.about, Payment):
            about: Charged | Agreed = _charged(read.about)
        elif isinstance(read.about, Mapping):
            about = _agreed(read.about)
        else:
            raise SignatureRefusedError("The notice is about no charge", fix="Give refunds an address of their own.")
        return ParkingCallback(about, read.message_id, read.reply, read.reply_type)

    async def _sync(self, what: str, content: Mapping[str, object]) -> ParkingReply:
        reply = await self._client.call(f"{_SYNC}.{what}", ParkingReply, content)
        if reply.biz_code not in {None, "", _DONE}:
            raise OrderRefusedError(
                f"Alipay refuses {what} with {(reply.biz_code or '')[:40]}",
                fix="Compare the stay's number, plate and lot with what was announced before.",
            )
        return reply

    def _about(self, stay: Stay) -> dict[str, object]:
        if not stay.lot:
            raise NotOfferedError("Alipay does not know this lot", fix="Have it registered there, and name its number.")
        return {
            "out_serial_no": stay.number,
            "parking_id": stay.lot,
            "plate_no": stay.plate.number,
            "plate_color": _color(stay.plate),
        }


def _agreed(notice: Mapping[str, str]) -> Agreed:
    kind = notice.get("notify_type", "")
    if kind not in _AGREEMENTS or notice.get("status") != _AGREEMENTS[kind]:
        raise SignatureRefusedError(f"The notice is {kind[:40]!r}", fix="This address is for parking.")
    number, contract = (notice.get(name, "") for name in ("external_agreement_no", "agreement_no"))
    return Agreed(number, contract, holds=kind == "dut_user_sign")


def _charged(payment: Payment) -> Charged:
    return Charged(
        number=payment.number,
        state=_CHARGES[payment.state],
        amount=payment.amount,
        transaction=payment.transaction,
        paid_at=payment.paid_at,
    )


def _color(plate: Plate) -> str:
    word = _PLATE_COLORS.get(plate.color)
    if word is None:
        raise NotOfferedError(f"Alipay has no plates that are {plate.color}", fix=MEND_COLOR)
    return word


def _time(time: datetime) -> str:
    return time.astimezone(CHINA).strftime(TIME_FORM)
