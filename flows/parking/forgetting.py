"""What parking holds is deleted when nobody needs it any more: stays with their events, quotes, what was refused.

A stay goes once it is long over and owes nothing, with all earlier ones of its plate in that lot (or of its bay), and
in one transaction with their events: what is left is what would be if the first stay that is kept had been the first.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.credentials import credential, index_of
from flows.parking.gathering import Deps
from flows.parking.locking import keep, lock
from flows.parking.operating_tables import ParkingRefusedEvent
from flows.parking.session_tables import ParkingQuote, ParkingScan
from kernel.clock import Clock
from kernel.database import driver

STAYS_KEPT = timedelta(days=400)
"""After they ended, and scans as long: hosts give money back for a year, and a month is to hear of it. The books of
payments have their own time."""
QUOTES_KEPT = timedelta(days=7)
"""A quote holds for minutes, and payments say what they paid for; until then somebody may ask why it was other."""
REFUSED_KEPT = timedelta(days=31)
"""As old as what a device sends may be: what is not mended by then comes no more."""

_MOST = 200  # rows in a transaction
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OVER = """
    coalesce({0}.left_at, {0}.orphan_closed_at) < $1 AND {0}.dispute <> 'open'
    AND ({0}.written_off_at IS NOT NULL OR coalesce({0}.adjusted_fen, {0}.closing_fen, 0) <= {0}.paid_fen)
    AND NOT EXISTS (
        SELECT 1 FROM parking_payment p WHERE p.session_id = {0}.id AND p.paid_at IS NULL AND p.closed_at IS NULL
    )
"""
_EARLIER = """NOT EXISTS (
    SELECT 1 FROM parking_session earlier
    WHERE {track} AND earlier.opened_at < s.opened_at AND earlier.superseded_by IS NULL AND ({over}) IS NOT TRUE
)"""
# Two questions, each by its own index: of who went through the gates, and of who stood in the bay.
_FIRST = " AND ".join(
    _EARLIER.format(track=track, over=_OVER.format("earlier"))
    for track in (
        "(s.bay_id, earlier.bay_id) IS NULL AND (earlier.lot_id, earlier.credential) = (s.lot_id, s.credential)",
        "earlier.bay_id = s.bay_id",
    )
)
# An id sorts by the moment of the first event: $2 is the least of ``before``.
_DUE = f"""
    SELECT s.id, s.lot_id, s.bay_id, s.credential, s.joined_event FROM parking_session s
    WHERE s.id < $2 AND CASE
        WHEN s.superseded_by IS NOT NULL
            THEN (SELECT t.id FROM parking_session t WHERE t.id = s.superseded_by) IS NULL
        ELSE {_OVER.format("s")} AND {_FIRST}
    END
"""  # noqa: S608 - texts of ours
_FOUND = f"{_DUE} ORDER BY s.id LIMIT {_MOST}"
_STILL_DUE = f"{_DUE} AND s.id = ANY($3::uuid[]) ORDER BY s.id FOR UPDATE OF s"
_EVENTS = """
    DELETE FROM parking_event e WHERE e.lot_id = $1 AND {track} AND e.id < $3 AND NOT EXISTS (
        SELECT 1 FROM parking_session s
        WHERE s.lot_id = $1 AND {kept} AND s.opened_at <= e.occurred_at AND s.superseded_by IS NULL
    )
"""
_THROUGH_GATES = _EVENTS.format(
    track="e.credential = $2 AND e.bay_id IS NULL", kept="s.credential = $2 AND s.bay_id IS NULL"
)
_IN_BAYS = _EVENTS.format(track="e.bay_id = $2", kept="s.bay_id = $2")
_OF_NOBODY = f"""
    DELETE FROM parking_event WHERE id IN (
        SELECT id FROM parking_event
        WHERE id < $1 AND bay_id IS NULL AND (credential IS NULL OR kind = 'deny') ORDER BY id LIMIT {_MOST}
    )
