"""Hours that are extended, and places that are everybody's a day before: who waits is offered what nobody holds."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import asyncpg
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.deps import Deps
from flows.appointments.filling import freed_slots
from flows.appointments.taking import ROLL_OVER
from flows.appointments.turnstile import Wanted
from flows.appointments.waitlist.entries import CHANNEL
from flows.appointments.waitlist.offering import in_turn, offer
from flows.appointments.watching import turnstile_of
from kernel.clock import Clock
from kernel.database import driver

_SEEN = timedelta(minutes=10)
"""So long ago a slot's last day may have begun, or a hold of then have ended: whatever the worker was busy with."""

_ROLLED_OVER = """
    SELECT s.id, s.resource_id, (s.starts_at AT TIME ZONE o.time_zone)::date AS day, s.capacity - s.taken AS free,
        s.quota[1] - s.used[1] AS own
    FROM appointment_slot s JOIN appointment_resource r ON r.id = s.resource_id
        JOIN appointment_office o ON o.code = r.office
    WHERE s.starts_at > $1::timestamptz - (SELECT max(hold_minutes) FROM appointment_service) * interval '1 minute'
        AND s.starts_at <= $2 AND s.status = 'open' AND s.taken < s.capacity
        AND r.office IN (SELECT unnest(offices) FROM waitlist_entry WHERE state = 'waitlisted')
"""
# Whoever books there right now is waited for by nobody: the next minute sees what they have left.
_LOCK = """
    SELECT id FROM appointment_slot WHERE id = ANY ($1::bigint[])
    ORDER BY resource_id, starts_at FOR UPDATE SKIP LOCKED
"""


@asynccontextmanager
async def offering_new_hours(session: AsyncSession, clock: Clock) -> AsyncIterator[None]:
    """Offer the slots that are written within, before the transaction ends; nothing is locked before."""
    await in_turn(session)
    yield
    await offer(Deps(session, clock), freed_slots(session))


async def offer_rolled_over(session: AsyncSession, clock: Clock) -> None:
    """Offer other channels' places that residents may have since a moment ago, where those of their own are gone.

    What somebody holds is gone; what they let lapse is offered by the next minute's pass.
    """
    await in_turn(session)
    connection, until = await driver(session), clock.now() + ROLL_OVER
    rows = await connection.fetch(_ROLLED_OVER, until - _SEEN, until)
    held = await _held(session, clock, [row for row in rows if row["own"] > 0])
    full = {row["id"]: row["free"] for row in rows if row["own"] <= held.get(row["id"], 0)}
    locked = await connection.fetch(_LOCK, list(full))
    await offer(Deps(session, clock), {row["id"]: full[row["id"]] for row in locked})


async def _held(session: AsyncSession, clock: Clock, rows: Sequence[asyncpg.Record]) -> dict[int, int]:
    """Return of each slot how many residents hold it."""
    if (turnstile := turnstile_of(session)) is None or not rows:
        return {}
    slots = [Wanted(UUID(int=row["resource_id"].int), row["day"], (row["id"],), CHANNEL, shared=True) for row in rows]
    return dict(zip((row["id"] for row in rows), await turnstile.held(slots, clock.now()), strict=True))
