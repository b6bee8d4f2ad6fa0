"""WeChat mini-programs behind the common interface; money is passed on to WeChat Pay, a product of its own."""

from collections.abc import Mapping
from datetime import date

from redis.asyncio import Redis

from adapters.access_tokens import AccessTokens
from adapters.bills import Bill
from adapters.channel import (
    Callback,
    HostIdentity,
    Launch,
    Message,
    MiniCode,
    Order,
    Payment,
    Payments,
    Provider,
    Refund,
    WebSignIn,
)
from adapters.errors import CodeRefusedError, LaunchRefusedError, NotOfferedError
from adapters.http import HostHttp
from adapters.links import check_code, check_page
from adapters.one_time_codes import OneTimeCodes
from adapters.wechat import keywords, links, phones
from adapters.wechat.app import WeChatApp, WeChatWebsite
from adapters.wechat.client import WeChatClient, stable_token
from adapters.wechat.message_credits import MessageCredits
from adapters.wechat.pushes import Pushes
from adapters.wechat.web import WeChatWebSignIn
from kernel.clock import Clock
from kernel.money import Fen


class WeChatChannel:
    """One mini-program. ``http`` leads to ``https://api.weixin.qq.com`` or to a simulator."""

    provider: Provider = "wechat"

    def __init__(
        self,
        http: HostHttp,
        redis: Redis,
        clock: Clock,
        app: WeChatApp,
        *,
        payments: Payments | None = None,
        website: WeChatWebsite | None = None,
    ) -> None:
        links.check_days(app.link_days)
        self.app_id = app.app_id
        self.web_sign_in: WebSignIn | None = WeChatWebSignIn(http, website) if website else None
        self._app = app
        self._clock = clock
        tokens = AccessTokens(redis, clock, f"wechat:{app.app_id}", lambda: stable_token(http, app))
        self.client = WeChatClient(http, app, tokens)
        self.credits = MessageCredits(redis, app.app_id)
        self._sign_ins = OneTimeCodes(redis, "wechat-sign-in", HostIdentity)
        self._phones = OneTimeCodes(redis, "wechat-phone", str)
        self._pushes = Pushes(app)
        self._paying = payments

    async def sign_in(self, code: str) -> HostIdentity:
        """Exchange ``wx.login``'s code; one that is sent twice within two minutes gives the same twice."""
        if not code:
            raise CodeRefusedError("The code is empty", fix="Call wx.login and send its code.")
        return await self._sign_ins.once((self.app_id, code), lambda: self._exchanged(code))

    async def _exchanged(self, code: str) -> HostIdentity:
        session = await self.client.code_to_session(code)
        return HostIdentity("wechat", self.app_id, session.openid, session.unionid or "", session.session_key)

    async def phone_number(self, proof: Mapping[str, str], identity: HostIdentity) -> str:
        """Return the number for the event of ``bindgetphonenumber``: its ``code``, else its encrypted data."""
        code = proof.get("code", "")
        if not code:
            return phones.opened(proof, identity.session_key, self.app_id, self._clock.now())
        return await self._phones.once(
            (self.app_id, identity.subject, code), lambda: self._numbered(code, identity.subject)
        )

    async def _numbered(self, code: str, subject: str) -> str:
        return phones.e164(await self.client.phone(code, subject), self.app_id)

    async def send_message(self, message: Message) -> None:
        """Send a subscription message, unless its values or the known lack of a tap would have WeChat refuse it."""
        keywords.check(message.values)
        await self.credits.spend(message.to, message.template, lambda: self.client.send_message(message))

    async def mini_code(self, code: MiniCode) -> bytes:
        """Return the image of a code for ``code.page``, whose ``onLoad`` finds the scene in ``query.scene``."""
        check_code(code)
        return await self.client.unlimited_code(code)

    async def launch(self, launch: Launch, query: Mapping[str, str]) -> Launch:
        """Complete a launch. A deep link is a URL link, which lives ``link_days``, at most 30, whatever it opens."""
        match launch.kind:
            case "mini_program":
                return Launch(launch.kind, links.mini_program_path(launch.target, query), launch.app_id)
            case "web_view":
                return Launch(launch.kind, links.web_view_url(launch.target, query), launch.app_id)
            case "deep_link":
                check_page(launch.target)
                if launch.app_id not in {"", self.app_id}:
                    raise LaunchRefusedError(
                        "A link can be made by the mini-program that it opens only", fix=f"Ask as {launch.app_id}."
                    )
                link = await self.client.url_link(launch.target, links.link_query(query), self._app.link_days)
                return Launch(launch.kind, link, self.app_id)

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Callback:
        """Read a pushed message, or WeChat Pay's callback if its signature is among the headers."""
        if "wechatpay-signature" in headers:
            return self._payments().read_callback(headers, query, body)
        return self._pushes.read(query, body)

    async def prepay(self, order: Order) -> Mapping[str, str]:
        return await self._payments().prepay(order)

    async def query(self, number: str) -> Payment:
        return await self._payments().query(number)

    async def close(self, number: str) -> None:
        await self._payments().close(number)

    async def refund(self, number: str, order: Payment, amount: Fen, reason: str) -> Refund:
        return await self._payments().refund(number, order, amount, reason)

    async def query_refund(self, number: str, order: Payment) -> Refund:
        return await self._payments().query_refund(number, order)

    async def bill(self, day: date) -> Bill:
        return await self._payments().bill(day)

    def _payments(self) -> Payments:
        if self._paying is None:
            raise NotOfferedError(
                f"The mini-program {self.app_id} takes no payments",
                fix="Give it a WeChat Pay merchant: `pay` of its entry in the file of host apps.",
            )
        return self._paying
