"""Residents sign in in a browser at WeChat's, Alipay's and Baidu's own pages, and are the mini-programs' residents."""

import html
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from msgspec.structs import replace
from sqlmodel import select

from adapters.sandbox.alipay.simulator import SimulatedAlipay
from adapters.sandbox.alipay.subcodes import USER_BLOCKED
from adapters.sandbox.baidu.host import SimulatedBaidu
from adapters.sandbox.development import APPS, WEBSITES
from auth.accounts.tables import Identity
from auth.sessions.tables import Session
from gateway.app import Gateway
from gateway.http.sign_on.errors_said import said
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, sign_in
from tests.gateway.residents.test_face_pages import ESSENTIAL, Visitor
from tests.gateway.residents.test_face_pages import decide as face_checked
from tests.gateway.residents.test_ways_in import accounts
from tests.sign_on.relying_party import Browser, Site, answered, id_token, register_site

HOSTS = ("wechat", "alipay", "baidu")
METHODS = {"wechat": "wx", "alipay": "alipay", "baidu": "baidu"}
BUTTONS = {
    "zh": ("微信登录", "支付宝登录", "百度登录"),
    "en": ("Sign in with WeChat", "Sign in with Alipay", "Sign in with Baidu"),
}
EXCHANGES = {"wechat": "wechat.access_token", "alipay": "alipay.system.oauth.token", "baidu": "baidu.token"}


class Web:
    """A site, browsers that come from it, and the hosts' pages that they are led to."""

    def __init__(self, phones: Phones, client: httpx.AsyncClient, site: Site, outside: httpx.AsyncClient) -> None:
        self.phones = phones
        self.client = client
        self.site = site
        self._outside = outside
        self.kept: dict[str, str] = {}

    def browser(self) -> Browser:
        return Browser(self.client)

    async def come(self, browser: Browser, **changed: Any) -> httpx.Response:
        """Come from the site; return the page that one ends at."""
        url, self.kept = self.site.authorize(**({"scope": "openid"} | changed))
        return await browser.follow(await browser.send("GET", url))

    async def led(self, browser: Browser, host: str, **changed: Any) -> str:
        """Press a host's button on the first page; return where it leads."""
        page = await browser.submit(await self.come(browser, **changed), "host", app=APPS[host])
        assert page.status_code == 303
        return str(page.headers["location"])

    async def decide(self, address: str, resident: str = "li") -> str:
        """Allow it at the host's page, or refuse as nobody; return where the page leads back to."""
        page = await self._outside.get(address)
        assert page.status_code == 200, page.text
        found = re.search('action="([^"]*)"', page.text)
        assert found is not None
        back = await self._outside.post(f"{self.phones.origin}{html.unescape(found[1])}", data={"resident": resident})
        assert back.status_code == 303
        return str(back.headers["location"])

    async def back(self, browser: Browser, host: str, resident: str = "li", **changed: Any) -> httpx.Response:
        """Go to a host's page and come back."""
        address = await self.decide(await self.led(browser, host, **changed), resident)
        return await browser.follow(await browser.send("GET", address))

    async def claims(self, page: httpx.Response) -> dict[str, Any]:
        tokens = await self.site.redeem(answered(page)["code"], self.kept["verifier"])
        return await id_token(self.client, tokens.json()["id_token"])


@pytest.fixture
async def web(city: City, phones: Phones, client: httpx.AsyncClient) -> AsyncIterator[Web]:
    register(phones)
    async with httpx.AsyncClient() as outside:
        yield Web(phones, client, await register_site(city.gateway, client), outside)


def alipay(phones: Phones) -> SimulatedAlipay:
    return next(host for host in phones.sandbox.hosts if isinstance(host, SimulatedAlipay))


def register(phones: Phones, owner: str = "the city") -> None:
    """Register the provider's domain with each host; ``owner`` is the websites' at WeChat and Baidu."""
    domains = frozenset({"id.example"})
    alipay(phones).console.apps[APPS["alipay"]].domains = domains
    wechat = phones.wechat.websites
    wechat.configure(replace(wechat._sites[WEBSITES["wechat"]], owner=owner, domains=domains))
    baidu = next(host for host in phones.sandbox.hosts if isinstance(host, SimulatedBaidu)).websites
    baidu.configure(replace(baidu._sites[WEBSITES["baidu"]], owner=owner, domains=domains))


def assert_says(page: httpx.Response, lang: Any, code: str) -> None:
    assert page.status_code == 400, page.text
    assert said(code, lang) in html.unescape(page.text)
    assert f"<code>{code}</code>" in page.text


