"""``signIn``, ``refresh``, ``signOut`` and their kin, and sessions as their residents see them."""

import strawberry

from auth.assurance import level_of
from auth.errors import RefreshRefusedError, SessionEndedError
from auth.policies import PUBLIC, SIGNED_IN
from auth.residents.app_sessions import Tokens, refreshed
from auth.sessions.refresh import Refused, Shown
from auth.sessions.sessions import end, end_all_of
from auth.sessions.tables import Session
from schema.caller import caller, token_of
from schema.context import Info
from schema.scalars import DateTimeText, line, text
from schema.sign_in import channel_of, sign_in

POLICIES = {
    "SignedIn": PUBLIC,  # whoever has one was just given it
    "Session": PUBLIC,  # as above, or they have come by ``me``
    "Mutation.signIn": PUBLIC,
    "Mutation.refresh": PUBLIC,
    "Mutation.signOut": SIGNED_IN,
    "Mutation.endSession": SIGNED_IN,
    "Mutation.signOutEverywhere": SIGNED_IN,
}

_MOST_DEVICE_CHARACTERS = 80


@strawberry.type(name="Session", description="Where a resident is signed in.")
class SessionShown:
    """A session, as its resident sees it."""

    id: strawberry.ID
    app: str = strawberry.field(description="The app id, or `yiwang` for a browser.")
    channel: str = strawberry.field(description="wechat, alipay, baidu or web.")
    device: str = strawberry.field(description="As the app called it, possibly nothing.")
    level: str = strawberry.field(description="How surely the resident is known in it: L1 to L4.")
    since: DateTimeText
    last_seen: DateTimeText
    authenticated_at: DateTimeText = strawberry.field(description="Of the latest proof; some things need a new one.")
    expires_at: DateTimeText = strawberry.field(description="At the latest; earlier if it is not used.")
    current: bool = strawberry.field(description="Whether this is the session that asks.")


def shown(row: Session, sid: str) -> SessionShown:
    """Return a session for the one who asks in session ``sid``."""
    return SessionShown(
        id=strawberry.ID(row.sid),
        app=row.client_id,
        channel=row.channel,
        device=row.device,
        level=level_of(row.ial, row.aal),
        since=text(row.created_at),
        last_seen=text(row.last_seen_at),
        authenticated_at=text(row.auth_time),
        expires_at=text(min(row.idle_until, row.expires_at)),
        current=row.sid == sid,
    )


@strawberry.type(description="What a client is given when a resident signs in, and keeps to itself.")
class SignedIn:
    """Tokens, and the session that they are of."""

    access_token: str = strawberry.field(description="Send it as `Authorization: Bearer …`.")
    refresh_token: str | None = strawberry.field(
        description="For `refresh` when the access token has expired, once. Null: keep the one that you have."
    )
    expires_in: int = strawberry.field(description="Seconds that the access token lives.")
    sid: strawberry.Private[str]

    @strawberry.field(description="The session.")  # type: ignore[untyped-decorator]  # strawberry's
    async def session(self, info: Info) -> SessionShown:
        async with info.context.platform.database.session() as session:
            row = await session.get(Session, self.sid)
        if row is None:
            raise SessionEndedError("The session is over", fix="Sign in again.")
        return shown(row, self.sid)


def signed_in(tokens: Tokens) -> SignedIn:
    """Return tokens as the graph's."""
    return SignedIn(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token or None,
        expires_in=tokens.expires_in,
        sid=tokens.sid,
    )


@strawberry.type
class SessionMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        name="signIn",
        description="Sign in by a mini-program's one-time code (`wx.login`, `my.getAuthCode`, `swan.login`). A code is "
        "good for one session: sent again within two minutes it is answered with the same tokens.",
    )
    async def sign_in(self, info: Info, app: str, code: str, device: str = "") -> SignedIn | None:
        label = line(device.strip(), "device")[:_MOST_DEVICE_CHARACTERS]
        return signed_in(await sign_in(info.context.platform, app, code, label))

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Exchange a refresh token for new tokens. Again within ten seconds it gives the same ones; later "
        "it ends the tokens of everybody who has any of them."
    )
    async def refresh(self, info: Info, app: str, token: str) -> SignedIn | None:
        platform = info.context.platform
        channel_of(platform, app)
        async with platform.database.session() as session:
            found = await refreshed(session, platform.environment, Shown(token, app))
        if isinstance(found, Refused):  # raised here, as what the refusal did is to be committed
            raise RefreshRefusedError(f"The refresh token is refused: {found.reason}", fix="Sign in again.")
        return signed_in(found)

    @strawberry.mutation(description="End the session that asks. True if it was not over already.")  # type: ignore[untyped-decorator]  # strawberry's
    async def sign_out(self, info: Info) -> bool | None:
        platform = info.context.platform
        async with platform.database.session() as session:
            ended = await end(session, platform.environment.clock, [token_of(info.context).sid], "signed_out")
        return bool(ended)

    @strawberry.mutation(description="End one of one's sessions, by its id in `me`. True if it was one that lived.")  # type: ignore[untyped-decorator]  # strawberry's
    async def end_session(self, info: Info, id: strawberry.ID) -> bool | None:  # noqa: A002 - the graph's name
        platform = info.context.platform
        async with platform.database.session() as session:
            owner = await caller(session, info.context)
            row = await session.get(Session, line(id, "id"))
            if row is None or row.account_id != owner.account_id:
                return False
            return bool(await end(session, platform.environment.clock, [row.sid], "signed_out_elsewhere"))

    @strawberry.mutation(description="End all of one's sessions, this one too; returns how many.")  # type: ignore[untyped-decorator]  # strawberry's
    async def sign_out_everywhere(self, info: Info) -> int | None:
        platform = info.context.platform
        async with platform.database.session() as session:
            owner = await caller(session, info.context)
            return len(await end_all_of(session, platform.environment.clock, owner.account_id, "signed_out_everywhere"))
