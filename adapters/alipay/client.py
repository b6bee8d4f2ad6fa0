"""Calls to Alipay's gateway: one signed POST each, believed only when the reply is signed by Alipay.

The public parameters travel in the URL and the content in the form, as Alipay's own SDKs do it; all are signed.
"""

import asyncio
import logging
from base64 import b64decode
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from adapters.alipay.app import TIME_FORM, AlipayApp
from adapters.alipay.refusals import counts_unsigned, is_success, refusal
from adapters.alipay.reply import SignedReply, split
from adapters.alipay.signing import encrypt_content, open_content, sign_request
from adapters.alipay.trust import Trust
from adapters.alipay.wire import CertificateReply, Outcome
from adapters.errors import HostKeyError, HostUnavailableError, OutcomeUnknownError, SignatureRefusedError
from adapters.http import HostHttp
from kernel.clock import CHINA, Clock

_log = logging.getLogger(__name__)

PRODUCTION = "https://openapi.alipay.com"

_PATH = "/gateway.do"
_DOWNLOAD = "alipay.open.app.alipaycert.download"
_BETWEEN_DOWNLOADS = timedelta(seconds=30)  # a number that cannot be learned must not double every call
_FORM = {"content-type": "application/x-www-form-urlencoded;charset=utf-8", "accept": "application/json"}
_ASK = "Ask how it stands before trying anew."
_IN_BODY = frozenset({"biz_content", "encrypt_type", "grant_type", "code"})

Reply = TypeVar("Reply", bound=Outcome)


