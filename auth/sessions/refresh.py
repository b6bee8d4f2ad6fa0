"""Refresh tokens: each is used once and gives its successor; a lost answer may be asked for again for ten seconds.

Strict single use signs people out whenever a mobile network drops an answer, so within ``REPEAT_WITHIN`` a used token
gives the very same answer once more. Afterwards its use means that two parties hold it, and the whole family is revoked
(RFC 9700 section 4.14.2); ``auth.sessions.states`` has it as a table. Concurrent uses wait for one another at the row.

Without ``offline_access`` a client refreshes only while the resident is there (OpenID Connect Core section 11). So its
refresh is use of the session, whichever client it is, and there is none once the session is over.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct
from sqlalchemy import insert
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.sessions.alarms import alarm
from auth.sessions.families import offline
from auth.sessions.sessions import is_live, revoke_family, seen
from auth.sessions.states import REFRESH, RefreshEvent, RefreshState
from auth.sessions.tables import RefreshToken, Session, TokenFamily
from kernel.clock import Clock

REPEAT_WITHIN = timedelta(seconds=10)  # a client that lost the answer asks again
_PREFIX = "yr_"  # lets secret scanners recognise one


class Shown(Struct, frozen=True):
    """A refresh token, the authenticated client that shows it, and the thumbprint of its DPoP key.

    ``rotates`` is False for a client whose token is worth nothing without the client's keys: there a successor would
    protect from nothing and an answer that is lost would sign people out (FAPI 2.0 section 5.3.2.1 forbids it).
    """

    token: str
    client_id: str
    jkt: str = ""
    rotates: bool = True

    def __repr__(self) -> str:
        return f"Shown(…, {self.client_id})"


class Refused(Struct, frozen=True):
    """Why a refresh token gives nothing. Its effects are to be committed all the same, hence no exception."""

    reason: str


class Redeemed(Struct, frozen=True):
    """The answer to a refresh, new or repeated."""

    answer: bytes
    repeated: bool


Answer = Callable[[TokenFamily, Session, str], bytes]
"""Makes the answer that carries the next refresh token."""


async def issue(session: AsyncSession, clock: Clock, family: TokenFamily, idle: timedelta) -> str:
    """Return a family's first or next refresh token, alive for ``idle`` and never longer than the family."""
    token = _PREFIX + secrets.token_urlsafe(32)
    now = clock.now()
    row = {"digest": _digest(token), "family_id": family.id, "issued_at": now}
    await session.exec(insert(RefreshToken).values(row | {"expires_at": min(now + idle, family.expires_at)}))
    return token


async def find(session: AsyncSession, token: str) -> TokenFamily | None:
    """Return the family of a token, whatever its state."""
    row = await session.get(RefreshToken, _digest(token))
    return await session.get(TokenFamily, row.family_id) if row else None


async def find_good(session: AsyncSession, clock: Clock, token: str) -> TokenFamily | None:
    """Return the family of a token that could be used now."""
    row = await session.get(RefreshToken, _digest(token))
    family = await session.get(TokenFamily, row.family_id) if row else None
    owner = await session.get(Session, family.sid) if family else None
    if row is None or family is None or owner is None:
        return None
    return family if await _state(session, clock, row, family, owner) == "live" else None


async def redeem(
    session: AsyncSession, clock: Clock, shown: Shown, idle: timedelta, answer: Answer
) -> Redeemed | Refused:
    """Use a refresh token; the next one is alive for ``idle``."""
    token = shown.token
    row = (
        await session.exec(select(RefreshToken).where(RefreshToken.digest == _digest(token)).with_for_update())
    ).first()
    family = await session.get(TokenFamily, row.family_id, populate_existing=True) if row else None
    if row is None or family is None or family.client_id != shown.client_id or family.jkt != shown.jkt:
        return Refused("it is unknown, or another client's")
    owner = await session.get_one(Session, family.sid, populate_existing=True)
    now, state, event = clock.now(), await _state(session, clock, row, family, owner), _event(row, shown, clock)
    to = REFRESH.get((state, event))
    if to is None:
        return Refused("it is revoked, or its session is over")
    if to == "revoked":
        await revoke_family(session, clock, family, "reuse")
        await alarm(session, clock, "refresh_token", family.sid, f"family:{family.id}")
        return Refused("it was used before; all tokens of its family are revoked")
    if row.successor is not None:  # used before: of the events this can only be a repeat
        return Redeemed(_open(token, row.successor), repeated=True)
    if not offline(family.scope):
        seen(session, clock, owner)
    if event == "renew":
        row.expires_at = min(now + idle, family.expires_at)
        session.add(row)
        return Redeemed(answer(family, owner, token), repeated=False)
    made = answer(family, owner, await issue(session, clock, family, idle))
    row.used_at, row.successor = now, _seal(token, made)
    session.add(row)
    await session.flush()
    return Redeemed(made, repeated=False)


async def _state(
    session: AsyncSession, clock: Clock, row: RefreshToken, family: TokenFamily, owner: Session
) -> RefreshState:
    if family.revoked_at is not None:
        return "revoked"
    over = not offline(family.scope) and not await is_live(session, clock, owner)
    if over or clock.now() >= min(row.expires_at, family.expires_at):
        return "expired"
    return "live" if row.used_at is None else "used"


def _event(row: RefreshToken, shown: Shown, clock: Clock) -> RefreshEvent:
    if row.used_at is not None and clock.now() - row.used_at <= REPEAT_WITHIN:
        return "repeat"
    return "use" if shown.rotates else "renew"


def _digest(token: str) -> bytes:
    return hashlib.sha256(b"digest\0" + token.encode()).digest()


def _key(token: str) -> AESGCM:
    """A key that only the token's holder has: the database alone cannot open a stored answer."""
    return AESGCM(hashlib.sha256(b"answer\0" + token.encode()).digest())


def _seal(token: str, answer: bytes) -> bytes:
    return _key(token).encrypt(b"\0" * 12, answer, None)  # the key seals just once, so the nonce may be fixed


def _open(token: str, sealed: bytes) -> bytes:
    return _key(token).decrypt(b"\0" * 12, sealed, None)
