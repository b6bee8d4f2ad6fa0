"""Accounts: found by a proven identity or made anew, frozen, thawed.

Which identity means which person is decided by ``auth.linking``; this is where the decision meets the rows.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct
from sqlalchemy import delete, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth import linking
from auth.accounts.tables import Account, Identity, Passkey, Provider
from auth.errors import AccountClosedError, UnknownAccountError
from auth.linking import find_account
from auth.sessions.sessions import end, end_all_of
from auth.sessions.tables import EndReason, Session
from kernel.clock import Clock
from kernel.crypto.keys import Keys


class Proven(Struct, frozen=True, kw_only=True):
    """An identity that its provider has just vouched for; see ``Identity`` for the words."""

    provider: Provider
    tenant: str
    subject: str
    union_tenant: str = ""
    union_subject: str = ""


async def sign_in(session: AsyncSession, clock: Clock, proven: Proven) -> tuple[Account, Identity]:
    """Return the account of an identity, as ``auth.linking.find_account`` decides, or a new L1 one.

    Raises AccountClosedError. Two sign-ins of the same person at the same time find the same account.
    """
    await lock_identity(session, proven)
    account, identity = await known_by(session, proven)
    if account is None:
        account = Account(created_at=clock.now())
        session.add(account)
        await session.flush()
    if identity is None:
        identity = attach(session, clock, account, proven)
    _vouched(identity, proven, clock)
    session.add(identity)
    await session.flush()
    return account, identity


async def lock_identity(session: AsyncSession, proven: Proven | Identity) -> None:
    """Let no other transaction look for the same person until this one ends."""
    names = {f"{proven.provider}\0{proven.tenant}\0{proven.subject}"}
    if proven.union_subject:
        names.add(f"{proven.provider}\0{proven.union_tenant}\0{proven.union_subject}\0union")
    for name in sorted(names):
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        await session.exec(select(func.pg_advisory_xact_lock(number)))


async def known_by(session: AsyncSession, proven: Proven) -> tuple[Account | None, Identity | None]:
    """Return the account that an identity opens, locked for ``share``, and the identity unless it is new there.

    Whoever changed the account until now may have taken the identity from it, so what led there is looked up again.
    Raises AccountClosedError.
    """
    leads_to, identity = await _looked_up(session, proven)
    while leads_to is not None:
        account, before = await account_of(session, leads_to, "share"), leads_to
        leads_to, identity = await _looked_up(session, proven)
        if leads_to == before:
            return account, identity
    return None, None


async def find_identity(session: AsyncSession, proven: Proven) -> Identity | None:
    """Return the unrevoked identity of exactly this subject."""
    query = select(Identity).where(
        Identity.provider == proven.provider,
        Identity.tenant == proven.tenant,
        Identity.subject == proven.subject,
        col(Identity.revoked_at).is_(None),
    )
    return (await session.exec(query.execution_options(populate_existing=True))).first()


def attach(session: AsyncSession, clock: Clock, account: Account, proven: Proven) -> Identity:
    """Give an account one more identity."""
    now = clock.now()
    identity = Identity(
        account_id=account.id,
        provider=proven.provider,
        tenant=proven.tenant,
        subject=proven.subject,
        verified_at=now,
        last_used_at=now,
        created_at=now,
    )
    session.add(identity)
    return identity


async def detach(session: AsyncSession, clock: Clock, identity: Identity, reason: EndReason) -> None:
    """Let an identity open its account no more, and end the sessions that it opened or raised."""
    identity.revoked_at, identity.revoke_reason, identity.value = clock.now(), reason, None
    session.add(identity)
    await session.exec(delete(Passkey).where(col(Passkey.identity_id) == identity.id))
    await session.flush()
    theirs = col(Session.account_id) == identity.account_id
    raised = theirs & col(Session.step_ups).contains([str(identity.id)])
    used = select(Session.sid).where(or_(col(Session.identity_id) == identity.id, raised))
    await end(session, clock, (await session.exec(used)).all(), reason)


async def account_of(session: AsyncSession, account_id: UUID, lock: Literal["no", "share", "change"] = "no") -> Account:
    """Return an open account, or the one it was merged into. Raises UnknownAccountError, AccountClosedError.

    Who signs somebody in locks it for ``share``: then it cannot be closed meanwhile, and whoever closes it afterwards
    finds the session. Who changes it locks it for ``change``.
    """
    locks: Mapping[str, Any] = {"no": None, "share": {"read": True}, "change": True}
    options = {"with_for_update": locks[lock], "populate_existing": lock != "no"}
    account = await session.get(Account, account_id, **options)
    while account is not None and account.merged_into is not None:
        account = await session.get(Account, account.merged_into, **options)
    if account is None:
        raise UnknownAccountError("There is no such account", fix="Sign in again.")
    if account.status != "active":
        raise AccountClosedError(f"The account is {account.status}", fix="Ask at a service counter.")
    return account


async def identities_of(session: AsyncSession, account_id: UUID) -> Sequence[Identity]:
    """Return an account's unrevoked identities, the oldest first."""
    query = select(Identity).where(Identity.account_id == account_id, col(Identity.revoked_at).is_(None))
    return (await session.exec(query.order_by(col(Identity.created_at)))).all()


