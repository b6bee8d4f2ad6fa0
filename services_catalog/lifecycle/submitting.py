"""Submitting: the machine checks every rule first, so that reviewers read what is worth their time."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import CHINA, Clock
from services_catalog.entries.inheritance import Layer, effective
from services_catalog.entries.rule import Finding, Subject, findings
from services_catalog.entries.rules import RULES
from services_catalog.entries.steps import Step
from services_catalog.entries.words import SERVICES
from services_catalog.lifecycle.errors import RulesBrokenError
from services_catalog.lifecycle.history import By
from services_catalog.lifecycle.layers import layer_of, layers_above
from services_catalog.lifecycle.operations import foreign_operations
from services_catalog.lifecycle.steps import PLATFORM, step, step_by, wanted
from services_catalog.lifecycle.tables import Entry, EntryLive, EntryVersion
from services_catalog.organisations.questions import find


async def check(
    session: AsyncSession, clock: Clock, version: EntryVersion, operations: frozenset[str] | None
) -> Sequence[Finding]:
    """Return what the rules say of a version; ``operations`` are those of the live graph, None: not known here."""
    entry = await session.get_one(Entry, version.entry)
    return await judged(session, clock, entry, layer_of(entry, version), operations)


async def judged(
    session: AsyncSession,
    clock: Clock,
    entry: Entry,
    own: Layer,
    operations: frozenset[str] | None,
    *,
    beside: Mapping[str, Layer] | None = None,
) -> Sequence[Finding]:
    """Return what the rules say of a level; levels of ``beside`` count as if they were public already."""
    body = await find(session, entry.organisation)
    above, missing = await layers_above(session, entry, beside or {})
    fields = effective([*above, own]).fields
    subject = Subject(
        code=entry.code,
        level=entry.level,
        fields=fields,
        own=own.fields,
        today=clock.now().astimezone(CHINA).date(),
        unpublished_parents=tuple(missing),
        operations=operations,
        foreign=await foreign_operations(session, body, fields),
        authority_until=body.valid_to,
        steps=await _stand(session, own.fields.steps or (), beside or {}),
    )
    return findings(subject, RULES)


async def _stand(
    session: AsyncSession, steps: Sequence[Step], beside: Mapping[str, Layer]
) -> Mapping[str, Literal["public", "hidden"] | None]:
    """Return how the services of steps stand, by code; None: there is none."""
    codes = {step.entry for step in steps}
    if not codes:
        return {}
    query = (
        select(Entry.code, col(EntryLive.shown).is_not(None))
        .outerjoin(EntryLive, col(EntryLive.code) == col(Entry.code))
        .where(col(Entry.code).in_(codes), col(Entry.level).in_(SERVICES))
    )
    known = dict((await session.exec(query)).all())
    public = {code for code, shown in known.items() if shown}
    public |= {code for code, layer in beside.items() if layer.level in SERVICES}
    return {code: "public" if code in public else "hidden" if code in known else None for code in codes}


async def submit(
    session: AsyncSession, clock: Clock, actor: str, code: str, operations: frozenset[str] | None
) -> EntryVersion:
    """Freeze an entry's draft and have the machine check it; with errors it is a draft again, with the findings.

    Raises NotAllowedError, WrongStateError. Whether it passed says its state: ``checked``.
    """
    version = await wanted(session, code, ["draft"])
    await step_by(session, clock, version, "submit", By(actor))
    version.took_part = sorted({*version.took_part, actor})
    found = await check(session, clock, version, operations)
    version.findings = msgspec.to_builtins(found)
    broken = [each for each in found if each.level == "error"]
    why = f"{len(broken)} rules broken" if broken else ""
    by = By(PLATFORM.actor, PLATFORM.role, why, {each.pointer or "/": each.rule for each in broken})
    await step(session, clock, version, "fail" if broken else "pass", by)
    return version


async def recall(session: AsyncSession, clock: Clock, actor: str, code: str) -> EntryVersion:
    """Take a version back to be edited again, until it is published. Raises NotAllowedError, WrongStateError."""
    version = await wanted(session, code, ["submitted", "checked", "in_review", "approved", "scheduled"])
    await step_by(session, clock, version, "recall", By(actor))
    version.reviewer, version.publish_at = None, None
    session.add(version)
    return version


def refuse_if_broken(version: EntryVersion) -> None:
    """Raise RulesBrokenError if the machine has returned a version: for who shows its findings as an error."""
    found = [msgspec.convert(each, Finding) for each in version.findings]
    if version.state == "draft" and any(each.level == "error" for each in found):
        raise RulesBrokenError(found)
