"""Undoing a merge gives nobody what is another's: ways in, proofs and agreements from the time between."""

from datetime import timedelta
from uuid import UUID

import pytest

from auth.accounts.accounts import account_of, attach, identities_of
from auth.accounts.merging import merge
from auth.accounts.phone_codes import add_phone, proven_phone
from auth.accounts.proofing import Evidence, prove
from auth.accounts.unmerging import Parted, undo
from auth.clients.clients import BROWSER
from auth.clients.grants import agree, grants_of
from auth.clients.pairwise import pairwise_subject
from auth.clients.tables import Client
from auth.consents.ledger import Between, give, standing
from auth.consents.purposes import PLATFORM
from auth.errors import MergeFinalError
from auth.mandates.kinds import Evidence as Document
from auth.mandates.kinds import NewMandate, Party, Person
from auth.mandates.mandates import grant, mandates_of
from auth.sessions.tables import Session
from kernel.clock import ManualClock
from kernel.crypto.keys import Keys, open_keys
from kernel.database import Database
from kernel.settings import Settings
from tests.auth.residents import APP, OTHER, Residents

PHONE = "+8613900000001"
PERSON = ("王秀英", "110101195003071227")
HOUR = timedelta(hours=1)
ASKED = next(each for each in PLATFORM if each.need != "notice")


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return open_keys(settings)


class Two:
    """Two residents whose accounts have become one, an hour ago."""

    def __init__(self, database: Database, residents: Residents, kept: Session, gone: Session) -> None:
        self._database = database
        self.residents = residents
        self.kept, self.gone = kept.account_id, gone.account_id

    async def merge(self) -> None:
        async with self._database.session() as session:
            await merge(session, self.residents.clock, self.kept, self.gone, "merge.proven-together")
        self.residents.clock.advance(HOUR)

    async def undo(self, *, unlink_new: bool = False) -> Parted:
        async with self._database.session() as session:
            return await undo(session, self.residents.clock, self.gone, unlink_new=unlink_new)


@pytest.fixture
async def two(database: Database, residents: Residents) -> Two:
    kept = await residents.sign_in("openid-a", union="a")
    made = Two(database, residents, kept, await residents.sign_in("openid-b", union="b"))
    await made.merge()
    return made


async def test_a_way_in_that_the_host_attributes_goes_with_its_person(two: Two) -> None:
    for name, account in (("a", two.kept), ("b", two.kept)):
        assert (await two.residents.sign_in(f"openid-{name}2", OTHER, union=name)).account_id == account
    assert (await two.undo()).unlinked == []
    signed_in = [
        (await two.residents.sign_in(subject, app, union=union)).account_id
        for subject, app, union in (
            ("openid-a", APP, "a"),
            ("openid-a2", OTHER, "a"),
            ("openid-b", APP, "b"),
            ("openid-b2", OTHER, "b"),
            ("openid-b3", APP, "b"),
        )
    ]
    assert signed_in == [two.kept, two.kept, two.gone, two.gone, two.gone]


async def test_a_way_in_that_may_be_either_s_is_nobody_s(two: Two, database: Database, keys: Keys) -> None:
    clock = two.residents.clock
    async with database.session() as session:
        await add_phone(session, clock, keys, await account_of(session, two.kept), PHONE)
    with pytest.raises(MergeFinalError, match=r"nothing tells whose: phone \(1\)") as refused:
        await two.undo()
    assert "--unlink-new" in refused.value.fix
    (unlinked,) = (await two.undo(unlink_new=True)).unlinked
    assert (unlinked.provider, unlinked.revoke_reason, unlinked.value) == ("phone", "unmerged", None)
    async with database.session() as session:
        for account in (two.kept, two.gone):
            assert [each.provider for each in await identities_of(session, account)] == ["wechat"]
        await add_phone(session, clock, keys, await account_of(session, two.gone), PHONE)  # its owner adds it again


async def test_a_union_of_both_attributes_nothing(two: Two, database: Database) -> None:
    for name in ("a", "b"):
        await two.residents.sign_in(f"openid-{name}", union="same")
    await two.residents.sign_in("openid-new", OTHER, union="same")
    with pytest.raises(MergeFinalError, match=r"wechat \(1\)"):
        await two.undo()


