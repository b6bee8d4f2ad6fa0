"""One mini-program's configuration at WeChat."""

from typing import Literal

from msgspec import Struct

from adapters.web_pages import PageAddress


class WeChatApp(Struct, frozen=True, kw_only=True):
    """What the console shows for one mini-program.

    ``push_token`` and ``push_key`` (EncodingAESKey) are those of its message push, which has to be set to JSON and the
    secure mode. ``version`` is the one that codes, links and messages open. ``check_page`` has WeChat refuse codes for
    pages that are not released. ``decoded_session_key`` chooses between two readings of how checksession is signed;
    nothing published tells which is right, so try it against the real host first.
    """

    app_id: str
    secret: str
    push_token: str = ""
    push_key: str = ""
    version: Literal["release", "trial", "develop"] = "release"
    check_page: bool = True
    language: Literal["zh_CN", "zh_HK", "zh_TW", "en_US"] = "zh_CN"
    link_days: int = 30
    decoded_session_key: bool = False

    def __repr__(self) -> str:
        return f"WeChatApp({self.app_id})"  # the rest holds secrets


class WeChatWebsite(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The website app of the open platform, which signs residents in in browsers: an app beside the mini-program."""

    app_id: str
    secret: str
    page: PageAddress = "https://open.weixin.qq.com/connect/qrconnect"

    def __repr__(self) -> str:
        return f"WeChatWebsite({self.app_id})"  # the secret is one
