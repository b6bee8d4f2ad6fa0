"""Residents with passkeys, as the tests of them have them: they add, show and remove passkeys as browsers do."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
from sqlmodel import col, select

from auth.accounts.tables import Account
from auth.provider.browser import digest
from auth.residents.proofs import Person
from auth.residents.windows import proven
from auth.sessions.tables import Session
from tests.sign_on.conftest import PERSON, PHONE, SignOn
from tests.sign_on.relying_party import Site, answered
from tests.sign_on.software_authenticator import Authenticator, asked, asks

LEVELS = '{"id_token":{"acr":{"essential":true,"values":["%s"]}}}'


class Resident:
    """A resident with one browser and one device, and a site that they come from."""

    def __init__(self, sign_on: SignOn, site: Site, device: Authenticator, phone: str = PHONE) -> None:
        self.sign_on = sign_on
        self.site = site
        self.browser = sign_on.browser()
        self.device = device
        self.phone = phone
        self.kept: dict[str, str] = {}

    async def by_phone(self, page: httpx.Response) -> httpx.Response:
        """Sign in by a code where a page asks for a number."""
        if 'name="phone"' not in page.text:
            return page
        redis = self.sign_on.environment().redis
        for name in [each async for each in redis.scan_iter("*phone_code*")]:
            await redis.delete(name)  # a minute goes by
        page = await self.browser.submit(page, phone=self.phone)
        return await self.browser.submit(page, code=self.sign_on.code_to(self.phone))

    async def come(self, **changed: Any) -> httpx.Response:
        """Come from the site; return the page that one ends at."""
        url, self.kept = self.site.authorize(**({"scope": "openid", "ui_locales": "en"} | changed))
        return await self.browser.follow(await self.browser.send("GET", url))

    async def own_page(self, query: str = "?lang=en") -> httpx.Response:
        """Open the page of one's passkeys, signing in by phone on the way where that is asked for."""
        return await self.by_phone(await self.browser.follow(await self.browser.send("GET", f"/passkeys{query}")))

    async def add(self, page: httpx.Response | None = None, label: str = "red key") -> httpx.Response:
        """Add a passkey at one's own page."""
        page = page or await self.own_page()
        made = self.device.make(asked(page, "create"))
        return await self.browser.submit(page, "add", credential=made, label=label)

    async def show(self, page: httpx.Response, **how: Any) -> httpx.Response:
        """Show a page the passkey that it asks for."""
        return await self.browser.submit(page, "passkey", credential=self.device.sign(asked(page), **how))

    async def claims(self, page: httpx.Response) -> dict[str, Any]:
        """Return what the site is told at the end."""
        tokens = await self.site.redeem(answered(page)["code"], self.kept["verifier"])
        return await self.sign_on.claims(tokens.json()["id_token"])

    async def session(self) -> Session:
        """Return the browser's session, over or not."""
        async with self.sign_on.gateway.database.session() as session:
            cookie = digest(self.browser.cookies["__Host-op"])
            return (await session.exec(select(Session).where(Session.cookie_digest == cookie))).one()

    async def at_window(self) -> UUID:
        """Be proven in person; return the account."""
        owner, environment = await self.session(), self.sign_on.environment()
        async with self.sign_on.gateway.database.session() as session:
            row = await proven(session, environment.clock, environment.keys, owner.sid, Person(*PERSON))
            return row.id

    async def wait(self, minutes: int) -> None:
        """Let time go by since everything that was proven."""
        ago = timedelta(minutes=minutes)
        async with self.sign_on.gateway.database.session() as session:
            for row in (await session.exec(select(Session).where(col(Session.ended_at).is_(None)))).all():
                row.auth_time -= ago
                row.created_at -= ago
                row.aal_time = row.aal_time - ago if row.aal_time else None
                session.add(row)

    async def account(self) -> Account:
        """Return the account that the browser is signed in to."""
        owner = await self.session()
        async with self.sign_on.gateway.database.session() as session:
            return await session.get_one(Account, owner.account_id)


def error_of(page: httpx.Response) -> str:
    """Return the error that the site is told."""
    return parse_qs(urlsplit(page.headers["location"]).query)["error"][0]


def refused(page: httpx.Response, code: str = "PASSKEY_REFUSED") -> bool:
    """Whether a page says that something was refused, and asks anew."""
    return page.status_code == 400 and f"<code>{code}</code>" in page.text


async def a_resident(
    sign_on: SignOn, *, synced: bool = False, phone: str = PHONE, site: str = "site", seen: bool = False
) -> Resident:
    """Return a resident whose account has one passkey, in a browser that is signed in by a phone.

    ``seen``: they were at a window with that browser before, and have added the passkey there.
    """
    made = Resident(sign_on, await sign_on.site(site), Authenticator(synced=synced), phone)
    if seen:
        await made.own_page()
        await made.at_window()
    page = await made.add()
    assert "red key" in page.text, page.text
    assert asks(page, "create") is (seen and synced), "the next one takes what there is now"
    return made
