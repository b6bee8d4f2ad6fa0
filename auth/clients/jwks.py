"""Clients' public keys as JWK Sets (RFC 7517): which are of use here, and what must never be among them."""

from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

_KINDS: dict[str, type[ECKey | RSAKey]] = {"EC": ECKey, "RSA": RSAKey}
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_MOST_KEYS = 50
_LEAST_RSA_BITS = 2048  # NIST SP 800-131A
_BITS_A_CHARACTER = 6  # of base64


def signing_keys(jwks: object) -> dict[str, list[dict[str, Any]]]:
    """Return those keys of a set that a client may sign with. Raises ValueError, which says what is wrong.

    Keys for encryption and of unknown kinds are left out, as section 5 wants it. A set that gives away a private or a
    shared key is refused as a whole: whoever made it must learn of it.
    """
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not all(isinstance(each, dict) for each in keys):
        raise ValueError('it is no JWK Set: {"keys": [...]}')
    if len(keys) > _MOST_KEYS:
        raise ValueError(f"it has more than {_MOST_KEYS} keys")
    if any(_PRIVATE & each.keys() for each in keys):
        raise ValueError("it has a private or shared key, which everybody who has read it now knows")
    usable = [each for each in keys if each.get("kty") in _KINDS and each.get("use", "sig") == "sig"]
    if not usable:
        raise ValueError("it has no EC or RSA key to verify signatures with")
    for each in usable:
        _check(each)
    return {"keys": usable}


def _check(jwk: dict[str, Any]) -> None:
    name = f"its key {jwk.get('kid', 'without a kid')}"
    if jwk["kty"] == "RSA" and len(str(jwk.get("n", ""))) * _BITS_A_CHARACTER < _LEAST_RSA_BITS:
        raise ValueError(f"{name} has fewer than {_LEAST_RSA_BITS} bits")
    try:
        _KINDS[jwk["kty"]].import_key(jwk)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{name} cannot be read") from error
