"""fapi2-security-profile-final-test-plan (private_key_jwt, DPoP, PAR, OpenID Connect): requests, codes and tokens.

Each test has its module's name without the prefix ``fapi2-security-profile-final-``; keys and proofs are in
``test_fapi2_proofs``. Modules of signed request objects are not in this plan.
"""

from typing import Any

import pytest
from joserfc.jwk import ECKey

from kernel.redis import key
from tests.sign_on.conformance.agency import Agency
from tests.sign_on.conformance.flow import Plan, error_page, refused
from tests.sign_on.relying_party import answered

CODES = ("ES256", "PS256", "EdDSA", "Ed25519")


def module(name: str) -> pytest.MarkDecorator:
    return pytest.mark.case(f"fapi2-{name}")


@pytest.fixture
async def agency(basic: Plan) -> Agency:
    return await Agency.register(basic)


async def second(plan: Plan) -> Agency:
    return await Agency.register(plan, "agency2", redirect_uris=["https://site2.example/back"])


@module("discovery-end-point-verification")
async def test_discovery_end_point_verification(basic: Plan) -> None:
    found = (await basic.http.get("/.well-known/openid-configuration")).json()
    assert set(found["dpop_signing_alg_values_supported"]) <= set(CODES)
    assert set(CODES) & set(found["id_token_signing_alg_values_supported"])
    assert set(CODES) & set(found["token_endpoint_auth_signing_alg_values_supported"])
    assert "private_key_jwt" in found["token_endpoint_auth_methods_supported"]
    assert "S256" in found["code_challenge_methods_supported"]
    assert found["pushed_authorization_request_endpoint"].startswith("https://")
    assert found["authorization_response_iss_parameter_supported"] is True
    assert "require_pushed_authorization_requests" in found


@module("happy-flow")
async def test_happy_flow(basic: Plan, agency: Agency) -> None:
    other, browser = await second(basic), basic.browser()
    first = await agency.sign_in(browser)
    again = await other.sign_in(browser)
    for each, signed_in in ((agency, first), (other, again)):
        answer = await each.userinfo(signed_in.tokens["access_token"])
        assert (answer.status_code, answer.json()["sub"]) == (200, signed_in.claims["sub"])
    assert (await other.userinfo(first.tokens["access_token"])).status_code == 401  # client 2's key, client 1's token


@module("user-rejects-authentication")
async def test_user_rejects_authentication(basic: Plan, agency: Agency) -> None:
    browser = basic.browser()
    page = await basic.sign_on.sign_in(browser, agency.address(await agency.pushed()))
    found = answered(await browser.submit(page, answer="no"))
    assert (found["error"], found["state"]) == ("access_denied", agency.kept["state"])


@module("ensure-authorization-request-without-state-success")
@module("ensure-authorization-request-without-nonce-success")
@module("ensure-authorization-request-with-64-char-nonce-success")
@module("ensure-other-scope-order-succeeds")
@pytest.mark.parametrize(
    "changed", [{"state": None}, {"nonce": None}, {"nonce": "n" * 64}, {"scope": "profile openid"}], ids=str
)
async def test_ensure_authorization_request_with_and_without_success(
    basic: Plan, agency: Agency, changed: dict[str, Any]
) -> None:
    await agency.sign_in(basic.browser(), **changed)


@module("ensure-authorization-request-with-long-nonce")
@module("ensure-authorization-request-with-long-state")
@pytest.mark.parametrize("name", ["nonce", "state"])
async def test_ensure_authorization_request_with_long_value(basic: Plan, agency: Agency, name: str) -> None:
    """384 characters are taken and come back whole; what is longer than any use is refused in so many words."""
    await agency.sign_in(basic.browser(), **{name: "v" * 384})
    refused(await agency.push(**{name: "v" * 5000}), "invalid_request")


@module("test-claims-parameter-identity-claims")
async def test_claims_parameter_identity_claims(basic: Plan, agency: Agency) -> None:
    claims = '{"id_token": {"phone_number": {"essential": true}}}'
    signed_in = await agency.sign_in(basic.browser(), scope="openid phone", claims=claims)
    assert signed_in.claims["phone_number"] == "+8613900000001"


@module("access-token-type-header-case-sensitivity")
async def test_access_token_type_header_case_sensitivity(basic: Plan, agency: Agency) -> None:
    token = (await agency.sign_in(basic.browser())).tokens["access_token"]
    for scheme in ("dpop", "DPOP", "DpOp"):
        assert (await agency.userinfo(token, scheme=scheme)).status_code == 200


