"""What WeChat Pay's merchant console shows of one merchant, as the file of host apps has it."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import Certificate
from msgspec import Struct

from adapters.errors import HostConfigurationError
from adapters.wechat_pay.signing import Merchant

PRODUCTION = "https://api.mch.weixin.qq.com"

_NOTIFY_URL_CHARACTERS = 255  # from WeChat Pay's API documents
CALLBACK_FORM = f"An address is https, has no query and at most {_NOTIFY_URL_CHARACTERS} characters."

_API_V3_KEY_BYTES = 32  # AES-256
_SERIAL = re.compile(r"[0-9A-F]+")
_PUBLIC_KEY_ID = "PUB_KEY_ID_"
_LOOPBACK = {"127.0.0.1", "localhost"}  # where a sandbox may call without TLS; the real WeChat Pay reaches neither


class Account(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One merchant. Raises HostConfigurationError for what cannot be right.

    ``public_keys`` are WeChat Pay's by PUB_KEY_ID_…, none before the merchant's migration. Platform certificates are
    downloaded; ``certificates`` are believed until the first download has come. Refunds are told to
    ``refund_notify_url``, or if it is empty to wherever the console says.
    """

    merchant: Merchant
    api_v3_key: str
    public_keys: Mapping[str, RSAPublicKey] = {}
    certificates: tuple[Certificate, ...] = ()
    refund_notify_url: str = ""
    url: str = PRODUCTION

    def __post_init__(self) -> None:
        """Check what a console has a form for."""
        if not (self.merchant.mchid.isascii() and self.merchant.mchid.isdecimal()):
            raise _wrong(self, "its number is not one", "mchid has digits alone.")
        if not _SERIAL.fullmatch(self.merchant.serial):
            raise _wrong(
                self, "its certificate's serial is not one", "serial is that of the API certificate, 0-9 and A-F."
            )
        if len(self.api_v3_key.encode()) != _API_V3_KEY_BYTES:
            raise _wrong(self, "its APIv3 key is not one", f"api_v3_key has {_API_V3_KEY_BYTES} characters.")
        if not all(each.startswith(_PUBLIC_KEY_ID) for each in self.public_keys):
            raise _wrong(
                self,
                f"a public key's id does not begin with {_PUBLIC_KEY_ID}",
                "public_keys has WeChat Pay's own by the ids that the console shows; a certificate is no public key.",
            )
        if self.refund_notify_url and not is_callback_address(self.refund_notify_url):
            raise _wrong(self, "WeChat Pay cannot call its refund_notify_url", CALLBACK_FORM)

    def __repr__(self) -> str:
        return f"Account({self.merchant.mchid!r})"  # the APIv3 key is a secret


def is_callback_address(address: str) -> bool:
    """Whether WeChat Pay, or a sandbox on this machine, can call it."""
    url = urlsplit(address)
    reachable = url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)
    return reachable and not (url.query or url.fragment) and len(address) <= _NOTIFY_URL_CHARACTERS


def _wrong(account: Account, what: str, fix: str) -> HostConfigurationError:
    return HostConfigurationError(f"The WeChat Pay merchant {account.merchant.mchid!r}: {what}", fix=fix)
