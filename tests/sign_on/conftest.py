"""A whole gateway under the issuer https://id.example, an SMS gateway that remembers, and a register of one person."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from sqlmodel import select

from auth.provider.environment import Environment
from gateway.app import Gateway
from gateway.http.sign_on.services import SignInServices
from kernel.audit.tables import AuditEntry
from kernel.settings import Settings
from tests.sign_on.relying_party import Browser, Site, answered, id_token, register_site

ISSUER = "https://id.example"
PHONE = "+8613900000001"
PERSON = ("王秀英", "110101195003071227")


class Register:
    """Knows one person."""

    async def match(self, name: str, id_number: str) -> bool:
        return (name, id_number) == PERSON


class SignOn:
    """The provider, and who uses it."""

    def __init__(self, gateway: Gateway, client: httpx.AsyncClient) -> None:
        self.gateway = gateway
        self.client = client
        self.sent: list[tuple[str, str]] = []
        self.sms_gateway = asyncio.Event()  # cleared, it lets every message wait
        self.sms_gateway.set()

    def browser(self) -> Browser:
        return Browser(self.client)

    async def site(self, client_id: str = "site", **more: object) -> Site:
        return await register_site(self.gateway, self.client, client_id, **more)

    def environment(self) -> Environment:
        """Return what the provider works with."""
        return self.gateway.environment

    def code_to(self, phone: str) -> str:
        """Return the latest code that a number was sent, with or without its country."""
        return next(code for to, code in reversed(self.sent) if to.endswith(phone))

    async def recorded(self, action: str) -> int:
        """Return how many entries of an action the audit log has."""
        async with self.gateway.database.session() as session:
            return len((await session.exec(select(AuditEntry.seq).where(AuditEntry.action == action))).all())

    async def claims(self, id_token_: str) -> dict[str, Any]:
        """Return an ID token's claims, verified."""
        return await id_token(self.client, id_token_)

    async def sign_in(self, browser: Browser, url: str, phone: str = PHONE) -> httpx.Response:
        """Go through the pages with a phone code, up to consent or the client's answer."""
        page = await browser.follow(await browser.send("GET", url))
        if 'name="phone"' in page.text:
            page = await browser.submit(page, phone=phone)
            assert 'name="code"' in page.text, page.text
            page = await browser.submit(page, code=self.code_to(phone))
        return page

    async def through(self, browser: Browser, url: str, phone: str = PHONE) -> httpx.Response:
        """As ``sign_in``, and agree to what the site asks for."""
        page = await self.sign_in(browser, url, phone)
        if page.status_code == 200 and 'value="yes"' in page.text:
            page = await browser.submit(page, answer="yes")
        return page

    async def tokens(self, browser: Browser, site: Site, *, phone: str = PHONE, **changed: object) -> dict[str, str]:
        """Sign in at a site and return its tokens."""
        url, kept = site.authorize(**changed)
        code = answered(await self.through(browser, url, phone))["code"]
        answer = await site.redeem(code, kept["verifier"])
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()
        return found


@pytest.fixture
async def sign_on(settings: Settings) -> AsyncIterator[SignOn]:
    async def send(phone: str, code: str, _: str) -> None:
        await made.sms_gateway.wait()
        made.sent.append((phone, code))

    opened = msgspec.structs.replace(settings, issuer=ISSUER, access_log=False, upstream_networks=("127.0.0.0/8",))
    gateway = Gateway(opened, SignInServices(send, Register()))
    async with gateway.running():
        transport = httpx.ASGITransport(gateway)
        async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
            made = SignOn(gateway, client)
            yield made
