"""A phone number lets in less, the longer ago it was proven and the more is known of the person; messages take time."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from sqlmodel import select

from auth.accounts.phone_codes import TENANT
from auth.accounts.tables import Account, Identity
from kernel.clock import SystemClock
from kernel.settings import Settings
from tests.sign_on.conftest import SignOn
from tests.sign_on.relying_party import answered


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """One connection to the database: whoever kept it while they wait would be alone."""
    return msgspec.structs.replace(settings, database_pool_size=1)


async def changed(sign_on: SignOn, ago: timedelta, ial: int) -> None:
    """Have the one phone identity be proven so long ago, and its account be known so well."""
    async with sign_on.gateway.database.session() as session:
        identity = (await session.exec(select(Identity).where(Identity.tenant == TENANT))).one()
        account = await session.get_one(Account, identity.account_id)
        identity.verified_at, account.ial = SystemClock().now() - ago, ial
        session.add_all([identity, account])


@pytest.mark.case("SSO-24")
@pytest.mark.parametrize(("days", "ial", "lets_in"), [(89, 1, True), (89, 2, True), (91, 2, False), (1, 3, False)])
async def test_an_old_number_or_a_proven_person_needs_more_than_a_message(
    sign_on: SignOn, days: int, ial: int, *, lets_in: bool
) -> None:
    site = await sign_on.site()
    await sign_on.tokens(sign_on.browser(), site)
    await changed(sign_on, timedelta(days=days), ial)
    await sign_on.environment().redis.flushall()  # another day: more codes may be sent
    page = await sign_on.through(sign_on.browser(), site.authorize()[0])
    if lets_in:
        assert "code" in answered(page)
    else:
        assert page.status_code == 400
        assert "SIGN_IN_REFUSED" in page.text
        assert "location" not in page.headers


async def test_who_waits_for_a_message_keeps_nobody_else_waiting(sign_on: SignOn) -> None:
    site, browser, other = await sign_on.site(), sign_on.browser(), sign_on.browser()
    page, others = [await each.follow(await each.send("GET", site.authorize()[0])) for each in (browser, other)]
    sign_on.sms_gateway.clear()
    waiting = asyncio.create_task(browser.submit(page, phone="13900000001"))
    await asyncio.sleep(0.3)
    async with asyncio.timeout(5):
        assert (await other.send("GET", others.url.path)).status_code == 200
    assert not waiting.done()
    sign_on.sms_gateway.set()
    assert 'name="code"' in (await waiting).text
