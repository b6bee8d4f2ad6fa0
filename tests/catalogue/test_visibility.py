"""Whatever happens to entries anywhere in a tree, residents find what is public in their district or above: no more."""

from datetime import timedelta
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from kernel.database import Database
from services_catalog.lifecycle.publication import degrade, resume, suspend, withdraw
from services_catalog.lifecycle.reviewing import reject
from services_catalog.reading.shelf import Shelf
from services_catalog.search.query import Query
from tests.catalogue.conftest import EDITOR, REVIEWER, City
from tests.services_catalog.entries.samples import IMPLEMENTATION, ITEM

STATES = ("draft", "submitted", "rejected", "approved", "published", "degraded", "suspended", "resumed", "withdrawn")
SHOWN = {"published", "degraded", "resumed"}
TREES = st.lists(st.integers(0, 4), min_size=1, max_size=5)  # each organisation's parent among those before it


class Town:
    """A tree, and entries at some of its organisations, each brought to some state."""

    def __init__(self, city: City, parents: list[int]) -> None:
        self.city = city
        self.mark = uuid4().hex[:8]  # of this example: the database has those of the others too
        self.root = self.named(0)
        self.tree = {self.root: ""}
        self.tree |= {self.named(at): self.named(min(parent, at - 1)) for at, parent in enumerate(parents, 1)}

    def named(self, number: int) -> str:
        return f"{self.mark}-o{number}"

    def above(self, code: str) -> list[str]:
        """Return an organisation and those above it."""
        return [code, *(self.above(self.tree[code]) if self.tree[code] else [])]

    async def bring(self, code: str, organisation: str, state: str) -> None:
        """Bring an entry of an organisation to a state, from nothing."""
        sample = {**IMPLEMENTATION, "code": code, "organisation": organisation, "parent": f"{self.mark}-item"}
        await self.city.draft(sample)
        if state == "draft":
            return
        await self.city.submit(code)
        if state == "submitted":
            return
        if state == "rejected":
            async with self.city.database.session() as session:
                await reject(session, self.city.clock, REVIEWER, code, {}, reason="no")
            return
        await self.city.approve(code)
        if state != "approved":
            await self.city.publish(code)
            await self._after(code, state)

    async def _after(self, code: str, state: str) -> None:
        async with self.city.database.session() as session:
            if state == "degraded":
                await degrade(session, self.city.clock, code, "no answer")
            elif state in ("suspended", "resumed"):
                await suspend(session, self.city.clock, REVIEWER, code, "because")
            elif state == "withdrawn":
                await withdraw(session, self.city.clock, REVIEWER, code, "because")
        if state == "resumed":
            async with self.city.database.session() as session:
                await resume(session, self.city.clock, REVIEWER, code)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES, st.lists(st.tuples(st.integers(0, 5), st.sampled_from(STATES)), min_size=1, max_size=4))
async def test_only_what_is_public_here_is_found(
    database: Database, redis: Redis, parents: list[int], placed: list[tuple[int, str]]
) -> None:
    city = City(database)
    town = Town(city, parents)
    await city.found(town.tree)
    await city.give(EDITOR, "editor", town.root)
    await city.give(REVIEWER, "reviewer", town.root)
    item = f"{town.mark}-item"
    await city.bring_out({**ITEM, "code": item, "organisation": town.root})
    names = [*town.tree]
    entries = {f"{town.mark}-e{at}": (names[place % len(names)], state) for at, (place, state) in enumerate(placed)}
    for code, (organisation, state) in entries.items():
        city.clock.advance(timedelta(minutes=1))
        await town.bring(code, organisation, state)
    shelf = Shelf(database.pool, redis)
    await shelf.refresh()
    for district in names:
        path = town.above(district)
        wanted = {code for code, (at, state) in entries.items() if state in SHOWN and at in path}
        for text in ("", "婚姻登记"):
            query = Query(at=city.clock.now(), text=text, district=tuple(path), first=100, facets=True)
            answer = shelf.index.search(query)
            assert {hit.code for hit in answer.hits} == wanted
            assert answer.total == len(wanted)
            assert answer.facets is not None
            assert sum(each.count for each in answer.facets.district) == len(wanted)
    everything = [item, *entries]
    public = {item, *(code for code, (_, state) in entries.items() if state in SHOWN)}
    assert (await shelf.entries(everything)).keys() == public
