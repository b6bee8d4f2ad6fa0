"""The whole simulated Alipay: its HTTP routes, and what a simulated phone can do in it.

Faults at a method's own name: unavailable (HTTP 502, nothing done), restricted (the merchant is, nothing done),
error_after_work (20000), never (HTTP 500 after the work), slow (after the work), bad_signature (after the work).
"""

import asyncio
import html
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

from litestar import MediaType, Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from adapters.channel import Provider
from adapters.http import HostHttp
from adapters.sandbox.alipay import protocol
from adapters.sandbox.alipay.bills import TradeBills
from adapters.sandbox.alipay.certify import Certify
from adapters.sandbox.alipay.codes import Codes
from adapters.sandbox.alipay.console import Console
from adapters.sandbox.alipay.messages import Messages
from adapters.sandbox.alipay.notices import Notices
from adapters.sandbox.alipay.parking import Parking
from adapters.sandbox.alipay.people import People
from adapters.sandbox.alipay.protocol import Call, Refusal
from adapters.sandbox.alipay.trades import Trade, Trades, written_time
from adapters.sandbox.authorization import AuthorizationPage, Form
from adapters.sandbox.host import Bill, Deed, InboxMessage
from adapters.sandbox.rsa_keys import KeySource, new_key
from adapters.sandbox.world import Fault, World

_SIGN_IN = Form(
    path="/alipay/oauth2/publicAppAuthorize.htm",
    title="支付宝登录 · Alipay sign-in",
    app="app_id",
    takes={"scope": ("auth_base", "auth_user")},
    code="auth_code",
    beside={"source": "alipay_wallet"},
)
_PACE = 1 / 600  # 4 minutes become 0.4 s, the whole schedule of 25 hours two and a half minutes
_SLOW_SECONDS = 8.0  # more than callers wait
Answer = Response[bytes]


