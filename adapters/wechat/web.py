"""Signing in with WeChat in a browser: the open platform's website apps (``snsapi_login``)."""

from collections.abc import Mapping
from urllib.parse import urlencode

from adapters.channel import HostIdentity, Provider
from adapters.http import HostHttp
from adapters.links import with_query
from adapters.web_pages import brought_code
from adapters.wechat import wire
from adapters.wechat.app import WeChatWebsite
from adapters.wechat.client import accepted


class WeChatWebSignIn:
    """Implements WebSignIn. The website's owner is the mini-program's, so both know a person by one ``unionid``."""

    provider: Provider = "wechat"

    def __init__(self, http: HostHttp, website: WeChatWebsite) -> None:
        self._http = http
        self._website = website

    def address(self, state: str, return_url: str) -> str:
        """Return the address, in the order and with the fragment that WeChat's documents give it."""
        query = {
            "appid": self._website.app_id,
            "redirect_uri": return_url,
            "response_type": "code",
            "scope": "snsapi_login",
            "state": state,
        }
        return with_query(f"{self._website.page}#wechat_redirect", query)

    async def finish(self, brought: Mapping[str, str], return_url: str) -> HostIdentity:  # noqa: ARG002 - the interface's
        """Exchange the code, which is good once and for some minutes. Who cancels brings none, and no error either."""
        query = {
            "appid": self._website.app_id,
            "secret": self._website.secret,
            "code": brought_code(brought, "code", "WeChat"),
            "grant_type": "authorization_code",
        }
        reply = await self._http.send("GET", f"/sns/oauth2/access_token?{urlencode(query)}")
        said = accepted("sign-in", wire.read(reply, wire.WebSignInAnswer))
        if not said.openid:
            raise wire.unreadable(reply)
        return HostIdentity("wechat", self._website.app_id, said.openid, said.unionid or "")
