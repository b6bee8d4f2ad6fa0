"""DPoP (RFC 9449): a token that is worth something only together with the client's key."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlsplit

import msgspec
from authlib.oauth2.rfc6749 import OAuth2Error
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from auth.provider.base import Server
from auth.provider.codes import Seen
from auth.provider.requests import ProviderRequest
from auth.provider.waiting import wait

ALGORITHMS = ("ES256", "PS256")
_SKEW_SECONDS = 60
_LEAST_RSA_BITS = 2048  # RFC 7518 section 3.5
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


class InvalidProofError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """A proof that is missing or does not prove anything (section 5)."""

    error = "invalid_dpop_proof"


def check_proof(server: Server, request: ProviderRequest, *, required: bool, token: str = "") -> str:
    """Return the thumbprint of the key that a request is proven with, empty if it has no proof and needs none.

    ``token`` is the access token that the proof must be made for. Raises InvalidProofError.
    """
    proof = request.headers.get("dpop")
    if not proof:
        if required:
            raise InvalidProofError("A DPoP proof is needed.")
        return ""
    if "," in proof:
        raise InvalidProofError("There is more than one DPoP proof.")
    key, claims = _read(proof)
    now = server.environment.clock.now().timestamp()
    iat = claims.get("iat")
    if claims.get("htm") != request.method or _bare(str(claims.get("htu", ""))) != _bare(request.url):
        raise InvalidProofError("The DPoP proof is for another request.")
    if not isinstance(iat, int | float) or abs(now - iat) > _SKEW_SECONDS:
        raise InvalidProofError("The DPoP proof is too old, or of the future.")
    if token and claims.get("ath") != _hash(token):
        raise InvalidProofError("The DPoP proof is for another access token.")
    thumbprint = key.thumbprint()
    jti = claims.get("jti")
    seen = Seen(server.environment.redis, "dpop_jti", 2 * _SKEW_SECONDS + 10)
    if not isinstance(jti, str) or not jti or not wait(seen.first(thumbprint, jti)):
        raise InvalidProofError("The DPoP proof was used before, or has no jti.")
    return thumbprint


def _read(proof: str) -> tuple[ECKey | RSAKey, dict[str, Any]]:
    """Verify a proof's signature by the key that it carries."""
    try:
        header = jws.extract_compact(proof.encode()).headers()
        jwk = header.get("jwk")
        if header.get("typ") != "dpop+jwt" or header.get("alg") not in ALGORITHMS or not isinstance(jwk, dict):
            raise InvalidProofError("The DPoP proof lacks its type, algorithm or key.")
        if _PRIVATE & jwk.keys():
            raise InvalidProofError("The DPoP proof gives away its private key.")
        kind = ECKey if header["alg"] == "ES256" else RSAKey
        key = kind.import_key(jwk)
        if isinstance(key, RSAKey) and key.public_key.key_size < _LEAST_RSA_BITS:
            raise InvalidProofError("The DPoP proof's key is too short.")
        found = jws.deserialize_compact(proof, key, algorithms=list(ALGORITHMS))
        return key, msgspec.json.decode(found.payload, type=dict[str, Any])
    except (JoseError, ValueError, TypeError, KeyError, UnicodeError) as error:
        raise InvalidProofError("The DPoP proof cannot be verified.") from error


def _bare(url: str) -> str:
    """Return a URL without query and fragment (section 4.3, check 9)."""
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{parts.path}"


def _hash(token: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode().rstrip("=")
