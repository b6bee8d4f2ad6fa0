"""How many codes are sent by SMS: to one number, for one requester, over all; and who a requester is."""

import logging
from ipaddress import ip_network
from typing import Any

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from auth.accounts.phone_codes import PhoneCodes
from auth.errors import TooManyCodesError
from gateway.http.sign_on.requesters import requester
from kernel.crypto.keys import open_keys
from kernel.settings import Settings, SettingsError, load
from tests.sign_on.conftest import SignOn
from tests.sign_on.relying_party import Site

MOST = 3
HERE = ("127.0.0.0/8",)  # whom the tests' requests come from


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Few codes for one address; a test may say more."""
    return msgspec.structs.replace(settings, **{"sms_codes_per_address": MOST} | getattr(request, "param", {}))


@pytest.fixture
def codes(redis: Redis, settings: Settings) -> PhoneCodes:
    return PhoneCodes(redis, open_keys(settings), settings)


async def asked(sign_on: SignOn, site: Site, number: int, forwarded: str = "") -> httpx.Response:
    """Ask for a code to a number, in a browser of its own."""
    sign_on.client.headers["x-forwarded-for"] = forwarded
    browser = sign_on.browser()
    page = await browser.follow(await browser.send("GET", site.authorize()[0]))
    return await browser.submit(page, phone=f"+86139{number:08}")


async def forget(redis: Redis, *seconds: int) -> None:
    """Let the shorter windows pass."""
    for each in seconds:
        if names := await redis.keys(f"yiwang:phone_code:*:{each}"):
            await redis.delete(*names)


@pytest.mark.parametrize(("most", "passed"), [(1, ()), (5, (60,)), (10, (60, 3600))])
async def test_a_number_gets_one_code_a_minute_five_an_hour_ten_a_day(
    redis: Redis, codes: PhoneCodes, most: int, passed: tuple[int, ...]
) -> None:
    for asker in range(most):
        await codes.begin("+8613900000001", f"192.0.2.{asker}")
        await forget(redis, *passed)
    with pytest.raises(TooManyCodesError, match="to this number"):
        await codes.begin("+8613900000001", "192.0.2.99")
    await codes.begin("+8613900000002", "192.0.2.99")


@pytest.mark.parametrize(("most", "passed"), [(MOST, ()), (4 * MOST, (3600,))])
async def test_a_requester_gets_a_few_codes_an_hour_and_four_times_as_many_a_day(
    redis: Redis, codes: PhoneCodes, most: int, passed: tuple[int, ...]
) -> None:
    for number in range(most):
        await codes.begin(f"+86139{number:08}", "192.0.2.1")
        await forget(redis, *passed)
    with pytest.raises(TooManyCodesError, match="from this network"):
        await codes.begin("+8613900000099", "192.0.2.1")
    await codes.begin("+8613900000099", "192.0.2.2")


@pytest.mark.case("SSO-26")
async def test_other_browsers_and_invented_headers_are_no_other_requester(
    sign_on: SignOn, caplog: pytest.LogCaptureFixture
) -> None:
    site = await sign_on.site()
    with caplog.at_level(logging.WARNING, "gateway.http.sign_on.requesters"):
        pages = [await asked(sign_on, site, number, f"192.0.2.{number}") for number in range(MOST + 1)]
    assert ["TOO_MANY_CODES" in page.text for page in pages] == [False] * MOST + [True]
    assert len(sign_on.sent) == MOST
    assert [each for each in caplog.messages if "YIWANG_TRUSTED_PROXIES" in each] == caplog.messages[:1]


@pytest.mark.parametrize("settings", [{"trusted_proxies": HERE}], indirect=True)
async def test_behind_a_trusted_proxy_each_address_is_a_requester_of_its_own(sign_on: SignOn) -> None:
    site = await sign_on.site()
    for number in range(MOST + 1):
        assert 'name="code"' in (await asked(sign_on, site, number, f"192.0.2.{number}")).text
    for number in range(MOST - 1):  # what comes before the proxy's own word is invented
        assert 'name="code"' in (await asked(sign_on, site, 10 + number, f"198.51.100.{number}, 192.0.2.0")).text
    assert "TOO_MANY_CODES" in (await asked(sign_on, site, 20, "198.51.100.7, 192.0.2.0")).text


@pytest.mark.parametrize("settings", [{"sms_codes_alarm": 1, "database_pool_size": 1}], indirect=True)
async def test_too_many_codes_over_all_are_one_alarm_and_refuse_nobody(
    sign_on: SignOn, caplog: pytest.LogCaptureFixture
) -> None:
    site = await sign_on.site()
    for number in range(MOST):
        assert 'name="code"' in (await asked(sign_on, site, number)).text
    assert len([each for each in caplog.messages if "more than 1 sign-in codes" in each]) == 1
    assert await sign_on.recorded("phone_codes.alarming") == 1


PROXIES = tuple(ip_network(each) for each in ("10.0.0.0/8", "2001:db8:5::/48"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["10.0.0.1"], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["203.0.113.9, 192.0.2.1,10.0.0.2"], "192.0.2.1"),
        ("10.0.0.1", ["203.0.113.9", "192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["192.0.2.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
        ("::ffff:192.0.2.1", [], "192.0.2.1"),
        ("2001:db8:5::1", ["2001:db8:7:1:a:b:c:d"], "2001:db8:7:1::/64"),
        ("10.0.0.1", ["192.0.2.1:4711"], "192.0.2.1"),
        ("10.0.0.1", ["[2001:db8:7::1]:4711"], "2001:db8:7::/64"),
        ("10.0.0.1", ["192.0.2.1:x"], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1:4711:1"], "10.0.0.1"),
        ("", ["192.0.2.1"], "unknown"),
    ],
)
def test_a_requester_is_whom_the_nearest_trusted_proxies_name(peer: str, forwarded: list[str], found: Any) -> None:
    assert requester(peer, forwarded, PROXIES) == found


def test_a_proxy_that_is_no_network_is_said() -> None:
    with pytest.raises(SettingsError, match="YIWANG_TRUSTED_PROXIES"):
        load({"YIWANG_TRUSTED_PROXIES": "10.0.0.1/8"})


@pytest.mark.parametrize(
    ("step", "field"), [("phone", "phone"), ("code", "code"), ("host", "app"), ("consent", "answer")]
)
async def test_a_file_in_place_of_text_is_no_text(sign_on: SignOn, step: str, field: str) -> None:
    browser = sign_on.browser()
    page = await browser.follow(await browser.send("GET", (await sign_on.site()).authorize()[0]))
    cookies = {"cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    sign_on.client.cookies.clear()
    answer = await sign_on.client.post(f"{page.url.path}/{step}", files={field: ("a.txt", b"x")}, headers=cookies)
    assert answer.status_code in (303, 400)
