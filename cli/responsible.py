"""``yiwang responsible``: who answers for a matter at a place."""

import re
from datetime import date, datetime

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from cli.transaction import transaction
from kernel.clock import CHINA, SystemClock
from services_catalog.organisations.responsible import Point, nearest_area, responsible
from services_catalog.organisations.tables import Organisation

_CLOCK = SystemClock()
_POINT = re.compile(r"(-?\d{1,3}(?:\.\d+)?),(-?\d{1,2}(?:\.\d+)?)", re.ASCII)


@click.command("responsible", context_settings={"ignore_unknown_options": True})
@click.argument("place")
@click.argument("matter")
@click.option(
    "--as-of", metavar="YYYY-MM-DD", type=click.DateTime(["%Y-%m-%d"]), help="On this day; today, if left out."
)
def responsible_(place: str, matter: str, as_of: datetime | None) -> None:
    """Say who answers for MATTER at PLACE, an organisation's code or LONGITUDE,LATITUDE (degrees, WGS84).

    It is the lowest area at or above the place that is responsible itself or by one of its departments. For a point,
    the place is the village or grid whose coordinates are nearest.

    \b
    Examples:
      yiwang responsible 990101003 education
      yiwang responsible 108.21,30.05 water
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    day = as_of.date() if as_of else _CLOCK.now().astimezone(CHINA).date()

    async def work(session: AsyncSession) -> tuple[str, Organisation]:
        code = await _code(session, day, place)
        return code, await responsible(session, day, code, matter)

    code, found = transaction(work)
    if code != place:
        click.echo(f"The nearest area is {code}.", err=True)
    click.echo("  ".join(filter(None, (found.code, found.name_zh, found.contact))))


async def _code(session: AsyncSession, day: date, place: str) -> str:
    """The place itself, or the area nearest to a point."""
    match = _POINT.fullmatch(place)
    if match is None:
        return place
    point = Point(float(match[1]), float(match[2]))
    if abs(point.longitude) > 180 or abs(point.latitude) > 90:
        raise click.BadParameter("longitude comes first, from -180 to 180, then latitude, from -90 to 90")
    return (await nearest_area(session, day, point)).code
