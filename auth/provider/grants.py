"""What is exchanged for tokens: a code, a refresh token, another client's token."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, BaseGrant, RefreshTokenGrant, TokenEndpointMixin
from authlib.oauth2.rfc7636 import CodeChallenge
from msgspec import Struct

from auth.provider.base import Server
from auth.provider.client_credentials import ProgramGrant
from auth.provider.client_view import ClientView
from auth.provider.dpop import check_proof
from auth.provider.reads import note_read
from auth.provider.requests import ProviderRequest
from auth.provider.tokens import Issue, token_answer
from auth.provider.waiting import wait
from auth.sessions.alarms import alarm
from auth.sessions.families import begin_family, offline, standing
from auth.sessions.refresh import Redeemed, Shown, find, issue, redeem
from auth.sessions.sessions import is_live, revoke_family, site_lifetimes
from auth.sessions.tables import Session, TokenFamily


class CodeContext(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an authorization code stands for."""

    client_id: str
    redirect_uri: str
    scope: str
    sid: str
    auth_time: int
    nonce: str = ""
    code_challenge: str = ""
    claims: dict[str, Any] = {}
    jkt: str = ""

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    """The code flow. Codes are taken, not read: of all redemptions of one, one gets it."""

    server: Server
    request: ProviderRequest

    @staticmethod
    def validate_authorization_redirect_uri(request: ProviderRequest, client: ClientView) -> str:
        """Authlib's own repeats the URI in its error, which has characters that errors may not have."""
        uri = request.payload.redirect_uri
        if not uri or not client.check_redirect_uri(uri):
            raise InvalidRequestError("The redirect_uri is not registered for this client.")
        return str(uri)

    def query_authorization_code(self, code: str, client: ClientView) -> CodeContext | None:
        codes = self.server.environment.codes
        found = wait(codes.take(code, CodeContext))
        if found is None:
            self._reused(wait(codes.buried(code)))
            return None
        if found.client_id != client.client_id:
            return None
        return found

    def _reused(self, family_id: str) -> None:
        """A code that comes a second time was stolen once: what the first gave is worth nothing any more."""
        server = self.server
        family = wait(server.session.get(TokenFamily, UUID(family_id))) if family_id else None
        if family is not None:
            clock = server.environment.clock
            wait(revoke_family(server.session, clock, family, "code reused"))
            wait(alarm(server.session, clock, "code", family.sid, f"family:{family.id}"))

    def authenticate_user(self, authorization_code: CodeContext) -> Session | None:
        # Locked, so that a session that is ending at this moment ends with the family that begins here, or before it.
        session, clock = self.server.session, self.server.environment.clock
        owner = wait(session.get(Session, authorization_code.sid, with_for_update={"read": True}))
        return owner if owner is not None and wait(is_live(session, clock, owner)) else None

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        server, context = self.server, self.request.authorization_code
        owner = self.authenticate_user(context)
        if owner is None:
            raise InvalidGrantError("The session is over.")
        jkt = check_proof(server, self.request, required=self.client.row.tier == "T3")
        if context.jkt and context.jkt != jkt:
            raise InvalidGrantError("The code is bound to another key.")
        lifetimes = site_lifetimes(server.environment.settings)
        clock = server.environment.clock
        family = begin_family(
            server.session, clock, owner, self.client.client_id, scope=context.scope, life=lifetimes.absolute
        )
        family.claims, family.jkt = context.claims, jkt
        family.auth_time = datetime.fromtimestamp(context.auth_time, UTC)
        wait(server.session.flush())
        refresh = ""
        if self.client.row.tier != "T3" or offline(context.scope):
            refresh = wait(issue(server.session, clock, family, lifetimes.idle))
        made = wait(Issue.prepare(server.session, server.environment, self.client.row, family, owner))
        wait(server.environment.codes.bury(self.request.form["code"], str(family.id)))
        answer = token_answer(made, refresh, nonce=context.nonce)
        if "id_token" in answer:
            note_read(server.session, clock, family.client_id, owner.account_id, made.claims)
        return 200, answer, self.TOKEN_RESPONSE_HEADER


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    """Rotation with the ten-second window (``auth.sessions.refresh``)."""

    server: Server
    request: ProviderRequest

    def validate_token_request(self) -> None:
        client = self._validate_request_client()
        self.request.client = client
        if not self.request.form.get("refresh_token"):
            raise InvalidRequestError("Missing 'refresh_token' in request.")

    def create_token_response(self) -> tuple[int, Any, Any]:
        server, client, token = self.server, self.client, self.request.form["refresh_token"]
        environment = server.environment
        jkt = check_proof(server, self.request, required=client.row.tier == "T3")
        family = wait(find(server.session, token))
        if family is None or family.client_id != client.client_id:
            raise InvalidGrantError("The refresh token is unknown.")
        owner = wait(server.session.get_one(Session, family.sid))
        asked = (self.request.payload.scope or "").split()
        if not set(asked) <= set(family.scope.split()):
            raise InvalidScopeError("The scope is more than was granted.")
        made = wait(Issue.prepare(server.session, environment, client.row, family, owner))

        def answer(_family: TokenFamily, _owner: Session, following: str) -> bytes:
            return made.encode(token_answer(made, following, scope=" ".join(asked)))

        idle = site_lifetimes(environment.settings).idle
        shown = Shown(token, client.client_id, jkt, rotates=client.row.tier != "T3")
        result = wait(redeem(server.session, environment.clock, shown, idle, answer))
        if not isinstance(result, Redeemed):
            raise InvalidGrantError(f"The refresh token is refused: {result.reason}.")
        given = made.decode(result.answer)
        if "id_token" in given and not result.repeated:
            note_read(server.session, environment.clock, family.client_id, owner.account_id, made.claims)
        return 200, given, self.TOKEN_RESPONSE_HEADER


