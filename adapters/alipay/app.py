"""What a deployment says of one Alipay app: its numbers, its keys, and the few facts that only a real console shows."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from msgspec import Struct

from adapters.errors import HostKeyError
from adapters.web_pages import PageAddress

MessageRefusal = Literal["no_credit", "value", "template", "page", "receiver"]

TIME_FORM = "%Y-%m-%d %H:%M:%S"  # without a zone: China's is meant (kernel.clock.CHINA)

_KEY_BYTES = 16  # AES-128


class AlipayApp(Struct, frozen=True, kw_only=True):
    """One app. The last four are unverified: compare them with the console before use.

    ``seller_id`` is the merchant's 2088 number; without it no trade notice is believed. ``content_key`` is the base64
    AES key of the console, needed for encrypted phone numbers, and for everything if ``encrypts``.
    ``blocked_sub_codes`` and ``message_refusals`` say which of Alipay's sub-codes mean a blocked user and which a
    refused message: no table of them is published. ``https_bridge`` wraps deep links for browsers that open https only.
    """

    app_id: str
    key: RSAPrivateKey
    seller_id: str = ""
    content_key: str = ""
    encrypts: bool = False
    product_code: str = "JSAPI_PAY"
    https_bridge: bool = False
    blocked_sub_codes: frozenset[str] = frozenset()
    message_refusals: Mapping[str, MessageRefusal] = {}

    def __post_init__(self) -> None:
        """Raise HostKeyError for a content key that is none, or is missing where everything is to be encrypted."""
        try:
            key = b64decode(self.content_key, validate=True)
        except ValueError:
            key = b"?"
        if len(key) != _KEY_BYTES and (key or self.encrypts):
            raise HostKeyError(
                f"The content key of {self.app_id} is not 16 bytes in base64",
                fix="Copy it from the console's settings of interface content encryption.",
            )

    def __repr__(self) -> str:
        return f"AlipayApp({self.app_id})"  # the keys are secrets


class AlipayWebsite(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How residents sign in in browsers, by the same app. ``auth_user`` has Alipay ask them first, ``auth_base`` not.

    Unverified: whether Alipay's page takes a mini-program's app id.
    """

    page: PageAddress = "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm"
    scope: Literal["auth_base", "auth_user"] = "auth_base"
