"""Write down what changed of the tree: a row that stays, and an entry of the audit log."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.audit.entries import Detail, Event, append
from kernel.clock import Clock
from kernel.database import do_last
from services_catalog.organisations.tables import OrganisationChange


class Author(Struct, frozen=True):
    """Who changes something (an actor as in the audit log), and the day from which on it is so."""

    actor: str
    effective: date


class Change(Struct, frozen=True):
    """One change: the columns that it is about, before and after."""

    organisation: str
    change: str
    before: dict[str, Any]
    after: dict[str, Any]


async def record(session: AsyncSession, clock: Clock, author: Author, changes: Sequence[Change]) -> None:
    """Record changes, in the audit log last of all. They are of codes and dates, which that can hold."""
    now, events = clock.now(), []
    for each in changes:
        session.add(
            OrganisationChange(
                organisation=each.organisation,
                change=each.change,
                effective=author.effective,
                at=now,
                actor=author.actor,
                before=each.before,
                after=each.after,
            )
        )
        details: dict[str, Detail] = {"effective": str(author.effective)}
        details |= {column: str(value or "") for column, value in each.after.items()}
        about = f"organisation:{each.organisation}"
        events.append(Event(actor=author.actor, action=f"organisation.{each.change}", object=about, details=details))
    do_last(session, partial(append, session, clock, *events))
