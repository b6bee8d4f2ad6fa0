"""Append to the audit log, in the transaction of what is being recorded: both happen or neither.

An append locks the head's row until the transaction ends, so all appends of the platform go one after another. Append
last of all, when nothing slow is left to do but the commit.
"""

import re
from typing import Literal

import msgspec
from msgspec import Struct
from sqlalchemy import insert, update
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.audit.chain import Link, digest, text_of
from kernel.audit.tables import AuditEntry, AuditHead
from kernel.clock import Clock
from kernel.logs import request_id

# Codes and ids only: no spaces, no letters beyond ASCII, no @. Names, addresses and prose do not pass.
_WORD = re.compile(r"[A-Za-z0-9._:/+=-]{0,200}")
_WHO_OR_WHAT = re.compile(r"[a-z][a-z_]*:[A-Za-z0-9._:/+=-]{1,180}")
_ACTION = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)+")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_DETAILS_BYTES = 2048
_EXACT = 2**53 - 1  # the whole numbers that every JSON library reads exactly (RFC 8259 section 6)

Detail = str | int | bool


class Event(Struct, frozen=True, kw_only=True):
    """Who did what to what. ``actor``, ``on_behalf_of`` and ``object`` are ``kind:id``, such as ``service:parking``.

    ``action`` is ``thing.done``, ``acr`` how surely the actor was known, ``purpose`` a code of why. People appear by
    pseudonymous ids only. Without a ``request_id`` it is the current request's. Raises ValueError for what is none of
    that: the caller is at fault, not a client.
    """

    actor: str
    action: str
    object: str
    acr: str = ""
    on_behalf_of: str = ""
    purpose: str = ""
    result: Literal["done", "refused", "failed"] = "done"
    details: dict[str, Detail] = {}
    request_id: str = ""

    def __post_init__(self) -> None:
        _must(_ACTION, "action", self.action)
        for field in ("actor", "object"):
            _must(_WHO_OR_WHAT, field, getattr(self, field))
        if self.on_behalf_of:
            _must(_WHO_OR_WHAT, "on_behalf_of", self.on_behalf_of)
        for field in ("acr", "purpose", "request_id"):
            _must(_WORD, field, getattr(self, field))
        for name, value in self.details.items():
            _must(_NAME, "the name of a detail", name)
            _check_detail(name, value)
        if len(msgspec.json.encode(self.details)) > _DETAILS_BYTES:
            raise ValueError(f"the details of an audit event have up to {_DETAILS_BYTES} bytes: record ids, not things")


async def append(session: AsyncSession, clock: Clock, *events: Event) -> int:
    """Add entries to the caller's transaction and return the last one's number."""
    await session.flush()  # whatever it waits for, it waits before the lock
    head = (await session.exec(select(AuditHead.seq, AuditHead.hash).with_for_update())).one_or_none()
    if head is None:
        raise RuntimeError("audit_head has no row: the audit log was tampered with; `yiwang audit verify` says more")
    seq, previous = head
    moment, rows = clock.now(), []
    for event in events:
        link = Link(
            seq=seq + 1,
            at=text_of(moment),
            previous_hash=previous,
            **msgspec.structs.asdict(event) | {"request_id": event.request_id or current_request()},
        )
        seq, previous = link.seq, digest(link)
        rows.append(msgspec.structs.asdict(link) | {"at": moment, "hash": previous})
    *before, last = rows
    if before:
        await session.exec(insert(AuditEntry), params=before)
    moved = update(AuditHead).values(seq=seq, hash=previous).cte("moved")
    await session.exec(insert(AuditEntry).values(last).add_cte(moved))
    return seq


def current_request() -> str:
    """Return the current request's id, if it is one: a proxy's may be anything."""
    current = request_id.get()
    return current if _WORD.fullmatch(current) else ""


def _must(pattern: re.Pattern[str], field: str, value: str) -> None:
    if not pattern.fullmatch(value):
        raise ValueError(f"{field} of an audit event is {value!r}, which is no {pattern.pattern}: codes and ids only")


def _check_detail(name: str, value: Detail) -> None:
    if isinstance(value, str):
        _must(_WORD, f"the detail {name}", value)
    elif not isinstance(value, int) or abs(value) > _EXACT:
        raise ValueError(f"the detail {name} of an audit event is neither a string, a boolean nor a number up to 2^53")
