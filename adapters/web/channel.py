"""The web as a channel: pages at their addresses, codes that any camera opens, messages by SMS.

People sign in at the OpenID provider, so the web has no sign-in of its own. A message's receiver is a phone number.
"""

import io
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Never
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import segno
from msgspec import Struct

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
from adapters.errors import HostConfigurationError, NotOfferedError
from adapters.web.sms import Sms, SmsSender
from kernel.money import Fen

_SCENE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_QUIET_ZONE = 4  # modules; ISO/IEC 18004 section 6.3.8


class WebApp(Struct, frozen=True):
    """The city's web app; ``base_url`` is where its pages are, ``other_origins`` whose pages it may lead to besides."""

    app_id: str
    base_url: str
    other_origins: frozenset[str] = frozenset()


class WebChannel:
    """Implements Channel. ``sms`` sends its messages, each named by ``new_id``; without one it offers none.

    Raises HostConfigurationError for an address that is none.
    """

    provider: Provider = "web"

    def __init__(self, app: WebApp, sms: SmsSender | None, new_id: Callable[[], str]) -> None:
        parts = urlsplit(app.base_url)
        if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment:
            raise HostConfigurationError(
                f"The web app {app.app_id} has no usable base URL",
                fix="Give it as https://city.example, without a query.",
            )
        self.app_id = app.app_id
        self.web_sign_in: WebSignIn | None = None
        self.home = app.base_url
        self._base = app.base_url.rstrip("/")
        self._origins = {_origin(each) for each in (app.base_url, *app.other_origins)}
        self._sms = sms
        self._new_id = new_id

    async def sign_in(self, code: str) -> HostIdentity:  # noqa: ARG002 - the interface's
        self._lacks("a sign-in of its own", "Sign in at the OpenID provider.")

    async def phone_number(self, proof: Mapping[str, str], identity: HostIdentity) -> str:  # noqa: ARG002 - as above
        self._lacks("a phone number button", "Send a code by SMS and have it typed in.")

    async def prepay(self, order: Order) -> Mapping[str, str]:  # noqa: ARG002 - as above
        self._lacks("a cashier", "Pay through WeChat Pay or Alipay.")

    async def query(self, number: str) -> Payment:  # noqa: ARG002 - as above
        self._lacks("a cashier", "Ask the channel that the order was made at.")

    async def close(self, number: str) -> None:  # noqa: ARG002 - as above
        self._lacks("a cashier", "Ask the channel that the order was made at.")

    async def refund(self, number: str, order: Payment, amount: Fen, reason: str) -> Refund:  # noqa: ARG002 - as above
        self._lacks("a cashier", "Refund through the channel that was paid at.")

    async def query_refund(self, number: str, order: Payment) -> Refund:  # noqa: ARG002 - as above
        self._lacks("a cashier", "Ask the channel that was paid at.")

    async def bill(self, day: date) -> Bill:  # noqa: ARG002 - as above
        self._lacks("bill", "Ask the channels that residents pay at.")

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Callback:  # noqa: ARG002 - as above
        self._lacks("callbacks", "Compare the address with that of another channel.")

    async def send_message(self, message: Message) -> None:
        """Send an SMS; ``message.to`` is a phone number, ``message.page`` becomes its link."""
        if self._sms is None:
            self._lacks("SMS gateway here", "Name one by YIWANG_SMS_URL and YIWANG_SMS_KEY.")
        link = self._address(message.page, {}) if message.page else ""
        await self._sms.send(
            Sms(id=self._new_id(), to=message.to, template=message.template, values=message.values, link=link)
        )

    async def mini_code(self, code: MiniCode) -> bytes:
        """Return a PNG of a plain QR code at most ``code.width_px`` wide that opens ``page?scene=``."""
        if not _SCENE.fullmatch(code.scene):
            raise NotOfferedError(
                "A code's scene has 1 to 32 of A-Z a-z 0-9 _ -", fix="Store what it means under a random id."
            )
        drawn = segno.make(self._address(code.page, {"scene": code.scene}), error="m", micro=False)
        needed = drawn.symbol_size(border=_QUIET_ZONE)[0]
        if code.width_px < needed:
            raise NotOfferedError(
                f"This code needs at least {needed} pixels, not {code.width_px}", fix="Ask for a wider image."
            )
        png = io.BytesIO()
        drawn.save(png, kind="png", scale=code.width_px // needed, border=_QUIET_ZONE)
        return png.getvalue()

    async def launch(self, launch: Launch, query: Mapping[str, str]) -> Launch:
        """Return the page's address: below the base URL, or a whole one at an origin that the app may lead to."""
        return Launch("web_view", self._address(launch.target, query))

    def _address(self, target: str, query: Mapping[str, str]) -> str:
        if "\\" in target or any(ord(character) <= 0x20 for character in target):  # browsers read \ as /
            self._lacks("addresses with spaces or backslashes", "Encode the target.")
        whole = target if urlsplit(target).scheme else f"{self._base}/{target.lstrip('/')}"
        parts = urlsplit(whole)
        if parts.username is not None or _origin(whole) not in self._origins:
            self._lacks("pages of other origins", f"Lead to {self._base}, or add the origin to the app's.")
        pairs = [*parse_qsl(parts.query, keep_blank_values=True), *query.items()]
        return urlunsplit(parts._replace(query=urlencode(pairs)))

    def _lacks(self, what: str, fix: str) -> Never:
        raise NotOfferedError(f"The web has no {what}", fix=fix)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
