"""What is told of the probes: to staff of their entries, and to everybody how departments keep to what they publish."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import CHINA, Clock
from services_catalog.lifecycle.steps import allowed
from services_catalog.lifecycle.viewing import known
from services_catalog.probes.answers import Conformity, EntryProbes, Notices, NoticeSeen, ProbeSeen
from services_catalog.probes.notices import notices
from services_catalog.probes.tables import Probe, ProbeDay, ProbedEntry
from services_catalog.tables import Service

SCORED = timedelta(days=30)
_A_PAGE = 100
_COUNTED = ("checks", "passed", "failed", "slow", "status", "unreadable", "missing", "wrong", "extra")


async def probes_of(session: AsyncSession, clock: Clock, actor: str, code: str) -> EntryProbes:
    """Return how what opens an entry works. Raises UnknownEntryError, NotAllowedError."""
    entry = await known(session, code)
    await allowed(session, clock, actor, "read_drafts", entry.organisation)
    query = select(Probe).join(ProbedEntry, col(ProbedEntry.probe) == col(Probe.id)).where(ProbedEntry.entry == code)
    rows = (await session.exec(query.order_by(Probe.operation, Probe.id))).all()
    shown = set(ProbeSeen.__struct_fields__)
    return EntryProbes(code, tuple(ProbeSeen(**row.model_dump(include=shown)) for row in rows))


async def notices_for(session: AsyncSession, clock: Clock, actor: str, after: int) -> Notices:
    """Return what somebody is told after a notice that they know."""
    rows = await notices(session, clock, actor, after, _A_PAGE)
    seen = tuple(NoticeSeen(**row.model_dump()) for row in rows)
    return Notices(seen, seen[-1].id if seen else after)


async def conformity(session: AsyncSession, clock: Clock) -> tuple[Conformity, ...]:
    """Return the score of every department that publishes services, by name."""
    since = (clock.now().astimezone(CHINA) - SCORED).date()
    sums = [func.coalesce(func.sum(getattr(ProbeDay, name)), 0) for name in _COUNTED]
    days = (col(ProbeDay.service) == col(Service.name)) & (col(ProbeDay.day) > since)
    query: Any = select(col(Service.department), *sums).outerjoin(ProbeDay, days).group_by(col(Service.department))
    rows = (await session.exec(query.order_by(col(Service.department)))).all()
    return tuple(_scored(department, dict(zip(_COUNTED, numbers, strict=True))) for department, *numbers in rows)


def _scored(department: str, numbers: dict[str, int]) -> Conformity:
    checks, passed = numbers["checks"], numbers["passed"]
    return Conformity(department=department, score=round(100 * passed / checks, 1) if checks else None, **numbers)
