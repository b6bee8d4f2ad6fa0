"""oidcc-config-certification-test-plan: what the provider says of itself must be whole, valid and true."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.sign_on.conftest import ISSUER, SignOn

_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
_REQUIRED = {
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
}


@pytest.mark.case("oidcc-discovery-endpoint-verification", "SSO-01")
async def test_oidcc_discovery_endpoint_verification(sign_on: SignOn) -> None:
    answer = await sign_on.client.get("/.well-known/openid-configuration")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    found: dict[str, Any] = answer.json()
    assert found.keys() >= _REQUIRED
    assert found["issuer"] == ISSUER
    assert str(answer.url) == f"{found['issuer']}/.well-known/openid-configuration"
    parts = urlsplit(found["issuer"])
    assert (parts.scheme, parts.query, parts.fragment) == ("https", "", "")
    assert "code" in found["response_types_supported"]
    assert set(found["subject_types_supported"]) <= {"pairwise", "public"}
    assert "RS256" in found["id_token_signing_alg_values_supported"]
    assert "openid" in found["scopes_supported"]
    assert all(re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", scope) for scope in found["scopes_supported"])
    assert {"sub", "iss", "aud", "exp", "iat", "name", "phone_number"} <= set(found["claims_supported"])
    assert "authorization_code" in found["grant_types_supported"]
    assert isinstance(found["code_challenge_methods_supported"], list)
    assert found["claims_parameter_supported"] is True
    assert found["request_parameter_supported"] is False
    assert found["request_uri_parameter_supported"] is False
    assert all(re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", each) for each in found["ui_locales_supported"])


@pytest.mark.case("oidcc-discovery-endpoint-verification", "SSO-01")
async def test_every_endpoint_that_is_named_is_https_and_there(sign_on: SignOn) -> None:
    found = (await sign_on.client.get("/.well-known/openid-configuration")).json()
    named = {name: url for name, url in found.items() if name.endswith(("_endpoint", "_uri"))}
    assert len(named) == 8
    for name, url in named.items():
        assert url.startswith(f"{ISSUER}/"), name
        statuses = {(await sign_on.client.request(method, url)).status_code for method in ("GET", "POST")}
        assert 404 not in statuses, name
        assert not any(status >= 500 for status in statuses), name


@pytest.mark.case("oidcc-discovery-endpoint-verification", "SSO-01")
async def test_the_keys_are_public_distinct_and_strong(sign_on: SignOn) -> None:
    found = (await sign_on.client.get("/.well-known/openid-configuration")).json()
    answer = await sign_on.client.get(found["jwks_uri"])
    keys = answer.json()["keys"]
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert len({key["kid"] for key in keys}) == len(keys)
    assert {key["alg"] for key in keys} >= set(found["id_token_signing_alg_values_supported"])
    assert {key["kty"] for key in keys} <= {"RSA", "EC"}
    for key in keys:
        assert not _PRIVATE & key.keys()
        assert key["use"] == "sig"
        if key["kty"] == "RSA":
            assert len(key["n"]) * 6 >= 2048


async def test_the_authorization_server_s_metadata_is_whole(sign_on: SignOn) -> None:
    """RFC 8414 sections 2 and 3.1: whoever takes private_key_jwt says by which algorithms, never "none"."""
    answer = await sign_on.client.get("/.well-known/oauth-authorization-server")
    assert answer.json() == (await sign_on.client.get("/.well-known/openid-configuration")).json()
    found = answer.json()
    for endpoint in ("token", "introspection", "revocation"):
        if "private_key_jwt" in found[f"{endpoint}_endpoint_auth_methods_supported"]:
            algorithms = found[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
            assert {"RS256", "ES256", "PS256"} == set(algorithms)
