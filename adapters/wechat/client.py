"""The calls to WeChat's mini-program interface. An app's secret and its tokens travel in some URLs: none is logged."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from adapters.access_tokens import AccessTokens
from adapters.channel import Message, MiniCode
from adapters.errors import HostUnavailableError, SessionStaleError
from adapters.http import HostHttp, HostReply
from adapters.wechat import wire
from adapters.wechat.app import WeChatApp
from adapters.wechat.links import check_days
from adapters.wechat.refusals import TOKEN_REFUSED, Call, refusal
from adapters.wechat.signing import session_signature

_JSON = {"content-type": "application/json"}
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_STATES = {"release": "formal", "trial": "trial", "develop": "developer"}
_SESSION_INVALID = 87009


async def stable_token(http: HostHttp, app: WeChatApp) -> tuple[str, int]:
    """Return an access token and the seconds it lives: what AccessTokens fetches. Never forces a new one."""
    body = msgspec.json.encode(
        {"grant_type": "client_credential", "appid": app.app_id, "secret": app.secret, "force_refresh": False}
    )
    reply = await http.send("POST", "/cgi-bin/stable_token", body, _JSON)
    said = accepted("token", wire.read(reply, wire.TokenAnswer))
    if not said.access_token or said.expires_in <= 0:
        raise wire.unreadable(reply)
    return said.access_token, said.expires_in


class WeChatClient:
    """The calls for one mini-program. All raise what ``refusals`` says, and HostHttp's errors."""

    def __init__(self, http: HostHttp, app: WeChatApp, tokens: AccessTokens) -> None:
        self._http = http
        self._app = app
        self._tokens = tokens

    async def code_to_session(self, code: str) -> wire.SessionAnswer:
        """Exchange ``wx.login``'s code, which lives 5 minutes and is used up by the first who sends it."""
        query = {
            "appid": self._app.app_id,
            "secret": self._app.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        reply = await self._http.send("GET", f"/sns/jscode2session?{urlencode(query)}")
        said = accepted("sign-in", wire.read(reply, wire.SessionAnswer))
        if not said.openid:
            raise wire.unreadable(reply)
        return said

    async def phone(self, code: str, openid: str) -> wire.PhoneInfo:
        """Exchange the phone number button's code (not ``wx.login``'s)."""
        content = {"code": code} | ({"openid": openid} if openid else {})
        reply = await self._post("/wxa/business/getuserphonenumber", content)
        said = accepted("phone number", wire.read(reply, wire.PhoneAnswer))
        if said.phone_info is None:
            raise wire.unreadable(reply)
        return said.phone_info

    async def has_session(self, openid: str, session_key: str) -> bool:
        """Whether ``session_key`` is still the user's newest. See WeChatApp.decoded_session_key."""
        reply = await self._authorised("GET", "/wxa/checksession", query=self._signed(openid, session_key))
        said = wire.read(reply, wire.Answer)
        if said.errcode == _SESSION_INVALID:
            return False
        accepted("session", said)
        return True

    async def reset_session(self, openid: str, session_key: str) -> str:
        """Replace the user's session key and return the new one. See WeChatApp.decoded_session_key."""
        reply = await self._authorised("GET", "/wxa/resetusersessionkey", query=self._signed(openid, session_key))
        said = accepted("session", wire.read(reply, wire.SessionAnswer))
        if not said.session_key:
            raise SessionStaleError("WeChat gave no new session key", fix="Call wx.login again and send its new code.")
        return said.session_key

    async def send_message(self, message: Message) -> None:
        """Send a subscription message as it is."""
        content = {
            "touser": message.to,
            "template_id": message.template,
            "page": message.page,
            "data": {keyword: {"value": value} for keyword, value in message.values.items()},
            "miniprogram_state": _STATES[self._app.version],
            "lang": self._app.language,
        }
        reply = await self._post("/cgi-bin/message/subscribe/send", content)
        accepted("message", wire.read(reply, wire.Answer))

    async def unlimited_code(self, code: MiniCode) -> bytes:
        """Return the image. WeChat answers with an image or with JSON, both with status 200: its bytes tell."""
        content = {
            "scene": code.scene,
            "page": code.page,
            "check_path": self._app.check_page,
            "env_version": self._app.version,
            "width": code.width_px,
        }
        reply = await self._post("/wxa/getwxacodeunlimit", content)
        if reply.status == 200 and reply.body.startswith(_IMAGES):
            return reply.body
        accepted("code", wire.read(reply, wire.Answer))
        raise wire.unreadable(reply)

    async def url_link(self, page: str, query: str, days: int) -> str:
        """Return an https link that opens the mini-program from outside WeChat, for at most 30 days."""
        content = self._jump(page, query) | _expiring(days)
        reply = await self._post("/wxa/generate_urllink", content)
        said = accepted("link", wire.read(reply, wire.LinkAnswer))
        if not said.url_link:
            raise wire.unreadable(reply)
        return said.url_link

    async def url_scheme(self, page: str, query: str, days: int) -> str:
        """Return a ``weixin://`` link. Its exact body is not confirmed by anything published that was read."""
        content = {"jump_wxa": self._jump(page, query), "is_expire": True} | _expiring(days)
        reply = await self._post("/wxa/generatescheme", content)
        said = accepted("link", wire.read(reply, wire.LinkAnswer))
        if not said.openlink:
            raise wire.unreadable(reply)
        return said.openlink

    def _jump(self, page: str, query: str) -> dict[str, Any]:
        return {"path": page, "query": query, "env_version": self._app.version}

    def _signed(self, openid: str, session_key: str) -> dict[str, str]:
        signature = session_signature(session_key, decoded=self._app.decoded_session_key)
        return {"openid": openid, "signature": signature, "sig_method": "hmac_sha256"}

    async def _post(self, path: str, content: Mapping[str, Any]) -> HostReply:
        return await self._authorised("POST", path, body=msgspec.json.encode(content))

    async def _authorised(
        self, method: str, path: str, *, body: bytes = b"", query: Mapping[str, str] | None = None
    ) -> HostReply:
        """Send with an access token; once more with another if WeChat refuses the first and has done nothing."""
        token = await self._tokens.get()
        reply = await self._with(token, method, path, body, query)
        if not _refuses_token(reply):
            return reply
        await self._tokens.invalidate(token)
        if (other := await self._tokens.get()) != token:
            reply = await self._with(other, method, path, body, query)
        if _refuses_token(reply):
            raise HostUnavailableError(
                "WeChat refuses an access token that it has just given",
                fix="Try again in a moment. If it stays so, look for someone who forces new tokens for this app.",
            )
        return reply

    async def _with(
        self, token: str, method: str, path: str, body: bytes, query: Mapping[str, str] | None
    ) -> HostReply:
        rest = f"&{urlencode(query)}" if query else ""
        target = f"{path}?access_token={quote(token, safe='')}{rest}"
        return await self._http.send(method, target, body, _JSON if body else None)


def _refuses_token(reply: HostReply) -> bool:
    return reply.body.startswith(b"{") and wire.read(reply, wire.Answer).errcode in TOKEN_REFUSED


def _expiring(days: int) -> dict[str, Any]:
    check_days(days)
    return {"expire_type": 1, "expire_interval": days}


def accepted(call: Call, said: wire.Said) -> wire.Said:
    """Return an answer that is no refusal."""
    if said.errcode:
        raise refusal(call, said.errcode, said.errmsg)
    return said