@module("ensure-different-nonce-inside-and-outside-request-object")
@module("ensure-different-state-inside-and-outside-request-object")
@module("state-only-outside-request-object-not-used")
async def test_what_is_outside_a_pushed_request_is_not_used(basic: Plan, agency: Agency) -> None:
    request_uri = await agency.pushed(state=None)
    outside = {"state": "outside", "nonce": "outside", "redirect_uri": "https://evil.example/", "scope": "openid phone"}
    found = await agency.visit(basic.browser(), request_uri, **outside)
    assert "state" not in found
    signed_in = await agency.judged(found["code"], await agency.redeem(found["code"]))
    assert signed_in.tokens["scope"] == "openid profile"


@module("ensure-registered-redirect-uri")
@module("plain-fapi-tolerate-unregistered-redirect-uri")
@module("ensure-redirect-uri-in-authorization-request")
@module("ensure-request-object-without-redirect-uri-fails")
@pytest.mark.parametrize("uri", [None, "https://site.example/other"])
async def test_ensure_redirect_uri_is_given_and_registered(agency: Agency, uri: str | None) -> None:
    refused(await agency.push(redirect_uri=uri), "invalid_request")


@module("ensure-unsigned-authorization-request-without-using-par-fails")
async def test_ensure_unsigned_authorization_request_without_using_par_fails(basic: Plan, agency: Agency) -> None:
    url, _ = agency.site.authorize()
    assert answered(await basic.browser().send("GET", url))["error"] == "invalid_request"


@module("ensure-response-type-code-idtoken-fails")
@module("ensure-response-type-token-fails")
@pytest.mark.parametrize("kind", ["code id_token", "token", "id_token", "code token", "none"])
async def test_ensure_response_type_fails(agency: Agency, kind: str) -> None:
    refused(await agency.push(response_type=kind), "unsupported_response_type", "invalid_request")


@module("ensure-client-id-in-token-endpoint")
async def test_ensure_client_id_in_token_endpoint(basic: Plan, agency: Agency) -> None:
    await second(basic)
    code = await agency.code(basic.browser())
    refused(await agency.redeem(code, client_id="agency2"), "invalid_client", "invalid_grant", status=401)
    pushed = await agency.post("/oauth/par", agency.site.request()[0] | {"client_id": "agency2"})
    refused(pushed, "invalid_client", status=401)


@module("ensure-holder-of-key-required")
async def test_ensure_holder_of_key_required(basic: Plan, agency: Agency) -> None:
    code = await agency.code(basic.browser())
    refused(await agency.redeem(code, proof=None), "invalid_dpop_proof", "invalid_request")


@module("ensure-authorization-code-is-bound-to-client")
async def test_ensure_authorization_code_is_bound_to_client(basic: Plan, agency: Agency) -> None:
    other = await second(basic)
    code = await agency.code(basic.browser())
    other.kept = agency.kept
    refused(await other.redeem(code, redirect_uri=agency.site.row.redirect_uris[0]), "invalid_grant")


@module("attempt-reuse-authorization-code-after-one-second")
async def test_attempt_reuse_authorization_code_after_one_second(basic: Plan, agency: Agency) -> None:
    signed_in = await agency.sign_in(basic.browser())
    refused(await agency.redeem(signed_in.code), "invalid_grant")
    assert (await agency.userinfo(signed_in.tokens["access_token"])).status_code == 401


@module("ensure-token-endpoint-fails-with-expired-auth-code")
async def test_ensure_token_endpoint_fails_with_expired_auth_code(basic: Plan, agency: Agency) -> None:
    """FAPI 2.0 lets a code live 60 seconds; the suite waits, we look at the clock and turn it."""
    code = await agency.code(basic.browser())
    (name,) = [each async for each in basic.redis.scan_iter(key("code", "*"))]
    assert 0 < await basic.redis.ttl(name) <= 60
    await basic.redis.pexpire(name, 0)
    refused(await agency.redeem(code), "invalid_grant")


