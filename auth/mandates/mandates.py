"""Give, end, list and use mandates. ``acting_for`` is asked at every call, so an ended mandate ends at once."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.assurance import Level
from auth.decisions import Decision, allow, refuse
from auth.mandates.errors import MandateRefusedError, UnknownMandateError
from auth.mandates.kinds import NewMandate, Organisation, Party, Person, Principal, ends_at, in_scope, may_grant
from auth.mandates.representations import forget
from auth.mandates.tables import Mandate
from kernel.clock import Clock


async def grant(session: AsyncSession, clock: Clock, wanted: NewMandate, by: Party | None, level: Level) -> Mandate:
    """Give a mandate; ``by`` is signed in at ``level``, None is an operator. Raises MandateRefusedError."""
    now = clock.now()
    decision = may_grant(wanted, by, level, now)
    if not decision:
        raise MandateRefusedError(decision, fix=f"Mend what {decision.rule} asks for and send it again.")
    mandate = Mandate(
        kind=wanted.kind,
        principal_account=wanted.principal.account if isinstance(wanted.principal, Person) else None,
        principal_organisation=wanted.principal.code if isinstance(wanted.principal, Organisation) else None,
        agent_account=wanted.agent,
        scope=list(wanted.scope),
        purpose=wanted.purpose.strip(),
        valid_from=wanted.valid_from or now,
        expires_at=ends_at(wanted),
        granted_at=now,
        granted_by=by.account if by else None,
        evidence_source=wanted.evidence.source,
        evidence_reference=wanted.evidence.reference.strip(),
    )
    session.add(mandate)
    await session.flush()
    return mandate


async def revoke(session: AsyncSession, clock: Clock, mandate_id: UUID, by: Party | None) -> Mandate:
    """End a mandate from now on, by either side or (None) an operator; ending it again changes nothing.

    Raises UnknownMandateError.
    """
    mandate = await session.get(Mandate, mandate_id, with_for_update=True, populate_existing=True)
    if mandate is None or not (
        by is None or by.account == mandate.agent_account or by.is_principal(principal_of(mandate))
    ):
        raise UnknownMandateError(
            f"There is no such mandate: {mandate_id}", fix="Choose one of those that are listed to you."
        )
    if mandate.revoked_at is None:
        mandate.revoked_at, mandate.revoked_by = clock.now(), by.account if by else None
        session.add(mandate)
    return mandate


async def end_all_of(session: AsyncSession, clock: Clock, account: UUID, *, since: datetime | None = None) -> None:
    """End every mandate that an account gave or holds, as the account itself ends or becomes another's part.

    Or only those given after ``since``. It represents no company any more either, until the register is asked anew.
    """
    query = select(Mandate).where(
        or_(col(Mandate.agent_account) == account, col(Mandate.principal_account) == account),
        col(Mandate.revoked_at).is_(None),
    )
    if since is not None:
        query = query.where(col(Mandate.granted_at) > since)
    for mandate in (await session.exec(query.with_for_update())).all():
        mandate.revoked_at, mandate.revoked_by = clock.now(), account
        session.add(mandate)
    await forget(session, account)


async def mandates_of(session: AsyncSession, party: Party) -> list[Mandate]:
    """Return all mandates that a party gave or holds, ended ones too, the newest first."""
    sides: list[ColumnElement[bool]] = [
        col(Mandate.agent_account) == party.account,
        col(Mandate.principal_account) == party.account,
        col(Mandate.principal_organisation).in_(sorted(party.organisations)),
    ]
    query = select(Mandate).where(or_(*sides)).order_by(col(Mandate.granted_at).desc(), col(Mandate.id).desc())
    return list((await session.exec(query)).all())


async def acting_for(
    session: AsyncSession, agent: UUID, principal: Principal, service: str, operation: str, *, at: datetime
) -> Decision:
    """Judge whether ``agent`` may call a service's operation for ``principal`` at a moment."""
    if isinstance(principal, Person):
        whose = col(Mandate.principal_account) == principal.account
    else:
        whose = col(Mandate.principal_organisation) == principal.code
    rows = await session.exec(select(Mandate).where(col(Mandate.agent_account) == agent, whose))
    return judge(rows.all(), service, operation, at)


async def used(
    session: AsyncSession, mandate_id: UUID, agent: UUID, service: str, operation: str, *, at: datetime
) -> Mandate:
    """Return the mandate by which its agent calls an operation. Raises UnknownMandateError, MandateRefusedError."""
    mandate = await session.get(Mandate, mandate_id)
    if mandate is None or mandate.agent_account != agent:
        raise unknown()
    decision = judge([mandate], service, operation, at)
    if not decision:
        raise MandateRefusedError(decision, fix="Have another mandate given, or leave this one out.")
    return mandate


def unknown() -> UnknownMandateError:
    """Return the error of an agent's mandate that is none."""
    return UnknownMandateError("You have no such mandate", fix="Choose one of those that `me` lists as received.")


def judge(mandates: Iterable[Mandate], service: str, operation: str, at: datetime) -> Decision:
    """Judge an agent's mandates of one principal. The reason names the mandate that allows, for the audit log."""
    standings = [(_standing(each, service, operation, at), each) for each in mandates]
    for standing, mandate in standings:
        if standing == "granted":
            return allow("mandate.granted", f"By mandate {mandate.id}.")
    found = {standing for standing, _ in standings}
    nearest = next((each for each in _REASONS if each in found), "none")
    return refuse(f"mandate.{nearest}", _REASONS[nearest])


def principal_of(mandate: Mandate) -> Principal:
    """Return for whom a mandate lets its agent act."""
    if mandate.principal_account is not None:
        return Person(mandate.principal_account)
    return Organisation(mandate.principal_organisation or "")


# From what is nearest to a mandate that would do to what is farthest from it.
_REASONS = {
    "not-yet": "The mandate for this has not begun yet.",
    "expired": "The mandate for this has ended by itself.",
    "revoked": "The mandate for this was ended by one of its sides.",
    "out-of-scope": "There is a mandate, but not for this operation.",
    "none": "There is no mandate to act for them.",
}


def _standing(mandate: Mandate, service: str, operation: str, at: datetime) -> str:
    if not in_scope(mandate.scope, service, operation):
        return "out-of-scope"
    if mandate.revoked_at is not None and mandate.revoked_at <= at:
        return "revoked"
    if at < mandate.valid_from:
        return "not-yet"
    return "granted" if at < mandate.expires_at else "expired"
