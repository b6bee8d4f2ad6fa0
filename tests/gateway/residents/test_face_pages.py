"""Face checks at the sign-in pages, and the page at which every face check ends: whose it is counts, and once."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from adapters.sandbox.identity import AskedFaceCheck
from auth.sessions.tables import Session
from gateway.http.sign_on.bridges import BRIDGES
from gateway.http.sign_on.proving import SCRIPT
from kernel.redis import key
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import BEGIN, FINISH, Phones, agree, came_back, prove_face, sign_in
from tests.gateway.residents.test_other_screens import CONFIRM, shown
from tests.gateway.residents.test_ways_in import accounts
from tests.sign_on.later import later
from tests.sign_on.relying_party import Browser, Site, answered, id_token, register_site

ESSENTIAL = {"scope": "openid", "claims": '{"id_token":{"acr":{"essential":true,"values":["L3"]}}}'}
NOT_HERE = "not begun here"
node = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")


class Visitor:
    """A resident's browser that is signed in by a phone code, and a site that asks it for L3."""

    def __init__(self, phones: Phones, client: httpx.AsyncClient, site: Site, resident: str) -> None:
        self.phones = phones
        self.client = client
        self.site = site
        self.resident = resident
        self.browser = Browser(client)
        self.kept: dict[str, str] = {}

    async def ask(self, **changed: Any) -> httpx.Response:
        """Come from the site; return the page that one ends at."""
        url, self.kept = self.site.authorize(**(ESSENTIAL | {"ui_locales": "en"} | changed))
        page = await self.browser.follow(await self.browser.send("GET", url))
        if 'name="phone"' not in page.text:
            return page
        page = await self.browser.submit(page, phone=self.phones.sandbox.world.residents[self.resident].phone)
        return await self.browser.submit(page, code=dict(self.phones.inbox("web", self.resident)[-1].lines)["code"])

    async def begin(self, page: httpx.Response, person: str = "") -> str:
        """Fill in the page's form of the face check; return the check."""
        known = self.phones.sandbox.world.residents[person or self.resident]
        given: dict[str, Any] = (
            {"name": known.name, "id_number": known.id_number} if 'name="id_number"' in page.text else {}
        )
        led = await self.browser.submit(page, agreed="yes", **given)
        assert (led.status_code, led.headers["location"].split("=")[0]) == (303, f"{self.phones.origin}/?face-check")
        return str(led.headers["location"].split("=")[1])

    async def go_on(self, address: str) -> httpx.Response:
        """Be led back to an address of the city's."""
        return await self.browser.follow(await self.browser.send("GET", address))

    async def claims(self, page: httpx.Response) -> dict[str, Any]:
        tokens = await self.site.redeem(answered(page)["code"], self.kept["verifier"])
        return await id_token(self.client, tokens.json()["id_token"]) | {"hint": tokens.json()["id_token"]}


@pytest.fixture
async def visitor(city: City, phones: Phones, client: httpx.AsyncClient) -> Callable[[str], Visitor]:
    site = await register_site(city.gateway, client)
    return lambda resident: Visitor(phones, client, site, resident)


def decide(phones: Phones, check: str, resident: str = "wang", state: Any = "passed") -> AskedFaceCheck:
    """Have somebody look into the camera."""
    return phones.sandbox.identity.decide(resident, check, state)


async def levels(city: City) -> list[tuple[int, str]]:
    return [(each.ial, each.status) for each in await accounts(city)]


async def test_a_browser_s_session_rises_to_l3(phones: Phones, visitor: Callable[[str], Visitor]) -> None:
    who = visitor("wang")
    page = await who.ask()
    assert ("mini-program" in page.text, "need not" in page.text, "/app?" in page.text) == (True, True, True)
    secret = who.browser.cookies["__Host-op"]
    claims = await who.claims(await who.go_on(decide(phones, await who.begin(page)).return_url))
    assert (claims["acr"], claims["amr"]) == ("L3", ["sms", "face", "mfa"])
    assert who.browser.cookies["__Host-op"] != secret
    later = await who.claims(await who.ask(prompt="none"))
    assert (later["acr"], later["sid"]) == ("L3", claims["sid"])


async def test_who_is_proven_already_is_not_asked_for_their_name(
    phones: Phones, visitor: Callable[[str], Visitor]
) -> None:
    who, known = visitor("wang"), phones.sandbox.world.residents["wang"]
    page = await who.ask(acr_values="L2", claims=None)
    page = await who.browser.submit(page, agreed="yes", name=known.name, id_number=known.id_number)
    assert (await who.claims(page))["acr"] == "L2"
    page = await who.ask()
    assert 'name="id_number"' not in page.text
    assert (await who.claims(await who.go_on(decide(phones, await who.begin(page)).return_url)))["acr"] == "L3"