class SimulatedAlipay:
    """One simulated Alipay. ``http`` sends notices; register apps at ``console``; ``keys`` makes RSA keys."""

    provider: Provider = "alipay"
    lacks: Collection[Deed] = ()

    def __init__(
        self,
        world: World,
        http: HostHttp,
        *,
        pace: float = _PACE,
        slow_seconds: float = _SLOW_SECONDS,
        keys: KeySource = new_key,
    ) -> None:
        self._world = world
        self._slow_seconds = slow_seconds
        self.console = Console(world.clock, keys)
        self.people = People(world, self.console)
        self._notices = Notices(world, self.console, http, pace)
        self.trades = Trades(world, self.console, self.people, self._notices)
        self._messages = Messages(self.console, self.people)
        self._codes = Codes(world, self.console)
        self._certify = Certify(world, self.people)
        self._bills = TradeBills(world, self.trades)
        self.parking = Parking(world, self.trades)
        self._methods: Mapping[str, Callable[[Call], Mapping[str, object]]] = {
            "alipay.system.oauth.token": self.people.token,
            "alipay.trade.create": self.trades.create,
            "alipay.trade.query": self.trades.query,
            "alipay.trade.close": self.trades.close,
            "alipay.trade.refund": self.trades.refund,
            "alipay.trade.fastpay.refund.query": self.trades.query_refund,
            "alipay.data.dataservice.bill.downloadurl.query": self._bills.query,
            **self.parking.methods(),
            "alipay.open.app.mini.templatemessage.send": self._messages.send,
            "alipay.open.app.qrcode.create": self._codes.create,
            "alipay.open.app.alipaycert.download": self._certificate,
            "alipay.user.certify.open.initialize": self._certify.initialize,
            "alipay.user.certify.open.query": self._certify.query,
            "alipay.user.certdoc.certverify.preconsult": self._certify.preconsult,
            "alipay.user.certdoc.certverify.consult": self._certify.consult,
        }
        self._offer_faults()

    def _offer_faults(self) -> None:
        for method in self._methods:
            self._world.offer_faults(
                method, "unavailable", "restricted", "never", "slow", "error_after_work", "bad_signature"
            )
        self._world.offer_faults("alipay.refund", "late")
        self._world.offer_faults("alipay.qr", "unavailable")

    def routes(self) -> Sequence[HTTPRouteHandler]:
        """Return the gateway, its pages and its images, all below ``/alipay``."""

        @post("/alipay/gateway.do", status_code=200)
        async def gateway(request: Request[Any, Any, Any]) -> Answer:
            return await self._gateway(_query(request), await request.body(), _base(request))

        @get("/alipay/gateway.do")
        async def page(request: Request[Any, Any, Any]) -> Answer:
            return self._page(_query(request), _base(request))

        @post("/alipay/certify/{certify_id:str}", status_code=303)
        async def face(certify_id: FromPath[str], request: Request[Any, Any, Any]) -> Response[None]:
            form = await request.form()
            try:
                after = self.show_face(certify_id, str(form.get("resident", "")))
            except KeyError:
                return Response(None, status_code=404)
            return Response(None, status_code=303, headers={"location": after})

        @get("/alipay/qr/{name:str}")
        async def image(name: FromPath[str]) -> Answer:
            found = self._codes.image(name.removesuffix(".png"))
            return Response(found or b"", status_code=404 if found is None else 200, media_type="image/png")

        @get("/alipay/bill/{name:str}")
        async def bill(name: FromPath[str]) -> Answer:
            found = self._bills.file(name.removesuffix(".zip"))
            return Response(found or b"", status_code=404 if found is None else 200, media_type="application/zip")

        sign_in = AuthorizationPage(
            self._world, _SIGN_IN, self.console.domains, lambda app_id, resident, _: self.people.login(app_id, resident)
        )
        return gateway, page, face, image, bill, *sign_in.routes()

    async def _gateway(self, query: str, body: bytes, base: str) -> Answer:
        try:
            call = protocol.read_call(self.console, self._world.clock, query, body, base)
        except (Refusal, UnicodeDecodeError) as error:
            refusal = error if isinstance(error, Refusal) else Refusal("40002", "isv.invalid-charset", signed=False)
            return self._refused(query, refusal)
        fault = self._world.take_fault(call.method)
        if fault == "unavailable":
            return Response(b"<html>502 Bad Gateway</html>", status_code=502, media_type=MediaType.HTML)
        text = self._answered(call, fault)
        if fault == "never":
            return Response(b"", status_code=500)
        if fault == "slow":
            await asyncio.sleep(self._slow_seconds)
        if text is None:
            return _json(protocol.unsigned(protocol.refused(Refusal("40002", "isv.code-invalid"))))
        return _json(protocol.reply(self.console, call.app, call.method, text, spoilt=fault == "bad_signature"))

    def _answered(self, call: Call, fault: Fault | None) -> str | None:
        """Do the work; return what is to be signed, None if nobody signs it."""
        handler = self._methods.get(call.method)
        try:
            if handler is None:
                raise Refusal("40002", "isv.invalid-method")  # noqa: TRY301 - one place writes refusals
            if fault == "restricted":
                raise Refusal("40004", "ACQ.SELLER_BEEN_BLOCKED")  # noqa: TRY301 - as above
            text = protocol.success(call, handler(call))
            if fault == "error_after_work":
                raise Refusal("20000", "isp.unknow-error")  # noqa: TRY301 - as above
        except Refusal as refusal:
            self._world.note("alipay", call.method, refusal.sub_code)
            return protocol.refused(refusal) if refusal.signed else None
        self._world.note("alipay", call.method, "done")
        return text

    def _refused(self, query: str, refusal: Refusal) -> Answer:
        self._world.note("alipay", "request", refusal.sub_code)
        text = protocol.refused(refusal)
        given = dict(parse_qsl(query))
        app = self.console.apps.get(given.get("app_id", ""))
        if not refusal.signed or app is None:
            return _json(protocol.unsigned(text))
        return _json(protocol.reply(self.console, app, given.get("method", ""), text))

    def _page(self, query: str, base: str) -> Answer:
        """Show the page of a face check, which asks who is before the camera."""
        try:
            call = protocol.read_call(self.console, self._world.clock, query, b"", base)
            if call.method != "alipay.user.certify.open.certify":
                raise Refusal("40002", "isv.invalid-method")  # noqa: TRY301 - one place writes refusals
            action = f"{base}/certify/{self._certify.open(call)}"
        except Refusal as refusal:
            return self._refused(query, refusal)
        choices = "".join(
            f"<button name=resident value={html.escape(key)}>{html.escape(person.name)}</button> "
            for key, person in self._world.residents.items()
        )
        form = f'<form method=post action="{html.escape(action)}">{choices}</form>'
        page = f"<!doctype html><meta charset=utf-8><title>支付宝</title><p>谁在镜头前？</p>{form}"
        return Response(page.encode(), media_type=MediaType.HTML)

    def _certificate(self, call: Call) -> Mapping[str, object]:
        pem = self.console.certificates.get(call.text("alipay_cert_sn"))
        if pem is None:
            raise Refusal("40004", "CERT_NOT_FOUND")
        return {"alipay_cert_content": b64encode(pem).decode()}

    def apps(self) -> Mapping[str, str]:
        return {app.app_id: app.name for app in self.console.apps.values()}

    def login(self, app_id: str, resident: str) -> str:
        return self.people.login(app_id, resident)

    def phone_proof(self, app_id: str, resident: str) -> Mapping[str, str]:
        return self.people.phone_proof(app_id, resident)

    def allow_message(self, app_id: str, resident: str, template: str) -> Mapping[str, str]:
        return self._messages.allow(app_id, resident, template)

    def bill(self, app_id: str, resident: str, parameters: Mapping[str, str]) -> Bill:
        """Return what the cashier shows. KeyError for a trade that is none of theirs, ValueError for one not to pay."""
        trade = self._opened(app_id, resident, parameters)
        return Bill(trade.amount, trade.subject)

    def _opened(self, app_id: str, resident: str, parameters: Mapping[str, str]) -> Trade:
        trade = self.trades.open(parameters.get("tradeNO", ""), resident)
        if trade.status != "WAIT_BUYER_PAY" or app_id not in self.console.apps:
            raise ValueError(trade.status)
        return trade

    async def pay(self, app_id: str, resident: str, parameters: Mapping[str, str], *, confirmed: bool = True) -> str:
        """Do what ``my.tradePay`` does: 9000 paid, 6001 left, 4000 failed; what a client says is no proof anyway."""
        try:
            trade = self._opened(app_id, resident, parameters)
        except (KeyError, ValueError):
            return "4000"
        if not confirmed:
            return "6001"
        self.trades.confirm(trade)
        return "9000"

    def agree(self, app_id: str, resident: str, parameters: Mapping[str, Any]) -> str:
        """Do what ``my.paySignCenter`` does. KeyError, ValueError for what it cannot open."""
        query = unquote(parameters["signStr"])
        try:
            call = protocol.read_call(self.console, self._world.clock, query, b"", "")
            if call.method != "alipay.user.agreement.page.sign" or call.app.app_id != app_id:
                raise Refusal("40002", "isv.invalid-method")  # noqa: TRY301 - one place says it
            self._agree(call, self._world.residents[resident].key)
        except Refusal as refusal:
            raise ValueError(refusal.sub_code) from refusal
        return "7000"

    def _agree(self, call: Call, resident: str) -> None:
        number, plate = self.parking.agree(call, resident)
        self._notices.send(
            call.parameters.get("notify_url", ""),
            call.app,
            {
                "notify_time": written_time(self._world.clock.now()),
                "notify_type": "dut_user_sign",
                "notify_id": self._world.token(34),
                "app_id": call.app.app_id,
                "auth_app_id": call.app.app_id,
                "version": "1.0",
                "status": "NORMAL",
                "external_agreement_no": call.text("external_agreement_no"),
                "agreement_no": number,
                "sign_scene": call.text("sign_scene"),
                "sign_time": written_time(self._world.clock.now()),
            },
        )
        self._world.note("alipay", f"agreement for {plate}", "signed")

    def inbox(self, resident: str) -> Sequence[InboxMessage]:
        return self._messages.inbox(resident)

    def scanned(self, text: str) -> Mapping[str, str] | None:
        return self._codes.scanned(text)

    def show_face(self, certify_id: str, resident: str) -> str:
        """Finish a face check whose page is open; return where the browser goes. KeyError for one that is not."""
        return self._certify.show_face(certify_id, resident)

    def push(self, app_id: str, method: str, fields: Mapping[str, str]) -> None:
        """Send one of the platform's messages to the app's ``message_url``, signed with its ``sign_type``."""
        app, now = self.console.apps[app_id], self._world.clock.now()
        names = {"method": method, "app_id": app_id, "notify_id": self._world.token(34), "version": "1.1"}
        fields = {**fields, **names, "notify_time": written_time(now)}
        self._notices.send(app.message_url, app, fields, keeps_sign_type=True)


def _query(request: Request[Any, Any, Any]) -> str:
    return bytes(request.scope["query_string"]).decode("latin-1")


def _base(request: Request[Any, Any, Any]) -> str:
    return f"{str(request.base_url).rstrip('/')}/alipay"


def _json(body: bytes) -> Answer:
    return Response(body, media_type="application/json;charset=utf-8")
