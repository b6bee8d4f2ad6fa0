"""Who answers for a matter at a place: the lowest area at or above it that does, itself or by a department."""

import re
from collections.abc import Sequence
from datetime import date
from math import asin, cos, radians, sin, sqrt

from msgspec import Struct
from sqlalchemy import case, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services_catalog.organisations.errors import NobodyResponsibleError, UnknownOrganisationError
from services_catalog.organisations.questions import View, parent_path, paths_of
from services_catalog.organisations.tables import Organisation, OrganisationPlace, Responsibility

MATTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}", re.ASCII)
_EARTH_METRES = 6_371_008.8  # the mean radius of WGS84's ellipsoid (IUGG)
_DEGREE_METRES = 111_195.0  # of latitude, on a sphere of that radius
_SLACK = 1.001  # so that rounding never leaves the nearest one out
_AREAS = ("village", "grid")


class Point(Struct, frozen=True):
    """A place on earth, in degrees (WGS84): east of Greenwich, north of the equator."""

    longitude: float
    latitude: float


async def responsible(session: AsyncSession, day: date, place: str, matter: str) -> Organisation:
    """Return who answers for ``matter`` at the organisation ``place`` on a day.

    At the same level an area comes before its departments. Raises UnknownOrganisationError, NobodyResponsibleError.
    """
    view = View(day)
    steps = (await paths_of(session, view, [place]))[place].split("/")
    areas = ["/".join(steps[:length]) for length in range(1, len(steps) + 1)]
    itself, above = view.path.in_(areas), parent_path(view)
    query = (
        select(Organisation)
        .join(OrganisationPlace, col(OrganisationPlace.organisation) == col(Organisation.code))
        .join(Responsibility, col(Responsibility.organisation) == col(Organisation.code))
        .where(
            col(Responsibility.matter) == matter,
            col(Responsibility.valid_from) <= day,
            col(Responsibility.valid_to) > day,
            view.stands,
            itself | (above.in_(areas) & (col(Organisation.kind) == "department")),
        )
        .order_by(func.length(case((itself, view.path), else_=above)).desc(), itself.desc(), col(Organisation.code))
    )
    found = (await session.exec(query.limit(1))).first()
    if found is None:
        raise NobodyResponsibleError(
            f"Nobody at or above {place} is responsible for {matter} on {day}",
            fix="Check the matter's code; the operator sets responsibilities: yiwang organisation responsibilities.",
        )
    return found


async def nearest_area(session: AsyncSession, day: date, point: Point) -> Organisation:
    """Return the village or grid whose coordinates are nearest to a point on a day. Raises UnknownOrganisationError.

    The index knows degrees, whose length differs by direction: so the nearest by degrees only says how far to look.
    """
    there = (
        select(Organisation)
        .join(OrganisationPlace, col(OrganisationPlace.organisation) == col(Organisation.code))
        .where(View(day).stands, col(Organisation.tier).in_(_AREAS), col(Organisation.longitude).is_not(None))
    )
    stored = func.point(Organisation.longitude, Organisation.latitude)
    asked = func.point(point.longitude, point.latitude)
    guess = (await session.exec(there.order_by(stored.op("<->")(asked)).limit(1))).first()
    if guess is None:
        raise UnknownOrganisationError("No village or grid has coordinates", fix="Load them: yiwang organisation load.")
    north = metres(point, _point_of(guess)) / _DEGREE_METRES * _SLACK
    east = north / max(cos(radians(abs(point.latitude) + north)), 0.01)
    corners = (func.point(point.longitude + sign * east, point.latitude + sign * north) for sign in (-1, 1))
    near = await session.exec(there.where(stored.op("<@")(func.box(*corners))))
    return min(near.all(), key=lambda each: (metres(point, _point_of(each)), each.code), default=guess)


async def set_responsibilities(session: AsyncSession, rows: Sequence[Responsibility]) -> None:
    """Add responsibilities; one that begins on the same day as a stored one replaces its end."""
    given = insert(Responsibility)
    replaced = given.on_conflict_do_update(
        index_elements=["organisation", "matter", "valid_from"], set_={"valid_to": given.excluded.valid_to}
    )
    if rows:
        await session.exec(replaced, params=[row.model_dump() for row in rows])


def metres(one: Point, other: Point) -> float:
    """The distance over a sphere (haversine)."""
    north, east = radians(other.latitude - one.latitude), radians(other.longitude - one.longitude)
    parallels = cos(radians(one.latitude)) * cos(radians(other.latitude))
    return 2 * _EARTH_METRES * asin(min(1, sqrt(sin(north / 2) ** 2 + parallels * sin(east / 2) ** 2)))


def _point_of(row: Organisation) -> Point:
    return Point(row.longitude or 0.0, row.latitude or 0.0)
