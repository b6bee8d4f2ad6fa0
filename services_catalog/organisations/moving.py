"""Move an organisation on either line: its subtree gets new paths in one statement, and the old ones stay as past.

A move takes effect today or on a day that has passed, if neither organisation was moved after it: then both paths are
constant from that day on, and exchanging the one prefix for the other is right for every row of the subtree.
"""

from datetime import date

from sqlalchemy import func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import CHINA, Clock
from services_catalog.organisations.errors import MoveRefusedError, OrganisationError
from services_catalog.organisations.history import Author, Change, record
from services_catalog.organisations.places import SPLIT
from services_catalog.organisations.questions import below, find
from services_catalog.organisations.tables import FOREVER, Organisation, OrganisationPlace
from services_catalog.organisations.words import DEPTH_LIMIT, LINES, Line, fits_below, within

PARENTS: dict[Line, str] = {"administrative": "parent", "guidance": "guidance_parent"}
PATHS: dict[Line, str] = {"administrative": "path", "guidance": "guidance_path"}


def _rewriting(line: Line) -> str:
    path = PATHS[line]
    selected = ", ".join(f":new || substr({each}, :cut) AS {each}" if each == path else each for each in PATHS.values())
    subtree = f"{path} >= :old AND {path} < :old || '0' AND ({path} > :old || '/' OR {path} = :old AND :itself)"
    return f"""
        WITH moved AS (
            SELECT organisation, since, until, {selected} FROM organisation_place WHERE until > :day AND {subtree}
        ), {SPLIT}
        UPDATE organisation SET {path} = :new || substr({path}, :cut) WHERE {subtree} RETURNING code
    """  # noqa: S608 - of constants alone


_REWRITE = {line: _rewriting(line) for line in LINES}


async def move(
    session: AsyncSession, clock: Clock, author: Author, code: str, parent: str | None, *, line: Line = "administrative"
) -> frozenset[str]:
    """Move an organisation, and all below it, below ``parent``; None makes it a root of the line. Return what moved.

    Raises UnknownOrganisationError, and MoveRefusedError where circles, tiers or dates forbid it.
    """
    await lock(session)
    node = await find(session, code)
    above = await find(session, parent) if parent else None
    before: str | None = getattr(node, PARENTS[line])
    if before == parent:
        return frozenset()
    for each in filter(None, (node, above)):
        await check_day(session, clock, author.effective, each, MoveRefusedError)
    if above:
        await check_below(session, author.effective, node, above, line)
    old: str = getattr(node, PATHS[line])
    new: str = f"{getattr(above, PATHS[line])}/{code}" if above else code
    setattr(node, PARENTS[line], parent)
    await session.flush()
    moved = await rewrite(session, author.effective, line, old, new)
    await record(session, clock, author, [Change(code, "moved", {PARENTS[line]: before}, {PARENTS[line]: parent})])
    return moved


async def lock(session: AsyncSession) -> None:
    """Let nobody else change the tree until this transaction ends; reading goes on."""
    await (await session.connection()).execute(text("LOCK TABLE organisation IN SHARE ROW EXCLUSIVE MODE"))


async def check_day(
    session: AsyncSession, clock: Clock, day: date, node: Organisation, refused: type[OrganisationError]
) -> None:
    """Refuse to change, from ``day`` on, what is closed by then or was moved later; and days that are still to come."""
    if day > clock.now().astimezone(CHINA).date():
        raise refused(f"{day} is still to come", fix="Changes of the tree are entered on the day itself, or later.")
    if node.valid_to is not None and node.valid_to <= day:
        followed = f" and merged into {node.merged_into}" if node.merged_into else ""
        raise refused(f"{node.code} is closed since {node.valid_to}{followed}", fix="Name one that is open.")
    first, last = (
        await session.exec(
            select(func.min(OrganisationPlace.since), func.max(OrganisationPlace.since)).where(
                col(OrganisationPlace.organisation) == node.code
            )
        )
    ).one()
    if last > day and last != first:
        raise refused(f"{node.code} has moved, or what it stands below, on {last}", fix="Name that day or a later one.")


async def check_below(session: AsyncSession, day: date, node: Organisation, above: Organisation, line: Line) -> None:
    """Refuse to place ``node`` below ``above`` where circles, tiers, dates or depth forbid it."""
    path, new = getattr(node, PATHS[line]), getattr(above, PATHS[line])
    if within(new, path):
        raise MoveRefusedError(
            f"{above.code} stands below {node.code} itself ({new})", fix=f"Move {above.code} away first."
        )
    if not fits_below(node.tier, node.kind, above.tier, above.kind):
        raise MoveRefusedError(
            f"A {node.kind} of the tier {node.tier} cannot stand below a {above.kind} of the tier {above.tier}",
            fix="Name a parent of a higher tier.",
        )
    begins = max(day, node.valid_from or day)
    if (above.valid_from or day) > begins or (above.valid_to or FOREVER) < (node.valid_to or FOREVER):
        raise MoveRefusedError(
            f"{above.code} is there from {above.valid_from or 'ever'} to {above.valid_to or 'ever'} only, "
            f"{node.code} would be below it from {begins} to {node.valid_to or 'ever'}",
            fix="Name a parent that is there as long.",
        )
    column = getattr(Organisation, PATHS[line])
    slashes = func.length(column) - func.length(func.replace(column, "/", ""))
    lowest = (await session.exec(select(func.max(slashes)).where(below(column, path)))).one()
    if lowest - path.count("/") + new.count("/") + 2 > DEPTH_LIMIT:
        raise MoveRefusedError(f"The tree would have more than {DEPTH_LIMIT} levels", fix="Name a higher parent.")


async def rewrite(
    session: AsyncSession, day: date, line: Line, old: str, new: str, *, itself: bool = True
) -> frozenset[str]:
    """Exchange the prefix ``old`` of paths for ``new``: from ``day`` on in places, at once in organisations.

    Return the codes of those.
    """
    given = {"day": day, "old": old, "new": new, "cut": len(old) + 1, "itself": itself}
    rewritten = await (await session.connection()).execute(text(_REWRITE[line]), given)
    session.expire_all()
    return frozenset(row.code for row in rewritten)
