"""Sessions: begun by a sign-in, kept alive by use, ended once and for all with everything that hangs on them.

Whoever ends one only changes rows and sends a message: after the commit ``auth.sessions.ended`` tells the gateways,
and the worker (``auth.provider.tasks``) the relying parties. Nobody who signs out waits for either.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from msgspec import Struct
from sqlalchemy import not_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.errors import SessionEndedError
from auth.sessions.families import is_offline
from auth.sessions.tables import EndReason, Session, TokenFamily
from kernel.clock import Clock
from kernel.ids import random_id
from kernel.outbox import send
from kernel.settings import Settings

ENDED = "ended_sessions"  # in AsyncSession.info: whether there is an end to announce after the commit
SESSION_ENDED = "auth.session_ended"  # the message's name
BY_ITSELF: Collection[EndReason] = (
    "idle",
    "expired",
)  # the reasons for which a session ends that nobody ended (auth.sessions.overdue)
_SEEN_EVERY = timedelta(minutes=1)  # coarse enough that a busy session's row is not written all the time
_SIGN_IN = "Sign in again."


class Lifetimes(Struct, frozen=True):
    """How long a session lives unused, and at all (NIST SP 800-63B-4 section 5.2 bounds both)."""

    idle: timedelta
    absolute: timedelta


def browser_lifetimes(settings: Settings) -> Lifetimes:
    """Return those of a browser at the sign-in page."""
    return Lifetimes(
        timedelta(minutes=settings.browser_session_idle_minutes), timedelta(hours=settings.browser_session_hours)
    )


def site_lifetimes(settings: Settings) -> Lifetimes:
    """Return those of a relying party's refresh tokens with ``offline_access``; others live as long as the session."""
    return Lifetimes(timedelta(days=settings.site_refresh_idle_days), timedelta(days=settings.site_refresh_days))


def app_lifetimes(settings: Settings) -> Lifetimes:
    """Return those of a mini-program, whose host app has authenticated the phone's owner."""
    return Lifetimes(timedelta(days=settings.app_session_idle_days), timedelta(days=settings.app_session_days))


class SessionEnded(Struct, frozen=True):
    """The message that sessions are over, those among them that came from others too."""

    sids: tuple[str, ...]


class SignIn(Struct, frozen=True, kw_only=True):
    """Who has just proven who they are, where, and how well."""

    account_id: UUID
    client_id: str
    channel: str
    ial: int
    aal: int
    amr: tuple[str, ...]
    identity_id: UUID | None = None
    device: str = ""


def by_session(parent: Session, client_id: str, device: str, *, amr: tuple[str, ...] = ()) -> SignIn:
    """Return the sign-in of another client by a session that vouches for it: as sure as that one is."""
    return SignIn(
        account_id=parent.account_id,
        identity_id=parent.identity_id,
        client_id=client_id,
        channel=parent.channel,
        ial=parent.ial,
        aal=parent.aal,
        amr=(*parent.amr, *amr),
        device=device,
    )


async def begin(
    session: AsyncSession,
    clock: Clock,
    sign_in: SignIn,
    lifetimes: Lifetimes,
    *,
    parent: Session | None = None,
    cookie_digest: bytes | None = None,
) -> Session:
    """Begin a session. A parent's end is its end, and it never outlives or outranks the parent."""
    now = clock.now()
    expires_at = now + lifetimes.absolute
    if parent is not None:
        expires_at = min(expires_at, parent.expires_at)
    row = Session(
        sid=random_id(),
        account_id=sign_in.account_id,
        identity_id=sign_in.identity_id,
        client_id=sign_in.client_id,
        parent_sid=parent.sid if parent else None,
        cookie_digest=cookie_digest,
        channel=sign_in.channel,
        device=sign_in.device,
        ial=min(sign_in.ial, parent.ial) if parent else sign_in.ial,
        aal=min(sign_in.aal, parent.aal) if parent else sign_in.aal,
        amr=list(sign_in.amr),
        auth_time=parent.auth_time if parent else now,
        aal_time=parent.aal_time if parent else now,
        created_at=now,
        last_seen_at=now,
        idle_until=min(now + lifetimes.idle, expires_at),
        expires_at=expires_at,
    )
    session.add(row)
    await session.flush()
    return row


async def live(session: AsyncSession, clock: Clock, sid: str, *, share: bool = False) -> Session:
    """Return a session that is not over; ``share`` keeps it so until the transaction ends. Raises SessionEndedError."""
    lock = {"read": True} if share else None
    row = await session.get(Session, sid, with_for_update=lock, populate_existing=share)
    if row is None or not await is_live(session, clock, row):
        raise SessionEndedError("The session is over", fix=_SIGN_IN)
    return row


