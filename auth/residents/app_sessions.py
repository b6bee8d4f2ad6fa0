"""Signing in at a mini-program of ours: a session, its token family, and the tokens that the graph is asked with."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.tables import Client
from auth.errors import ClientRefusedError, SessionEndedError
from auth.provider.environment import Environment
from auth.provider.tokens import Issue
from auth.sessions.access_tokens import GRAPH
from auth.sessions.families import begin_family, standing
from auth.sessions.refresh import Redeemed, Refused, Shown, find, issue, redeem
from auth.sessions.sessions import SignIn, app_lifetimes, begin
from auth.sessions.tables import Session, TokenFamily


class Tokens(Struct, frozen=True):
    """What a client is given. ``refresh_token`` empty: the one that it has goes on."""

    sid: str
    access_token: str
    expires_in: int  # seconds
    refresh_token: str = ""

    def __repr__(self) -> str:
        return f"Tokens({self.sid})"


async def open_session(
    session: AsyncSession, environment: Environment, who: SignIn, *, auth_time: datetime | None = None
) -> Tokens:
    """Begin a session of somebody who has proven an identity, just now or at ``auth_time``. ClientRefusedError."""
    clock, lifetimes = environment.clock, app_lifetimes(environment.settings)
    row = await begin(session, clock, who, lifetimes)
    row.auth_time = auth_time or row.auth_time
    family = begin_family(session, clock, row, who.client_id, scope="", life=lifetimes.absolute)
    await session.flush()
    refresh_token = await issue(session, clock, family, lifetimes.idle)
    return _answer(await _prepared(session, environment, family, row), refresh_token)


async def refreshed(session: AsyncSession, environment: Environment, shown: Shown) -> Tokens | Refused:
    """Use a refresh token; a refusal may have revoked its family, which is to be committed (auth.sessions.refresh)."""
    family = await find(session, shown.token)
    owner = await session.get(Session, family.sid) if family is not None else None
    if family is None or owner is None or family.client_id != shown.client_id:
        return Refused("it is unknown, or another app's")
    made = await _prepared(session, environment, family, owner)

    def answer(_family: TokenFamily, _owner: Session, following: str) -> bytes:
        return msgspec.json.encode(_answer(made, following))

    found = await redeem(session, environment.clock, shown, app_lifetimes(environment.settings).idle, answer)
    return msgspec.json.decode(found.answer, type=Tokens) if isinstance(found, Redeemed) else found


async def renewed(session: AsyncSession, environment: Environment, owner: Session, family_id: str) -> Tokens:
    """Return an access token that says what the session has become, as after a step-up. Raises SessionEndedError."""
    family = await standing(session, environment.clock, UUID(family_id))
    if family is None:
        raise SessionEndedError("The session's tokens are revoked", fix="Sign in again.")
    return _answer(await _prepared(session, environment, family, owner), "")


async def moved(
    session: AsyncSession, environment: Environment, owner: Session, who: SignIn, *, proven_now: bool = False
) -> Tokens:
    """Begin the session that follows one whose account has become another's part.

    Unless somebody was ``proven_now``, the proof is as old as it was.
    """
    return await open_session(session, environment, who, auth_time=None if proven_now else owner.auth_time)


def fresh(owner: Session, environment: Environment, within: timedelta) -> bool:
    """Whether the resident has proven themselves so lately in this session."""
    return environment.clock.now() - owner.auth_time < within


async def _prepared(session: AsyncSession, environment: Environment, family: TokenFamily, owner: Session) -> Issue:
    client = await session.get(Client, family.client_id)
    if client is None or client.status != "active" or not client.first_party:
        raise ClientRefusedError("The app may not sign anybody in", fix="Ask the platform's operator.")
    return await Issue.prepare(session, environment, client, family, owner)


def _answer(made: Issue, refresh_token: str) -> Tokens:
    return Tokens(
        sid=made.owner.sid,
        access_token=made.access_token(audience=GRAPH),
        expires_in=made.environment.settings.access_token_seconds,
        refresh_token=refresh_token,
    )
