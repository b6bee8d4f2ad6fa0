"""Many sign-ins at once: none fails and none is mixed up. How many a second is what `make bench NAME=logins` says."""

import asyncio

import msgspec
import pytest

from kernel.settings import Settings
from tests.sign_on.conftest import SignOn
from tests.sign_on.relying_party import answered

MANY = 200


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """All residents ask for their codes from one network address: this machine's."""
    return msgspec.structs.replace(settings, sms_codes_per_address=MANY)


@pytest.mark.case("SSO-32")
async def test_two_hundred_residents_sign_in_at_once_by_phone_and_each_is_themselves(sign_on: SignOn) -> None:
    site = await sign_on.site()

    async def sign_in(phone: str) -> str:
        url, kept = site.authorize(scope="openid phone")
        back = answered(await sign_on.through(sign_on.browser(), url, phone))
        assert back["state"] == kept["state"]
        tokens = await site.redeem(back["code"], kept["verifier"])
        assert tokens.status_code == 200, tokens.text
        claims = await sign_on.claims(tokens.json()["id_token"])
        assert claims["nonce"] == kept["nonce"]
        told = (await site.userinfo(tokens.json()["access_token"])).json()
        assert told == {"sub": claims["sub"], "phone_number": phone, "phone_number_verified": True}
        return str(claims["sid"])

    sids = await asyncio.gather(*(sign_in(f"+86139{number:08}") for number in range(MANY)))
    assert len(set(sids)) == MANY
