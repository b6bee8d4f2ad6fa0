"""The authorization endpoint: what it demands, where it answers, and what it never does."""

from urllib.parse import quote

import pytest

from tests.sign_on.conftest import ISSUER, PERSON, SignOn
from tests.sign_on.relying_party import BACK, answered

MUTATED = [
    "https://site.example/Back",
    "https://site.example/back/",
    "https://site.example:443/back",
    "https://site.example:8443/back",
    "https://user@site.example/back",
    "https://site.example%2f.evil.example/back",
    "https://site.example/back?added=1",
    "https://site.example/back#fragment",
    "https://sub.site.example/back",
    "https://xn--ste-1na.example/back",
    "https://site.example\\@evil.example/back",
    "https://site.example/back\\",
    "http://site.example/back",
    "https://site.example/%62ack",
    "https://site.example/back/../back",
    "https://site.example//back",
    "https://SITE.example/back",
    "https://site.example./back",
    "javascript:alert(1)",
    "",
    "https://evil.example/?https://site.example/back",
]


@pytest.mark.case("SSO-08")
@pytest.mark.parametrize("uri", MUTATED)
async def test_a_redirect_uri_is_registered_letter_for_letter(sign_on: SignOn, uri: str) -> None:
    site = await sign_on.site()
    answer = await sign_on.browser().send("GET", site.authorize(redirect_uri=uri)[0])
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert "evil" not in answer.text


@pytest.mark.case("SSO-05")
@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": "short"},
    ],
)
async def test_pkce_with_s256_is_demanded(sign_on: SignOn, changed: dict[str, object]) -> None:
    site = await sign_on.site()
    answer = answered(await sign_on.browser().send("GET", site.authorize(**changed)[0]))
    assert (answer["error"], answer["iss"]) == ("invalid_request", ISSUER)


@pytest.mark.case("SSO-05")
@pytest.mark.parametrize("verifier", ["", "x" * 43])
async def test_a_missing_or_wrong_verifier_gets_nothing(sign_on: SignOn, verifier: str) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    code = answered(await sign_on.through(browser, site.authorize()[0]))["code"]
    answer = await site.redeem(code, verifier)
    assert (answer.status_code, answer.json()["error"]) in ((400, "invalid_grant"), (400, "invalid_request"))


@pytest.mark.case("SSO-06")
async def test_a_sign_in_goes_on_only_in_its_own_browser(sign_on: SignOn) -> None:
    site, browser, other = await sign_on.site(), sign_on.browser(), sign_on.browser()
    begun = await browser.send("GET", site.authorize()[0])
    where = begun.headers["location"].partition("?")[0]
    for method, path in (("GET", where), ("POST", f"{where}/phone"), ("POST", f"{where}/consent")):
        answer = await other.send(method, path, phone="13900000001", answer="yes")
        assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert sign_on.sent == []


@pytest.mark.case("SSO-07")
@pytest.mark.parametrize("mode", ["query", "form_post"])
async def test_the_issuer_is_in_every_answer(sign_on: SignOn, mode: str) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    for changed in ({"prompt": "none"}, {"scope": "openid email"}, {}):
        answer = await sign_on.through(browser, site.authorize(response_mode=mode, **changed)[0])
        if mode == "query":
            assert answered(answer)["iss"] == ISSUER
        else:
            assert "location" not in answer.headers
            assert f'name="iss" value="{ISSUER}"' in answer.text
            assert f'action="{BACK}"' in answer.text


@pytest.mark.case("SSO-28")
async def test_a_scope_that_is_not_the_client_s_is_refused(sign_on: SignOn) -> None:
    site = await sign_on.site()
    for scope in ("openid id_number", "openid email", "openid exchange:other", ""):
        answer = answered(await sign_on.browser().send("GET", site.authorize(scope=scope)[0]))
        assert answer["error"] == "invalid_scope"


