"""What Alipay posts to our notify URL: trade notices and the platform's messages. Pure but for the clock.

A refund's notice says TRADE_SUCCESS as the payment's does, and a full refund's TRADE_CLOSED: what tells them apart are
the refund's number, sum and time.
"""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qsl

from adapters.alipay.app import AlipayApp
from adapters.alipay.signing import verify_notice
from adapters.alipay.trades import read_time, read_trade
from adapters.alipay.trust import Trust
from adapters.channel import Callback, Payment, Refund
from adapters.errors import OutcomeUnknownError, SignatureRefusedError
from kernel.clock import Clock
from kernel.money import parse_yuan

SUCCESS = b"success"  # these 7 characters and nothing else, or it is sent again

_OLDEST = timedelta(hours=26)  # Alipay sends again for 25 hours; whether notice_time moves with it is unverified
_AHEAD = timedelta(minutes=10)
_MOST_FIELDS = 200
_FIX = "Alipay sends it again; compare app, merchant and clock with the console if it stays so."


def read_notice(body: bytes, app: AlipayApp, trust: Trust, clock: Clock) -> Callback:
    """Verify and read a notice. Raises SignatureRefusedError for what is not Alipay's, ours and recent."""
    notice = _form(body)
    _verify(notice, trust)
    if notice.get("app_id") != app.app_id:
        raise SignatureRefusedError("The notice is for another app", fix=_FIX)
    message_id = notice.get("notify_id", "")
    if not message_id:
        raise SignatureRefusedError("The notice has no number", fix=_FIX)
    is_trade = notice.get("notify_type") == "trade_status_sync"
    _check_time(notice, clock, needed=is_trade)
    if not is_trade:
        event = {name: value for name, value in notice.items() if name != "sign"}
        return Callback(event, message_id, SUCCESS)
    if not app.seller_id or notice.get("seller_id") != app.seller_id:
        raise SignatureRefusedError("The notice is for another merchant", fix=_FIX)
    return Callback(_trade(notice), message_id, SUCCESS)


def _form(body: bytes) -> dict[str, str]:
    """Decode once; a signature whose plus signs became blanks on the way is not repaired."""
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError as error:
        raise SignatureRefusedError("The notice is not a form", fix=_FIX) from error
    notice = dict(pairs)
    if len(notice) != len(pairs):
        raise SignatureRefusedError("The notice has a field twice", fix=_FIX)
    return notice


def _verify(notice: Mapping[str, str], trust: Trust) -> None:
    refused: SignatureRefusedError | None = None
    for key in trust.newest_first():
        try:
            verify_notice(key, notice)
        except SignatureRefusedError as error:
            refused = error
        else:
            return
    if refused is not None:
        raise refused
    raise SignatureRefusedError("No key of Alipay's is known", fix=_FIX)


def _check_time(notice: Mapping[str, str], clock: Clock, *, needed: bool) -> None:
    try:
        sent = read_time(notice.get("notify_time", ""))
    except OutcomeUnknownError as error:
        raise SignatureRefusedError("The notice's time is none", fix=_FIX) from error
    if sent is None and not needed:
        return
    if sent is None or not clock.now() - _OLDEST <= sent <= clock.now() + _AHEAD:
        raise SignatureRefusedError("The notice is too old, or from the future", fix=_FIX)


def _trade(notice: Mapping[str, str]) -> Payment | Refund:
    if "out_trade_no" not in notice:
        raise SignatureRefusedError("The notice has no order number", fix=_FIX)
    try:
        refunded = parse_yuan(notice.get("refund_fee") or "0") > 0
    except ValueError as error:
        raise SignatureRefusedError("The notice's refund is no amount", fix=_FIX) from error
    number = notice.get("out_biz_no", "")
    partial = notice.get("trade_status") != "TRADE_CLOSED"
    if (refunded or notice.get("gmt_refund")) and (number or partial):
        # The sum adds up all refunds of the trade, so it is not this one's; no number: made in Alipay's console.
        done = bool(notice.get("gmt_refund"))
        return Refund(number=number, order=notice["out_trade_no"], state="done" if done else "pending")
    buyer = notice.get("buyer_open_id") or notice.get("buyer_id") or ""
    try:
        return read_trade({**notice, "buyer": buyer, "person": notice.get("buyer_id", "")})
    except OutcomeUnknownError as error:
        raise SignatureRefusedError(f"The notice cannot be understood: {error.message}", fix=_FIX) from error
