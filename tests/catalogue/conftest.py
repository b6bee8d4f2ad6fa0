"""A small city with its people, and entries that go the real way to the public."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis
from sqlmodel import col, select

from kernel.clock import ManualClock
from kernel.database import Database
from services_catalog.entries.document import EntryDocument
from services_catalog.lifecycle.drafting import save_draft
from services_catalog.lifecycle.history import By
from services_catalog.lifecycle.publication import publish
from services_catalog.lifecycle.reviewing import approve
from services_catalog.lifecycle.submitting import submit
from services_catalog.lifecycle.tables import EntryLive, EntryVersion
from services_catalog.organisations.roles import Grant, Role, grant
from services_catalog.reading.shared import SharedAnswers
from services_catalog.reading.shown import Shown
from tests.organisations.city import load_rows, row
from tests.services_catalog.entries.samples import document

EDITOR, REVIEWER, OUTSIDER, ELSEWHERE = (f"credential:{each}" for each in ("editor", "reviewer", "nobody", "west"))
OPERATIONS = frozenset({"query marriage.offices"})
TIERS = ("city", "district", "town", "village", "grid")
TREE = {"city": "", "east": "city", "west": "city", "east-civil-affairs": "east", "west-civil-affairs": "west"}


class City:
    """The catalogue of one database, and how far its entries are brought by whom."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = ManualClock(datetime(2026, 5, 4, 1, tzinfo=UTC))

    async def found(self, tree: dict[str, str]) -> None:
        """Load organisations: parents by code."""
        depth: dict[str, int] = {}
        rows = []
        for code, parent in tree.items():
            depth[code] = depth[parent] + 1 if parent else 0
            kind = "department" if code.endswith("affairs") else "government"
            rows.append(row(code, parent, tier=TIERS[depth[code]], kind=kind))
        await load_rows(self.database, self.clock, rows)

    async def give(self, holder: str, role: Role, organisation: str) -> None:
        async with self.database.session() as session:
            await grant(session, self.clock, "operator:test", Grant(holder, organisation, role))

    async def draft(self, sample: dict[str, Any] | EntryDocument, actor: str = EDITOR, **fields: Any) -> EntryVersion:
        written = sample if isinstance(sample, EntryDocument) else document(sample, **fields)
        async with self.database.session() as session:
            return await save_draft(session, self.clock, actor, written)

    async def submit(self, code: str, actor: str = EDITOR) -> EntryVersion:
        async with self.database.session() as session:
            return await submit(session, self.clock, actor, code, OPERATIONS)

    async def approve(self, code: str, actor: str = REVIEWER) -> EntryVersion:
        async with self.database.session() as session:
            return await approve(session, self.clock, actor, code)

    async def publish(self, code: str, actor: str = REVIEWER) -> int:
        async with self.database.session() as session:
            return await publish(session, self.clock, By(actor), code, OPERATIONS)

    async def bring_out(self, sample: dict[str, Any], **fields: Any) -> int:
        """Bring an entry all the way to the public."""
        await self.draft(sample, **fields)
        await self.submit(sample["code"])
        await self.approve(sample["code"])
        return await self.publish(sample["code"])

    async def shown(self) -> dict[str, Shown]:
        """Return what residents see, by code."""
        async with self.database.session() as session:
            rows: Sequence[EntryLive] = (await session.exec(select(EntryLive).order_by(col(EntryLive.code)))).all()
        return {row.code: msgspec.json.decode(row.shown, type=Shown) for row in rows if row.shown is not None}


@pytest.fixture
async def city(database: Database) -> City:
    city = City(database)
    await city.found(TREE)
    await city.give(EDITOR, "editor", "city")
    await city.give(REVIEWER, "reviewer", "city")
    await city.give(ELSEWHERE, "owner", "west")
    return city


@pytest.fixture
async def shared(redis: Redis) -> AsyncIterator[SharedAnswers]:
    """What gateways tell one another of answers."""
    shared = SharedAnswers(redis)
    yield shared
    await shared.close()
