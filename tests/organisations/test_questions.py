"""Questions at the edges; tests/organisations/test_walks.py asks all of them about random trees."""

import pytest

from kernel.clock import ManualClock
from kernel.database import Database
from services_catalog.organisations.errors import UnknownOrganisationError
from services_catalog.organisations.questions import Only, View, ancestors, children, common, count, subtree
from tests.organisations.city import MONDAY, load_rows, row

pytestmark = pytest.mark.case("issue-4.1")
NOW = View(MONDAY)


async def test_a_code_that_begins_like_another_is_not_below_it(database: Database, clock: ManualClock) -> None:
    codes = ("a", "a-b", "a.b", "a0", "aa", "A")
    await load_rows(database, clock, [row("root"), *(row(code, "root") for code in codes), row("x", "a")])
    async with database.session() as session:
        assert [each.code for each in (await subtree(session, NOW, "a")).organisations] == ["a", "x"]
        assert await count(session, NOW, "a") == 2
        assert {each.code for each in await children(session, NOW, "root")} == set(codes)


async def test_only_some_are_asked_for(city: Database) -> None:
    async with city.session() as session:
        districts = await subtree(session, NOW, "city", Only(tier="district"))
        assert [each.code for each in districts.organisations] == ["east", "east-health", "west", "west-health"]
        assert await count(session, NOW, "city", Only("district", "department")) == 2
        guided = await subtree(session, View(MONDAY, "guidance"), "health")
        assert [each.code for each in guided.organisations] == ["health", "east-health", "west-health"]


async def test_what_nothing_joins_has_no_common_ancestor(city: Database) -> None:
    async with city.session() as session:
        assert await common(session, View(MONDAY, "guidance"), ["east", "west"]) is None
        with pytest.raises(UnknownOrganisationError, match="There is no organisation nowhere on 2026-11-30"):
            await ancestors(session, NOW, "nowhere")
