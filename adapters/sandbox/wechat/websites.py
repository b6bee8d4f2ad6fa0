"""Website apps of the simulated Open Platform: the page that browsers are led to, and what its codes are worth."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from adapters.sandbox.authorization import AuthorizationPage, Form
from adapters.sandbox.wechat.apps import Refusal, SimulatedWebsite, proved
from adapters.sandbox.wechat.people import People
from adapters.sandbox.wechat.routes import Answer
from adapters.sandbox.world import World

_CODE_LIFE = timedelta(minutes=5)
_TOKEN_SECONDS = 7200
_FORM = Form(
    path="/wechat/connect/qrconnect",
    title="微信登录 · WeChat sign-in",
    app="appid",
    takes={"response_type": ("code",), "scope": ("snsapi_login",)},
)


class _Code(Struct):
    app_id: str
    resident: str
    ends: datetime
    used: bool = False


class Websites:
    """All website apps."""

    def __init__(self, world: World, people: People) -> None:
        self._world = world
        self._people = people
        self._sites: dict[str, SimulatedWebsite] = {}
        self._codes: dict[str, _Code] = {}

    def configure(self, site: SimulatedWebsite) -> None:
        """Register a website app, or change its settings as its console does."""
        self._sites[site.app_id] = site

    def routes(self) -> list[HTTPRouteHandler]:
        return AuthorizationPage(self._world, _FORM, self._domains, self._give).routes()

    def access_token(self, query: Mapping[str, str], _body: bytes) -> Answer:
        """Answer ``/sns/oauth2/access_token``: 40163 for a code that was used, 40029 for any other bad one."""
        site = proved(self._sites, query, "authorization_code")
        code = self._codes.get(query.get("code", ""))
        if code is not None and code.used:
            raise Refusal(40163, "code been used")
        if code is None or code.app_id != site.app_id or self._world.clock.now() >= code.ends:
            raise Refusal(40029, "invalid code")
        code.used = True
        return {
            "access_token": self._world.token(),
            "expires_in": _TOKEN_SECONDS,
            "refresh_token": self._world.token(),
            "openid": self._people.openid(site.app_id, code.resident),
            "scope": "snsapi_login",
            **self._people.union(site, code.resident),
        }

    def _domains(self, app_id: str) -> frozenset[str]:
        site = self._sites.get(app_id)
        return site.domains if site else frozenset()

    def _give(self, app_id: str, resident: str, _address: str) -> str:
        code = self._world.token()
        self._codes[code] = _Code(app_id, resident, self._world.clock.now() + _CODE_LIFE)
        return code
