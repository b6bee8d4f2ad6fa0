"""The 38 modules of oidcc-basic-certification-test-plan, by their names; what each demands is in its module.

Scopes that the platform does not have (email, address) and request objects end in the suite's branch for a provider
that does not support them. Where the answer to the browser matters, a module is run with form_post too.
"""

import asyncio
from base64 import urlsafe_b64encode
from typing import Any

import httpx
import msgspec
import pytest
from joserfc import jws

from kernel.redis import key
from tests.sign_on.conformance.flow import Plan, error_page, refused, token_answer
from tests.sign_on.conftest import PERSON
from tests.sign_on.relying_party import Browser

_NAME = '{"userinfo": {"name": {"essential": true}}}'


@pytest.mark.case("oidcc-server")
async def test_oidcc_server(plan: Plan) -> None:
    first = await plan.client("client")
    second = await plan.client("client2", sector="client2.example", redirect_uris=["https://site2.example/back"])
    browser = plan.browser()
    one = await plan.sign_in(browser, first)
    two = await plan.sign_in(browser, second)
    await plan.userinfo(first, one)
    await plan.userinfo(second, two)
    assert one.claims["sub"] != two.claims["sub"]  # subject_types_supported is pairwise
    assert one.code != two.code
    assert one.tokens["access_token"] != two.tokens["access_token"]


@pytest.mark.case("oidcc-response-type-missing")
async def test_oidcc_response_type_missing(plan: Plan) -> None:
    answer, _ = await plan.answer(plan.browser(), await plan.client(), response_type=None)
    assert answer["error"] in ("unsupported_response_type", "invalid_request")
    assert "code" not in answer


@pytest.mark.case("oidcc-idtoken-signature")
async def test_oidcc_idtoken_signature(basic: Plan) -> None:
    signed_in = await basic.sign_in(basic.browser(), await basic.client())
    header = jws.extract_compact(signed_in.tokens["id_token"].encode()).headers()
    assert header["alg"] == "RS256"
    keys = (await basic.http.get("/oauth/jwks")).json()["keys"]
    (found,) = [each for each in keys if each["kid"] == header["kid"]]
    assert (found["kty"], found["use"], found["alg"]) == ("RSA", "sig", "RS256")


@pytest.mark.case("oidcc-idtoken-unsigned")
async def test_oidcc_idtoken_unsigned(basic: Plan) -> None:
    """Skipped by the suite where "none" is not supported; then none may be given out either."""
    discovery = (await basic.http.get("/.well-known/openid-configuration")).json()
    assert "none" not in discovery["id_token_signing_alg_values_supported"]
    signed_in = await basic.sign_in(basic.browser(), await basic.client())
    assert len([part for part in signed_in.tokens["id_token"].split(".") if part]) == 3


@pytest.mark.case("oidcc-userinfo-get")
async def test_oidcc_userinfo_get(basic: Plan) -> None:
    site = await basic.client()
    found = await basic.userinfo(site, await basic.sign_in(basic.browser(), site, scope="openid phone"))
    assert found["phone_number"] == "+8613900000001"
    assert found["phone_number_verified"] is True


@pytest.mark.case("oidcc-userinfo-post-header")
async def test_oidcc_userinfo_post_header(basic: Plan) -> None:
    signed_in = await basic.sign_in(basic.browser(), await basic.client())
    bearer = {"authorization": f"Bearer {signed_in.tokens['access_token']}"}
    answer = await basic.http.post("/oauth/userinfo", headers=bearer)
    assert (answer.status_code, answer.json()["sub"]) == (200, signed_in.claims["sub"])


@pytest.mark.case("oidcc-userinfo-post-body")
async def test_oidcc_userinfo_post_body(basic: Plan) -> None:
    signed_in = await basic.sign_in(basic.browser(), await basic.client())
    answer = await basic.http.post("/oauth/userinfo", data={"access_token": signed_in.tokens["access_token"]})
    assert (answer.status_code, answer.json()["sub"]) == (200, signed_in.claims["sub"])


@pytest.mark.case("oidcc-ensure-request-without-nonce-succeeds-for-code-flow")
async def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(plan: Plan) -> None:
    signed_in = await plan.sign_in(plan.browser(), await plan.client(), nonce=None)
    assert "nonce" not in signed_in.claims


