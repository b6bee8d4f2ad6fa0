"""Who is signed in where: one-time codes, session keys that are replaced at any sign-in, phone numbers."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from adapters.envelope import encrypt
from adapters.sandbox.wechat.apps import Refusal, SimulatedApp, json_content
from adapters.sandbox.wechat.quotas import Quotas
from adapters.sandbox.world import World
from adapters.wechat.signing import session_signature

_CODE_LIFE = timedelta(minutes=5)
_KEY_BYTES = 16
_CODE_INVALID = Refusal(40029, "invalid code")


class _Code(Struct, frozen=True):
    app_id: str
    resident: str
    given_at: datetime


class People:
    """The residents as WeChat knows them."""

    def __init__(self, world: World, quotas: Quotas) -> None:
        self._world = world
        self._quotas = quotas
        self._codes: dict[str, _Code] = {}
        self._phone_codes: dict[str, _Code] = {}
        self._sessions: dict[tuple[str, str], bytes] = {}
        self.blocked: set[str] = set()  # residents whom WeChat holds for a high risk

    def openid(self, app_id: str, resident: str) -> str:
        return self._world.subject("wechat", app_id, self._world.residents[resident].key)

    def resident(self, app_id: str, openid: object) -> str:
        """Return whose openid it is. Raises Refusal."""
        for key in self._world.residents:
            if self.openid(app_id, key) == openid:
                return key
        raise Refusal(40003, "invalid openid")

    def login(self, app_id: str, resident: str) -> str:
        """Do what ``wx.login`` does; the session key before is no longer worth anything."""
        self._sessions[app_id, self._world.residents[resident].key] = self._world.bytes(_KEY_BYTES)
        return self._give(self._codes, app_id, resident)

    def session(self, app: SimulatedApp, code: str) -> dict[str, Any]:
        """Answer jscode2session."""
        resident = self._take(self._codes, app.app_id, code).resident
        openid = self.openid(app.app_id, resident)
        self._quotas.take("sign_in", openid)
        if resident in self.blocked:
            raise Refusal(40226, "code blocked")
        return {
            "session_key": self._session_key(app.app_id, resident),
            "openid": openid,
            **self.union(app, resident),
        }

    def union(self, app: SimulatedApp, resident: str) -> dict[str, str]:
        """Return how all apps of the app's owner know a resident; nothing for an app without one."""
        return {"unionid": self._world.subject("wechat-owner", app.owner, resident)} if app.owner else {}

    def phone_proof(self, app_id: str, resident: str) -> dict[str, str]:
        """Do what the phone number button does: both its newer ``code`` and its older encrypted data."""
        iv = self._world.bytes(_KEY_BYTES)
        self._session_key(app_id, resident)
        clear = msgspec.json.encode(self._phone_info(app_id, resident))
        return {
            "errMsg": "getPhoneNumber:ok",
            "code": self._give(self._phone_codes, app_id, resident),
            "encryptedData": b64encode(encrypt(self._sessions[app_id, resident], iv, clear)).decode(),
            "iv": b64encode(iv).decode(),
        }

    def phone(self, app_id: str, body: bytes) -> dict[str, Any]:
        """Answer getuserphonenumber. A form instead of JSON is an invalid code too."""
        try:
            content = json_content(body)
        except Refusal:
            raise _CODE_INVALID from None
        taken = self._take(self._phone_codes, app_id, content.get("code"))
        if content.get("openid", self.openid(app_id, taken.resident)) != self.openid(app_id, taken.resident):
            raise _CODE_INVALID
        return {"errcode": 0, "errmsg": "ok", "phone_info": self._phone_info(app_id, taken.resident)}

    def check_session(self, app_id: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Answer checksession; both readings of its signature's key are taken, as the right one is not known."""
        if query.get("sig_method") != "hmac_sha256":
            raise Refusal(87008, "invalid sig_method")
        resident = self.resident(app_id, query.get("openid"))
        key = self._session_key(app_id, resident)
        if query.get("signature") not in {session_signature(key), session_signature(key, decoded=True)}:
            raise Refusal(87009, "invalid signature")
        return {"errcode": 0, "errmsg": "ok"}

    def reset_session(self, app_id: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Answer resetusersessionkey."""
        self._quotas.take("session_reset", app_id)
        self.check_session(app_id, query)
        resident = self.resident(app_id, query.get("openid"))
        self._sessions[app_id, resident] = self._world.bytes(_KEY_BYTES)
        return {"openid": query["openid"], "session_key": self._session_key(app_id, resident)}

    def _phone_info(self, app_id: str, resident: str) -> dict[str, Any]:
        number = self._world.residents[resident].phone.removeprefix("+86")
        return {
            "phoneNumber": number,
            "purePhoneNumber": number,
            "countryCode": 86,  # documented as a string, seen as a number
            "watermark": {"timestamp": int(self._world.clock.now().timestamp()), "appid": app_id},
        }

    def _session_key(self, app_id: str, resident: str) -> str:
        whose = (app_id, self._world.residents[resident].key)
        if whose not in self._sessions:
            self._sessions[whose] = self._world.bytes(_KEY_BYTES)
        return b64encode(self._sessions[whose]).decode()

    def _give(self, codes: dict[str, _Code], app_id: str, resident: str) -> str:
        code = self._world.token()
        codes[code] = _Code(app_id, self._world.residents[resident].key, self._world.clock.now())
        return code

    def _take(self, codes: dict[str, _Code], app_id: str, code: object) -> _Code:
        """Use a code up. Raises Refusal if it is unknown, used, expired or another app's."""
        taken = codes.pop(code, None) if isinstance(code, str) else None
        if taken is None or taken.app_id != app_id or self._world.clock.now() - taken.given_at > _CODE_LIFE:
            raise _CODE_INVALID
        return taken
