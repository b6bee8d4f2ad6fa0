"""Small trees for tests: loaded from CSV as operators load them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from kernel.clock import ManualClock
from kernel.database import Database
from services_catalog.organisations.history import Author
from services_catalog.organisations.loading import Loaded, load
from services_catalog.organisations.tree_file import COLUMNS

OPERATOR = "operator:test/0"
MONDAY = date(2026, 11, 30)


def noon(day: date) -> datetime:
    """Noon in China."""
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def author(day: date = MONDAY) -> Author:
    return Author(OPERATOR, day)


def sheet(rows: Iterable[dict[str, str]]) -> bytes:
    """A file; what a row leaves out is a department of the city without a parent."""
    usual = dict.fromkeys(COLUMNS, "") | {"name_zh": "局", "tier": "city", "kind": "department"}
    lines = [",".join(COLUMNS), *(",".join((usual | row)[name] for name in COLUMNS) for row in rows)]
    return "\n".join(lines).encode()


def row(code: str, parent: str = "", **cells: str) -> dict[str, str]:
    return {"code": code, "parent": parent} | cells


CITY = (
    row("city", tier="city", kind="government", name_zh="江州市"),
    row("east", "city", tier="district", kind="government", name_zh="东区"),
    row("west", "city", tier="district", kind="government", name_zh="西区"),
    row("town", "east", tier="town", kind="government", name_zh="青山镇"),
    row("village", "town", tier="village", kind="community", longitude="108.1", latitude="30.1"),
    row("grid", "village", tier="grid", kind="grid", longitude="108.1", latitude="30.12"),
    row("health", "city"),
    row("east-health", "east", tier="district", guidance_parent="health"),
    row("west-health", "west", tier="district", guidance_parent="health"),
)


async def load_rows(database: Database, clock: ManualClock, rows: Iterable[dict[str, str]], **kept: str) -> Loaded:
    async with database.session() as session:
        day = clock.now().date()
        return await load(session, clock, author(day), sheet(rows), progress=lambda _: None, **kept)
