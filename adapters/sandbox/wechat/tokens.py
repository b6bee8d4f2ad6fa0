"""Access tokens as WeChat gives them out: ``stable_token`` and the older ``token``, two families apart."""

import re
from datetime import datetime, timedelta

from msgspec import Struct

from adapters.sandbox.wechat.apps import Refusal
from adapters.sandbox.wechat.quotas import Quotas
from adapters.sandbox.world import World

_LIFE = timedelta(seconds=7200)
_OVERLAP = timedelta(minutes=5)
_FORCED_APART = timedelta(seconds=30)
_LENGTH = 136
_FORM = re.compile(r"[A-Za-z0-9_-]{16,512}")


class _Issued(Struct):
    app_id: str
    token: str
    ends: datetime
    revoked: bool = False


class Tokens:
    """All tokens of all apps."""

    def __init__(self, world: World, quotas: Quotas) -> None:
        self._world = world
        self._quotas = quotas
        self._issued: dict[str, _Issued] = {}
        self._stable: dict[str, _Issued] = {}
        self._plain: dict[str, _Issued] = {}
        self._forced_at: dict[str, datetime] = {}

    def stable(self, app_id: str, *, force: bool) -> tuple[str, int]:
        """Return the token and the seconds it has left; the same one until its last five minutes."""
        self._quotas.take("token", app_id)
        self._quotas.take("tokens_of_day", app_id)
        now = self._world.clock.now()
        current = self._stable.get(app_id)
        if force and now - self._forced_at.get(app_id, now - _FORCED_APART) >= _FORCED_APART:
            self._quotas.take("forced", app_id)
            self._forced_at[app_id] = now
            if current is not None:
                current.revoked = True
            current = None
        if current is None or current.ends - now <= _OVERLAP:
            if current is not None:
                current.ends = now + _OVERLAP
            current = self._stable[app_id] = self._issue(app_id)
        return current.token, int((current.ends - now).total_seconds())

    def plain(self, app_id: str) -> tuple[str, int]:
        """Return a new token; the one before lives five minutes more."""
        now = self._world.clock.now()
        if (last := self._plain.get(app_id)) is not None:
            last.ends = min(last.ends, now + _OVERLAP)
        issued = self._plain[app_id] = self._issue(app_id)
        return issued.token, int(_LIFE.total_seconds())

    def app_of(self, token: str) -> str:
        """Return whose token it is. Raises Refusal."""
        if not token:
            raise Refusal(41001, "access_token missing")
        if not _FORM.fullmatch(token):
            raise Refusal(40014, "invalid access_token")
        issued = self._issued.get(token)
        if issued is None or issued.revoked:
            raise Refusal(40001, "invalid credential, access_token is invalid or not latest")
        if self._world.clock.now() >= issued.ends:
            raise Refusal(42001, "access_token expired")
        return issued.app_id

    def _issue(self, app_id: str) -> _Issued:
        issued = _Issued(app_id, self._world.token(_LENGTH), self._world.clock.now() + _LIFE)
        self._issued[issued.token] = issued
        return issued
