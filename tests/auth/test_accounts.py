"""One resident, one account: how identities find it, and how two become one."""

import asyncio
from datetime import timedelta

import pytest

from auth.accounts.accounts import Proven, account_of, freeze, identities_of, sign_in, thaw
from auth.accounts.merging import merge
from auth.accounts.tables import Account
from auth.accounts.unmerging import undo
from auth.clients.pairwise import account_by_subject, pairwise_subject
from auth.errors import AccountClosedError, MergeFinalError, MergeRefusedError
from auth.mandates.representations import Company, believe, party_of
from auth.sessions.sessions import sessions_of
from kernel.clock import ManualClock
from kernel.database import Database
from tests.auth.residents import OTHER, Residents


async def test_the_same_person_at_the_same_time_gets_one_account(database: Database, residents: Residents) -> None:
    sessions = await asyncio.gather(*(residents.sign_in("openid-1") for _ in range(8)))
    assert len({each.account_id for each in sessions}) == 1


async def test_a_union_id_joins_two_apps_of_one_owner(residents: Residents) -> None:
    first = await residents.sign_in("openid-1", union="person")
    second = await residents.sign_in("openid-9", OTHER, union="person")
    stranger = await residents.sign_in("openid-8", OTHER, union="somebody")
    assert first.account_id == second.account_id != stranger.account_id


@pytest.mark.case("FM-24")
async def test_a_union_id_that_comes_later_joins_nothing_by_itself(residents: Residents) -> None:
    first = await residents.sign_in("openid-1")
    second = await residents.sign_in("openid-9", OTHER, union="person")
    again = await residents.sign_in("openid-1", union="person")
    assert first.account_id == again.account_id != second.account_id


async def test_one_app_s_subject_is_nobody_at_another_app(residents: Residents) -> None:
    first, second = await residents.sign_in("openid-1"), await residents.sign_in("openid-1", OTHER)
    assert first.account_id != second.account_id


async def test_a_frozen_account_is_closed_at_once(database: Database, clock: ManualClock, residents: Residents) -> None:
    signed_in = await residents.sign_in("openid-1")
    async with database.session() as session:
        await freeze(session, clock, signed_in.account_id)
        assert await sessions_of(session, clock, signed_in.account_id) == []
    with pytest.raises(AccountClosedError):
        await residents.sign_in("openid-1")
    async with database.session() as session:
        await thaw(session, signed_in.account_id)
    assert (await residents.sign_in("openid-1")).account_id == signed_in.account_id


async def test_a_merge_moves_everything_and_can_be_undone(
    database: Database, clock: ManualClock, residents: Residents
) -> None:
    one, other = await residents.sign_in("openid-1"), await residents.sign_in("openid-9", OTHER)
    async with database.session() as session:
        subjects = {
            (sector, each.sid): await pairwise_subject(session, clock, sector, each.account_id)
            for sector, each in (
                ("a.example", one),
                ("b.example", other),
                ("both.example", one),
                ("both.example", other),
            )
        }
    async with database.session() as session:
        done = await merge(session, clock, other.account_id, one.account_id, "same-proof")
    assert (done.kept_id, done.gone_id) == (one.account_id, other.account_id)
    async with database.session() as session:
        assert (await account_of(session, other.account_id)).id == one.account_id
        assert len(await identities_of(session, one.account_id)) == 2
        assert await pairwise_subject(session, clock, "a.example", one.account_id) == subjects["a.example", one.sid]
        assert await pairwise_subject(session, clock, "b.example", one.account_id) == subjects["b.example", other.sid]
        assert await account_by_subject(session, "b.example", subjects["b.example", other.sid]) == one.account_id
    assert (await residents.sign_in("openid-9", OTHER)).account_id == one.account_id
    async with database.session() as session:
        back = (await undo(session, clock, other.account_id)).merge
        assert (back.id, len(back.identities), back.sectors) == (done.id, 1, ["b.example"])
    async with database.session() as session:
        assert (await account_of(session, other.account_id)).id == other.account_id
        for sector in ("b.example", "both.example"):
            subject = await pairwise_subject(session, clock, sector, other.account_id)
            assert subject == subjects[sector, other.sid]
        assert await sessions_of(session, clock, one.account_id) == []
        with pytest.raises(MergeFinalError, match="is part of no other"):
            await undo(session, clock, other.account_id)
    assert (await residents.sign_in("openid-9", OTHER)).account_id == other.account_id


