"""``me.securityNotices``: what was taken from the resident's ways in or added, so that every other channel shows it."""

import strawberry

from auth.policies import SIGNED_IN
from auth.residents.security_notices import security_notices
from schema.caller import caller
from schema.context import Context
from schema.scalars import DateTimeText, text

POLICIES = {"SecurityNotice": SIGNED_IN}


@strawberry.type(
    name="SecurityNotice",
    description="A way in that was taken from the account, a passkey that was added, or the account parted from "
    "another. Show what is newer than the resident's last visit, and how to get help if it was not them.",
)
class SecurityNoticeShown:
    """Never a number, nor a host app's name for the resident."""

    at: DateTimeText
    reason: str = strawberry.field(
        description="`unlinked` by the resident; `recycled`: the carrier gave the number to somebody else; "
        "`first_proof`: it was there before the person was proven; `unmerged`: nobody could tell whose it was when two "
        "accounts were parted; `parted`: an operator parted the account from another; `added`: a passkey; `cloned`: "
        "there is a copy of the passkey, as its counter went back."
    )
    provider: str = strawberry.field(description="Of the way in; empty for `parted`.")
    app: str = strawberry.field(description="The app id at a host app.")


async def shown_security_notices(context: Context) -> list[SecurityNoticeShown]:
    """Return what the resident who asks is to be told of."""
    async with context.platform.database.session() as session:
        owner = await caller(session, context)
        found = await security_notices(session, owner.account_id)
    return [
        SecurityNoticeShown(at=text(each.at), reason=each.reason, provider=each.provider, app=each.app)
        for each in found
    ]
