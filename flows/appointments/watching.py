"""That places were taken or given back: told to the turnstile after the commit."""

from collections.abc import Sequence
from functools import partial

from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.taking import Left
from flows.appointments.turnstile import Turnstile, Wanted
from kernel.database import Database

_CHANGED = "places of appointments"  # in AsyncSession.info


def changed(session: AsyncSession, wanted: Wanted, left: Sequence[Left], hold_id: str = "") -> None:
    """Have the turnstile know after this transaction's commit what is left, and that a hold is over."""
    session.info.setdefault(_CHANGED, []).append((wanted, left, hold_id))


def attach_appointments(database: Database, redis: Redis) -> None:
    """Tell the turnstile what the transactions of ``database`` change, right after their commits."""
    database.after_commit.append(partial(_settle, Turnstile(redis)))


async def _settle(turnstile: Turnstile, session: AsyncSession) -> None:
    told = session.info.pop(_CHANGED, ())
    latest = {each.slot_id: each for _, left, _ in told for each in left}  # what came back may be offered at once
    for wanted, left, hold_id in told:
        await turnstile.settle(wanted, [latest[each.slot_id] for each in left], hold_id)
