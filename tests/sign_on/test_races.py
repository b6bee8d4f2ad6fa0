"""What is good for once: codes, pushed requests, refresh tokens, proofs; and what a second use costs."""

import asyncio

import pytest

from tests.sign_on.conftest import SignOn
from tests.sign_on.relying_party import answered

_KILL_WHO_WAITS = """
SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'refresh_token'::regclass AND NOT granted
"""


@pytest.mark.case("SSO-09")
async def test_of_fifty_redemptions_of_one_code_one_succeeds(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    url, kept = site.authorize()
    code = answered(await sign_on.through(browser, url))["code"]
    answers = await asyncio.gather(*(site.redeem(code, kept["verifier"]) for _ in range(50)))
    good = [each for each in answers if each.status_code == 200]
    assert len(good) == 1
    assert {each.json()["error"] for each in answers if each.status_code != 200} == {"invalid_grant"}


@pytest.mark.case("SSO-09")
async def test_a_code_that_comes_again_ends_what_the_first_one_gave(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    url, kept = site.authorize()
    code = answered(await sign_on.through(browser, url))["code"]
    tokens = (await site.redeem(code, kept["verifier"])).json()
    assert (await site.userinfo(tokens["access_token"])).status_code == 200
    again = await site.redeem(code, kept["verifier"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await site.userinfo(tokens["access_token"])).status_code == 401
    assert (await site.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert await sign_on.recorded("code.reused") == 1


@pytest.mark.case("SSO-30")
async def test_a_redemption_that_dies_before_its_tokens_are_saved_leaves_nothing(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    url, kept = site.authorize()
    code = answered(await sign_on.through(browser, url))["code"]
    async with sign_on.gateway.database.engine.connect() as other:
        await other.exec_driver_sql("LOCK TABLE refresh_token IN SHARE MODE")  # the family waits for its first token
        redemption = asyncio.create_task(site.redeem(code, kept["verifier"]))
        async with asyncio.timeout(10):
            while (await other.exec_driver_sql(_KILL_WHO_WAITS)).rowcount == 0:
                await asyncio.sleep(0.02)
        assert (await redemption).status_code >= 500
    again = await site.redeem(code, kept["verifier"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    async with sign_on.gateway.database.engine.connect() as other:
        for table in ("token_family", "refresh_token"):
            assert (await other.exec_driver_sql(f"SELECT count(*) FROM {table}")).scalar() == 0  # noqa: S608 - ours


@pytest.mark.case("SSO-11")
@pytest.mark.case("SSO-12")
async def test_fifty_refreshes_give_one_successor_with_the_same_sign_in(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    tokens = await sign_on.tokens(browser, site)
    answers = await asyncio.gather(*(site.refresh(tokens["refresh_token"]) for _ in range(50)))
    assert {each.status_code for each in answers} == {200}
    assert len({each.text for each in answers}) == 1
    before = await sign_on.claims(tokens["id_token"])
    after = await sign_on.claims(answers[0].json()["id_token"])
    assert all(before[name] == after[name] for name in ("iss", "sub", "aud", "azp", "auth_time", "sid"))
    assert after["iat"] >= before["iat"]


@pytest.mark.case("SSO-10")
async def test_a_pushed_request_is_for_its_client_and_once(sign_on: SignOn) -> None:
    site, other, browser = await sign_on.site(), await sign_on.site("other"), sign_on.browser()
    params, _ = site.request()
    pushed = await site.post("/oauth/par", **params)
    assert pushed.status_code == 201, pushed.text
    uri = pushed.json()["request_uri"]
    stolen = await browser.send("GET", f"/oauth/authorize?client_id=other&request_uri={uri}")
    assert (stolen.status_code, "location" in stolen.headers) == (400, False)
    again = (await site.post("/oauth/par", **params)).json()["request_uri"]
    first = await browser.send("GET", f"/oauth/authorize?client_id=site&request_uri={again}")
    assert first.headers["location"].startswith("/sign-in/")
    second = await browser.send("GET", f"/oauth/authorize?client_id=site&request_uri={again}")
    assert (second.status_code, "location" in second.headers) == (400, False)
    assert other.row.client_id == "other"


@pytest.mark.case("SSO-15")
async def test_guessing_a_secret_locks_that_client_and_no_other(sign_on: SignOn) -> None:
    site, other = await sign_on.site(), await sign_on.site("other")
    right, site.secret = site.secret, "wrong"
    for _ in range(10):
        assert (await site.refresh("x")).json()["error"] == "invalid_client"
    site.secret = right
    locked = await site.refresh("x")
    assert (locked.status_code, locked.json()["error"]) == (401, "invalid_client")
    assert (await other.refresh("x")).json()["error"] == "invalid_grant"


async def test_a_phone_code_is_guessed_five_times_at_most(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    page = await browser.follow(await browser.send("GET", site.authorize()[0]))
    page = await browser.submit(page, phone="13900000001")
    right = sign_on.sent[-1][1]
    wrong = "000000" if right != "000000" else "000001"
    for _ in range(5):
        page = await browser.submit(page, code=wrong)
        assert "PHONE_CODE_REFUSED" in page.text
    page = await browser.submit(page, code=right)
    assert "PHONE_CODE_REFUSED" in page.text
    assert "op" not in "".join(browser.cookies).replace("__Host-browser", "")


async def test_a_number_gets_few_codes(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    page = await browser.follow(await browser.send("GET", site.authorize()[0]))
    await browser.submit(page, phone="13900000001")
    page = await browser.submit(page, phone="13900000001")
    assert "TOO_MANY_CODES" in page.text
    assert len(sign_on.sent) == 1


async def test_a_client_without_a_secret_cannot_be_locked_out_by_others(sign_on: SignOn) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "yiwang"}
    for _ in range(12):
        await sign_on.client.post("/oauth/token", data=form | {"client_secret": "wrong"})
    answer = await sign_on.client.post("/oauth/token", data=form)
    assert answer.json()["error"] == "invalid_grant"
