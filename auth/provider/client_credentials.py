"""Client credentials (RFC 6749 section 4.4): a program of a department's or operator's own acts for itself.

Such a client signs nobody in and has no redirect URI; its tokens are for one API of the platform's and live as long as
all access tokens. What it may do there is the API's to look up: a suspended client is refused at once.
"""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin

from auth.clients.secrets import PROGRAM_SCOPES
from auth.provider.base import Server
from auth.provider.requests import ProviderRequest
from auth.sessions.access_tokens import AUDIENCES, ProgramToken, sign
from kernel.ids import random_id


class ProgramGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]  # Authlib has no types
    """Authlib's own grant makes tokens by a generator that the server does not have."""

    GRANT_TYPE = "client_credentials"
    server: Server
    request: ProviderRequest

    def validate_token_request(self) -> None:
        self.request.client = client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is no program that acts for itself.")
        if not {*(self.request.payload.scope or "").split()} <= {*client.row.scopes}:
            raise InvalidScopeError("The scope is more than the client is registered for.")
        if len({*map(_audience, self._scopes())}) != 1:
            raise InvalidScopeError("The scopes are of several APIs: ask for those of one, for a token is for one.")

    def create_token_response(self) -> tuple[int, Any, Any]:
        environment, client = self.server.environment, self.client.row
        scopes = self._scopes()
        now, lifetime = environment.clock.now(), environment.settings.access_token_seconds
        token = ProgramToken(
            iss=environment.issuer,
            sub=client.client_id,
            aud=_audience(scopes[0]),
            exp=int(now.timestamp()) + lifetime,
            iat=int(now.timestamp()),
            jti=random_id(),
            client_id=client.client_id,
            scope=" ".join(scopes),
        )
        text = sign(token, environment.ring(), now)
        body = {"access_token": text, "token_type": "Bearer", "expires_in": lifetime, "scope": token.scope}
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _scopes(self) -> list[str]:
        """Return what the token will have: what is asked for, or all that the client is registered for."""
        asked = (self.request.payload.scope or "").split() or self.request.client.row.scopes
        return [name for name in PROGRAM_SCOPES if name in asked]


def _audience(scope: str) -> str:
    return AUDIENCES[scope.partition(":")[0]]
