"""One step of an entry's way: who may take it, whether it can be taken now, and the record of it.

Every change of state goes through ``step``; nothing else writes ``EntryVersion.state``.
"""

from collections.abc import Collection, Mapping

from msgspec.structs import replace
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.lifecycle.errors import NotAllowedError, UnknownEntryError, WrongStateError
from services_catalog.lifecycle.history import By, Change, record
from services_catalog.lifecycle.states import LIVE, NEEDS, OPEN, TRANSITIONS, Event, State
from services_catalog.lifecycle.tables import Entry, EntryVersion
from services_catalog.organisations.roles import Action, role_for

_HELD = "catalogue.held"
PLATFORM = By("platform:catalogue", "platform")


async def locked(session: AsyncSession, code: str, *, kept: bool = True) -> Entry:
    """Return an entry for changing; if it is ``kept``, whoever else wants to waits for this transaction.

    Raises UnknownEntryError.
    """
    entry = await session.get(Entry, code, with_for_update=kept or None, populate_existing=True)
    if entry is None:
        raise UnknownEntryError(f"There is no entry {code!r}", fix="yiwang entry list shows those there are.")
    hold(session, entry)
    return entry


def hold(session: AsyncSession, entry: Entry) -> None:
    """Keep a locked entry for the rest of the transaction: a session forgets what nobody holds, and reads it anew."""
    session.info.setdefault(_HELD, {})[entry.code] = entry


_WORDS: Mapping[Action, str] = {"read_drafts": "read drafts", "ask": "ask applicants for anything in the name"}


async def allowed(session: AsyncSession, clock: Clock, actor: str, action: Action, organisation: str) -> str:
    """Return the role by which somebody may do something at an organisation. Raises NotAllowedError."""
    role = await role_for(session, clock, actor, action, organisation)
    if role is None:
        raise NotAllowedError(
            f"You have no role to {_WORDS.get(action, f'{action} entries')} of {organisation}",
            fix="Ask an owner of the organisation: yiwang role list.",
        )
    return role


async def admit(session: AsyncSession, clock: Clock, actor: str, event: Event, code: str) -> None:
    """Refuse who has no role for a step before anything is said of how the entry stands.

    Raises UnknownEntryError, NotAllowedError.
    """
    entry = await locked(session, code)
    await allowed(session, clock, actor, NEEDS[event], entry.organisation)


async def open_version(session: AsyncSession, code: str) -> EntryVersion | None:
    """Return the version of an entry that is on its way, None if there is none."""
    return await _version(session, code, OPEN)


async def live_version(session: AsyncSession, code: str) -> EntryVersion | None:
    """Return the version of an entry that is published, degraded or suspended, None if there is none."""
    return await _version(session, code, LIVE)


async def step(session: AsyncSession, clock: Clock, version: EntryVersion, event: Event, by: By) -> None:
    """Take a step that ``by`` may take, and write it down. Raises WrongStateError."""
    before = version.state
    after = TRANSITIONS.get((before, event))
    if after is None:
        possible = sorted(each for state, each in TRANSITIONS if state == before)
        raise WrongStateError(
            f"Version {version.number} of {version.entry} is {before}, so it cannot {event}",
            fix=f"Possible now: {', '.join(possible)}." if possible else "Edit the entry: that makes a new version.",
        )
    version.state, version.changed_at = after, clock.now()
    session.add(version)
    await session.flush()
    await record(session, clock, version, Change(event, before), by)


async def step_by(session: AsyncSession, clock: Clock, version: EntryVersion, event: Event, by: By) -> None:
    """Take a step if its actor may. Raises NotAllowedError, WrongStateError."""
    entry = await session.get_one(Entry, version.entry)
    role = await allowed(session, clock, by.actor, NEEDS[event], entry.organisation)
    await step(session, clock, version, event, replace(by, role=role))


async def wanted(session: AsyncSession, code: str, states: Collection[State]) -> EntryVersion:
    """Return the version of an entry, locked, that stands in one of ``states``. Raises WrongStateError."""
    await locked(session, code)
    version = await _version(session, code, states)
    if version is None:
        there = await open_version(session, code) or await live_version(session, code)
        stands = f"{code} is {there.state}" if there else f"Nothing of {code} is on its way or public"
        raise WrongStateError(
            f"{stands}; this takes one that is {' or '.join(sorted(states))}",
            fix="yiwang entry show has its state and history.",
        )
    return version


async def _version(session: AsyncSession, code: str, states: Collection[State]) -> EntryVersion | None:
    query = select(EntryVersion).where(EntryVersion.entry == code, col(EntryVersion.state).in_(sorted(states)))
    newest = query.order_by(col(EntryVersion.number).desc())
    return (await session.exec(newest.execution_options(populate_existing=True))).first()  # as it is under the lock
