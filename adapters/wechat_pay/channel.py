"""The payment half of ``adapters.channel.Channel`` over WeChat Pay API v3: a direct merchant's mini-program orders.

The other half is WeChat's own. What may have been done is an OutcomeUnknownError: ``query`` with the same number.
"""

import secrets
from collections.abc import Callable, Mapping
from urllib.parse import quote

from adapters.channel import Callback, Order, Payment, Provider, Refund
from adapters.errors import HostConfigurationError, OrderRefusedError, OutcomeUnknownError
from adapters.http import HostHttp, HostReply
from adapters.wechat_pay.account import CALLBACK_FORM, Account, is_callback_address
from adapters.wechat_pay.bills import WeChatPayBills
from adapters.wechat_pay.callbacks import CallbackReader, payment_of
from adapters.wechat_pay.client import SignedHttp, WeChatPayClient, in_progress, read
from adapters.wechat_pay.keys import KeyRing, Spawn
from adapters.wechat_pay.signing import pay_sign
from adapters.wechat_pay.states import REFUND_STATES
from adapters.wechat_pay.wire import (
    Amount,
    CloseRequest,
    Payer,
    PrepayReply,
    PrepayRequest,
    RefundAmount,
    RefundReply,
    RefundRequest,
    Trade,
)
from kernel.clock import CHINA, Clock
from kernel.money import Fen

CERTIFICATES = "/v3/certificates"

_DESCRIPTION_CHARACTERS = 127  # the limits of the order's fields, from WeChat Pay's API documents
_REASON_CHARACTERS = 80


def new_nonce() -> str:
    """Return a nonce of a request or of what a client signs with."""
    return secrets.token_hex(16)


def open_account(
    account: Account, http: HostHttp, clock: Clock, spawn: Spawn, nonce: Callable[[], str] = new_nonce
) -> tuple[SignedHttp, KeyRing]:
    """Return what signs for a merchant, and the platform's keys, of which the certificates begin to be downloaded."""
    signed = SignedHttp(http, account.merchant, clock, nonce, max(account.public_keys, default=""))
    secret = account.api_v3_key.encode()

    async def download() -> HostReply:
        return await signed.send("GET", CERTIFICATES)

    keys = KeyRing(account.public_keys, secret, clock, download, spawn, certificates=account.certificates)
    spawn(keys.refresh())
    return signed, keys


