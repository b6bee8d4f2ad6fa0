"""``launch`` in the graph, with the host apps' own ways to open a mini-program."""

from typing import Any

import pytest

from adapters.sandbox.development import APPS
from services_catalog.lifecycle.publication import degrade, suspend, withdraw
from tests.catalogue.conftest import EDITOR, REVIEWER, TREE
from tests.catalogue.conftest import City as Entries
from tests.gateway.conftest import City
from tests.services_catalog.entries.samples import IMPLEMENTATION, IMPLEMENTATION_CODE, ITEM, TOPIC

pytestmark = pytest.mark.case("issue-4.2")

LAUNCH = """
    query ($code: String!, $channel: CatalogHost!, $version: String) {
      catalog { launch(code: $code, channel: $channel, hostVersion: $version) {
        opens obstacles because leastVersion
        way { kind operations call { api arguments } link url client }
        alternatives { kind host call { api } link url phone hours { opens } location { address { zh } phone } }
      } }
    }
"""
PROGRAMS = [{"host": host, "app_id": app, "page": "pages/book"} for host, app in APPS.items() if host != "web"]


@pytest.fixture
async def entries(city: City) -> Entries:
    made = Entries(city.gateway.database)
    await made.found(TREE)
    await made.give(EDITOR, "editor", "city")
    await made.give(REVIEWER, "reviewer", "city")
    await made.bring_out(ITEM)
    return made


async def launch(city: City, channel: str, code: str = IMPLEMENTATION_CODE, **more: str) -> Any:
    await city.gateway.catalogue.refresh()
    result = await city.ask(LAUNCH, code=code, channel=channel, **more)
    assert "errors" not in result, result
    return result["data"]["catalog"]["launch"]


CALLS = {
    "wechat": ("wx.navigateToMiniProgram", "appId"),
    "alipay": ("my.navigateToMiniProgram", "appId"),
    "baidu": ("swan.navigateToSmartProgram", "appKey"),
}


@pytest.mark.parametrize("host", CALLS)
async def test_each_host_is_told_its_own_call_and_others_links(city: City, entries: Entries, host: str) -> None:
    await entries.bring_out(IMPLEMENTATION, binding={"mini_programs": PROGRAMS})
    found = await launch(city, host)
    api, key = CALLS[host]
    assert found["way"]["kind"] == "mini_program"
    assert found["way"]["call"]["api"] == api
    assert found["way"]["call"]["arguments"][key] == APPS[host]
    assert found["way"]["call"]["arguments"]["path"] == "pages/book"
    assert found["way"]["link"] is None
    others = {each["host"]: each for each in found["alternatives"] if each["kind"] == "mini_program"}
    assert others.keys() == CALLS.keys() - {host}
    assert all(each["call"] is None for each in others.values())
    if host != "alipay":
        assert others["alipay"]["link"].startswith(f"alipays://platformapi/startapp?appId={APPS['alipay']}&page=pages")


async def test_a_browser_is_led_to_host_apps_by_links(city: City, entries: Entries) -> None:
    await entries.bring_out(
        IMPLEMENTATION,
        binding={"mini_programs": PROGRAMS},
        channels=[{"id": "hall", "kind": "window", "location": "main"}],
    )
    found = await launch(city, "web")
    assert (found["opens"], found["way"], found["obstacles"]) == (False, None, ["other_host"])
    kinds = [each["kind"] for each in found["alternatives"]]
    assert kinds == ["mini_program", "mini_program", "mini_program", "window", "hotline"]
    window = found["alternatives"][3]
    assert (window["location"]["address"]["zh"], window["hours"]) == ("东城大街1号", [{"opens": "09:00"}])
    assert found["alternatives"][4]["phone"] == "010-12345678"


async def test_how_an_entry_stands_is_said(city: City, entries: Entries) -> None:
    assert await launch(city, "wechat", "unknown") is None
    await entries.bring_out(TOPIC)
    assert await launch(city, "wechat", TOPIC["code"]) is None
    await entries.bring_out(IMPLEMENTATION, host_requirements={"wechat": "8.0.50"})
    assert (await launch(city, "wechat"))["way"]["operations"] == ["query marriage.offices"]
    assert (await launch(city, "wechat", version="8.0.1"))["obstacles"] == ["host_too_old"]
    async with entries.database.session() as session:
        await degrade(session, entries.clock, IMPLEMENTATION_CODE, "no answer")
    found = await launch(city, "wechat")
    assert (found["opens"], found["obstacles"], found["because"]) == (False, ["degraded"], "no answer")
    assert found["way"]["kind"] == "operations"
    assert [each["kind"] for each in found["alternatives"]] == ["web", "window", "hotline"]
    async with entries.database.session() as session:
        await suspend(session, entries.clock, REVIEWER, IMPLEMENTATION_CODE, "a secret reason")
    found = await launch(city, "wechat")
    assert (found["opens"], found["obstacles"], found["because"]) == (False, ["suspended"], "")
    assert (found["way"], found["alternatives"]) == (None, [])
    async with entries.database.session() as session:
        await withdraw(session, entries.clock, REVIEWER, IMPLEMENTATION_CODE, "over")
    assert await launch(city, "wechat") is None
