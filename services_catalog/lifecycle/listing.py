"""Lists of entries for staff: exactly those that roles and tree allow, by code, a page at a time."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.orm import aliased
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.entries.document import EntryDocument
from services_catalog.entries.fields import Fields
from services_catalog.entries.inheritance import Authorship
from services_catalog.lifecycle.answers import Documents, Listed, Page
from services_catalog.lifecycle.reviewing import inbox
from services_catalog.lifecycle.states import LIVE, OPEN, State
from services_catalog.lifecycle.tables import Entry, EntryVersion
from services_catalog.organisations.questions import find
from services_catalog.organisations.roles import where_may
from services_catalog.organisations.tables import Organisation

A_PAGE = 100
STATES: frozenset[State] = LIVE | OPEN | {"withdrawn"}
"""Those in which an entry is to be found."""
_WITHDRAWN: frozenset[State] = frozenset({"withdrawn"})


class Wanted(msgspec.Struct, frozen=True):
    """Which entries: in a state (one of ``STATES``), of an organisation and all below it, after a code."""

    state: str = ""
    organisation: str = ""
    after: str = ""


class _Row(NamedTuple):
    entry: Entry
    open: EntryVersion | None
    live: EntryVersion | None


async def listed(session: AsyncSession, clock: Clock, actor: str, wanted: Wanted) -> Page:
    """Return a page of the entries whose drafts somebody may read. Raises UnknownOrganisationError.

    Of an entry that is only withdrawn any more, that stands in the place of what is live.
    """
    rows, following = await _rows(session, clock, actor, wanted, LIVE | _WITHDRAWN)
    names = await _item_names(session, [row.entry for row in rows])
    return Page(tuple(_listed(row, names) for row in rows), following)


async def documents(session: AsyncSession, clock: Clock, actor: str, wanted: Wanted) -> Documents:
    """Return entries as documents: what is on its way, else what is live; what is withdrawn only if it is asked for."""
    lives = LIVE | _WITHDRAWN.intersection([wanted.state])
    rows, following = await _rows(session, clock, actor, wanted, lives)
    return Documents(tuple(_document(row.entry, row.open or row.live) for row in rows), following)


async def waiting(session: AsyncSession, clock: Clock, actor: str) -> list[Listed]:
    """Return what waits for somebody's review, the longest waiting first."""
    versions = await inbox(session, clock, actor)
    query = select(Entry).where(col(Entry.code).in_([each.entry for each in versions]))
    entries = {each.code: each for each in (await session.exec(query)).all()}
    names = await _item_names(session, [*entries.values()])
    return [_listed(_Row(entries[each.entry], each, None), names) for each in versions]


async def _rows(
    session: AsyncSession, clock: Clock, actor: str, wanted: Wanted, lives: frozenset[State]
) -> tuple[Sequence[_Row], str | None]:
    """Return a page of entries with the version on its way and the newest in one of the states ``lives``."""
    on_way, live, each = aliased(EntryVersion), aliased(EntryVersion), aliased(EntryVersion)
    of_them = col(each.entry) == col(Entry.code), col(each.state).in_(sorted(lives))
    newest = select(func.max(each.number)).where(*of_them).correlate(Entry).scalar_subquery()
    query: Any = (
        select(Entry, on_way, live)
        .join(Organisation, col(Organisation.code) == col(Entry.organisation))
        .outerjoin(on_way, (col(on_way.entry) == col(Entry.code)) & col(on_way.state).in_(sorted(OPEN)))
        .outerjoin(live, (col(live.entry) == col(Entry.code)) & (col(live.number) == newest))
        .where(where_may(actor, "read_drafts", clock.now()), col(Entry.code) > wanted.after)
        .where(col(on_way.number).is_not(None) | col(live.number).is_not(None))
        .order_by(col(Entry.code))
        .limit(A_PAGE + 1)
    )
    if wanted.state:
        query = query.where(or_(col(on_way.state) == wanted.state, col(live.state) == wanted.state))
    if wanted.organisation:
        path = (await find(session, wanted.organisation)).path
        query = query.where(
            or_(col(Organisation.path) == path, col(Organisation.path).startswith(f"{path}/", autoescape=True))
        )
    rows = [_Row(*row) for row in (await session.exec(query)).all()]
    page = rows[:A_PAGE]
    return page, page[-1].entry.code if len(rows) > A_PAGE else None


async def _item_names(session: AsyncSession, entries: Sequence[Entry]) -> dict[str, str]:
    """Return the live names of the items that entries belong to, which they have where they say none themselves."""
    query = select(EntryVersion.entry, col(EntryVersion.fields)["name"]["zh"].as_string()).where(
        col(EntryVersion.entry).in_({each.item for each in entries}), col(EntryVersion.state).in_(sorted(LIVE))
    )
    return dict((await session.exec(query)).all())


def _listed(row: _Row, names: dict[str, str]) -> Listed:
    newest = row.open or row.live
    own = (newest.fields.get("name") if newest else None) or {}
    return Listed(
        code=row.entry.code,
        level=row.entry.level,
        organisation=row.entry.organisation,
        name=own.get("zh") or names.get(row.entry.item) or "",
        open=row.open.state if row.open else None,
        open_number=row.open.number if row.open else None,
        live=row.live.state if row.live else None,
        live_number=row.live.number if row.live else None,
        changed_at=newest.changed_at if newest else row.entry.created_at,
        reviewer=row.open.reviewer if row.open else None,
    )


def _document(entry: Entry, version: EntryVersion | None) -> dict[str, Any]:
    authorship = msgspec.convert(version.authorship if version else {}, dict[str, Authorship])
    document = EntryDocument(
        level=entry.level,
        code=entry.code,
        organisation=entry.organisation,
        parent=entry.parent,
        fields=msgspec.convert(version.fields if version else {}, Fields),
        because={name: each.reason for name, each in authorship.items() if each.reason},
    )
    plain: dict[str, Any] = msgspec.to_builtins(document)
    return plain
