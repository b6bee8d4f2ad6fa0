"""Topics and life events in the graph: what they bring together, for whom, and how the index knows their names."""

from typing import Any

import pytest

from services_catalog.lifecycle.publication import suspend
from tests.catalogue.conftest import REVIEWER
from tests.catalogue.conftest import City as Entries
from tests.gateway.conftest import City
from tests.gateway.test_catalogue import entries as entries  # noqa: PLC0414 - a fixture, used by name
from tests.gateway.test_catalogue import found, seen
from tests.services_catalog.entries.samples import (
    CASE,
    CASE_CODE,
    IMPLEMENTATION,
    IMPLEMENTATION_CODE,
    ITEM_CODE,
    LIFE_EVENT,
    TOPIC,
)

pytestmark = pytest.mark.case("issue-4.5")

PLAN = """
    query ($code: String!, $district: String) { catalog { lifeEvent(code: $code, district: $district) {
      name { zh en } summary { zh } authority { code }
      steps { step round after optional entry { code level name { zh } } }
      materials { steps material { id copies } }
    } } }
"""
WEDDING = LIFE_EVENT["code"]


async def plan(city: City, district: str | None = None) -> Any:
    result = await city.ask(PLAN, code=WEDDING, district=district)
    assert "errors" not in result, result
    return result["data"]["catalog"]["lifeEvent"]


async def test_a_life_event_leads_through_the_services_of_one_s_district(city: City, entries: Entries) -> None:
    await entries.bring_out(LIFE_EVENT)
    await seen(city)
    made = await plan(city, "east")
    assert (made["name"]["en"], made["authority"]) == ("Getting married", {"code": "city"})
    assert [(each["step"], each["round"], each["after"], each["optional"]) for each in made["steps"]] == [
        (ITEM_CODE, 1, [], False),
        (CASE_CODE, 2, [ITEM_CODE], True),
    ]
    assert [each["entry"]["code"] for each in made["steps"]] == [IMPLEMENTATION_CODE, CASE_CODE]
    assert made["materials"] == [
        {"steps": [ITEM_CODE, CASE_CODE], "material": {"id": "id-card", "copies": 1}},
        {"steps": [ITEM_CODE, CASE_CODE], "material": {"id": "photo", "copies": 3}},
    ]


async def test_nobody_sees_steps_of_another_district_and_without_one_items_stand_for_all(
    city: City, entries: Entries
) -> None:
    await entries.bring_out(LIFE_EVENT)
    await seen(city)
    assert (await plan(city, "west"))["steps"] == []
    assert [each["entry"]["code"] for each in (await plan(city))["steps"]] == [ITEM_CODE, CASE_CODE]
    assert (await plan(city))["steps"][0]["entry"]["level"] == "item"


async def test_the_own_district_comes_before_the_city(city: City, entries: Entries) -> None:
    other = {**IMPLEMENTATION, "code": "of-the-city", "organisation": "city"}
    await entries.bring_out(other)
    await entries.bring_out(LIFE_EVENT)
    await seen(city)
    assert (await plan(city, "east"))["steps"][0]["entry"]["code"] == IMPLEMENTATION_CODE
    assert (await plan(city, "west"))["steps"][0]["entry"]["code"] == "of-the-city"


async def test_a_suspended_step_is_left_out_and_a_district_s_life_event_is_its_own(
    city: City, entries: Entries
) -> None:
    await entries.bring_out({**LIFE_EVENT, "organisation": "east"})
    async with entries.database.session() as session:
        await suspend(session, entries.clock, REVIEWER, CASE_CODE, "because")
    await seen(city)
    assert [each["step"] for each in (await plan(city, "east"))["steps"]] == [ITEM_CODE]
    assert await plan(city, "west") is None
    query = "query ($d: String) { catalog { lifeEvents(district: $d) { code } } }"
    for district, listed in (("east", [{"code": WEDDING}]), ("west", [])):
        assert (await city.ask(query, d=district))["data"]["catalog"]["lifeEvents"] == listed


async def test_life_events_filter_what_names_them_and_what_they_name(city: City, entries: Entries) -> None:
    query = "query ($e: String) { catalog { search(lifeEvent: $e) { hits { entry { code } } } } }"

    async def filtered() -> set[str]:
        hits = (await city.ask(query, e="all-in-one"))["data"]["catalog"]["search"]["hits"]
        return {hit["entry"]["code"] for hit in hits}

    assert await filtered() == set()
    await entries.bring_out({**LIFE_EVENT, "code": "all-in-one"}, steps=[{"entry": ITEM_CODE}])
    await seen(city)
    assert await filtered() == {IMPLEMENTATION_CODE}
    await entries.bring_out({**LIFE_EVENT, "code": "all-in-one"}, steps=[{"entry": CASE_CODE}])
    await seen(city)
    assert await filtered() == {CASE_CODE}


@pytest.mark.parametrize("text", ["安枕置业", "anzhen zhiye", "azzy", "双喜临门", "shuangxilinmen", "sxlm"])
async def test_entries_are_found_by_what_their_topics_and_life_events_are_called(
    city: City, entries: Entries, text: str
) -> None:
    assert await found(city, text=text) == []
    await entries.bring_out(TOPIC)
    await entries.bring_out(LIFE_EVENT)
    await seen(city)
    assert set(await found(city, text=text)) == {IMPLEMENTATION_CODE, CASE_CODE}
    for code in (TOPIC["code"], WEDDING):
        async with entries.database.session() as session:
            await suspend(session, entries.clock, REVIEWER, code, "because")
    await seen(city)
    assert await found(city, text=text) == []


async def test_what_was_found_by_a_topic_s_name_says_so(city: City, entries: Entries) -> None:
    await entries.bring_out(TOPIC)
    await seen(city)
    query = "query ($t: String) { catalog { search(text: $t, reasons: true) { hits { reasons { how found } } } } }"
    for text, how in (("anzhenzhiye", "pinyin"), ("azzy", "initials")):
        hits = (await city.ask(query, t=text))["data"]["catalog"]["search"]["hits"]
        assert [hit["reasons"] for hit in hits] == [[{"how": how, "found": "安枕置业"}]] * 2


async def test_topics_are_listed_and_are_no_services(city: City, entries: Entries) -> None:
    await entries.bring_out(TOPIC)
    await entries.bring_out(LIFE_EVENT)
    await seen(city)
    listed = (await city.ask("{ catalog { topics { code name { zh } } } }"))["data"]["catalog"]["topics"]
    assert listed == [{"code": "marriage", "name": {"zh": "婚姻"}}]
    for code in (TOPIC["code"], WEDDING):
        result = await city.ask("query ($c: String!) { catalog { entry(code: $c) { code } } }", c=code)
        assert result == {"data": {"catalog": {"entry": None}}}
        assert code not in await found(city)
    assert await entries.draft(CASE)  # what was brought together is written as before


async def test_a_life_event_s_step_must_be_a_service(city: City, entries: Entries) -> None:
    await entries.draft(LIFE_EVENT, steps=[{"entry": "nowhere"}])
    version = await entries.submit(WEDDING)
    assert (version.state, [each["rule"] for each in version.findings]) == ("draft", ["E26-steps"])
