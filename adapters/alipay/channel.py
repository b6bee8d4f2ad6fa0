"""Alipay as one of the host apps: sign-in, payments, messages, codes and links of one mini-program."""

import re
from collections.abc import Mapping
from datetime import date

import msgspec

from adapters.alipay import launches, trades
from adapters.alipay.app import AlipayWebsite
from adapters.alipay.bills import fetch_bill
from adapters.alipay.client import AlipayClient
from adapters.alipay.notices import read_notice
from adapters.alipay.phones import read_phone
from adapters.alipay.web import AlipayWebSignIn
from adapters.alipay.wire import (
    CloseReply,
    CodeReply,
    CreateReply,
    Outcome,
    RefundQueryReply,
    RefundReply,
    TokenReply,
    TradeReply,
)
from adapters.bills import Bill
from adapters.channel import (
    Callback,
    HostIdentity,
    Launch,
    Message,
    MiniCode,
    Order,
    Payment,
    Provider,
    Refund,
    WebSignIn,
)
from adapters.errors import (
    HostUnavailableError,
    MessageRefusedError,
    OrderRefusedError,
    OutcomeUnknownError,
    SignatureRefusedError,
    UserBlockedError,
)
from kernel.clock import Clock
from kernel.money import Fen, format_yuan

_NOT_EXIST = "ACQ.TRADE_NOT_EXIST"
_HAS_CLOSE = "ACQ.TRADE_HAS_CLOSE"
_SCENE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_PNG = b"\x89PNG\r\n\x1a\n"
_ASK = "Ask how it stands, or send the very same again."


