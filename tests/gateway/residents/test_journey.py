"""One journey at four hosts: sign in, link, read ``me``, open a department's page signed in, sign out everywhere."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from adapters.sandbox.development import APPS
from auth.clients.tables import Client
from auth.issuer import issuer
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, Resident, agree, ask, code, sign_in
from tests.sign_on.relying_party import Browser, Site, answered, id_token, register_site

RESIDENT = "li"
ME = "{ me { assurance { level } identities { provider } sessions { app current } } }"


class Web:
    """The city in a browser, over HTTP: the provider's pages, and one department's site."""

    def __init__(self, city: City, client: httpx.AsyncClient, site: Site) -> None:
        self.city = city
        self.client = client
        self.site = site
        self.issuer = issuer(city.settings)

    def browser(self) -> Browser:
        return Browser(self.client, self.issuer)

    async def sign_in(self, phones: Phones, browser: Browser) -> Resident:
        """Sign in at the city's own web app by a phone code, which the simulated phone receives."""
        app = await self._own_app()
        url, kept = app.authorize(scope="openid")
        page = await browser.follow(await browser.send("GET", url))
        page = await browser.submit(page, phone=phones.sandbox.world.residents[RESIDENT].phone)
        back = answered(await browser.submit(page, code=dict(phones.inbox("web", RESIDENT)[-1].lines)["code"]))
        fields = {"code": back["code"], "code_verifier": kept["verifier"], "redirect_uri": app.row.redirect_uris[0]}
        form = fields | {"grant_type": "authorization_code", "client_id": APPS["web"]}
        tokens = (await self.client.post("/oauth/token", data=form)).json()
        return Resident(self.city, {"accessToken": tokens["access_token"]}, APPS["web"])

    async def open_page(self, who: Resident, browser: Browser) -> dict[str, Any]:
        """Open the department's page, from an app by a ticket; return what its site learns, without a login page."""
        if who.app != APPS["web"]:
            open_page = "mutation ($site: String!) { openPage(client: $site) }"
            address = await who.data(open_page, site=self.site.row.client_id)
            landed = await browser.send("GET", address)
            assert landed.headers["location"].startswith("https://site.example/begin?")
        url, kept = self.site.authorize(scope="openid profile")
        page = await browser.follow(await browser.send("GET", url))
        assert 'name="phone"' not in page.text
        if page.status_code == 200:
            page = await browser.submit(page, answer="yes")
        tokens = (await self.site.redeem(answered(page)["code"], kept["verifier"])).json()
        return await id_token(self.client, tokens["id_token"])

    async def is_signed_in(self, browser: Browser) -> bool:
        return "code" in answered(await browser.send("GET", self.site.authorize(prompt="none")[0]))

    async def _own_app(self) -> Site:
        async with self.city.gateway.database.session() as session:
            return Site(self.client, await session.get_one(Client, APPS["web"]), "", None)


@pytest.fixture
async def web(city: City) -> AsyncIterator[Web]:
    origin = issuer(city.settings)
    transport = httpx.ASGITransport(city.gateway)
    async with httpx.AsyncClient(transport=transport, base_url=origin) as client:
        site = await register_site(city.gateway, client)
        site.issuer = origin
        yield Web(city, client, site)


@pytest.mark.case("issue-3.1")
async def test_one_resident_at_four_hosts_is_one_account(city: City, phones: Phones, web: Web) -> None:
    browsers = {host: web.browser() for host in APPS}
    signed_in: dict[str, Resident] = {}
    for host in ("wechat", "alipay", "baidu"):
        who = await sign_in(city, phones, RESIDENT, host)
        if signed_in:  # link: a code shown in WeChat is typed in here
            shown = await signed_in["wechat"].data("mutation { linkCode { code } }")
            link = "mutation ($code: String!) { link(code: $code) { accessToken session { id } } }"
            moved = await who.data(link, code=shown["code"])
            who = who if moved is None else Resident(city, moved, who.app)
        signed_in[host] = who
    proof = "mutation ($proof: JSON!) { addPhone(proof: $proof) }"
    assert "*" in await signed_in["wechat"].data(proof, proof=phones.proof(RESIDENT))
    signed_in["web"] = await web.sign_in(phones, browsers["web"])

    await agree(signed_in["web"], "face-comparison")
    told = await signed_in["web"].ask('mutation { beginFaceCheck(returnPath: "/pages/checked") { id } }')
    assert "acr_values=L3" in str(told["errors"]), "a browser has its face checked at the sign-in page"

    seen, subjects = [], []
    for host, who in signed_in.items():
        me = await who.data(ME)
        seen.append(sorted(each["provider"] for each in me["identities"]))
        assert [each["app"] for each in me["sessions"] if each["current"]] == [who.app if host != "web" else "yiwang"]
        subjects.append((await web.open_page(who, browsers[host]))["sub"])
    assert seen == [["alipay", "baidu", "phone", "wechat"]] * 4
    assert len(set(subjects)) == 1

    for host, who in signed_in.items():  # a token of one host is refused as any other's
        for other in APPS:
            header = {b"yiwang-client": APPS[other].encode()}
            refused = code(await ask(city, ME, who.header | header))
            assert refused == ("" if other == host else "TOKEN_REFUSED"), (host, other)

    assert await signed_in["baidu"].data("mutation { signOutEverywhere }") >= 4
    async with asyncio.timeout(2):
        for who in signed_in.values():
            while await who.code(ME) != "TOKEN_REFUSED":
                await asyncio.sleep(0.02)
    assert [await web.is_signed_in(browser) for browser in browsers.values()] == [False] * 4
