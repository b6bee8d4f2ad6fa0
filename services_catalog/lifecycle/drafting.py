"""Drafts: an authority writes down what an entry says. What is published stays until the draft takes its place."""

import msgspec
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import CHINA, Clock
from services_catalog.entries.document import EntryDocument
from services_catalog.entries.fields import Fields, to_json
from services_catalog.entries.inheritance import Authorship, authored
from services_catalog.entries.words import LEVELS
from services_catalog.lifecycle.errors import EntryMisplacedError, WrongStateError
from services_catalog.lifecycle.history import By, Change, record
from services_catalog.lifecycle.layers import layer_of
from services_catalog.lifecycle.steps import allowed, hold, live_version, locked, open_version, step
from services_catalog.lifecycle.tables import Entry, EntryVersion
from services_catalog.organisations.questions import find


async def save_draft(session: AsyncSession, clock: Clock, actor: str, document: EntryDocument) -> EntryVersion:
    """Write a draft down, in place of the one there is; a rejected one becomes a draft again.

    Raises NotAllowedError, EntryMisplacedError, and WrongStateError while a version is frozen on its way.
    """
    entry, role = await placed(session, clock, actor, document)
    by = By(actor, role)
    live, version = await live_version(session, entry.code), await open_version(session, entry.code)
    if version is None:
        version = await _new(session, clock, entry, by)
    elif version.state == "rejected":
        await step(session, clock, version, "revise", by)
        version.reviewer = None  # whoever may can take it when it comes again
    elif version.state != "draft":
        raise WrongStateError(
            f"Version {version.number} of {entry.code} is {version.state}: it is frozen",
            fix="Recall it first, or wait for its review.",
        )
    before = layer_of(entry, live) if live else None
    says = Authorship(actor, clock.now(), version.number)
    if version.fields:  # who wrote an unchanged field of this draft has written it still
        before = layer_of(entry, version)
    version.authorship = msgspec.to_builtins(authored(document.fields, before, says, dict(document.because)))
    version.fields, version.findings, version.changed_at = to_json(document.fields), [], clock.now()
    version.took_part = sorted({*version.took_part, actor})
    session.add(version)
    await session.flush()
    return version


async def placed(
    session: AsyncSession, clock: Clock, actor: str, document: EntryDocument, *, kept: bool = True
) -> tuple[Entry, str]:
    """Return the entry that an actor may edit by a document, new if need be, and their role.

    ``kept``: it, or what is above a new one, is nobody else's to change until this transaction ends.

    Raises NotAllowedError, EntryMisplacedError.
    """
    entry = await _entry(session, clock, document, kept=kept)
    role = await allowed(session, clock, actor, "edit", entry.organisation)
    if entry.organisation != document.organisation:
        raise EntryMisplacedError(
            f"{entry.code} belongs to {entry.organisation}, the document says {document.organisation}",
            fix="Write the one that it has.",
        )
    return entry, role


async def same_already(session: AsyncSession, document: EntryDocument) -> EntryVersion | None:
    """Return the version that says what a document says: the one on its way, else the live one; None: neither does."""
    version = await open_version(session, document.code) or await live_version(session, document.code)
    if version is None or msgspec.convert(version.fields, Fields) != document.fields:
        return None
    authorship = msgspec.convert(version.authorship, dict[str, Authorship])
    explained = all(name in authorship and authorship[name].reason == why for name, why in document.because.items())
    return version if explained else None


async def _entry(session: AsyncSession, clock: Clock, document: EntryDocument, *, kept: bool) -> Entry:
    """Return the entry that a document is of; a new one if there is none. Raises EntryMisplacedError."""
    known = await session.get(Entry, document.code, with_for_update=kept or None, populate_existing=True)
    if known is not None:
        if (known.level, known.parent) != (document.level, document.parent):
            where = f"the {known.level} {known.code}" + (f" of {known.parent}" if known.parent else "")
            raise EntryMisplacedError(f"There is {where} already", fix="Write its level and parent, or a new code.")
        hold(session, known)
        return known
    body = await find(session, document.organisation, kept=kept)
    if body.valid_to is not None and body.valid_to <= clock.now().astimezone(CHINA).date():
        raise EntryMisplacedError(f"{body.code} was closed on {body.valid_to}", fix="Name the body that took over.")
    item = document.code
    if document.parent is not None:
        above = await locked(session, document.parent, kept=kept)
        if LEVELS.index(above.level) + 1 != LEVELS.index(document.level):
            raise EntryMisplacedError(
                f"A {document.level} cannot belong to the {above.level} {above.code}",
                fix="Cases belong to implementations, implementations to items.",
            )
        if document.level == "case" and above.organisation not in body.path.split("/"):
            raise EntryMisplacedError(
                f"{above.code} is {above.organisation}'s, and {body.code} is not below it",
                fix="Cases are their implementation's authority's; implement the item yourself.",
            )
        item = above.item
    said = {name: getattr(document, name) for name in ("code", "level", "organisation", "parent")}
    new = insert(Entry).values(**said, item=item, created_at=clock.now()).on_conflict_do_nothing()
    await session.exec(new)
    return await _entry(session, clock, document, kept=kept)  # somebody else may have made it meanwhile


async def _new(session: AsyncSession, clock: Clock, entry: Entry, by: By) -> EntryVersion:
    newest = await session.scalar(select(func.max(EntryVersion.number)).where(col(EntryVersion.entry) == entry.code))
    now = clock.now()
    version = EntryVersion(
        entry=entry.code, number=(newest or 0) + 1, state="draft", fields={}, created_at=now, changed_at=now
    )
    session.add(version)
    await session.flush()
    await record(session, clock, version, Change("draft", None), by)
    return version
