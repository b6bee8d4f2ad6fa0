"""What pick-ups hold about a resident: to read and take along, to erase, and to forget in time (PIPL 19, 45, 47)."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.residents.holdings import plain_row
from flows.pickups.notices import forget_whose, notices_of
from flows.pickups.pickups import Deps, title_of, withdraw
from flows.pickups.tables import Pickup
from kernel.clock import Clock

KEPT = timedelta(days=90)
"""Beyond its end: who disputes that they have picked something up does so within a quarter."""

_HIDDEN = {"person", "title", "code", "code_index", "filed_by", "ended_by", "use_id"}
_LINKS = {"account_id", "pickup_id"}


async def pickups_held(deps: Deps, person: bytes | None) -> list[dict[str, Any]]:
    """Return it as JSON's own types; ``person`` is the index of their ID number, if it is known."""
    rows = (await deps.session.exec(select(Pickup).where(Pickup.person == person))).all() if person else []
    told = await notices_of(deps.session, [each.id for each in rows])
    return [
        plain_row(row, _HIDDEN)
        | {"title": title_of(deps.keys, row), "notices": [plain_row(told[row.id], _LINKS)] if row.id in told else []}
        for row in rows
    ]


async def erase_pickups(deps: Deps, person: bytes | None, actor: str) -> None:
    """Withdraw what lies ready, and forget whose it was and what."""
    mine = select(Pickup).where(Pickup.person == person).order_by(col(Pickup.id)).with_for_update()
    rows = (await deps.session.exec(mine)).all() if person else ()
    for row in rows:
        if row.state == "ready":
            await withdraw(deps, row, actor)
        row.person = row.title = row.code = None
        deps.session.add(row)
    await forget_whose(deps.session, [each.id for each in rows])


async def forget(session: AsyncSession, clock: Clock) -> None:
    """Delete what was over long ago."""
    await session.exec(delete(Pickup).where(col(Pickup.until) < clock.now() - KEPT))