async def test_what_came_by_another_merge_is_not_taken_for_new(two: Two, database: Database, keys: Keys) -> None:
    clock = two.residents.clock
    third = await two.residents.sign_in("openid-c")
    async with database.session() as session:
        account = await account_of(session, third.account_id)
        attach(session, clock, account, proven_phone(keys, PHONE))
        await pairwise_subject(session, clock, "c.example", account.id)
        await merge(session, clock, two.kept, account.id, "merge.proven-together")
    done = await two.undo()
    assert (done.unlinked, done.shared) == ([], [])
    assert (await two.residents.sign_in("openid-c")).account_id == two.kept


@pytest.mark.parametrize("level", [2, 3])
async def test_a_proof_since_the_merge_keeps_the_account_its_person_s(
    two: Two, database: Database, keys: Keys, level: int
) -> None:
    owner = await two.residents.sign_in("openid-b", union="b")
    async with database.session() as session:
        row = await session.get_one(Session, owner.sid)
        await prove(session, two.residents.clock, keys, row, Evidence(*PERSON, "platform", level))
    with pytest.raises(MergeFinalError, match="was proven after the merge") as refused:
        await two.undo()
    assert "signs in to a new account" in refused.value.fix
    assert (await two.residents.sign_in("openid-a", union="")).account_id not in (two.kept, two.gone)


async def test_the_same_person_s_proof_again_hinders_nothing(
    database: Database, clock: ManualClock, residents: Residents, keys: Keys
) -> None:
    kept, gone = await residents.sign_in("openid-a"), await residents.sign_in("openid-b")
    two = Two(database, residents, kept, gone)

    async def face_check() -> None:
        async with database.session() as session:
            row = await session.get_one(Session, (await residents.sign_in("openid-a")).sid)
            await prove(session, clock, keys, row, Evidence(*PERSON, "platform", 3))

    await face_check()
    clock.advance(HOUR)
    await two.merge()
    await face_check()
    await two.undo()
    assert (await residents.sign_in("openid-b")).account_id == gone.account_id
    async with database.session() as session:
        assert ((await account_of(session, kept.account_id)).ial, (await account_of(session, two.gone)).ial) == (3, 1)


async def agreements(database: Database, account: UUID) -> tuple[list[str], list[str], list[bool]]:
    """Return what an account agreed to: consents and grants that stand, and of its mandates which do."""
    async with database.session() as session:
        consents = await standing(session, account, BROWSER)
        grants = [each.client_id for each in await grants_of(session, account)]
        return list(consents), grants, [each.revoked_at is None for each in await mandates_of(session, Party(account))]


async def test_what_was_agreed_to_since_ends_and_what_before_stays(
    two: Two, database: Database, residents: Residents
) -> None:
    clock, others = residents.clock, (await residents.sign_in("openid-c")).account_id
    for_other = NewMandate(
        kind="person",
        principal=Person(others),
        agent=two.kept,
        scope=("clinic",),
        purpose="Appointments",
        expires_at=clock.now() + timedelta(days=9),
        evidence=Document("court-order", "1"),
    )
    async with database.session() as session:
        await give(session, clock, Between(two.kept, BROWSER), [ASKED])
        agree(session, clock, two.kept, await session.get_one(Client, OTHER), ["profile"])
        await grant(session, clock, for_other, None, "L4")
        agree(session, clock, two.gone, await session.get_one(Client, APP), ["profile"])
        subject = await pairwise_subject(session, clock, "new.example", two.kept)
    assert await agreements(database, two.kept) == ([ASKED.id], [OTHER], [True])
    done = await two.undo()
    assert done.shared == ["new.example"]
    assert await agreements(database, two.kept) == ([], [], [False])
    assert await agreements(database, two.gone) == ([], [APP], [])
    async with database.session() as session:
        assert await pairwise_subject(session, clock, "new.example", two.kept) == subject
        assert await pairwise_subject(session, clock, "new.example", two.gone) != subject