class AlipayClient:
    """The gateway as one app sees it. ``origin`` is what stands before ``/gateway.do``."""

    def __init__(self, http: HostHttp, clock: Clock, app: AlipayApp, trust: Trust, origin: str = PRODUCTION) -> None:
        self._http = http.at(origin, "Alipay")
        self._origin = origin.rstrip("/")
        self._clock = clock
        self.app = app
        self.trust = trust
        self._learning = asyncio.Lock()
        self._next_download: datetime | None = None

    async def call(
        self,
        method: str,
        reply_type: type[Reply],
        content: Mapping[str, object] | None = None,
        *,
        public: Mapping[str, str] | None = None,
        tolerate: Collection[str] = (),
    ) -> Reply:
        """Return a successful reply, or one whose sub-code is to be tolerated.

        ``content`` becomes ``biz_content``; ``public`` are further parameters such as ``notify_url``. Raises what
        ``refusals`` says, and OutcomeUnknownError when the reply cannot be believed.
        """
        signed = await self._exchange(method, self._signed(method, content, public or {}))
        if signed.signature and not self.trust.knows(signed.cert_sn):
            await self._learn(signed.cert_sn)
        text = self._believed(method, signed)
        try:
            outcome = msgspec.json.decode(text, type=Outcome)
            if not signed.signature and not counts_unsigned(outcome):
                raise self._unknown(method, "a reply without a signature")
            if not is_success(signed.method, outcome) and outcome.reason not in tolerate:
                raise refusal(method, outcome)
            return msgspec.json.decode(text, type=reply_type)
        except msgspec.DecodeError as error:
            raise self._unknown(method, "a reply that cannot be read") from error

    def page_url(self, method: str, content: Mapping[str, object]) -> str:
        """Return the signed address at which a person continues, such as the face check."""
        return f"{self._origin}{_PATH}?{self.signed_query(method, content)}"

    def signed_query(
        self, method: str, content: Mapping[str, object], *, public: Mapping[str, str] | None = None
    ) -> str:
        """Return a call that the client makes in our name."""
        return urlencode(self._signed(method, content, public or {}), quote_via=quote)

    async def fetch(self, url: str) -> bytes:
        """GET a file that a reply names; nothing of ours goes with it. Raises HostUnavailableError."""
        return await self._http.fetch(url)

    def _signed(self, method: str, content: Mapping[str, object] | None, public: Mapping[str, str]) -> dict[str, str]:
        parameters = {
            "app_id": self.app.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": self._clock.now().astimezone(CHINA).strftime(TIME_FORM),
            "version": "1.0",
            **self.trust.parameters,
            **public,
        }
        if content is not None:
            clear = msgspec.json.encode(content)
            if self.app.encrypts and method != _DOWNLOAD:
                parameters["encrypt_type"] = "AES"
                parameters["biz_content"] = encrypt_content(self.app.content_key, clear)
            else:
                parameters["biz_content"] = clear.decode()
        parameters = {name: value for name, value in parameters.items() if value}
        return parameters | {"sign": sign_request(self.app.key, parameters)}

    async def _exchange(self, method: str, parameters: Mapping[str, str]) -> SignedReply:
        """Send and cut the reply, which must be this method's or the gateway's own error."""
        query = {name: value for name, value in parameters.items() if name not in _IN_BODY}
        form = {name: value for name, value in parameters.items() if name in _IN_BODY}
        target = f"{_PATH}?{urlencode(query, quote_via=quote)}"
        answer = await self._http.send("POST", target, urlencode(form).encode(), _FORM)
        if answer.status != 200:
            raise self._unknown(method, f"HTTP {answer.status}")
        try:
            signed = split(answer.body.decode())
        except (UnicodeDecodeError, SignatureRefusedError) as error:
            raise self._unknown(method, "no reply of its form") from error
        if signed.method not in (method.replace(".", "_"), "error"):
            raise self._unknown(method, "the reply to something else")
        return signed

    def _believed(self, method: str, signed: SignedReply) -> str:
        """Return the reply's JSON, opened; a missing signature is judged by what is in it."""
        if signed.signature and not self.trust.is_signed(signed.text, signed.signature, signed.cert_sn):
            _log.error("Alipay's reply to %s is not signed by it", method, extra={"cert_sn": signed.cert_sn})
            raise self._unknown(method, "a reply that is not signed by it")
        if not signed.text.startswith('"'):
            return signed.text
        try:
            return open_content(self.app.content_key, msgspec.json.decode(signed.text, type=str)).decode()
        except (SignatureRefusedError, UnicodeDecodeError, msgspec.DecodeError) as error:
            raise self._unknown(method, "a reply that cannot be opened") from error

    async def _learn(self, number: str) -> None:
        """Fetch a certificate that Alipay has begun to sign with; otherwise the reply that names it is not believed."""
        async with self._learning:
            now = self._clock.now()
            if self.trust.knows(number) or (self._next_download is not None and now < self._next_download):
                return
            self._next_download = now + _BETWEEN_DOWNLOADS
            try:
                await self._download(number)
            except (HostKeyError, HostUnavailableError, OutcomeUnknownError) as error:
                said = {"cert_sn": number, "reason": error.message}
                _log.error("Alipay's new certificate is not believed", extra=said)
                return
            self._next_download = None
            _log.warning("Alipay signs with a new certificate; put it into the settings", extra={"cert_sn": number})

    async def _download(self, number: str) -> None:
        """Believe a certificate by the roots alone: its own reply is signed with the very key that it brings."""
        signed = await self._exchange(_DOWNLOAD, self._signed(_DOWNLOAD, {"alipay_cert_sn": number}, {}))
        try:
            reply = msgspec.json.decode(signed.text, type=CertificateReply)
            pem = b64decode(reply.alipay_cert_content or "", validate=True)
        except (msgspec.DecodeError, ValueError) as error:
            raise self._unknown(_DOWNLOAD, "a reply that cannot be read") from error
        if not is_success(signed.method, reply):
            raise self._unknown(_DOWNLOAD, "a refusal")
        self.trust.learn(number, pem)

    def _unknown(self, method: str, what: str) -> OutcomeUnknownError:
        return OutcomeUnknownError(f"Alipay gave {what} to {method}", fix=_ASK)
