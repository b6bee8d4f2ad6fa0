"""Baidu's account service, simulated: the page that browsers are led to, tokens for its codes, and whose they are."""

from datetime import datetime, timedelta
from typing import Any

from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from adapters.sandbox.authorization import AuthorizationPage, Form
from adapters.sandbox.baidu.accounts import Accounts
from adapters.sandbox.baidu.behaviour import RegisteredWebsite
from adapters.sandbox.baidu.refusal import gateway, oauth
from adapters.sandbox.baidu.serving import Call
from adapters.sandbox.world import World

_CODE_LIVES = timedelta(minutes=10)
_TOKEN_SECONDS = 2_592_000
_FORM = Form(
    path="/baidu/oauth/2.0/authorize",
    title="百度登录 · Baidu sign-in",
    app="client_id",
    takes={"response_type": ("code",), "scope": ("basic",)},
    refused={"error": "access_denied"},
)


class _Code(Struct, frozen=True):
    app_key: str
    resident: str
    address: str
    until: datetime


class Websites:
    """All apps of the account service."""

    def __init__(self, world: World, accounts: Accounts) -> None:
        self._world = world
        self._accounts = accounts
        self._sites: dict[str, RegisteredWebsite] = {}
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, _Code] = {}

    def configure(self, site: RegisteredWebsite) -> None:
        """Register an app, or change its settings as its console does."""
        self._sites[site.app_key] = site

    def routes(self) -> list[HTTPRouteHandler]:
        return AuthorizationPage(self._world, _FORM, self._domains, self._give).routes()

    def token(self, call: Call) -> dict[str, Any]:
        """``/oauth/2.0/token`` for a code, which is used up whoever sends it."""
        site = self._sites.get(call.get("client_id"))
        if site is None or site.secret != call.get("client_secret"):
            raise oauth("invalid_client", "unknown client id or secret")
        code = self._codes.pop(call.get("code"), None)
        if code is None or code.app_key != site.app_key or self._world.clock.now() >= code.until:
            raise oauth("invalid_grant", f"Invalid authorization code: {call.get('code')}")
        if code.address != call.get("redirect_uri"):
            raise oauth("redirect_uri_mismatch", "Invalid redirect uri")
        token = f"121.{self._world.token(32)}"
        self._tokens[token] = code
        return {"access_token": token, "expires_in": _TOKEN_SECONDS, "refresh_token": "", "scope": "basic"}

    def user(self, call: Call) -> dict[str, Any]:
        """``/rest/2.0/passport/users/getInfo``."""
        known = self._tokens.get(call.get("access_token"))
        if known is None:
            raise gateway(110, "Access token invalid or no longer valid")
        owner = self._sites[known.app_key].owner
        union = {"unionid": self._accounts.union(owner, known.resident)} if call.get("get_unionid") == "1" else {}
        openid = self._accounts.openid(known.app_key, known.resident)
        return {"openid": openid, "username": "u***9"} | (union if owner else {})

    def _domains(self, app_key: str) -> frozenset[str]:
        site = self._sites.get(app_key)
        return site.domains if site else frozenset()

    def _give(self, app_key: str, resident: str, address: str) -> str:
        code = self._world.token()
        self._codes[code] = _Code(app_key, resident, address, self._world.clock.now() + _CODE_LIVES)
        return code
