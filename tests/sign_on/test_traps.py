"""The traps of Authlib's provider and of the way it is joined to Litestar: each was stepped into by somebody."""

import asyncio
import os
import subprocess
import sys
from urllib.parse import urlencode

import httpx
import pytest

from auth.provider.requests import ProviderRequest
from tests.sign_on.conftest import ISSUER, SignOn
from tests.sign_on.relying_party import Site, answered


async def code_of(sign_on: SignOn, site: Site) -> tuple[str, dict[str, str]]:
    url, kept = site.authorize()
    return answered(await sign_on.through(sign_on.browser(), url))["code"], kept


@pytest.mark.case("A1")
async def test_twenty_at_once_spend_a_code_once_and_a_later_use_ends_the_family(sign_on: SignOn) -> None:
    site = await sign_on.site()
    code, kept = await code_of(sign_on, site)
    answers = await asyncio.gather(*(site.redeem(code, kept["verifier"]) for _ in range(20)))
    (good,) = [each for each in answers if each.status_code == 200]
    assert (await site.redeem(code, kept["verifier"])).json()["error"] == "invalid_grant"
    assert (await site.userinfo(good.json()["access_token"])).status_code == 401


@pytest.mark.case("A2")
async def test_a_refresh_token_is_its_owner_s_alone_and_gives_one_successor(sign_on: SignOn) -> None:
    site, other = await sign_on.site(), await sign_on.site("other")
    token = (await sign_on.tokens(sign_on.browser(), site))["refresh_token"]
    assert (await other.refresh(token)).json()["error"] == "invalid_grant"
    answers = await asyncio.gather(*(site.refresh(token) for _ in range(20)))
    assert {each.status_code for each in answers} == {200}, "another client's try costs the owner nothing"
    (successor,) = {each.json()["refresh_token"] for each in answers}
    assert successor != token


@pytest.mark.case("A3")
async def test_pkce_is_never_plain_nor_left_out(sign_on: SignOn) -> None:
    site, free = await sign_on.site(), await sign_on.site("free", pkce_required=False)
    none = {"code_challenge": None, "code_challenge_method": None}
    plain, silent = {"code_challenge_method": "plain"}, {"code_challenge_method": None}
    for each, changed in ((site, none), (site, plain), (site, silent), (free, plain), (free, silent)):
        answer = answered(await sign_on.browser().send("GET", each.authorize(**changed)[0]))
        assert answer["error"] == "invalid_request"
    code = answered(await sign_on.through(sign_on.browser(), free.authorize(**none)[0]))["code"]
    unasked = await free.redeem(code, "v" * 43)
    assert unasked.status_code == 400, "a verifier for a request without a challenge (RFC 9700 section 4.8.2)"


@pytest.mark.case("A4")
async def test_tokens_live_for_minutes_not_for_ten_days(sign_on: SignOn) -> None:
    site = await sign_on.site()
    tokens = await sign_on.tokens(sign_on.browser(), site)
    refreshed = (await site.refresh(tokens["refresh_token"])).json()
    for each in (tokens, refreshed):
        assert int(each["expires_in"]) <= 300
        shown = (await site.post("/oauth/introspect", token=each["access_token"])).json()
        assert shown["active"] is True
        assert shown["exp"] - shown["iat"] == each["expires_in"]


