"""A phone signs its resident in on another screen: whatever the host app, and as surely as there."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from auth.issuer import issuer
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, aged, sign_in
from tests.sign_on.relying_party import Browser, Site, answered, id_token, register_site

LOOK = "query ($code: String!) { signInToConfirm(code: $code) { site { en } browser } }"
CONFIRM = "mutation ($code: String!) { confirmSignIn(code: $code) }"


def shown_code(page: httpx.Response) -> str:
    """Return the code that a page shows for a mini-program to confirm."""
    found = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}", page.text)
    assert found is not None, page.text
    return found[0]


async def shown(
    city: City, client: httpx.AsyncClient, site: Site, **asked: str
) -> tuple[Browser, dict[str, str], str, str]:
    """Have a browser ask for a code; return it, what the site keeps, the waiting page's path, and the code."""
    browser = Browser(client, issuer(city.settings))
    url, kept = site.authorize(scope="openid", **asked)
    page = await browser.follow(await browser.send("GET", url))
    page = await browser.submit(page, "app")
    assert 'http-equiv="refresh"' in page.text
    return browser, kept, page.url.path, shown_code(page)


@pytest.mark.parametrize("host", ["wechat", "alipay", "baidu"])
async def test_a_phone_signs_a_browser_in(city: City, phones: Phones, client: httpx.AsyncClient, host: str) -> None:
    site, who = await register_site(city.gateway, client), await sign_in(city, phones, "li", host)
    browser, kept, waiting, code = await shown(city, client, site)
    assert "code" not in (await browser.send("GET", waiting)).headers.get("location", "")
    about: Any = await who.data(LOOK, code=code.lower())
    assert about["site"] == {"en": "Site"}
    assert await who.data(CONFIRM, code=code) is True
    back = answered(await browser.follow(await browser.send("GET", waiting)))
    tokens = (await site.redeem(back["code"], kept["verifier"])).json()
    claims = await id_token(client, tokens["id_token"])
    assert claims["amr"] == [{"wechat": "wx"}.get(host, host)]
    assert await who.data("mutation { signOut }") is True
    assert answered(await browser.send("GET", site.authorize(prompt="none")[0]))["error"] == "login_required"


async def test_a_code_is_confirmed_once_and_only_its_own_browser_is_signed_in(
    city: City, phones: Phones, client: httpx.AsyncClient
) -> None:
    site, who = await register_site(city.gateway, client), await sign_in(city, phones, "li")
    _, _, waiting, code = await shown(city, client, site)
    assert await who.data(CONFIRM, code=code) is True
    assert await who.code(CONFIRM, code=code) == "ONE_TIME_CODE_REFUSED"
    stranger = await Browser(client, issuer(city.settings)).send("GET", waiting)
    assert (stranger.status_code, "location" in stranger.headers) == (400, False)
    assert await who.code(LOOK, code="AAAA-AAAA") == "ONE_TIME_CODE_REFUSED"


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "60"}])
async def test_a_site_that_wants_a_new_sign_in_gets_one(
    city: City, phones: Phones, client: httpx.AsyncClient, asked: dict[str, str]
) -> None:
    site, who = await register_site(city.gateway, client), await sign_in(city, phones, "li")
    await aged(who, timedelta(minutes=4))
    browser, kept, waiting, code = await shown(city, client, site, **asked)
    assert await who.code(CONFIRM, code=code) == "AUTHENTICATION_TOO_OLD"
    who = await sign_in(city, phones, "li")
    assert await who.data(CONFIRM, code=code) is True
    back = answered(await browser.follow(await browser.send("GET", waiting)))
    claims = await id_token(client, (await site.redeem(back["code"], kept["verifier"])).json()["id_token"])
    assert claims["iat"] - claims["auth_time"] < 60


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "60"}])
async def test_a_link_of_an_app_is_no_new_sign_in(
    city: City, phones: Phones, client: httpx.AsyncClient, asked: dict[str, str]
) -> None:
    site, who = await register_site(city.gateway, client), await sign_in(city, phones, "li")
    await aged(who, timedelta(days=3))
    browser = Browser(client, issuer(city.settings))
    page = await browser.follow(await browser.send("GET", site.authorize(scope="openid", **asked)[0]))
    link = await who.data("mutation ($site: String!) { openPage(client: $site) }", site=site.row.client_id)
    assert (await browser.send("GET", link)).status_code == 303
    page = await browser.follow(await browser.send("GET", page.url.path))
    assert ("location" in page.headers, 'name="phone"' in page.text) == (False, True)
