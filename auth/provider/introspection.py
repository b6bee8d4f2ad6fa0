"""Introspection (RFC 7662): a client asks what a token that it was shown is worth. It learns of tokens for itself."""

from typing import Any
from uuid import UUID

import msgspec
from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from auth.errors import TokenRefusedError
from auth.provider.base import Server
from auth.provider.client_view import ClientView
from auth.provider.requests import ProviderRequest
from auth.provider.waiting import wait
from auth.sessions.access_tokens import AccessToken, verify
from auth.sessions.families import standing
from auth.sessions.refresh import find_good
from auth.sessions.tables import TokenFamily


class Known:
    """A token that was found, with its family."""

    def __init__(self, family: TokenFamily | None, token: AccessToken | None) -> None:
        self.family = family
        self.token = token

    def check_client(self, client: ClientView) -> bool:
        return self.family is not None and self.family.client_id == client.client_id

    def is_expired(self) -> bool:
        return False  # an expired one is not found

    def is_revoked(self) -> bool:
        return self.family is None or self.family.revoked_at is not None


def look_up(server: Server, text: str, *audiences: str) -> Known | None:
    """Find an access token for one of the audiences, or a refresh token."""
    environment = server.environment
    for audience in audiences:
        try:
            token = verify(text, environment.ring(), environment.issuer, audience, environment.clock.now())
        except TokenRefusedError:
            continue
        return Known(wait(standing(server.session, environment.clock, UUID(token.fid))), token)
    family = wait(find_good(server.session, environment.clock, text))
    return Known(family, None) if family is not None else None


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib has no types
    """``/oauth/introspect``."""

    server: Server

    def authenticate_token(self, request: ProviderRequest, client: ClientView) -> Known | None:
        if "token" not in request.form:
            raise InvalidRequestError("The token is missing.")
        known = look_up(self.server, request.form["token"], client.client_id, self.server.environment.issuer)
        if known is None or not self.check_permission(known, client, request):
            return None
        return known

    def check_permission(self, token: Known, client: ClientView, request: ProviderRequest) -> bool:  # noqa: ARG002 - Authlib's interface
        """Only whom a token was given to, or is for."""
        return token.check_client(client) or (token.token is not None and token.token.aud == client.client_id)

    def introspect_token(self, token: Known) -> dict[str, Any]:
        assert token.family is not None  # noqa: S101 - one without is revoked
        if token.token is None:
            return {"active": True, "client_id": token.family.client_id, "scope": token.family.scope}
        claims: dict[str, Any] = msgspec.to_builtins(token.token)
        return {"active": True, "token_type": "DPoP" if token.token.cnf else "Bearer"} | claims