class WeChatPayments:
    """Payments in one mini-program to one merchant; ``http`` leads to the account's ``url``.

    Made inside a running loop: it begins with downloading the platform's certificates, by ``spawn``, so that every
    process can judge its first callback. ``sub_mchid`` is whose fees its parking product takes.
    """

    provider: Provider = "wechat"

    def __init__(  # noqa: PLR0913 - an app, its merchant, and what a process has
        self,
        app_id: str,
        account: Account,
        http: HostHttp,
        clock: Clock,
        spawn: Spawn,
        *,
        nonce: Callable[[], str] = new_nonce,
        sub_mchid: str = "",
    ) -> None:
        self.app_id = app_id
        self._sub_mchid = sub_mchid
        self._account = account
        self._clock = clock
        self._nonce = nonce
        signed, keys = open_account(account, http, clock, spawn, nonce)
        self._client = WeChatPayClient(signed, keys)
        self.bill = WeChatPayBills(app_id, self._client, signed, clock).bill
        self._callbacks = CallbackReader(account.merchant.mchid, app_id, account.api_v3_key.encode(), keys)

    async def prepay(self, order: Order) -> Mapping[str, str]:
        """Create the order; return the arguments of ``wx.requestPayment``. The same order again is the same order."""
        self._check(order)
        expires_at = order.expires_at.astimezone(CHINA).isoformat(timespec="seconds")
        request = PrepayRequest(
            appid=self.app_id,
            mchid=self._account.merchant.mchid,
            description=order.subject[:_DESCRIPTION_CHARACTERS],
            out_trade_no=order.number,
            time_expire=expires_at,
            notify_url=order.notify_url,
            amount=Amount(order.amount),
            payer=Payer(order.payer.subject),
        )
        reply = _known(await self._client.call("POST", "/v3/pay/transactions/jsapi", request), order.number)
        package = f"prepay_id={read(reply, PrepayReply).prepay_id}"
        timestamp, nonce = str(int(self._clock.now().timestamp())), self._nonce()
        return {
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": pay_sign(self._account.merchant.key, self.app_id, timestamp, nonce, package),
        }

    async def query(self, number: str) -> Payment:
        """Ask how a payment stands; ``unknown`` also for some moments after ``prepay``: never cancel because of it."""
        target = f"{_trade_path(number)}?mchid={quote(self._account.merchant.mchid, safe='')}"
        reply = await self._client.call("GET", target)
        if reply is None:
            return Payment(number=number, state="unknown")
        if in_progress(reply):
            return Payment(number=number, state="pending")
        trade = read(reply, Trade)
        if (trade.out_trade_no, trade.mchid, trade.appid) != (number, self._account.merchant.mchid, self.app_id):
            raise _no_answer(f"WeChat Pay answers about another order than {number}")
        try:
            return payment_of(trade)
        except ValueError as error:
            raise _no_answer(f"WeChat Pay's answer about {number} is not understood: {error}") from error

    async def close(self, number: str) -> None:
        """Have an unpaid order closed. OrderRefusedError if it is paid."""
        target = f"{_trade_path(number)}/close"
        _known(await self._client.call("POST", target, CloseRequest(self._account.merchant.mchid)), number)

    async def refund(self, number: str, order: Payment, amount: Fen, reason: str) -> Refund:
        """Give back ``amount``; accepted is mostly ``pending``. ``order.amount`` must be what was ordered."""
        if order.amount is None or not 0 < amount <= order.amount:
            raise OrderRefusedError(
                f"{amount} fen of {order.amount} fen cannot be given back",
                fix="Query the payment; refund 1 fen or more.",
            )
        request = RefundRequest(
            out_trade_no=order.number,
            out_refund_no=number,
            amount=RefundAmount(amount, order.amount),
            reason=reason[:_REASON_CHARACTERS],
            notify_url=self._account.refund_notify_url,
            sub_mchid=self._sub_mchid if order.charged else "",
        )
        reply = await self._client.call("POST", "/v3/refund/domestic/refunds", request)
        if reply is None:
            raise OrderRefusedError(f"WeChat Pay knows no order {order.number}", fix="Query the payment.")
        return _refund(reply, number, order.number)

    async def query_refund(self, number: str, order: Payment) -> Refund:
        """Ask how a refund stands."""
        of = f"?sub_mchid={quote(self._sub_mchid, safe='')}" if order.charged else ""
        reply = await self._client.call("GET", f"/v3/refund/domestic/refunds/{quote(number, safe='')}{of}")
        if reply is None:
            return Refund(number=number, order=order.number, state="unknown")
        return _refund(reply, number, order.number)

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Callback:  # noqa: ARG002 - WeChat Pay's callbacks have no query
        """Verify and open a callback; what it says is to be compared with the order. SignatureRefusedError.

        UnknownSerialError has the certificates fetched: answer it as any refusal, WeChat Pay sends again in 15 s.
        """
        return self._callbacks.read(headers, body)

    def _check(self, order: Order) -> None:
        if order.amount <= 0:
            raise OrderRefusedError("Nothing is to be paid", fix="Orders of 0 fen never go to a host app.")
        if order.payer.app_id != self.app_id:
            raise OrderRefusedError(
                f"The payer signed in to {order.payer.app_id}, not to {self.app_id}",
                fix="Pay in the app of the sign-in.",
            )
        if not is_callback_address(order.notify_url):
            raise HostConfigurationError(f"WeChat Pay cannot call {order.notify_url[:80]!r}", fix=CALLBACK_FORM)


def _trade_path(number: str) -> str:
    return f"/v3/pay/transactions/out-trade-no/{quote(number, safe='')}"


def _known(reply: HostReply | None, number: str) -> HostReply:
    if reply is None:
        raise _no_answer(f"WeChat Pay does not know the order {number}, or not yet")
    return reply


def _refund(reply: HostReply, number: str, order: str) -> Refund:
    answer = read(reply, RefundReply)
    if (answer.out_refund_no, answer.out_trade_no) != (number, order):
        raise _no_answer(f"WeChat Pay answers about another refund than {number}")
    state = REFUND_STATES.get(answer.status)
    if state is None:
        raise _no_answer(f"The refund {number} is in the state {answer.status[:40]!r}")
    return Refund(number=number, order=order, state=state, amount=Fen(answer.amount.refund))


def _no_answer(message: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(message, fix="Query it in a moment; never order or refund anew with another number.")
