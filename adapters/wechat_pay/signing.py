"""WeChat Pay API v3: signing requests, verifying replies and callbacks, opening their resources. Pure.

What is signed is the very bytes on the wire: the path percent-encoded, the body serialised once.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from adapters import rsa
from adapters.errors import SignatureRefusedError

SCHEME = "WECHATPAY2-SHA256-RSA2048"
WINDOW_SECONDS = 300  # the official Go SDK refuses what is so much older or newer, before it looks at the signature


_TIMESTAMP_DIGITS = 12  # beyond the year 30,000


class UnknownSerialError(SignatureRefusedError):
    """A message is signed with a key of WeChat Pay's that we lack: fetch it once, then judge again."""

    code = "HOST_SIGNING_KEY_UNKNOWN"


class Merchant(Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs: the merchant, its API certificate's serial (upper case hexadecimal) and that certificate's key."""

    mchid: str
    serial: str
    key: RSAPrivateKey

    def __repr__(self) -> str:
        return f"Merchant({self.mchid!r}, {self.serial!r})"


class SignedRequest(Struct, frozen=True):
    """What of a request is signed: ``target`` and ``body`` as they are sent, ``timestamp`` in seconds."""

    method: str
    target: str
    timestamp: str
    nonce: str
    body: bytes = b""


class SignedHead(Struct, frozen=True):
    """The headers ``Wechatpay-*`` of a reply or callback."""

    timestamp: str
    nonce: str
    signature: str
    serial: str
    kind: str = SCHEME  # absent on some callbacks


class Resource(Struct, frozen=True):
    """The encrypted part of a callback or of a downloaded certificate."""

    ciphertext: str
    nonce: str
    associated_data: str | None = None
    algorithm: str = "AEAD_AES_256_GCM"


def request_message(request: SignedRequest) -> bytes:
    """Return the text that a request's signature covers: five lines; an empty body leaves its line break."""
    head = f"{request.method}\n{request.target}\n{request.timestamp}\n{request.nonce}\n"
    return head.encode() + request.body + b"\n"


def authorization(merchant: Merchant, request: SignedRequest) -> str:
    """Return the ``Authorization`` header's value."""
    signature = rsa.sign(merchant.key, request_message(request))
    return (
        f'{SCHEME} mchid="{merchant.mchid}",nonce_str="{request.nonce}",signature="{signature}",'
        f'timestamp="{request.timestamp}",serial_no="{merchant.serial}"'
    )


def reply_message(timestamp: str, nonce: str, body: bytes) -> bytes:
    """Return the text that the signature of a reply or callback covers."""
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def verify(head: SignedHead, body: bytes, keys: Mapping[str, RSAPublicKey], now_seconds: float) -> None:
    """Check a reply or callback: its time, then whose key, then the signature. Raises SignatureRefusedError.

    ``keys`` are WeChat Pay's, by ``Wechatpay-Serial``: certificates' serials and ``PUB_KEY_ID_…`` side by side, as
    callbacks change from one to the other over days. Signature probes (``WECHATPAY/SIGNTEST/…``) fail as any other.
    """
    if head.kind != SCHEME:
        raise SignatureRefusedError(f"The signature is of the kind {head.kind[:40]!r}", fix=f"We accept {SCHEME}.")
    if not is_seconds(head.timestamp):
        raise SignatureRefusedError("Wechatpay-Timestamp is no number of seconds", fix="WeChat Pay sends one.")
    if abs(now_seconds - int(head.timestamp)) >= WINDOW_SECONDS:
        raise SignatureRefusedError(
            f"The message is not of the last {WINDOW_SECONDS} s", fix="If this is no replay, compare the clocks."
        )
    key = keys.get(head.serial)
    if key is None:
        raise UnknownSerialError(
            f"WeChat Pay signs with {head.serial[:80]!r}, a key that we do not have",
            fix="Download its certificates, or add the public key that the console shows.",
        )
    if not rsa.is_signed(key, reply_message(head.timestamp, head.nonce, body), head.signature):
        raise SignatureRefusedError("The message is not signed by WeChat Pay", fix="A genuine one will be sent again.")


def is_seconds(text: str) -> bool:
    """Whether a header's time is a plain number of seconds, of a length that is no trouble to read."""
    return text.isascii() and text.isdecimal() and len(text) <= _TIMESTAMP_DIGITS


def pay_sign(key: RSAPrivateKey, app_id: str, timestamp: str, nonce: str, package: str) -> str:
    """Return ``paySign`` for ``wx.requestPayment`` with signType RSA; ``package`` is ``prepay_id=…``."""
    return rsa.sign(key, f"{app_id}\n{timestamp}\n{nonce}\n{package}\n".encode())


def open_resource(resource: Resource, api_v3_key: bytes) -> bytes:
    """Decrypt a resource (AES-GCM, the tag last). Raises SignatureRefusedError."""
    try:
        sealed = b64decode(resource.ciphertext, validate=True)
        associated = (resource.associated_data or "").encode()
        return AESGCM(api_v3_key).decrypt(resource.nonce.encode(), sealed, associated)
    except (InvalidTag, ValueError) as error:
        raise SignatureRefusedError(
            "The resource cannot be opened with the APIv3 key",
            fix="Compare the merchant console's APIv3 key with ours.",
        ) from error


def seal_resource(clear: bytes, api_v3_key: bytes, nonce: str, associated_data: str) -> Resource:
    """Encrypt as WeChat Pay does; ``nonce`` has 12 characters and is never used twice."""
    sealed = AESGCM(api_v3_key).encrypt(nonce.encode(), clear, associated_data.encode())
    return Resource(b64encode(sealed).decode(), nonce, associated_data)
