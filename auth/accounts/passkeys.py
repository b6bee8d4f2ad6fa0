"""Passkeys as an account's ways in: which it has, what each is worth, one more, and the account that one opens.

Whether a passkey's signature holds is decided before (``auth.webauthn``).
"""

from collections.abc import Collection
from uuid import UUID

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import Proven, account_of, attach, find_identity, lock_identity
from auth.accounts.tables import Account, Identity, Passkey
from auth.assurance import Aal, Level, aal_of, level_of, satisfies
from auth.decisions import Decision, allow, refuse
from auth.errors import PasskeyRefusedError
from auth.linking import REAL_PERSON
from auth.webauthn import Made, Shown
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.crypto.keys import Keys

MOST = 10
"""Passkeys of one account; more is nobody's devices."""

_MOST_LABEL_CHARACTERS = 40


class Held(Struct, frozen=True):
    """A passkey of an account: the way in, and what verifies it."""

    identity: Identity
    passkey: Passkey


def methods_of(passkey: Passkey) -> tuple[str, ...]:
    """Return what a sign-in by a passkey has shown (``amr``, RFC 8176): the key, its owner's presence, two factors."""
    return ("swk" if passkey.backup_eligible else "hwk", "user", "mfa")


def handle_of(keys: Keys, account_id: UUID) -> bytes:
    """Return by what authenticators know an account: it says nothing, and is the same for all of its passkeys."""
    return keys.index.index("passkey.user_handle", str(account_id))


def demanded(account: Account, held: Collection[Held]) -> Aal:
    """Return what a sign-in has to be worth to add a passkey: the most that is there (NIST SP 800-63B-4 4.1.2.1).

    Else who has the weakest way in would make one that outranks all others, such as who was given a cancelled number.
    """
    proven: Aal = 2 if account.ial >= REAL_PERSON else 1  # whose face was compared can show it again
    return max([proven, *(aal_of(methods_of(each.passkey)) for each in held)])


async def keys_for(session: AsyncSession, account: Account, level: Level | None, aal: int) -> list[Held]:
    """Return the passkeys of an account of which each brings its session to a level and an ``aal``."""
    return [
        each
        for each in await passkeys_of(session, account.id)
        if (worth := aal_of(methods_of(each.passkey))) >= aal
        and (level is None or satisfies(level_of(account.ial, worth), level))
    ]


def may_add(account: Account, held: Collection[Held], *, aal: int, fresh: bool, chained: bool) -> Decision:
    """Judge whether a session may add a passkey: its ``aal``, if ``fresh``, and if ``chained`` to an app's session."""
    if chained:  # whoever sent the link, or had the code typed in, would own a way in to the account for good
        return refuse("passkey.chained", "An app has signed this browser in: sign in here itself.")
    if aal < demanded(account, held):
        return refuse("passkey.step-up", "The account has a stronger way in: show that one first.")
    if not fresh:
        return refuse("passkey.stale", "This was not proven within the last five minutes.")
    if len(held) >= MOST:
        return refuse("passkey.too-many", f"There are {MOST} passkeys already: remove one first.")
    return allow("passkey.proven", "Freshly proven, by the strongest that there is.")


async def passkeys_of(session: AsyncSession, account_id: UUID) -> list[Held]:
    """Return an account's passkeys, the oldest first."""
    query = select(Identity, Passkey).where(Identity.account_id == account_id, col(Identity.revoked_at).is_(None))
    joined = query.where(Passkey.identity_id == Identity.id).order_by(col(Identity.created_at))
    return [Held(*row) for row in (await session.exec(joined)).all()]


async def passkey_of(session: AsyncSession, party_id: str, credential_id: str) -> Held | None:
    """Return a passkey by its id."""
    query = select(Identity, Passkey).where(
        Identity.provider == "passkey",
        Identity.tenant == party_id,
        Identity.subject == credential_id,
        col(Identity.revoked_at).is_(None),
        Passkey.identity_id == Identity.id,
    )
    row = (await session.exec(query)).first()
    return Held(*row) if row else None


async def locked(session: AsyncSession, held: Held) -> tuple[Account, Held | None]:
    """Return the account that a passkey opens, and the passkey as it is now, if it still is: both rows locked.

    Its counter is judged and written in one transaction. Raises AccountClosedError.
    """
    account = await account_of(session, held.identity.account_id, "share")
    query = select(Passkey).where(Passkey.identity_id == held.identity.id).with_for_update()
    row = (await session.exec(query.execution_options(populate_existing=True))).first()
    await session.refresh(held.identity)
    there = row is not None and held.identity.revoked_at is None and held.identity.account_id == account.id
    return account, Held(held.identity, row) if row is not None and there else None


async def add_passkey(
    session: AsyncSession, clock: Clock, keys: Keys, account: Account, *, made: Made, label: str
) -> Held:
    """Give an account a passkey. Raises PasskeyRefusedError if anybody has it already."""
    proven = Proven(provider="passkey", tenant=made.party_id, subject=made.id)
    await lock_identity(session, proven)
    if await find_identity(session, proven) is not None:
        raise PasskeyRefusedError("This passkey is in use already", fix="Make another one.")
    identity = attach(session, clock, account, proven)
    passkey = Passkey(
        identity_id=identity.id,
        public_key=made.public_key,
        user_handle=handle_of(keys, account.id),
        sign_count=made.sign_count,
        aaguid=made.aaguid,
        backup_eligible=made.backup_eligible,
        backed_up=made.backed_up,
        label=keys.cipher.seal("passkey.label", identity.id, label.strip()[:_MOST_LABEL_CHARACTERS]),
    )
    await session.flush()  # the identity first, which the passkey's row refers to
    session.add(passkey)
    await session.flush()
    return Held(identity, passkey)


async def used(session: AsyncSession, clock: Clock, held: Held, shown: Shown) -> None:
    """Note that a passkey has signed."""
    held.identity.last_used_at = held.identity.verified_at = clock.now()
    held.passkey.sign_count, held.passkey.backed_up = shown.sign_count, shown.backed_up
    session.add_all([held.identity, held.passkey])
    await session.flush()


def label_of(cipher: FieldCipher, held: Held) -> str:
    """Return what its owner calls a passkey."""
    return cipher.open("passkey.label", held.identity.id, held.passkey.label)
