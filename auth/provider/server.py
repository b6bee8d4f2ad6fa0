"""Authlib's server over our tables: made for one request, inside one transaction."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidClientError, OAuth2Error
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from msgspec import Struct
from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.tables import Client
from auth.keys.key_ring import KeyRing
from auth.provider.client_assertion import PrivateKeyJwt
from auth.provider.client_view import SCOPES, ClientView
from auth.provider.codes import OnceStore
from auth.provider.introspection import Introspection
from auth.provider.lockout import Lockout
from auth.provider.requests import ProviderRequest
from auth.provider.revocation import Revocation
from auth.provider.waiting import wait
from kernel.clock import Clock
from kernel.crypto.keys import Keys
from kernel.settings import Settings

CODE_SECONDS = 60  # OWASP ASVS 10.4.3
PUSHED_SECONDS = 60
ID_TOKEN_SECONDS = 600
METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")

Answer = tuple[int, Any, list[tuple[str, str]]]
"""Status, body (a mapping or text) and headers."""


class Environment(Struct, frozen=True):
    """What the provider of one process works with."""

    redis: Redis
    clock: Clock
    settings: Settings
    issuer: str
    keys: Keys
    ring: Callable[[], KeyRing]

    @property
    def codes(self) -> OnceStore:
        return OnceStore(self.redis, "code", CODE_SECONDS)

    @property
    def pushed(self) -> OnceStore:
        return OnceStore(self.redis, "pushed", PUSHED_SECONDS)

    @property
    def access_life(self) -> timedelta:
        return timedelta(seconds=self.settings.access_token_seconds)


class Provider(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """One request's server. Hooks wait for asyncio code, see ``auth.provider``."""

    def __init__(self, session: AsyncSession, environment: Environment, grants: Callable[["Provider"], None]) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.session = session
        self.environment = environment
        self._lockout = Lockout(environment.redis)
        self.register_client_auth_method("private_key_jwt", PrivateKeyJwt(self))
        self.register_endpoint(Introspection(self))
        self.register_endpoint(Revocation(self))
        grants(self)

    def query_client(self, client_id: str) -> ClientView | None:
        row = wait(self.session.get(Client, client_id))
        return ClientView(row) if row is not None and row.status == "active" else None

    def authenticate_client(self, request: ProviderRequest, methods: Any, endpoint: str = "token") -> ClientView:  # noqa: ARG002 - each client has one method, and ours are all
        """Authenticate by the client's own method. A client that fails again and again is locked for a while."""
        claimed = self._claimed(request)
        if claimed and wait(self._lockout.locked(claimed)):
            raise InvalidClientError("Too many failures: this client is locked for some minutes.", status_code=401)
        try:
            client: ClientView = super().authenticate_client(request, METHODS, endpoint)
        except InvalidClientError:
            if claimed:
                wait(self._lockout.failed(claimed))
            raise
        return client

    def _claimed(self, request: ProviderRequest) -> str:
        """Return the client that the request says it is from."""
        return extract_basic_authorization(request.headers)[0] or request.payload.client_id or ""

    def create_oauth2_request(self, request: ProviderRequest) -> ProviderRequest:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        return status, body, [*headers, ("Cache-Control", "no-store")]

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def failed(self, error: OAuth2Error) -> Answer:
        """Return the answer to a request that is refused."""
        return self.handle_response(*error(None))
