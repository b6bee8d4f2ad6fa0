"""Baidu as a simulated host app: its routes, and what a phone does in it."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from litestar import Response
from litestar import get as get_route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from adapters.channel import Provider
from adapters.errors import NotOfferedError
from adapters.http import HostHttp
from adapters.sandbox.baidu.accounts import Accounts
from adapters.sandbox.baidu.behaviour import Behaviour, PaymentService, RegisteredApp
from adapters.sandbox.baidu.bills import OrderBills
from adapters.sandbox.baidu.books import BookedOrder
from adapters.sandbox.baidu.cashier import Cashier
from adapters.sandbox.baidu.courier import Courier
from adapters.sandbox.baidu.serving import HOST, Call, Front
from adapters.sandbox.baidu.talk import Talk
from adapters.sandbox.baidu.websites import Websites
from adapters.sandbox.host import Bill, Deed, InboxMessage
from adapters.sandbox.rsa_keys import new_key
from adapters.sandbox.world import World


class CashierKeys(Struct, frozen=True):
    """The developer's key, whose public half is registered at the cashier, and Baidu's own."""

    developer: RSAPrivateKey
    platform: RSAPrivateKey

    @classmethod
    def fresh(cls) -> "CashierKeys":
        return cls(new_key(), new_key())

    def __repr__(self) -> str:
        return "CashierKeys()"


class SimulatedBaidu:
    """Implements SimulatedHost. ``http`` carries notices; its time limit is their deadline, 2 seconds at the real one.

    ``templates`` maps each to its keywords; None takes any.
    """

    provider: Provider = "baidu"
    lacks: Collection[Deed] = frozenset({"agreements"})

    def __init__(  # noqa: PLR0913 - what a sandbox may choose are keywords
        self,
        world: World,
        http: HostHttp,
        apps: Sequence[RegisteredApp],
        *,
        service: PaymentService | None = None,
        keys: CashierKeys | None = None,
        behaviour: Behaviour | None = None,
        templates: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.keys = keys or CashierKeys.fresh()
        self.behaviour = behaviour or Behaviour()
        self._world = world
        self.accounts = Accounts(world, apps)
        self.websites = Websites(world, self.accounts)
        self.talk = Talk(world, self.accounts, templates)
        courier = Courier(world, http, self.keys.platform, self.behaviour)
        developer = self.keys.developer.public_key()
        service = service or PaymentService()
        self.cashier = Cashier(world, service, developer, courier, behaviour=self.behaviour)
        self._bills = OrderBills(world, service, self.cashier.books)

    def routes(self) -> Sequence[HTTPRouteHandler]:
        """Return the server side. The calls of both of Baidu's origins are here below one."""
        front = Front(self._world, self.behaviour, self.accounts.owner)
        serve, open_to_all = front.serve, front.serve_all
        get, post, both = ("GET",), ("POST",), ("GET", "POST")
        users, talk, cashier = self.accounts, self.talk, self.cashier
        rest = "/rest/2.0/smartapp"
        money = f"{rest}/pay/paymentservice"

        @get_route("/baidu/bill/{name:str}")
        async def file(name: FromPath[str]) -> Response[bytes]:
            found = self._bills.file(name.removesuffix(".csv"))
            return Response(found or b"", status_code=404 if found is None else 200, media_type="text/csv")

        return [
            file,
            *self.websites.routes(),
            open_to_all(both, "/oauth/2.0/token", "token", self._token),
            open_to_all(get, "/rest/2.0/passport/users/getInfo", "user", self.websites.user),
            open_to_all(post, "/oauth/jscode2sessionkey", "session", users.old_session),
            serve(both, f"{rest}/getsessionkey", "new_session", users.session),
            serve(post, f"{rest}/getunionid", "union_id", users.union_id),
            serve(post, f"{rest}/qrcode/getunlimitedv2", "code", talk.code),
            serve(post, f"{rest}/template/send", "template", talk.template_send, "msg"),
            serve(post, f"{rest}/template/message/subscribe/send", "subscription", talk.subscribe_send, "msg"),
            serve(get, f"{money}/findByTpOrderId", "query", cashier.find, "msg"),
            serve(get, f"{money}/cancelOrder", "close", cashier.cancel, "msg"),
            serve(post, f"{money}/applyOrderRefund", "refund", cashier.refund, "msg"),
            serve(get, f"{money}/findOrderRefund", "query_refund", cashier.find_refund, "msg"),
            serve(get, f"{money}/orderBill", "bill", self._bills.order_bill, "msg"),
        ]

    def apps(self) -> Mapping[str, str]:
        return {key: app.name for key, app in self.accounts.apps.items()}

    def login(self, app_id: str, resident: str) -> str:
        return self.accounts.code(app_id, resident)

    def phone_proof(self, app_id: str, resident: str) -> Mapping[str, str]:
        """Return the number closed with the session key of the resident's last sign-in."""
        number = self._world.residents[resident].phone.removeprefix("+86")
        return self.accounts.sealed(self.accounts.apps[app_id].app_key, resident, {"mobile": number})

    def allow_message(self, app_id: str, resident: str, template: str) -> Mapping[str, str]:
        """Return the subscription's id, which is ``Message.credit``."""
        return self.talk.subscribe(app_id, self._world.residents[resident].key, template)

    def agree(self, app_id: str, resident: str, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002 - SimulatedHost's
        raise NotOfferedError("Baidu takes no parking fees by itself", fix="Agree in a host app that does.")

    async def pay(self, app_id: str, resident: str, parameters: Mapping[str, str], *, confirmed: bool = True) -> str:
        """Do what ``swan.requestPolymerPayment`` does with an ``orderInfo``, and confirm or leave."""
        try:
            order = self.open_cashier(app_id, resident, parameters)
        except ValueError as error:
            return self._said(f"requestPolymerPayment:fail {error}")
        if not confirmed:
            return self._said("requestPolymerPayment:fail cancel")
        self.cashier.pay(order)
        return self._said("requestPolymerPayment:ok")

    def bill(self, app_id: str, resident: str, parameters: Mapping[str, str]) -> Bill:
        """Return what the cashier shows. ValueError as the client sees it."""
        return Bill(self.open_cashier(app_id, resident, parameters).total, parameters["dealTitle"])

    def open_cashier(self, app_id: str, resident: str, parameters: Mapping[str, str]) -> BookedOrder:
        """Open the cashier without paying: only now does Baidu know the order. ValueError as the client sees it."""
        subject = self.accounts.openid(self.accounts.apps[app_id].app_key, self._world.residents[resident].key)
        digest = hashlib.sha256(subject.encode()).digest()
        return self.cashier.open(int.from_bytes(digest[:4]), parameters)

    def inbox(self, resident: str) -> Sequence[InboxMessage]:
        return self.talk.inbox(resident)

    def scanned(self, text: str) -> Mapping[str, str] | None:
        return self.talk.scanned(text)

    def _token(self, call: Call) -> dict[str, Any]:
        issuer = self.websites if call.get("grant_type") == "authorization_code" else self.accounts
        return issuer.token(call)

    def _said(self, result: str) -> str:
        self._world.note(HOST, "pay", result)
        return result
