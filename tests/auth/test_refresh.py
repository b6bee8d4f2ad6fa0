"""Refresh tokens: one successor, the same again for ten seconds, then the family's end."""

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth.sessions.families import begin_family, standing
from auth.sessions.overdue import end_due
from auth.sessions.refresh import REPEAT_WITHIN, Redeemed, Refused, Shown, find_good, issue, redeem
from auth.sessions.sessions import end
from auth.sessions.states import REFRESH, RefreshEvent, RefreshState
from auth.sessions.tables import Session, TokenFamily
from kernel.clock import ManualClock
from kernel.database import Database
from tests.auth.residents import APP, LIFETIMES, OTHER, Residents


class App:
    """A client that has a resident signed in, and what it may do with its tokens."""

    def __init__(self, database: Database, clock: ManualClock, signed_in: Session) -> None:
        self._database = database
        self._clock = clock
        self.session = signed_in
        self.family: TokenFamily

    async def first(self, scope: str = "openid", jkt: str = "", *, idle: timedelta = LIFETIMES.idle) -> str:
        async with self._database.session() as session:
            self.family = begin_family(session, self._clock, self.session, APP, scope=scope, life=timedelta(days=30))
            self.family.jkt = jkt
            await session.flush()
            return await issue(session, self._clock, self.family, idle)

    async def use(
        self,
        token: str,
        client_id: str = APP,
        jkt: str = "",
        *,
        rotates: bool = True,
        idle: timedelta = LIFETIMES.idle,
    ) -> Redeemed | Refused:
        async with self._database.session() as session:
            return await redeem(session, self._clock, Shown(token, client_id, jkt, rotates), idle, _answer)

    async def good(self, token: str) -> bool:
        async with self._database.session() as session:
            return await find_good(session, self._clock, token) is not None

    async def stands(self) -> bool:
        async with self._database.session() as session:
            return await standing(session, self._clock, self.family.id) is not None


def _answer(_family: TokenFamily, _owner: Session, token: str) -> bytes:
    return token.encode()


@pytest.fixture
async def app(database: Database, clock: ManualClock, residents: Residents) -> App:
    return App(database, clock, await residents.sign_in("openid-1"))


@pytest.fixture
async def site(database: Database, clock: ManualClock, residents: Residents) -> App:
    """A client whose resident is signed in by the session of another: their browser's."""
    return App(database, clock, await residents.sign_in("openid-1", OTHER))


async def test_fifty_at_once_get_one_successor(app: App) -> None:
    token = await app.first()
    answers = await asyncio.gather(*(app.use(token) for _ in range(50)))
    redeemed = [each for each in answers if isinstance(each, Redeemed)]
    assert len(redeemed) == 50
    assert len({each.answer for each in redeemed}) == 1
    assert [each.repeated for each in redeemed].count(False) == 1


async def test_within_ten_seconds_the_successor_is_the_same_and_then_the_family_dies(
    app: App, clock: ManualClock
) -> None:
    token = await app.first()
    first = await app.use(token)
    clock.advance(timedelta(seconds=10))
    again = await app.use(token)
    assert isinstance(first, Redeemed)
    assert isinstance(again, Redeemed)
    assert (first.answer, again.repeated) == (again.answer, True)
    clock.advance(timedelta(seconds=1))
    assert isinstance(await app.use(token), Refused)
    assert not await app.stands()
    assert isinstance(await app.use(first.answer.decode()), Refused)


async def test_another_client_or_key_gets_nothing_and_spoils_nothing(app: App) -> None:
    token = await app.first(jkt="thumbprint")
    assert isinstance(await app.use(token, client_id=OTHER, jkt="thumbprint"), Refused)
    assert isinstance(await app.use(token), Refused)
    assert isinstance(await app.use("yr_unknown"), Refused)
    assert isinstance(await app.use(token, jkt="thumbprint"), Redeemed)


async def test_an_ended_session_is_not_refreshed(app: App, database: Database, clock: ManualClock) -> None:
    token = await app.first()
    async with database.session() as session:
        await end(session, clock, [app.session.sid], "signed_out")
    assert isinstance(await app.use(token), Refused)


async def test_an_unused_token_expires(app: App, clock: ManualClock) -> None:
    token = await app.first()
    clock.advance(LIFETIMES.idle)
    assert isinstance(await app.use(token), Refused)