async def is_live(session: AsyncSession, clock: Clock, row: Session) -> bool:
    """Whether a session and those that it came from are neither ended, nor unused or old for too long."""
    while row.ended_at is None and clock.now() < min(row.idle_until, row.expires_at):
        if row.parent_sid is None:
            return True
        row = await session.get_one(Session, row.parent_sid)
    return False


def seen(session: AsyncSession, clock: Clock, row: Session) -> None:
    """Note that a session is used: it may be idle anew for as long as it began with, within its absolute limit."""
    now = clock.now()
    if now - row.last_seen_at >= _SEEN_EVERY:
        row.idle_until = min(now + (row.idle_until - row.last_seen_at), row.expires_at)
        row.last_seen_at = now
        session.add(row)


def raise_assurance(session: AsyncSession, clock: Clock, row: Session, sign_in: SignIn) -> None:
    """Take over a step-up: the same ``sid``, a new time of authentication, levels that only rise."""
    if sign_in.aal >= row.aal:
        row.aal_time = clock.now()
    row.ial, row.aal = max(row.ial, sign_in.ial), max(row.aal, sign_in.aal)
    if sign_in.identity_id not in (None, row.identity_id) and str(sign_in.identity_id) not in row.step_ups:
        row.step_ups = [*row.step_ups, str(sign_in.identity_id)]
    row.amr = [*row.amr, *(method for method in sign_in.amr if method not in row.amr)]
    row.auth_time = clock.now()
    session.add(row)


async def sessions_of(session: AsyncSession, clock: Clock, account_id: UUID) -> Sequence[Session]:
    """Return an account's live sessions, the newest first."""
    query = select(Session).where(Session.account_id == account_id, col(Session.ended_at).is_(None))
    rows = (await session.exec(query.order_by(col(Session.created_at).desc()))).all()
    return [row for row in rows if await is_live(session, clock, row)]


async def end(session: AsyncSession, clock: Clock, sids: Sequence[str], reason: EndReason) -> list[str]:
    """End sessions, those that came from them and all their tokens; return the sids that were live until now.

    Whoever was only away or signed in for long leaves tokens behind that were agreed on for that (``offline_access``);
    any other end revokes these too, also of a session that is over already.
    """
    # Locked first: whoever begins a child meanwhile has locked the parent too, and is seen after they are done. Parents
    # before children, so that two ends never wait for one another.
    given = select(Session.sid).where(col(Session.sid).in_(sids))
    await session.exec(given.order_by(col(Session.created_at)).with_for_update())
    tree = given.cte("tree", recursive=True)
    tree = tree.union(select(Session.sid).where(col(Session.parent_sid) == tree.c.sid))
    chosen = update(Session).where(col(Session.sid).in_(select(tree.c.sid)), col(Session.ended_at).is_(None))
    now = clock.now()
    ended = list(
        (
            await session.exec(
                chosen.values(ended_at=now, end_reason=reason)
                .returning(col(Session.sid))
                .execution_options(synchronize_session="fetch")
            )
        ).scalars()
    )
    families = update(TokenFamily).where(
        col(TokenFamily.sid).in_(select(tree.c.sid)), col(TokenFamily.revoked_at).is_(None)
    )
    if reason in BY_ITSELF:
        families = families.where(not_(is_offline()))
    revoked = await session.exec(families.values(revoked_at=now, revoke_reason=reason))
    if ended:
        send(session, clock, SESSION_ENDED, SessionEnded(tuple(ended)))
    if ended or revoked.rowcount:
        session.info[ENDED] = True
    return ended


async def end_all_of(
    session: AsyncSession, clock: Clock, account_id: UUID, reason: EndReason, *, but: str | None = None
) -> list[str]:
    """End all sessions of an account, or all but one, and what those that are over have left behind."""
    sids = (await session.exec(select(Session.sid).where(Session.account_id == account_id))).all()
    return await end(session, clock, [sid for sid in sids if sid != but], reason)


async def revoke_family(session: AsyncSession, clock: Clock, family: TokenFamily, reason: str) -> None:
    """Make all tokens of one family worthless; its session lives on."""
    if family.revoked_at is None:
        family.revoked_at, family.revoke_reason = clock.now(), reason
        session.add(family)
        session.info[ENDED] = True
    await session.flush()
