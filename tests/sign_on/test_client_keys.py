"""``private_key_jwt``: what of a client's assertion is believed, and what a client of a higher tier must do."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from kernel.clock import SystemClock
from tests.sign_on.conftest import ISSUER, SignOn
from tests.sign_on.relying_party import Site, answered

_KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


async def sensitive(sign_on: SignOn, client_id: str = "site") -> Site:
    return await sign_on.site(
        client_id, tier="T2", auth_method="private_key_jwt", backchannel_logout_uri="https://site.example/logged-out"
    )


def assertion(site: Site, header: dict[str, Any] | None = None, key: Any = None, **changed: Any) -> str:
    """Return an assertion with other claims, header or key; None takes a claim away."""
    now = int(SystemClock().now().timestamp())
    client_id = site.row.client_id
    claims = {"iss": client_id, "sub": client_id, "aud": ISSUER, "iat": now, "exp": now + 60}
    claims |= {"jti": secrets.token_urlsafe(9)} | changed
    assert site.key is not None
    head = {"alg": "ES256", "kid": site.key.thumbprint()} | (header or {})
    given = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(head, given, key or site.key, algorithms=[head["alg"]])


def _part(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


async def shown(sign_on: SignOn, text: str) -> str:
    """Show an assertion to the token endpoint; return the error: an unknown refresh token if it is believed."""
    form = {
        "grant_type": "refresh_token",
        "refresh_token": "unknown",
        "client_assertion_type": _KIND,
        "client_assertion": text,
    }
    answer = await sign_on.client.post("/oauth/token", data=form)
    return str(answer.json()["error"])


@pytest.mark.case("SSO-16")
async def test_an_assertion_is_believed_once(sign_on: SignOn) -> None:
    site = await sensitive(sign_on)
    text = assertion(site)
    assert await shown(sign_on, text) == "invalid_grant"
    assert await shown(sign_on, text) == "invalid_client"


@pytest.mark.case("SSO-16")
@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://elsewhere.example"},
        {"aud": f"{ISSUER}/oauth/token"},
        {"aud": [ISSUER, "https://elsewhere.example"]},
        {"exp": 1},
        {"exp": 4_000_000_000},
        {"exp": None},
        {"sub": "other"},
        {"iss": "other"},
        {"jti": None},
    ],
)
async def test_an_assertion_for_others_or_for_too_long_is_not_believed(
    sign_on: SignOn, changed: dict[str, Any]
) -> None:
    site = await sensitive(sign_on)
    await sensitive(sign_on, "other")
    assert await shown(sign_on, assertion(site, **changed)) == "invalid_client"


@pytest.mark.case("SSO-16")
async def test_an_assertion_by_no_key_or_another_or_the_public_key_as_a_secret_is_not_believed(
    sign_on: SignOn,
) -> None:
    site = await sensitive(sign_on)
    assert site.key is not None
    good = assertion(site)
    unsigned = f"eyJhbGciOiJub25lIn0.{good.split('.')[1]}."
    header = _part(b'{"alg":"HS256"}')
    signed = f"{header}.{good.split('.')[1]}"
    mac = hmac.digest(site.key.as_pem(private=False), signed.encode(), "sha256")
    for text in (
        unsigned,
        assertion(site, key=ECKey.generate_key("P-256")),
        f"{signed}.{_part(mac)}",
        "rubbish",
        "a.b.c",
    ):
        assert await shown(sign_on, text) == "invalid_client"


async def test_a_client_with_keys_is_not_believed_by_a_secret(sign_on: SignOn) -> None:
    site = await sensitive(sign_on)
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "site", "client_secret": "anything"}
    assert (await sign_on.client.post("/oauth/token", data=form)).json()["error"] == "invalid_client"
    assert site.secret == ""


async def test_a_sensitive_site_must_push_its_requests(sign_on: SignOn) -> None:
    site, browser = await sensitive(sign_on), sign_on.browser()
    assert answered(await browser.send("GET", site.authorize()[0]))["error"] == "invalid_request"
    params, kept = site.request(scope="openid")
    pushed = (await site.post("/oauth/par", **params)).json()
    url = f"/oauth/authorize?client_id=site&request_uri={pushed['request_uri']}"
    code = answered(await sign_on.through(browser, url))["code"]
    assert (await site.redeem(code, kept["verifier"])).status_code == 200