@pytest.mark.case("A5")
async def test_the_issuer_is_in_errors_and_in_forms_too(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    for changed in ({"scope": "openid email"}, {"prompt": "none"}, {"request": "e30.e30."}):
        assert answered(await browser.send("GET", site.authorize(**changed)[0]))["iss"] == ISSUER
        page = await browser.send("GET", site.authorize(response_mode="form_post", **changed)[0])
        assert f'name="iss" value="{ISSUER}"' in page.text
    page = await sign_on.sign_in(browser, site.authorize()[0])
    refusal = answered(await browser.submit(page, answer="no"))
    assert (refusal["error"], refusal["iss"]) == ("access_denied", ISSUER)


@pytest.mark.case("A6")
async def test_only_the_authorization_endpoint_reads_its_url(sign_on: SignOn) -> None:
    site = await sign_on.site()
    code, kept = await code_of(sign_on, site)
    fields = {"grant_type": "authorization_code", "code": code, "code_verifier": kept["verifier"]}
    query = urlencode(fields | {"redirect_uri": site.row.redirect_uris[0]})
    assert (await site.post(f"/oauth/token?{query}")).json()["error"] == "unsupported_grant_type"
    secret = urlencode({"client_id": "site", "client_secret": site.secret})
    for path, form in (
        ("/oauth/token", fields),
        ("/oauth/introspect", {"token": "x"}),
        ("/oauth/revoke", {"token": "x"}),
    ):
        answer = await sign_on.client.post(f"{path}?{secret}", data=form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), path
    assert (await site.post(f"/oauth/par?{urlencode(site.request()[0])}")).status_code == 400
    tokens = await site.redeem(code, kept["verifier"])
    assert tokens.status_code == 200, "nothing of that has spent the code"
    token = urlencode({"access_token": tokens.json()["access_token"]})
    assert (await sign_on.client.get(f"/oauth/userinfo?{token}")).status_code == 401


@pytest.mark.case("A6")
@pytest.mark.parametrize("name", ["scope", "nonce", "max_age", "code_challenge", "response_mode", "prompt"])
async def test_no_parameter_may_be_given_twice(sign_on: SignOn, name: str) -> None:
    site = await sign_on.site()
    url, _ = site.authorize(max_age=10, response_mode="query", prompt="login")
    answer = await sign_on.browser().send("GET", f"{url}&{name}=other")
    assert answered(answer)["error"] == "invalid_request"


@pytest.mark.case("A6")
async def test_no_parameter_may_be_given_twice_to_the_token_endpoint(sign_on: SignOn) -> None:
    site = await sign_on.site()
    code, kept = await code_of(sign_on, site)
    headers, _ = site.credentials()
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": site.row.redirect_uris[0]}
    pairs = [*fields.items(), ("code_verifier", kept["verifier"]), ("code_verifier", "v" * 43)]
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = await sign_on.client.post("/oauth/token", content=urlencode(pairs), headers=headers | form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.case("A7")
async def test_requests_at_once_keep_their_own_clients_and_subjects(sign_on: SignOn) -> None:
    sites = [await sign_on.site(f"site{n}") for n in range(6)]
    browser = sign_on.browser()
    await sign_on.tokens(browser, sites[0])
    codes = []
    for site in sites:
        url, kept = site.authorize()
        codes.append((site, kept, answered(await sign_on.through(browser, url))["code"]))
    answers = await asyncio.gather(*(site.redeem(code, kept["verifier"]) for site, kept, code in codes))
    claims = [await sign_on.claims(each.json()["id_token"]) for each in answers]
    assert [each["aud"] for each in claims] == [site.row.client_id for site in sites]
    assert [each["nonce"] for each in claims] == [kept["nonce"] for _, kept, _ in codes]
    assert len({each["sub"] for each in claims}) == len(sites)


@pytest.mark.case("A8")
async def test_every_id_token_has_its_hash_and_no_eddsa(sign_on: SignOn) -> None:
    found = (await sign_on.client.get("/.well-known/openid-configuration")).json()
    assert set(found["id_token_signing_alg_values_supported"]) == {"RS256", "ES256"}
    site = await sign_on.site()
    tokens = await sign_on.tokens(sign_on.browser(), site)
    assert "at_hash" in await sign_on.claims(tokens["id_token"])
    refreshed = (await site.refresh(tokens["refresh_token"])).json()
    assert "at_hash" in await sign_on.claims(refreshed["id_token"])


@pytest.mark.case("A9")
async def test_the_same_nonce_is_taken_at_every_step_and_again(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    for _ in range(2):
        tokens = await sign_on.tokens(browser, site, nonce="the same")
        assert (await sign_on.claims(tokens["id_token"]))["nonce"] == "the same"


@pytest.mark.case("A10")
async def test_behind_a_proxy_the_issuer_is_what_was_configured(sign_on: SignOn) -> None:
    assert "AUTHLIB_INSECURE_TRANSPORT" not in os.environ
    site = await sign_on.site()
    code, kept = await code_of(sign_on, site)
    headers, _ = site.credentials()
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": site.row.redirect_uris[0]}
    fields["code_verifier"] = kept["verifier"]
    inside = httpx.ASGITransport(sign_on.gateway)
    async with httpx.AsyncClient(transport=inside, base_url="http://10.0.0.1:8000") as proxy:
        lies = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example;proto=http"}
        answer = await proxy.post("/oauth/token", data=fields, headers=headers | lies)
        assert answer.status_code == 200, answer.text
        found = (await proxy.get("/.well-known/openid-configuration", headers=lies)).json()
    assert (await sign_on.claims(answer.json()["id_token"]))["iss"] == found["issuer"] == ISSUER
    assert "evil" not in str(found)


@pytest.mark.case("A11")
def test_headers_are_found_by_any_spelling() -> None:
    request = ProviderRequest("POST", "/oauth/token", ISSUER, {"aUtHoRiZaTiOn": "Basic eDp5"}, [])
    for name in ("Authorization", "authorization", "AUTHORIZATION"):
        assert request.headers.get(name) == request.headers[name] == "Basic eDp5"


@pytest.mark.case("A12")
async def test_no_post_is_answered_as_created_that_creates_nothing(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    tokens = await sign_on.tokens(browser, site)
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await sign_on.client.post("/oauth/userinfo", headers=bearer)).status_code == 200
    assert (await site.post("/oauth/introspect", token=tokens["access_token"])).status_code == 200
    assert (await site.post("/oauth/revoke", token=tokens["access_token"])).status_code == 200
    assert (await site.post("/oauth/par", **site.request()[0])).status_code == 201  # this one does (RFC 9126 2.2)
    params, _ = site.request()
    assert (await browser.send("POST", "/oauth/authorize", **params)).status_code == 303
    assert (await browser.send("POST", "/oauth/logout", confirm="yes")).status_code == 200


@pytest.mark.case("A13")
def test_the_provider_uses_nothing_that_authlib_will_take_away() -> None:
    """Imported anew with every warning an error; that the tests around this one run so shows the same of its use."""
    code = "import auth.provider.endpoints, sys; print('authlib.jose' in sys.modules)"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - ourselves
    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr
