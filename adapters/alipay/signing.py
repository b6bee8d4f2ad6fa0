"""Alipay's gateway protocol (v2): signing requests, verifying replies and notices, opening encrypted content. Pure.

A reply is signed over the very characters of its ``…_response`` value, so it is cut out of the raw text and never
written anew; ``adapters.alipay.reply`` does the cutting.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from adapters import rsa
from adapters.envelope import decrypt, encrypt
from adapters.errors import SignatureRefusedError

_ZERO_IV = bytes(16)


def signing_string(parameters: Mapping[str, str], *without: str) -> str:
    """Return what is signed: parameters but ``without`` and the empty ones, sorted, raw (not percent-encoded)."""
    kept = sorted((name, value) for name, value in parameters.items() if value and name not in without)
    return "&".join(f"{name}={value}" for name, value in kept)


def sign_request(key: RSAPrivateKey, parameters: Mapping[str, str]) -> str:
    """Return a request's ``sign`` (RSA2); wherever the parameters travel, all take part, ``sign_type`` too."""
    return rsa.sign(key, signing_string(parameters, "sign").encode())


def verify_notice(key: RSAPublicKey, parameters: Mapping[str, str]) -> None:
    """Check an asynchronous notice, form-decoded once. Raises SignatureRefusedError.

    Trade notices are signed without ``sign_type``; the platform's messages, which carry ``method``, with it. The
    digest is ours to say: a notice that names another is not believed.
    """
    without = ("sign",) if "method" in parameters else ("sign", "sign_type")
    text = signing_string(parameters, *without).encode()
    if not rsa.is_signed(key, text, parameters.get("sign", "")):
        raise SignatureRefusedError(
            "The notice is not signed by Alipay",
            fix="Compare Alipay's public key (not the app's own) with the console.",
        )


def verify_text(key: RSAPublicKey, text: str, signature: str) -> None:
    """Check a reply's signed text. Raises SignatureRefusedError."""
    if not rsa.is_signed(key, text.encode(), signature):
        raise SignatureRefusedError(
            "The reply is not signed by Alipay", fix="Compare Alipay's public key (not the app's own) with the console."
        )


def encrypt_content(key: str, clear: bytes) -> str:
    """Return ``biz_content`` for ``encrypt_type=AES``: AES-128-CBC from an IV of zeros, base64."""
    return b64encode(encrypt(b64decode(key), _ZERO_IV, clear)).decode()


def open_content(key: str, content: str) -> bytes:
    """Decrypt what Alipay encrypted with the app's AES key. Raises SignatureRefusedError."""
    try:
        return decrypt(b64decode(key), _ZERO_IV, b64decode(content, validate=True))
    except ValueError as error:
        raise SignatureRefusedError(
            "Alipay's content cannot be opened", fix="Compare the console's content key with ours."
        ) from error


def open_phone_number(key: RSAPublicKey, aes_key: str, content: str, signature: str) -> bytes:
    """Return the JSON of ``my.getPhoneNumber``: signed is the ciphertext between double quotes, then it is opened."""
    verify_text(key, f'"{content}"', signature)
    return open_content(aes_key, content)
