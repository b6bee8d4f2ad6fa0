"""Proving who an account's person is, and what follows from it for this account and for others.

The proof itself is somebody else's: the register that matched name and ID number, the service that compared a face.
"""

import re
import unicodedata
from uuid import UUID

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import account_of, identities_of, was_used
from auth.accounts.merging import merge
from auth.accounts.tables import Account
from auth.errors import IdNumberTakenError
from auth.linking import PROVEN_ID, REAL_PERSON, Side, may_merge, may_stay
from auth.mandates import mandates
from auth.sessions.sessions import end, end_all_of
from auth.sessions.tables import Session
from kernel.clock import Clock
from kernel.crypto.blind_index import normal_id_number
from kernel.crypto.keys import Keys
from kernel.database import lock_named


class Evidence(Struct, frozen=True):
    """A person's name and ID number as ``source`` has proven them, worth ``ial`` (``auth.assurance.ial_of``)."""

    name: str
    id_number: str
    source: str
    ial: int

    def __repr__(self) -> str:
        return f"Evidence(…, {self.source}, {self.ial})"


async def prove(session: AsyncSession, clock: Clock, keys: Keys, owner: Session, evidence: Evidence) -> Account:
    """Take over evidence for the account that is signed in by ``owner``; return the account that it is now.

    Whoever has the same ID number with as strong a proof is the same person: the accounts become one. A weaker claim
    to it gives way to a real person's. Raises IdNumberTakenError if this proof is too weak to tell.
    """
    number = normal_id_number(evidence.id_number)
    index = keys.index.index("account.id_number", number)
    await lock_number(session, keys, number)  # before the account, which whoever has the number already may wait for
    account = await account_of(session, owner.account_id, "change")
    holder = await holder_of(session, clock, keys, evidence)
    if holder is not None and holder.id != account.id:
        decision = may_merge(
            Side(account_id=holder.id, ial=holder.ial, id_index=index, used=await was_used(session, holder)),
            Side(account_id=account.id, ial=max(account.ial, evidence.ial), id_index=index),
            clock.now(),
        )
        if evidence.ial < REAL_PERSON or holder.status == "frozen":
            raise IdNumberTakenError("A stronger proof is needed", fix="Have your face compared with your ID card.")
        if decision:
            await _first_proof(session, clock, account, evidence, owner)
            done = await merge(session, clock, holder.id, account.id, decision.rule)
            account = await session.get_one(Account, done.kept_id)
        else:
            await give_way(session, clock, holder)
    if account.id_number_index not in (None, index):
        raise IdNumberTakenError("The account is another person's", fix="Sign in with an account of your own.")
    await _first_proof(session, clock, account, evidence, owner)
    if evidence.ial > account.ial:  # the same proof again changes nothing: ``proofed_at`` tells an undone merge by it
        account.ial, account.proof_source, account.proofed_at = evidence.ial, evidence.source, clock.now()
    account.name = keys.cipher.seal("account.name", account.id, evidence.name.strip())
    account.id_number = keys.cipher.seal("account.id_number", account.id, number)
    account.id_number_index = index
    owner.ial = max(owner.ial, account.ial)
    session.add_all([account, owner])
    await session.flush()
    return account


async def lock_number(session: AsyncSession, keys: Keys, id_number: str) -> None:
    """Let no other transaction look for the account of an ID number, to give it to one, until this one ends."""
    index = keys.index.index("account.id_number", normal_id_number(id_number))
    await lock_named(session, f"id number {index.hex()}")


async def holder_of(session: AsyncSession, clock: Clock, keys: Keys, evidence: Evidence) -> Account | None:
    """Return the account that has the evidence's ID number, its row locked.

    One that waits for its person under another name than the register matched was mistyped: it gives way.
    """
    index = keys.index.index("account.id_number", normal_id_number(evidence.id_number))
    query = select(Account).where(Account.id_number_index == index, col(Account.status).in_(("active", "frozen")))
    holder = (await session.exec(query.with_for_update())).first()
    if holder is None or holder.status == "frozen" or evidence.ial < PROVEN_ID:
        return holder
    if has_name(keys, holder, evidence.name) or await was_used(session, holder):
        return holder
    await give_way(session, clock, holder)
    return None


def has_name(keys: Keys, account: Account, name: str) -> bool:
    """Whether an account is under a name, however its dots and spaces are written."""
    if account.name is None:
        return False
    return _letters(keys.cipher.open("account.name", account.id, account.name)) == _letters(name)


async def give_way(session: AsyncSession, clock: Clock, holder: Account) -> None:
    """Take an ID number from an account that never showed a face for it; its person may prove it and merge."""
    holder.ial, holder.proof_source, holder.proofed_at = 1, "", None
    holder.name = holder.id_number = holder.id_number_index = None
    session.add(holder)
    await session.flush()
    await end_all_of(session, clock, holder.id, "claimed")
    await mandates.end_all_of(session, clock, holder.id)  # also what was given for the number's owner


async def _first_proof(
    session: AsyncSession, clock: Clock, account: Account, evidence: Evidence, owner: Session
) -> None:
    """End what was there before the person was known: anybody may have made the account (pre-hijacking)."""
    kept = {owner.identity_id, *map(UUID, owner.step_ups)}
    for identity in await identities_of(session, account.id):
        used = identity.id in kept
        if not may_stay(ial_before=account.ial, ial_after=evidence.ial, used_in_proof=used):
            identity.revoked_at, identity.revoke_reason = clock.now(), "first_proof"
            session.add(identity)
    if not may_stay(ial_before=account.ial, ial_after=evidence.ial, used_in_proof=False):
        family = {owner.sid, owner.parent_sid}
        query = select(Session.sid).where(Session.account_id == account.id)
        await end(session, clock, [s for s in (await session.exec(query)).all() if s not in family], "first_proof")


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", name)).casefold()
