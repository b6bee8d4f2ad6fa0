"""fapi2-security-profile-final-test-plan: client assertions and DPoP proofs, each wrong in one way."""

import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import update
from sqlmodel import col

from auth.clients.tables import Client
from tests.sign_on.conformance.agency import ASSERTION_TYPE, Agency, ath
from tests.sign_on.conformance.flow import Plan, refused
from tests.sign_on.conformance.test_fapi2 import module
from tests.sign_on.conftest import ISSUER

USERINFO = "/oauth/userinfo"


@pytest.fixture
async def agency(basic: Plan) -> Agency:
    return await Agency.register(basic)


def now() -> int:
    return int(time.time())


BAD_CLAIMS: dict[str, Callable[[], dict[str, Any]]] = {
    "sub missing": lambda: {"sub": None},
    "sub wrong": lambda: {"sub": "nobody"},
    "iss missing": lambda: {"iss": None},
    "iss wrong": lambda: {"iss": "nobody"},
    "aud missing": lambda: {"aud": None},
    "aud unrelated": lambda: {"aud": "https://other.example"},
    "aud the PAR endpoint": lambda: {"aud": f"{ISSUER}/oauth/par"},
    "aud the token endpoint": lambda: {"aud": f"{ISSUER}/oauth/token"},
    "aud an array": lambda: {"aud": [ISSUER, f"{ISSUER}/oauth/token"]},
    "aud an array of one": lambda: {"aud": [ISSUER]},
    "exp missing": lambda: {"exp": None},
    "exp five minutes past": lambda: {"exp": now() - 300},
    "exp an hour ahead": lambda: {"exp": now() + 3600},
    "iat and nbf over a minute ahead": lambda: {"iat": now() + 90, "nbf": now() + 90, "exp": now() + 150},
    "jti missing": lambda: {"jti": None},
}


@module("ensure-invalid-client-assertions-fail")
@module("ensure-client-assertion-in-token-endpoint")
@module("ensure-client-assertion-with-exp-is-5-minutes-in-past-fails")
@module("ensure-client-assertion-with-wrong-aud-fails")
@module("ensure-client-assertion-with-no-sub-fails")
@module("par-test-array-as-audience-fails")
@module("par-test-par-endpoint-url-as-audience-fails")
@module("par-test-token-endpoint-url-as-audience-fails")
@module("par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails")
@module("par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted")
@pytest.mark.case("SSO-16")
async def test_ensure_invalid_client_assertions_fail(basic: Plan, agency: Agency) -> None:
    """Rejected at both endpoints with invalid_client; one that is merely 8 seconds early is taken."""
    code = await agency.code(basic.browser())
    for why, changed in BAD_CLAIMS.items():
        refused(await agency.push(assertion=agency.assertion(**changed())), "invalid_client", status=REFUSED[why])
        answer = await agency.redeem(code, assertion=agency.assertion(**changed()))
        refused(answer, "invalid_client", status=REFUSED[why])
        await basic.redis.delete(*[each async for each in basic.redis.scan_iter("yiwang:client_failures:*")] or ["-"])
    early = agency.assertion(iat=now() + 8, nbf=now() + 8)
    assert (await agency.push(assertion=early)).status_code == 201


REFUSED = dict.fromkeys(BAD_CLAIMS, 400)


