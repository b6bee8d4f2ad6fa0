"""Random trees through moves, merges and closings on random days: every answer is that of a plain model."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import ManualClock
from kernel.database import Database
from services_catalog.organisations import questions
from services_catalog.organisations.closing import close
from services_catalog.organisations.errors import OrganisationError
from services_catalog.organisations.merging import merge
from services_catalog.organisations.moving import move
from services_catalog.organisations.questions import View
from services_catalog.organisations.roles import MAY, ROLES, Grant, grant, may, where_may
from services_catalog.organisations.tables import Organisation
from services_catalog.organisations.words import LINES
from tests.organisations.city import MONDAY, OPERATOR, author, load_rows, noon, row
from tests.organisations.model import Held, Model, Parents

WALK = settings(max_examples=35, suppress_health_check=[HealthCheck.function_scoped_fixture])  # each has its own tree
pytestmark = pytest.mark.case("issue-4.1")

_trees = count()
_number = st.integers(0, 11)
_tree = st.lists(st.tuples(_number, _number), min_size=2, max_size=12)  # parents, on both lines, among those before
_role = st.tuples(st.sampled_from(ROLES), _number, st.sampled_from(LINES))
_step = st.tuples(
    st.sampled_from(["move", "move", "merge", "close", "sleep", "sleep"]),
    _number,
    _number,
    st.sampled_from(LINES),
    st.sampled_from([0, 0, 0, 1, 2]),  # how many days back
)


class Walk:
    """One tree, in the database and as a model; its codes are no other's."""

    def __init__(self, database: Database, tree: list[tuple[int, int]]) -> None:
        self.database = database
        self.clock = ManualClock(noon(MONDAY))
        prefix = f"t{next(_trees)}-"
        self.codes = [f"{prefix}{number}" for number in range(len(tree))]
        nodes: dict[str, Parents] = {}
        for number, (above, guiding) in enumerate(tree):
            one, other = (self.codes[each % number] if number else None for each in (above, guiding))
            nodes[self.codes[number]] = {"administrative": one, "guidance": other if guiding % 3 else None}
        self.model = Model(nodes)
        self.holder = f"account:{prefix}1"

    def code(self, number: int) -> str:
        return self.codes[number % len(self.codes)]

    async def begin(self, roles: list[tuple[str, int, str]]) -> None:
        nodes = self.model.days[0].items()
        rows = [row(code, up["administrative"] or "", guidance_parent=up["guidance"] or "") for code, up in nodes]
        await load_rows(self.database, self.clock, reversed(rows))  # parents after their children
        for role, number, line in roles:
            given = Grant(self.holder, self.code(number), role, line)  # type: ignore[arg-type]  # of ROLES and LINES
            async with self.database.session() as session:
                await grant(session, self.clock, OPERATOR, given)
            self.model.held.append(Held(role, self.code(number), given.line))

    async def step(self, step: tuple[str, int, int, str, int]) -> None:
        kind, one, other, on, back = step
        code, target, line = self.code(-1 - one), self.code(other), next(each for each in LINES if each == on)
        day = max(len(self.model.days) - 1 - back, 0)
        by = author(MONDAY + timedelta(days=day))
        if kind == "sleep":
            self.clock.advance(timedelta(days=1))
            self.model.sleep()
            return
        if kind == "move" and await self._done(lambda session: move(session, self.clock, by, code, target, line=line)):
            if self.model.days[-1][code][line] != target:
                assert self.model.can_move(day, line, code, target)
                self.model.move(day, line, code, target)
        elif kind == "merge" and await self._done(lambda session: merge(session, self.clock, by, code, target)):
            assert self.model.can_merge(day, code, target)
            self.model.merge(day, code, target)
        elif kind == "close" and await self._done(lambda session: close(session, self.clock, by, code)):
            assert self.model.can_close(day, code)
            self.model.close(day, code)

    async def _done(self, change: Callable[[AsyncSession], Awaitable[object]]) -> bool:
        try:
            async with self.database.session() as session:
                await change(session)
        except OrganisationError:
            return False
        return True

    async def check(self) -> None:
        async with self.database.session() as session:
            for day in range(len(self.model.days)):
                for line in LINES:
                    await self._compare(session, day, View(MONDAY + timedelta(days=day), line))
            await self._compare_roles(session)

    async def _compare(self, session: AsyncSession, day: int, view: View) -> None:
        codes = list(self.model.days[day])
        expected = {code: "/".join(self.model.path(day, view.line, code)) for code in codes}
        assert await questions.paths_of(session, view, codes) == expected
        one, other = codes[day % len(codes)], codes[-1]
        below = self.model.subtree(day, view.line, one)
        page = await questions.subtree(session, view, one, limit=3)
        found = page.organisations
        while page.after:
            page = await questions.subtree(session, view, one, limit=3, after=page.after)
            found += page.organisations
        assert [each.code for each in found] == sorted(below, key=lambda code: expected[code])
        assert await questions.count(session, view, one) == len(below)
        above = [each.code for each in await questions.ancestors(session, view, other)]
        assert above == self.model.path(day, view.line, other)[:-1]
        children = await questions.children(session, view, one)
        assert {each.code for each in children} == self.model.children(day, view.line, one)
        shared = await questions.common(session, view, [one, other])
        assert (shared.code if shared else None) == self.model.common(day, view.line, [one, other])

    async def _compare_roles(self, session: AsyncSession) -> None:
        today = self.model.days[-1]
        for action, roles in MAY.items():
            allowed = where_may(self.holder, action, self.clock.now())
            query = select(Organisation.code).where(allowed, col(Organisation.code).in_(today))
            expected = self.model.may(frozenset(roles))
            assert set((await session.exec(query)).all()) == expected
            one = self.code(len(action))
            assert await may(session, self.clock, self.holder, action, one) == (one in expected) or one not in today


@WALK
@example(
    [(0, 0), (0, 0), (0, 1), (2, 1), (3, 2)],
    [("owner", 2, "administrative")],
    [("sleep", 0, 0, "guidance", 0), ("move", 1, 1, "administrative", 0), ("merge", 2, 1, "guidance", 1)],
)
@given(_tree, st.lists(_role, max_size=3), st.lists(_step, max_size=10))
async def test_every_answer_is_that_of_the_model(
    database: Database,
    tree: list[tuple[int, int]],
    roles: list[tuple[str, int, str]],
    steps: list[tuple[str, int, int, str, int]],
) -> None:
    walk = Walk(database, tree)
    await walk.begin(roles)
    for step in steps:
        await walk.step(step)
    await walk.check()
