"""Access tokens: JWTs after RFC 9068, signed with ES256, alive for five minutes at most.

They say who (``sub``, pairwise), by which client, in which session and how surely, and for whom (``aud``); never which
account. Revocation is the business of ``auth.sessions.ended``: every token names its session and family.
"""

from datetime import datetime
from typing import TypeVar

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, Key
from msgspec import Struct

from auth.errors import TokenRefusedError
from auth.keys.key_ring import KeyRing
from supergraph.slice import Level

GRAPH = "graph"
"""The audience of the platform's own graph."""

PARKING = "yiwang:parking"
"""The audience of parking operators' own API, which no client's id can be."""

APPOINTMENTS = "yiwang:appointments"
"""The audience of what departments' systems read of appointments."""

AUDIENCES = {"parking": PARKING, "appointments": APPOINTMENTS}
"""By the first word of a program's scopes."""

_TYPE = "at+jwt"
_FIX = "Sign in again, refresh the session, or ask for a new token."


class AccessToken(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The claims. Times are seconds since 1970, as in every JWT."""

    iss: str
    sub: str
    aud: str
    exp: int
    iat: int
    auth_time: int
    jti: str
    client_id: str
    sid: str
    fid: str  # the token family
    acr: Level
    amr: tuple[str, ...]
    channel: str
    scope: str = ""
    first_party: bool = False  # given to the platform's own app, in which the resident acts and no scope limits them
    cnf: dict[str, str] | None = None  # {"jkt": …} if the token is bound to a DPoP key (RFC 9449 section 6.1)
    act: dict[str, str] | None = None  # who acts for the subject (RFC 8693 section 4.1)


class ProgramToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The claims of a program that acts for itself: ``sub`` is its client (RFC 9068 section 2.2).

    No resident's token is taken for one, for that has more claims.
    """

    iss: str
    sub: str
    aud: str
    exp: int
    iat: int
    jti: str
    client_id: str
    scope: str


_T = TypeVar("_T", AccessToken, ProgramToken)


def sign(token: AccessToken | ProgramToken, ring: KeyRing, now: datetime) -> str:
    """Return the compact form."""
    key = ring.signer("ES256", now)
    header = {"alg": "ES256", "typ": _TYPE, "kid": key.kid}
    return jwt.encode(header, msgspec.to_builtins(token), key.key, algorithms=["ES256"])


def verify(text: str, ring: KeyRing, issuer: str, audience: str, now: datetime) -> AccessToken:
    """Check signature, type, issuer, audience and time. Raises TokenRefusedError, which never says the token."""
    return _checked(_read(text, ring, now, AccessToken), issuer, audience, now)


def verify_program(text: str, ring: KeyRing, issuer: str, audience: str, now: datetime) -> ProgramToken:
    """As ``verify``, of a program's token."""
    return _checked(_read(text, ring, now, ProgramToken), issuer, audience, now)


def _read(text: str, ring: KeyRing, now: datetime, type_: type[_T]) -> _T:
    def key(guest: GuestProtocol) -> Key:
        found = ring.verifier(str(guest.headers().get("kid", "")), now)
        if found is None or found.algorithm != "ES256":
            raise TokenRefusedError("The access token is signed by no key of ours", fix=_FIX)
        return found.key

    try:
        found = jwt.decode(text, key, algorithms=["ES256"])
        token = msgspec.convert(found.claims, type_)
    except (JoseError, ValueError, TypeError, msgspec.ValidationError) as error:
        raise TokenRefusedError("The access token is none of ours", fix=_FIX) from error
    if str(found.header.get("typ", "")).lower() != _TYPE:
        raise TokenRefusedError("The token is no access token of this platform", fix=_FIX)
    return token


def _checked(token: _T, issuer: str, audience: str, now: datetime) -> _T:
    if token.iss != issuer:
        raise TokenRefusedError("The token is no access token of this platform", fix=_FIX)
    if token.aud != audience:
        raise TokenRefusedError(
            "The access token is for somebody else", fix=f"Ask for one with the audience {audience}."
        )
    if not token.iat - 5 <= now.timestamp() < token.exp:
        raise TokenRefusedError("The access token has expired", fix=_FIX)
    return token
