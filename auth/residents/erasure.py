"""Erasing an account (PIPL article 47): what says who the person is goes, what others rely on stays without a name.

Kept are the account's row, its pairwise subjects, so that nobody ever gets one of them anew, the consent ledger and
ended sessions, which the law has kept for a while; none of them says who it was.
"""

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from auth.accounts.tables import Account, Identity, Passkey
from auth.assurance import aal_of
from auth.clients.grants import grants_of
from auth.clients.grants import withdraw as withdraw_grants
from auth.consents.ledger import Between, history, standing, withdraw
from auth.decisions import Decision, allow, refuse
from auth.linking import PROOF_FRESH_FOR, REAL_PERSON
from auth.mandates import mandates
from auth.provider.environment import Environment
from auth.residents.app_sessions import fresh
from auth.sessions.sessions import end_all_of
from auth.sessions.tables import Session
from kernel.clock import Clock


def may_erase(owner: Session, environment: Environment, *, ial: int) -> Decision:
    """Judge whether the one who asks is surely the person: fresh, and with a second factor once they are proven."""
    if not fresh(owner, environment, PROOF_FRESH_FOR):
        return refuse("erase.step-up", "This was not proven within the last five minutes.")
    if ial >= REAL_PERSON and aal_of(owner.amr) < 2:
        return refuse("erase.second-factor", "An account whose person is proven is erased with a second factor only.")
    return allow("erase.proven", "Freshly proven.")


async def erase(session: AsyncSession, clock: Clock, account: Account) -> None:
    """Erase an account whose row is locked, and what is left of those that became part of it.

    Signing in again makes a new one.
    """
    parts = await parts_of(session, account.id)
    query = select(Identity).where(col(Identity.account_id).in_(parts))
    for identity in (await session.exec(query)).all():
        identity.revoked_at = identity.revoked_at or clock.now()
        identity.revoke_reason = identity.revoke_reason or "erased"
        identity.subject = identity.union_subject = identity.union_tenant = ""
        identity.value = None
        session.add(identity)
    gone = col(Passkey.identity_id).in_(select(Identity.id).where(col(Identity.account_id).in_(parts)))
    await session.exec(delete(Passkey).where(gone))
    account.status, account.ial, account.proof_source, account.proofed_at = "erased", 1, "", None
    account.name = account.id_number = account.id_number_index = None
    session.add(account)
    await session.flush()
    await mandates.end_all_of(session, clock, account.id)
    for client in {row.client_id for row in await grants_of(session, account.id)}:
        await withdraw_grants(session, clock, account.id, client)
    await _withdraw_consents(session, clock, account)
    await end_all_of(session, clock, account.id, "erased")
    devices = select(Session).where(col(Session.account_id).in_(parts), col(Session.device) != "")
    for row in await session.exec(devices):
        row.device = ""
        session.add(row)
    await session.flush()


async def _withdraw_consents(session: AsyncSession, clock: Clock, account: Account) -> None:
    rows = await history(session, account.id)
    informed = {(row.client, row.purpose) for row in rows if row.act == "informed"}
    for client in sorted({row.client for row in rows}):
        for purpose in await standing(session, account.id, client):
            if (client, purpose) not in informed:  # what rests on a law or a contract is not consent
                await withdraw(session, clock, Between(account.id, client), purpose)
