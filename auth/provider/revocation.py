"""Revocation (RFC 7009): a client gives a token back. Its family ends with it, for all came from one sign-in."""

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint

from auth.provider.base import Server
from auth.provider.client_view import ClientView
from auth.provider.introspection import Known, look_up
from auth.provider.requests import ProviderRequest
from auth.provider.waiting import wait
from auth.sessions.sessions import revoke_family


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    """``/oauth/revoke``."""

    server: Server

    def authenticate_token(self, request: ProviderRequest, client: ClientView) -> Known | None:
        """Find the token by itself: hints are not needed, and wrong ones mean nothing (section 2.2)."""
        if "token" not in request.form:
            raise InvalidRequestError("The token is missing.")
        known = look_up(self.server, request.form["token"], client.client_id, self.server.environment.issuer)
        return known if known is not None and known.check_client(client) else None

    def revoke_token(self, token: Known, request: ProviderRequest) -> None:  # noqa: ARG002 - Authlib's interface
        if token.family is not None:
            wait(revoke_family(self.server.session, self.server.environment.clock, token.family, "given back"))
