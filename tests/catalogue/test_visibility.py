"""Whatever happens to entries, and to the tree that they stand in, residents see what is public in their district.

Asked of the whole gateway in GraphQL, as residents' apps ask it: a search, the front page, suggestions, single entries.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.app import Gateway
from kernel.database import Database
from kernel.settings import Settings
from tests.catalogue.conftest import City
from tests.catalogue.town import EVENTS, Town

pytestmark = pytest.mark.case("issue-4.3")
WALK = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])  # each has its own town
HEADERS = {b"content-type": b"application/json", b"accept": b"application/graphql-response+json"}
DISTRICT = """
    query ($district: String) { catalog {
      search(district: $district, first: 100, facets: true) {
        total hits { entry { code } } facets { district { value count } }
      }
      home(district: $district, first: 100) { total popular { code } topics { count } }
      suggest(text: "hunyin", district: $district, first: 100) { suggestions { code } }
      typed: suggest(text: "补领", district: $district, first: 100) { suggestions { code } }
    } }
"""
ENTRY = "code area state authority { code name { zh } path }"
_number = st.integers(0, 11)
_trees = st.lists(st.tuples(_number, st.booleans()), min_size=2, max_size=6)
_tree_steps = st.sampled_from(["move", "move", "merge", "close", "rename", "load"])
_kinds = st.one_of(st.sampled_from(EVENTS), st.just("renew"), _tree_steps, _tree_steps)
_steps = st.lists(st.tuples(_kinds, _number, _number), min_size=8, max_size=16)


class Residents:
    """They ask a gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = msgspec.json.encode({"query": query, "variables": variables})
        _, _, answer = await self.gateway.direct["/graphql"]("POST", b"", HEADERS, body)
        result = msgspec.json.decode(answer)
        assert "errors" not in result, result
        found: dict[str, Any] = result["data"]["catalog"]
        return found

    async def see(self, town: Town) -> None:
        """Compare what they see with what they ought to."""
        await self.gateway.catalogue.refresh()
        for district in town.codes:
            expected = town.found(district)
            seen = await self.ask(DISTRICT, district=district)
            search, home = seen["search"], seen["home"]
            assert {hit["entry"]["code"] for hit in search["hits"]} == expected, district
            assert {each["code"] for each in home["popular"]} == expected, district
            assert search["total"] == home["total"] == len(expected)
            assert sum(each["count"] for each in search["facets"]["district"]) == len(expected)
            assert all(each["count"] <= len(expected) for each in home["topics"])
            suggested = {each["code"] for name in ("suggest", "typed") for each in seen[name]["suggestions"]}
            assert suggested == expected, district
        asked = [f'e{at}: entry(code: "{code}") {{ {ENTRY} }}' for at, code in enumerate(town.samples)]
        entries = await self.ask(f"{{ catalog {{ services {{ name }} {' '.join(asked)} }} }}")
        assert entries.pop("services") == []  # those of the graph, and none is published
        assert [*entries.values()] == [town.shown(code) for code in town.samples]


@pytest.fixture
async def residents(database: Database, settings: Settings) -> AsyncIterator[Residents]:
    gateway = Gateway(msgspec.structs.replace(settings, access_log=False))
    async with gateway.running():
        yield Residents(gateway)


@WALK
@given(_trees, st.lists(_number, min_size=1, max_size=3), _steps)
async def test_only_what_is_public_here_is_seen(
    database: Database,
    residents: Residents,
    parents: list[tuple[int, bool]],
    places: list[int],
    steps: list[tuple[str, int, int]],
) -> None:
    town = Town(City(database), parents, places)
    await town.begin()
    await residents.see(town)
    for at, step in enumerate(steps):
        await town.step(*step)
        if at % 4 == 3:
            await residents.see(town)
    await residents.see(town)
