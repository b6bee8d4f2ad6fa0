"""What clients may ask for, and how their secrets are kept."""

import hashlib

SCOPES = ("openid", "profile", "phone", "id_number", "offline_access")
"""The scopes that a client may be registered for."""


def secret_digest(secret: str) -> bytes:
    """Return what is stored of a client's secret: it has 256 random bits, so a plain digest is right."""
    return hashlib.sha256(secret.encode()).digest()
