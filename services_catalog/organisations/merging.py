"""Merge an organisation into its successor, which takes over what is below it and what it answers for."""

from typing import Any

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.organisations.closing import end
from services_catalog.organisations.errors import MoveRefusedError
from services_catalog.organisations.history import Author, Change, record
from services_catalog.organisations.moving import PARENTS, PATHS, check_below, check_day, lock, rewrite
from services_catalog.organisations.questions import find
from services_catalog.organisations.tables import Organisation
from services_catalog.organisations.words import LINES, within

_FOLLOW = (
    """
    WITH ended AS (
        UPDATE role_held SET valid_to = greatest(valid_from, :now) WHERE organisation = :code
        AND (valid_to IS NULL OR valid_to > :now)
    )
    INSERT INTO role_held (id, holder, organisation, role, line, valid_from, valid_to, granted_by)
    SELECT gen_random_uuid(), holder, :successor, role, line, greatest(valid_from, :now), valid_to, granted_by
    FROM role_held WHERE organisation = :code AND (valid_to IS NULL OR valid_to > :now)
    """,
    """
    INSERT INTO responsibility (organisation, matter, valid_from, valid_to)
    SELECT :successor, matter, greatest(valid_from, :day), valid_to FROM responsibility
    WHERE organisation = :code AND valid_to > :day
    ON CONFLICT (organisation, matter, valid_from)
    DO UPDATE SET valid_to = greatest(responsibility.valid_to, excluded.valid_to)
    """,
    "UPDATE responsibility SET valid_to = :day WHERE organisation = :code AND valid_from < :day AND valid_to > :day",
    "DELETE FROM responsibility WHERE organisation = :code AND valid_from >= :day",
    "UPDATE department SET organisation = :successor WHERE organisation = :code",
)
"""Roles change hands at once, matters on the day of the merge: only these can be asked as of a day."""


async def merge(session: AsyncSession, clock: Clock, author: Author, code: str, successor: str) -> frozenset[str]:
    """Close ``code`` and let ``successor`` have its children on both lines, roles, matters and publishing departments.

    Return what moved with them; its entries are for services_catalog.reorganising to hand over. Raises
    UnknownOrganisationError, and MoveRefusedError where circles, tiers or dates forbid it.
    """
    await lock(session)
    node, above = await find(session, code), await find(session, successor)
    for each in (node, above):
        await check_day(session, clock, author.effective, each, MoveRefusedError)
    for line in LINES:
        if within(getattr(above, PATHS[line]), getattr(node, PATHS[line])):
            raise MoveRefusedError(
                f"{successor} is {code} itself or stands below it", fix=f"Move {successor} away first."
            )
    moved: frozenset[str] = frozenset()
    changes = [Change(code, "merged", {}, {"merged_into": successor, "valid_to": str(author.effective)})]
    for line in LINES:
        column = col(getattr(Organisation, PARENTS[line]))
        children = (await session.exec(select(Organisation).where(column == code))).all()
        for child in children:
            await check_below(session, author.effective, child, above, line)
            setattr(child, PARENTS[line], successor)
            changes.append(Change(child.code, "moved", {PARENTS[line]: code}, {PARENTS[line]: successor}))
        await session.flush()
        old, new = getattr(node, PATHS[line]), getattr(above, PATHS[line])
        moved |= await rewrite(session, author.effective, line, old, new, itself=False)
        node, above = await find(session, code), await find(session, successor)
    node.merged_into = successor
    await end(session, author.effective, node, MoveRefusedError)
    await _follow(session, clock, author, code, successor)
    await record(session, clock, author, changes)
    return moved


async def _follow(session: AsyncSession, clock: Clock, author: Author, code: str, successor: str) -> None:
    given: dict[str, Any] = {"code": code, "successor": successor, "now": clock.now(), "day": author.effective}
    connection = await session.connection()
    for statement in _FOLLOW:
        used = {name: value for name, value in given.items() if f":{name}" in statement}
        await connection.execute(text(statement), used)
