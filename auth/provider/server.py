"""The server with all that it serves: how clients authenticate, the grants, introspection and revocation."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.provider.base import Server
from auth.provider.client_assertion import PrivateKeyJwt
from auth.provider.client_view import ClientView
from auth.provider.environment import Environment
from auth.provider.grants import register_grants
from auth.provider.introspection import Introspection
from auth.provider.lockout import Lockout
from auth.provider.requests import ProviderRequest
from auth.provider.revocation import Revocation
from auth.provider.waiting import wait

METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")


class Provider(Server):
    """One request's whole server."""

    def __init__(self, session: AsyncSession, environment: Environment) -> None:
        super().__init__(session, environment)
        self._lockout = Lockout(environment.redis)
        self.register_client_auth_method("private_key_jwt", PrivateKeyJwt(self))
        self.register_endpoint(Introspection(self))
        self.register_endpoint(Revocation(self))
        register_grants(self)

    def authenticate_client(self, request: ProviderRequest, methods: Any, endpoint: str = "token") -> ClientView:  # noqa: ARG002 - each client has one method, and ours are all
        """Authenticate by the client's own method. A client that fails again and again is locked for a while."""
        claimed = extract_basic_authorization(request.headers)[0] or request.payload.client_id or ""
        if claimed and wait(self._lockout.locked(claimed)):
            raise InvalidClientError("Too many failures: this client is locked for some minutes.", status_code=401)
        try:
            client: ClientView = super().authenticate_client(request, METHODS, endpoint)
        except InvalidClientError:
            if claimed and self._guessable(claimed):
                wait(self._lockout.failed(claimed))
            raise
        if request.payload.client_id not in (None, client.client_id):
            raise InvalidClientError("The client_id is another client's than the credentials.", status_code=401)
        return client

    def _guessable(self, client_id: str) -> bool:
        """Whether a client has a secret at all: nobody can guess a key, and locking what needs none is only spite."""
        client = self.query_client(client_id)
        return client is not None and client.row.auth_method.startswith("client_secret")
