"""Notices of Baidu's cashier, told apart by their fields, and what to answer them with.

A wrong answer costs money (FM-10): without ``isConsumed`` 2 a paid order is given back or its money stays stuck, and so
it may with anything that is no JSON, has an ``errno``, or comes after 2 seconds. So whatever Baidu has signed is
answered with success, also what we do not understand; believe nothing, answer fast, query and work later.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import msgspec

from adapters.baidu.app import BaiduCashier
from adapters.baidu.signing import verify_notice
from adapters.baidu.states import NOTICE_REFUND_STATES, ORDER_STATES
from adapters.channel import Callback, Payment, Refund
from adapters.errors import SignatureRefusedError
from kernel.money import Fen

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_MOST_FIELDS = 100
_LATEST_SECONDS = 253402300799  # the year 9999


def read_notice(cashier: BaiduCashier, headers: Mapping[str, str], body: bytes) -> Callback:
    """Verify a notice over all fields of its body, empty ones too, and none of the URL's. SignatureRefusedError.

    A payment notice gives a Payment. A refund notice gives a Refund without our number, of which Baidu says nothing:
    query the pending refunds of its order. A question whether a refund may go ahead, and a notice that is signed but
    not understood, give their own fields.
    """
    form = _form(headers, body)
    verify_notice(cashier.platform_key, form)
    if form.get("dealId", cashier.deal_id) != cashier.deal_id:
        raise SignatureRefusedError("The notice is about another deal", fix="Compare the deal id with the console's.")
    if "refundBatchId" not in form:
        return _of_payment(form)
    if "refundStatus" in form:
        return _of_refund(form)
    return _audit(cashier, form)


def _form(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise SignatureRefusedError(
            "The notice is no form", fix="Baidu's cashier sends forms; nothing may change them."
        )
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError as error:
        raise SignatureRefusedError("The notice is a malformed form", fix="Nothing may change its bytes.") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise SignatureRefusedError("The notice has a field twice", fix="Nothing may change its bytes.")
    return form


def _of_payment(form: Mapping[str, str]) -> Callback:
    reply = _reply({"isConsumed": 2})
    state = ORDER_STATES.get(_number(form, "status"))
    total = _number(form, "totalMoney")
    order_id = form.get("orderId", "")
    if state is None or total < 0 or not form.get("tpOrderId"):
        return Callback(form, f"notice {order_id} {form.get('status', '')}", reply, _JSON)
    payment = Payment(
        number=form["tpOrderId"],
        state=state,
        amount=Fen(total),
        transaction=order_id,
        paid_at=_time(_number(form, "payTime")) if state == "paid" else None,
    )
    return Callback(payment, f"payment {order_id} {form['status']}", reply, _JSON)


def _of_refund(form: Mapping[str, str]) -> Callback:
    message_id = f"refund {form['refundBatchId']} {form['refundStatus']}"
    state = NOTICE_REFUND_STATES.get(_number(form, "refundStatus"))
    if state is None or not form.get("tpOrderId"):
        return Callback(form, message_id, _reply({}), _JSON)
    return Callback(Refund(number="", order=form["tpOrderId"], state=state), message_id, _reply({}), _JSON)


def _audit(cashier: BaiduCashier, form: Mapping[str, str]) -> Callback:
    content: dict[str, object] = {"auditStatus": cashier.audit_status}
    money = _number(form, "applyRefundMoney")
    if money >= 0:
        content["calculateRes"] = {"refundPayMoney": money}
    return Callback(form, f"refund audit {form['refundBatchId']}", _reply(content), _JSON)


def _reply(content: Mapping[str, object]) -> bytes:
    return msgspec.json.encode({"errno": 0, "msg": "success", "data": content})


def _number(form: Mapping[str, str], name: str) -> int:
    """Return a field's whole number from -1 up, -2 for anything else."""
    text = form.get(name, "")
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        return -2
    return max(int(text), -2)


def _time(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if 0 <= seconds <= _LATEST_SECONDS else None
