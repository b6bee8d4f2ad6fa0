"""A resident signs in at a department's site, and what the site then knows."""

from sqlmodel import col, select

from auth.consents.tables import Consent
from tests.sign_on.conftest import ISSUER, SignOn
from tests.sign_on.relying_party import answered, id_token


async def test_the_first_page_tells_what_is_used_without_asking_and_once_a_version_it_is_written_down(
    sign_on: SignOn,
) -> None:
    site = await sign_on.site()
    for lang, text in (
        ("zh", "保存184天<br>依法留存登录和操作日志。"),
        ("en", "kept for 184 days<br>"),
    ):
        browser = sign_on.browser()
        page = await browser.follow(await browser.send("GET", site.authorize(ui_locales=lang)[0]))
        assert text in page.text
    for _ in range(2):
        await sign_on.tokens(sign_on.browser(), site)
        await sign_on.environment().redis.flushall()  # so that the number has another code at once
    async with sign_on.gateway.database.session() as session:
        rows = (await session.exec(select(Consent).order_by(col(Consent.number)))).all()
    assert [(row.client, row.purpose, row.act) for row in rows] == [
        ("yiwang", "sign-in", "informed"),
        ("yiwang", "security-records", "informed"),
    ]


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
