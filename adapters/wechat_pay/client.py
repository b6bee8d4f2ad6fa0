"""Calls to WeChat Pay: requests signed, replies verified over their raw bytes, refusals told from unknown outcomes.

A reply whose signature is wrong was still a reply: WeChat Pay sends such on purpose (``WECHATPAY/SIGNTEST/…``) after
having done the work, so the outcome is unknown and a query tells. Refusals may come unsigned (SIGN_ERROR does); if
they are signed, they are verified as well.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec import Struct

from adapters.errors import OutcomeUnknownError, SignatureRefusedError
from adapters.http import HostHttp, HostReply
from adapters.wechat_pay.keys import KeyRing
from adapters.wechat_pay.refusals import refusal
from adapters.wechat_pay.signing import Merchant, SignedRequest, authorization
from adapters.wechat_pay.wire import Fault
from kernel.clock import Clock

_ABSENT = {"ORDERNOTEXIST", "RESOURCENOTEXISTS"}
_NO_BILL = "NOSTATEMENTEXIST"  # with HTTP 400
_ASK = "Ask how it stands before trying anew."

Answer = TypeVar("Answer")


class SignedHttp:
    """Signs and sends; judges nothing. ``reply_key`` is the PUB_KEY_ID that replies shall be signed with, if any."""

    def __init__(
        self, http: HostHttp, merchant: Merchant, clock: Clock, nonce: Callable[[], str], reply_key: str = ""
    ) -> None:
        self._http = http
        self._merchant = merchant
        self._clock = clock
        self._nonce = nonce
        self._headers = {
            "accept": "application/json",
            "accept-encoding": "identity",  # signatures cover the bytes before any compression
            "content-type": "application/json",
        } | ({"wechatpay-serial": reply_key} if reply_key else {})

    async def send(self, method: str, target: str, body: bytes = b"") -> HostReply:
        """Send one request; ``target`` is percent-encoded. Raises HostUnavailableError, OutcomeUnknownError."""
        return await self._http.send(method, target, body, self._signed(method, target, body))

    async def file(self, target: str) -> HostReply:
        """Download a file; its reply is not signed."""
        return await self._http.file(target, self._signed("GET", target, b""))

    def _signed(self, method: str, target: str, body: bytes) -> dict[str, str]:
        request = SignedRequest(method, target, str(int(self._clock.now().timestamp())), self._nonce(), body)
        return {**self._headers, "authorization": authorization(self._merchant, request)}


class WeChatPayClient:
    """The calls of one merchant."""

    def __init__(self, http: SignedHttp, keys: KeyRing) -> None:
        self._http = http
        self._keys = keys

    async def call(self, method: str, target: str, body: Struct | None = None) -> HostReply | None:
        """Return a verified success (2xx), None if WeChat Pay does not know the number or the bill.

        Raises OutcomeUnknownError for whatever may have been done, and the errors of ``refusals``.
        """
        reply = await self._http.send(method, target, b"" if body is None else msgspec.json.encode(body))
        succeeded = 200 <= reply.status < 300
        if succeeded or "wechatpay-signature" in reply.headers:
            await self._verify(reply)
        if succeeded:
            return reply
        fault = _fault(reply.body)
        code = fault.code.replace("_", "")
        if (reply.status == 404 and code in _ABSENT) or code == _NO_BILL:
            return None
        raise refusal(reply.status, fault)

    async def _verify(self, reply: HostReply) -> None:
        try:
            await self._keys.verify(reply.headers, reply.body)
        except SignatureRefusedError as error:
            raise OutcomeUnknownError(
                f"WeChat Pay answered HTTP {reply.status}, but the answer proves nothing: {error.message}", fix=_ASK
            ) from error


def read(reply: HostReply, kind: type[Answer]) -> Answer:
    """Decode a verified answer. OutcomeUnknownError if it has not the shape that it should have."""
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except msgspec.DecodeError as error:
        raise OutcomeUnknownError(f"WeChat Pay's answer cannot be read: {error}", fix=_ASK) from error


def _fault(body: bytes) -> Fault:
    try:
        return msgspec.json.decode(body, type=Fault)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Fault()  # a page of something in between; its status has to do


def in_progress(reply: HostReply) -> bool:
    """Whether a success says only that the payer is at it (HTTP 202, USERPAYING)."""
    return reply.status == 202 or _fault(reply.body).code.replace("_", "") == "USERPAYING"
