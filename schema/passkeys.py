"""Passkeys as their owner sees them, among ``me.identities``; the sign-in page ``/passkeys`` adds them."""

from uuid import UUID

import strawberry
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.passkeys import label_of, passkeys_of
from auth.policies import SIGNED_IN
from schema.context import Context

POLICIES = {"Passkey": SIGNED_IN}


@strawberry.type(name="Passkey", description="A passkey. It is added in a browser, at the sign-in page's `/passkeys`.")
class PasskeyShown:
    """A passkey, and never its key or id."""

    label: str = strawberry.field(description="What its owner calls it.")
    device_bound: bool = strawberry.field(description="Whether it stays on its device, as L4 asks for.")
    backed_up: bool = strawberry.field(description="Whether there is a copy elsewhere, such as in a cloud.")


async def shown_passkeys(session: AsyncSession, context: Context, account_id: UUID) -> dict[UUID, PasskeyShown]:
    """Return an account's by the ids of their ways in."""
    cipher = context.platform.environment.keys.cipher
    return {
        each.identity.id: PasskeyShown(
            label=label_of(cipher, each),
            device_bound=not each.passkey.backup_eligible,
            backed_up=each.passkey.backed_up,
        )
        for each in await passkeys_of(session, account_id)
    }
