"""oidcc-rp-initiated-logout-certification-test-plan: who is led back after signing out, and who never is."""

from base64 import urlsafe_b64encode
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.sign_on.conformance.flow import Plan, SignedIn
from tests.sign_on.relying_party import Browser, Site

LEFT = "https://site.example/left"
STATE = "s" * 128


class Leaving:
    """A person who is signed in at a client, and leaves."""

    def __init__(self, plan: Plan, site: Site, browser: Browser, signed_in: SignedIn) -> None:
        self.plan = plan
        self.site = site
        self.browser = browser
        self.signed_in = signed_in

    async def leave(self, **params: str) -> httpx.Response:
        """Send the browser to the end session endpoint."""
        return await self.browser.send("GET", f"/oauth/logout?{urlencode(params)}")

    async def stays_or_confirms(self, answer: httpx.Response) -> None:
        """Judge that the browser is led nowhere: an error page, or a question whether to sign out."""
        assert "location" not in answer.headers
        assert answer.status_code in (200, 400)
        assert LEFT not in answer.text
        if answer.status_code == 200 and "<form" in answer.text:
            after = await self.browser.submit(answer)
            assert "location" not in after.headers
            assert LEFT not in after.text

    async def is_signed_in(self) -> bool:
        found, _ = await self.plan.answer(self.browser, self.site, prompt="none")
        assert "code" in found or found["error"] in ("login_required", "interaction_required")
        return "code" in found


@pytest.fixture
async def leaving(basic: Plan) -> Leaving:
    site, browser = await basic.client(), basic.browser()
    return Leaving(basic, site, browser, await basic.sign_in(browser, site))


@pytest.mark.case("oidcc-rp-initiated-logout-discovery-endpoint-verification")
async def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(basic: Plan) -> None:
    found = (await basic.http.get("/.well-known/openid-configuration")).json()
    assert found["end_session_endpoint"].startswith("https://")


@pytest.mark.case("oidcc-rp-initiated-logout")
async def test_oidcc_rp_initiated_logout(leaving: Leaving) -> None:
    hint = leaving.signed_in.tokens["id_token"]
    answer = await leaving.leave(id_token_hint=hint, post_logout_redirect_uri=LEFT, state=STATE)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{LEFT}?state={STATE}"
    assert not await leaving.is_signed_in()


@pytest.mark.case("oidcc-rp-initiated-logout")
async def test_the_end_session_endpoint_takes_a_form_too(leaving: Leaving) -> None:
    hint = leaving.signed_in.tokens["id_token"]
    given = {"id_token_hint": hint, "post_logout_redirect_uri": LEFT, "state": STATE, "client_id": "client"}
    answer = await leaving.browser.send("POST", "/oauth/logout", **given)
    assert answer.headers["location"] == f"{LEFT}?state={STATE}"
    assert not await leaving.is_signed_in()


@pytest.mark.case("oidcc-rp-initiated-logout-bad-post-logout-redirect-uri")
async def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(leaving: Leaving) -> None:
    hint = leaving.signed_in.tokens["id_token"]
    bad = "https://site.example/bad"
    answer = await leaving.leave(id_token_hint=hint, post_logout_redirect_uri=bad, state=STATE)
    await leaving.stays_or_confirms(answer)
    assert bad not in answer.text


@pytest.mark.case("oidcc-rp-initiated-logout-modified-id-token-hint")
async def test_oidcc_rp_initiated_logout_modified_id_token_hint(leaving: Leaving) -> None:
    payload = leaving.signed_in.tokens["id_token"].split(".")[1]
    header = urlsafe_b64encode(msgspec.json.encode({"alg": "none"})).decode().rstrip("=")
    answer = await leaving.leave(id_token_hint=f"{header}.{payload}.", post_logout_redirect_uri=LEFT, state=STATE)
    await leaving.stays_or_confirms(answer)


@pytest.mark.case("oidcc-rp-initiated-logout-bad-id-token-hint")
async def test_oidcc_rp_initiated_logout_bad_id_token_hint(leaving: Leaving) -> None:
    foreign = RSAKey.generate_key(2048)
    (ours,) = [key for key in (await leaving.plan.http.get("/oauth/jwks")).json()["keys"] if key["kty"] == "RSA"]
    forged = jwt.encode({"alg": "RS256", "kid": ours["kid"]}, leaving.signed_in.claims, foreign)
    answer = await leaving.leave(id_token_hint=forged, post_logout_redirect_uri=LEFT, state=STATE)
    await leaving.stays_or_confirms(answer)


@pytest.mark.case("oidcc-rp-initiated-logout-no-id-token-hint")
async def test_oidcc_rp_initiated_logout_no_id_token_hint(leaving: Leaving) -> None:
    await leaving.stays_or_confirms(await leaving.leave(post_logout_redirect_uri=LEFT, state=STATE))
    assert not await leaving.is_signed_in()


@pytest.mark.case("oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri")
async def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(leaving: Leaving) -> None:
    hint = leaving.signed_in.tokens["id_token"]
    answer = await leaving.leave(id_token_hint=hint, post_logout_redirect_uri=f"{LEFT}?foo=bar", state=STATE)
    await leaving.stays_or_confirms(answer)


@pytest.mark.case("oidcc-rp-initiated-logout-no-params")
async def test_oidcc_rp_initiated_logout_no_params(leaving: Leaving) -> None:
    answer = await leaving.leave()
    assert await leaving.is_signed_in(), "nobody has agreed yet"
    await leaving.stays_or_confirms(answer)
    assert not await leaving.is_signed_in()


@pytest.mark.case("oidcc-rp-initiated-logout-no-post-logout-redirect-uri")
async def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(leaving: Leaving) -> None:
    await leaving.stays_or_confirms(
        await leaving.leave(id_token_hint=leaving.signed_in.tokens["id_token"], state=STATE)
    )
    assert not await leaving.is_signed_in()


@pytest.mark.case("oidcc-rp-initiated-logout-only-state")
async def test_oidcc_rp_initiated_logout_only_state(leaving: Leaving) -> None:
    await leaving.stays_or_confirms(await leaving.leave(state=STATE))
    assert not await leaving.is_signed_in()


@pytest.mark.case("oidcc-rp-initiated-logout-no-state")
async def test_oidcc_rp_initiated_logout_no_state(leaving: Leaving) -> None:
    hint = leaving.signed_in.tokens["id_token"]
    answer = await leaving.leave(id_token_hint=hint, post_logout_redirect_uri=LEFT)
    assert (answer.status_code, answer.headers["location"]) == (303, LEFT)
    assert not await leaving.is_signed_in()


@pytest.mark.case("oidcc-rp-initiated-logout")
async def test_the_cookie_is_taken_back_in_a_way_that_browsers_heed(leaving: Leaving) -> None:
    """A browser ignores any Set-Cookie of a ``__Host-`` name that lacks Secure or Path=/ (RFC 6265bis 4.1.3.2)."""
    answer = await leaving.leave(id_token_hint=leaving.signed_in.tokens["id_token"])
    (gone,) = [each for each in answer.headers.get_list("set-cookie") if each.startswith("__Host-op=")]
    assert "secure" in gone.lower()
    assert "path=/" in gone.lower()
    assert "max-age=0" in gone.lower()