@pytest.mark.case("oidcc-scope-profile")
async def test_oidcc_scope_profile(basic: Plan) -> None:
    site = await basic.client()
    found = await basic.userinfo(site, await basic.sign_in(await proven(basic), site, scope="openid profile"))
    assert found["name"] == PERSON[0]
    assert set(found) == {"sub", "name"}


@pytest.mark.parametrize("scope", ["email", "address"])
@pytest.mark.case("oidcc-scope-email", "oidcc-scope-address")
async def test_oidcc_scope_email_and_address(plan: Plan, scope: str) -> None:
    """Skipped by the suite for scopes that are not in scopes_supported; asked for all the same, they are refused."""
    discovery = (await plan.http.get("/.well-known/openid-configuration")).json()
    assert scope not in discovery["scopes_supported"]
    answer, _ = await plan.answer(plan.browser(), await plan.client(), scope=f"openid {scope}")
    assert answer["error"] == "invalid_scope"


@pytest.mark.case("oidcc-scope-phone")
async def test_oidcc_scope_phone(basic: Plan) -> None:
    site = await basic.client()
    found = await basic.userinfo(site, await basic.sign_in(basic.browser(), site, scope="openid phone"))
    assert set(found) == {"sub", "phone_number", "phone_number_verified"}


@pytest.mark.case("oidcc-scope-all")
async def test_oidcc_scope_all(basic: Plan) -> None:
    """All that are in scopes_supported and standard; the suite skips the module as email and address are missing."""
    site = await basic.client()
    found = await basic.userinfo(site, await basic.sign_in(await proven(basic), site, scope="openid profile phone"))
    assert set(found) == {"sub", "name", "phone_number", "phone_number_verified"}


@pytest.mark.case("oidcc-alternate-happy-flow", "oidcc-ensure-other-scope-order-succeeds")
async def test_oidcc_alternate_happy_flow(plan: Plan) -> None:
    site, browser = await plan.client(), plan.browser()
    params, kept = plan.ask(site, scope="phone profile openid")
    answer = plan.callback(site, await plan.visit(browser, dict(reversed(params.items()))))
    signed_in = await plan.exchange(site, answer["code"], kept["nonce"])
    assert set(signed_in.tokens["scope"].split()) == {"openid", "profile", "phone"}


@pytest.mark.parametrize("display", ["page", "popup"])
@pytest.mark.case("oidcc-display-page", "oidcc-display-popup")
async def test_oidcc_display_page_and_popup(plan: Plan, display: str) -> None:
    await plan.sign_in(plan.browser(), await plan.client(), display=display)


@pytest.mark.case("oidcc-prompt-login")
async def test_oidcc_prompt_login(plan: Plan) -> None:
    site, browser = await plan.client(), plan.browser()
    first = await plan.sign_in(browser, site)
    await plan.age(first.claims["sid"], 5)
    params, kept = plan.ask(site, prompt="login")
    page = await browser.follow(await browser.send("GET", f"/oauth/authorize?{query(params)}"))
    assert 'name="phone"' in page.text, "the person must be asked for a second time"
    answer = plan.callback(site, await plan.visit(browser, params))
    second = await plan.exchange(site, answer["code"], kept["nonce"])
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims["auth_time"] > first.claims["auth_time"] - 5


@pytest.mark.case("oidcc-prompt-none-not-logged-in")
async def test_oidcc_prompt_none_not_logged_in(plan: Plan) -> None:
    site, browser = await plan.client(), plan.browser()
    params, kept = plan.ask(site, prompt="none")
    answer = plan.callback(site, await browser.send("GET", f"/oauth/authorize?{query(params)}"))
    assert answer["error"] in ("login_required", "interaction_required", "account_selection_required")
    assert answer["state"] == kept["state"]


@pytest.mark.case("oidcc-prompt-none-logged-in")
async def test_oidcc_prompt_none_logged_in(plan: Plan) -> None:
    await same_again(plan, prompt="none")


@pytest.mark.case("oidcc-max-age-1")
async def test_oidcc_max_age_1(plan: Plan) -> None:
    site, browser = await plan.client(), plan.browser()
    first = await plan.sign_in(browser, site)
    await plan.age(first.claims["sid"], 3)
    params, kept = plan.ask(site, max_age=1)
    page = await browser.follow(await browser.send("GET", f"/oauth/authorize?{query(params)}"))
    assert 'name="phone"' in page.text, "the person must be asked for a second time"
    answer = plan.callback(site, await plan.visit(browser, params))
    second = await plan.exchange(site, answer["code"], kept["nonce"])
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims["auth_time"] > first.claims["auth_time"] - 3
    assert second.claims["iat"] - second.claims["auth_time"] <= 2


