"""Entries follow the verdicts: degraded while something that opens them is down, back by themselves when nothing is.

It compares how things stand and not what has just happened, so a verdict that a crash left alone, a new version of an
entry, or a binding that was mended are all seen to by the next round.
"""

import logging
from datetime import date
from typing import Any

from sqlalchemy import exists, union
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import CHINA, Clock
from kernel.database import Database
from services_catalog.lifecycle.notices import notify
from services_catalog.lifecycle.publication import degrade, recover
from services_catalog.lifecycle.steps import live_version, locked
from services_catalog.lifecycle.tables import EntryLive
from services_catalog.probes.tables import Probe, ProbedEntry
from services_catalog.probes.targets import holds_on

_IS_DOWN = col(Probe.down).is_(True)

_log = logging.getLogger(__name__)


async def settle_all(database: Database, clock: Clock) -> int | None:
    """Degrade or recover whatever has to be, one entry a transaction; return the catalogue's newest revision."""
    async with database.session() as session:
        codes = (await session.exec(_unsettled(clock.now().astimezone(CHINA).date()))).all()
    newest = None
    for (code,) in codes:
        try:
            async with database.session() as session:
                newest = await settle(session, clock, code) or newest
        except Exception:  # noqa: BLE001 - whatever it is, it must not keep the others; the next round tries again
            _log.exception("an entry does not follow its probes", extra={"entry": code})
    return newest


async def settle(session: AsyncSession, clock: Clock, code: str) -> int | None:
    """Bring one entry in line with its probes, and tell its staff; None if it is already."""
    entry = await locked(session, code)
    version = await live_version(session, code)
    down = (await session.exec(_down(code))).all()
    if version is None:
        return None
    if down and version.state == "published":
        names = ", ".join(each.operation for each in down)
        revision = await degrade(session, clock, code, f"{names} does not work")  # residents read it: no addresses
        told = "; ".join(f"{each.operation}: {each.because}" for each in down)
        await notify(session, clock, entry, "degraded", told)
        return revision
    if not down and version.state == "degraded":
        since = version.changed_at
        revision = await recover(session, clock, code)
        await notify(session, clock, entry, "recovered", f"It had not worked since {since.isoformat()}.")
        return revision
    return None


def _down(code: str) -> Any:
    used = select(ProbedEntry.probe).where(ProbedEntry.entry == code)
    return select(Probe).where(_IS_DOWN, col(Probe.id).in_(used)).order_by(Probe.operation)


def _unsettled(today: date) -> Any:
    """Select the entries that do not stand as their probes do."""
    down = select(ProbedEntry.entry).join(Probe, col(Probe.id) == col(ProbedEntry.probe))
    down = down.where(_IS_DOWN, holds_on(today))
    broken = select(EntryLive.code).where(EntryLive.state == "published", col(EntryLive.code).in_(down))
    is_down = exists().where(
        col(ProbedEntry.entry) == col(EntryLive.code), col(Probe.id) == col(ProbedEntry.probe), _IS_DOWN
    )
    well = select(EntryLive.code).where(EntryLive.state == "degraded", ~is_down)
    return union(broken, well)
