"""Several people at once, each with a transaction of their own: one wins, the others are told why, nothing is lost.

Over HTTP with the real PostgreSQL, beside changes of the tree. Whatever the order, all that was answered has happened.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from redis.asyncio import Redis

from kernel.clock import CHINA
from kernel.database import Database
from kernel.errors import YiwangError
from kernel.settings import Settings
from services_catalog import reorganising
from services_catalog.departments import add_department
from services_catalog.lifecycle.history import broken_at, events_of
from services_catalog.manifest import Text
from services_catalog.organisations.history import Author
from tests.catalogue.conftest import TREE, City
from tests.catalogue.office import Office
from tests.organisations.city import OPERATOR
from tests.publish.gateway_under_test import CLOCK, gateway, open_to_loopback
from tests.services_catalog.entries.samples import IMPLEMENTATION, ITEM, ITEM_CODE

pytestmark = pytest.mark.case("issue-4.3")
REFUSED = {403, 409, 422}
WINDOW = {"binding": {"window_only": True}}
OFFICE = "east-civil-affairs"
REVIEWERS = [f"reviewer{number}" for number in range(4)]
EDITORS = [f"editor{number}" for number in range(4)]


class Crowd(Office):
    """Four editors and four reviewers of a city."""

    def sample(self, number: int, organisation: str = OFFICE) -> dict[str, Any]:
        own = {"code": f"app-{number}", "organisation": organisation, "parent": ITEM_CODE}
        return {**IMPLEMENTATION, **own, "fields": IMPLEMENTATION["fields"] | WINDOW}

    async def at_once(self, *requests: Awaitable[tuple[int, Any]]) -> list[int]:
        """Return the statuses: successes, or refusals that say why."""
        answers = await asyncio.gather(*requests)
        assert all(status == 200 or status in REFUSED for status, _ in answers), answers
        return sorted(status for status, _ in answers)

    async def events(self, code: str) -> list[str]:
        async with self.city.database.session() as session:
            steps = await events_of(session, code)
        assert broken_at(steps) is None
        return [each.event for each in steps]

    async def change(self, kind: str, *arguments: str) -> tuple[int, Any]:
        """Change the tree, as a request's status: 200, or that of its refusal."""
        by = CLOCK, Author(OPERATOR, CLOCK.now().astimezone(CHINA).date())
        try:
            async with self.city.database.session() as session:
                await getattr(reorganising, kind)(session, *by, *arguments)
        except YiwangError as error:
            return error.http_status, error.said
        return 200, None

    async def begin(self) -> None:
        """Hire everybody, and have the item public."""
        async with self.city.database.session() as session:
            await add_department(session, CLOCK, "city", Text(zh="市", en="City"))
        for names, role in ((EDITORS, "editor"), (REVIEWERS, "reviewer")):
            for name in names:
                await self.hire(name, role)  # type: ignore[arg-type]  # of Role
        await self.bring_all([ITEM], "publish")

    async def judge(self) -> None:
        """What is shown is what the tree and the entries now say; nothing that is shown is of a closed organisation."""
        rows = await self.city.database.pool.fetch(
            "SELECT e.code, e.organisation, o.path, o.valid_to, o.name_zh FROM entry e "
            "JOIN organisation o ON o.code = e.organisation JOIN entry_version v ON v.entry = e.code "
            "WHERE v.state IN ('published', 'degraded')"
        )
        shown = await self.city.shown()
        assert shown.keys() == {row["code"] for row in rows}
        for row in rows:
            assert row["valid_to"] is None
            authority = shown[row["code"]].authority
            assert (authority.code, "/".join(authority.path)) == (row["organisation"], row["path"])
            await self.events(row["code"])

    async def bring_all(self, samples: list[dict[str, Any]], last: str) -> None:
        """Bring entries so far that ``last`` was done."""
        for sample in samples:
            path = f"/entries/{sample['code']}"
            assert (await self.put("editor0", sample))[0] == 200
            for who, step in (("editor0", "submit"), ("reviewer0", "approve"), ("reviewer0", "publish")):
                assert (await self.post(who, f"{path}/{step}"))[0] == 200
                if step == last:
                    break


@pytest.fixture
async def crowd(database: Database, redis: Redis, settings: Settings) -> AsyncIterator[Crowd]:
    city = City(database)
    await city.found(TREE)
    async with gateway(database, redis, open_to_loopback(settings)) as asked:
        crowd = Crowd(asked, city)
        await crowd.begin()
        yield crowd