@pytest.mark.case("oidcc-max-age-10000")
async def test_oidcc_max_age_10000(plan: Plan) -> None:
    await same_again(plan, max_age=10000)


@pytest.mark.case("oidcc-ensure-request-with-unknown-parameter-succeeds")
async def test_oidcc_ensure_request_with_unknown_parameter_succeeds(plan: Plan) -> None:
    await plan.sign_in(plan.browser(), await plan.client(), extra="foobar")


@pytest.mark.case("oidcc-id-token-hint")
async def test_oidcc_id_token_hint(plan: Plan) -> None:
    site, browser = await plan.client(), plan.browser()
    first = await plan.sign_in(browser, site)
    await plan.age(first.claims["sid"], 5)
    again = await plan.sign_in(browser, site, prompt="none", id_token_hint=first.tokens["id_token"])
    assert again.claims["sub"] == first.claims["sub"]
    await plan.sign_in(other := plan.browser(), site)  # the same person elsewhere: still the one that is meant
    await plan.sign_in(other, site, prompt="none", id_token_hint=first.tokens["id_token"])


@pytest.mark.case("oidcc-id-token-hint")
async def test_an_id_token_hint_for_somebody_else_needs_a_sign_in(plan: Plan) -> None:
    """OpenID Connect Core 3.1.2.2: the hint says who must be signed in for the answer to be positive."""
    site, browser = await plan.client(), plan.browser()
    first = await plan.sign_in(plan.browser(), site)
    params, kept = plan.ask(site)
    answer = plan.callback(site, await plan.visit(browser, params, "+8613900000002"))
    assert (await plan.exchange(site, answer["code"], kept["nonce"])).claims["sub"] != first.claims["sub"]
    for hint in (first.tokens["id_token"], first.tokens["id_token"][:-6] + "AAAAAA", "no token"):
        refusal, _ = await plan.answer(browser, site, prompt="none", id_token_hint=hint)
        assert refusal["error"] in ("login_required", "invalid_request")


@pytest.mark.case("oidcc-login-hint")
async def test_oidcc_login_hint(basic: Plan) -> None:
    site = await basic.client()
    await basic.sign_in(basic.browser(), site, login_hint="buffy@example.com")
    params, _ = basic.ask(site, login_hint='"><script>')
    page = await (browser := basic.browser()).follow(await browser.send("GET", f"/oauth/authorize?{query(params)}"))
    assert "<script>" not in page.text


@pytest.mark.case("oidcc-ui-locales")
async def test_oidcc_ui_locales(basic: Plan) -> None:
    site = await basic.client()
    await basic.sign_in(basic.browser(), site, ui_locales="se fr de")
    params, _ = basic.ask(site, ui_locales="fr en-GB zh")
    page = await (browser := basic.browser()).follow(await browser.send("GET", f"/oauth/authorize?{query(params)}"))
    assert '<html lang="en">' in page.text


@pytest.mark.case("oidcc-claims-locales")
async def test_oidcc_claims_locales(basic: Plan) -> None:
    site = await basic.client()
    await basic.userinfo(site, await basic.sign_in(basic.browser(), site, claims_locales="se"))


@pytest.mark.case("oidcc-ensure-request-with-acr-values-succeeds")
async def test_oidcc_ensure_request_with_acr_values_succeeds(plan: Plan) -> None:
    """The suite asks for values of the provider's choice, and warns unless the ID token's acr is one of them."""
    site = await plan.client()
    assert (await plan.sign_in(plan.browser(), site, acr_values="L1 L2")).claims["acr"] == "L1"
    browser = await proven(plan)
    assert (await plan.sign_in(browser, site, acr_values="L2")).claims["acr"] == "L2"
    lower = await plan.sign_in(browser, site, acr_values="L1", scope="openid offline_access")
    assert lower.claims["acr"] == "L1"  # the session has L2; both are true, and clients compare
    refreshed = token_answer(await site.refresh(lower.tokens["refresh_token"]))
    assert (await plan.judged(site, refreshed))["acr"] == "L1"
    await plan.sign_in(plan.browser(), site, acr_values="1 2 urn:unknown")


