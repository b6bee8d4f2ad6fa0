"""Accounts that wait for their person: what their owner's own proof, and a name that does not fit, do to them."""

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest
from msgspec.structs import replace

from auth.accounts.proofing import Evidence, prove
from auth.accounts.tables import Account
from auth.accounts.unclaimed import account_named, by_document, by_register
from auth.errors import IdNumberTakenError
from auth.sessions.sessions import live
from kernel.crypto.keys import Keys, open_keys
from kernel.database import Database
from kernel.settings import Settings
from tests.auth.residents import Residents

NAME, NUMBER = "阿依古丽·买买提", "310101201906010025"


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return open_keys(settings)


class Town:
    """Whom mandates name, and who proves who they are."""

    def __init__(self, database: Database, keys: Keys, residents: Residents) -> None:
        self._database = database
        self._keys = keys
        self._residents = residents

    async def named(self, evidence: Evidence) -> UUID:
        async with self._database.session() as session:
            return (await account_named(session, self._residents.clock, self._keys, evidence)).id

    async def proven(self, subject: str, evidence: Evidence) -> UUID:
        signed_in = await self._residents.sign_in(subject)
        async with self._database.session() as session:
            owner = await live(session, self._residents.clock, signed_in.sid)
            return (await prove(session, self._residents.clock, self._keys, owner, evidence)).id

    async def account(self, id_: UUID) -> Account:
        async with self._database.session() as session:
            return await session.get_one(Account, id_)


@pytest.fixture
def town(database: Database, keys: Keys, residents: Residents) -> Town:
    return Town(database, keys, residents)


async def test_a_mistyped_number_keeps_nobody_from_proving_that_it_is_theirs(town: Town) -> None:
    mistyped = await town.named(by_document("李小满", NUMBER))
    owner = await town.proven("openid-1", by_register(NAME, NUMBER))
    assert (await town.account(owner)).ial == 2
    assert owner != mistyped
    assert (await town.account(mistyped)).id_number is None


async def test_what_a_register_confirms_is_not_added_to_what_was_mistyped(town: Town) -> None:
    mistyped = await town.named(by_document("李小满", NUMBER))
    assert await town.named(by_register(NAME, NUMBER)) != mistyped


@pytest.mark.parametrize("evidence", [by_document, by_register])
async def test_only_a_face_lets_anybody_into_an_account_that_waits(
    town: Town, evidence: Callable[[str, str], Evidence]
) -> None:
    waits = await town.named(evidence(NAME.replace("·", "•"), NUMBER))
    with pytest.raises(IdNumberTakenError):
        await town.proven("openid-1", by_register(NAME, NUMBER))
    assert await town.proven("openid-2", replace(by_register(NAME, NUMBER), ial=3)) == waits
    assert (await town.account(waits)).ial == 3


@pytest.mark.parametrize("first", ["a proof", "a mandate"])
async def test_who_claims_a_number_that_somebody_is_being_given_is_told_as_if_it_were_theirs_already(
    database: Database, keys: Keys, residents: Residents, town: Town, first: str
) -> None:
    evidence, one = by_register(NAME, NUMBER), await residents.sign_in("openid-1")
    async with database.session() as session:
        if first == "a proof":
            await prove(session, residents.clock, keys, await live(session, residents.clock, one.sid), evidence)
        else:
            await account_named(session, residents.clock, keys, evidence)
        coming = asyncio.create_task(town.proven("openid-2", evidence))
        await asyncio.sleep(0.3)
        assert not coming.done()
    with pytest.raises(IdNumberTakenError):
        await coming
