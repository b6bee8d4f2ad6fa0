"""Trades in the words of Alipay and in ours. Pure; yuan strings become fen without a float."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from adapters.alipay.app import TIME_FORM, AlipayApp
from adapters.alipay.wire import RefundQueryReply, TradeReply
from adapters.channel import Order, Payment, Refund
from adapters.errors import OrderRefusedError, OutcomeUnknownError
from kernel.clock import CHINA
from kernel.money import Fen, format_yuan, parse_yuan

_MOST = Fen(100_000_000_00)  # alipay.trade.create: 0.01 to 100,000,000 yuan
_USER_ID = re.compile(r"2088\d{12}")
_NOT_IN_SUBJECT = str.maketrans("/=&", "／＝＆")  # Alipay refuses these three
_STATES: Mapping[str, Literal["pending", "paid", "closed"]] = {
    "WAIT_BUYER_PAY": "pending",
    "TRADE_SUCCESS": "paid",
    "TRADE_FINISHED": "paid",
    "TRADE_CLOSED": "closed",
}
_ASK = "Query it again; if it stays, look at it in Alipay's console."


def is_user_id(subject: str) -> bool:
    """Whether a subject is a person's number at Alipay (``2088…``, 16 digits) and not an app's ``open_id``."""
    return _USER_ID.fullmatch(subject) is not None


def order_content(app: AlipayApp, order: Order) -> dict[str, object]:
    """Return ``biz_content`` of ``alipay.trade.create``. Raises OrderRefusedError before anything is sent.

    A payer who signed in to another app of ours is named by that app too (``op_app_id``); without it Alipay would look
    the ``open_id`` up in this app and refuse, or find somebody else.
    """
    if order.payer.provider != "alipay":
        raise OrderRefusedError("The payer is not Alipay's", fix="Use the cashier of the host that they are in.")
    check_amount(order.amount)
    if not order.notify_url or "?" in order.notify_url:
        raise OrderRefusedError("Alipay loses notices to a URL with a query, or none", fix="Give one without a query.")
    expires = order.expires_at.astimezone(CHINA).strftime(TIME_FORM)
    content: dict[str, object] = {
        "out_trade_no": order.number,
        "total_amount": format_yuan(order.amount),
        "subject": order.subject.translate(_NOT_IN_SUBJECT),
        "product_code": app.product_code,
        "time_expire": expires,
        "op_app_id": order.payer.app_id,
    }
    subject = order.payer.subject
    own = order.payer.app_id == app.app_id
    name = "buyer_id" if is_user_id(subject) else "buyer_open_id" if own else "op_buyer_open_id"
    return {**content, name: subject} | ({"seller_id": app.seller_id} if app.seller_id else {})


def check_amount(amount: Fen) -> None:
    """Refuse what Alipay has no payment for: nothing, and more than 100 million yuan. Raises OrderRefusedError."""
    if not 0 < amount <= _MOST:
        raise OrderRefusedError(
            f"Alipay has no payment of {format_yuan(amount)} yuan", fix="Settle nothing at all without a cashier."
        )


def payment(number: str, reply: TradeReply) -> Payment:
    """Read ``alipay.trade.query``. Raises OutcomeUnknownError for what cannot be understood.

    A trade that is closed was either never paid or refunded in full; Alipay's word is the same. Only one that was paid
    has a payment date, which is how they are told apart (unverified: compare with the refunds before acting on it).
    """
    if reply.out_trade_no != number:
        raise OutcomeUnknownError("Alipay answered about another order", fix=_ASK)
    return read_trade(
        {
            "out_trade_no": number,
            "trade_no": reply.trade_no or "",
            "trade_status": reply.trade_status or "",
            "total_amount": reply.total_amount or "",
            "gmt_payment": reply.send_pay_date or "",
            "buyer": reply.buyer_open_id or reply.buyer_user_id or "",
            "person": reply.buyer_user_id or "",
        }
    )


def read_trade(trade: Mapping[str, str]) -> Payment:
    """Read a trade by the names of the notice. Raises OutcomeUnknownError."""
    status = trade.get("trade_status", "")
    if status not in _STATES:
        raise OutcomeUnknownError("Alipay says a trade status that is not known", fix=_ASK)
    paid_at = read_time(trade.get("gmt_payment", ""))
    refunded = status == "TRADE_CLOSED" and paid_at is not None
    return Payment(
        number=trade["out_trade_no"],
        state="refunded" if refunded else _STATES[status],
        amount=read_amount(trade.get("total_amount", "")),
        transaction=trade.get("trade_no", ""),
        payer=trade.get("buyer", ""),
        payer_union=trade.get("person", ""),
        paid_at=paid_at,
    )


def refund(number: str, order: str, reply: RefundQueryReply) -> Refund:
    """Read ``alipay.trade.fastpay.refund.query``. Only REFUND_SUCCESS is done; no status is not (unverified)."""
    if reply.out_request_no is None and reply.refund_amount is None and reply.refund_status is None:
        return Refund(number=number, order=order, state="unknown")
    if (reply.out_request_no or number, reply.out_trade_no or order) != (number, order):
        raise OutcomeUnknownError("Alipay answered about another refund", fix=_ASK)
    done = reply.refund_status == "REFUND_SUCCESS"
    amount = read_amount(reply.refund_amount) if reply.refund_amount else None
    return Refund(number=number, order=order, state="done" if done else "pending", amount=amount)


def read_amount(yuan: str) -> Fen:
    """``"5.10"`` → 510 fen. Raises OutcomeUnknownError."""
    try:
        return parse_yuan(yuan)
    except ValueError as error:
        raise OutcomeUnknownError("Alipay says an amount that is none", fix=_ASK) from error


def read_time(text: str) -> datetime | None:
    """Read a time of Beijing, with or without fractions; None for none. Raises OutcomeUnknownError."""
    if not text:
        return None
    try:
        return datetime.strptime(text[:19], TIME_FORM).replace(tzinfo=CHINA)
    except ValueError as error:
        raise OutcomeUnknownError("Alipay says a time that is none", fix=_ASK) from error
