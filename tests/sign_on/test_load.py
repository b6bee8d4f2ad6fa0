"""Many sign-ins at once: none fails and none is mixed up. How many a second is what `make bench NAME=logins` says."""

import asyncio

import pytest

from tests.sign_on.conftest import SignOn
from tests.sign_on.relying_party import answered


@pytest.mark.case("SSO-32")
async def test_two_hundred_sign_ins_at_once_all_succeed_and_each_is_its_own(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    mine = await sign_on.claims((await sign_on.tokens(browser, site))["id_token"])

    async def sign_in() -> None:
        url, kept = site.authorize(prompt="none")
        back = answered(await browser.send("GET", url))
        assert back["state"] == kept["state"]
        tokens = await site.redeem(back["code"], kept["verifier"])
        assert tokens.status_code == 200, tokens.text
        claims = await sign_on.claims(tokens.json()["id_token"])
        assert (claims["sub"], claims["nonce"]) == (mine["sub"], kept["nonce"])

    await asyncio.gather(*(sign_in() for _ in range(200)))
