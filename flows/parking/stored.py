"""Events and sessions of some credentials of a lot, as the database has them, from where they may still change."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from flows.parking.cases import Paid
from flows.parking.coupons import Coupon
from flows.parking.credentials import plate_in
from flows.parking.event_wire import KeptEvent, as_kept, credential_of, gate_event
from flows.parking.matching import WITHIN, near_credentials
from flows.parking.sessions import GateEvent
from flows.parking.tables import Direction
from flows.parking.visits import Visit
from kernel.crypto.fields import FieldCipher

RAW = "parking_event.raw"
TEXT = "parking_session.credential_text"

# For each credential, what came since the last session but one before a moment: whatever comes then changes no earlier
# one, for a session begins where its vehicle was outside.
# Of those in bays it is the bay that decides, for it may not be known yet whose they are.
_EVENTS = """
    SELECT e.id, e.device_id, e.seq, e.kind, e.occurred_at, e.opened, e.raw, l.direction, begun.id AS since_id
    FROM unnest($2::{type}[], $3::timestamptz[]) AS asked (track, moment)
    LEFT JOIN LATERAL (
        SELECT s.id, s.opened_at FROM (
            SELECT id, opened_at FROM parking_session
            WHERE lot_id = $1 AND {track} = asked.track {only} AND opened_at < asked.moment AND superseded_by IS NULL
            ORDER BY opened_at DESC LIMIT 2
        ) s ORDER BY s.opened_at LIMIT 1
    ) begun ON true
    JOIN parking_event e ON e.lot_id = $1 AND e.{track} = asked.track {only}
        AND e.occurred_at >= coalesce(begun.opened_at, '-infinity')
    LEFT JOIN parking_lane l ON l.id = e.lane_id
    ORDER BY e.occurred_at, e.device_id, e.seq
"""
_THROUGH_GATES = _EVENTS.format(track="credential", type="bytea", only="AND bay_id IS NULL")
_IN_BAYS = _EVENTS.format(track="bay_id", type="uuid", only="")
_SESSIONS = """
    SELECT s.*, (SELECT json_agg(json_build_object('granted_at', c.granted_at, 'amount_fen', c.amount_fen,
            'revoked_at', c.revoked_at))
        FROM parking_coupon c WHERE c.session_id = s.id)::text AS coupons
    FROM parking_session s WHERE s.id = ANY($1::uuid[])
"""
_PAYMENTS = "SELECT * FROM parking_payment WHERE session_id = ANY($1::uuid[]) ORDER BY order_id"
_NEAR = """
    SELECT id, credential_text, joined_event, opened_at, entered_at FROM parking_session
    WHERE lot_id = $1 AND superseded_by IS NULL AND bay_id IS NULL AND opened_at BETWEEN $2 AND $3 AND match <> 'exact'
    UNION
    SELECT id, credential_text, joined_event, opened_at, entered_at FROM parking_session
    WHERE $4 AND lot_id = $1 AND superseded_by IS NULL AND bay_id IS NULL AND left_at IS NULL
        AND entered_at BETWEEN $2 AND $3
