"""Names of 423 services as Chinese cities offer them, by department: what demonstrations and the search's tests share.

Names of items are facts, the everyday names and alternates are what residents call them. ``items.csv`` has a row per
item; several values stand in one cell, parted by semicolons. An item's code is made of its English name.
"""

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from msgspec import Struct

_FOLDER = Path(__file__).parent


class Word(Struct, frozen=True):
    """A department, topic or life event."""

    code: str
    name: str
    english: str


class Item(Struct, frozen=True, kw_only=True):
    """A kind of service. ``audience`` is person, enterprise or association."""

    code: str
    department: str
    topics: tuple[str, ...]
    life_events: tuple[str, ...]
    audience: str
    name: str
    everyday_name: str
    alternate_names: tuple[str, ...]
    english: str


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _several(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, cell.split(";")))


@cache
def words(name: str) -> dict[str, Word]:
    """Return the ``departments``, ``topics`` or ``life_events`` by code."""
    return {row["code"]: Word(**row) for row in _rows(name)}


@cache
def items() -> tuple[Item, ...]:
    """Return all items, department by department."""
    return tuple(
        Item(
            code=re.sub(r"[^a-z0-9]+", "-", row["english"].lower()).strip("-"),
            department=row["department"],
            topics=_several(row["topics"]),
            life_events=_several(row["life_events"]),
            audience=row["audience"],
            name=row["name"],
            everyday_name=row["everyday"],
            alternate_names=_several(row["alternates"]),
            english=row["english"],
        )
        for row in _rows("items")
    )