class InvalidTargetError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """An audience that there is not (RFC 8693 section 2.2.2)."""

    error = "invalid_target"


class ExchangeGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]  # Authlib has no types
    """Token exchange (RFC 8693): one department's app calls another's API for the resident who is signed in to it.

    The new token is for the other client alone, knows the resident by that client's own name, says who acts, lives no
    longer than the one shown, and is only given where the calling client is registered with ``exchange:<audience>``.
    """

    GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
    TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type's name
    server: Server
    request: ProviderRequest

    def validate_token_request(self) -> None:
        self.request.client = client = self.authenticate_token_endpoint_client()
        form = self.request.form
        if form.get("subject_token_type") != self.TOKEN_TYPE or not form.get("subject_token"):
            raise InvalidRequestError("A subject_token that is an access token is needed.")
        if f"exchange:{form.get('audience')}" not in client.row.scopes:
            raise UnauthorizedClientError("The client may not ask for tokens for this audience.")

    def create_token_response(self) -> tuple[int, Any, Any]:
        server, form = self.server, self.request.form
        environment = server.environment
        shown = Issue.verify(environment, form["subject_token"])
        family = wait(standing(server.session, environment.clock, UUID(shown.fid))) if shown else None
        target = server.query_client(form["audience"])
        if target is None:
            raise InvalidTargetError("There is no such audience.")
        if shown is None or family is None or family.client_id != self.client.client_id:
            raise InvalidGrantError("The subject_token is not this client's, or is worth nothing any more.")
        asked = (self.request.payload.scope or "").split()
        if not set(asked) <= set(shown.scope.split()):
            raise InvalidScopeError("The scope is more than the subject_token has.")
        owner = wait(server.session.get_one(Session, family.sid))
        bound = (shown.cnf or {}).get("jkt", "")
        jkt = check_proof(server, self.request, required=bool(bound) or self.client.row.tier == "T3")
        if bound and jkt != bound:
            raise InvalidGrantError("The subject_token is bound to another key.")
        made = wait(Issue.prepare(server.session, environment, target.row, family, owner))
        token = made.access_token(
            audience=target.client_id, actor=self.client.client_id, scope=" ".join(asked), until=shown.exp, jkt=jkt
        )
        lifetime = min(shown.exp, made.now + environment.settings.access_token_seconds) - made.now
        body = {
            "access_token": token,
            "issued_token_type": self.TOKEN_TYPE,
            "token_type": "DPoP" if jkt else "Bearer",
            "expires_in": lifetime,
        }
        return 200, body, self.TOKEN_RESPONSE_HEADER


class S256(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """PKCE with S256 and nothing else, demanded of every client that does not have it switched off."""

    DEFAULT_CODE_CHALLENGE_METHOD = ""
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") and not data.get("code_challenge_method"):
            if grant.request.client.row.pkce_required:
                raise InvalidRequestError("A code_challenge is needed (PKCE, S256).")
            return
        if data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The code_challenge_method must be S256.")
        super().validate_code_challenge(grant, redirect_uri)

    def validate_code_verifier(self, grant: CodeGrant, result: Any) -> None:
        """A verifier that is missing or malformed is as wrong as another (RFC 7636 section 4.6)."""
        challenge = self.get_authorization_code_challenge(grant.request.authorization_code)
        try:
            super().validate_code_verifier(grant, result)
        except InvalidRequestError as error:
            if not challenge:
                raise
            raise InvalidGrantError("The code_verifier is missing or malformed.") from error

    def get_authorization_code_challenge(self, authorization_code: CodeContext) -> str:
        return authorization_code.code_challenge

    def get_authorization_code_challenge_method(self, authorization_code: CodeContext) -> str:  # noqa: ARG002 - Authlib's interface
        return "S256"


def register_grants(server: Server) -> None:
    """Register what the token and authorization endpoints can do."""
    server.register_grant(CodeGrant, [S256(required=False)])
    server.register_grant(RefreshGrant)
    server.register_grant(ExchangeGrant)
    server.register_grant(ProgramGrant)
