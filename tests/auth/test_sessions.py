"""Sessions: they end by age, idleness, hand and with their parents, and gateways know at once."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from auth.errors import SessionEndedError
from auth.sessions.ended import EndedSessions, attach_ended
from auth.sessions.families import begin_family, standing
from auth.sessions.sessions import (
    SignIn,
    begin,
    end,
    end_all_of,
    live,
    raise_assurance,
    revoke_family,
    seen,
    sessions_of,
)
from auth.sessions.tables import Session
from kernel.clock import ManualClock
from kernel.database import Database
from tests.auth.residents import APP, LIFETIMES, OTHER, Residents


async def test_a_session_ends_when_it_is_not_used(database: Database, clock: ManualClock, residents: Residents) -> None:
    signed_in = await residents.sign_in("openid-1")
    clock.advance(timedelta(minutes=59))
    async with database.session() as session:
        row = await live(session, clock, signed_in.sid)
        seen(session, clock, row)
    clock.advance(timedelta(minutes=59))
    async with database.session() as session:
        await live(session, clock, signed_in.sid)
    clock.advance(timedelta(minutes=1))
    async with database.session() as session:
        with pytest.raises(SessionEndedError):
            await live(session, clock, signed_in.sid)


async def test_use_does_not_make_a_session_older_than_it_may_become(
    database: Database, clock: ManualClock, residents: Residents
) -> None:
    signed_in = await residents.sign_in("openid-1")
    for _ in range(23):
        clock.advance(timedelta(minutes=59))
        async with database.session() as session:
            seen(session, clock, await live(session, clock, signed_in.sid))
    clock.advance(timedelta(hours=24) - 23 * timedelta(minutes=59))
    async with database.session() as session:
        with pytest.raises(SessionEndedError):
            await live(session, clock, signed_in.sid)


async def test_a_child_ends_with_its_parent_and_never_outranks_it(
    database: Database, clock: ManualClock, residents: Residents
) -> None:
    parent = await residents.sign_in("openid-1")
    who = SignIn(account_id=parent.account_id, client_id=OTHER, channel="web", ial=4, aal=3, amr=("wx", "ticket"))
    async with database.session() as session:
        child = await begin(session, clock, who, LIFETIMES, parent=await live(session, clock, parent.sid))
        family = begin_family(session, clock, child, OTHER, scope="openid", life=timedelta(days=1))
    assert (child.ial, child.aal, child.expires_at) == (parent.ial, parent.aal, parent.expires_at)
    async with database.session() as session:
        assert set(await end(session, clock, [parent.sid], "signed_out")) == {parent.sid, child.sid}
        assert await end(session, clock, [parent.sid], "signed_out") == []
    async with database.session() as session:
        assert await standing(session, clock, family.id) is None
        assert await sessions_of(session, clock, parent.account_id) == []


async def test_a_child_is_over_with_its_parent_s_idleness_before_anybody_has_ended_either(
    database: Database, clock: ManualClock, residents: Residents
) -> None:
    parent = await residents.sign_in("openid-1")
    child = await residents.follow(parent, OTHER)
    clock.advance(timedelta(minutes=40))
    async with database.session() as session:
        seen(session, clock, await live(session, clock, child.sid))
    clock.advance(timedelta(minutes=20))
    async with database.session() as session:
        with pytest.raises(SessionEndedError):
            await live(session, clock, child.sid)
        assert await sessions_of(session, clock, parent.account_id) == []


async def test_all_sessions_but_one_are_ended(database: Database, clock: ManualClock, residents: Residents) -> None:
    kept, other, third = [await residents.sign_in("openid-1") for _ in range(3)]
    stranger = await residents.sign_in("openid-2")
    async with database.session() as session:
        ended = await end_all_of(session, clock, kept.account_id, "signed_out_everywhere", but=kept.sid)
        assert set(ended) == {other.sid, third.sid}
        assert [each.sid for each in await sessions_of(session, clock, kept.account_id)] == [kept.sid]
        assert [each.sid for each in await sessions_of(session, clock, stranger.account_id)] == [stranger.sid]


async def test_a_step_up_raises_the_same_session(database: Database, clock: ManualClock, residents: Residents) -> None:
    signed_in = await residents.sign_in("openid-1")
    clock.advance(timedelta(minutes=5))
    better = SignIn(account_id=signed_in.account_id, client_id=APP, channel="wechat", ial=3, aal=2, amr=("face", "wx"))
    async with database.session() as session:
        raise_assurance(session, clock, await live(session, clock, signed_in.sid), better)
    async with database.session() as session:
        row = await session.get(Session, signed_in.sid)
    assert row is not None
    assert (row.ial, row.aal, row.amr, row.auth_time) == (3, 2, ["wx", "face"], clock.now())
    assert (row.aal_time, row.step_ups) == (clock.now(), [])


async def test_a_weaker_proof_is_new_but_makes_what_was_shown_before_no_newer(
    database: Database, clock: ManualClock, residents: Residents
) -> None:
    opened, other = await residents.sign_in("openid-1"), await residents.sign_in("openid-2", OTHER)
    first = clock.now()
    stronger = SignIn(
        account_id=opened.account_id,
        identity_id=other.identity_id,
        client_id=APP,
        channel="web",
        ial=1,
        aal=3,
        amr=("hwk", "user", "mfa"),
    )
    for who in (stronger, replace(stronger, aal=1, amr=("sms",)), replace(stronger, identity_id=opened.identity_id)):
        async with database.session() as session:
            row = await live(session, clock, opened.sid)
            raise_assurance(session, clock, row, who)
            assert row.aal == 3
            assert row.step_ups == [str(other.identity_id)], "the one that opened it, and no other twice"
            assert row.auth_time == clock.now()
            assert row.aal_time == (clock.now() if who.aal == 3 else first)
        clock.advance(timedelta(minutes=1))


async def test_gateways_know_what_has_ended_at_once(
    database: Database, redis: Redis, clock: ManualClock, residents: Residents
) -> None:
    attach_ended(database, redis)
    ended = EndedSessions(database.pool, redis, clock, timedelta(minutes=5))
    await ended.start()
    try:
        signed_in, other = await residents.sign_in("openid-1"), await residents.sign_in("openid-2")
        async with database.session() as session:
            family = begin_family(session, clock, other, APP, scope="", life=timedelta(days=1))
        async with database.session() as session:
            await end(session, clock, [signed_in.sid], "signed_out")
            await revoke_family(session, clock, await session.merge(family), "reuse")
        async with asyncio.timeout(1):
            while signed_in.sid not in ended or str(family.id) not in ended:
                await asyncio.sleep(0.01)
        assert other.sid not in ended
        clock.advance(timedelta(minutes=6))
        await ended.refresh()
        assert signed_in.sid not in ended  # no token that lives can name it
    finally:
        await ended.close()


async def test_an_end_is_found_without_redis(
    database: Database, redis: Redis, clock: ManualClock, residents: Residents
) -> None:
    ended = EndedSessions(database.pool, redis, clock, timedelta(minutes=5))
    signed_in = await residents.sign_in("openid-1")
    await ended.refresh()
    async with database.session() as session:
        await end(session, clock, [signed_in.sid], "signed_out")
    await ended.refresh()
    assert signed_in.sid in ended