@pytest.mark.parametrize("host", HOSTS)
async def test_the_resident_of_the_mini_program_is_found(city: City, phones: Phones, web: Web, host: str) -> None:
    await sign_in(city, phones, "li", host)
    claims = await web.claims(await web.back(web.browser(), host))
    (account,) = await accounts(city)
    assert (claims["amr"], claims["acr"], claims["aal"]) == ([METHODS[host]], "L1", 1)
    async with city.gateway.database.session() as session:
        row = await session.get_one(Session, claims["sid"])
        assert (row.account_id, row.channel, row.client_id) == (account.id, "web", "yiwang")
        tenants = {each.tenant for each in (await session.exec(select(Identity))).all()}
    assert tenants == {APPS[host], WEBSITES.get(host, APPS[host])}


@pytest.mark.parametrize("host", ["wechat", "baidu"])
async def test_without_a_common_owner_nobody_is_taken_for_the_same(
    city: City, phones: Phones, web: Web, host: str
) -> None:
    await sign_in(city, phones, "li", host)
    for owner in ("", "another"):
        register(phones, owner)
        await web.claims(await web.back(web.browser(), host))
    assert len(await accounts(city)) == 2


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_who_cancels_is_back_at_the_first_page_in_their_language(web: Web, host: str, lang: str) -> None:
    browser = web.browser()
    page = await web.back(browser, host, resident="", ui_locales=lang)
    assert_says(page, lang, "HOST_SIGN_IN_CANCELLED")
    assert all(text in page.text for text in BUTTONS[lang])
    again = await browser.submit(page, "host", app=APPS[host])
    page = await browser.send("GET", await web.decide(again.headers["location"]))
    assert "code" in answered(await browser.follow(page))


@pytest.mark.parametrize("host", HOSTS)
async def test_a_code_lets_in_once(web: Web, host: str) -> None:
    name = "auth_code" if host == "alipay" else "code"
    code = parse_qs(urlsplit(await web.decide(await web.led(web.browser(), host))).query)[name][0]

    async def brought() -> httpx.Response:
        browser = web.browser()
        led = parse_qs(urlsplit(await web.led(browser, host, ui_locales="en")).query)
        address = f"/sign-in/host/{APPS[host]}?{name}={code}&state={led['state'][0]}"
        return await browser.follow(await browser.send("GET", address))

    assert "code" in answered(await brought())
    assert_says(await brought(), "en", "HOST_CODE_REFUSED")


async def test_a_state_is_good_once(web: Web) -> None:
    browser = web.browser()
    address = await web.decide(await web.led(browser, "wechat"))
    assert (await browser.send("GET", address)).status_code == 303
    assert_says(await browser.send("GET", f"{address}&lang=en"), "en", "SIGN_IN_GONE")
    assert_says(await browser.send("GET", address), "zh", "SIGN_IN_GONE")


async def test_a_return_in_another_browser_signs_nobody_in(city: City, web: Web) -> None:
    victim = web.browser()
    await web.come(victim)  # so that it has a cookie of its own
    page = await victim.send("GET", f"{await web.decide(await web.led(web.browser(), 'wechat'))}&lang=en")
    assert_says(page, "en", "SIGN_IN_GONE")
    assert await accounts(city) == []


async def test_a_state_that_is_missing_invented_or_another_app_s_signs_nobody_in(city: City, web: Web) -> None:
    browser = web.browser()
    address = urlsplit(await web.decide(await web.led(browser, "wechat")))
    code, state = (parse_qs(address.query)[name][0] for name in ("code", "state"))
    for path, query in (
        (address.path, f"code={code}"),
        (address.path, f"code={code}&state={'0' * 64}"),
        (f"/sign-in/host/{APPS['baidu']}", f"code={code}&state={state}"),
        ("/sign-in/host/unknown", f"code={code}&state={state}"),
    ):
        assert_says(await browser.send("GET", f"{path}?{query}&lang=en"), "en", "SIGN_IN_GONE")
    assert await accounts(city) == []


async def test_an_old_state_signs_nobody_in(city: City, web: Web) -> None:
    browser = web.browser()
    address = await web.decide(await web.led(browser, "wechat"))
    await city.gateway.environment.redis.flushall()  # as after ten minutes
    assert_says(await browser.send("GET", f"{address}&lang=en"), "en", "SIGN_IN_GONE")