@module("ensure-invalid-client-assertions-fail")
@module("ensure-client-assertion-in-token-endpoint")
@pytest.mark.parametrize("kind", ["none at all", "type missing", "type wrong", "twice the same"])
async def test_ensure_a_client_assertion_is_there_and_new(agency: Agency, kind: str) -> None:
    params, assertion = agency.site.request()[0], agency.assertion()
    fields = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    if kind == "none at all":
        fields = {}
    elif kind == "type missing":
        del fields["client_assertion_type"]
    elif kind == "type wrong":
        fields["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
    else:
        assert (await agency.post("/oauth/par", params | fields, assertion=None)).status_code == 201
    answer = await agency.post("/oauth/par", params | fields, assertion=None)
    assert answer.status_code in (400, 401)
    refused(answer, "invalid_client", "invalid_request", status=answer.status_code)


@module("ensure-signed-client-assertion-with-RS256-fails")
@module("ensure-invalid-client-assertions-fail")
@pytest.mark.case("SSO-16")
async def test_ensure_client_assertions_are_signed_as_they_must_be(basic: Plan, agency: Agency) -> None:
    rsa = RSAKey.generate_key(2048)
    site = agency.site
    assert site.key is not None
    keys = [site.key.as_dict(private=False) | {"kid": site.key.thumbprint()}, rsa.as_dict(private=False) | {"kid": "r"}]
    other = await Agency.register(basic, "agency3")
    other.site.key = site.key
    async with basic.sign_on.gateway.database.session() as session:
        await session.exec(update(Client).where(col(Client.client_id) == "agency3").values(jwks={"keys": keys}))
    as_rsa = {"alg": "PS256", "kid": "r"}
    assert (await other.push(assertion=other.assertion(key=rsa, header=as_rsa))).status_code == 201
    for assertion in (
        other.assertion(key=rsa, header=as_rsa | {"alg": "RS256"}),
        other.assertion(header={"alg": "none"}),
        other.assertion(header={"alg": None}),
        other.assertion(key=ECKey.generate_key("P-256")),
        other.assertion()[:-8] + "AAAAAAAA",
        _hs256(site.key.as_pem(private=False)),
        "no assertion",
    ):
        refused(await other.push(assertion=assertion), "invalid_client")


def _hs256(public: bytes) -> str:
    """Return an assertion that is "signed" with a secret that is no secret: the client's public key."""
    claims = {"iss": "agency3", "sub": "agency3", "aud": ISSUER, "exp": now() + 60, "jti": secrets.token_hex(8)}
    parts = [_base64(msgspec.json.encode(each)) for each in ({"alg": "HS256"}, claims)]
    return ".".join([*parts, _base64(hmac.digest(public, ".".join(parts).encode(), "sha256"))])


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


@module("check-dpop-proof-nbf-exp")
@module("ensure-dpopproof-with-iat-10seconds-before-succeeds")
@module("ensure-dpopproof-with-iat-10seconds-after-succeeds")
async def test_ensure_dpop_proofs_of_clocks_that_differ_succeed(basic: Plan, agency: Agency) -> None:
    browser = basic.browser()
    clocks: tuple[dict[str, Any], ...] = ({"iat": now() - 10}, {"iat": now() + 10}, {"nbf": now(), "exp": now() + 300})
    for changed in clocks:
        code = await agency.code(browser, proof=agency.proof("POST", "/oauth/par", **changed))
        signed_in = await agency.judged(
            code, await agency.redeem(code, proof=agency.proof("POST", "/oauth/token", **changed))
        )
        token = signed_in.tokens["access_token"]
        proof = agency.proof("GET", USERINFO, ath=ath(token), **changed)
        assert (await agency.userinfo(token, proof)).status_code == 200


@module("ensure-mismatched-dpop-jkt-fails")
async def test_ensure_mismatched_dpop_jkt_fails(agency: Agency) -> None:
    other = ECKey.generate_key("P-256").thumbprint()
    answer = await agency.push(proof=agency.proof("POST", "/oauth/par"), dpop_jkt=other)
    refused(answer, "invalid_request", "invalid_dpop_proof")


@module("ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt")
@module("ensure-token-endpoint-fails-with-mismatched-dpop-jkt")
@pytest.mark.parametrize("by", ["proof", "parameter"])
async def test_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(basic: Plan, agency: Agency, by: str) -> None:
    bound: dict[str, Any] = {"proof": agency.proof("POST", "/oauth/par")}
    code = await agency.code(basic.browser(), **(bound if by == "proof" else {"dpop_jkt": agency.dpop.thumbprint()}))
    agency.dpop = ECKey.generate_key("P-256")
    refused(await agency.redeem(code), "invalid_grant", "invalid_dpop_proof")


@module("ensure-dpopproof-at-par-endpoint-binding-success")
@module("ensure-dpop-auth-code-binding-success")
async def test_ensure_dpop_auth_code_binding_success(basic: Plan, agency: Agency) -> None:
    browser, jkt = basic.browser(), agency.dpop.thumbprint()
    await agency.sign_in(browser, proof=agency.proof("POST", "/oauth/par"))
    await agency.sign_in(browser, dpop_jkt=jkt)
    await agency.sign_in(browser, proof=agency.proof("POST", "/oauth/par"), dpop_jkt=jkt)


Make = Callable[[Agency, str, str, dict[str, Any]], str]


def changed(**changes: Any) -> Make:
    """A proof with other claims."""
    return lambda agency, method, path, more: agency.proof(method, path, **(more | changes))


def headed(**header: Any) -> Make:
    """A proof with another header."""
    return lambda agency, method, path, more: agency.proof(method, path, header=header, **more)


def _private(agency: Agency, method: str, path: str, more: dict[str, Any]) -> str:
    return agency.proof(method, path, header={"jwk": agency.dpop.as_dict(private=True)}, **more)


def _old(agency: Agency, method: str, path: str, more: dict[str, Any]) -> str:
    return agency.proof(method, path, iat=now() - 3600, **more)


def _future(agency: Agency, method: str, path: str, more: dict[str, Any]) -> str:
    return agency.proof(method, path, iat=now() + 3600, **more)


def _foreign(agency: Agency, method: str, path: str, more: dict[str, Any]) -> str:
    jwk = ECKey.generate_key("P-256").as_dict(private=False)
    return agency.proof(method, path, header={"jwk": jwk}, **more)


def _twice(agency: Agency, method: str, path: str, more: dict[str, Any]) -> str:
    return f"{agency.proof(method, path, **more)}, {agency.proof(method, path, **more)}"


def _weak(agency: Agency, method: str, path: str, more: dict[str, Any]) -> str:
    return agency.proof(method, path, key=RSAKey.generate_key(1024), header={"alg": "PS256"}, **more)


BAD_PROOFS: dict[str, Make] = {
    "malformed": lambda *_: "no proof",
    "empty parts": lambda *_: "..",
    "two in one header": _twice,
    "typ missing": headed(typ=None),
    "typ wrong": headed(typ="JWT"),
    "alg missing": headed(alg=None),
    "alg none": headed(alg="none"),
    "alg RS256": lambda agency, method, path, more: agency.proof(
        method, path, key=RSAKey.generate_key(2048), header={"alg": "RS256"}, **more
    ),
    "jwk missing": headed(jwk=None),
    "jwk no key": headed(jwk={"kty": "EC"}),
    "jwk another curve": headed(jwk=ECKey.generate_key("P-384").as_dict(private=False)),
    "jwk private": _private,
    "jwk of another": _foreign,
    "key too short": _weak,
    "jti missing": changed(jti=None),
    "htm missing": changed(htm=None),
    "htm wrong": changed(htm="PUT"),
    "htu missing": changed(htu=None),
    "htu wrong": changed(htu=f"{ISSUER}/oauth/other"),
    "htu of another host": changed(htu="https://evil.example/oauth/token"),
    "iat missing": changed(iat=None),
    "iat an hour past": _old,
    "iat an hour ahead": _future,
}


@module("dpop-negative-tests")
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # the short key is made to be refused
async def test_dpop_negative_tests_at_the_token_endpoint(basic: Plan, agency: Agency) -> None:
    browser = basic.browser()
    code = await agency.code(browser)
    for why, make in BAD_PROOFS.items():
        proof = make(agency, "POST", "/oauth/token", {})
        code = await agency.code(browser)
        answer = await agency.redeem(code, proof=proof)
        assert answer.status_code == 400, why
        refused(answer, "invalid_dpop_proof")


@module("dpop-negative-tests")
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # as above
async def test_dpop_negative_tests_at_a_resource(basic: Plan, agency: Agency) -> None:
    token = (await agency.sign_in(basic.browser())).tokens["access_token"]
    bad = BAD_PROOFS | {"ath missing": changed(ath=None), "ath wrong": changed(ath=ath("another"))}
    for why, make in bad.items():
        answer = await agency.userinfo(token, make(agency, "GET", USERINFO, {"ath": ath(token)}))
        assert answer.status_code == 401, why
        assert answer.headers["www-authenticate"].startswith("DPoP "), why
    stranger = agency.proof("GET", USERINFO, key=ECKey.generate_key("P-256"), ath=ath(token))
    for proof, scheme in ((stranger, "DPoP"), (None, "DPoP"), (None, "Bearer"), ("", "Bearer")):
        assert (await agency.userinfo(token, proof, scheme)).status_code == 401
    assert (await agency.userinfo(token)).status_code == 200


@module("dpop-negative-tests")
async def test_two_proof_headers_are_one_too_many(basic: Plan, agency: Agency) -> None:
    token = (await agency.sign_in(basic.browser())).tokens["access_token"]
    proofs = [("dpop", agency.proof("GET", USERINFO, ath=ath(token))) for _ in range(2)]
    answer = await agency.http.get(USERINFO, headers=[("authorization", f"DPoP {token}"), *proofs])
    assert answer.status_code == 401


@module("dpop-negative-tests")
async def test_a_proof_is_good_once_and_its_query_and_fragment_do_not_count(basic: Plan, agency: Agency) -> None:
    token = (await agency.sign_in(basic.browser())).tokens["access_token"]
    proof = agency.proof("GET", USERINFO, ath=ath(token))
    assert (await agency.userinfo(token, proof)).status_code == 200
    assert (await agency.userinfo(token, proof)).status_code == 401
    decorated = agency.proof("GET", USERINFO, ath=ath(token), htu=f"{ISSUER}{USERINFO}?query=1#fragment")
    assert (await agency.userinfo(token, decorated)).status_code == 200


async def test_a_token_that_is_bound_to_no_key_is_a_bearer_token(basic: Plan) -> None:
    """RFC 9449 section 7.1: under the scheme DPoP only bound tokens count."""
    site = await basic.client()
    token = (await basic.sign_in(basic.browser(), site)).tokens["access_token"]
    answer = await basic.http.get(USERINFO, headers={"authorization": f"DPoP {token}"})
    assert answer.status_code == 401
