"""Baidu: user data under the session key, and the cashier's signatures (SHA-1, as its protocol fixes). Pure."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from adapters import rsa
from adapters.envelope import unseal
from adapters.errors import SessionStaleError, SignatureRefusedError

_ORDER_FIELDS = ("appKey", "dealId", "totalAmount", "tpOrderId")  # signFieldsRange 1


def signing_string(parameters: Mapping[str, str]) -> str:
    """Return what is signed: every parameter but ``rsaSign``, sorted; empty values stay (Alipay drops them)."""
    return "&".join(f"{name}={value}" for name, value in sorted(parameters.items()) if name != "rsaSign")


def sign_order(key: RSAPrivateKey, order: Mapping[str, str]) -> str:
    """Return an order's ``rsaSign`` for ``swan.requestPolymerPayment``."""
    return rsa.sign(key, signing_string({name: order[name] for name in _ORDER_FIELDS}).encode(), "sha1")


def verify_notice(key: RSAPublicKey, form: Mapping[str, str]) -> None:
    """Check a notice of the cashier; ``form`` is its body's, without the URL's query. Raises SignatureRefusedError."""
    if not rsa.is_signed(key, signing_string(form).encode(), form.get("rsaSign", ""), "sha1"):
        raise SignatureRefusedError(
            "The notice is not signed by Baidu", fix="Compare the platform's public key with the cashier's console."
        )


def open_user_data(data: str, iv: str, session_key: str, app_key: str) -> dict[str, Any]:
    """Decrypt what the client was given (AES-192-CBC, envelope) and check whose it is. Raises SessionStaleError."""
    try:
        key, start, sealed = (b64decode(text, validate=True) for text in (session_key, iv, data))
        return msgspec.json.decode(unseal(key, start, sealed, app_key), type=dict[str, Any])
    except (ValueError, msgspec.DecodeError) as error:
        raise SessionStaleError(
            "The data cannot be opened with the session's key", fix="Call swan.login again and send its new code."
        ) from error
