"""Going live and off: what residents see changes here and nowhere else, in one transaction with its record.

An entry that changes takes what inherits from it along. Each function returns the catalogue's revision, to be announced
after the commit (services_catalog.announcements).
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.entries.rule import Finding
from services_catalog.lifecycle.errors import (
    NotAllowedError,
    RulesBrokenError,
    SuspendedMeanwhileError,
    WrongStateError,
)
from services_catalog.lifecycle.history import By, events_of
from services_catalog.lifecycle.notices import notify
from services_catalog.lifecycle.showing import show
from services_catalog.lifecycle.states import Event
from services_catalog.lifecycle.steps import PLATFORM, live_version, locked, open_version, step, step_by, wanted
from services_catalog.lifecycle.submitting import check
from services_catalog.lifecycle.tables import Entry, EntryVersion

THE_OPERATOR = "operator:"  # the platform's own, at the command line; not who holds the role of an operator


async def publish(session: AsyncSession, clock: Clock, by: By, code: str, operations: frozenset[str] | None) -> int:
    """Make an approved or scheduled version the public one, in place of the one there is.

    The rules are asked once more, for the city has gone on since it was submitted. Raises RulesBrokenError,
    NotAllowedError, WrongStateError.
    """
    version = await wanted(session, code, ["approved", "scheduled"])
    found = await check(session, clock, version, operations)
    if any(each.level == "error" for each in found):
        raise RulesBrokenError(found)
    before = await live_version(session, code)
    if before is not None and before.state == "suspended" and by.actor == PLATFORM.actor:
        raise SuspendedMeanwhileError(
            f"{code} is suspended, so its new version does not come out by itself",
            fix="Resume it, or publish the new version by hand.",
        )
    if before is not None:
        await step(session, clock, before, "supersede", PLATFORM)
    if by.actor == PLATFORM.actor:
        await step(session, clock, version, "publish", by)
    else:
        await step_by(session, clock, version, "publish", by)
    return await show(session, clock, code)


async def schedule(session: AsyncSession, clock: Clock, actor: str, code: str, at: datetime) -> EntryVersion:
    """Have an approved version published at a time to come (services_catalog.lifecycle.tasks does it)."""
    if at <= clock.now():
        raise WrongStateError(f"{at} has passed", fix="Publish it now, or name a later time.")
    version = await wanted(session, code, ["approved"])
    await step_by(session, clock, version, "schedule", By(actor, reason=at.isoformat()))
    version.publish_at = at
    session.add(version)
    return version


async def due(session: AsyncSession, clock: Clock, most: int = 100) -> list[str]:
    """Return the entries whose scheduled time has come, the earliest first."""
    query = select(EntryVersion.entry).where(
        EntryVersion.state == "scheduled", col(EntryVersion.publish_at) <= clock.now()
    )
    return list((await session.exec(query.order_by(col(EntryVersion.publish_at)).limit(most))).all())


async def publish_due(session: AsyncSession, clock: Clock, code: str, operations: frozenset[str] | None) -> int | None:
    """Publish a scheduled version whose time has come; None if meanwhile it is not that any more.

    Raises RulesBrokenError.
    """
    if await _still_due(session, clock, code) is None:
        return None
    return await publish(session, clock, PLATFORM, code, operations)


async def return_due(
    session: AsyncSession, clock: Clock, code: str, findings: Sequence[Finding], reason: str = ""
) -> None:
    """Make a scheduled version that cannot come out a draft again, tell its staff, with the rules or the reason."""
    version = await _still_due(session, clock, code)
    if version is None:
        return
    version.findings, version.publish_at, version.reviewer = msgspec.to_builtins(findings), None, None
    broken = {each.pointer or "/": each.rule for each in findings if each.level == "error"}
    why = By(PLATFORM.actor, PLATFORM.role, reason or f"{len(broken)} rules broken", broken)
    await step(session, clock, version, "recall", why)
    said = reason or "; ".join(f"{each.rule}: {each.message}" for each in findings if each.level == "error")
    entry = await session.get_one(Entry, code)
    await notify(session, clock, entry, "returned", f"Version {version.number} could not come out. {said}")


async def _still_due(session: AsyncSession, clock: Clock, code: str) -> EntryVersion | None:
    await locked(session, code)
    version = await open_version(session, code)
    at = version.publish_at if version and version.state == "scheduled" else None
    return version if at is not None and at <= clock.now() else None


async def suspend(session: AsyncSession, clock: Clock, actor: str, code: str, reason: str) -> int:
    """Take an entry, and what inherits from it, off at once. Raises NotAllowedError, WrongStateError."""
    return await _changed(session, clock, code, "suspend", By(actor, reason=reason))


async def resume(session: AsyncSession, clock: Clock, actor: str, code: str, reason: str = "") -> int:
    """Show a suspended entry again. Raises NotAllowedError, WrongStateError."""
    await check_resumer(session, actor, code)
    return await _changed(session, clock, code, "resume", By(actor, reason=reason))


async def check_resumer(session: AsyncSession, actor: str, code: str) -> None:
    """Leave what the platform's operator has suspended to them. Raises NotAllowedError."""
    steps = await events_of(session, code)
    last = next((each for each in reversed(steps) if each.event == "suspend"), None)
    if last is not None and last.actor.startswith(THE_OPERATOR) and not actor.startswith(THE_OPERATOR):
        raise NotAllowedError(
            f"{code} was suspended by the platform's operator", fix="Ask them; the reason is in its history."
        )


async def withdraw(session: AsyncSession, clock: Clock, actor: str, code: str, reason: str) -> int:
    """Take an entry off for good; what was scheduled is a draft again. Raises NotAllowedError, WrongStateError."""
    await locked(session, code)
    coming = await open_version(session, code)
    if coming is not None and coming.state == "scheduled":
        coming.publish_at, coming.reviewer = None, None
        await step(session, clock, coming, "recall", By(PLATFORM.actor, PLATFORM.role, "the entry was withdrawn"))
    return await _changed(session, clock, code, "withdraw", By(actor, reason=reason))


async def degrade(session: AsyncSession, clock: Clock, code: str, reason: str) -> int:
    """Say that what an entry opens does not work at the moment. The platform's own: its probes have found it."""
    version = await wanted(session, code, ["published"])
    version.because = reason
    await step(session, clock, version, "degrade", By(PLATFORM.actor, PLATFORM.role, reason))
    return await show(session, clock, code)


async def recover(session: AsyncSession, clock: Clock, code: str) -> int:
    """Say that it works again."""
    version = await wanted(session, code, ["degraded"])
    version.because = ""
    await step(session, clock, version, "recover", PLATFORM)
    return await show(session, clock, code)


async def _changed(session: AsyncSession, clock: Clock, code: str, event: Event, by: By) -> int:
    version = await wanted(session, code, ["published", "degraded", "suspended"])
    version.because = "" if event == "resume" else by.reason
    await step_by(session, clock, version, event, by)
    return await show(session, clock, code)
