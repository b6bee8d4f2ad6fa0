"""Who uses the simulated Alipay: one-time codes, tokens, the two kinds of user numbers, and phone numbers."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from adapters import rsa
from adapters.alipay.signing import encrypt_content
from adapters.sandbox.alipay.console import Console, SimulatedApp
from adapters.sandbox.alipay.protocol import Call, Refusal, written
from adapters.sandbox.alipay.subcodes import PHONE_REFUSED, USER_BLOCKED
from adapters.sandbox.world import World

_CODE_LIFE = timedelta(minutes=3)  # the shortest that Alipay states
_TOKEN_SECONDS = 1_296_000
_REFRESH_SECONDS = 2_592_000


class _Code(Struct, frozen=True):
    app_id: str
    resident: str
    expires_at: datetime


class People:
    """The residents as Alipay knows them; ``blocked`` may not sign in, ``without_phone`` have not bound one."""

    def __init__(self, world: World, console: Console) -> None:
        self._world = world
        self._console = console
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, tuple[str, str]] = {}
        self.blocked: set[str] = set()
        self.without_phone: set[str] = set()

    def open_id(self, app_id: str, resident: str) -> str:
        """Return how one app knows a resident."""
        return self._world.subject("alipay", app_id, resident)

    def user_id(self, resident: str) -> str:
        """Return how all of Alipay knows a resident: 2088 and twelve digits."""
        digest = hashlib.sha256(self._world.subject("alipay", "", resident).encode()).digest()
        return f"2088{int.from_bytes(digest[:8]) % 10**12:012}"

    def subject(self, app: SimulatedApp, resident: str) -> str:
        """Return what an app's trades and messages name a resident by."""
        return self.user_id(resident) if app.knows == "user_id" else self.open_id(app.app_id, resident)

    def find(self, app_id: str, subject: str) -> str | None:
        """Return whose number it is within an app."""
        for resident in self._world.residents:
            if subject in (self.user_id(resident), self.open_id(app_id, resident)):
                return resident
        return None

    def names(self, app: SimulatedApp, resident: str) -> dict[str, str | None]:
        """Return what an app is told of who someone is; what it is not told is null."""
        open_id = self.open_id(app.app_id, resident) if app.knows != "user_id" else None
        user_id = self.user_id(resident) if app.knows != "open_id" else None
        return {"open_id": open_id, "user_id": user_id}

    def login(self, app_id: str, resident: str) -> str:
        """Do what ``my.getAuthCode`` does."""
        self._world.residents[resident]
        code = self._world.token(32)
        self._codes[code] = _Code(app_id, resident, self._world.clock.now() + _CODE_LIFE)
        return code

    def token(self, call: Call) -> Mapping[str, object]:
        """Answer ``alipay.system.oauth.token``: top-level parameters, no content, no code on success."""
        if call.parameters.get("grant_type") != "authorization_code":
            raise Refusal("40002", "isv.grant-type-invalid", signed=False)
        code = self._codes.pop(call.parameters.get("code", ""), None)
        if code is None or code.app_id != call.app.app_id or code.expires_at <= self._world.clock.now():
            raise Refusal("40002", "isv.code-invalid", signed=False)
        if code.resident in self.blocked:
            raise Refusal("40003", USER_BLOCKED)
        token = f"authusrB{self._world.token(32)}"
        self._tokens[token] = (call.app.app_id, code.resident)
        return {
            "access_token": token,
            "expires_in": _TOKEN_SECONDS,
            "refresh_token": f"authusrB{self._world.token(32)}",
            "re_expires_in": _REFRESH_SECONDS,
            **self.names(call.app, code.resident),
        }

    def of_token(self, call: Call) -> str:
        """Return whose ``auth_token`` a call carries."""
        app_id, resident = self._tokens.get(call.parameters.get("auth_token", ""), ("", ""))
        if app_id != call.app.app_id:
            raise Refusal("20001", "aop.invalid-auth-token")
        return resident

    def phone_proof(self, app_id: str, resident: str) -> Mapping[str, str]:
        """Do what ``my.getPhoneNumber`` does; ``response`` is the text to send to the server, whole."""
        app, person = self._console.apps[app_id], self._world.residents[resident]
        content: dict[str, object] = {"code": "10000", "msg": "Success", "mobile": person.phone.removeprefix("+86")}
        if resident in self.without_phone:
            content = {
                "code": "40003",
                "msg": "Insufficient Conditions",
                "subCode": PHONE_REFUSED,
                "subMsg": "无手机号",
            }
        text = written(content)
        if app.phone == "plain":
            return {"response": written({"response": text, "sign": self._sign(app, text), "sign_type": "RSA2"})}
        sealed = encrypt_content(app.content_key or "A" * 22 + "==", text.encode())
        if app.phone == "unsigned":
            return {"response": written({"response": sealed})}
        sign = self._sign(app, f'"{sealed}"')
        kinds = {"sign_type": "RSA2", "encrypt_type": "AES", "charset": "UTF-8"}
        return {"response": written({"response": sealed, "sign": sign, **kinds})}

    def _sign(self, app: SimulatedApp, text: str) -> str:
        return rsa.sign(self._console.signing_key(app)[0], text.encode())