async def test_whoever_looks_into_the_camera_for_another_browser_proves_nobody(
    city: City, phones: Phones, visitor: Callable[[str], Visitor]
) -> None:
    attacker, victim = visitor("li"), visitor("wang")
    check = await attacker.begin(await attacker.ask(), "wang")
    await victim.ask()
    back = decide(phones, check)
    secret = came_back(back)["code"]
    for browser in (victim, visitor("chen")):
        page = await browser.go_on(back.return_url)
        assert (NOT_HERE in page.text, secret in page.text, secret in str(page.url)) == (True, False, False)
        assert page.headers["referrer-policy"] == "no-referrer"
    for guess in ("", secret[:-1]):
        page = await attacker.go_on(f"/face-check?check={check}&code={guess}")
        assert (page.status_code, 'role="alert"' in page.text, "/face?" in page.text) == (400, True, True)
    assert await levels(city) == [(1, "active")] * 2
    assert "/face?" in (await attacker.ask()).text


async def test_a_face_check_counts_once_and_for_the_session_that_began_it(
    city: City, phones: Phones, visitor: Callable[[str], Visitor]
) -> None:
    who = visitor("wang")
    check = await who.begin(await who.ask())
    back = decide(phones, check).return_url
    session = who.browser.cookies.pop("__Host-op")
    assert NOT_HERE in (await who.go_on(back)).text
    assert await levels(city) == [(1, "active")]
    who.browser.cookies["__Host-op"] = session
    assert "code" in answered(await who.go_on(back))
    again = await who.go_on(f"{back}&lang=en")
    assert ("is done" in again.text, NOT_HERE in again.text, "location" in again.headers) == (True, False, False)
    assert NOT_HERE in (await visitor("li").go_on(back)).text
    assert [row.ial for row in await sessions(city)] == [3]


async def sessions(city: City) -> list[Session]:
    async with city.gateway.database.session() as session:
        return list((await session.exec(select(Session).where(col(Session.ended_at).is_(None)))).all())


async def test_who_takes_more_than_ten_minutes_before_the_camera_goes_on(
    city: City, phones: Phones, visitor: Callable[[str], Visitor]
) -> None:
    who = visitor("wang")
    check = await who.begin(await who.ask())
    await later(city.gateway.environment.redis, 660)
    assert (await who.claims(await who.go_on(decide(phones, check).return_url)))["acr"] == "L3"


async def test_a_check_that_outlives_its_sign_in_warns_others_and_not_the_browser_that_began_it(
    city: City, phones: Phones, visitor: Callable[[str], Visitor]
) -> None:
    who, redis = visitor("wang"), city.gateway.environment.redis
    check = await who.begin(await who.ask())
    assert await redis.delete(*[name async for name in redis.scan_iter(key("sign_in", "*"))]) == 1
    back = decide(phones, check).return_url
    page = await who.go_on(f"{back}&lang=en")
    assert ("has expired" in page.text, NOT_HERE in page.text) == (True, False)
    assert NOT_HERE in (await visitor("li").go_on(back)).text
    assert await levels(city) == [(1, "active")]


@pytest.mark.parametrize(("wished", "have"), [("L2", "L1"), ("L3", "L1"), ("L3 L2", "L1"), ("urn:unknown L3", "L1")])
async def test_a_level_that_is_wished_for_is_asked_for_and_nobody_has_to(
    phones: Phones, visitor: Callable[[str], Visitor], wished: str, have: str
) -> None:
    who = visitor("wang")
    page = await who.ask(claims=None, acr_values=wished)
    assert ('name="agreed"' in page.text, "/without?" in page.text) == (True, True)
    form = page.url.path.removesuffix("/code")
    claims = await who.claims(await who.browser.follow(await who.browser.send("POST", f"{form}/without?lang=en")))
    assert claims["acr"] == have
    assert (await who.claims(await who.ask(claims=None, acr_values=wished, prompt="none")))["acr"] == have
    page = await who.ask(claims=None, acr_values="L3")
    assert (await who.claims(await who.go_on(decide(phones, await who.begin(page)).return_url)))["acr"] == "L3"


async def test_nobody_goes_on_without_what_is_essential(phones: Phones, visitor: Callable[[str], Visitor]) -> None:
    who = visitor("wang")
    page = await who.ask()
    assert "/without?" not in page.text
    page = await who.browser.follow(await who.browser.send("POST", f"{page.url.path}/without?lang=en"))
    assert (page.status_code, "/face?" in page.text) == (200, True)


async def test_a_failed_check_says_so_and_leaves_both_ways(phones: Phones, visitor: Callable[[str], Visitor]) -> None:
    who = visitor("wang")
    back = decide(phones, await who.begin(await who.ask()), state="failed").return_url
    page = await who.go_on(back)
    assert ("has failed" in page.text, "/face?" in page.text, "/app?" in page.text) == (True, True, True)
    assert re.search(r'href="/sign-in/[^"]+\?lang=zh"', page.text)
    claims = await who.claims(await who.go_on(decide(phones, await who.begin(page)).return_url))
    assert claims["acr"] == "L3"


