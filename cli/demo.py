"""``yiwang demo``: a city that does not exist, to look at and to measure with."""

import asyncio
import sys

import click

from cli.transaction import platform
from cli.who import operator
from kernel.clock import CHINA, SystemClock
from kernel.database import open_database
from kernel.redis import open_redis
from services_catalog.demo.entries import departments, entries
from services_catalog.demo.generating import generate_entries, generate_tree
from services_catalog.demo.organisations import Sizes, areas
from services_catalog.demo.together import together
from services_catalog.organisations.history import Author

_CLOCK = SystemClock()
_WHOLE = 74_073  # 1 + 41 + 1,031 + 11,000 + 62,000: a city, its districts, towns, villages and grids


@click.group(short_help="Fill the catalogue with a city that does not exist.")
def demo() -> None:
    """A city that does not exist, with real names of services: to look at, and to measure with.

    \b
    Example:
      yiwang demo generate --services 1000 --departments 30 --nodes 74073
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold


@demo.command()
@click.option("--services", default=200, show_default=True, help="So many implementations of generic items.")
@click.option("--departments", "kinds", default=30, show_default=True, help="Kinds of departments, up to 33.")
@click.option("--nodes", default=300, show_default=True, help=f"Areas of the tree, up to {_WHOLE:,}.")
def generate(services: int, kinds: int, nodes: int) -> None:
    """Load a tree and publish entries, topics and life events, each through draft, check, review and publication.

    What is there already stays: the same numbers again change nothing.
    """
    author = Author(operator(), _CLOCK.now().astimezone(CHINA).date())

    async def work() -> int:
        async with open_database(settings) as database, open_redis(settings) as redis:
            found = areas(sizes=sizes(nodes))
            offices = departments(found, kinds)
            await generate_tree(database, _CLOCK, author, [*found, *offices], _progress)
            made = [*entries(offices, services)]
            return await generate_entries(database, redis, _CLOCK, [*made, *together(made)], _progress)

    with platform("database_url", "redis_url") as settings:
        published = asyncio.run(work())
    click.echo(f"{published:,} entries published.")


def sizes(nodes: int) -> Sizes:
    """Return a tree of about so many areas, in the proportions of the whole one."""
    whole = Sizes()
    if nodes >= _WHOLE:
        return whole
    share = nodes / _WHOLE
    return Sizes(*(max(1, round(each * share)) for each in (whole.district, whole.town, whole.village, whole.grid)))


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{text}", nl=False, err=True)
