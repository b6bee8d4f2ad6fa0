"""Signing in with Baidu in a browser: OAuth 2.0 of its account service (openauth.baidu.com/doc)."""

from collections.abc import Mapping
from urllib.parse import urlencode

from adapters.baidu import wire
from adapters.baidu.app import BaiduWebsite
from adapters.baidu.client import FORM, accepted
from adapters.channel import HostIdentity, Provider
from adapters.http import HostHttp
from adapters.links import with_query
from adapters.web_pages import brought_code


class BaiduWebSignIn:
    """Implements WebSignIn. A code is good once, for 10 minutes, and for the very ``return_url`` it was made for."""

    provider: Provider = "baidu"

    def __init__(self, http: HostHttp, website: BaiduWebsite) -> None:
        self._http = http
        self._website = website

    def address(self, state: str, return_url: str) -> str:
        """Return the address. Whoever is signed in to Baidu already is asked whether it is they (``confirm_login``)."""
        query = {
            "response_type": "code",
            "client_id": self._website.app_key,
            "redirect_uri": return_url,
            "scope": "basic",
            "state": state,
            "confirm_login": "1",
        }
        return with_query(self._website.page, query)

    async def finish(self, brought: Mapping[str, str], return_url: str) -> HostIdentity:
        token = await self._token(brought_code(brought, "code", "Baidu"), return_url)
        query = {"access_token": token} | ({"get_unionid": "1"} if self._website.asks_union else {})
        reply = await self._http.send("GET", f"/rest/2.0/passport/users/getInfo?{urlencode(query)}")
        said = accepted("sign-in", wire.read(reply, wire.UserAnswer))
        if not said.openid:  # the oldest apps get a userid alone
            raise wire.unreadable(reply.status, len(reply.body))
        return HostIdentity("baidu", self._website.app_key, said.openid, said.unionid or "")

    async def _token(self, code: str, return_url: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self._website.app_key,
            "client_secret": self._website.secret,
            "redirect_uri": return_url,
        }
        reply = await self._http.send("POST", "/oauth/2.0/token", urlencode(form).encode(), FORM)
        said = accepted("sign-in", wire.read(reply, wire.TokenAnswer))
        if not said.access_token:
            raise wire.unreadable(reply.status, len(reply.body))
        return said.access_token
