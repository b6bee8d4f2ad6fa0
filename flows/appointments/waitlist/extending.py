"""Hours that are extended: who waits comes before everybody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.deps import Deps
from flows.appointments.filling import new_slots
from flows.appointments.waitlist.offering import in_turn, offer
from kernel.clock import Clock

_ALL = 10_000
"""Places of a slot; no file of offices has as many."""


@asynccontextmanager
async def offering_new_hours(session: AsyncSession, clock: Clock) -> AsyncIterator[None]:
    """Offer the slots that are written within, before the transaction ends; nothing is locked before."""
    await in_turn(session)
    yield
    await offer(Deps(session, clock), new_slots(session), most=_ALL)
