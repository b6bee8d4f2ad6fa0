"""``addPhone``, ``linkCode``, ``link``, ``unlink``, ``windowCode``: the ways in of one person's account."""

from uuid import UUID

import strawberry
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import lock_identity
from auth.accounts.phone_codes import add_phone, proven_phone
from auth.accounts.tables import Account, Identity
from auth.clients.clients import BROWSER
from auth.errors import MergeRefusedError, SessionEndedError
from auth.policies import PUBLIC, SIGNED_IN
from auth.residents import windows
from auth.residents.app_sessions import Tokens, moved, renewed
from auth.residents.shown_codes import ShownCodes
from auth.residents.ways_in import join, part
from auth.sessions.sessions import SignIn
from auth.sessions.tables import Session
from auth.typed_codes import SECONDS
from kernel.masks import masked_phone
from schema import host_sessions
from schema.caller import acting, caller, token_of
from schema.context import Context, Info
from schema.errors import ArgumentRefusedError
from schema.scalars import JsonValue
from schema.sessions import SignedIn, signed_in
from schema.sign_in import channel_of

POLICIES = {
    "ShownCode": PUBLIC,  # whoever has one has just been given it
    "Mutation.addPhone": SIGNED_IN,
    "Mutation.linkCode": SIGNED_IN,
    "Mutation.link": SIGNED_IN,
    "Mutation.unlink": SIGNED_IN,
    "Mutation.windowCode": SIGNED_IN,
}

LINKING = "link"


@strawberry.type(description="A code to show to the other side, who types it in.")
class ShownCode:
    """A one-time code."""

    code: str
    expires_in: int = strawberry.field(description="Seconds that it lives.")


@strawberry.type
class WaysInMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Add the phone number that the host app has verified: `proof` is what its phone number button gave "
        "the client. Returns the number, masked."
    )
    async def add_phone(self, info: Info, proof: JsonValue) -> str | None:
        platform, given = info.context.platform, _texts(proof)
        environment = platform.environment
        async with platform.database.session() as session:
            owner = await caller(session, info.context)
            identity = await session.get(Identity, owner.identity_id) if owner.identity_id else None
        if identity is None or identity.revoked_at is not None:
            raise SessionEndedError("The session was opened by no host app that is still linked", fix="Sign in again.")
        host = await host_sessions.host_identity(environment, identity)
        phone = await channel_of(platform, identity.tenant).phone_number(given, host)
        async with acting(info.context, "phone.added", "", fresh=True) as (session, owner):
            account = await session.get_one(Account, owner.account_id, with_for_update=True)
            await lock_identity(session, proven_phone(environment.keys, phone))
            await add_phone(session, environment.clock, environment.keys, account, phone)
        return masked_phone(phone)

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Make a code that links this account with another one of the same person: type it in there, into "
        "`link`, within five minutes, both sides having signed in within five minutes. Say beside it that it is "
        "for nobody else: whoever types it in shares the account."
    )
    async def link_code(self, info: Info) -> ShownCode | None:
        environment = info.context.platform.environment
        code = await ShownCodes(environment.redis, LINKING).show(token_of(info.context).sid)
        return ShownCode(code=code, expires_in=SECONDS)

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Make a code for the officer at a service window, who proves the person with their document: "
        "identity level 4, or a plate of theirs with its vehicle licence. Good for five minutes. Say beside it that it "
        "is for the officer's eyes alone: whoever sends it to somebody at a window becomes that person."
    )
    async def window_code(self, info: Info) -> ShownCode | None:
        platform = info.context.platform
        async with platform.database.session() as session:
            code = await windows.show(platform.environment.redis, await caller(session, info.context))
        return ShownCode(code=code, expires_in=SECONDS)

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Link this account with the one that shows the code: they become one. The answer's tokens replace "
        "this session's; the other side signs in anew if its account was the one that went. In a mini-program: a "
        "browser shows the code."
    )
    async def link(self, info: Info, code: str) -> SignedIn | None:
        platform = info.context.platform
        token, environment = token_of(info.context), platform.environment
        async with platform.database.session() as session:
            if (
                await caller(session, info.context)
            ).client_id == BROWSER:  # its cookie would be of an account that went
                raise MergeRefusedError("A browser shows a code, and takes none", fix="Type its code in at the app.")
        shown = await ShownCodes(environment.redis, LINKING).take(code, token.sid)
        async with acting(info.context, "identity.linked", f"session:{shown.sid}") as (session, owner):
            kept = await join(session, environment.clock, owner, shown.sid, shown.id)
            tokens = await following(session, info.context, owner, kept)
        return signed_in(tokens)

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Give up a way in, by its id in `me`, with those by which the same host app knows the resident in "
        "other apps of one owner; the sessions that they opened end. Another one has to remain, and the resident to "
        "have signed in within five minutes."
    )
    async def unlink(self, info: Info, identity: strawberry.ID) -> bool | None:
        platform = info.context.platform
        way_in = uuid(identity, "identity")
        async with acting(info.context, "identity.unlinked", f"identity:{way_in}") as (session, owner):
            await part(session, platform.environment.clock, owner, way_in)
        return True


async def following(session: AsyncSession, context: Context, owner: Session, kept: UUID) -> Tokens:
    """Return the tokens of who asks after their account may have become the account ``kept``."""
    environment = context.platform.environment
    if kept == owner.account_id:
        return await renewed(session, environment, owner, token_of(context).fid)
    account = await session.get_one(Account, kept)
    who = SignIn(
        account_id=kept,
        identity_id=owner.identity_id,
        client_id=owner.client_id,
        channel=owner.channel,
        ial=account.ial,
        aal=owner.aal,
        amr=tuple(owner.amr),
        device=owner.device,
    )
    return await moved(session, environment, owner, who)


def uuid(given: str, name: str) -> UUID:
    """Read an argument's id. Raises ArgumentRefusedError."""
    try:
        return UUID(given)
    except ValueError:
        raise ArgumentRefusedError(f"{name} is no id", fix="Send one that the graph has given.") from None


def _texts(value: object) -> dict[str, str]:
    """Read the button's proof: texts by their names; others that it holds are left out."""
    if not isinstance(value, dict):
        raise ArgumentRefusedError("proof is no object", fix="Send what the button's event held, as it is.")
    return {str(name): each for name, each in value.items() if isinstance(each, str)}
