"""Reading WeChat Pay's callbacks: whose it is, what it is about, and what to answer.

The order is that of the official Go SDK: time, key, signature, then the resource; then whether it is ours at all.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from adapters.channel import Callback, Payment, Refund
from adapters.errors import OutcomeUnknownError, SignatureRefusedError
from adapters.wechat_pay.charged import TRANSACTIONS, charged_of
from adapters.wechat_pay.keys import KeyRing
from adapters.wechat_pay.signing import open_resource
from adapters.wechat_pay.states import PAYMENT_STATES, REFUND_STATES
from adapters.wechat_pay.vehicle_wire import ChargeTrade
from adapters.wechat_pay.wire import Notice, RefundNotice, Trade
from kernel.money import Fen

ACCEPTED = b'{"code":"SUCCESS","message":"OK"}'  # 204 without a body may do (unverified); 200 with this satisfies all

_ALGORITHM = "AEAD_AES_256_GCM"
_MERCHANTS = ("mchid", "sp_mchid")  # the second in events of service providers

Content = TypeVar("Content")


def payment_of(trade: Trade) -> Payment:
    """The payment that a verified order shows. ValueError for a state that is not in the table."""
    if trade.trade_state not in PAYMENT_STATES:
        raise ValueError(f"the order is in the state {trade.trade_state[:40]!r}")
    if trade.amount is not None and trade.amount.currency != "CNY":
        raise ValueError(f"the order is in {trade.amount.currency[:8]!r}")
    return Payment(
        number=trade.out_trade_no,
        state=PAYMENT_STATES[trade.trade_state],
        amount=None if trade.amount is None else Fen(trade.amount.total),
        transaction=trade.transaction_id,
        payer="" if trade.payer is None else trade.payer.openid,
        paid_at=datetime.fromisoformat(trade.success_time) if trade.success_time else None,
    )


def open_notice(keys: KeyRing, api_v3_key: bytes, headers: Mapping[str, str], body: bytes) -> tuple[Notice, bytes]:
    """Verify a callback and open what it brings. SignatureRefusedError."""
    keys.verify_now(headers, body)
    notice = decode(body, Notice)
    if notice.resource_type != "encrypt-resource" or notice.resource.algorithm != _ALGORITHM:
        raise SignatureRefusedError(
            f"The callback brings {notice.resource_type[:40]!r} by {notice.resource.algorithm[:40]!r}",
            fix=f"We open an encrypt-resource by {_ALGORITHM}.",
        )
    return notice, open_resource(notice.resource, api_v3_key)


class CallbackReader:
    """Callbacks to one app of one merchant."""

    def __init__(self, mchid: str, app_id: str, api_v3_key: bytes, keys: KeyRing) -> None:
        self._mchid = mchid
        self._app_id = app_id
        self._api_v3_key = api_v3_key
        self._keys = keys

    def read(self, headers: Mapping[str, str], body: bytes) -> Callback:
        """Verify and open. Raises SignatureRefusedError, also for what is genuine but another's or of another shape."""
        notice, resource = open_notice(self._keys, self._api_v3_key, headers, body)
        return Callback(self._about(notice.event_type, resource), notice.id, ACCEPTED, "application/json")

    def _about(self, event: str, resource: bytes) -> Payment | Refund | Mapping[str, str]:
        if event in TRANSACTIONS and (charge := decode(resource, ChargeTrade)).trade_scene:
            self._must_be_ours(charge.sp_mchid, self._app_id)
            return _charge(charge)
        if event == "TRANSACTION.SUCCESS":
            trade = decode(resource, Trade)
            self._must_be_ours(trade.mchid, trade.appid)
            return _shown(trade)
        if event.startswith("REFUND."):
            refund = decode(resource, RefundNotice)
            self._must_be_ours(refund.sp_mchid or refund.mchid, self._app_id)
            return Refund(
                number=refund.out_refund_no,
                order=refund.out_trade_no,
                state=REFUND_STATES.get(refund.refund_status, "pending"),
                amount=Fen(refund.amount.refund),
            )
        return self._event(event, decode(resource, dict[str, Any]))

    def _event(self, event: str, resource: dict[str, Any]) -> Mapping[str, str]:
        merchants = [resource[name] for name in _MERCHANTS if name in resource]
        if merchants:
            self._must_be_ours(merchants[0], self._app_id)
        texts = {name: value for name, value in resource.items() if isinstance(value, str)}
        return {**texts, "event_type": event}

    def _must_be_ours(self, mchid: object, app_id: str) -> None:
        if (mchid, app_id) != (self._mchid, self._app_id):
            raise SignatureRefusedError(
                f"The callback is about merchant {str(mchid)[:40]!r}, app {app_id[:40]!r}",
                fix=f"This address is for {self._mchid!r}, {self._app_id!r}: compare the orders' notify_url.",
            )


def _charge(trade: ChargeTrade) -> Payment:
    try:
        return charged_of(trade).payment()
    except OutcomeUnknownError as error:
        raise _unreadable(error) from error


def _shown(trade: Trade) -> Payment:
    try:
        return payment_of(trade)
    except ValueError as error:
        raise _unreadable(error) from error


def decode(data: bytes, kind: type[Content]) -> Content:
    """Decode a part of a callback. SignatureRefusedError."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> SignatureRefusedError:
    return SignatureRefusedError(f"The callback cannot be read: {error}", fix="Query the order instead.")
