"""A browser that an app's link has signed in is never proven in it: whoever sent the link would become its reader."""

from typing import Any

import httpx
import pytest
from sqlmodel import select

from adapters.sandbox.development import APPS
from auth.clients.clients import BROWSER
from auth.clients.tables import Client
from auth.consents.tables import Consent
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, Resident, agree, prove_face, sign_in
from tests.gateway.residents.test_other_screens import CONFIRM, shown_code
from tests.gateway.residents.test_ways_in import LINK, accounts
from tests.gateway.residents.test_ways_in import shown_code as link_code
from tests.sign_on.relying_party import Browser, Site, answered, id_token, register_site

OPEN = "mutation ($site: String!) { openPage(client: $site) }"
PROVE = (
    "mutation ($name: String!, $idNumber: String!) { provePerson(name: $name, idNumber: $idNumber) { accessToken } }"
)


def essential(level: str) -> dict[str, str]:
    return {"scope": "openid", "claims": f'{{"id_token":{{"acr":{{"essential":true,"values":["{level}"]}}}}}}'}


async def opened(city: City, client: httpx.AsyncClient, who: Resident) -> tuple[Site, Browser]:
    """Have a browser, whoever's it is, follow the link that a resident's mini-program gave."""
    site, browser = await register_site(city.gateway, client), Browser(client)
    landed = await browser.send("GET", await who.data(OPEN, site=site.row.client_id))
    assert landed.headers["location"].startswith("https://site.example/begin?")
    return site, browser


@pytest.mark.parametrize(
    "asked", [{"scope": "openid", "acr_values": "L2"}, essential("L2"), essential("L3")], ids=["L2", "L2 or no", "L3"]
)
async def test_a_link_s_reader_does_not_become_its_sender_s_person(
    city: City, phones: Phones, client: httpx.AsyncClient, asked: dict[str, str]
) -> None:
    site, victim = await opened(city, client, await sign_in(city, phones, "li"))
    page = await victim.follow(await victim.send("GET", site.authorize(ui_locales="en", **asked)[0]))
    assert ("mini-program" in page.text, 'name="id_number"' in page.text) == (True, False)
    known = phones.sandbox.world.residents["wang"]
    for form in ("identity", "face"):
        given = {"agreed": "yes", "name": known.name, "id_number": known.id_number}
        again = await victim.follow(await victim.send("POST", f"{page.url.path}/{form}?lang=en", **given))
        assert ("mini-program" in again.text, 'name="id_number"' in again.text) == (True, False)
    assert not [each for each in phones.sandbox.world.events if each.host == "identity"]
    assert [each.ial for each in await accounts(city)] == [1]


async def in_the_web_app(city: City, client: httpx.AsyncClient, browser: Browser) -> Resident:
    """Return a browser's resident as the city's own web app acts for them."""
    async with city.gateway.database.session() as session:
        app = Site(client, await session.get_one(Client, APPS["web"]), "", None)
    url, kept = app.authorize(scope="openid", prompt="none")
    code = answered(await browser.send("GET", url))["code"]
    form = {"code": code, "code_verifier": kept["verifier"], "redirect_uri": app.row.redirect_uris[0]}
    form |= {"grant_type": "authorization_code", "client_id": APPS["web"]}
    token = (await client.post("/oauth/token", data=form)).json()["access_token"]
    return Resident(city, {"accessToken": token}, APPS["web"])


async def test_nor_by_the_city_s_own_web_app(city: City, phones: Phones, client: httpx.AsyncClient) -> None:
    _, victim = await opened(city, client, await sign_in(city, phones, "li"))
    who = await in_the_web_app(city, client, victim)
    await agree(who, "real-name")
    assert await who.code(PROVE, **phones.person("wang")) == "SIGN_IN_REFUSED"
    assert [each.ial for each in await accounts(city)] == [1]


async def test_a_browser_types_in_no_link_code_and_uses_none_up(
    city: City, phones: Phones, client: httpx.AsyncClient
) -> None:
    old, new = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    _, browser = await opened(city, client, new)
    code = await link_code(old)
    assert await (await in_the_web_app(city, client, browser)).code(LINK, code=code) == "MERGE_REFUSED"
    assert [each.status for each in await accounts(city)] == ["active", "active"]
    assert await new.code(LINK, code=code) == ""


async def test_a_link_code_that_a_browser_shows_links_it(city: City, phones: Phones, client: httpx.AsyncClient) -> None:
    old, new = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    _, browser = await opened(city, client, new)
    code = await link_code(await in_the_web_app(city, client, browser))
    assert await old.code(LINK, code=code) == ""
    assert [each.status for each in await accounts(city)] == ["active", "merged"]


async def test_who_proves_it_in_the_app_goes_on_by_the_app(
    city: City, phones: Phones, client: httpx.AsyncClient
) -> None:
    who = await sign_in(city, phones, "wang")
    site, browser = await opened(city, client, who)
    await prove_face(phones, who, "wang")
    url, kept = site.authorize(**essential("L3"))
    page = await browser.follow(await browser.send("GET", url))
    page = await browser.submit(page, "app")  # of the first page: a first proof ends the account's other sessions
    assert await who.data(CONFIRM, code=shown_code(page)) is True
    code = answered(await browser.follow(await browser.send("GET", page.url.path)))["code"]
    claims: dict[str, Any] = await id_token(client, (await site.redeem(code, kept["verifier"])).json()["id_token"])
    assert claims["acr"] == "L3"


async def test_nobody_is_written_down_as_told_who_has_not_seen_the_page_that_tells(
    city: City, phones: Phones, client: httpx.AsyncClient
) -> None:
    who = await sign_in(city, phones, "li")
    site, browser = await opened(city, client, who)
    page = await browser.submit(await browser.follow(await browser.send("GET", site.authorize(**essential("L3"))[0])))
    assert await who.data(CONFIRM, code=shown_code(page)) is True
    page = await browser.follow(await browser.send("GET", page.url.path))
    assert "/app?" in page.text, "the app's session is no higher than L1"
    async with city.gateway.database.session() as session:
        told = (await session.exec(select(Consent.purpose).where(Consent.client == BROWSER))).all()
    assert told == []
