"""Hours that are extended, and places that are everybody's a day before: who waits comes before everybody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.deps import Deps
from flows.appointments.filling import new_slots
from flows.appointments.taking import ROLL_OVER
from flows.appointments.waitlist.offering import in_turn, offer
from kernel.clock import Clock
from kernel.database import driver

_ALL = 10_000
"""Places of a slot; no file of offices has as many."""
_SEEN = timedelta(minutes=10)
"""So long ago a slot's last day may have begun: whatever the worker was busy with."""

_ROLLED_OVER = """
    SELECT s.id FROM appointment_slot s JOIN appointment_resource r ON r.id = s.resource_id
    WHERE s.starts_at > $1 AND s.starts_at <= $2 AND s.status = 'open' AND s.taken < s.capacity
        AND s.used[1] >= s.quota[1]
        AND r.office IN (SELECT unnest(offices) FROM waitlist_entry WHERE state = 'waitlisted')
    ORDER BY s.resource_id, s.starts_at FOR UPDATE OF s
"""


@asynccontextmanager
async def offering_new_hours(session: AsyncSession, clock: Clock) -> AsyncIterator[None]:
    """Offer the slots that are written within, before the transaction ends; nothing is locked before."""
    await in_turn(session)
    yield
    await offer(Deps(session, clock), new_slots(session), most=_ALL)


async def offer_rolled_over(session: AsyncSession, clock: Clock) -> None:
    """Offer other channels' places that residents may have since a moment ago."""
    await in_turn(session)
    until = clock.now() + ROLL_OVER
    rows = await (await driver(session)).fetch(_ROLLED_OVER, until - _SEEN, until)
    await offer(Deps(session, clock), [row["id"] for row in rows], most=_ALL)
