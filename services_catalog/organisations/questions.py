"""What can be asked of the tree: paths, ancestors, children, subtrees and what several have in common.

Every question is about one line on one day, present or past, and is two statements: where the organisation stood, and
one range or a handful of keys. Nothing of the tree is held in memory.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, String, bindparam, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services_catalog.organisations.errors import UnknownOrganisationError
from services_catalog.organisations.tables import Organisation, OrganisationPlace
from services_catalog.organisations.words import Kind, Line, Tier


class View(Struct, frozen=True):
    """Which tree is asked: that of ``line`` as it stood on ``day``."""

    day: date
    line: Line = "administrative"

    @property
    def path(self) -> Any:
        """The column of ``organisation_place`` that has the line's paths."""
        return col(_PATHS[self.line])

    @property
    def stands(self) -> ColumnElement[bool]:
        """Whether a row of ``organisation_place`` is about the day."""
        return (col(OrganisationPlace.since) <= self.day) & (col(OrganisationPlace.until) > self.day)


class Only(Struct, frozen=True):
    """Of which tier and kind; None: of any."""

    tier: Tier | None = None
    kind: Kind | None = None

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """The same, on columns of ``organisation``."""
        wanted: tuple[tuple[Any, str | None], ...] = ((Organisation.tier, self.tier), (Organisation.kind, self.kind))
        return [col(column) == value for column, value in wanted if value]


class Page(Struct, frozen=True):
    """Some of a subtree, parents before what is below them; ``after`` begins the next page, None: this was the last."""

    organisations: list[Organisation]
    after: str | None


_PATHS: dict[Line, Any] = {"administrative": OrganisationPlace.path, "guidance": OrganisationPlace.guidance_path}
_STOOD = {
    line: text(f"""
        SELECT organisation, {column.key} FROM organisation_place
        WHERE organisation = ANY(:codes) AND since <= :day AND until > :day
    """).bindparams(bindparam("codes", type_=ARRAY(String)))  # noqa: S608 - of constants alone
    for line, column in _PATHS.items()
}
"""Written out: every question begins with it, and SQLAlchemy needs three times as long for its own expressions."""
_AT = col(OrganisationPlace.organisation) == col(Organisation.code)
_ANY = Only()


async def paths_of(session: AsyncSession, view: View, codes: Sequence[str]) -> dict[str, str]:
    """Return each organisation's path. Raises UnknownOrganisationError for one that did not stand on the day."""
    rows = await (await session.connection()).execute(_STOOD[view.line], {"codes": codes, "day": view.day})
    found: dict[str, str] = {row.organisation: row[1] for row in rows}
    for code in codes:
        if code not in found:
            raise UnknownOrganisationError(
                f"There is no organisation {code} on {view.day}",
                fix="yiwang organisation find searches for codes and names, and shows when each was there.",
            )
    return found


async def find(session: AsyncSession, code: str, *, kept: bool = False) -> Organisation:
    """Return an organisation, open or closed, as the database has it now; ``kept``: until this transaction ends.

    Raises UnknownOrganisationError.
    """
    lock = {"read": True} if kept else None
    found = await session.get(Organisation, code, populate_existing=True, with_for_update=lock)
    if found is None:
        raise UnknownOrganisationError(
            f"There is no organisation {code}", fix="yiwang organisation find searches for codes and names."
        )
    return found


async def ancestors(session: AsyncSession, view: View, code: str) -> list[Organisation]:
    """Return what an organisation stands below, the root first; without itself. Raises UnknownOrganisationError."""
    path = (await paths_of(session, view, [code]))[code]
    return await _all(session, view, path.split("/")[:-1])


async def common(session: AsyncSession, view: View, codes: Sequence[str]) -> Organisation | None:
    """Return the lowest organisation that all are, or are below; None if none is. Raises UnknownOrganisationError."""
    paths = [path.split("/") for path in (await paths_of(session, view, codes)).values()]
    shared = 0
    for steps in zip(*paths, strict=False):
        if len(set(steps)) > 1:
            break
        shared += 1
    found = await _all(session, view, paths[0][:shared]) if shared else []
    return found[-1] if found else None


async def children(session: AsyncSession, view: View, code: str) -> list[Organisation]:
    """Return what stands right below an organisation, by code. Raises UnknownOrganisationError."""
    path = (await paths_of(session, view, [code]))[code]
    query = select(Organisation).join(OrganisationPlace, _AT).where(view.stands, parent_path(view) == path)
    return list((await session.exec(query.order_by(view.path))).all())


async def subtree(
    session: AsyncSession, view: View, code: str, only: Only = _ANY, *, after: str = "", limit: int = 100
) -> Page:
    """Return an organisation and all below it, a page of ``limit`` at a time. Raises UnknownOrganisationError."""
    path = (await paths_of(session, view, [code]))[code]
    query = select(Organisation, view.path).join(OrganisationPlace, _AT).where(view.stands, below(view.path, path))
    if after:
        query = query.where(view.path > after)
    rows = (await session.exec(query.where(*only.conditions).order_by(view.path).limit(limit + 1))).all()
    return Page([row for row, _ in rows[:limit]], rows[limit - 1][1] if len(rows) > limit else None)


async def count(session: AsyncSession, view: View, code: str, only: Only = _ANY) -> int:
    """Return how many ``subtree`` has, on all pages. Raises UnknownOrganisationError."""
    path = (await paths_of(session, view, [code]))[code]
    query = select(func.count()).select_from(OrganisationPlace).where(view.stands, below(view.path, path))
    if only.conditions:
        query = query.join(Organisation, _AT).where(*only.conditions)
    return (await session.exec(query)).one()


def below(column: Any, path: str) -> ColumnElement[bool]:
    """The condition that a path is ``path`` or below it.

    The range (in ASCII "0" follows "/") is what the index gives in order. It has siblings too, whose codes go on with
    "-" or ".": the rest takes them out.
    """
    found: ColumnElement[bool] = (column >= path) & (column < f"{path}0") & ((column == path) | (column > f"{path}/"))
    return found


def parent_path(view: View) -> ColumnElement[str]:
    """The path right above a row's, empty for a root: the expression that is indexed."""
    length = func.length(view.path) - func.length(OrganisationPlace.organisation) - 1
    return func.left(view.path, func.greatest(length, 0))


async def _all(session: AsyncSession, view: View, codes: Sequence[str]) -> list[Organisation]:
    """Return those that stood on the day, the highest first."""
    query = select(Organisation).join(OrganisationPlace, _AT).where(view.stands, col(Organisation.code).in_(codes))
    return list((await session.exec(query.order_by(view.path))).all())
