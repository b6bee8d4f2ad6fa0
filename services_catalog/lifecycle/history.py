"""An entry's history: every step of every version, with who, in which role, why and when, as a chain of hashes.

A row that is changed, taken out or moved no longer fits the one after it. The audit log has every step and its hash,
and is anchored outside (docs/audit.md), so neither can be rewritten alone.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.audit.chain import GENESIS, text_of
from kernel.audit.entries import Event as AuditEvent
from kernel.audit.entries import append
from kernel.clock import Clock
from kernel.database import do_last
from services_catalog.lifecycle.states import Event, State
from services_catalog.lifecycle.tables import EntryEvent, EntryVersion

FORMAT = "yiwang-entry-1"
_AUDITED = "catalogue.audited"


_DONE: Mapping[Event | Literal["draft"], str] = {
    "draft": "drafted",
    "submit": "submitted",
    "pass": "checked",
    "fail": "returned",
    "recall": "recalled",
    "take": "taken",
    "release": "released",
    "approve": "approved",
    "reject": "rejected",
    "revise": "revised",
    "schedule": "scheduled",
    "publish": "published",
    "degrade": "degraded",
    "recover": "recovered",
    "suspend": "suspended",
    "resume": "resumed",
    "supersede": "superseded",
    "withdraw": "withdrawn",
}


class Change(NamedTuple):
    """A step: what happened, and how the version stood before; None: it is new."""

    event: Event | Literal["draft"]
    before: State | None


class By(Struct, frozen=True):
    """Who does something, by which role (empty: to be found out), and why."""

    actor: str  # as in the audit log
    role: str = ""
    reason: str = ""
    reasons: Mapping[str, str] = {}


def digest(event: EntryEvent) -> bytes:
    """Return the SHA-256 over RFC 8785's form of what an event says and the hash before it."""
    values = [
        FORMAT,
        event.entry,
        event.place,
        event.number,
        event.event,
        event.before,
        event.after,
        event.actor,
        event.role,
        event.reason,
        event.reasons,
        text_of(event.at),
        event.content.hex(),
        event.previous_hash.hex(),
    ]
    return hashlib.sha256(msgspec.json.encode(values, order="sorted")).digest()


async def record(session: AsyncSession, clock: Clock, version: EntryVersion, change: Change, by: By) -> None:
    """Add a step to an entry's chain and to the audit log. The entry's row is locked by who calls."""
    last = (await session.exec(_of(version.entry).order_by(col(EntryEvent.place).desc()).limit(1))).first()
    row = EntryEvent(
        entry=version.entry,
        place=last.place + 1 if last else 1,
        number=version.number,
        event=change.event,
        before=change.before,
        after=version.state,
        actor=by.actor,
        role=by.role,
        reason=by.reason,
        reasons=dict(by.reasons),
        at=clock.now(),
        content=content(version.fields),
        previous_hash=last.hash if last else GENESIS,
        hash=b"",
    )
    row.hash = digest(row)
    session.add(row)
    await session.flush()
    audited = AuditEvent(
        actor=by.actor,
        action=f"entry.{_DONE[change.event]}",
        object=f"entry:{version.entry}",
        details={"version": version.number, "state": version.state, "role": by.role, "hash": row.hash.hex()},
    )
    _audit_last(session, clock, audited)


def _audit_last(session: AsyncSession, clock: Clock, event: AuditEvent) -> None:
    """Have the audit log's lock taken once, at the end, for all that happens in a transaction."""
    waiting = session.info.setdefault(_AUDITED, [])
    if not waiting:

        async def write() -> None:
            await append(session, clock, *session.info.pop(_AUDITED))

        do_last(session, write)
    waiting.append(event)


async def events_of(session: AsyncSession, entry: str) -> Sequence[EntryEvent]:
    """Return an entry's steps, the first one first."""
    found: Sequence[EntryEvent] = (await session.exec(_of(entry).order_by(col(EntryEvent.place)))).all()
    return found


def broken_at(events: Sequence[EntryEvent]) -> int | None:
    """Return the place of the first step that does not fit the one before it, None if all do."""
    previous = GENESIS
    for place, event in enumerate(events, 1):
        if event.place != place or event.previous_hash != previous or event.hash != digest(event):
            return place
        previous = event.hash
    return None


def _of(entry: str) -> Any:
    return select(EntryEvent).where(EntryEvent.entry == entry)


def content(fields: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of what a version says."""
    return hashlib.sha256(msgspec.json.encode(fields, order="sorted")).digest()
