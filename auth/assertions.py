"""What a department is told of who asks: a signed assertion with every call for an operation that is not public.

A JWT (ES256, our JWKS verifies it) for one service's ears and less than a minute: who, by the name that this
department alone knows, or a company by its public code; how surely; through which channel; for whom they act; to what
purpose. Never a host app's id, a phone or an ID number. docs/assertions.md tells departments how to verify it.
"""

from datetime import datetime

import msgspec
from joserfc import jwt
from msgspec import Struct

from auth.keys.key_ring import KeyRing

HEADER = "yiwang-identity"
TYPE = "yiwang-identity+jwt"
LIFE_SECONDS = 60


class Assertion(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The claims. ``aud`` is ``service:<name>``; times are seconds since 1970."""

    iss: str
    aud: str
    sub: str
    iat: int
    exp: int
    acr: str
    auth_time: int
    channel: str
    purpose: str = ""
    act: dict[str, str] | None = None  # {"sub": …}: who acts for ``sub`` (RFC 8693 section 4.1)


def audience(service: str) -> str:
    """Return the audience that a service must find in ``aud``."""
    return f"service:{service}"


def sign(assertion: Assertion, ring: KeyRing, now: datetime) -> str:
    """Return the header's value."""
    key = ring.signer("ES256", now)
    header = {"alg": "ES256", "typ": TYPE, "kid": key.kid}
    return jwt.encode(header, msgspec.to_builtins(assertion), key.key, algorithms=["ES256"], default_type=None)
