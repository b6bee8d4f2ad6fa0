"""What a phone number opens that was given out anew: not an account whose person is proven."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from auth.accounts.tables import Identity
from auth.clients.clients import BROWSER
from auth.sessions.tables import Session
from kernel.clock import SystemClock
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, prove_face, sign_in
from tests.gateway.residents.test_ways_in import with_phone
from tests.sign_on.relying_party import Browser, register_site

PHONE = "+8613900000001"


@pytest.fixture
async def client(city: City) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(city.gateway)
    async with httpx.AsyncClient(transport=transport, base_url="https://id.example") as client:
        yield client


async def by_sms(city: City, phones: Phones, client: httpx.AsyncClient) -> bool:
    """Go through the sign-in page with the code that came to the phone; whether that opened a session."""
    site = await register_site(city.gateway, client, "site")
    browser = Browser(client)
    page = await browser.follow(await browser.send("GET", site.authorize()[0]))
    page = await browser.submit(page, phone=PHONE)
    await browser.submit(page, code=dict(phones.inbox("web", "wang")[-1].lines)["code"])
    async with city.gateway.database.session() as session:
        return bool((await session.exec(select(Session).where(Session.client_id == BROWSER))).all())


async def verified(city: City, days: int) -> None:
    async with city.gateway.database.session() as session:
        row = (await session.exec(select(Identity).where(Identity.provider == "phone"))).one()
        row.verified_at = SystemClock().now() - timedelta(days=days)
        session.add(row)


@pytest.mark.parametrize(("days", "opens"), [(89, True), (91, False)])
async def test_an_unproven_account_opens_by_a_number_of_90_days(
    city: City, phones: Phones, client: httpx.AsyncClient, days: int, *, opens: bool
) -> None:
    await with_phone(phones, await sign_in(city, phones, "wang"), "wang")
    await verified(city, days)
    assert await by_sms(city, phones, client) is opens


@pytest.mark.case("SSO-24")
@pytest.mark.parametrize("days", [1, 91])
async def test_a_proven_account_does_not_open_by_a_number_alone(
    city: City, phones: Phones, client: httpx.AsyncClient, days: int
) -> None:
    who = await sign_in(city, phones, "wang")
    await prove_face(phones, who, "wang")
    await with_phone(phones, who, "wang")
    await verified(city, days)
    assert await by_sms(city, phones, client) is False
