"""The platform's name as an issuer of tokens (OpenID Connect Core section 2, ``iss``)."""

from kernel.settings import Settings


def issuer(settings: Settings) -> str:
    """Return the issuer's URL, with no slash at its end."""
    return settings.issuer or f"http://{settings.gateway_host}:{settings.gateway_port}"