async def test_the_database_cannot_open_a_stored_answer(app: App, database: Database) -> None:
    token = await app.first()
    answer = await app.use(token)
    assert isinstance(answer, Redeemed)
    async with database.engine.connect() as connection:
        rows = (await connection.exec_driver_sql("SELECT row_to_json(refresh_token)::text FROM refresh_token")).all()
    dump = "".join(row[0] for row in rows)
    assert len(rows) == 2
    assert token not in dump
    assert answer.answer.decode() not in dump
    assert answer.answer.hex() not in dump


async def test_a_site_that_refreshes_keeps_the_browser_s_session_in_use_until_it_is_too_old(
    site: App, clock: ManualClock, database: Database
) -> None:
    token = await site.first()
    for _ in range(24):
        clock.advance(timedelta(minutes=59))
        async with database.session() as session:
            assert await end_due(session, clock) == 0
        answer = await site.use(token)
        assert isinstance(answer, Redeemed)
        token = answer.answer.decode()
    clock.advance(timedelta(minutes=24))  # which makes a day
    assert isinstance(await site.use(token), Refused)


async def test_a_site_gets_nothing_once_the_session_is_idle_though_no_worker_ended_it(
    site: App, clock: ManualClock
) -> None:
    token = await site.first()
    clock.advance(LIFETIMES.idle - timedelta(seconds=1))
    assert await site.good(token)
    clock.advance(timedelta(seconds=1))
    assert not await site.good(token)
    assert isinstance(await site.use(token), Refused)


async def test_access_while_they_are_away_is_no_use_of_the_session_and_has_limits_of_its_own(
    site: App, clock: ManualClock, database: Database
) -> None:
    token, idle = await site.first("openid offline_access", idle=timedelta(days=7)), timedelta(days=7)
    clock.advance(timedelta(minutes=59))
    first = await site.use(token, idle=idle)
    assert isinstance(first, Redeemed)
    clock.advance(timedelta(minutes=1))
    async with database.session() as session:
        assert await end_due(session, clock) == 1
    clock.advance(timedelta(days=6))
    second = await site.use(first.answer.decode(), idle=idle)
    assert isinstance(second, Redeemed)
    clock.advance(idle)
    assert isinstance(await site.use(second.answer.decode(), idle=idle), Refused)


async def test_a_sign_out_ends_access_while_they_are_away(site: App, clock: ManualClock, database: Database) -> None:
    token = await site.first("openid offline_access")
    async with database.session() as session:
        await end(session, clock, [site.session.sid], "signed_out")
    assert isinstance(await site.use(token), Refused)


STEPS = st.lists(st.sampled_from(["use", "use", "use", "show the last one again", "wait", "idle", "end"]), max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])  # each example has a session
@given(rotates=st.booleans(), steps=STEPS)
async def test_whatever_comes_is_answered_as_the_table_says(
    database: Database, clock: ManualClock, residents: Residents, *, rotates: bool, steps: list[str]
) -> None:
    app = App(database, clock, await residents.sign_in("openid-1"))
    tokens, answers = [await app.first()], dict[str, bytes]()
    used: dict[str, datetime] = {}
    until, dead = clock.now() + LIFETIMES.idle, False
    for step in steps:
        if step in {"wait", "idle"}:
            clock.advance(timedelta(seconds=11) if step == "wait" else LIFETIMES.idle)
        elif step == "end":
            async with database.session() as session:
                await end(session, clock, [app.session.sid], "signed_out")
            dead = True
        else:
            shown = tokens[-1] if step == "use" else tokens[max(len(tokens) - 2, 0)]
            state: RefreshState = "used" if shown in used else "live"
            if dead or clock.now() >= until:
                state = "revoked" if dead else "expired"
            repeated = shown in used and clock.now() - used[shown] <= REPEAT_WITHIN
            event: RefreshEvent = "repeat" if repeated else "use" if rotates else "renew"
            to = REFRESH.get((state, event))
            found = await app.use(shown, rotates=rotates)
            assert isinstance(found, Redeemed if to in {"live", "used"} else Refused)
            dead = dead or to == "revoked"
            assert await app.stands() is not dead or clock.now() >= until
            if isinstance(found, Redeemed):
                assert found.repeated is repeated
                assert answers.setdefault(shown, found.answer) == found.answer
                if not repeated:
                    until = clock.now() + LIFETIMES.idle
                if to == "used" and not repeated:
                    used[shown] = clock.now()
                    tokens.append(found.answer.decode())