class AlipayChannel:
    """One app. Alipay's identities: ``subject`` is the ``open_id``, or the ``user_id`` of an app that gets no other.

    ``union_subject`` is the ``user_id`` (else ``union_id``) whenever Alipay names one, so that a person found by
    ``user_id`` before an app's migration can be found again after it; ``session_key`` is the access token.
    """

    provider: Provider = "alipay"

    def __init__(self, client: AlipayClient, clock: Clock, website: AlipayWebsite | None = None) -> None:
        self.app_id = client.app.app_id
        self.web_sign_in: WebSignIn | None = AlipayWebSignIn(self.app_id, website, self.sign_in) if website else None
        self._client = client
        self._clock = clock
        self._app = client.app

    async def sign_in(self, code: str) -> HostIdentity:
        public = {"grant_type": "authorization_code", "code": code}
        reply = await self._client.call(
            "alipay.system.oauth.token", TokenReply, public=public, tolerate=self._app.blocked_sub_codes
        )
        if reply.reason in self._app.blocked_sub_codes:
            raise UserBlockedError("Alipay does not let this user sign in", fix="Offer them the counter or the web.")
        subject = reply.open_id or reply.user_id
        if not reply.access_token or not subject:
            raise OutcomeUnknownError("Alipay's sign-in names nobody", fix="Have the client sign in again.")
        union = reply.user_id or reply.union_id or ""
        return HostIdentity("alipay", self.app_id, subject, union, reply.access_token)

    async def phone_number(self, proof: Mapping[str, str], identity: HostIdentity) -> str:
        """``proof["response"]`` is the whole ``res.response`` of ``my.getPhoneNumber``."""
        if (identity.provider, identity.app_id) != ("alipay", self.app_id):
            raise SignatureRefusedError("The phone number is for another app", fix="Sign in to this app first.")
        return read_phone(proof.get("response", ""), self._app, self._client.trust)

    async def prepay(self, order: Order) -> Mapping[str, str]:
        """Return the parameters of ``my.tradePay``; what it tells the client afterwards is no proof."""
        content = trades.order_content(self._app, order)
        public = {"notify_url": order.notify_url}
        reply = await self._client.call("alipay.trade.create", CreateReply, content, public=public)
        if reply.out_trade_no != order.number or not reply.trade_no:
            raise OutcomeUnknownError("Alipay answered about another order", fix=_ASK)
        return {"tradeNO": reply.trade_no}

    async def query(self, number: str) -> Payment:
        """Ask how a payment stands; Alipay may not know one before its payer has opened the cashier."""
        content = {"out_trade_no": number}
        reply = await self._client.call("alipay.trade.query", TradeReply, content, tolerate=(_NOT_EXIST,))
        if reply.reason == _NOT_EXIST:
            return Payment(number=number, state="unknown")
        return trades.payment(number, reply)

    async def close(self, number: str) -> None:
        """Close an unpaid trade; one that Alipay does not know, or has closed, needs nothing.

        Never ``alipay.trade.cancel``, which gives money back. OrderRefusedError for a paid one.
        """
        tolerate = (_NOT_EXIST, _HAS_CLOSE)
        await self._client.call("alipay.trade.close", CloseReply, {"out_trade_no": number}, tolerate=tolerate)

    async def refund(self, number: str, order: Payment, amount: Fen, reason: str) -> Refund:
        """Refund. That no money moved by this call (``fund_change`` N) says nothing, so it is asked for then."""
        trades.check_amount(amount)
        if order.amount is not None and amount > order.amount:
            raise OrderRefusedError("More is to be refunded than was paid", fix="Refund what was paid at most.")
        content = {
            "out_trade_no": order.number,
            "refund_amount": format_yuan(amount),
            "out_request_no": number,
            "refund_reason": reason,
        }
        reply = await self._client.call("alipay.trade.refund", RefundReply, content)
        if reply.out_trade_no != order.number:
            raise OutcomeUnknownError("Alipay answered about another order", fix=_ASK)
        if reply.fund_change == "Y":
            return Refund(number=number, order=order.number, state="done", amount=amount)
        found = await self.query_refund(number, order)
        if found.state == "unknown":  # accepted a moment ago, so it will be there
            return Refund(number=number, order=order.number, state="pending", amount=amount)
        return found

    async def query_refund(self, number: str, order: Payment) -> Refund:
        content = {"out_trade_no": order.number, "out_request_no": number}
        method = "alipay.trade.fastpay.refund.query"
        reply = await self._client.call(method, RefundQueryReply, content, tolerate=(_NOT_EXIST,))
        return trades.refund(number, order.number, RefundQueryReply() if reply.reason == _NOT_EXIST else reply)

    async def bill(self, day: date) -> Bill:
        """Fetch the merchant's bill: it names no apps, so it may have lines of the merchant's others."""
        return await fetch_bill(self._client, self._clock, day)

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Callback:  # noqa: ARG002 - Alipay signs the body alone
        """Verify a notice; its ``reply`` must be sent as it is. SignatureRefusedError: answer anything else."""
        return read_notice(body, self._app, self._client.trust, self._clock)

    async def send_message(self, message: Message) -> None:
        receiver = "to_user_id" if trades.is_user_id(message.to) else "to_open_id"
        data = {keyword: {"value": value} for keyword, value in message.values.items()}
        content = {
            receiver: message.to,
            "user_template_id": message.template,
            "page": message.page,
            "data": msgspec.json.encode(data).decode(),
        }
        if message.credit:
            content["form_id"] = message.credit
        method = "alipay.open.app.mini.templatemessage.send"
        refusals = self._app.message_refusals
        reply = await self._client.call(method, Outcome, content, tolerate=refusals.keys())
        if reply.reason in refusals:
            raise MessageRefusedError(f"Alipay refuses the message: {reply.reason}", reason=refusals[reply.reason])

    async def mini_code(self, code: MiniCode) -> bytes:
        """Return the image of a new code. Its width is Alipay's choice: which sizes it takes is unverified.

        The page gets ``scene`` from ``App.onLaunch`` or ``onShow``. ValueError for a scene that is none. Raises
        HostUnavailableError when what Alipay's file server gives is no image; making another code harms nobody.
        """
        if not _SCENE.fullmatch(code.scene):
            raise ValueError("a scene has 1 to 32 letters, digits, - and _")
        content = {"url_param": code.page, "query_param": f"scene={code.scene}", "describe": code.page}
        reply = await self._client.call("alipay.open.app.qrcode.create", CodeReply, content)
        image = await self._client.fetch(reply.qr_code_url or "")
        if not image.startswith(_PNG):
            raise HostUnavailableError("Alipay's image of the code is no PNG", fix="Try again in a moment.")
        return image

    async def launch(self, launch: Launch, query: Mapping[str, str]) -> Launch:
        """Complete a launch; ValueError for a target that its kind cannot open."""
        return launches.complete(self._app, launch, query)
