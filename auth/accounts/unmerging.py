"""Two accounts that were merged and are not one person's are parted again.

What nobody can tell to be the one's or the other's goes to neither where it gives power: a way in that was added since
the merge lets nobody in any more, and what was agreed to since ends. Names at departments, ended sessions and the
ledger of consents stay where they are.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import detach, kinds_of, lock_identity
from auth.accounts.merging import UNDO_WITHIN, final_at, merge_of, move
from auth.accounts.tables import Account, AccountMerge, Identity
from auth.clients.grants import grants_of
from auth.clients.grants import withdraw as withdraw_grants
from auth.clients.pairwise import FIRST_PARTY
from auth.clients.tables import PairwiseSubject
from auth.consents.ledger import withdraw_since
from auth.errors import MergeFinalError
from auth.mandates import mandates
from auth.sessions.sessions import end_all_of
from kernel.clock import Clock


class Parted(Struct, frozen=True):
    """An undone merge, the ways in that were unlinked, and the sectors that know both by the kept account's name."""

    merge: AccountMerge
    unlinked: Sequence[Identity]
    shared: Sequence[str]


async def undo(session: AsyncSession, clock: Clock, gone_id: UUID, *, unlink_new: bool = False) -> Parted:
    """Part an account from the one that it was merged into. Raises MergeFinalError.

    What moved goes back, and with it what a host's union id says is the same person's. Other ways in that were added
    since have to be unlinked first, or are by ``unlink_new``. Everybody is signed out of both.
    """
    row = await _undoable(session, clock, gone_id)
    kept, gone = await _locked(session, row)
    standing = await _other_merges(session, row)
    theirs, unclear = await _added(session, row, standing)
    if unclear and not unlink_new:
        raise MergeFinalError(
            f"Ways in were added to {kept.id} since the merge, and nothing tells whose: {kinds_of(unclear)}",
            fix="Have the resident unlink them, or add --unlink-new: then their owner adds them again.",
        )
    for each in unclear:
        await detach(session, clock, each, "unmerged")
    await end_all_of(session, clock, kept.id, "unmerged")
    await _end_agreements(session, clock, kept.id, row.at)
    gone.status, gone.merged_into = "active", None
    row.identities = [*row.identities, *(str(each.id) for each in theirs)]
    row.undone_at = clock.now()
    session.add_all([gone, row])
    await move(session, row, kept.id, gone.id)
    await session.flush()
    return Parted(row, unclear, await _shared_sectors(session, row, standing))


async def _undoable(session: AsyncSession, clock: Clock, gone_id: UUID) -> AccountMerge:
    """Return the merge of an account, locked."""
    row = await merge_of(session, gone_id, lock=True)
    if row is None:
        raise MergeFinalError(f"The account {gone_id} is part of no other", fix="Name the account that was merged.")
    if clock.now() >= final_at(row):
        raise MergeFinalError(
            f"The merge of {gone_id} has been final since {final_at(row):%Y-%m-%d %H:%M} UTC",
            fix=f"Within {UNDO_WITHIN.days} days it can; now the resident gives up what is not theirs.",
        )
    return row


async def _locked(session: AsyncSession, row: AccountMerge) -> tuple[Account, Account]:
    """Return both accounts, the kept one first, with their rows and all that could move locked."""
    moving = select(Identity).where(
        or_(
            col(Identity.id).in_([UUID(each) for each in row.identities]),
            (col(Identity.account_id) == row.kept_id) & (col(Identity.created_at) > row.at),
        )
    )
    for identity in (await session.exec(moving.order_by(col(Identity.id)))).all():
        await lock_identity(session, identity)  # whoever is signing in by it is in the one account or the other
    for each in sorted((row.kept_id, row.gone_id)):
        await session.get(Account, each, with_for_update=True, populate_existing=True)
    kept, gone = [await session.get_one(Account, each) for each in (row.kept_id, row.gone_id)]
    if kept.status != "active":
        raise MergeFinalError(
            f"The account {kept.id}, which was kept, is {kept.status}",
            fix="Thaw it, or undo its own merge, first; one that was erased is gone with all that it had.",
        )
    if kept.proofed_at is not None and kept.proofed_at > row.at:
        raise MergeFinalError(
            f"The account {kept.id}, which was kept, was proven after the merge, on {kept.proofed_at:%Y-%m-%d}",
            fix="It is that person's now: they unlink what is not theirs, and whose it is signs in to a new account.",
        )
    return kept, gone


async def _other_merges(session: AsyncSession, row: AccountMerge) -> Sequence[AccountMerge]:
    """Return the other merges into the kept account that stand."""
    query = select(AccountMerge).where(AccountMerge.kept_id == row.kept_id, AccountMerge.id != row.id)
    return (await session.exec(query.where(col(AccountMerge.undone_at).is_(None)))).all()


async def _added(
    session: AsyncSession, row: AccountMerge, standing: Collection[AccountMerge]
) -> tuple[list[Identity], list[Identity]]:
    """Return the ways in that the kept account got since: those that are surely the gone one's, and the unclear."""
    query = select(Identity).where(Identity.account_id == row.kept_id, col(Identity.revoked_at).is_(None))
    rows = (await session.exec(query.order_by(col(Identity.created_at)))).all()
    moved = set(row.identities)
    elsewhere = {each for merge in standing for each in merge.identities}
    added = [
        each
        for each in rows
        if each.created_at > row.at and str(each.id) not in moved and str(each.id) not in elsewhere
    ]
    gone_unions = {_union(each) for each in rows if str(each.id) in moved} - {None}
    kept_unions = {_union(each) for each in rows if str(each.id) not in moved and each not in added} - {None}
    theirs = [each for each in added if _union(each) in gone_unions - kept_unions]
    ours = [each for each in added if _union(each) in kept_unions - gone_unions]
    return theirs, [each for each in added if each not in theirs and each not in ours]


def _union(identity: Identity) -> tuple[str, str, str] | None:
    """Return by what a host knows the person in all apps of one owner."""
    if not identity.union_subject:
        return None
    return identity.provider, identity.union_tenant, identity.union_subject


async def _end_agreements(session: AsyncSession, clock: Clock, kept_id: UUID, since: datetime) -> None:
    """End what somebody agreed to in the kept account since the merge: it may not have been its own person."""
    await withdraw_since(session, clock, kept_id, since)
    for client in {each.client_id for each in await grants_of(session, kept_id) if each.agreed_at > since}:
        await withdraw_grants(session, clock, kept_id, client)
    await mandates.end_all_of(session, clock, kept_id, since=since)


async def _shared_sectors(
    session: AsyncSession, row: AccountMerge, standing: Collection[AccountMerge]
) -> Sequence[str]:
    """Return the sectors that first met either since the merge."""
    query = select(PairwiseSubject.sector).where(
        PairwiseSubject.account_id == row.kept_id, col(PairwiseSubject.created_at) > row.at
    )
    known = {FIRST_PARTY, *(each for merge in standing for each in merge.sectors)}
    return sorted(set((await session.exec(query)).all()) - known)
