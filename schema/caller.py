"""Who asks: the session behind a request's token, read in the transaction that acts for it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.assurance import level_of
from auth.errors import AuthenticationTooOldError, SignInNeededError
from auth.linking import PROOF_FRESH_FOR
from auth.residents.app_sessions import fresh
from auth.sessions.access_tokens import AccessToken
from auth.sessions.sessions import live
from auth.sessions.tables import Session
from kernel.audit.entries import Detail, Event, append
from schema.context import Context


def token_of(context: Context) -> AccessToken:
    """Return the token of who asks. Raises SignInNeededError, which fields' policies have raised before."""
    if context.token is None:
        raise SignInNeededError("This is for residents who are signed in", fix="Sign in, and send the access token.")
    return context.token


async def caller(session: AsyncSession, context: Context) -> Session:
    """Return the session of who asks. Raises SessionEndedError."""
    return await live(session, context.platform.environment.clock, token_of(context).sid)


_ABOUT = "what is audited"


def about(session: AsyncSession, object_: str) -> None:
    """Say what the entry of ``acting`` is about, where only its transaction finds that out."""
    session.info[_ABOUT] = object_


_DETAILS = "details of what is audited"


def noting(session: AsyncSession, **details: Detail) -> None:
    """Give the entry of ``acting`` details."""
    session.info[_DETAILS] = details


@asynccontextmanager
async def acting(
    context: Context, action: str, object_: str, *, fresh: bool = False, purposes: Sequence[str] = ()
) -> AsyncIterator[tuple[AsyncSession, Session]]:
    """One transaction in which who asks does something to their account; the audit log's entry of it is its last act.

    ``action`` is ``thing.done`` and ``object_`` is ``kind:id``; nobody appears but by an id. ``fresh`` demands a proof
    of the last five minutes. Of several ``purposes`` each has an entry.
    """
    async with context.platform.database.session() as session:
        owner = await (fresh_caller if fresh else caller)(session, context)
        actor, level = f"account:{owner.account_id}", level_of(owner.ial, owner.aal)
        yield session, owner
        object_ = session.info.pop(_ABOUT, object_) or actor
        details = session.info.pop(_DETAILS, {})
        event = Event(actor=actor, acr=level, action=action, object=object_, details=details)
        events = [replace(event, purpose=each) for each in purposes or ("",)]
        await append(session, context.platform.environment.clock, *events)


async def fresh_caller(session: AsyncSession, context: Context, within: timedelta = PROOF_FRESH_FOR) -> Session:
    """As ``caller``, of somebody who has proven themselves lately. Raises AuthenticationTooOldError."""
    owner = await caller(session, context)
    if not fresh(owner, context.platform.environment, within):
        raise AuthenticationTooOldError(
            f"This needs a proof of the last {within.seconds // 60} minutes",
            within=within,
            fix="Have the resident sign in again, or a face check made, and send the new access token.",
        )
    return owner
