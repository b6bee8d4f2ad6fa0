"""Protected resources say what they miss (RFC 6750, RFC 9449), and other parties' tokens are none of the graph's."""

import msgspec
import pytest

from auth.clients.tables import Client
from auth.errors import ClientRefusedError
from auth.sessions.access_tokens import GRAPH
from tests.sign_on.conftest import SignOn
from tests.sign_on.relying_party import Site

USERINFO = "/oauth/userinfo"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


async def exchanged(site: Site, token: str, audience: str) -> dict[str, str]:
    """Ask for a token for another audience."""
    given = {"subject_token": token, "subject_token_type": ACCESS_TOKEN, "audience": audience}
    found: dict[str, str] = (await site.post("/oauth/token", grant_type=EXCHANGE, **given)).json()
    return found


async def test_who_shows_userinfo_no_token_is_told_how_and_no_error(sign_on: SignOn) -> None:
    for headers in ({}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer"}):
        answer = await sign_on.client.get(USERINFO, headers=headers)
        assert (answer.status_code, answer.json()) == (401, {})
        assert answer.headers["www-authenticate"] == 'Bearer, DPoP algs="ES256 PS256"'


async def test_who_shows_userinfo_a_bad_token_or_too_little_scope_is_told_so(sign_on: SignOn) -> None:
    site = await sign_on.site()
    answer = await site.userinfo("rubbish")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token", ')
    tokens = await sign_on.tokens(sign_on.browser(), site, scope="profile")
    answer = await site.userinfo(tokens["access_token"])
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"].startswith('Bearer error="insufficient_scope", ')
    assert answer.headers["www-authenticate"].endswith(', scope="openid"')


@pytest.mark.case("SSO-14")
async def test_a_site_s_token_is_none_for_the_graph_nor_can_it_be_exchanged_for_one(sign_on: SignOn) -> None:
    site = await sign_on.site(scopes=["profile", f"exchange:{GRAPH}", "exchange:own"])
    async with sign_on.gateway.database.session() as session:
        session.add(Client(**(site.row.model_dump() | {"client_id": "own", "first_party": True, "scopes": []})))
    tokens = await sign_on.tokens(sign_on.browser(), site)
    to_own = await exchanged(site, tokens["access_token"], "own")
    claims = await sign_on.claims(to_own["access_token"])
    assert (claims["aud"], claims["act"]) == ("own", {"sub": "site"})
    assert "first_party" not in claims
    for token in (tokens["access_token"], tokens["id_token"], to_own["access_token"]):
        bearer = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        answer = await sign_on.client.post("/graphql", headers=bearer, content=b'{"query": "{ me { id } }"}')
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert msgspec.json.decode(answer.content)["errors"][0]["extensions"] == {"code": "TOKEN_REFUSED"}
    assert (await exchanged(site, tokens["access_token"], GRAPH))["error"] == "invalid_target"
    with pytest.raises(ClientRefusedError, match="the graph's own"):
        await sign_on.site(GRAPH)