"""  # noqa: S608 - a text of ours
_PERMITS = f"""
    DELETE FROM parking_permit WHERE id IN (
        SELECT p.id FROM parking_permit p WHERE p.until < $1 AND NOT EXISTS (
            SELECT FROM parking_session s WHERE s.credential = p.plate_index AND s.opened_at < p.until
        ) LIMIT {_MOST}
    )
"""  # noqa: S608 - a text of ours
_HANGING = (
    "parking_quote",
    "parking_payment",
    "parking_coupon",
    "parking_host_stay",
    "parking_dispute",
    "parking_notice",
)


async def forget_stays(deps: Deps) -> int:
    """Delete a batch of the stays of one lot that are over for long enough; return how many."""
    connection, before = await driver(deps.session), deps.clock.now() - STAYS_KEPT
    found = await connection.fetch(_FOUND, before, _least(before))
    if not found:
        return 0
    lot_id, ids = found[0]["lot_id"], [each["id"] for each in found if each["lot_id"] == found[0]["lot_id"]]
    await lock(connection, lot_id, [_track(deps, each) for each in found if each["lot_id"] == lot_id])
    await keep(connection)
    gone = await connection.fetch(_STILL_DUE, before, _least(before), ids)
    names = [each["id"] for each in gone]
    for table in _HANGING:
        await connection.execute(f"DELETE FROM {table} WHERE session_id = ANY($1::uuid[])", names)  # noqa: S608 - ours
    await connection.execute("DELETE FROM parking_session WHERE id = ANY($1::uuid[])", names)
    joined = [each["joined_event"] for each in gone if each["joined_event"]]
    await connection.execute("DELETE FROM parking_event WHERE id = ANY($1::uuid[])", joined)
    for query, tracks in (
        (_THROUGH_GATES, {each["credential"] for each in gone if each["bay_id"] is None}),
        (_IN_BAYS, {each["bay_id"] for each in gone} - {None}),
    ):
        await connection.executemany(query, [(lot_id, track, _least(before)) for track in tracks])
    return len(found)


async def forget_events(session: AsyncSession, clock: Clock) -> int:
    """Delete a batch of old events that are of no stay: unread ones, and vehicles that were turned away."""
    done = await (await driver(session)).execute(_OF_NOBODY, _least(clock.now() - STAYS_KEPT))
    return int(done.removeprefix("DELETE "))


async def forget_permits(session: AsyncSession, clock: Clock) -> int:
    """Delete a batch of permits that ended long ago, once no stay of their time is left."""
    done = await (await driver(session)).execute(_PERMITS, clock.now() - STAYS_KEPT)
    return int(done.removeprefix("DELETE "))


async def forget_rest(session: AsyncSession, clock: Clock) -> int:
    """Delete a batch of old quotes, refused events and scans each; return how many."""
    now = clock.now()
    done = 0
    for table, moment, kept in (
        (ParkingQuote, col(ParkingQuote.expires_at), QUOTES_KEPT),
        (ParkingRefusedEvent, col(ParkingRefusedEvent.received_at), REFUSED_KEPT),
        (ParkingScan, col(ParkingScan.at), STAYS_KEPT),
    ):
        old = select(table.id).where(moment < now - kept).limit(_MOST)
        ids = (await session.exec(old.with_for_update(skip_locked=True))).all()
        await session.exec(delete(table).where(col(table.id).in_(ids)))
        done += len(ids)
    return done


def _least(before: datetime) -> UUID:
    """Return what the ids of all events before a moment are less than (``event_ids``)."""
    return UUID(int=(before - _EPOCH) // timedelta(milliseconds=1) << 80)


def _track(deps: Deps, row: Mapping[str, Any]) -> bytes:
    """Return what the locks of a session's story go by: its bay, or who went through a gate."""
    found: bytes = index_of(deps.keys, credential("bay", str(row["bay_id"]))) if row["bay_id"] else row["credential"]
    return found
