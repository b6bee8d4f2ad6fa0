"""``private_key_jwt``: a client proves who it is by a signature (RFC 7523, OpenID Connect Core section 9)."""

from typing import Any

import msgspec
from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from auth.provider.base import Server
from auth.provider.client_keys import keys_of
from auth.provider.client_view import ClientView
from auth.provider.codes import Seen
from auth.provider.waiting import wait

_ALGORITHMS = {"T1": ("RS256", "ES256", "PS256"), "T2": ("RS256", "ES256", "PS256"), "T3": ("ES256", "PS256")}
_LONGEST_SECONDS = 300


class PrivateKeyJwt(JWTBearerClientAssertion):  # type: ignore[misc]  # Authlib has no types
    """Verifies assertions against the client's registered keys."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, server: Server) -> None:
        super().__init__(leeway=60)
        self._server = server
        self._client: ClientView | None = None
        self._kid = ""

    def get_audiences(self) -> list[str]:
        """The issuer alone (FAPI 2.0 section 5.3.2.1): an endpoint's URL could be another server's idea of ours."""
        return [self._server.environment.issuer]

    def extract_assertion(self, assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Note which key the client says it has signed with."""
        headers, claims = super().extract_assertion(assertion)
        self._kid = str(headers.get("kid", ""))
        return headers, claims

    def resolve_client_public_key(self, client: ClientView) -> KeySet:
        self._client = client
        if client.row.auth_method != self.CLIENT_AUTH_METHOD or not (client.row.jwks or client.row.jwks_uri):
            raise InvalidClientError("The client has no registered keys.")
        if client.row.jwks_uri:
            given = self._server.environment
            return wait(keys_of(client.row, self._kid, given.redis, given.clock))
        return KeySet.import_key_set(client.row.jwks)  # type: ignore[arg-type]  # it is what was registered

    def process_assertion_claims(self, assertion: str, resolve_key: Any) -> Any:
        """Verify signature, algorithm and claims; Authlib would take any recommended algorithm."""
        assert self._client is not None  # noqa: S101 - resolve_client_public_key has run
        try:
            found = jws.deserialize_compact(assertion, resolve_key, algorithms=list(_ALGORITHMS[self._client.row.tier]))
            claims = msgspec.json.decode(found.payload, type=dict[str, Any])
        except (JoseError, ValueError, TypeError) as error:
            raise InvalidClientError("The client assertion cannot be verified.") from error
        self.verify_claims(claims)
        now = self._server.environment.clock.now().timestamp()
        if not isinstance(claims.get("aud"), str) or claims["exp"] > now + _LONGEST_SECONDS + self.leeway:
            raise InvalidClientError("The client assertion is for several audiences, or lives too long.")
        return claims

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        seen = Seen(self._server.environment.redis, "client_jti", _LONGEST_SECONDS + 2 * self.leeway)
        return wait(seen.first(str(claims["sub"]), str(jti)))
