"""``openPage``: a department's web page in a mini-program's web view, with its resident signed in already."""

from typing import Annotated

import strawberry

from auth.policies import SIGNED_IN
from auth.provider.tickets import issue_ticket
from auth.residents.attempts import Limit, attempt
from schema.caller import caller, token_of
from schema.context import Info
from schema.scalars import line

POLICIES = {"Mutation.openPage": SIGNED_IN}

_OPEN = Limit("page tickets", 5, 60)  # tickets of one session that may wait at once


@strawberry.type
class PageMutations:
    """The field's resolver."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="The address to open in a web view. It works once, within a minute, and only for this page's site; "
        "there the resident is signed in without seeing a login page."
    )
    async def open_page(
        self,
        info: Info,
        client: Annotated[str, strawberry.argument(description="The id of the department's site.")],
        target: Annotated[str, strawberry.argument(description="The page, if it is not the site's first.")] = "",
    ) -> str | None:
        platform = info.context.platform
        await attempt(platform.environment.redis, _OPEN, token_of(info.context).sid)
        async with platform.database.session() as session:
            owner = await caller(session, info.context)
            ticket = await issue_ticket(session, platform.environment, owner, line(client, "client"), target)
        return f"{platform.environment.issuer}/sso/t?ticket={ticket}"
