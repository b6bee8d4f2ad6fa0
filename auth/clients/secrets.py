"""What clients may ask for, and how their secrets are kept."""

import hashlib

SCOPES = ("openid", "profile", "phone", "id_number", "offline_access")
"""The scopes that a client may be registered for that residents sign in to."""

PROGRAM_SCOPES = ("parking:operate", "parking:discount", "appointments:read")
"""The scopes of programs, which act for themselves (client credentials) and sign nobody in."""


def secret_digest(secret: str) -> bytes:
    """Return what is stored of a client's secret: it has 256 random bits, so a plain digest is right."""
    return hashlib.sha256(secret.encode()).digest()