async def test_nothing_is_begun_or_compared_without_consent(phones: Phones, visitor: Callable[[str], Visitor]) -> None:
    who, known = visitor("wang"), phones.sandbox.world.residents["wang"]
    given: dict[str, Any] = {"name": known.name, "id_number": known.id_number}
    for changed in ({}, {"acr_values": "L2", "claims": None}):
        page = await who.browser.submit(await who.ask(**changed), **given)
        assert (page.status_code, "tick its box" in page.text) == (400, True)
    assert phones.sandbox.identity.face_checks("wang") == []
    assert not [each for each in phones.sandbox.world.events if each.host == "identity"]


async def test_a_merge_in_the_browser_goes_on_with_the_account_that_is_kept(
    city: City, phones: Phones, visitor: Callable[[str], Visitor]
) -> None:
    app = await sign_in(city, phones, "wang")
    await prove_face(phones, app, "wang")
    who = visitor("wang")
    before = await who.claims(await who.ask(claims=None))
    page = await who.ask(id_token_hint=before["hint"])
    after = await who.claims(await who.go_on(decide(phones, await who.begin(page)).return_url))
    assert (after["acr"], after["sub"], after["sid"] != before["sid"]) == ("L3", before["sub"], True)
    assert await levels(city) == [(3, "active"), (1, "merged")]
    kept, _ = await accounts(city)
    async with city.gateway.database.session() as session:
        row = await session.get_one(Session, after["sid"])
    assert (row.account_id, row.ended_at) == (kept.id, None)
    assert (await who.claims(await who.ask(prompt="none")))["sid"] == after["sid"]


async def test_a_browser_that_a_phone_signed_in_is_never_above_the_phone(
    city: City, phones: Phones, client: httpx.AsyncClient, visitor: Callable[[str], Visitor]
) -> None:
    who, site = await sign_in(city, phones, "wang"), visitor("wang").site
    browser, _, waiting, code = await shown(city, client, site)
    assert await who.data(CONFIRM, code=code) is True
    assert "code" in answered(await browser.follow(await browser.send("GET", waiting)))
    begun = (await browser.send("GET", site.authorize(**ESSENTIAL)[0])).headers["location"].partition("?")[0]
    page = await browser.follow(await browser.send("POST", f"{begun}/face", agreed="yes"))
    assert ("/face?" in page.text, "/app?" in page.text) == (False, True)
    assert phones.sandbox.identity.face_checks("wang") == []


@pytest.mark.parametrize("host", ["wechat", "alipay", "baidu"])
async def test_a_mini_program_s_check_is_handed_back_to_it(
    city: City, phones: Phones, client: httpx.AsyncClient, host: str
) -> None:
    who = await sign_in(city, phones, "wang", host)
    await agree(who, "face-comparison")
    back = decide(phones, (await who.data(BEGIN, **phones.person("wang")))["id"])
    page = await Browser(client).send("GET", back.return_url)
    assert (page.status_code, came_back(back)["code"] in page.text) == (200, False)
    assert re.findall(r'src="([^"]+)"', page.text) == [BRIDGES[host].script, "/face-check.js"]
    assert f'data-bridge="{BRIDGES[host].name}" data-page="/pages/checked"' in page.text
    rules = dict(each.strip().split(" ", 1) for each in page.headers["content-security-policy"].split(";"))
    assert (rules["default-src"], rules["script-src"]) == ("'none'", f"'self' {BRIDGES[host].script}")
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert (await client.get("/face-check.js")).headers["content-type"].startswith("text/javascript")
    assert (await who.data(FINISH, **came_back(back)))["state"] == "PASSED"


@node
@pytest.mark.parametrize("host", ["wechat", "alipay", "baidu"])
@pytest.mark.parametrize("inside", [True, False])
def test_the_script_opens_the_mini_program_s_page_and_nothing_elsewhere(host: str, *, inside: bool) -> None:
    run = """
    const [text, name, inside] = process.argv.slice(1), opened = [], shown = [];
    const bridge = { redirectTo: ({ url }) => opened.push(url) };
    const window = inside ? name.split(".").reduceRight((inner, each) => ({ [each]: inner }), bridge) : {};
    const document = { currentScript: { dataset: { bridge: name, page: "/pages/checked" } } };
    const location = { search: "?check=c&code=d%26e", pathname: "/face-check" };
    const history = { replaceState: (state, title, address) => shown.push(address) };
    require("vm").runInNewContext(text, { window, document, location, history });
    console.log(JSON.stringify([opened, shown]));
    """
    command = ["node", "-e", run, SCRIPT, BRIDGES[host].name, "yes" if inside else ""]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own text
    opened, shown = json.loads(done.stdout)
    assert opened == (["/pages/checked?check=c&code=d%26e"] if inside else [])
    assert shown == ["/face-check"]
