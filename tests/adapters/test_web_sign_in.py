"""Signing in at the hosts' own pages in a browser: the adapters against the simulators, and how both refuse."""

import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from adapters.apps import open_channels, parse_apps
from adapters.channel import Channel, WebSignIn
from adapters.errors import CodeRefusedError, HostConfigurationError, HostSignInCancelledError
from adapters.sandbox.development import APPS, WEBSITES, development_apps
from adapters.sandbox.hosts import Sandbox, build_sandbox
from kernel.clock import SystemClock
from tests.adapters.simulators import serve

HOSTS = ("wechat", "alipay", "baidu")
BACK = "http://127.0.0.1:8000/sign-in/host/app"
CODES = {"alipay": "auth_code"}


class Hosts:
    """A sandbox, the development apps' channels, and a browser."""

    def __init__(self, sandbox: Sandbox, origin: str, redis: Redis, stack: AsyncExitStack) -> None:
        self.sandbox = sandbox
        self.origin = origin
        self._redis = redis
        self._stack = stack

    async def page(self, host: str, **changed: str) -> WebSignIn:
        """Return a host's page, of an app whose web part is changed."""
        found = (await self.channels(host, **changed))[APPS[host]].web_sign_in
        assert found is not None
        return found

    async def channels(self, host: str, **changed: str) -> Mapping[str, Channel]:
        content = msgspec.json.decode(development_apps(self.origin))
        for entry in content["apps"]:
            if entry["provider"] == host:
                entry["web"] |= changed
        apps = parse_apps(msgspec.json.encode(content))
        return await self._stack.enter_async_context(open_channels(apps, self._redis, SystemClock()))

    async def brought(self, page: WebSignIn, resident: str = "wang") -> dict[str, str]:
        """Allow it at a page, or refuse as nobody; return what the browser brings back."""
        async with httpx.AsyncClient() as browser:
            shown = await browser.get(page.address("s7", BACK))
            action = re.search('action="([^"]*)"', shown.text)
            assert action is not None, shown.text
            target = f"{self.origin}{html.unescape(action[1])}"
            location = (await browser.post(target, data={"resident": resident})).headers["location"]
        address, _, query = location.partition("?")
        assert address == BACK
        return dict(parse_qsl(query))


@pytest.fixture
async def hosts(redis: Redis) -> AsyncIterator[Hosts]:
    sandbox = build_sandbox(SystemClock(), seed=7)
    async with serve(sandbox.hosts) as origin, AsyncExitStack() as stack:
        yield Hosts(sandbox, origin, redis, stack)


def test_the_real_pages_are_the_documented_ones() -> None:
    content = msgspec.json.decode(development_apps("http://127.0.0.1:9200"))
    for entry in content["apps"]:
        entry.get("web", {}).pop("page", None)
    webs = [getattr(each, "web", None) for each in parse_apps(msgspec.json.encode(content)).apps]
    pages = [web.page for web in webs if web is not None]
    assert pages == [
        "https://open.weixin.qq.com/connect/qrconnect",
        "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm",
        "https://openapi.baidu.com/oauth/2.0/authorize",
    ]


async def test_wechat_s_address_has_the_documented_order_and_fragment(hosts: Hosts) -> None:
    address = (await hosts.page("wechat")).address("s7", BACK)
    assert re.sub("=[^&#]*", "", urlsplit(address).query) == "appid&redirect_uri&response_type&scope&state"
    assert address.endswith("&scope=snsapi_login&state=s7#wechat_redirect")


async def test_baidu_asks_whoever_is_signed_in_there(hosts: Hosts) -> None:
    query = parse_qs(urlsplit((await hosts.page("baidu")).address("s7", BACK)).query)
    assert (query["confirm_login"], query["scope"]) == (["1"], ["basic"])


