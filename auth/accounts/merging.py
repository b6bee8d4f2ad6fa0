"""Two accounts that turn out to be one person's become one; for thirty days ``auth.accounts.unmerging`` undoes it.

Nothing is copied: identities and pairwise subjects move, so every relying party goes on calling the person as before.
Where both accounts have a subject at the same sector, the kept account's stays in use.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import account_of, identities_of
from auth.accounts.tables import Account, AccountMerge, Identity
from auth.clients.tables import PairwiseSubject
from auth.errors import MergeRefusedError
from auth.mandates import mandates
from auth.sessions.sessions import end_all_of
from kernel.clock import Clock

UNDO_WITHIN = timedelta(days=30)


async def merge(session: AsyncSession, clock: Clock, one_id: UUID, other_id: UUID, rule: str) -> AccountMerge:
    """Merge two accounts, as ``auth.linking.may_merge`` allowed by ``rule``. Raises MergeRefusedError.

    Kept is the one that has an ID number, the better proven or the older one; sessions and mandates of the other end.
    """
    for each in sorted((one_id, other_id)):  # in one order everywhere, so that two merges never wait for one another
        await session.get(Account, each, with_for_update=True, populate_existing=True)
    pair = [await account_of(session, each) for each in (one_id, other_id)]
    kept, gone = sorted(pair, key=lambda each: (each.id_number_index is None, -each.ial, each.created_at, each.id))
    if kept.id == gone.id or gone.id_number_index is not None:
        raise MergeRefusedError(
            "These are one account already, or of two persons by their ID numbers", fix="Ask at a service counter."
        )
    identities = [each.id for each in await identities_of(session, gone.id)]
    sectors = await _free_sectors(session, kept.id, gone.id)
    row = AccountMerge(
        kept_id=kept.id,
        gone_id=gone.id,
        rule=rule,
        identities=[str(each) for each in identities],
        sectors=sectors,
        at=clock.now(),
    )
    await move(session, row, gone.id, kept.id)
    await end_all_of(session, clock, gone.id, "merged")
    await mandates.end_all_of(session, clock, gone.id)  # nobody is to act by what nobody can see and end any more
    gone.status, gone.merged_into = "merged", kept.id
    session.add_all([gone, row])
    await session.flush()
    return row


async def merge_of(session: AsyncSession, gone_id: UUID, *, lock: bool = False) -> AccountMerge | None:
    """Return the merge by which an account is part of another now."""
    query = select(AccountMerge).where(AccountMerge.gone_id == gone_id, col(AccountMerge.undone_at).is_(None))
    return (await session.exec(query.with_for_update() if lock else query)).first()


async def parts_of(session: AsyncSession, account_id: UUID) -> Sequence[UUID]:
    """Return the ids of an account and of all that have become part of it."""
    parts = select(Account.id).where(Account.id == account_id).cte("parts", recursive=True)
    merged = select(AccountMerge.gone_id).where(
        col(AccountMerge.kept_id) == parts.c.id, col(AccountMerge.undone_at).is_(None)
    )
    return (await session.exec(select(parts.union(merged).c.id))).all()


async def whole_of(session: AsyncSession, account_id: UUID) -> UUID:
    """Return the account that an account has become part of, itself if it has not."""
    while (row := await merge_of(session, account_id)) is not None:
        account_id = row.kept_id
    return account_id


def final_at(row: AccountMerge) -> datetime:
    """Return the moment from which a merge stays."""
    return row.at + UNDO_WITHIN


async def move(session: AsyncSession, row: AccountMerge, from_id: UUID, to_id: UUID) -> None:
    """Move what a merge has moved, or move it back."""
    chosen = update(Identity).where(col(Identity.id).in_([UUID(each) for each in row.identities]))
    await session.exec(chosen.values(account_id=to_id))
    subjects = update(PairwiseSubject).where(
        col(PairwiseSubject.account_id) == from_id, col(PairwiseSubject.sector).in_(row.sectors)
    )
    await session.exec(subjects.values(account_id=to_id))


async def _free_sectors(session: AsyncSession, kept_id: UUID, gone_id: UUID) -> list[str]:
    """Return the sectors that only the account knows that goes."""
    query = select(PairwiseSubject.sector, PairwiseSubject.account_id)
    rows = (await session.exec(query.where(col(PairwiseSubject.account_id).in_([kept_id, gone_id])))).all()
    taken = {sector for sector, account in rows if account == kept_id}
    return sorted(sector for sector, account in rows if account == gone_id and sector not in taken)
