"""Reviewing: a second person decides, and says of every field what is wrong with it."""

from collections.abc import Mapping, Sequence

from sqlalchemy import not_, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.entries.errors import EntryInvalidError
from services_catalog.entries.fields import FIELDS
from services_catalog.lifecycle.errors import WrongStateError
from services_catalog.lifecycle.history import By
from services_catalog.lifecycle.notices import notify
from services_catalog.lifecycle.steps import step_by, wanted
from services_catalog.lifecycle.tables import Entry, EntryVersion
from services_catalog.organisations.roles import check_apart, may, where_may
from services_catalog.organisations.tables import Organisation


async def take(session: AsyncSession, clock: Clock, reviewer: str, code: str) -> EntryVersion:
    """Begin a review. Raises NotAllowedError, WrongStateError, and OwnSubmissionError for who wrote or submitted it."""
    version = await wanted(session, code, ["checked"])
    check_apart(reviewer, version.took_part)
    await step_by(session, clock, version, "take", By(reviewer))
    version.reviewer = reviewer
    session.add(version)
    return version


async def release(session: AsyncSession, clock: Clock, actor: str, code: str) -> EntryVersion:
    """Give a review back to whoever may take it. Raises NotAllowedError, WrongStateError."""
    version = await wanted(session, code, ["in_review"])
    await check_releaser(session, clock, actor, version)
    await step_by(session, clock, version, "release", By(actor))
    version.reviewer = None
    session.add(version)
    return version


async def approve(session: AsyncSession, clock: Clock, reviewer: str, code: str, reason: str = "") -> EntryVersion:
    """Approve a version under review; one that nobody has taken yet is taken first."""
    version = await _mine(session, clock, reviewer, code)
    await step_by(session, clock, version, "approve", By(reviewer, reason=reason))
    return version


async def reject(
    session: AsyncSession, clock: Clock, reviewer: str, code: str, why: Mapping[str, str], *, reason: str = ""
) -> EntryVersion:
    """Send a version back, with ``why`` by field, ``reason`` for the whole; one of them is needed."""
    unknown = sorted(why.keys() - set(FIELDS))
    if unknown:
        raise EntryInvalidError.at(
            f"/{unknown[0]}", f"there is no field {unknown[0]!r}", f"One of: {', '.join(FIELDS)}."
        )
    if not why and not reason:
        raise EntryInvalidError.at("", "a rejection says why", "Name fields with reasons, or give one for the whole.")
    version = await _mine(session, clock, reviewer, code)
    await step_by(session, clock, version, "reject", By(reviewer, reason=reason, reasons=why))
    said = "; ".join([f"{name}: {each}" for name, each in why.items()] + [reason] * bool(reason))
    entry = await session.get_one(Entry, code)
    await notify(session, clock, entry, "rejected", f"Version {version.number} was sent back. {said}")
    return version


async def inbox(session: AsyncSession, clock: Clock, reviewer: str, most: int = 100) -> Sequence[EntryVersion]:
    """Return what waits for a reviewer's decision, the longest waiting first: nothing that they took part in."""
    query = (
        select(EntryVersion)
        .join(Entry, col(Entry.code) == col(EntryVersion.entry))
        .join(Organisation, col(Organisation.code) == col(Entry.organisation))
        .where(
            col(EntryVersion.state).in_(["checked", "in_review"]),
            where_may(reviewer, "review", clock.now()),
            col(EntryVersion.reviewer).is_(None) | (col(EntryVersion.reviewer) == reviewer),
            not_(type_coerce(col(EntryVersion.took_part), JSONB).has_key(reviewer)),
        )
    )
    return (await session.exec(query.order_by(col(EntryVersion.changed_at)).limit(most))).all()


async def _mine(session: AsyncSession, clock: Clock, reviewer: str, code: str) -> EntryVersion:
    """Return the version that a reviewer has taken, or takes now. Raises WrongStateError if another one has it."""
    version = await wanted(session, code, ["checked", "in_review"])
    if version.state == "checked":
        return await take(session, clock, reviewer, code)
    check_reviewer(reviewer, version)
    return version


async def check_releaser(session: AsyncSession, clock: Clock, actor: str, version: EntryVersion) -> None:
    """Leave a review to who has taken it, and to owners: they may be gone. Raises WrongStateError."""
    entry = await session.get_one(Entry, version.entry)
    owner = await may(session, clock, actor, "grant_roles", entry.organisation)  # owners alone may
    if version.reviewer != actor and not owner:
        raise WrongStateError(
            f"{version.entry} is under review by somebody else", fix="They, or an owner, can release it."
        )


def check_reviewer(reviewer: str, version: EntryVersion) -> None:
    """Refuse who took part, and who has not taken the review. Raises OwnSubmissionError, WrongStateError."""
    if version.reviewer != reviewer:
        raise WrongStateError(f"{version.entry} is under review by somebody else", fix="Leave it to them.")
    check_apart(reviewer, version.took_part)
