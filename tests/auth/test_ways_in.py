"""Ways in that were taken from an account: nobody comes by them any more, whenever their sign-in began."""

import asyncio
from typing import Literal

import pytest

from auth.accounts.accounts import Proven, account_of, attach, detach, identities_of, sign_in
from auth.accounts.phone_codes import add_phone, sign_in_by_phone
from auth.accounts.proofing import Evidence, prove
from auth.accounts.tables import Account, Identity
from auth.residents.ways_in import part
from auth.sessions.sessions import live
from auth.sessions.tables import Session
from kernel.crypto.keys import Keys, open_keys
from kernel.database import Database
from kernel.settings import Settings
from tests.auth.residents import APP, OTHER, Residents

PERSON = Evidence("王秀英", "110101195003071227", "platform", 2)
PHONE = "+8613900000001"
STRANGER = Proven(provider="wechat", tenant=OTHER, subject="openid-stranger")

By = Literal["host", "phone"]


class Shared:
    """A resident whose account has one way in more: somebody else's, by a host app or a phone."""

    def __init__(self, database: Database, keys: Keys, residents: Residents) -> None:
        self._database = database
        self.keys = keys
        self._residents = residents

    async def resident(self, by: By) -> tuple[Session, Identity]:
        """Sign the resident in, and give their account the other way in."""
        signed_in, clock = await self._residents.sign_in("openid-resident"), self._residents.clock
        async with self._database.session() as session:
            account = await account_of(session, signed_in.account_id)
            if by == "host":
                identity = attach(session, clock, account, STRANGER)
            else:
                identity = await add_phone(session, clock, self.keys, account, PHONE)
        return signed_in, identity

    async def comes(self, by: By) -> Account:
        """Sign in by the other way in."""
        clock = self._residents.clock
        async with self._database.session() as session:
            if by == "host":
                return (await sign_in(session, clock, STRANGER))[0]
            return (await sign_in_by_phone(session, clock, self.keys, PHONE))[0]


@pytest.fixture
def shared(database: Database, settings: Settings, residents: Residents) -> Shared:
    return Shared(database, open_keys(settings), residents)


@pytest.mark.case("SSO-25")
@pytest.mark.parametrize("by", ["host", "phone"])
@pytest.mark.parametrize("how", ["first proof", "unlink"])
async def test_who_signs_in_while_their_way_in_is_taken_is_somebody_else(
    database: Database, residents: Residents, shared: Shared, by: By, how: str
) -> None:
    signed_in, identity = await shared.resident(by)
    async with database.session() as session:
        owner = await live(session, residents.clock, signed_in.sid)
        if how == "unlink":
            await part(session, residents.clock, owner, identity.id)
        else:
            await prove(session, residents.clock, shared.keys, owner, PERSON)
        coming = asyncio.create_task(shared.comes(by))
        await asyncio.sleep(0.3)
        assert not coming.done()
    account = await coming
    assert (account.id == signed_in.account_id, account.ial) == (False, 1)


async def test_a_relative_that_is_taken_meanwhile_leads_nobody_to_the_account(
    database: Database, residents: Residents
) -> None:
    signed_in = await residents.sign_in("openid-resident", union="person")
    async with database.session() as session:
        account = await account_of(session, signed_in.account_id, "change")
        (identity,) = await identities_of(session, account.id)
        await detach(session, residents.clock, identity, "unlinked")
        coming = asyncio.create_task(residents.sign_in("openid-9", OTHER, union="person"))
        await asyncio.sleep(0.3)
        assert not coming.done()
    assert (await coming).account_id != signed_in.account_id


async def test_what_is_unlinked_does_not_come_back_by_the_same_person_at_another_app(
    database: Database, residents: Residents, shared: Shared
) -> None:
    signed_in, phone = await shared.resident("phone")
    await residents.sign_in("openid-resident", union="person")
    website = await residents.sign_in("openid-9", OTHER, union="person")
    assert website.account_id == signed_in.account_id
    async with database.session() as session:
        owner = await live(session, residents.clock, signed_in.sid)
        assert website.identity_id is not None
        await part(session, residents.clock, owner, website.identity_id)
        assert await identities_of(session, signed_in.account_id) == [phone]
    for subject, app in (("openid-9", OTHER), ("openid-resident", APP)):
        assert (await residents.sign_in(subject, app, union="person")).account_id != signed_in.account_id
