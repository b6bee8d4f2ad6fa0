"""Laying what an entry inherits into it, for everybody who reads, once per change instead of once per read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.entries.fields import said
from services_catalog.entries.inheritance import Effective, Layer, Origin, effective
from services_catalog.entries.words import LEVELS
from services_catalog.lifecycle.bodies import Body, bodies
from services_catalog.lifecycle.layers import layer_of, live_layers_above
from services_catalog.lifecycle.states import LIVE, PUBLIC
from services_catalog.lifecycle.tables import Entry, EntryLive, EntryVersion
from services_catalog.organisations.tables import Organisation
from services_catalog.reading.shown import Shown, Source
from services_catalog.revisions import next_revision

_A_STATEMENT = 500  # rows: 8 parameters each, and PostgreSQL takes 32,767


class _Row(NamedTuple):
    """An entry with its public version, its organisation, and what is shown of it until now."""

    entry: Entry
    version: EntryVersion | None
    organisation: Organisation
    before: EntryLive | None


class _Chain(NamedTuple):
    """The live levels from the generic item down to an entry; ``hidden``: one of them is not public."""

    layers: tuple[Layer, ...]
    hidden: bool


async def show(session: AsyncSession, clock: Clock, code: str) -> int:
    """Write anew what residents see of an entry and of all that inherits from it; return the catalogue's revision.

    Takes the catalogue's lock, so it is nearly the last that a transaction does.
    """
    revision = await next_revision(session)  # first of all: whoever changes a level above or below has it too
    entry = await session.get_one(Entry, code)
    above, missing = await live_layers_above(session, entry)
    family = await _family(session, entry)
    by_code = await bodies(session, [row.organisation for row in family])
    values = _values(family, _Chain(tuple(above), bool(missing)), by_code, clock.now())
    for start in range(0, len(values), _A_STATEMENT):
        part = values[start : start + _A_STATEMENT]
        statement = insert(EntryLive).values([each | {"revision": revision} for each in part])
        changed = {name: statement.excluded[name] for name in (*part[0], "revision") if name != "code"}
        await session.exec(statement.on_conflict_do_update(index_elements=["code"], set_=changed))
    return revision


async def _family(session: AsyncSession, entry: Entry) -> Sequence[_Row]:
    """Return an entry and all that belongs to it, parents before children."""
    wanted = col(Entry.code) == entry.code
    if entry.level == "item":
        wanted |= col(Entry.item) == entry.code
    elif entry.level == "implementation":
        wanted |= col(Entry.parent) == entry.code
    live = (col(EntryVersion.entry) == col(Entry.code)) & col(EntryVersion.state).in_(sorted(LIVE))
    query = (
        select(Entry, EntryVersion, Organisation, EntryLive)
        .join(Organisation, col(Organisation.code) == col(Entry.organisation))
        .outerjoin(EntryVersion, live)
        .outerjoin(EntryLive, col(EntryLive.code) == col(Entry.code))
        .where(wanted)
    )
    found = await session.exec(query.execution_options(populate_existing=True))
    rows = [_Row(*each) for each in found.all()]
    return sorted(rows, key=lambda row: (LEVELS.index(row.entry.level), row.entry.code))


def _values(family: Sequence[_Row], above: _Chain, by_code: Mapping[str, Body], now: datetime) -> list[dict[str, Any]]:
    """Return the rows of ``EntryLive`` for a family; what was never public and is not now has none."""
    chains: dict[str, _Chain] = {}
    values = []
    for row in family:
        inherited = chains.get(row.entry.parent or "", above)
        chain = chains[row.entry.code] = _chain(inherited, row)
        code = {"code": row.entry.code}
        if row.version is not None:
            state = "suspended" if inherited.hidden else row.version.state
            body = by_code[row.organisation.code]
            shown = None if chain.hidden else _shown(row, row.version, body, effective(chain.layers))
            stands = {"number": row.version.number, "state": state, "since": row.version.changed_at}
            values.append({**code, **stands, **_seen(shown)})
        elif row.before is not None:  # what was never public has no row
            values.append({**code, "number": row.before.number, "state": "withdrawn", "since": now, **_seen(None)})
    return values


def _seen(shown: Shown | None) -> dict[str, Any]:
    """Return what residents see, and on which days."""
    return {
        "shown": msgspec.json.encode(shown) if shown else None,
        "effective_from": (shown and shown.effective_from) or None,
        "withdraw_on": (shown and shown.withdraw_on) or None,
    }


def _chain(inherited: _Chain, row: _Row) -> _Chain:
    if row.version is None:
        return _Chain(inherited.layers, hidden=True)
    hidden = inherited.hidden or row.version.state not in PUBLIC
    return _Chain((*inherited.layers, layer_of(row.entry, row.version)), hidden)


def _shown(row: _Row, version: EntryVersion, body: Body, whole: Effective) -> Shown:
    entry = row.entry
    return Shown(
        **said(whole.fields),
        code=entry.code,
        level=entry.level,
        version=version.number,
        parent=entry.parent,
        item=entry.item,
        area=body.area,
        authority=body.authority,
        state="degraded" if version.state == "degraded" else "published",
        since=version.changed_at,
        because=version.because,
        sources=tuple(_source(name, origin) for name, origin in whole.origins.items()),
    )


def _source(name: str, origin: Origin) -> Source:
    who = origin.authorship
    return Source(name, origin.entry, origin.level, origin.over, who.at if who else None, who.reason if who else "")