async def test_one_of_several_steps_is_taken(crowd: Crowd) -> None:
    for role, step, people in (
        ("editor", "submit", EDITORS),
        ("reviewer", "approve", REVIEWERS),
        ("reviewer", "publish", REVIEWERS),
        ("reviewer", "suspend", REVIEWERS),
        ("reviewer", "resume", REVIEWERS),
        ("reviewer", "withdraw", REVIEWERS),
    ):
        if step == "submit":
            assert (await crowd.put("editor0", crowd.sample(0)))[0] == 200
        body = {"reason": role} if step in ("suspend", "withdraw") else {}
        statuses = await crowd.at_once(*(crowd.post(who, f"/entries/app-0/{step}", body) for who in people))
        assert statuses == [200, 409, 409, 409], step
    events = await crowd.events("app-0")
    expected = ["draft", "submit", "pass", "take", "approve", "publish", "suspend", "resume", "withdraw"]
    assert events == expected


async def test_a_new_entry_is_made_once_and_each_draft_counts(crowd: Crowd) -> None:
    texts = [{"summary": {"zh": f"第{number}人写的简介。"}} for number in range(4)]
    drafts = (crowd.put(who, crowd.sample(1), **text) for who, text in zip(EDITORS, texts, strict=True))
    assert await crowd.at_once(*drafts) == [200] * 4
    assert await crowd.events("app-1") == ["draft"]
    seen = await crowd.get("editor0", "/entries/app-1")
    assert seen["open"]["fields"]["summary"] in [text["summary"] for text in texts]
    assert len(seen["open"]["took_part"]) == 4


async def test_opposite_steps_leave_one_history(crowd: Crowd) -> None:
    await crowd.bring_all([crowd.sample(2)], "submit")
    steps: list[tuple[str, str, Any]] = [
        ("editor1", "recall", {}),
        ("reviewer1", "approve", {}),
        ("reviewer2", "take", {}),
    ]
    steps += [("reviewer3", "reject", {"reason": "x"}), ("editor2", "submit", {})]
    await crowd.at_once(*(crowd.post(who, f"/entries/app-2/{step}", body) for who, step, body in steps))
    await crowd.events("app-2")


async def test_publications_of_one_family_and_of_others_all_come_out(crowd: Crowd) -> None:
    samples = [crowd.sample(number, ("east", "west", OFFICE)[number % 3]) for number in range(6)]
    await crowd.bring_all(samples, "approve")
    again = [crowd.put("editor1", ITEM, on_site_visits=2)]
    ways = [crowd.post(REVIEWERS[at % 4], f"/entries/{each['code']}/publish") for at, each in enumerate(samples)]
    assert await crowd.at_once(*ways, *again) == [200] * 7
    assert {*(each["code"] for each in samples)} < (await crowd.city.shown()).keys()


@pytest.mark.parametrize(
    "change", [("merge", OFFICE, "west-civil-affairs"), ("move", OFFICE, "west"), ("close", OFFICE)]
)
async def test_entries_change_while_the_tree_does(crowd: Crowd, change: tuple[str, ...]) -> None:
    public, coming = ([crowd.sample(number) for number in numbers] for numbers in ((10, 11), (12, 13, 14)))
    await crowd.bring_all(public, "publish")
    await crowd.bring_all(coming, "approve")
    if change[0] == "close":
        await crowd.at_once(*(crowd.post("reviewer0", f"/entries/app-{n}/withdraw", {"reason": "x"}) for n in (10, 11)))
        await crowd.at_once(*(crowd.post("editor0", f"/entries/app-{n}/recall") for n in (12, 13)))
    waits = [crowd.post(REVIEWERS[at], f"/entries/{each['code']}/publish") for at, each in enumerate(coming)]
    news = [crowd.put(who, crowd.sample(20 + at)) for at, who in enumerate(EDITORS)]
    suspended = crowd.post("reviewer3", "/entries/app-10/suspend", {"reason": "x"})
    edited = crowd.put("editor1", ITEM, on_site_visits=2)
    await crowd.at_once(crowd.change(*change), *waits, *news, suspended, edited, crowd.change("move", "west", "city"))
    await crowd.judge()


async def test_opposite_moves_end_in_one_tree(crowd: Crowd) -> None:
    await crowd.bring_all([crowd.sample(30), crowd.sample(31, "west-civil-affairs")], "publish")
    changes = [("move", OFFICE, "west"), ("move", "west-civil-affairs", "east"), ("merge", "west", "east")]
    await crowd.at_once(*(crowd.change(*each) for each in [*changes, *changes]))
    await crowd.judge()
