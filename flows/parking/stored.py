"""Events and sessions of some credentials of a lot, as the database has them, from where they may still change."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.credentials import plate_in
from flows.parking.event_wire import WireEvent, credential_of
from flows.parking.matching import WITHIN, near_credentials
from flows.parking.session_tables import ParkingEvent, ParkingPayment, ParkingSession
from flows.parking.sessions import GateEvent
from flows.parking.tables import Direction
from flows.parking.visits import Visit
from kernel.crypto.fields import FieldCipher

RAW = "parking_event.raw"
TEXT = "parking_session.credential_text"

# For each credential, what came since the last session but one before a moment: whatever comes then changes no earlier
# one, for a session begins where its vehicle was outside.
_EVENTS = text(
    """
    SELECT e.id, e.device_id, e.seq, e.kind, e.occurred_at, e.opened, e.raw, l.direction, begun.id AS since_id
    FROM unnest(CAST(:credentials AS bytea[]), CAST(:moments AS timestamptz[])) AS asked (credential, moment)
    LEFT JOIN LATERAL (
        SELECT s.id, s.opened_at FROM (
            SELECT id, opened_at FROM parking_session
            WHERE lot_id = :lot AND credential = asked.credential AND opened_at <= asked.moment
              AND superseded_by IS NULL
            ORDER BY opened_at DESC LIMIT 2
        ) s ORDER BY s.opened_at LIMIT 1
    ) begun ON true
    JOIN parking_event e ON e.lot_id = :lot AND e.credential = asked.credential
        AND e.occurred_at >= coalesce(begun.opened_at, '-infinity')
    JOIN parking_lane l ON l.id = e.lane_id
    ORDER BY e.occurred_at, e.device_id, e.seq
    """
)


class Stored(Struct):
    """What there is: events, and the sessions and payments that may change with them."""

    events: list[GateEvent]
    sessions: list[ParkingSession]
    paid: dict[UUID, list[ParkingPayment]]


def gate_event(event_id: UUID, device_id: str, wire: WireEvent, direction: Direction, opened: bool) -> GateEvent:  # noqa: FBT001 - a value, not a switch
    """Return an event as sessions follow from it."""
    return GateEvent(
        id=event_id,
        device_id=device_id,
        seq=wire.seq,
        kind=wire.kind,  # type: ignore[arg-type]  # heartbeats never come here
        direction=direction,
        occurred_at=wire.occurred_at,
        credential=credential_of(wire),
        color=wire.plate_color,
        confidence=round(wire.confidence * 1000),
        vehicle_class=wire.vehicle_class,
        opened=opened,
        reason=wire.reason,
    )


async def stored(
    session: AsyncSession, cipher: FieldCipher, lot_id: UUID, credentials: Mapping[bytes, datetime]
) -> Stored:
    """Read what may change with events of these credentials from these moments on."""
    events, since = await _events(session, cipher, lot_id, credentials)
    names = {event.id for event in events}
    chosen = select(ParkingSession).where(
        ParkingSession.lot_id == lot_id,
        col(ParkingSession.credential).in_(list(credentials)),
        col(ParkingSession.opened_at) >= since,
    )
    # Whoever had looked at a row before the locks were taken sees it as it is now.
    fresh = await session.exec(chosen.execution_options(populate_existing=True))
    rows = [row for row in fresh.all() if row.id in names]
    return Stored(events, rows, await payments(session, [row.id for row in rows]))


async def payments(session: AsyncSession, sessions: Sequence[UUID]) -> dict[UUID, list[ParkingPayment]]:
    """Return the payments of sessions by the session's id, the oldest first."""
    found: dict[UUID, list[ParkingPayment]] = {}
    if sessions:
        chosen = select(ParkingPayment).where(col(ParkingPayment.session_id).in_(sessions))
        chosen = chosen.order_by(col(ParkingPayment.order_id)).execution_options(populate_existing=True)
        for row in (await session.exec(chosen)).all():
            found.setdefault(row.session_id, []).append(row)
    return found


async def neighbours(
    session: AsyncSession, cipher: FieldCipher, lot_id: UUID, visits: Sequence[Visit], known: Iterable[str]
) -> set[str]:
    """Return the credentials that decide with the known ones whose exits are whose.

    Those of exits without an entry whose plates are near, and of open visits that are near to such an exit of our own.
    """
    times = [visit.opened_at for visit in visits]
    lost = {visit.credential for visit in visits if visit.entered_at is None and plate_in(visit.credential)}
    inside = select(ParkingSession.id, ParkingSession.credential_text, ParkingSession.joined_event).where(
        ParkingSession.lot_id == lot_id,
        col(ParkingSession.superseded_by).is_(None),
        col(ParkingSession.opened_at).between(min(times) - WITHIN, max(times) + WITHIN),
    )
    known, found, joined = set(known), set[str](), list[UUID]()
    unmatched = (await session.exec(inside.where(col(ParkingSession.match) != "exact"))).all()
    for session_id, sealed, joined_event in unmatched:
        credential = cipher.open(TEXT, session_id, sealed)
        if credential in known or any(near_credentials(credential, each) for each in known):
            found.add(credential)
            joined += [joined_event] if joined_event else []
    if lost:
        open_ones = inside.where(col(ParkingSession.left_at).is_(None), col(ParkingSession.entered_at).is_not(None))
        texts = [cipher.open(TEXT, *row[:2]) for row in (await session.exec(open_ones)).all()]
        found |= {each for each in texts if any(near_credentials(each, credential) for credential in lost)}
    if joined:
        chosen = select(ParkingEvent.id, ParkingEvent.raw).where(col(ParkingEvent.id).in_(joined))
        found |= {credential_of(_wire(cipher, *row)) for row in (await session.exec(chosen)).all()}
    return found - known


async def _events(
    session: AsyncSession, cipher: FieldCipher, lot_id: UUID, credentials: Mapping[bytes, datetime]
) -> tuple[list[GateEvent], datetime]:
    asked = {"lot": lot_id, "credentials": list(credentials), "moments": list(credentials.values())}
    rows: Sequence[Any] = (await (await session.connection()).execute(_EVENTS, asked)).all()
    begun: set[UUID] = set()
    events: list[GateEvent] = []
    for row in rows:
        # What happened in the very moment in which the first session began, but before it, is of the one before.
        if row.since_id is not None and row.since_id not in begun:
            if row.id != row.since_id:
                continue
            begun.add(row.id)
        events.append(gate_event(row.id, row.device_id, _wire(cipher, row.id, row.raw), row.direction, row.opened))
    since = min((event.occurred_at for event in events), default=min(credentials.values()))
    return events, since - timedelta(microseconds=1)


def _wire(cipher: FieldCipher, event_id: UUID, raw: bytes) -> WireEvent:
    return _decoder.decode(cipher.open(RAW, event_id, raw))


_decoder = msgspec.json.Decoder(WireEvent)
