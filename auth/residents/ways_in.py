"""Joining two accounts of one person, and giving up a way in; ``auth.linking`` decides, here the rows follow."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import as_ruled, detach, identities_of
from auth.accounts.merging import merge
from auth.accounts.tables import Account
from auth.errors import MergeRefusedError, UnknownIdentityError, UnlinkRefusedError
from auth.linking import Proof, Side, may_merge, may_unlink, same_union
from auth.sessions.sessions import live
from auth.sessions.tables import Session
from kernel.clock import Clock


async def join(session: AsyncSession, clock: Clock, owner: Session, other_sid: str, showing: str) -> UUID:
    """Merge the accounts of two sessions, of which one shows the other a code; return the account that is kept.

    Both residents have to have signed in within five minutes. Raises MergeRefusedError, SessionEndedError.
    """
    other = await live(session, clock, other_sid)
    decision = may_merge(await _side(session, owner, showing), await _side(session, other, showing), clock.now())
    if not decision:
        raise MergeRefusedError(decision.reason, fix="Sign in anew on both sides, then show and type a new code.")
    return (await merge(session, clock, owner.account_id, other.account_id, decision.rule)).kept_id


async def part(session: AsyncSession, clock: Clock, owner: Session, identity_id: UUID) -> None:
    """Give up a way in, and what its host knows as the same person's, with the sessions that they opened.

    Raises UnknownIdentityError, UnlinkRefusedError.
    """
    account = await session.get_one(Account, owner.account_id, with_for_update=True)
    rows = await identities_of(session, account.id)
    leaving = next((row for row in rows if row.id == identity_id), None)
    if leaving is None:
        raise UnknownIdentityError("The account has no such way in", fix="Choose one of those that `me` lists.")
    step_up = proof_of(owner, owner.sid)
    decision = may_unlink(as_ruled(leaving), map(as_ruled, rows), clock.now(), ial=account.ial, step_up=step_up)
    if not decision:
        raise UnlinkRefusedError(decision.reason, fix=_MENDED.get(decision.rule, "Sign in again, then try anew."))
    for row in rows:
        if row is leaving or same_union(as_ruled(row), as_ruled(leaving)):
            await detach(session, clock, row, "unlinked")


def proof_of(owner: Session, transaction: str) -> Proof:
    """Return what a session has proven, when it last did."""
    return Proof(owner.account_id, transaction, owner.auth_time, tuple(owner.amr))


_MENDED = {
    "unlink.last-way-in": "Add another way in first.",
    "unlink.second-factor": "Have a face check made first.",
}


async def _side(session: AsyncSession, owner: Session, transaction: str) -> Side:
    account = await session.get_one(Account, owner.account_id)
    proof = proof_of(owner, transaction)
    return Side(account_id=account.id, ial=account.ial, id_index=account.id_number_index, proof=proof)
