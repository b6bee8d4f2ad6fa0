"""Programs that act for themselves: client credentials (RFC 6749 section 4.4)."""

import pytest

from auth.clients import clients
from auth.clients.tables import Client
from auth.errors import TokenRefusedError
from auth.sessions.access_tokens import GRAPH, PARKING, verify, verify_program
from kernel.clock import SystemClock
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from tests.sign_on.conftest import ISSUER, SignOn


async def program(sign_on: SignOn) -> tuple[str, str]:
    """Return what a registered program authenticates by."""
    clock = SystemClock()
    async with sign_on.gateway.database.session() as session:
        await add_department(session, clock, "garages", Text(zh="车库", en="Garages"))
        row = Client(
            client_id="car-parks", department="garages", name_zh="停车", name_en="Parking", sector="",
            scopes=["parking:operate"], created_at=clock.now(),
        )  # fmt: skip
        return "car-parks", await clients.register(session, clock, row)


async def test_a_program_gets_a_token_for_its_api_alone(sign_on: SignOn) -> None:
    auth = await program(sign_on)
    answer = await sign_on.client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=auth)
    given = answer.json()
    assert (answer.status_code, given["scope"], given["token_type"]) == (200, "parking:operate", "Bearer")
    assert "refresh_token" not in given
    ring, now = sign_on.environment().ring(), SystemClock().now()
    token = verify_program(given["access_token"], ring, ISSUER, PARKING, now)
    assert (token.sub, token.client_id) == ("car-parks", "car-parks")
    for audience in (GRAPH, ISSUER, PARKING):
        with pytest.raises(TokenRefusedError):
            verify(given["access_token"], ring, ISSUER, audience, now)


async def test_each_client_has_its_own_ways_to_a_token(sign_on: SignOn) -> None:
    auth = await program(sign_on)
    site = await sign_on.site()
    asked = {"grant_type": "client_credentials"}
    for data, who, error in (
        (asked, (site.row.client_id, site.secret), "unauthorized_client"),
        (asked | {"scope": "openid"}, auth, "invalid_scope"),
        (asked, (auth[0], "guessed"), "invalid_client"),
        ({"grant_type": "authorization_code", "code": "x"}, auth, "unauthorized_client"),
    ):
        answer = await sign_on.client.post("/oauth/token", data=data, auth=who)
        assert (answer.json()["error"], answer.status_code >= 400) == (error, True)
    asks = {
        "response_type": "code",
        "client_id": auth[0],
        "scope": "parking:operate",
        "redirect_uri": "https://x.example",
    }
    answer = await sign_on.client.get("/oauth/authorize", params=asks)
    assert answer.status_code == 400
