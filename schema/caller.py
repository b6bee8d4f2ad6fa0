"""Who asks: the session behind a request's token, read in the transaction that acts for it."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from auth.errors import AuthenticationTooOldError, SignInNeededError
from auth.linking import PROOF_FRESH_FOR
from auth.residents.app_sessions import fresh
from auth.sessions.access_tokens import AccessToken
from auth.sessions.sessions import live
from auth.sessions.tables import Session
from schema.context import Context


def token_of(context: Context) -> AccessToken:
    """Return the token of who asks. Raises SignInNeededError, which fields' policies have raised before."""
    if context.token is None:
        raise SignInNeededError("This is for residents who are signed in", fix="Sign in, and send the access token.")
    return context.token


async def caller(session: AsyncSession, context: Context) -> Session:
    """Return the session of who asks. Raises SessionEndedError."""
    return await live(session, context.platform.environment.clock, token_of(context).sid)


async def fresh_caller(session: AsyncSession, context: Context, within: timedelta = PROOF_FRESH_FOR) -> Session:
    """As ``caller``, of somebody who has proven themselves lately. Raises AuthenticationTooOldError."""
    owner = await caller(session, context)
    if not fresh(owner, context.platform.environment, within):
        raise AuthenticationTooOldError(
            f"This needs a proof of the last {within.seconds // 60} minutes",
            fix="Have the resident sign in again, or a face check made, and send the new access token.",
        )
    return owner