@pytest.mark.parametrize("host", HOSTS)
async def test_a_host_that_is_down_leaves_the_other_ways(web: Web, host: str) -> None:
    web.phones.sandbox.world.plan_fault(EXCHANGES[host], "unavailable")
    browser = web.browser()
    page = await web.back(browser, host, ui_locales="en")
    assert_says(page, "en", "HOST_UNAVAILABLE" if host == "wechat" else "HOST_OUTCOME_UNKNOWN")
    assert 'name="phone"' in page.text
    assert "code" in answered(await web.back(browser, host))


async def test_a_site_that_asks_for_a_new_sign_in_gets_one(web: Web) -> None:
    browser = web.browser()
    first = await web.claims(await web.back(browser, "baidu"))
    assert "code" in answered(await web.come(browser, prompt="none"))
    later = await web.claims(await web.back(browser, "baidu", prompt="login"))
    assert (later["sid"], later["auth_time"] >= first["auth_time"]) == (first["sid"], True)


async def test_a_site_s_consent_is_asked_for_as_ever(web: Web) -> None:
    page = await web.back(web.browser(), "alipay", scope="openid profile")
    assert (page.status_code, 'value="yes"' in page.text) == (200, True)


async def test_a_code_by_sms_that_was_begun_gives_way(web: Web) -> None:
    browser = web.browser()
    page = await browser.submit(await web.come(browser), phone="+8613900000002")
    other = await browser.send("GET", re.findall('href="([^"]*again[^"]*)"', html.unescape(page.text))[0])
    led = await browser.submit(other, "host", app=APPS["wechat"])
    page = await browser.send("GET", await web.decide(led.headers["location"], resident=""))
    assert ('name="phone"' in page.text, 'name="code"' in page.text) == (True, False)


async def test_an_app_that_is_none_leads_nowhere(web: Web) -> None:
    browser = web.browser()
    page = await browser.submit(await web.come(browser), "host", app="https://evil.example")
    assert (page.status_code, 'name="phone"' in page.text) == (200, True)


async def test_the_page_s_policy_lets_its_forms_lead_to_the_hosts(web: Web) -> None:
    page = await web.come(web.browser())
    assert "form-action" not in page.headers["content-security-policy"]


@asynccontextmanager
async def another(city: City, folder: Path, change: Callable[[dict[str, Any]], object]) -> AsyncIterator[Any]:
    """Run another gateway, with the entries of the file of host apps changed; yields the way to it."""
    file = folder / "host-apps.json"
    content = msgspec.json.decode(file.read_bytes())
    for entry in content["apps"]:
        change(entry)
    file.write_bytes(msgspec.json.encode(content))
    gateway = Gateway(city.settings)
    async with (
        gateway.running(),
        httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="https://id.example") as client,
    ):
        yield client


async def test_without_a_web_part_there_is_no_button(city: City, web: Web, tmp_path: Path) -> None:
    assert "/host?" in (await web.come(web.browser())).text
    async with another(city, tmp_path, lambda entry: entry.pop("web", None)) as web.client:
        page = await web.come(web.browser())
    assert ('name="phone"' in page.text, "/host?" in page.text) == (True, False)


async def test_whom_the_host_blocks_is_told_so(city: City, phones: Phones, web: Web, tmp_path: Path) -> None:
    def change(entry: dict[str, Any]) -> None:
        if entry["provider"] == "alipay":
            entry["app"]["blocked_sub_codes"] = [USER_BLOCKED]

    alipay(phones).people.blocked.add("li")
    async with another(city, tmp_path, change) as web.client:
        assert_says(await web.back(web.browser(), "alipay", ui_locales="en"), "en", "HOST_USER_BLOCKED")


async def test_one_factor_does_not_make_an_old_face_check_a_new_one(
    city: City, phones: Phones, client: httpx.AsyncClient, web: Web
) -> None:
    who = Visitor(phones, client, web.site, "li")
    page = await web.back(who.browser, "alipay", **ESSENTIAL)
    first = await web.claims(await who.go_on(face_checked(phones, await who.begin(page), "li").return_url))
    async with city.gateway.database.session() as session:
        row = await session.get_one(Session, first["sid"])
        row.auth_time -= timedelta(hours=20)
    page = await web.back(who.browser, "alipay", prompt="login", max_age="300", ui_locales="en", **ESSENTIAL)
    assert ("location" in page.headers, "face check" in page.text) == (False, True)
    again = await web.claims(await who.go_on(face_checked(phones, await who.begin(page), "li").return_url))
    assert (again["acr"], again["sid"] != first["sid"], again["iat"] - again["auth_time"] < 60) == ("L3", True, True)
    async with city.gateway.database.session() as session:
        assert (await session.get_one(Session, first["sid"])).end_reason == "replaced"
