"""Entries follow their organisations: what they show of these is written anew, and their work stops with them.

Whoever changes the tree calls this after the change, in the same transaction (services_catalog.reorganising). Locks are
taken in one order everywhere: organisations, entries by code, the catalogue's revision, the audit log.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, String, any_, bindparam, literal, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services_catalog.lifecycle.bodies import bodies
from services_catalog.lifecycle.states import LIVE, OPEN
from services_catalog.lifecycle.tables import Entry, EntryLive, EntryVersion
from services_catalog.organisations.errors import CloseRefusedError
from services_catalog.revisions import next_revision

_AT_ONCE = 500  # entries: 2 MB
_LISTED = 20  # entries named in a refusal
_IN_USE = sorted((LIVE | OPEN) - {"draft", "rejected"})
_Fields = dict[str, dict[str, msgspec.Raw]]
_READ = text("""
    SELECT organisation, code, shown FROM entry JOIN entry_live USING (code) WHERE code = ANY(:codes)
""").bindparams(bindparam("codes", type_=ARRAY(String)))
_BELOW = text("""
    SELECT DISTINCT o.code, o.name_zh, o.name_en, o.path
    FROM organisation top
    JOIN organisation o ON o.code = top.code OR o.path > top.path || '/' AND o.path < top.path || '0'
    WHERE top.code = ANY(:codes)
    AND EXISTS (SELECT FROM entry e JOIN entry_live USING (code) WHERE e.organisation = o.code AND shown IS NOT NULL)
""").bindparams(bindparam("codes", type_=ARRAY(String)))  # a range of the paths' index: services_catalog.organisations
_WRITE = text("UPDATE entry_live SET shown = :shown, revision = :revision WHERE code = :code")


class _Body(NamedTuple):
    """An organisation that has shown entries."""

    code: str
    name_zh: str
    name_en: str | None
    path: str


async def follow(session: AsyncSession, organisations: Collection[str]) -> int:
    """Write anew what entries show of ``organisations`` and of all below them; return the catalogue's revision.

    What entries inherit does not depend on organisations, so only these two fields are exchanged.
    """
    revision = await next_revision(session, tree=True)  # first of all: nothing is published or shown meanwhile
    found = await bodies(session, await _below(session, organisations))
    fields = {code: {"authority": _json(body.authority), "area": _json(body.area)} for code, body in found.items()}
    of_them = select(EntryLive.code).join(Entry, col(Entry.code) == col(EntryLive.code))
    shown = of_them.where(col(EntryLive.shown).is_not(None), _among(fields))
    codes = (await session.exec(shown.order_by(col(EntryLive.code)))).all()
    for start in range(0, len(codes), _AT_ONCE):
        await _rewrite(session, codes[start : start + _AT_ONCE], fields, revision)
    session.expire_all()
    return revision


async def hand_over(session: AsyncSession, code: str, successor: str) -> None:
    """Let a successor have an organisation's entries, whatever their state."""
    entries = select(Entry.code).where(Entry.organisation == code).order_by(col(Entry.code))
    codes = (await session.exec(entries.with_for_update())).all()
    if codes:
        await session.exec(update(Entry).where(col(Entry.organisation) == code).values(organisation=successor))
        session.expire_all()


async def check_unused(session: AsyncSession, organisations: Collection[str]) -> None:
    """Refuse to close organisations that have entries which are public, suspended or on their way there.

    Drafts stay with them and go no further (rule E25). Raises CloseRefusedError.
    """
    entries = select(Entry.code).where(_among(organisations)).order_by(col(Entry.code))
    await session.exec(entries.with_for_update())  # whoever is publishing one has done so, or waits and sees the end
    query = (
        select(Entry.organisation, Entry.code, EntryVersion.state)
        .join(EntryVersion, col(EntryVersion.entry) == col(Entry.code))
        .where(_among(organisations), col(EntryVersion.state).in_(_IN_USE))
        .order_by(col(Entry.organisation), col(Entry.code))
    )
    found = (await session.exec(query)).all()
    if not found:
        return
    listed = ", ".join(f"{code} of {organisation} ({state})" for organisation, code, state in found[:_LISTED])
    more = f" and {len(found) - _LISTED:,} more" if len(found) > _LISTED else ""
    raise CloseRefusedError(
        f"Entries are in use there: {listed}{more}",
        fix="Merge the organisation into its successor, which takes them over; or withdraw what is public and recall "
        "what is on its way first.",
    )


async def _below(session: AsyncSession, organisations: Collection[str]) -> list[_Body]:
    """Return those that have shown entries, and are or stand below one of ``organisations``."""
    await session.flush()  # what has just been changed of them
    found = await (await session.connection()).execute(_BELOW, {"codes": [*organisations]})
    return [_Body(*row) for row in found]


def _among(organisations: Collection[str]) -> ColumnElement[bool]:
    """One parameter, as a file may close more organisations than a statement takes parameters."""
    return col(Entry.organisation) == any_(literal([*organisations], ARRAY(String)))


def _json(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


async def _rewrite(session: AsyncSession, codes: Sequence[str], fields: _Fields, revision: int) -> None:
    """Exchange the two fields in JSON as it is stored: what another release has written there stays as it is."""
    connection = await session.connection()
    changed = []
    for organisation, code, shown in await connection.execute(_READ, {"codes": codes}):
        before = msgspec.json.decode(shown, type=dict[str, msgspec.Raw])
        after = before | fields[organisation]
        if after != before:
            changed.append({"code": code, "shown": msgspec.json.encode(after), "revision": revision})
    if changed:
        await connection.execute(_WRITE, changed)
