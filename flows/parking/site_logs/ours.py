"""Our side of a site's log: the events of the same numbers, the sessions that they are of, and the ledger's word."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.site_logs.comparing import OurEvent, OurSession
from flows.parking.site_logs.tables import ParkingSiteLog
from kernel.database import driver

# An exit whose plate was only near is of the session that it was joined to.
_EVENTS = """
    SELECT e.event_id, e.occurred_at, e.opened, e.paid_fen, coalesce(
        (SELECT s.id FROM parking_session s
         WHERE s.lot_id = e.lot_id AND s.superseded_by IS NULL AND s.match <> 'exact'
           AND (s.joined_event = e.id OR s.left_at = e.occurred_at) ORDER BY s.id LIMIT 1),
        (SELECT s.id FROM parking_session s
         WHERE s.lot_id = e.lot_id AND s.superseded_by IS NULL AND s.credential = e.credential
           AND s.opened_at <= e.occurred_at ORDER BY s.opened_at DESC LIMIT 1)
    ) AS session_id
    FROM parking_event e WHERE e.device_id = $1 AND e.seq > $2 AND e.seq <= $3 ORDER BY e.seq
"""
_SESSIONS = """
    SELECT s.id, s.left_at, s.closing_fen, s.paid_fen,
        coalesce(sum(p.amount_fen - p.refunded_fen) FILTER (WHERE p.paid_at IS NOT NULL), 0) AS phone_fen,
        coalesce(sum(p.amount_fen) FILTER (WHERE p.paid_at <= s.left_at), 0) AS by_then_fen,
        coalesce(sum(held.fen), 0) AS ledger_fen
    FROM parking_session s
    LEFT JOIN parking_payment p ON p.session_id = ANY(
        s.id || ARRAY(SELECT o.id FROM parking_session o WHERE o.superseded_by = s.id))
    LEFT JOIN payment_order o ON o.id = p.order_id
    LEFT JOIN LATERAL (
        SELECT sum(e.credit - e.debit) AS fen FROM ledger_transaction t
        JOIN ledger_entry e ON e.transaction_id = t.id AND e.account = o.payee
        WHERE t.about = 'payment_order:' || o.id
    ) held ON true
    WHERE s.id = ANY($1::uuid[]) GROUP BY s.id
"""


async def ours(session: AsyncSession, log: ParkingSiteLog) -> tuple[Sequence[OurEvent], Mapping[UUID, OurSession]]:
    """Return the events that a log answers for, and the sessions that they are of."""
    connection = await driver(session)
    events = [
        OurEvent(
            UUID(int=row["event_id"].int),
            row["occurred_at"],
            row["opened"],
            row["paid_fen"],
            UUID(int=row["session_id"].int) if row["session_id"] is not None else None,
        )
        for row in await connection.fetch(_EVENTS, log.device_id, log.after, log.until)
    ]
    wanted = {event.session_id for event in events} - {None}
    sessions = {}
    for row in await connection.fetch(_SESSIONS, list(wanted)):
        session_id, phone = UUID(int=row["id"].int), int(row["phone_fen"])
        sessions[session_id] = OurSession(
            id=session_id,
            left_at=row["left_at"],
            closing_fen=row["closing_fen"],
            cash_fen=row["paid_fen"] - phone,
            phone_fen=phone,
            by_then_fen=int(row["by_then_fen"]),
            ledger_fen=int(row["ledger_fen"]),
        )
    return events, sessions
