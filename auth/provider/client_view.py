"""A client as Authlib asks about it."""

import hmac

from authlib.oauth2.rfc6749 import ClientMixin

from auth.clients.secrets import PROGRAM_SCOPES, secret_digest
from auth.clients.tables import Client

GRANTS = {
    "authorization_code",
    "client_credentials",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:token-exchange",
}


class ClientView(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """Answers Authlib's questions from a client's row. A mini-program has no redirect URI, and so gets no code."""

    def __init__(self, row: Client) -> None:
        self.row = row

    @property
    def client_id(self) -> str:
        return self.row.client_id

    def get_client_id(self) -> str:
        return self.row.client_id

    def get_default_redirect_uri(self) -> str:
        return ""  # OpenID Connect Core 3.1.2.1: the request says it

    def get_allowed_scope(self, scope: str) -> str | None:
        """Return the scope as asked, None if any of it is not this client's."""
        asked = dict.fromkeys((scope or "").split())
        return " ".join(asked) if asked and set(asked) <= {"openid", *self.row.scopes} - {*PROGRAM_SCOPES} else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether a URI is registered, letter for letter (RFC 9700 section 4.1.3)."""
        return redirect_uri in self.row.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(self.row.secret_digest or b"", secret_digest(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 - Authlib's interface
        return method == self.row.auth_method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and bool(self.row.redirect_uris)

    def check_grant_type(self, grant_type: str) -> bool:
        """Programs have one way to a token, and nobody else has it."""
        program = not {*self.row.scopes}.isdisjoint(PROGRAM_SCOPES)
        return grant_type in GRANTS and program == (grant_type == "client_credentials")