@pytest.mark.case("SSO-04")
async def test_an_id_token_says_who_how_surely_and_for_how_long(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    tokens = await sign_on.tokens(browser, site)
    claims = await sign_on.claims(tokens["id_token"])
    assert claims.keys() >= {"iss", "sub", "aud", "iat", "exp", "auth_time", "acr", "amr", "sid", "at_hash", "nonce"}
    assert claims["exp"] - claims["iat"] <= 600


@pytest.mark.case("SSO-03")
async def test_who_is_signed_in_sees_no_login_page_and_each_site_knows_them_by_another_name(sign_on: SignOn) -> None:
    one, other, browser = await sign_on.site(), await sign_on.site("other"), sign_on.browser()
    first = await sign_on.claims((await sign_on.tokens(browser, one))["id_token"])
    sent = len(sign_on.sent)
    second = await sign_on.claims((await sign_on.tokens(browser, other))["id_token"])
    again = await sign_on.claims((await sign_on.tokens(browser, one, prompt="none"))["id_token"])
    assert len(sign_on.sent) == sent
    assert first["sub"] == again["sub"] != second["sub"]
    assert first["auth_time"] == again["auth_time"]


@pytest.mark.case("SSO-13")
async def test_a_step_up_raises_the_same_session(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    low = await sign_on.claims((await sign_on.tokens(browser, site))["id_token"])
    url, kept = site.authorize(acr_values="L2")
    page = await browser.follow(await browser.send("GET", url))
    assert 'name="id_number"' in page.text
    page = await browser.submit(page, agreed="yes", name=PERSON[0], id_number="110101199003070000")
    assert "IDENTITY_NO_MATCH" in page.text
    page = await browser.submit(page, agreed="yes", name=PERSON[0], id_number=PERSON[1])
    tokens = await site.redeem(answered(page)["code"], kept["verifier"])
    high = await sign_on.claims(tokens.json()["id_token"])
    assert (low["acr"], high["acr"], low["sid"] == high["sid"]) == ("L1", "L2", True)


async def test_without_an_identity_service_the_app_or_a_window_gives_l3(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    claims = '{"id_token":{"acr":{"essential":true,"values":["L3"]}}}'
    page = await sign_on.through(browser, site.authorize(claims=claims)[0])
    assert ("/app?" in page.text, "/window?" in page.text, "/face?" in page.text) == (True, True, False)
    at = page.url.path
    assert (await browser.send("POST", f"{at}/face", agreed="yes")).headers["location"].startswith(at)
    assert await sign_on.recorded("consent.given") == 0


async def test_no_guess_at_a_name_goes_uncounted(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    page = await sign_on.sign_in(browser, site.authorize(acr_values="L2", ui_locales="en")[0])
    said = (await browser.submit(page, name=PERSON[0], id_number=PERSON[1])).text
    assert ("tick its box" in said, 'href="/sign-in/' in said) == (True, True)
    pages = [await browser.submit(page, agreed="yes", name="王", id_number=PERSON[1]) for _ in range(6)]
    assert ["tried too often" in each.text for each in pages] == [False] * 5 + [True]
    del browser.cookies["__Host-op"]
    page = await browser.submit(page, agreed="yes", name=PERSON[0], id_number=PERSON[1])
    assert "Sign in first" in page.text


async def test_an_essential_level_that_nobody_can_reach_here_is_an_error(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    claims = '{"id_token":{"acr":{"essential":true,"values":["L4"]}}}'
    page = await sign_on.through(browser, site.authorize(claims=claims)[0])
    assert answered(page)["error"] == "unmet_authentication_requirements"


@pytest.mark.parametrize("text", ["%00", "%ff", quote("<script>"), "a" * 5000, quote("是")])
async def test_strange_values_break_nothing(sign_on: SignOn, text: str) -> None:
    site = await sign_on.site()
    url, _ = site.authorize()
    for name in (
        "state",
        "prompt",
        "max_age",
        "claims",
        "client_id",
        "redirect_uri",
        "response_type",
        "scope",
        "acr_values",
    ):
        answer = await sign_on.browser().send("GET", f"{url}&{name}={text}")
        assert answer.status_code in (303, 400), (name, answer.status_code)
        assert "<script>alert" not in answer.text
        answer = await sign_on.browser().send("GET", f"/oauth/authorize?{name}={text}")
        assert answer.status_code == 400


@pytest.mark.parametrize(
    "claims", [r'{"id_token":{"a\u0000b":null}}', r'{"id_token":{"name":{"values":["a\u0000b"]}}}']
)
async def test_claims_with_control_characters_are_refused_while_nothing_is_lost(sign_on: SignOn, claims: str) -> None:
    answer = await sign_on.browser().send("GET", (await sign_on.site()).authorize(claims=claims)[0])
    assert answered(answer)["error"] == "invalid_request"
