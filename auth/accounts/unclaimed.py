"""Accounts of people who are named in a mandate and need not be here: a child, a parent.

Where somebody has none, one waits for them. Nobody can sign in to it; it becomes part of its person's own once they
show their face (``auth.accounts.proofing``).
"""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import account_of, was_used
from auth.accounts.proofing import Evidence, give_way, has_name, holder_of, lock_number
from auth.accounts.tables import LIVE, Account
from auth.assurance import ial_of
from auth.errors import IdNumberClaimedError, NoMatchError
from auth.linking import PROVEN_ID, REAL_PERSON
from kernel.clock import Clock
from kernel.crypto.blind_index import normal_id_number
from kernel.crypto.keys import Keys
from kernel.ids import uuid7


def by_register(name: str, id_number: str) -> Evidence:
    """Return evidence of somebody whom a register has just confirmed."""
    return Evidence(name, id_number, "platform", ial_of("platform", "population-register"))


def by_document(name: str, id_number: str) -> Evidence:
    """Return what an operator has read off a document: compared with no register, and nobody's face with it."""
    return Evidence(name, id_number, "window", ial_of("platform", "self-asserted"))


async def account_named(session: AsyncSession, clock: Clock, keys: Keys, evidence: Evidence) -> Account:
    """Return the account of whom a register confirmed, or an operator read off a document; else a new, waiting one.

    An account that somebody uses, and whose person was never compared with a document, may be its person's or that of
    a stranger who typed name and number: which one, the evidence does not say, so neither is chosen. Raises
    IdNumberClaimedError, NoMatchError, AccountClosedError.
    """
    await lock_number(session, keys, evidence.id_number)
    await _add(session, clock, keys, evidence)
    holder = await _holder(session, clock, keys, evidence)
    if holder is None:  # a mistyped one gave way
        return await account_named(session, clock, keys, evidence)
    if await _only_claims(session, holder):
        raise IdNumberClaimedError(
            "Somebody uses this ID number whose face was never compared with their ID card",
            fix="Have the person make a face check, if it is they; else take a document to a service counter.",
        )
    return await account_of(session, holder.id, "share")


async def take_number(session: AsyncSession, clock: Clock, keys: Keys, evidence: Evidence) -> UUID | None:
    """Take the ID number from an account that only claims it; return which one that was. Raises NoMatchError."""
    await lock_number(session, keys, evidence.id_number)
    holder = await _holder(session, clock, keys, evidence)
    if holder is None or not await _only_claims(session, holder):
        return None
    await give_way(session, clock, holder)
    return holder.id


async def _holder(session: AsyncSession, clock: Clock, keys: Keys, evidence: Evidence) -> Account | None:
    holder = await holder_of(session, clock, keys, evidence)
    if holder is not None and evidence.ial < PROVEN_ID and not has_name(keys, holder, evidence.name):
        raise NoMatchError("Name and ID number do not belong together", fix="Compare both with the document.")
    return holder


async def _only_claims(session: AsyncSession, holder: Account) -> bool:
    return holder.ial < REAL_PERSON and await was_used(session, holder)


async def _add(session: AsyncSession, clock: Clock, keys: Keys, evidence: Evidence) -> None:
    """Make a waiting account, unless somebody has the number."""
    id_, number = uuid7(), normal_id_number(evidence.id_number)
    made = insert(Account).values(
        id=id_,
        status="active",
        ial=evidence.ial,
        proof_source=evidence.source,
        proofed_at=clock.now(),
        name=keys.cipher.seal("account.name", id_, evidence.name.strip()),
        id_number=keys.cipher.seal("account.id_number", id_, number),
        id_number_index=keys.index.index("account.id_number", number),
        created_at=clock.now(),
    )
    await session.exec(made.on_conflict_do_nothing(index_elements=["id_number_index"], index_where=LIVE))
