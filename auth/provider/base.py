"""Authlib's server over our tables, without what it serves: made for one request, inside one transaction."""

from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Error
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.secrets import SCOPES
from auth.clients.tables import Client
from auth.provider.client_view import ClientView
from auth.provider.environment import Answer, Environment
from auth.provider.requests import ProviderRequest
from auth.provider.waiting import wait


class Server(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """One request's server. Hooks wait for asyncio code, see ``auth.provider``."""

    def __init__(self, session: AsyncSession, environment: Environment) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.session = session
        self.environment = environment

    def query_client(self, client_id: str) -> ClientView | None:
        row = wait(self.session.get(Client, client_id)) if client_id.isprintable() else None
        return ClientView(row) if row is not None and row.status == "active" else None

    def validate_requested_scope(self, scope: str | None) -> None:
        """Each client has its own scopes (``ClientView``), and ``exchange:<audience>`` is nobody's to ask for."""

    def create_oauth2_request(self, request: ProviderRequest) -> ProviderRequest:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        return status, body, [*headers, ("Cache-Control", "no-store")]

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def failed(self, error: OAuth2Error) -> Answer:
        """Return the answer to a request that is refused."""
        return self.handle_response(*error(None))