@pytest.mark.case("oidcc-codereuse")
async def test_oidcc_codereuse(basic: Plan) -> None:
    site = await basic.client()
    signed_in = await basic.sign_in(basic.browser(), site)
    refused(await basic.post_code(site, signed_in.code), "invalid_grant")


@pytest.mark.case("oidcc-codereuse-30seconds")
async def test_oidcc_codereuse_30seconds(basic: Plan) -> None:
    """The suite waits 30 seconds: the used code is remembered for longer, however long it would have lived."""
    site = await basic.client()
    signed_in = await basic.sign_in(basic.browser(), site)
    (tombstone,) = [name async for name in basic.redis.scan_iter(key("code", "*") + ":used")]
    assert await basic.redis.ttl(tombstone) > 60
    refused(await basic.post_code(site, signed_in.code), "invalid_grant")
    assert (await site.userinfo(signed_in.tokens["access_token"])).status_code == 401
    refused(await site.refresh(signed_in.tokens["refresh_token"]), "invalid_grant")


@pytest.mark.case("oidcc-ensure-registered-redirect-uri")
async def test_oidcc_ensure_registered_redirect_uri(basic: Plan) -> None:
    params, _ = basic.ask(await basic.client(), redirect_uri="https://site.example/back/other")
    error_page(await basic.browser().send("GET", f"/oauth/authorize?{query(params)}"))


@pytest.mark.case("oidcc-ensure-post-request-succeeds")
async def test_oidcc_ensure_post_request_succeeds(plan: Plan) -> None:
    site, browser = await plan.client(), plan.browser()
    params, kept = plan.ask(site)
    page = await browser.follow(await browser.send("POST", "/oauth/authorize", **params))
    page = await browser.submit(page, phone="+8613900000001")
    page = await browser.submit(page, code=plan.sign_on.sent[-1][1])
    answer = plan.callback(site, await browser.submit(page, answer="yes"))
    assert answer["state"] == kept["state"]
    await plan.exchange(site, answer["code"], kept["nonce"])


@pytest.mark.case("oidcc-server-client-secret-post")
async def test_oidcc_server_client_secret_post(basic: Plan) -> None:
    site = await basic.client(auth_method="client_secret_post")
    answer, kept = await basic.answer(basic.browser(), site)
    fields = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": site.row.redirect_uris[0]}
    wrong = {"client_id": site.row.client_id, "client_secret": site.secret + "x"}
    refused(await basic.http.post("/oauth/token", data=fields | wrong), "invalid_client", status=401)
    right = {"client_id": site.row.client_id, "client_secret": site.secret}
    tokens = token_answer(await basic.http.post("/oauth/token", data=fields | right))
    await basic.judged(site, tokens, kept["nonce"])


@pytest.mark.case("oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported")
async def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(plan: Plan) -> None:
    answer, _ = await plan.answer(plan.browser(), await plan.client(), request_uri="https://site.example/request.jwt")
    assert answer["error"] == "request_uri_not_supported"


@pytest.mark.case("oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported")
async def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(plan: Plan) -> None:
    site = await plan.client()
    unsigned = request_object(plan.ask(site)[0])
    answer, _ = await plan.answer(plan.browser(), site, request=unsigned)
    assert answer["error"] == "request_not_supported"


@pytest.mark.case("oidcc-claims-essential")
async def test_oidcc_claims_essential(basic: Plan) -> None:
    site, browser = await basic.client(), await proven(basic)
    signed_in = await basic.sign_in(browser, site, scope="openid profile", claims=_NAME)
    assert (await basic.userinfo(site, signed_in))["name"] == PERSON[0]
    assert "name" not in signed_in.claims
    in_token = await basic.sign_in(browser, site, claims=_NAME.replace("userinfo", "id_token"))
    assert in_token.claims["name"] == PERSON[0]
    without = await basic.sign_in(browser, site, scope="openid", claims=_NAME)
    assert "name" not in await basic.userinfo(site, without)  # a warning of the suite: no scope was agreed to


@pytest.mark.case("oidcc-ensure-request-object-with-redirect-uri")
async def test_oidcc_ensure_request_object_with_redirect_uri(basic: Plan) -> None:
    site = await basic.client()
    params, _ = basic.ask(site)
    wrong = {"request": request_object(params), "redirect_uri": "https://site.example/wrong"}
    error_page(await basic.browser().send("GET", f"/oauth/authorize?{query(params | wrong)}"))


