"""oidcc-backchannel-rp-initiated-logout-certification-test-plan: a client hears at its own address of a logout."""

import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest

from auth.provider.backchannel import EVENT
from kernel.celery import TaskContext
from tests.auth.relying_parties import InProcessWorker, RelyingParty, verified
from tests.sign_on.conformance.flow import Plan, SignedIn
from tests.sign_on.conftest import ISSUER

LEFT = "https://site.example/left"
_MOST_AHEAD, _MOST_OLD = 5 * 60, 24 * 60 * 60  # seconds, of ValidateLogoutTokenClaims


@pytest.fixture
async def party() -> AsyncIterator[RelyingParty]:
    """The suite's own address for logout tokens."""
    found = RelyingParty()
    await found.start()
    yield found
    await found.stop()


async def judged(plan: Plan, text: str, client_id: str, signed_in: SignedIn) -> dict[str, Any]:
    """Return a logout token's claims after the suite's ValidateLogoutTokenClaims, and OWASP ASVS 10.5.5."""
    token = verified(text, (await plan.http.get("/oauth/jwks")).json())
    claims, now = token.claims, time.time()
    assert token.header["typ"] == "logout+jwt"
    assert claims["iss"] == ISSUER
    assert client_id in ([claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"])
    assert now - _MOST_OLD < claims["iat"] < now + _MOST_AHEAD
    assert now < claims["exp"] <= claims["iat"] + 120
    assert isinstance(claims["jti"], str)
    assert claims["jti"]
    assert claims["events"] == {EVENT: {}}
    assert {"sub", "sid"} & claims.keys()
    for name in ("sub", "sid"):
        assert claims.get(name, signed_in.claims[name]) == signed_in.claims[name]
    assert "nonce" not in claims
    return dict(claims)


@pytest.mark.case("oidcc-backchannel-logout-discovery-endpoint-verification")
async def test_oidcc_backchannel_logout_discovery_endpoint_verification(basic: Plan) -> None:
    found = (await basic.http.get("/.well-known/openid-configuration")).json()
    assert found["backchannel_logout_supported"] is True
    assert found["backchannel_logout_session_supported"] is True
    assert found["end_session_endpoint"].startswith("https://")


@pytest.mark.case("oidcc-backchannel-rp-initiated-logout")
async def test_oidcc_backchannel_rp_initiated_logout(basic: Plan, party: RelyingParty) -> None:
    environment = basic.sign_on.environment()
    context = TaskContext(environment.settings, basic.sign_on.gateway.database, basic.redis, environment.clock)
    worker = InProcessWorker(context)
    site = await basic.client(backchannel_logout_uri=f"{party.origin}/backchannel")
    browser = basic.browser()
    signed_in = await basic.sign_in(browser, site)
    leave = {"id_token_hint": signed_in.tokens["id_token"], "post_logout_redirect_uri": LEFT, "state": "leaving"}
    answer = await browser.send("GET", f"/oauth/logout?{urlencode(leave)}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{LEFT}?state=leaving")
    await worker.do_all()
    (told,) = party.received
    claims = await judged(basic, told, "client", signed_in)
    assert claims["sid"] == signed_in.claims["sid"], "backchannel_logout_session_supported says that it comes"
    found, _ = await basic.answer(browser, site, prompt="none")
    assert found["error"] == "login_required"