"""
_NEVER = datetime.max.replace(tzinfo=UTC)
_JOINED = "SELECT id, occurred_at, raw FROM parking_event WHERE id = ANY($1::uuid[])"


class Stored(Struct):
    """What there is: events, and the sessions, payments and coupons that may change with them."""

    events: list[GateEvent]
    sessions: dict[UUID, Mapping[str, Any]]  # rows by their ids
    paid: dict[UUID, list[Paid]]  # by sessions, as the coupons
    coupons: dict[UUID, list[Coupon]]


async def stored(
    connection: "asyncpg.Connection[asyncpg.Record]",
    cipher: FieldCipher,
    lot_id: UUID,
    credentials: Mapping[bytes, datetime],
    bays: Mapping[UUID, datetime],
) -> Stored:
    """Read what may change with events of these credentials, or in these bays, from these moments on."""
    events: list[GateEvent] = []
    for query, tracks in ((_THROUGH_GATES, credentials), (_IN_BAYS, bays)):
        if tracks:
            events += _events(cipher, await connection.fetch(query, lot_id, list(tracks), list(tracks.values())))
    names = [event.id for event in events]
    rows = await connection.fetch(_SESSIONS, names) if names else []
    sessions = {UUID(int=row["id"].int): row for row in rows}
    paid: dict[UUID, list[Paid]] = {}
    if sessions:
        for row in await connection.fetch(_PAYMENTS, list(sessions)):
            paid.setdefault(row["session_id"], []).append(Paid.of(row))
    coupons = {
        name: msgspec.json.decode(row["coupons"], type=list[Coupon]) for name, row in sessions.items() if row["coupons"]
    }
    return Stored(events, sessions, paid, coupons)


async def neighbours(
    connection: "asyncpg.Connection[asyncpg.Record]",
    cipher: FieldCipher,
    lot_id: UUID,
    passages: Sequence[Visit],
    gathered: Container[UUID],
    *,
    known: Mapping[UUID, Mapping[str, Any]],
) -> dict[str, datetime]:
    """Return the credentials, each with its moment, that decide with what was gathered whose exits are whose.

    An exit without an entry needs every visit that is near it and was open then, and such a visit every such exit,
    also of credentials that were gathered from a later moment on. ``gathered`` are the ids of events, ``known`` the
    sessions that there are of them.
    """
    times = [visit.opened_at for visit in passages]
    plates = [visit for visit in passages if plate_in(visit.credential)]
    lost = [visit for visit in plates if visit.entered_at is None]
    came = [(visit, _end(visit, known)) for visit in plates if visit.entered_at is not None]
    rows = await connection.fetch(_NEAR, lot_id, min(times) - WITHIN, max(times) + WITHIN, bool(lost))
    needed, joined = dict[str, datetime](), list[UUID]()
    for row in rows:
        if UUID(int=row["id"].int) not in gathered:
            began, at = row["entered_at"], row["opened_at"]
            met = (
                [each for each in lost if began <= each.opened_at <= began + WITHIN]
                if began
                else [each for each, end in came if each.opened_at <= at <= min(each.opened_at + WITHIN, end)]
            )
            text = cipher.open(TEXT, row["id"], row["credential_text"]) if met else ""
            if not any(near_credentials(text, each.credential) for each in met):
                continue
            needed[text] = min(at, needed.get(text, at))
        joined += [row["joined_event"]] if row["joined_event"] else []
    for row in await connection.fetch(_JOINED, joined) if joined else ():
        if UUID(int=row["id"].int) not in gathered:
            text, at = credential_of(_wire(cipher, row["id"], row["raw"])), row["occurred_at"]
            needed[text] = min(at, needed.get(text, at))
    return needed


def _end(visit: Visit, known: Mapping[UUID, Mapping[str, Any]]) -> datetime:
    """Return until when a visit is or was taken to be inside, which may be for ever."""
    ends = [visit.left_at or visit.orphaned_at, *(known[each]["left_at"] for each in visit.events if each in known)]
    return max(each or _NEVER for each in ends)


def _events(cipher: FieldCipher, rows: Iterable[Mapping[str, Any]]) -> list[GateEvent]:
    begun: set[UUID] = set()
    events: list[GateEvent] = []
    for row in rows:
        # What happened in the very moment in which the first session began, but before it, is of the one before.
        if row["since_id"] is not None and row["since_id"] not in begun:
            if row["id"] != row["since_id"]:
                continue
            begun.add(row["id"])
        wire = _wire(cipher, row["id"], row["raw"])
        event_id = UUID(int=row["id"].int)  # the driver's are of a class of its own
        direction: Direction = row["direction"] or "enter"  # what has no lane is in a bay, where there is no way
        events.append(gate_event(event_id, row["device_id"], wire, direction, opened=row["opened"]))
    return events


def _wire(cipher: FieldCipher, event_id: UUID, raw: bytes) -> KeptEvent:
    return as_kept(cipher.open(RAW, event_id, raw))
