"""Users of the simulated Baidu: app tokens, one-time codes, sessions, and what a client is given for the server."""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from adapters.envelope import seal
from adapters.sandbox.baidu.behaviour import RegisteredApp
from adapters.sandbox.baidu.refusal import application, oauth
from adapters.sandbox.baidu.serving import HOST, Call
from adapters.sandbox.world import World

_CODE_LIVES = timedelta(minutes=10)
_TOKEN_LIVES = timedelta(days=30)


class _Code(Struct, frozen=True):
    app_key: str
    resident: str
    until: datetime


class Accounts:
    """The accounts at some mini-programs; lifetimes are of the world's clock."""

    def __init__(self, world: World, apps: Sequence[RegisteredApp]) -> None:
        self.apps = {app.app_key: app for app in apps}
        self._world = world
        self._tokens: dict[str, tuple[str, datetime]] = {}  # app key, until when
        self._codes: dict[str, _Code] = {}
        self._session_keys: dict[tuple[str, str], str] = {}  # by app key and resident; the newest alone
        self._owners = {app.app_key: app.owner for app in apps}

    def owner(self, token: str) -> str:
        """Return whose an app token is."""
        if token not in self._tokens:
            raise application(110, "Access token invalid or no longer valid")
        app_key, until = self._tokens[token]
        if self._world.clock.now() >= until:
            raise application(111, "Access token expired")
        return app_key

    def bind(self, app_key: str, owner: str) -> None:
        """Give an app to another owner: its users have a union id from now on, or another one."""
        self._owners[app_key] = owner

    def revoke_tokens(self) -> None:
        """Make every app token useless before its time."""
        self._tokens.clear()

    def code(self, app_key: str, resident: str) -> str:
        """Return a code for the client; KeyError for an app or a resident that is none."""
        app_key, resident = self.apps[app_key].app_key, self._world.residents[resident].key
        code = self._world.token(32)
        self._codes[code] = _Code(app_key, resident, self._world.clock.now() + _CODE_LIVES)
        return code

    def sealed(self, app_key: str, resident: str, content: Mapping[str, object]) -> dict[str, str]:
        """Return data for the server, closed with the user's newest session key."""
        session_key = self._session_keys.get((app_key, resident)) or self._new_session(app_key, resident)
        iv = self._world.bytes(16)
        data = seal(b64decode(session_key), iv, msgspec.json.encode(content), app_key, self._world.bytes(16))
        return {"encryptedData": b64encode(data).decode(), "iv": b64encode(iv).decode()}

    def openid(self, app_key: str, resident: str) -> str:
        return self._world.subject(HOST, app_key, resident)

    def resident(self, app_key: str, openid: str) -> str | None:
        """Return who has an openid at an app."""
        return next((each for each in self._world.residents if self.openid(app_key, each) == openid), None)

    def token(self, call: Call) -> dict[str, Any]:
        """``/oauth/2.0/token``."""
        if call.get("grant_type") not in {"client_credentials", "client_credential"}:
            raise oauth("unsupported_grant_type", "The authorization grant type is not supported")
        app = self._checked(call.get("client_id"), call.get("client_secret"))
        if call.get("scope") != "smartapp_snsapi_base":
            raise oauth("invalid_scope", "The requested scope is invalid")
        token = f"24.{self._world.token(32)}"
        self._tokens[token] = app.app_key, self._world.clock.now() + _TOKEN_LIVES
        dead = {"refresh_token": "", "session_key": "", "session_secret": ""}
        return {"access_token": token, "expires_in": int(_TOKEN_LIVES.total_seconds()), "scope": "x", **dead}

    def old_session(self, call: Call) -> dict[str, Any]:
        """``/oauth/jscode2sessionkey``."""
        app = self._checked(call.get("client_id"), call.get("sk"))
        given = self._used(call.get("code"), app.app_key)
        if given is None:
            raise oauth("invalid_grant", "The code is invalid, expired or used")
        return {"openid": given[0], "session_key": given[1]}

    def session(self, call: Call) -> object:
        """``getsessionkey``: the same, but for one letter of one name."""
        given = self._used(call.get("code"), call.app_key)
        if given is None or call.get("grant_type") != "authorization_code":
            raise application(10002, "invalid code")
        return {"open_id": given[0], "session_key": given[1]}

    def union_id(self, call: Call) -> object:
        """``getunionid``."""
        resident = self.resident(call.app_key, call.get("openid"))
        owner = self._owners[call.app_key]
        if resident is None or not owner:
            raise application(1, "no unionid")
        return {"unionid": self.union(owner, resident)}

    def union(self, owner: str, resident: str) -> str:
        """Return how all apps of an owner know a resident."""
        return self._world.subject(HOST, f"owner {owner}", resident)

    def _checked(self, app_key: str, secret: str) -> RegisteredApp:
        app = self.apps.get(app_key)
        if app is None or app.secret != secret:
            raise oauth("invalid_client", "unknown client id or secret")
        return app

    def _used(self, code: str, app_key: str) -> tuple[str, str] | None:
        """Use a code up, whoever sends it; return (openid, a new session key) if it is good."""
        known = self._codes.pop(code, None)
        if known is None or known.app_key != app_key or self._world.clock.now() >= known.until:
            return None
        return self.openid(app_key, known.resident), self._new_session(app_key, known.resident)

    def _new_session(self, app_key: str, resident: str) -> str:
        key = b64encode(self._world.bytes(24)).decode()
        self._session_keys[app_key, resident] = key
        return key
