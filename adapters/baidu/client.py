"""The calls to Baidu: the app's token in the URL, everything else as a form (FM-26: JSON is refused). No URL is logged.

Baidu's own Java SDK sends one call's body as JSON all the same (applyOrderRefund); a form is what its documents say.
"""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

from adapters.baidu import wire
from adapters.baidu.app import BaiduApp
from adapters.baidu.refusals import TOKEN_REFUSED, Call, refusal, refused
from adapters.errors import HostUnavailableError
from adapters.http import HostHttp, HostReply

FORM = {"content-type": "application/x-www-form-urlencoded"}
_SCOPE = "smartapp_snsapi_base"

AppToken = Callable[[], Awaitable[str]]
TokenFailed = Callable[[str], Awaitable[None]]


async def fetch_app_token(http: HostHttp, app: BaiduApp) -> tuple[str, int]:
    """Return an app token and the seconds it lives, about a month."""
    form = {"grant_type": app.grant_type, "client_id": app.app_key, "client_secret": app.secret, "scope": _SCOPE}
    reply = await http.send("POST", "/oauth/2.0/token", urlencode(form).encode(), FORM)
    said = accepted("token", wire.read(reply, wire.TokenAnswer))
    if not said.access_token or said.expires_in <= 0:
        raise wire.unreadable(reply.status, len(reply.body))
    return said.access_token, said.expires_in


class BaiduClient:
    """The calls for one mini-program; ``http`` leads to ``https://openapi.baidu.com`` or to a simulator.

    ``app_token`` gives the app's token, shared by all processes; ``token_failed`` is told which one Baidu refused.
    All calls raise what ``refusals`` says, and HostHttp's errors.
    """

    def __init__(self, http: HostHttp, app: BaiduApp, app_token: AppToken, token_failed: TokenFailed) -> None:
        self._http = http
        self._app = app
        self._app_token = app_token
        self._token_failed = token_failed

    async def session(self, code: str) -> tuple[str, str]:
        """Exchange the client's code for (openid, session key), by the call that the app is configured for."""
        if self._app.session_call == "getsessionkey":
            query = {"code": code, "grant_type": "authorization_code"}
            said = await self.get("sign-in", "/rest/2.0/smartapp/getsessionkey", query)
            given = wire.data(said, wire.Session)
            openid, session_key = (given.open_id, given.session_key) if given else ("", "")
        else:
            openid, session_key = await self._old_session(code)
        if not (openid and session_key):
            raise wire.unreadable(200, 0)
        return openid, session_key

    async def _old_session(self, code: str) -> tuple[str, str]:
        form = {"code": code, "client_id": self._app.app_key, "sk": self._app.secret}
        http = self._http.at(self._app.session_origin, "Baidu")
        reply = await http.send("POST", "/oauth/jscode2sessionkey", urlencode(form).encode(), FORM)
        said = accepted("sign-in", wire.read(reply, wire.OldSession))
        return said.openid, said.session_key

    async def union_id(self, openid: str) -> str:
        """Return the user's id for all apps of one owner, nothing if there is none (``errno`` 1)."""
        path = "/rest/2.0/smartapp/getunionid"
        said = await self._answered("POST", path, {}, {"openid": openid})
        if said.errno == 1:
            return ""
        found = wire.data(accepted("union id", said), wire.Union)
        return found.unionid if found else ""

    async def post(self, call: Call, path: str, form: Mapping[str, str]) -> wire.Answer:
        """Send a form; return an answer that is no refusal."""
        return accepted(call, await self._answered("POST", path, {}, form))

    async def get(self, call: Call, path: str, query: Mapping[str, str]) -> wire.Answer:
        """Ask with a query; return an answer that is no refusal."""
        return accepted(call, await self.ask(path, query))

    async def ask(self, path: str, query: Mapping[str, str]) -> wire.Answer:
        """Ask with a query; return the answer, be it a refusal."""
        return await self._answered("GET", path, query, {})

    async def fetch(self, url: str) -> bytes:
        """GET a file that an answer names; nothing of ours goes with it. Raises HostUnavailableError."""
        return await self._http.fetch(url)

    async def _answered(self, method: str, path: str, query: Mapping[str, str], form: Mapping[str, str]) -> wire.Answer:
        """Send with an app token; once more with another if Baidu refuses the first and so has done nothing."""
        token = await self._app_token()
        said = wire.read(await self._with(token, method, path, query, form), wire.Answer)
        if said.code not in TOKEN_REFUSED:
            return said
        await self._token_failed(token)
        if (other := await self._app_token()) != token:
            said = wire.read(await self._with(other, method, path, query, form), wire.Answer)
        if said.code in TOKEN_REFUSED:
            raise HostUnavailableError(
                "Baidu refuses an app token that it has just given",
                fix="Try again in a moment. If it stays so, look for someone who makes new tokens for this app.",
            )
        return said

    async def _with(
        self, token: str, method: str, path: str, query: Mapping[str, str], form: Mapping[str, str]
    ) -> HostReply:
        target = f"{path}?{urlencode({'access_token': token, **query})}"
        body = urlencode(form).encode()
        return await self._http.send(method, target, body, FORM if method == "POST" else None)


def accepted(call: Call, said: wire.Said) -> wire.Said:
    """Return an answer that is no refusal."""
    if refused(said):
        raise refusal(call, said)
    return said
