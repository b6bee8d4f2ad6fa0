"""What counts as use of a browser's session at the token endpoint, for the city's web app and departments' sites."""

from datetime import timedelta

import pytest

from auth.clients.clients import ensure_own
from auth.clients.tables import Client
from kernel.clock import SystemClock
from tests.sign_on.conftest import SignOn
from tests.sign_on.relying_party import BACK, Site, answered


class WebApp(Site):
    """The city's own web app: a public client."""

    def credentials(self) -> tuple[dict[str, str], dict[str, str]]:
        return {}, {"client_id": self.row.client_id}


async def web_app(sign_on: SignOn) -> Site:
    async with sign_on.gateway.database.session() as session:
        await ensure_own(session, SystemClock(), {"web": [BACK]})
    async with sign_on.gateway.database.session() as session:
        return WebApp(sign_on.client, await session.get_one(Client, "web"), "", None)


async def let_pass(sign_on: SignOn, minutes: int) -> None:
    """Have all sessions be older and unused for longer."""
    moved = ", ".join(
        f"{each} = {each} - $1::interval" for each in ("created_at", "last_seen_at", "idle_until", "expires_at")
    )
    await sign_on.gateway.database.pool.execute(f"UPDATE session SET {moved}", timedelta(minutes=minutes))  # noqa: S608 - our own columns


@pytest.mark.parametrize("own", [True, False])
async def test_a_refresh_is_use_of_the_session(sign_on: SignOn, *, own: bool) -> None:
    site = await web_app(sign_on) if own else await sign_on.site()
    browser = sign_on.browser()
    token = (await sign_on.tokens(browser, site, scope="openid"))["refresh_token"]
    for _ in range(3):
        await let_pass(sign_on, 50)
        answer = await site.refresh(token)
        assert answer.status_code == 200, answer.text
        token = answer.json()["refresh_token"]
    assert "code" in answered(await browser.send("GET", site.authorize(prompt="none", scope="openid")[0]))
    await let_pass(sign_on, 60)  # and no worker ends anything here
    assert (await site.refresh(token)).json()["error"] == "invalid_grant"


async def test_access_while_they_are_away_is_no_use(sign_on: SignOn) -> None:
    site, browser = await sign_on.site(), sign_on.browser()
    token = (await sign_on.tokens(browser, site, scope="openid offline_access", prompt="consent"))["refresh_token"]
    for _ in range(2):
        await let_pass(sign_on, 50)
        token = (await site.refresh(token)).json()["refresh_token"]
    back = answered(await browser.send("GET", site.authorize(prompt="none")[0]))
    assert back["error"] == "login_required"