@module("refresh-token")
async def test_refresh_token(basic: Plan, agency: Agency) -> None:
    other, browser = await second(basic), basic.browser()
    wanted = {"scope": "openid offline_access", "prompt": "consent"}
    first, theirs = await agency.sign_in(browser, **wanted), await other.sign_in(browser, **wanted)
    token = first.tokens["refresh_token"]
    for _ in range(2):  # not rotated: an answer that was lost costs nothing, however late it is noticed
        answer = await agency.refresh(token)
        claims = await basic.judged(agency.site, answer.json())
        assert answer.json()["refresh_token"] == token
        assert all(claims[name] == first.claims[name] for name in ("iss", "sub", "aud", "azp", "auth_time", "sid"))
        assert (await agency.userinfo(answer.json()["access_token"])).status_code == 200
    refused(await agency.refresh(token, assertion=None), "invalid_client", "invalid_grant", status=401)
    refused(await agency.refresh(token, proof=None), "invalid_dpop_proof", "invalid_request")
    stranger = agency.proof("POST", "/oauth/token", key=ECKey.generate_key("P-256"))
    refused(await agency.refresh(token, proof=stranger), "invalid_grant", "invalid_dpop_proof")
    refused(await agency.refresh(theirs.tokens["refresh_token"]), "invalid_grant")
    assert "refresh_token" not in (await agency.sign_in(browser)).tokens  # nobody asked for offline_access


@module("par-attempt-reuse-request_uri")
async def test_par_attempt_reuse_request_uri(basic: Plan, agency: Agency) -> None:
    browser, request_uri = basic.browser(), await agency.pushed()
    assert "code" in await agency.visit(browser, request_uri)
    error_page(await browser.send("GET", agency.address(request_uri)))


@module("par-ensure-reused-request-uri-prior-to-auth-completion-succeeds")
async def test_par_ensure_reused_request_uri_prior_to_auth_completion(basic: Plan, agency: Agency) -> None:
    """A warning of the suite: a request URI is good for one visit here, which is stricter than it recommends.

    Who reloads does so on the sign-in page, whose address stays good until the sign-in is over.
    """
    browser, request_uri = basic.browser(), await agency.pushed()
    begun = await browser.send("GET", agency.address(request_uri))
    error_page(await browser.send("GET", agency.address(request_uri)))
    for _ in range(2):
        assert (await browser.send("GET", begun.headers["location"])).status_code == 200


@module("par-attempt-to-use-expired-request_uri")
async def test_par_attempt_to_use_expired_request_uri(basic: Plan, agency: Agency) -> None:
    request_uri = await agency.pushed()
    (name,) = [each async for each in basic.redis.scan_iter(key("pushed", "*"))]
    assert 0 < await basic.redis.ttl(name) <= 60
    await basic.redis.pexpire(name, 0)
    error_page(await basic.browser().send("GET", agency.address(request_uri)))


@module("par-attempt-to-use-request_uri-for-different-client")
async def test_par_attempt_to_use_request_uri_for_different_client(basic: Plan, agency: Agency) -> None:
    other = await second(basic)
    error_page(await basic.browser().send("GET", other.address(await agency.pushed())))


@module("par-authorization-request-containing-request_uri-form-param")
async def test_par_authorization_request_containing_request_uri_form_param(agency: Agency) -> None:
    answer = await agency.push(request_uri=await agency.pushed())
    refused(answer, "invalid_request", "invalid_request_object", "request_uri_not_supported")


@module("par-attempt-invalid-http-method")
async def test_par_attempt_invalid_http_method(basic: Plan) -> None:
    for method in ("GET", "PUT", "DELETE"):
        assert (await basic.http.request(method, "/oauth/par")).status_code == 405


@module("par-without-duplicate-parameters")
async def test_par_without_duplicate_parameters(basic: Plan, agency: Agency) -> None:
    url = agency.address(await agency.pushed())
    assert url.count("=") == 2, "client_id and request_uri alone"
    assert "code" in answered(await basic.sign_on.through(basic.browser(), url))


@module("par-ensure-pkce-required")
@module("par-plain-pkce-rejected")
@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
    ],
    ids=str,
)
async def test_par_ensure_pkce_with_s256(agency: Agency, changed: dict[str, Any]) -> None:
    refused(await agency.push(**changed), "invalid_request")


@module("ensure-pkce-code-verifier-required")
@module("incorrect-pkce-code-verifier-rejected")
@pytest.mark.parametrize("verifier", [None, "", "v" * 43, "short"])
async def test_ensure_pkce_code_verifier(basic: Plan, agency: Agency, verifier: str | None) -> None:
    code = await agency.code(basic.browser())
    refused(await agency.redeem(code, code_verifier=verifier), "invalid_grant")
