"""Sessions and merges through events in any order, and what holds after each (docs/decisions/0047)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import UNDO_WITHIN, merge
from auth.accounts.unmerging import undo
from auth.clients.pairwise import pairwise_subject
from auth.errors import MergeFinalError, MergeRefusedError
from auth.sessions.families import begin_family, standing
from auth.sessions.overdue import end_due
from auth.sessions.sessions import SignIn, begin, by_session, end, is_live, raise_assurance, seen
from auth.sessions.tables import Session, TokenFamily
from kernel.clock import ManualClock
from kernel.database import Database
from tests.auth.residents import APP, LIFETIMES, OTHER, Residents

WALK = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])  # each has its residents
MINUTE = timedelta(minutes=1)


class Pair:
    """Two residents, known to the host apart, each with a name at a sector of their own."""

    def __init__(self, database: Database, residents: Residents) -> None:
        self._database = database
        self._residents = residents
        self._name = uuid4().hex
        self._names = dict[str, str]()
        self.accounts = dict[str, UUID]()

    async def begin(self) -> None:
        for who in "ab":
            self._residents.clock.advance(MINUTE)  # the older one is kept
            self.accounts[who] = await self.sign_in(who)
            self._names[who] = await self.name(who, self.accounts[who])

    async def sign_in(self, who: str, app: str = APP) -> UUID:
        union = f"{self._name}-{who}"
        return (await self._residents.sign_in(f"{union}-{app}", app, union=union)).account_id

    async def name(self, who: str, account: UUID) -> str:
        async with self._database.session() as session:
            return await pairwise_subject(session, self._residents.clock, f"{who}.example", account)

    async def does(self, change: Callable[[AsyncSession], Awaitable[object]]) -> bool:
        try:
            async with self._database.session() as session:
                await change(session)
        except (MergeFinalError, MergeRefusedError):
            return False
        return True

    async def merge(self) -> bool:
        a, b = self.accounts.values()
        return await self.does(lambda session: merge(session, self._residents.clock, a, b, "merge.proven-together"))

    async def undo(self) -> bool:
        return await self.does(lambda session: undo(session, self._residents.clock, self.accounts["b"]))

    async def check(self, *, are_one: bool) -> None:
        """Each is known to departments as ever, in the account that they are in."""
        for who, name in self._names.items():
            assert await self.name(who, self.accounts["a" if are_one else who]) == name


SIGN_INS = ["a", "b", "other a", "other b"]
EVENTS = ["merge", "undo", "other a", "other b", "a month"]


@WALK
@example(["merge", "other b", "undo", "merge", "other a", "undo"])
@given(st.lists(st.sampled_from(EVENTS), max_size=10))
async def test_merges_and_their_undoing_leave_each_their_own(
    database: Database, clock: ManualClock, residents: Residents, steps: list[str]
) -> None:
    pair = Pair(database, residents)
    await pair.begin()
    are_one, merged_at = False, clock.now()
    for step in (*steps, *SIGN_INS):
        clock.advance(MINUTE)
        if step == "merge":
            assert await pair.merge() is not are_one
            are_one, merged_at = True, merged_at if are_one else clock.now()
        elif step == "undo":
            undone = await pair.undo()
            assert undone is (are_one and clock.now() < merged_at + UNDO_WITHIN)
            are_one = are_one and not undone
        elif step == "a month":
            clock.advance(UNDO_WITHIN)
        else:
            who = step[-1]
            account = await pair.sign_in(who, OTHER if step.startswith("other") else APP)
            assert account == pair.accounts["a" if are_one else who]
        await pair.check(are_one=are_one)


class Tree:
    """A session, those that came from it, and the token family of each."""

    def __init__(self, database: Database, clock: ManualClock, first: Session) -> None:
        self._database = database
        self._clock = clock
        self._families = dict[str, UUID]()
        self._ended = dict[str, Session]()
        self.first = first

    async def follow(self, session: AsyncSession, owner: Session) -> None:
        child = await begin(session, self._clock, by_session(owner, OTHER, ""), LIFETIMES, parent=owner)
        await self.tokens(session, child)

    async def tokens(self, session: AsyncSession, owner: Session) -> None:
        family = begin_family(session, self._clock, owner, owner.client_id, scope="openid", life=timedelta(days=30))
        await session.flush()
        self._families[owner.sid] = family.id

    async def step(self, name: str) -> None:
        async with self._database.session() as session:
            owner = await session.get_one(Session, self.first.sid)
            if name == "sweep":
                await end_due(session, self._clock)
            elif name == "sign out":
                await end(session, self._clock, [owner.sid], "signed_out")
            elif not await is_live(session, self._clock, owner):
                return
            elif name == "follow":
                await self.follow(session, owner)
            elif name == "step up":
                proven = SignIn(
                    account_id=owner.account_id, client_id=APP, channel="wechat", ial=3, aal=2, amr=("face",)
                )
                raise_assurance(session, self._clock, owner, proven)
            else:
                seen(session, self._clock, owner)

    async def check(self) -> None:
        """What is over stays over for the reason that it had; nothing outlives or outranks what it came from."""
        async with self._database.session() as session:
            first = await session.get_one(Session, self.first.sid)
            for sid, family_id in self._families.items():
                row, family = await session.get_one(Session, sid), await session.get_one(TokenFamily, family_id)
                assert row.idle_until <= row.expires_at <= first.expires_at
                assert (row.ial, row.aal) <= (first.ial, first.aal)
                assert (row.ended_at is None) is (row.end_reason == "")
                assert row.ended_at is not None or first.ended_at is None
                assert family.expires_at <= row.expires_at
                stands = await standing(session, self._clock, family_id) is not None
                assert stands is (row.ended_at is None and self._clock.now() < family.expires_at)
                if row.ended_at is not None:
                    known = self._ended.setdefault(sid, row)
                    assert (row.ended_at, row.end_reason) == (known.ended_at, known.end_reason)
            assert first.ial >= self.first.ial
            self.first = first


STEPS = ["use", "follow", "step up", "wait", "go away", "stay half a day", "sweep", "sign out"]
WAITS = {"wait": LIFETIMES.idle / 2, "go away": LIFETIMES.idle}


@WALK
@example(["stay half a day", "stay half a day", "follow", "wait", "sweep"])
@given(st.lists(st.sampled_from(STEPS), max_size=12))
async def test_sessions_end_once_with_all_that_came_from_them(
    database: Database, clock: ManualClock, residents: Residents, steps: list[str]
) -> None:
    tree = Tree(database, clock, await residents.sign_in(uuid4().hex))
    async with database.session() as session:
        await tree.tokens(session, tree.first)
    for step in steps:
        if step in WAITS:
            clock.advance(WAITS[step])
        elif step == "stay half a day":
            for _ in range(12):
                clock.advance(LIFETIMES.idle - MINUTE)
                await tree.step("use")
        else:
            await tree.step(step)
        await tree.check()