async def was_used(session: AsyncSession, account: Account) -> bool:
    """Whether anybody ever had a way in; who was only named in a mandate had none."""
    query = select(Identity.id).where(Identity.account_id == account.id).limit(1)
    return (await session.exec(query)).first() is not None


def kinds_of(identities: Iterable[Identity]) -> str:
    """Name and count the kinds of some ways in, as an operator may see them."""
    kinds = Counter(each.provider for each in identities)
    return ", ".join(f"{kind} ({count})" for kind, count in sorted(kinds.items())) or "nothing"


def born_of(keys: Keys, account: Account) -> date | None:
    """Return the day of birth that an account's ID number says (GB 11643: its 7th to 14th digit)."""
    if account.id_number is None:
        return None
    return date.fromisoformat(keys.cipher.open("account.id_number", account.id, account.id_number)[6:14])


async def freeze(session: AsyncSession, clock: Clock, account_id: UUID) -> None:
    """Close an account until it is thawed; everybody is signed out of it at once."""
    account = await account_of(session, account_id, "change")
    account.status = "frozen"
    session.add(account)
    await end_all_of(session, clock, account.id, "frozen")


async def thaw(session: AsyncSession, account_id: UUID) -> None:
    """Open a frozen account again. Raises UnknownAccountError if it is not frozen."""
    account = await session.get(Account, account_id, with_for_update=True, populate_existing=True)
    if account is None or account.status != "frozen":
        raise UnknownAccountError("There is no such frozen account", fix="Look up its state first.")
    account.status = "active"
    session.add(account)
    await session.flush()


async def _looked_up(session: AsyncSession, proven: Proven) -> tuple[UUID | None, Identity | None]:
    identity = await find_identity(session, proven)
    known = [as_ruled(each) for each in (identity, *await _relatives(session, proven)) if each]
    return find_account(as_ruled(proven), known).account_id, identity


async def _relatives(session: AsyncSession, proven: Proven) -> Sequence[Identity]:
    """Return the identities that the host knows as the same person in other apps of one owner."""
    if not proven.union_subject:
        return ()
    query = select(Identity).where(
        Identity.provider == proven.provider,
        Identity.union_tenant == proven.union_tenant,
        Identity.union_subject == proven.union_subject,
        col(Identity.revoked_at).is_(None),
    )
    return (await session.exec(query.execution_options(populate_existing=True))).all()


def as_ruled(identity: Proven | Identity) -> linking.Identity:
    """Return an identity as ``auth.linking`` judges it; one that is only proven is nobody's yet."""
    stored = identity if isinstance(identity, Identity) else None
    return linking.Identity(
        provider=identity.provider,
        tenant=identity.tenant,
        subject=identity.subject,
        union_tenant=identity.union_tenant,
        union_subject=identity.union_subject,
        account_id=stored.account_id if stored else None,
        verified_at=stored.verified_at if stored else None,
    )


def _vouched(identity: Identity, proven: Proven, clock: Clock) -> None:
    identity.last_used_at = identity.verified_at = clock.now()
    if proven.union_subject:  # a host that says none today takes nothing back
        identity.union_tenant, identity.union_subject = proven.union_tenant, proven.union_subject