@pytest.mark.case("oidcc-refresh-token")
async def test_oidcc_refresh_token(basic: Plan) -> None:
    first = await basic.client("client")
    second = await basic.client("client2", redirect_uris=["https://site2.example/back"])
    browser, discovery = basic.browser(), (await basic.http.get("/.well-known/openid-configuration")).json()
    assert "refresh_token" in discovery["grant_types_supported"]
    given = {}
    for site in (first, second):
        signed_in = await basic.sign_in(browser, site, scope="openid offline_access", prompt="consent")
        given[site.row.client_id] = signed_in.tokens["refresh_token"]
        assert signed_in.tokens["refresh_token"].isascii()
        assert len(signed_in.tokens["refresh_token"]) >= 22
        tokens = token_answer(await site.refresh(signed_in.tokens["refresh_token"]))
        assert tokens["access_token"] != signed_in.tokens["access_token"]
        claims = await basic.judged(site, tokens)
        for name in ("iss", "sub", "aud", "azp", "auth_time", "sid", "acr"):
            assert claims[name] == signed_in.claims[name], name
        assert claims["iat"] >= signed_in.claims["iat"]
        assert (await site.userinfo(tokens["access_token"])).status_code == 200
        given[site.row.client_id] = tokens["refresh_token"]
    refused(await first.refresh(given["client2"]), "invalid_grant")


@pytest.mark.case("oidcc-refresh-token")
async def test_a_refresh_tells_of_its_own_sign_in_whatever_came_after_it(basic: Plan) -> None:
    """OpenID Connect Core 12.2: auth_time is that of the original authentication, here before one at another site."""
    first = await basic.client("client")
    second = await basic.client("client2", redirect_uris=["https://site2.example/back"])
    browser = basic.browser()
    before = await basic.sign_in(browser, first)
    await asyncio.sleep(1.1)  # the claim has whole seconds
    later = await basic.sign_in(browser, second, prompt="login")
    assert later.claims["auth_time"] > before.claims["auth_time"]
    claims = await basic.judged(first, token_answer(await first.refresh(before.tokens["refresh_token"])))
    assert claims["auth_time"] == before.claims["auth_time"]
    assert claims["sid"] == later.claims["sid"]


@pytest.mark.case("oidcc-ensure-request-with-valid-pkce-succeeds")
async def test_oidcc_ensure_request_with_valid_pkce_succeeds(plan: Plan) -> None:
    site = await plan.client()
    params, kept = site.request()
    params = plan.ask(site)[0] | params
    answer = plan.callback(site, await plan.visit(plan.browser(), params))
    await plan.exchange(site, answer["code"], kept["nonce"], code_verifier=kept["verifier"])


async def same_again(plan: Plan, **changed: Any) -> None:
    """Ask twice: the second time nobody may be asked, and it is the same sign-in."""
    site, browser = await plan.client(), plan.browser()
    first = await plan.sign_in(browser, site)
    await plan.age(first.claims["sid"], 5)
    params, kept = plan.ask(site, **changed)
    answer = plan.callback(site, await browser.send("GET", f"/oauth/authorize?{query(params)}"))
    second = await plan.exchange(site, answer["code"], kept["nonce"])
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims["auth_time"] == first.claims["auth_time"] - 5


async def proven(plan: Plan) -> Browser:
    """Return the browser of somebody whose name is known, as the register has confirmed it."""
    site, browser = await plan.client("proving", redirect_uris=["https://site3.example/back"]), plan.browser()
    params, _ = plan.ask(site, acr_values="L2")
    page = await plan.visit(browser, params)
    page = await browser.submit(page, agreed="yes", name=PERSON[0], id_number=PERSON[1])
    plan.callback(site, await browser.submit(page, answer="yes"))
    return browser


def request_object(params: dict[str, str]) -> str:
    """Return a request as an unsigned request object (OpenID Connect Core 6.1)."""
    parts = [msgspec.json.encode(each) for each in ({"alg": "none"}, params)]
    return ".".join(urlsafe_b64encode(each).decode().rstrip("=") for each in parts) + "."


def query(params: dict[str, str]) -> str:
    """Return parameters as a URL's query."""
    return str(httpx.QueryParams(params))
