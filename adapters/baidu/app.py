"""What the consoles of Baidu show for one mini-program, and the choices that nothing published settles."""

from collections.abc import Mapping
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from msgspec import Struct

from adapters.web_pages import PageAddress


class BaiduApp(Struct, frozen=True, kw_only=True):
    """One mini-program. ``app_key`` is its App Key, by which all calls and links know it (not the App ID).

    Not confirmed by anything that was read, so to be tried against the real host first: whether ``session_call`` may
    still be the older one, ``grant_type`` (the documents and an SDK differ by an "s"), ``phone_field`` of the opened
    phone number. ``link_prefix`` is what a link from outside begins with, ``{app_key}`` in it replaced; Baidu's
    documents that were read name none, so links are not offered without one.
    """

    app_key: str
    secret: str
    session_call: Literal["jscode2sessionkey", "getsessionkey"] = "jscode2sessionkey"
    session_origin: str = "https://spapi.baidu.com"  # of the older session call alone
    grant_type: Literal["client_credentials", "client_credential"] = "client_credentials"
    asks_union: bool = True
    phone_field: str = "mobile"
    link_prefix: str = ""

    def __repr__(self) -> str:
        return f"BaiduApp({self.app_key})"  # the secret is one


class BaiduWebsite(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The app of Baidu's account service (openauth.baidu.com), which signs residents in in browsers.

    Not confirmed: whether its ``unionid`` is the one that mini-programs of the same owner get.
    """

    app_key: str
    secret: str
    page: PageAddress = "https://openapi.baidu.com/oauth/2.0/authorize"
    asks_union: bool = True

    def __repr__(self) -> str:
        return f"BaiduWebsite({self.app_key})"  # the secret is one


class BaiduCashier(Struct, frozen=True, kw_only=True):
    """The payment service of a mini-program, from the cashier's console: its app key is another than the app's own.

    ``key`` is ours, ``platform_key`` Baidu's. ``biz_info`` is passed to the cashier as JSON text; what must be in it
    is not confirmed. ``audit_status`` answers whether a refund may go ahead that Baidu asks about: we skip that
    question for our own refunds, so it is asked about others' alone, also about one that Baidu begins because it has
    not understood an answer of ours. 2 refuses; only 1 (agree) stands in a published example.
    """

    app_key: str
    deal_id: str
    key: RSAPrivateKey
    platform_key: RSAPublicKey
    refund_notify_url: str = ""  # empty: wherever the console says
    biz_info: Mapping[str, object] = {}
    audit_status: int = 2

    def __repr__(self) -> str:
        return f"BaiduCashier({self.app_key}, {self.deal_id})"  # the key is a secret
