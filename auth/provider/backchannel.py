"""Logout tokens (OpenID Connect Back-Channel Logout 1.0 section 2.4): what relying parties are told of a session's end.

A token is for one client and one ``sid``, is typed ``logout+jwt`` and lives two minutes (OWASP ASVS 10.5.5), so that
it is neither taken for an ID token nor of use to whoever finds it. It never has a ``nonce``.
"""

from datetime import datetime
from uuid import UUID

import msgspec
from joserfc import jwt
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.tables import Account
from auth.clients.tables import Client, PairwiseSubject
from auth.keys.key_ring import Algorithm, KeyRing

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPE = "logout+jwt"
LIFE_SECONDS = 120


class LogoutToken(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The claims; times are seconds since 1970."""

    iss: str
    aud: str
    iat: int
    exp: int
    jti: str
    sid: str
    sub: str = ""
    events: dict[str, dict[str, str]]


def logout_token(client: Client, *, issuer: str, sid: str, subject: str, jti: str, now: datetime) -> LogoutToken:
    """Return what ``client`` is told; ``subject`` is its name for the resident, empty if it has none any more."""
    at = int(now.timestamp())
    return LogoutToken(
        iss=issuer,
        aud=client.client_id,
        iat=at,
        exp=at + LIFE_SECONDS,
        jti=jti,
        sid=sid,
        sub=subject,
        events={EVENT: {}},
    )


def sign(token: LogoutToken, client: Client, ring: KeyRing, now: datetime) -> str:
    """Return the compact form, signed by the algorithm of the client's ID tokens. Raises NoSigningKeyError."""
    algorithm: Algorithm = "ES256" if client.tier == "T3" else "RS256"
    key = ring.signer(algorithm, now)
    header = {"alg": algorithm, "typ": TYPE, "kid": key.kid}
    return jwt.encode(header, msgspec.to_builtins(token), key.key, algorithms=[algorithm], default_type=None)


async def subject_told(session: AsyncSession, sector: str, account_id: UUID) -> str:
    """Return the subject that a sector was told of an account's session, empty if the account has it no more.

    Unlike ``auth.clients.pairwise.pairwise_subject`` it makes none: a merge that ended the session may have moved the
    subject to the account that was kept.
    """
    known = await session.get(PairwiseSubject, (sector, account_id))
    while known is None:
        account = await session.get(Account, account_id)
        if account is None or account.merged_into is None:
            return ""
        account_id = account.merged_into
        known = await session.get(PairwiseSubject, (sector, account_id))
    return known.subject
