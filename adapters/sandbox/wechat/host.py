"""The simulated WeChat as a whole: its phone side (SimulatedHost) and its server side."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from litestar.handlers import HTTPRouteHandler

from adapters.channel import Provider
from adapters.sandbox.host import Bill, Deed, InboxMessage
from adapters.sandbox.wechat.apps import SimulatedApp, json_content, proved
from adapters.sandbox.wechat.messages import Messages
from adapters.sandbox.wechat.openings import Openings
from adapters.sandbox.wechat.people import People
from adapters.sandbox.wechat.pushing import Pushing
from adapters.sandbox.wechat.quotas import Limit, Quotas, What
from adapters.sandbox.wechat.routes import Answer, Ask, Path, route
from adapters.sandbox.wechat.tokens import Tokens
from adapters.sandbox.wechat.websites import Websites
from adapters.sandbox.world import World


class Cashier(Protocol):
    """The simulated WeChat Pay, of whose money WeChat is the client."""

    def bill(self, app_id: str, resident: str, parameters: Mapping[str, str]) -> Bill: ...
    async def pay(
        self, app_id: str, resident: str, parameters: Mapping[str, str], *, confirmed: bool = True
    ) -> str: ...

    def agree(self, app_id: str, resident: str, parameters: Mapping[str, Any]) -> str: ...

    def routes(self) -> Sequence[HTTPRouteHandler]: ...


class SimulatedWeChat:
    """WeChat with ``apps`` registered. ``limits`` replaces quotas, the seconds are those of its real clock's waits."""

    provider: Provider = "wechat"
    lacks: Collection[Deed] = ()

    def __init__(
        self,
        world: World,
        apps: Sequence[SimulatedApp],
        *,
        cashier: Cashier | None = None,
        limits: Mapping[What, Limit] | None = None,
        push_seconds: float = 5.0,
        slow_seconds: float = 6.0,
    ) -> None:
        self._world = world
        self._apps = {app.app_id: app for app in apps}
        self._cashier = cashier
        self._slow_seconds = slow_seconds
        quotas = Quotas(world.clock, limits or {})
        self._tokens = Tokens(world, quotas)
        self.people = People(world, quotas)
        self.websites = Websites(world, self.people)
        self.messages = Messages(self.people, quotas)
        self._openings = Openings(world, quotas)
        self._pushing = Pushing(world, push_seconds)

    def configure(self, app: SimulatedApp) -> None:
        """Register an app, or change its settings as its console does."""
        self._apps[app.app_id] = app

    def apps(self) -> Mapping[str, str]:
        return {app.app_id: app.name for app in self._apps.values()}

    def login(self, app_id: str, resident: str) -> str:
        return self.people.login(self._apps[app_id].app_id, resident)

    def phone_proof(self, app_id: str, resident: str) -> Mapping[str, str]:
        return self.people.phone_proof(self._apps[app_id].app_id, resident)

    def allow_message(self, app_id: str, resident: str, template: str) -> Mapping[str, str]:
        return self.messages.allow(self._apps[app_id], self._world.residents[resident].key, template)

    def bill(self, app_id: str, resident: str, parameters: Mapping[str, str]) -> Bill:
        return self._with_cashier().bill(app_id, resident, parameters)

    async def pay(self, app_id: str, resident: str, parameters: Mapping[str, str], *, confirmed: bool = True) -> str:
        return await self._with_cashier().pay(app_id, resident, parameters, confirmed=confirmed)

    def agree(self, app_id: str, resident: str, parameters: Mapping[str, Any]) -> str:
        return self._with_cashier().agree(app_id, resident, parameters)

    def inbox(self, resident: str) -> Sequence[InboxMessage]:
        return self.messages.inbox(self._world.residents[resident].key)

    def scanned(self, text: str) -> Mapping[str, str] | None:
        return self._openings.scanned(text)

    def say(self, app_id: str, resident: str, text: str) -> None:
        """Write to the app's customer service: its message push gets it."""
        self._pushing.push(
            self._apps[app_id],
            {
                "ToUserName": f"gh_{self._world.subject('wechat', 'gh', 'wang')[:12].lower()}",
                "FromUserName": self.people.openid(app_id, resident),
                "CreateTime": int(self._world.clock.now().timestamp()),
                "MsgType": "text",
                "Content": text,
                "MsgId": int.from_bytes(self._world.bytes(7)),
            },
        )

    async def check_address(self, app_id: str) -> bool:
        """Check the app's push address as the console does; whether it answered rightly."""
        return await self._pushing.check_address(self._apps[app_id])

    def routes(self) -> Sequence[HTTPRouteHandler]:
        own = [route(self._world, path, self._slow_seconds) for path in self._paths()]
        return [*own, *self.websites.routes(), *(self._cashier.routes() if self._cashier else ())]

    def _with_cashier(self) -> Cashier:
        if self._cashier is None:
            raise KeyError("this simulated WeChat has no WeChat Pay: make it with a cashier")
        return self._cashier

    def _paths(self) -> list[Path]:
        people, messages, openings = self.people, self.messages, self._openings
        return [
            Path("POST", "/cgi-bin/stable_token", self._stable_token),
            Path("GET", "/cgi-bin/token", self._token),
            Path("GET", "/sns/jscode2session", self._session),
            Path("GET", "/sns/oauth2/access_token", self.websites.access_token),
            Path(
                "POST", "/wxa/business/getuserphonenumber", self._authorised(lambda a, _, b: people.phone(a.app_id, b))
            ),
            Path("GET", "/wxa/checksession", self._authorised(lambda a, q, _: people.check_session(a.app_id, q))),
            Path(
                "GET", "/wxa/resetusersessionkey", self._authorised(lambda a, q, _: people.reset_session(a.app_id, q))
            ),
            Path("POST", "/cgi-bin/message/subscribe/send", self._told(messages.send)),
            Path("POST", "/wxa/getwxacodeunlimit", self._told(openings.code)),
            Path("POST", "/wxa/generate_urllink", self._told(openings.url_link)),
            Path("POST", "/wxa/generatescheme", self._told(openings.scheme)),
        ]

    def _authorised(self, ask: "_AskOf") -> Ask:
        """Answer with the app that the access token belongs to."""
        return lambda query, body: ask(self._apps[self._tokens.app_of(query.get("access_token", ""))], query, body)

    def _told(self, ask: "_AskTold") -> Ask:
        """As ``_authorised``, with the decoded body."""
        return self._authorised(lambda app, _, body: ask(app, json_content(body)))

    def _stable_token(self, _query: Mapping[str, str], body: bytes) -> Answer:
        content = json_content(body)
        app = proved(self._apps, content, "client_credential")
        token, seconds = self._tokens.stable(app.app_id, force=content.get("force_refresh") is True)
        return {"access_token": token, "expires_in": seconds}

    def _token(self, query: Mapping[str, str], _body: bytes) -> Answer:
        app = proved(self._apps, query, "client_credential")
        token, seconds = self._tokens.plain(app.app_id)
        return {"access_token": token, "expires_in": seconds}

    def _session(self, query: Mapping[str, str], _body: bytes) -> Answer:
        app = proved(self._apps, query, "authorization_code")
        return self.people.session(app, query.get("js_code", ""))


class _AskOf(Protocol):
    def __call__(self, app: SimulatedApp, query: Mapping[str, str], body: bytes, /) -> Answer: ...


class _AskTold(Protocol):
    def __call__(self, app: SimulatedApp, content: Mapping[str, Any], /) -> Answer: ...
