"""The tokens of one answer: access token (RFC 9068), ID token (OpenID Connect Core section 2)."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any, Self

import msgspec
from joserfc import jwt
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.assurance import Level, choose_acr, level_of, read_acr_request
from auth.clients.pairwise import pairwise_subject
from auth.clients.tables import Client
from auth.errors import TokenRefusedError
from auth.keys.key_ring import Algorithm
from auth.provider.environment import ID_TOKEN_SECONDS, Environment
from auth.provider.subjects import asked_names, claims_of, session_claims
from auth.sessions.access_tokens import GRAPH, AccessToken, sign, verify
from auth.sessions.tables import Session, TokenFamily
from kernel.ids import random_id


class Issue(Struct, frozen=True):
    """All that is needed to make one client's tokens, read beforehand, so that making them waits for nothing."""

    environment: Environment
    client: Client
    family: TokenFamily
    owner: Session
    subject: str
    claims: dict[str, Any]  # for the ID token: those that the client asked to have in it
    now: int

    @classmethod
    async def prepare(
        cls, session: AsyncSession, environment: Environment, client: Client, family: TokenFamily, owner: Session
    ) -> Self:
        """Read what the tokens will say."""
        subject = await pairwise_subject(session, environment.clock, client.sector, owner.account_id)
        asked = family.claims.get("id_token")
        wanted = set(asked) & asked_names(family.scope) if isinstance(asked, dict) else set()
        claims = await claims_of(session, environment.keys.cipher, owner.account_id, wanted)
        return cls(environment, client, family, owner, subject, claims, int(environment.clock.now().timestamp()))

    @staticmethod
    def verify(environment: Environment, text: str) -> AccessToken | None:
        """Return a token of ours that is for this provider's own endpoints, None for any other."""
        try:
            return verify(text, environment.ring(), environment.issuer, environment.issuer, environment.clock.now())
        except TokenRefusedError:
            return None

    def access_token(
        self,
        *,
        audience: str = "",
        actor: str = "",
        scope: str | None = None,
        until: int = 2**62,
        jkt: str | None = None,
    ) -> str:
        """Return an access token, by default for this provider's own endpoints, or the graph if it is our own app's."""
        owner, environment = self.owner, self.environment
        key = self.family.jkt if jkt is None else jkt
        until = min(until, int(self.family.expires_at.timestamp()))
        token = AccessToken(
            iss=environment.issuer,
            sub=self.subject,
            aud=audience or (GRAPH if self.client.first_party else environment.issuer),
            exp=min(self.now + environment.settings.access_token_seconds, until),
            iat=self.now,
            auth_time=int(owner.auth_time.timestamp()),
            jti=random_id(),
            client_id=actor or self.client.client_id,
            sid=owner.sid,
            fid=str(self.family.id),
            acr=level_of(owner.ial, owner.aal),
            amr=tuple(owner.amr),
            channel=owner.channel,
            scope=self.family.scope if scope is None else scope,
            first_party=self.client.first_party and not actor,  # by the registration, never by what anybody asks for
            cnf={"jkt": key} if key else None,
            act={"sub": actor} if actor else None,
        )
        return sign(token, environment.ring(), environment.clock.now())

    def id_token(self, access_token: str, nonce: str) -> str:
        """Return an ID token: who has signed in, for this client."""
        algorithm: Algorithm = "ES256" if self.client.tier == "T3" else "RS256"
        key = self.environment.ring().signer(algorithm, self.environment.clock.now())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = {
            "iss": self.environment.issuer,
            "sub": self.subject,
            "aud": self.client.client_id,
            "azp": self.client.client_id,
            "iat": self.now,
            "exp": self.now + ID_TOKEN_SECONDS,
            "at_hash": urlsafe_b64encode(half).decode().rstrip("="),
            **session_claims(self.owner),
            "acr": self._acr(),
            "auth_time": int(self.family.auth_time.timestamp()),
            **self.claims,
        }
        if nonce:
            claims["nonce"] = nonce
        return jwt.encode({"alg": algorithm, "kid": key.kid}, claims, key.key, algorithms=[algorithm])

    def _acr(self) -> Level:
        """Return the level to state: of several that are true, the one that the client has asked for."""
        have = level_of(self.owner.ial, self.owner.aal)
        return choose_acr(read_acr_request(claims=self.family.claims), have, have).answer or have

    @staticmethod
    def encode(body: dict[str, Any]) -> bytes:
        return msgspec.json.encode(body)

    @staticmethod
    def decode(body: bytes) -> dict[str, Any]:
        return msgspec.json.decode(body, type=dict[str, Any])


def token_answer(made: Issue, refresh_token: str, nonce: str = "", scope: str = "") -> dict[str, Any]:
    """Return the token endpoint's answer; ``scope`` is less than what was granted, or empty."""
    scope = scope or made.family.scope
    access_token = made.access_token(scope=scope)
    answer: dict[str, Any] = {
        "access_token": access_token,
        "token_type": "DPoP" if made.family.jkt else "Bearer",
        "expires_in": made.environment.settings.access_token_seconds,
        "scope": scope,
    }
    if refresh_token:
        answer["refresh_token"] = refresh_token
    if "openid" in scope.split():
        answer["id_token"] = made.id_token(access_token, nonce)
    return answer
