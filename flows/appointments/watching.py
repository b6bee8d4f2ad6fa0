"""What transactions have to do with the turnstile: it is told after a commit what places were taken or given back."""

from collections.abc import Sequence
from functools import partial

from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.taking import Left
from flows.appointments.turnstile import Turnstile, Wanted
from kernel.database import Database

_CHANGED = "places of appointments"  # in AsyncSession.info
_TURNSTILE = "turnstile of appointments"  # as above


def changed(session: AsyncSession, wanted: Wanted, left: Sequence[Left], hold_id: str = "") -> None:
    """Have the turnstile know after this transaction's commit what is left, and that a hold is over."""
    session.info.setdefault(_CHANGED, []).append((wanted, left, hold_id))


def attach_appointments(database: Database, redis: Redis) -> None:
    """Tell the turnstile what the transactions of ``database`` change, right after their commits."""
    turnstile = database.session_info[_TURNSTILE] = Turnstile(redis)
    database.after_commit.append(partial(_settle, turnstile))


def turnstile_of(session: AsyncSession) -> Turnstile | None:
    """Return the turnstile that holds are made at, if this process has attached one."""
    found: Turnstile | None = session.info.get(_TURNSTILE)
    return found


async def _settle(turnstile: Turnstile, session: AsyncSession) -> None:
    told = session.info.pop(_CHANGED, ())
    latest = {each.slot_id: each for _, left, _ in told for each in left}  # what came back may be offered at once
    for wanted, left, hold_id in told:
        await turnstile.settle(wanted, [latest[each.slot_id] for each in left], hold_id)
