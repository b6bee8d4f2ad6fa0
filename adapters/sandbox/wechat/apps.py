"""The mini-programs that a simulated WeChat knows, and how it refuses."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct


class Template(Struct, frozen=True):
    """A message template: its title, and what residents read beside each keyword."""

    title: str
    keywords: Mapping[str, str]


class PushTarget(Struct, frozen=True):
    """The message push settings of the console; ``key`` is an EncodingAESKey, ``secure`` the mode."""

    url: str
    token: str
    key: str = ""
    secure: bool = True


class SimulatedApp(Struct, frozen=True, kw_only=True):
    """One mini-program. ``owner`` is its Open Platform account: without one its users have no unionid."""

    app_id: str
    name: str
    secret: str
    owner: str = ""
    pages: frozenset[str] = frozenset()  # the released ones
    templates: Mapping[str, Template] = {}
    push: PushTarget | None = None


class SimulatedWebsite(SimulatedApp, frozen=True, kw_only=True):
    """One website app of the Open Platform; browsers are sent back to its ``domains`` alone."""

    domains: frozenset[str]


class Refusal(Exception):  # noqa: N818 - it is an answer of this host, not an error of ours
    """Answered as ``errcode`` and ``errmsg`` with status 200."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


def json_content(body: bytes) -> dict[str, Any]:
    """Decode a body as this host does: only JSON counts, whatever its type says."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        raise Refusal(47001, "data format error") from None


def proved(apps: Mapping[str, SimulatedApp], given: Mapping[str, Any], grant: str) -> SimulatedApp:
    """Return the app of ``apps`` whose id and secret are given for a grant. Raises Refusal."""
    if not given.get("appid"):
        raise Refusal(41002, "appid missing")
    app = apps.get(given["appid"])
    if app is None:
        raise Refusal(40013, "invalid appid")
    if given.get("secret") != app.secret:
        raise Refusal(40125, "invalid appsecret")
    if given.get("grant_type") != grant:
        raise Refusal(40002, "invalid grant_type")
    return app
