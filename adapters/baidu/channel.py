"""Baidu's smart mini-programs behind the common interface.

What is known of this host is from 2020 to 2024: confirm it against the consoles before residents meet it, and keep
the channel switched off until then. docs/host_apps.md lists what is unconfirmed.
"""

import logging
from base64 import b64decode
from collections.abc import Mapping
from datetime import date
from urllib.parse import quote

from adapters import links
from adapters.baidu import messages, phones, wire
from adapters.baidu.app import BaiduApp, BaiduCashier, BaiduWebsite
from adapters.baidu.bills import BaiduBills
from adapters.baidu.client import AppToken, BaiduClient, TokenFailed
from adapters.baidu.notices import read_notice
from adapters.baidu.payments import BaiduPayments
from adapters.baidu.web import BaiduWebSignIn
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
    CodeRefusedError,
    HostConfigurationError,
    HostQuotaError,
    HostUnavailableError,
    LaunchRefusedError,
    NotOfferedError,
    OutcomeUnknownError,
)
from adapters.http import HostHttp
from kernel.clock import Clock
from kernel.money import Fen

_log = logging.getLogger(__name__)

_PNG = b"\x89PNG\r\n\x1a\n"


class BaiduChannel:
    """One mini-program. ``http`` leads to ``https://openapi.baidu.com`` or to a simulator; see BaiduClient."""

    provider: Provider = "baidu"

    def __init__(  # noqa: PLR0913 - what a deployment may choose are keywords
        self,
        http: HostHttp,
        app: BaiduApp,
        app_token: AppToken,
        token_failed: TokenFailed,
        *,
        clock: Clock,
        cashier: BaiduCashier | None = None,
        website: BaiduWebsite | None = None,
    ) -> None:
        self.app_id = app.app_key
        self.web_sign_in: WebSignIn | None = BaiduWebSignIn(http, website) if website else None
        self._app = app
        self._client = BaiduClient(http, app, app_token, token_failed)
        self._cashier = cashier
        self._paying = BaiduPayments(self._client, app, cashier) if cashier else None
        self._billing = BaiduBills(self._client, app.app_key, cashier, clock) if cashier else None

    async def sign_in(self, code: str) -> HostIdentity:
        """Exchange ``swan.login``'s code, which lives 10 minutes.

        Codes with an ``@`` are of other host apps that run Baidu's mini-programs; their users are refused, since
        whoever they ask for the identity behind it is not Baidu. An identity without a ``union_subject`` may have one
        the next time, also because it could not be asked for this time (FM-24).
        """
        if "@" in code:
            raise CodeRefusedError(
                "The code is of another app that runs Baidu's mini-programs, whose users Baidu does not know",
                fix="Open the mini-program in the Baidu app, or sign in on the web.",
            )
        if not code:
            raise CodeRefusedError("The code is empty", fix="Call swan.login and send its code.")
        openid, session_key = await self._client.session(code)
        return HostIdentity("baidu", self.app_id, openid, await self._union(openid), session_key)

    async def _union(self, openid: str) -> str:
        """The code is used up by now, so a failure here must not lose the sign-in."""
        if not self._app.asks_union:
            return ""
        try:
            return await self._client.union_id(openid)
        except (HostUnavailableError, HostQuotaError, OutcomeUnknownError, HostConfigurationError) as error:
            _log.warning("signed in to %s without a union id", self.app_id, extra={"error": error.message})
            return ""

    async def phone_number(self, proof: Mapping[str, str], identity: HostIdentity) -> str:
        """Return the number in the ``encryptedData`` and ``iv`` of the getPhoneNumber button."""
        return phones.opened(proof, identity.session_key, self._app)

    async def send_message(self, message: Message) -> None:
        """Send a template or subscription message, by ``message.credit``; see ``adapters.baidu.messages``."""
        path, form = messages.request(message)
        await self._client.post("message", path, form)

    async def mini_code(self, code: MiniCode) -> bytes:
        """Return a code's PNG; ``onLoad`` of its page finds the scene in ``query.scene``.

        What comes is only believed to be an image if it begins like one (FM-33).
        """
        links.check_code(code)
        form = {"path": f"{code.page}?scene={code.scene}", "width": str(code.width_px), "mf": "1", "img_flag": "1"}
        said = await self._client.post("code", "/rest/2.0/smartapp/qrcode/getunlimitedv2", form)
        made = wire.data(said, wire.QrCode)
        try:
            image = b64decode(made.base64_str if made else "", validate=True)
        except ValueError as error:
            raise _no_image() from error
        if not image.startswith(_PNG):
            raise _no_image()
        return image

    async def launch(self, launch: Launch, query: Mapping[str, str]) -> Launch:
        """Complete a launch; a deep link needs ``BaiduApp.link_prefix`` (NotOfferedError)."""
        app_id = launch.app_id or self.app_id
        match launch.kind:
            case "mini_program":
                return Launch(launch.kind, links.with_query(launch.target, query), app_id)
            case "web_view":
                links.check_web_view(launch.target)
                return Launch(launch.kind, links.with_query(launch.target, query), launch.app_id)
            case "deep_link":
                return self._deep_link(launch.target, query, app_id)

    def _deep_link(self, page: str, query: Mapping[str, str], app_id: str) -> Launch:
        if not self._app.link_prefix:
            raise NotOfferedError(
                "Nothing that Baidu publishes says how a link opens a mini-program",
                fix="Use mini-codes, or set the link prefix of the app once you have tried one.",
            )
        links.check_page(page)
        if not app_id.isalnum():
            raise LaunchRefusedError("An app key has letters and digits alone", fix="Give the mini-program's App Key.")
        prefix = self._app.link_prefix.replace("{app_key}", quote(app_id, safe=""))
        return Launch("deep_link", links.with_query(f"{prefix}{page}", query), app_id)

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Callback:  # noqa: ARG002 - Baidu signs the body's fields alone
        """Read a notice of the cashier; its reply must be sent within 2 seconds. See ``adapters.baidu.notices``."""
        if self._cashier is None:
            raise self._no_payments()
        return read_notice(self._cashier, headers, body)

    async def prepay(self, order: Order) -> Mapping[str, str]:
        return self._payments().prepay(order)

    async def query(self, number: str) -> Payment:
        return await self._payments().query(number)

    async def close(self, number: str) -> None:
        await self._payments().close(number)

    async def refund(self, number: str, order: Payment, amount: Fen, reason: str) -> Refund:
        return await self._payments().refund(number, order, amount, reason)

    async def query_refund(self, number: str, order: Payment) -> Refund:
        return await self._payments().query_refund(number, order)

    async def bill(self, day: date) -> Bill:
        if self._billing is None:
            raise self._no_payments()
        return await self._billing.bill(day)

    def _payments(self) -> BaiduPayments:
        if self._paying is None:
            raise self._no_payments()
        return self._paying

    def _no_payments(self) -> NotOfferedError:
        return NotOfferedError(
            f"The mini-program {self.app_id} takes no payments",
            fix="Give it a payment service of Baidu's: `cashier` of its entry in the file of host apps.",
        )


def _no_image() -> OutcomeUnknownError:
    return OutcomeUnknownError("Baidu gave no PNG for a mini-code", fix="Ask again in a moment; store nothing.")
