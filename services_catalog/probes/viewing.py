"""What is told of the probes: to staff of their entries, and to everybody how departments keep to what they publish."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import CHINA, Clock
from services_catalog.guide.tables import GuideDay
from services_catalog.lifecycle.notices import Wanted, notices
from services_catalog.lifecycle.steps import allowed
from services_catalog.lifecycle.viewing import known
from services_catalog.probes.answers import Conformity, EntryProbes, Notices, NoticeSeen, ProbeSeen
from services_catalog.probes.tables import Probe, ProbeDay, ProbedEntry
from services_catalog.tables import Service

SCORED = timedelta(days=30)
_A_PAGE = 100
_CHECKED = ("checks", "passed", "failed", "slow", "status", "unreadable", "missing", "wrong", "extra")
_ASKED = ("asked", "beyond")


async def probes_of(session: AsyncSession, clock: Clock, actor: str, code: str) -> EntryProbes:
    """Return how what opens an entry works. Raises UnknownEntryError, NotAllowedError."""
    entry = await known(session, code)
    await allowed(session, clock, actor, "read_drafts", entry.organisation)
    query = select(Probe).join(ProbedEntry, col(ProbedEntry.probe) == col(Probe.id)).where(ProbedEntry.entry == code)
    rows = (await session.exec(query.order_by(Probe.operation, Probe.id))).all()
    shown = set(ProbeSeen.__struct_fields__)
    return EntryProbes(code, tuple(ProbeSeen(**row.model_dump(include=shown)) for row in rows))


async def notices_for(session: AsyncSession, clock: Clock, actor: str, wanted: Wanted) -> Notices:
    """Return what somebody is told."""
    rows = await notices(session, clock, actor, wanted, _A_PAGE)
    seen = tuple(NoticeSeen(**row.model_dump()) for row in rows)
    return Notices(seen, seen[-1].id if seen else wanted.after)


async def conformity(session: AsyncSession, clock: Clock) -> tuple[Conformity, ...]:
    """Return the score of every department that publishes services, or asks applicants for something, by name."""
    since = (clock.now().astimezone(CHINA) - SCORED).date()
    checked: Any = select(Service.department, *_sums(ProbeDay, _CHECKED))
    checked = checked.join(ProbeDay, col(ProbeDay.service) == col(Service.name)).where(col(ProbeDay.day) > since)
    probed = await _by_department(session, checked.group_by(col(Service.department)), _CHECKED)
    demands: Any = select(GuideDay.department, *_sums(GuideDay, _ASKED)).where(col(GuideDay.day) > since)
    asked = await _by_department(session, demands.group_by(col(GuideDay.department)), _ASKED)
    nothing = dict.fromkeys((*_CHECKED, *_ASKED), 0)
    names = {*(await session.exec(select(Service.department))).all(), *asked}
    return tuple(_scored(name, nothing | probed.get(name, {}) | asked.get(name, {})) for name in sorted(names))


def _sums(table: Any, columns: tuple[str, ...]) -> Any:
    return (func.sum(getattr(table, name)) for name in columns)


async def _by_department(session: AsyncSession, query: Any, columns: tuple[str, ...]) -> dict[str, dict[str, int]]:
    rows = (await session.exec(query)).all()
    return {name: dict(zip(columns, numbers, strict=True)) for name, *numbers in rows}


def _scored(department: str, numbers: dict[str, int]) -> Conformity:
    checks, asked = numbers["checks"], numbers["asked"]
    shares = [numbers["passed"] / checks] if checks else []
    shares += [(asked - numbers["beyond"]) / asked] if asked else []
    return Conformity(department=department, score=round(100 * min(shares), 1) if shares else None, **numbers)
