"""RSA signatures as the host apps make them: RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2), base64.

SHA-256 everywhere but in Baidu's cashier, which is fixed to SHA-1: a caller chooses by its own configuration, never by
what a message says of itself.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, TypeVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509 import Certificate, load_pem_x509_certificate

from adapters.errors import HostKeyError

Digest = Literal["sha256", "sha1"]
Found = TypeVar("Found")

_DIGESTS = {"sha256": hashes.SHA256(), "sha1": hashes.SHA1()}  # noqa: S303 - Baidu's protocol knows no other


def sign(key: RSAPrivateKey, text: bytes, digest: Digest = "sha256") -> str:
    """Return the signature of ``text`` as base64."""
    return b64encode(key.sign(text, padding.PKCS1v15(), _DIGESTS[digest])).decode()


def is_signed(key: RSAPublicKey, text: bytes, signature: str, digest: Digest = "sha256") -> bool:
    """Whether ``signature`` is base64 of the key's signature of ``text``; anything malformed is just not one."""
    try:
        key.verify(b64decode(signature, validate=True), text, padding.PKCS1v15(), _DIGESTS[digest])
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=64)  # a key is checked for 70 ms, and a city's apps share theirs
def private_key(pem: bytes, what: str) -> RSAPrivateKey:
    """Read an unencrypted PEM private key, PKCS#8 or PKCS#1. Raises HostKeyError; ``what`` names it there."""
    key = _read(what, lambda: serialization.load_pem_private_key(pem, password=None))
    if not isinstance(key, RSAPrivateKey):
        raise HostKeyError(f"{what} is not an RSA key", fix="The host app's console has or takes an RSA key of 2048.")
    return key


def public_key(data: bytes, what: str) -> RSAPublicKey:
    """Read a public key: PEM key, PEM certificate, or the bare base64 of a DER key that Alipay's console shows."""

    def load() -> object:
        if b"BEGIN CERTIFICATE" in data:
            return load_pem_x509_certificate(data).public_key()
        if b"BEGIN" in data:
            return serialization.load_pem_public_key(data)
        return serialization.load_der_public_key(b64decode(data, validate=True))

    key = _read(what, load)
    if not isinstance(key, RSAPublicKey):
        raise HostKeyError(f"{what} is not an RSA key", fix="Take the platform's own RSA public key.")
    return key


def certificate(pem: bytes, what: str) -> Certificate:
    """Read a PEM certificate. Raises HostKeyError."""
    return _read(what, lambda: load_pem_x509_certificate(pem))


def _read(what: str, load: Callable[[], Found]) -> Found:
    try:
        return load()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise HostKeyError(
            f"{what} cannot be read: {type(error).__name__}", fix="Give the PEM file as the host app's console gave it."
        ) from error
