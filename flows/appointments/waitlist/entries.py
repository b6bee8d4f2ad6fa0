"""Entries: reading them, what happens to them, and what an offer is as a hold."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from flows.appointments.deps import Deps
from flows.appointments.errors import UnknownBookingError
from flows.appointments.holding import Hold
from flows.appointments.states import Event, after
from flows.appointments.tables import Channel
from flows.appointments.waitlist.tables import WaitlistEntry, WaitlistEvent, WaitlistPerson
from flows.appointments.waitlist.wishes import Window

OPEN = ("waitlisted", "offered")
CHANNEL: Channel = "public"
"""Whose places are offered: those of residents, who wait here themselves."""

_OFFERED = ("service", "office", "resource_id", "slot_ids", "starts_at", "ends_at", "people", "expires_at")
_PREFIX = "offer-"


async def entry_of(session: AsyncSession, entry_id: UUID, *, lock: bool = False) -> WaitlistEntry:
    """Return an entry. Raises UnknownBookingError."""
    row = await session.get(WaitlistEntry, entry_id, with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise UnknownBookingError("Nobody waits by this id", fix="`myAppointments { waitlist }` lists yours.")
    return row


async def entries_of(session: AsyncSession, account_id: UUID, first: int) -> Sequence[WaitlistEntry]:
    """Return what an account waits or has waited for, the latest first."""
    mine = select(WaitlistEntry).where(col(WaitlistEntry.account_id).in_(await parts_of(session, account_id)))
    return (await session.exec(mine.order_by(col(WaitlistEntry.id).desc()).limit(first))).all()


async def ahead_of(session: AsyncSession, row: WaitlistEntry) -> int:
    """Return how many wait for the same service at one of the same offices, and come first."""
    rank = (col(WaitlistEntry.joined_at), col(WaitlistEntry.id))
    others = select(func.count()).where(
        WaitlistEntry.state == "waitlisted",
        WaitlistEntry.service == row.service,
        col(WaitlistEntry.offices).op("&&")(row.offices),
        (rank[0] < row.joined_at) | ((rank[0] == row.joined_at) & (rank[1] < row.id)),
    )
    return (await session.exec(others)).one()


async def happen(deps: Deps, row: WaitlistEntry, event: Event, actor: str) -> None:
    """Have something happen to an entry that the caller has locked. Raises WrongStateError.

    Whoever waits no more is no longer told apart here.
    """
    row.state = after(row.state, event)
    deps.session.add(row)
    at = deps.clock.now()
    deps.session.add(WaitlistEvent(entry_id=row.id, event=event, state=row.state, actor=actor, at=at))
    if row.state not in OPEN:
        await deps.session.exec(delete(WaitlistPerson).where(col(WaitlistPerson.entry_id) == row.id))


def windows_of(row: WaitlistEntry) -> list[Window]:
    """Return when somebody could come."""
    return msgspec.convert(row.windows, list[Window])


def offer_of(row: WaitlistEntry, holder: str = "") -> Hold:
    """Return what is or was offered, as a hold of whoever is to confirm it."""
    said = {name: getattr(row, name) for name in _OFFERED}
    said |= {"id": hold_id_of(row.id), "holder": holder, "channel": CHANNEL, "is_kept": True}
    said["system"] = row.system or ""
    return Hold(**said)


def hold_id_of(entry_id: UUID) -> str:
    """Return the id that an entry's offer has as a hold."""
    return f"{_PREFIX}{entry_id}"


def entry_id_of(made: Hold) -> UUID | None:
    """Return the entry whose offer a hold is; None: it is a hold like any other."""
    return UUID(made.id.removeprefix(_PREFIX)) if made.id.startswith(_PREFIX) else None