async def test_an_account_that_goes_represents_no_company_any_more(
    database: Database, clock: ManualClock, residents: Residents
) -> None:
    one, other = await residents.sign_in("openid-1"), await residents.sign_in("openid-9", OTHER)
    company = Company("91310000MA0000000Y", "示例", "b-1")
    async with database.session() as session:
        for each in (one, other):
            await believe(session, clock, each.account_id, company)
        await merge(session, clock, other.account_id, one.account_id, "same-proof")
    async with database.session() as session:
        assert (await party_of(session, clock, one.account_id)).organisations == {company.code}
        assert (await party_of(session, clock, other.account_id)).organisations == frozenset()
        clock.advance(timedelta(days=1))
        assert (await party_of(session, clock, one.account_id)).organisations == frozenset()


async def test_a_merge_is_final_after_thirty_days(database: Database, clock: ManualClock, residents: Residents) -> None:
    one, other = await residents.sign_in("openid-1"), await residents.sign_in("openid-9", OTHER)
    async with database.session() as session:
        await merge(session, clock, one.account_id, other.account_id, "same-proof")
    clock.advance(timedelta(days=30))
    async with database.session() as session:
        with pytest.raises(MergeFinalError, match="has been final since 2026-12-25 08:00 UTC"):
            await undo(session, clock, other.account_id)


async def test_merges_are_undone_from_the_last_one_on(
    database: Database, clock: ManualClock, residents: Residents
) -> None:
    one, two, three = [(await residents.sign_in(f"openid-{each}")).account_id for each in range(3)]
    async with database.session() as session:
        await merge(session, clock, two, three, "same-proof")
        await merge(session, clock, one, two, "same-proof")
    async with database.session() as session:
        with pytest.raises(MergeFinalError, match="which was kept, is merged"):
            await undo(session, clock, three)
    for each in (two, three):
        async with database.session() as session:
            await undo(session, clock, each)
    assert [(await residents.sign_in(f"openid-{each}")).account_id for each in range(3)] == [one, two, three]


async def test_who_signs_in_while_accounts_are_parted_is_in_the_right_one(
    database: Database, clock: ManualClock, residents: Residents
) -> None:
    one, other = await residents.sign_in("openid-1"), await residents.sign_in("openid-2")
    async with database.session() as session:
        await merge(session, clock, one.account_id, other.account_id, "same-proof")
    async with database.session() as session:
        await undo(session, clock, other.account_id)
        waiting = asyncio.create_task(residents.sign_in("openid-2"))
        await asyncio.sleep(0.3)
        assert not waiting.done()
    assert (await waiting).account_id == other.account_id


async def test_two_persons_by_their_id_numbers_never_become_one(
    database: Database, clock: ManualClock, residents: Residents
) -> None:
    one, other = await residents.sign_in("openid-1"), await residents.sign_in("openid-9", OTHER)
    async with database.session() as session:
        for each, index in ((one, b"1" * 16), (other, b"2" * 16)):
            account = await session.get(Account, each.account_id)
            assert account is not None
            account.ial, account.id_number_index = 3, index
            session.add(account)
    async with database.session() as session:
        with pytest.raises(MergeRefusedError):
            await merge(session, clock, one.account_id, other.account_id, "same-proof")


async def test_a_subject_is_made_once_and_differs_by_sector(
    database: Database, clock: ManualClock, residents: Residents
) -> None:
    signed_in = await residents.sign_in("openid-1")

    async def ask(sector: str) -> str:
        async with database.session() as session:
            return await pairwise_subject(session, clock, sector, signed_in.account_id)

    answers = await asyncio.gather(*(ask("a.example") for _ in range(8)))
    assert len(set(answers)) == 1
    assert await ask("b.example") not in answers


async def test_an_unknown_proof_makes_an_l1_account_that_holds_nothing(database: Database, clock: ManualClock) -> None:
    proven = Proven(provider="baidu", tenant="app", subject="openid")
    async with database.session() as session:
        account, _ = await sign_in(session, clock, proven)
    assert (account.ial, account.name, account.id_number, account.id_number_index) == (1, None, None, None)
