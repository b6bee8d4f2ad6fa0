"""``signInToConfirm`` and ``confirmSignIn``: a resident's phone signs them in on another screen."""

from datetime import timedelta

import strawberry

from auth.clients.tables import Client
from auth.errors import AuthenticationTooOldError
from auth.policies import SIGNED_IN
from auth.provider.app_approvals import AppApprovals
from auth.residents.attempts import Limit, attempt
from schema.caller import acting, token_of
from schema.context import Info
from schema.texts import LocalizedText

POLICIES = {
    "SignInToConfirm": SIGNED_IN,
    "Query.signInToConfirm": SIGNED_IN,
    "Mutation.confirmSignIn": SIGNED_IN,
}

_TRIES = Limit("sign-in code", 10, 300)


@strawberry.type(description="A browser that shows a code and waits.")
class SignInToConfirm:
    """What a resident should read before they confirm."""

    site: LocalizedText = strawberry.field(description="Where it would be signed in.")
    browser: str = strawberry.field(description="What the browser calls itself.")


@strawberry.type
class OtherScreenQueries:
    """The part of ``Query`` that this file is for."""

    @strawberry.field(description="What the code on another screen is about: show it before confirming.")  # type: ignore[untyped-decorator]  # strawberry's
    async def sign_in_to_confirm(self, info: Info, code: str) -> SignInToConfirm | None:
        platform = info.context.platform
        await attempt(platform.environment.redis, _TRIES, token_of(info.context).sid)
        asking = await AppApprovals(platform.environment.redis).look(code)
        async with platform.database.session() as session:
            client = await session.get_one(Client, asking.client_id)
        return SignInToConfirm(site=LocalizedText(zh=client.name_zh, en=client.name_en), browser=asking.browser)


@strawberry.type
class OtherScreenMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Sign the browser that shows this code in as this resident, who has signed in within five minutes, "
        "and since the site asked if it wants that. It is signed out with this session."
    )
    async def confirm_sign_in(self, info: Info, code: str) -> bool | None:
        redis = info.context.platform.environment.redis
        await attempt(redis, _TRIES, token_of(info.context).sid)
        approvals = AppApprovals(redis)
        asking = await approvals.look(code)
        async with acting(info.context, "sign_in.confirmed", f"client:{asking.client_id}", fresh=True) as (_, owner):
            if owner.auth_time.timestamp() < asking.since:
                age = info.context.platform.environment.clock.now().timestamp() - asking.since
                raise AuthenticationTooOldError(
                    "The site wants the resident to have signed in since it asked",
                    within=timedelta(seconds=age),
                    fix="Have the resident sign in again, and confirm with the new access token.",
                )
            await approvals.confirm(code, owner.sid)
        return True
