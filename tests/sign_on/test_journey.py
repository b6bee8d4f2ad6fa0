"""A resident signs in at a department's site, and what the site then knows."""

from tests.sign_on.conftest import ISSUER, SignOn
from tests.sign_on.relying_party import answered, id_token


async def test_a_resident_signs_in_agrees_and_the_site_is_told(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    url, kept = site.authorize()
    page = await sign_on.sign_in(browser, url)
    assert "姓名" in page.text
    answer = answered(await browser.submit(page, answer="yes"))
    assert (answer["iss"], answer["state"]) == (ISSUER, kept["state"])
    tokens = await site.redeem(answer["code"], kept["verifier"])
    assert tokens.status_code == 200, tokens.text
    assert tokens.headers["cache-control"] == "no-store"
    claims = await id_token(sign_on.client, tokens.json()["id_token"])
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (ISSUER, "site", kept["nonce"])
    assert (claims["acr"], claims["amr"]) == ("L1", ["sms"])
    info = await site.userinfo(tokens.json()["access_token"])
    assert info.json() == {"sub": claims["sub"]}
