"""Disputes: somebody says that a session is wrong, an operator decides what it costs, and the difference goes back."""

from uuid import UUID

from sqlmodel import col, or_, select

from flows.parking.collecting import settle_session
from flows.parking.errors import DisputeRefusedError
from flows.parking.finding import session_of
from flows.parking.gathering import Deps, touched_session
from flows.parking.paying import stop
from flows.parking.quoting import rewritten
from flows.parking.session_tables import ParkingDispute, ParkingSession
from kernel.audit.entries import Event, append


async def dispute(deps: Deps, session_id: UUID, account_id: UUID, reason: str, words: str = "") -> ParkingDispute:
    """Open a dispute, or return the open one of the same account; debits and reminders rest meanwhile.

    Whether the account may see the session is the caller's to know. Raises DisputeRefusedError, UnknownSessionError.
    """
    row = await session_of(deps.session, session_id)
    case = await (await touched_session(deps, row)).case(row.id)
    ids = select(ParkingSession.id).where(or_(ParkingSession.id == row.id, ParkingSession.superseded_by == row.id))
    chosen = select(ParkingDispute).where(col(ParkingDispute.session_id).in_(ids), ParkingDispute.state == "open")
    known = (await deps.session.exec(chosen)).first()
    if known is not None:
        if known.account_id == account_id:
            return known
        raise DisputeRefusedError("This session is in dispute already", fix="Wait until that is decided.")
    made = ParkingDispute(session_id=row.id, account_id=account_id, reason=reason, opened_at=deps.clock.now())
    made.words = deps.keys.cipher.seal("parking_dispute.words", made.id, words) if words else None
    deps.session.add(made)
    await stop(deps, case, ("debit",))
    await deps.session.refresh(row)
    row.dispute = "open"
    await rewritten(deps, row)
    return made


async def decide_dispute(deps: Deps, dispute_id: UUID, actor: str, fee_fen: int) -> ParkingDispute:
    """Say what a session that has ended costs: what it did (the dispute is rejected) or another fee.

    What is too much goes back. ``actor`` is for the audit log. Raises DisputeRefusedError.
    """
    found = await deps.session.get(ParkingDispute, dispute_id)
    if found is None:
        raise DisputeRefusedError("There is no such dispute", fix="Compare its id.")
    row = await session_of(deps.session, found.session_id)
    case = await (await touched_session(deps, row)).case(row.id)
    if case.visit.left_at is None and case.given_up_at is None:
        raise DisputeRefusedError(
            "The session goes on: nobody knows yet what it costs", fix="Decide after it has ended."
        )
    await deps.session.refresh(found)
    await deps.session.refresh(row)
    was = row.closing_fen if case.facts.adjusted_fen is None else case.facts.adjusted_fen
    if found.state != "open" or not 0 <= fee_fen <= max(was or 0, row.paid_fen):
        raise DisputeRefusedError(
            f"It is {found.state}, and the fee may be from 0 to what it was", fix="Look how it stands now."
        )
    found.state = "rejected" if fee_fen == was else "adjusted"
    found.adjusted_fen, found.decided_at, found.decided_by = fee_fen, deps.clock.now(), actor
    for each in (row, await deps.session.get_one(ParkingSession, found.session_id)):  # which may part again
        if found.state == "adjusted":  # else the fee goes on following from events, or from an earlier decision
            each.adjusted_fen = fee_fen
        each.dispute = "decided"
        deps.session.add(each)
    deps.session.add(found)
    await rewritten(deps, row)
    await settle_session(deps, row.id)
    event = Event(
        actor=actor,
        action="parking_dispute.decided",
        object=f"parking_session:{row.id}",
        details={"fee_fen": fee_fen, "was_fen": was or 0, "state": found.state},
    )
    await append(deps.session, deps.clock, event)
    return found
