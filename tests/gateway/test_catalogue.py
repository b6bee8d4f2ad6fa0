"""The catalogue in the graph: what residents read, how fast a change shows, and what never does."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from services_catalog.announcements import announce
from services_catalog.lifecycle.publication import degrade, suspend
from tests.catalogue.conftest import EDITOR, REVIEWER, TREE
from tests.catalogue.conftest import City as Entries
from tests.gateway.conftest import City
from tests.services_catalog.entries.samples import (
    CASE,
    CASE_CODE,
    IMPLEMENTATION,
    IMPLEMENTATION_CODE,
    ITEM,
    ITEM_CODE,
)

SEARCH = """
    query ($text: String, $district: String, $near: CatalogSearch_NearInput, $open: Boolean) {
      catalog { search(text: $text, district: $district, near: $near, open: $open, facets: true, reasons: true) {
        total didYouMean
        hits { metres reasons { word how } entry { code name { zh en translated } authority { name { zh } } } }
        facets { topic { value count } }
      } }
    }
"""


@pytest.fixture
async def entries(city: City) -> Entries:
    """The entries of the gateway's catalogue: the three levels of marriage registration, public."""
    made = Entries(city.gateway.database)
    await made.found(TREE)
    await made.give(EDITOR, "editor", "city")
    await made.give(REVIEWER, "reviewer", "city")
    for sample in (ITEM, IMPLEMENTATION, CASE):
        await made.bring_out(sample)
    await seen(city)
    return made


async def seen(city: City) -> None:
    """Have the gateway look now."""
    await city.gateway.catalogue.refresh()


async def found(city: City, **variables: Any) -> list[str]:
    result = await city.ask(SEARCH, **variables)
    assert "errors" not in result, result
    return [hit["entry"]["code"] for hit in result["data"]["catalog"]["search"]["hits"]]


async def test_an_entry_is_read_with_what_it_inherits_and_falls_back_to_chinese(city: City, entries: Entries) -> None:
    result = await city.ask(
        "query ($code: String!) { catalog { entry(code: $code) { code version name { zh en translated } "
        "fee { charged } materials { id necessity copies name { en translated } } sources { field entry level over } "
        "channels { kind url } authority { path } } } }",
        code=CASE_CODE,
    )
    entry = result["data"]["catalog"]["entry"]
    assert (entry["code"], entry["version"], entry["fee"]) == (CASE_CODE, 1, {"charged": False})
    assert entry["name"] == {"zh": "补领结婚证", "en": "A new marriage certificate", "translated": True}
    assert entry["materials"][0]["name"] == {"en": "居民身份证", "translated": False}
    assert (entry["materials"][0]["necessity"], entry["materials"][1]["copies"]) == ("required", 3)
    assert {"field": "name", "entry": CASE_CODE, "level": "case", "over": ITEM_CODE} in entry["sources"]
    assert entry["authority"] == {"path": ["city", "east", "east-civil-affairs"]}


async def test_unknown_codes_are_null(city: City, entries: Entries) -> None:
    for code in ("unknown", "a/b?c=1&d", "\0", "a" * 1000):
        result = await city.ask("query ($c: String!) { catalog { entry(code: $c) { code } } }", c=code)
        assert result == {"data": {"catalog": {"entry": None}}}


@pytest.mark.parametrize("text", ["补领结婚证", "buling jiehunzheng", "bljhz", "结婚证丢了"])
async def test_entries_are_found_by_what_people_write(city: City, entries: Entries, text: str) -> None:
    assert CASE_CODE in await found(city, text=text)


async def test_districts_see_what_is_theirs_and_the_city_s(city: City, entries: Entries) -> None:
    assert {IMPLEMENTATION_CODE, CASE_CODE} <= {*await found(city, district="east")}
    assert {IMPLEMENTATION_CODE, CASE_CODE}.isdisjoint(await found(city, district="west"))
    for unknown in ("moon", "\0", "a" * 65):
        result = await city.ask(SEARCH, district=unknown)
        assert result["data"]["catalog"]["search"] is None
        assert result["errors"][0]["extensions"]["code"] == "ORGANISATION_UNKNOWN"


async def test_the_nearest_is_said(city: City, entries: Entries) -> None:
    result = await city.ask(SEARCH, text="结婚", near={"longitude": 116.41, "latitude": 39.92})
    metres = [hit["metres"] for hit in result["data"]["catalog"]["search"]["hits"] if hit["metres"] is not None]
    assert metres
    assert all(1_100 < each < 1_125 for each in metres)


async def test_a_front_page_counts_and_shows_what_is_used(city: City, entries: Entries) -> None:
    result = await city.ask('{ catalog { home(district: "east") { total topics { value count } popular { code } } } }')
    home = result["data"]["catalog"]["home"]
    assert {each["code"] for each in home["popular"]} == {IMPLEMENTATION_CODE, CASE_CODE}
    assert home["total"] == 2
    assert home["topics"][0]["value"] == "marriage"


async def test_typing_is_completed(city: City, entries: Entries) -> None:
    result = await city.ask('{ catalog { suggest(text: "jieh") { suggestions { text code } } } }')
    assert "结婚登记" in [each["text"] for each in result["data"]["catalog"]["suggest"]["suggestions"]]


async def test_a_cursor_of_another_search_is_refused(city: City, entries: Entries) -> None:
    result = await city.ask('{ catalog { search(text: "a", after: "nonsense") { total } } }')
    assert result["data"] == {"catalog": {"search": None}}
    assert result["errors"][0]["extensions"]["code"] == "CURSOR_INVALID"


async def test_what_is_suspended_is_gone_and_what_is_degraded_says_so(city: City, entries: Entries) -> None:
    async with entries.database.session() as session:
        await degrade(session, entries.clock, IMPLEMENTATION_CODE, "no answer")
    await seen(city)
    query = "query ($c: String!) { catalog { entry(code: $c) { state because } } }"
    entry = (await city.ask(query, c=IMPLEMENTATION_CODE))["data"]["catalog"]["entry"]
    assert entry == {"state": "degraded", "because": "no answer"}
    async with entries.database.session() as session:
        await suspend(session, entries.clock, REVIEWER, IMPLEMENTATION_CODE, "because")
    await seen(city)
    assert (await city.ask(query, c=CASE_CODE))["data"]["catalog"]["entry"] is None
    assert {IMPLEMENTATION_CODE, CASE_CODE}.isdisjoint(await found(city))


async def test_a_change_is_announced_and_seen(city: City, entries: Entries, redis: Redis) -> None:
    assert (await found(city, text="渔船检验")) == []
    revision = await entries.bring_out(
        ITEM, name={"zh": "渔船检验", "en": "Survey of fishing boats"}, everyday_name=None
    )
    await announce(redis, revision)
    async with asyncio.timeout(10):
        while city.gateway.catalogue.revision < revision:
            await asyncio.sleep(0.01)
    assert await found(city, text="渔船检验") == [IMPLEMENTATION_CODE]


async def test_drafts_are_not_seen(city: City, entries: Entries) -> None:
    await entries.draft({**ITEM, "code": "000111003000"}, name={"zh": "收养登记"})
    await entries.submit("000111003000")
    await seen(city)
    assert "000111003000" not in await found(city, text="收养登记")
    assert "000111003000" not in await found(city)


async def test_what_is_selected_internally_is_not_in_the_graph(city: City) -> None:
    for hidden in ("ownerContact { phone }", "binding { operations { probe } }"):
        result = await city.ask(f'{{ catalog {{ entry(code: "a") {{ {hidden} }} }} }}')
        assert result["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
