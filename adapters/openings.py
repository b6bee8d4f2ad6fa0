"""How a program of a host app opens another mini-program there: the function that it calls at a tap. Pure.

Names and arguments are those of the hosts' own client documentation. The least versions of a function are not theirs to
say here: a service says which version of the host it needs.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from adapters.channel import Provider


class Opening(NamedTuple):
    """A function of the host's client and its one argument, an object."""

    api: str
    arguments: Mapping[str, str]


def opening(host: Provider, app_id: str, page: str) -> Opening | None:
    """Return how a page of a mini-program is opened within a host; None: it has no mini-programs."""
    made = _OPENINGS.get(host)
    return made(app_id, page) if made else None


def _wechat(app_id: str, page: str) -> Opening:
    arguments = {"appId": app_id, "path": page, "envVersion": "release"}
    return Opening("wx.navigateToMiniProgram", arguments)


def _alipay(app_id: str, page: str) -> Opening:
    return Opening("my.navigateToMiniProgram", {"appId": app_id, "path": page, "envVersion": "release"})


def _baidu(app_id: str, page: str) -> Opening:
    return Opening("swan.navigateToSmartProgram", {"appKey": app_id, "path": page})


_OPENINGS: Mapping[Provider, Callable[[str, str], Opening]] = {"wechat": _wechat, "alipay": _alipay, "baidu": _baidu}
