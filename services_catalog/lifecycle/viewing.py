"""What staff see of one entry: its versions, what it inherits, its history, and what diverges below it."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.entries.drift import Divergence, drift
from services_catalog.entries.fields import Fields, said, to_json
from services_catalog.entries.inheritance import Authorship, Layer, effective
from services_catalog.entries.rule import Finding
from services_catalog.lifecycle.answers import EntrySeen, Happened, History, Reviewer, Standing, VersionSeen
from services_catalog.lifecycle.errors import NotAllowedError, UnknownEntryError
from services_catalog.lifecycle.history import broken_at, content, events_of
from services_catalog.lifecycle.layers import layer_of, live_layers_above
from services_catalog.lifecycle.operations import operations_of
from services_catalog.lifecycle.possible import possible
from services_catalog.lifecycle.states import LIVE
from services_catalog.lifecycle.steps import allowed, live_version, open_version
from services_catalog.lifecycle.submitting import check
from services_catalog.lifecycle.tables import Entry, EntryEvent, EntryLive, EntryVersion
from services_catalog.organisations.roles import may, who_may


async def known(session: AsyncSession, code: str) -> Entry:
    """Return an entry. Raises UnknownEntryError."""
    entry = await session.get(Entry, code)
    if entry is None:
        raise UnknownEntryError(f"There is no entry {code!r}", fix="yiwang entry list shows those there are.")
    return entry


async def standing(session: AsyncSession, clock: Clock, version: EntryVersion) -> Standing:
    """Return how a version stands, and who may decide next."""
    reviewers: Sequence[Reviewer] = ()
    if version.state in ("checked", "in_review"):
        reviewers = await reviewers_of(session, clock, version)
    return Standing(
        code=version.entry,
        number=version.number,
        state=version.state,
        publish_at=version.publish_at,
        findings=_findings(version),
        reviewers=tuple(reviewers),
    )


async def reviewers_of(session: AsyncSession, clock: Clock, version: EntryVersion) -> list[Reviewer]:
    """Return who may decide on a version: nobody who took part in it."""
    entry = await known(session, version.entry)
    held = await who_may(session, clock, "review", entry.organisation)
    apart = (each for each in held if each.holder not in version.took_part)
    return [Reviewer(each.holder, each.role, each.organisation) for each in apart]


async def newest_shown(session: AsyncSession, code: str) -> EntryVersion:
    """Return the live version of an entry, or the one that was live last."""
    states = sorted(LIVE | {"withdrawn"})
    query = select(EntryVersion).where(EntryVersion.entry == code, col(EntryVersion.state).in_(states))
    newest = (await session.exec(query.order_by(col(EntryVersion.number).desc()))).first()
    if newest is None:
        raise UnknownEntryError(f"Nothing of {code} was ever public", fix="yiwang entry show has its state.")
    return newest


async def view(session: AsyncSession, clock: Clock, actor: str, code: str) -> EntrySeen:
    """Return an entry as its staff see it; others get what residents see. Raises UnknownEntryError, NotAllowedError."""
    entry = await known(session, code)
    staff = await may(session, clock, actor, "read_drafts", entry.organisation)
    if not staff:
        await _check_public(session, entry)
    live = await live_version(session, code)
    version = await open_version(session, code) if staff else None
    shown = version or live
    above, _ = await live_layers_above(session, entry)
    whole = effective([*above, layer_of(entry, shown)] if shown else above)
    as_seen = to_json if staff else _for_everybody
    found: Sequence[Finding] = ()
    if staff and shown:
        found = await check(session, clock, shown, await operations_of(session, code))
    return EntrySeen(
        code=entry.code,
        level=entry.level,
        organisation=entry.organisation,
        parent=entry.parent,
        item=entry.item,
        open=_seen(version, whole=True) if version else None,
        live=_seen(live, whole=staff) if live else None,
        inherited=as_seen(effective(above).fields),
        effective=as_seen(whole.fields),
        sources={name: each if staff else replace(each, authorship=None) for name, each in whole.origins.items()},
        findings=tuple(found),
        steps=tuple(await possible(session, clock, actor, entry, filter(None, (version, live)))),
    )


async def _check_public(session: AsyncSession, entry: Entry) -> None:
    public = await session.get(EntryLive, entry.code)
    if public is None or public.shown is None:
        raise NotAllowedError(
            f"You have no role to read drafts of {entry.organisation}, and {entry.code} is not public",
            fix="Ask an owner of the organisation: yiwang role list.",
        )


def _for_everybody(fields: Fields) -> dict[str, Any]:
    """Return what residents see of fields: without who answers for the text, and how operations are tested."""
    seen = to_json(replace(fields, owner_contact=UNSET))
    for operation in seen.get("binding", {}).get("operations", ()):
        operation.pop("probe", None)
    return seen


async def history(session: AsyncSession, clock: Clock, actor: str, code: str) -> History:
    """Return every step of an entry, and whether their chain holds. Raises UnknownEntryError, NotAllowedError."""
    entry = await known(session, code)
    await allowed(session, clock, actor, "read_drafts", entry.organisation)
    events = await events_of(session, code)
    broken = broken_at(events) or await _rewritten(session, code, events)
    return History(tuple(_happened(each) for each in events), broken is None, broken)


async def _rewritten(session: AsyncSession, code: str, events: Sequence[EntryEvent]) -> int | None:
    """Return the last step of a frozen version that no longer says what it said then, None if there is none."""
    last = {each.number: each for each in events}
    versions = (await session.exec(select(EntryVersion).where(EntryVersion.entry == code))).all()
    frozen = [each for each in versions if each.state not in ("draft", "rejected")]
    changed = [last[each.number].place for each in frozen if last[each.number].content != content(each.fields)]
    return min(changed, default=None)


async def drifts(session: AsyncSession, clock: Clock, actor: str, code: str) -> list[Divergence]:
    """Return where what is live below an entry says something else. Raises UnknownEntryError, NotAllowedError."""
    entry = await known(session, code)
    await allowed(session, clock, actor, "read_drafts", entry.organisation)
    below = col(Entry.item) == code if entry.level == "item" else col(Entry.parent) == code
    query = (
        select(Entry, EntryVersion)
        .join(EntryVersion, col(EntryVersion.entry) == col(Entry.code))
        .where(below | (col(Entry.code) == code), col(EntryVersion.state).in_(sorted(LIVE)))
        .order_by(col(Entry.code))
    )
    rows = (await session.exec(query)).all()
    layers = {row.code: layer_of(row, version) for row, version in rows}
    parents = {row.code: row.parent for row, _ in rows}
    return [each for lower in layers.values() if lower.entry != code for each in _diverging(lower, layers, parents)]


def _diverging(lower: Layer, layers: dict[str, Layer], parents: dict[str, str | None]) -> Iterator[Divergence]:
    """Yield each field that a level says itself, beside what the nearest live level above says of it."""
    reported: set[str] = set()
    above = parents[lower.entry]
    while above in layers:
        found = [each for each in drift(layers[above], [lower]) if each.field not in reported]
        yield from found
        reported |= said(layers[above].fields).keys()
        above = parents[above]


def _seen(version: EntryVersion, *, whole: bool) -> VersionSeen:
    seen = VersionSeen(
        number=version.number,
        state=version.state,
        fields=version.fields if whole else _for_everybody(msgspec.convert(version.fields, Fields)),
        because=version.because,
        changed_at=version.changed_at,
    )
    if not whole:
        return seen
    return msgspec.structs.replace(
        seen,
        authorship=msgspec.convert(version.authorship, dict[str, Authorship]),
        took_part=tuple(version.took_part),
        reviewer=version.reviewer,
        publish_at=version.publish_at,
        findings=_findings(version),
    )


def _findings(version: EntryVersion) -> tuple[Finding, ...]:
    return tuple(msgspec.convert(each, Finding) for each in version.findings)


def _happened(event: EntryEvent) -> Happened:
    return Happened(
        place=event.place,
        version=event.number,
        event=event.event,
        before=event.before,
        after=event.after,
        actor=event.actor,
        role=event.role,
        reason=event.reason,
        reasons=event.reasons,
        at=event.at,
        content=event.content.hex(),
        previous_hash=event.previous_hash.hex(),
        hash=event.hash.hex(),
    )
