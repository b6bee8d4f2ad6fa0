"""What is to be called: the operations that public entries are opened by and that are marked safe.

Follows ``entry_live`` by its revision as gateways do, so whatever changes an entry need not know of probes.
"""

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.entries.bindings import Binding, BoundOperation
from services_catalog.lifecycle.tables import EntryLive
from services_catalog.probes.tables import Probe, ProbedEntry, ProbesFollow

_AT_A_TIME = 500  # entries: a few kB each
_json = msgspec.json.Encoder(order="deterministic")


class _Opened(Struct):
    """What is read of a shown entry."""

    binding: Binding = Binding()
    effective_from: date | None = None
    withdraw_on: date | None = None


_decoder = msgspec.json.Decoder(_Opened)


async def follow(session: AsyncSession, clock: Clock) -> bool:
    """Take over changed entries, some at a time; return whether there may be more. One process at a time does it."""
    await session.exec(insert(ProbesFollow).values(id=1, revision=-1).on_conflict_do_nothing())
    here = await session.get_one(ProbesFollow, 1, with_for_update=True)
    changed = select(EntryLive.code, EntryLive.revision, EntryLive.shown).where(col(EntryLive.revision) > here.revision)
    some = changed.order_by(col(EntryLive.revision)).fetch(_AT_A_TIME, with_ties=True)  # all of a revision or nothing
    rows = (await session.exec(some)).all()
    if not rows:
        return False
    wanted = {code: _decoder.decode(shown) if shown else _Opened() for code, _, shown in rows}
    await _replace(session, clock, wanted)
    here.revision = max(revision for _, revision, _ in rows)
    session.add(here)
    return len(rows) >= _AT_A_TIME


def holds_on(day: date) -> Any:
    """The condition that a probed entry holds on a day."""
    began = col(ProbedEntry.since).is_(None) | (col(ProbedEntry.since) <= day)
    return began & (col(ProbedEntry.until).is_(None) | (col(ProbedEntry.until) > day))


def identity(bound: BoundOperation) -> str:
    """Name a call by what is called, and how long it may take."""
    return hashlib.sha256(_json.encode((bound.operation, bound.probe, bound.slow_after_ms))).hexdigest()


async def _replace(session: AsyncSession, clock: Clock, wanted: dict[str, _Opened]) -> None:
    calls = {
        code: {identity(each): each for each in opened.binding.operations if each.safe}
        for code, opened in wanted.items()
    }
    different = {key: each for some in calls.values() for key, each in some.items()}
    if different:  # due at once: an entry that has just come out is looked at first
        new = insert(Probe).values([_row(key, each, clock) for key, each in different.items()])
        await session.exec(new.on_conflict_do_nothing())
    await session.exec(delete(ProbedEntry).where(col(ProbedEntry.entry).in_(wanted)))
    pairs = [
        {"entry": code, "probe": key, "since": wanted[code].effective_from, "until": wanted[code].withdraw_on}
        for code, some in calls.items()
        for key in some
    ]
    if pairs:
        await session.exec(insert(ProbedEntry).values(pairs))


def _row(key: str, bound: BoundOperation, clock: Clock) -> dict[str, object]:
    service = bound.operation.split(" ", 1)[1].split(".", 1)[0]
    return {
        "id": key,
        "operation": bound.operation,
        "service": service,
        "arguments": bound.probe,
        "slow_after_ms": bound.slow_after_ms,
        "due_at": clock.now(),
        "streak": 0,
        "because": "",
        "failure": "",
        "found": [],
    }


async def forget_unused(session: AsyncSession) -> None:
    """Delete the calls that no public entry needs any more."""
    used: Iterable[str] = select(ProbedEntry.probe)  # type: ignore[assignment]  # a subquery
    await session.exec(delete(Probe).where(col(Probe.id).not_in(used)))
