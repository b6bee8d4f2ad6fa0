"""Which steps an entry's versions allow now, and for whom: what a page shows as buttons before anybody presses one.

It asks what refuses the steps themselves, but for the rules: those stand among an entry's findings.
"""

from collections.abc import Iterable

from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from kernel.errors import YiwangError
from services_catalog.lifecycle.answers import Possible
from services_catalog.lifecycle.publication import check_resumer
from services_catalog.lifecycle.reviewing import check_releaser, check_reviewer
from services_catalog.lifecycle.states import NEEDS, TRANSITIONS, Event
from services_catalog.lifecycle.steps import allowed
from services_catalog.lifecycle.tables import Entry, EntryVersion
from services_catalog.organisations.roles import check_apart

_BY_WRITING: frozenset[Event] = frozenset({"revise"})  # a new draft is sent instead


async def possible(
    session: AsyncSession, clock: Clock, actor: str, entry: Entry, versions: Iterable[EntryVersion]
) -> list[Possible]:
    """Return each step that somebody's versions could take, and why this actor may not take it."""
    events = [
        (version, event)
        for version in versions
        for state, event in TRANSITIONS
        if state == version.state and event in NEEDS.keys() - _BY_WRITING
    ]
    return [await _judged(session, clock, actor, entry, each) for each in events]


async def _judged(
    session: AsyncSession, clock: Clock, actor: str, entry: Entry, step: tuple[EntryVersion, Event]
) -> Possible:
    version, event = step
    try:
        await allowed(session, clock, actor, NEEDS[event], entry.organisation)  # first, as the steps do
        if event == "take":
            check_apart(actor, version.took_part)
        elif event == "release":
            await check_releaser(session, clock, actor, version)
        elif NEEDS[event] == "review":
            check_reviewer(actor, version)
        elif event == "resume":
            await check_resumer(session, actor, entry.code)
    except YiwangError as error:
        return Possible(event, version.number, error.message, error.fix)
    return Possible(event, version.number)