@pytest.mark.parametrize("host", HOSTS)
async def test_the_web_s_resident_is_the_mini_program_s(hosts: Hosts, host: str) -> None:
    page = await hosts.page(host)
    brought = await hosts.brought(page)
    assert brought["state"] == "s7"
    found = await page.finish(brought, BACK)
    (simulated,) = (each for each in hosts.sandbox.hosts if each.provider == host)
    known = await (await hosts.channels(host))[APPS[host]].sign_in(simulated.login(APPS[host], "wang"))
    assert (found.provider, found.app_id) == (host, WEBSITES.get(host, APPS[host]))
    assert found.union_subject == known.union_subject
    assert (found.subject == known.subject) == (host == "alipay")


@pytest.mark.parametrize("host", HOSTS)
async def test_a_code_is_good_once_and_for_minutes(hosts: Hosts, host: str) -> None:
    page = await hosts.page(host)
    brought, late = await hosts.brought(page), await hosts.brought(page)
    await page.finish(brought, BACK)
    with pytest.raises(CodeRefusedError, match={"wechat": "40163", "baidu": "invalid_grant"}.get(host)):
        await page.finish(brought, BACK)
    hosts.sandbox.clock.advance(timedelta(minutes=11))
    if host != "alipay":  # which would refuse our clock first
        with pytest.raises(CodeRefusedError, match={"wechat": "40029", "baidu": "invalid_grant"}.get(host)):
            await page.finish(late, BACK)


@pytest.mark.parametrize("host", HOSTS)
async def test_who_refuses_brings_no_code(hosts: Hosts, host: str) -> None:
    page = await hosts.page(host)
    brought = await hosts.brought(page, "")
    assert brought == ({"error": "access_denied"} if host == "baidu" else {}) | {"state": "s7"}
    with pytest.raises(HostSignInCancelledError):
        await page.finish(brought, BACK)


async def test_why_a_host_lets_nobody_in_is_logged(hosts: Hosts, caplog: pytest.LogCaptureFixture) -> None:
    page = await hosts.page("baidu")
    for error, logged in (("access_denied", 0), ("unauthorized_client", 1)):
        with pytest.raises(HostSignInCancelledError):
            await page.finish({"error": error, "state": "s7"}, BACK)
        assert len(caplog.records) == logged


async def test_baidu_s_code_is_for_one_address(hosts: Hosts) -> None:
    page = await hosts.page("baidu")
    with pytest.raises(HostConfigurationError, match="redirect_uri_mismatch"):
        await page.finish(await hosts.brought(page), f"{BACK}2")


@pytest.mark.parametrize(("host", "code"), [("wechat", "40125"), ("baidu", "invalid_client")])
async def test_a_wrong_secret_is_an_operator_s_affair(hosts: Hosts, host: str, code: str) -> None:
    page = await hosts.page(host, secret="wrong")
    with pytest.raises(HostConfigurationError, match=code) as raised:
        await page.finish(await hosts.brought(page), BACK)
    assert "wrong" not in f"{raised.value} {raised.value.fix}"


async def test_baidu_tells_the_union_id_only_if_it_is_asked(hosts: Hosts) -> None:
    page = await hosts.page("baidu", asks_union=False)  # type: ignore[arg-type]  # JSON's own
    assert (await page.finish(await hosts.brought(page), BACK)).union_subject == ""


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("wrong", ["redirect_uri", "scope", "app"])
async def test_a_page_refuses_other_domains_scopes_and_apps(hosts: Hosts, host: str, wrong: str) -> None:
    address = (await hosts.page(host)).address("s7", "https://evil.example/" if wrong == "redirect_uri" else BACK)
    old, new = {"scope": ("scope=", "scope=x"), "app": (WEBSITES.get(host, APPS[host]), "unknown")}.get(wrong, ("", ""))
    async with httpx.AsyncClient() as browser:
        for send in (browser.get, browser.post):
            answer = await send(address.replace(old, new, 1))
            assert answer.status_code == 400
            assert "location" not in answer.headers
