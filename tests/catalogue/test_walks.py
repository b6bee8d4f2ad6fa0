"""Random people take random steps with entries: only what the table allows happens, and what is shown is right."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from sqlmodel import col, select

from kernel.database import Database
from kernel.errors import YiwangError
from services_catalog.lifecycle import publication
from services_catalog.lifecycle.flow import EntryFlow
from services_catalog.lifecycle.history import broken_at
from services_catalog.lifecycle.states import LIVE, NEEDS, OPEN, PUBLIC, TRANSITIONS
from services_catalog.lifecycle.tables import EntryEvent, EntryLive, EntryVersion
from services_catalog.organisations.roles import MAY, Role
from tests.catalogue.conftest import City
from tests.services_catalog.entries.samples import CASE, IMPLEMENTATION, ITEM, document

WALK = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])  # each has its entries
pytestmark = pytest.mark.case("issue-4.3")
TREE = {"city": "", "east": "city", "west": "city"}
ROLES: dict[str, tuple[Role, str]] = {
    "credential:editor": ("editor", "city"),
    "credential:reviewer": ("reviewer", "city"),
    "credential:owner": ("owner", "city"),
    "credential:east": ("owner", "east"),
    "credential:west": ("owner", "west"),
    "credential:operator": ("operator", "city"),
    "credential:auditor": ("auditor", "city"),
}
PEOPLE = [*ROLES, "credential:nobody"]
ORGANISATIONS = ("city", "east", "west", "east")  # of the item, two implementations, and a case of the first
FIT = {"edit": "editor", "submit": "editor", "review": "reviewer", "publish": "reviewer", "suspend": "reviewer"}
OWN = {"pass", "fail", "supersede"}  # follow from other steps
_walks = count()
_fitting = st.tuples(st.integers(0, 9), st.just(""), st.integers(0, 3))  # one of the possible steps, by who may take it
_any = st.tuples(st.sampled_from(["draft", "spoil", "due", *sorted(NEEDS)]), st.sampled_from(PEOPLE), st.integers(0, 3))
_steps = st.lists(st.one_of(_fitting, _fitting, _fitting, _any), min_size=20, max_size=35)


class Row(NamedTuple):
    state: str
    took_part: tuple[str, ...]


class Seen(NamedTuple):
    """All that is stored of a walk's entries."""

    versions: dict[tuple[str, int], Row]
    events: Sequence[EntryEvent]
    shown: dict[str, bool]


class Walk:
    """Four entries of one family, moved by whoever; what is stored is looked at after every step."""

    def __init__(self, city: City, redis: Redis) -> None:
        self.city = city
        self.flow = EntryFlow(city.database, redis, city.clock)
        name = f"walk{next(_walks)}"
        self.codes = [f"{name}-{place}" for place in ("item", "east", "west", "case")]
        self.parents = dict(zip(self.codes, (None, self.codes[0], self.codes[0], self.codes[1]), strict=True))
        self.organisations = dict(zip(self.codes, ORGANISATIONS, strict=True))
        self.number = 0

    async def bring_out(self, public: int) -> None:
        """Have so many of the family public."""
        for code in self.codes[:public]:
            await self.does("draft", "credential:editor", code)
            await self.flow.submit("credential:editor", code)
            await self.flow.approve("credential:reviewer", code)
            await self.flow.publish("credential:reviewer", code)

    async def step(self, step: tuple[int | str, str, int]) -> None:
        kind, actor, place = step
        code = self.codes[place]
        before = await self.seen()
        if isinstance(kind, int):
            stands = sorted(row.state for (entry, _), row in before.versions.items() if entry == code)
            kinds: list[str] = [event for state, event in TRANSITIONS if state in stands and event not in OWN]
            if not OPEN & set(stands):
                kinds.append("draft")
            kind = kinds[kind % len(kinds)]
            actor = "credential:" + FIT[NEEDS.get(kind, "edit")]  # type: ignore[call-overload]  # the platform's own, too
        refused = await self.refusal(kind, actor, code)
        after = await self.seen()
        if refused not in ("", "ENTRY_RULES_BROKEN"):  # which takes a submission back, and says so
            assert after.versions == before.versions, (kind, actor, refused)
        self.judge(before, after, (kind, actor))

    async def refusal(self, kind: str, actor: str, code: str) -> str:
        """Do something, and return the code of the error that refused it."""
        try:
            await self.does(kind, actor, code)
        except YiwangError as error:
            return error.code
        return ""

    async def does(self, kind: str, actor: str, code: str) -> None:
        if kind in ("draft", "spoil"):
            await self.flow.draft(actor, document(self.sample(code, good=kind == "draft")))
        elif kind == "due":
            self.city.clock.advance(timedelta(hours=2))
            await self.platform(lambda session: publication.publish_due(session, self.city.clock, code, frozenset()))
        elif kind == "degrade":
            await self.platform(lambda session: publication.degrade(session, self.city.clock, code, "no answer"))
        elif kind == "recover":
            await self.platform(lambda session: publication.recover(session, self.city.clock, code))
        elif kind == "schedule":
            await self.flow.schedule(actor, code, self.city.clock.now() + timedelta(hours=1))
        elif kind == "reject":
            await self.flow.reject(actor, code, {"fee": "why"})
        elif kind in ("suspend", "withdraw"):
            await getattr(self.flow, kind)(actor, code, "because")
        elif kind == "revise":
            await self.flow.draft(actor, document(self.sample(code, good=True)))
        else:
            await getattr(self.flow, kind)(actor, code)

    async def platform(self, work: Callable[[Any], Awaitable[object]]) -> None:
        async with self.city.database.session() as session:
            await work(session)

    def sample(self, code: str, *, good: bool) -> dict[str, Any]:
        """A document that says something new."""
        self.number += 1
        level = (ITEM, IMPLEMENTATION, IMPLEMENTATION, CASE)[self.codes.index(code)]
        fields = level["fields"] | {"name": {"zh": f"事项{self.number}"}}
        if level is IMPLEMENTATION:
            fields["binding"] = {"window_only": True}
        if not good:
            fields["on_site_visits"], fields["online_depth"] = 2, 4  # breaks E15
        made = level | {"code": code, "organisation": self.organisations[code], "fields": fields}
        return made | ({"parent": self.parents[code]} if self.parents[code] else {})

    async def seen(self) -> Seen:
        async with self.city.database.session() as session:
            of = col(EntryVersion.entry).in_(self.codes)
            versions = (await session.exec(select(EntryVersion).where(of))).all()
            happened = select(EntryEvent).where(col(EntryEvent.entry).in_(self.codes)).order_by(col(EntryEvent.place))
            events = (await session.exec(happened)).all()
            live = (await session.exec(select(EntryLive).where(col(EntryLive.code).in_(self.codes)))).all()
        return Seen(
            {(each.entry, each.number): Row(each.state, tuple(each.took_part)) for each in versions},
            events,
            {each.code: each.shown is not None for each in live},
        )

    def judge(self, before: Seen, after: Seen, step: tuple[str, str]) -> None:
        known = {each.id for each in before.events}
        states = {key: row.state for key, row in before.versions.items()}
        for event in (each for each in after.events if each.id not in known):
            key = (event.entry, event.number)
            assert states.get(key) == event.before, step
            if event.before is not None:
                assert TRANSITIONS[event.before, event.event] == event.after, step  # type: ignore[index]  # as stored
            states[key] = event.after
            self.judge_actor(event, after)
        assert states == {key: row.state for key, row in after.versions.items()}, step
        for code in self.codes:
            stand = [row.state for (entry, _), row in after.versions.items() if entry == code]
            assert sum(state in OPEN for state in stand) <= 1, step
            assert sum(state in LIVE for state in stand) <= 1, step
            assert after.shown.get(code, False) is self.is_public(code, after), (code, step)

    def judge_actor(self, event: EntryEvent, after: Seen) -> None:
        """Whoever acted held a role that may, at the entry's organisation or above; no reviewer had taken part."""
        if event.actor.startswith("platform:"):
            return
        role, at = ROLES[event.actor]
        assert event.role == role
        assert role in MAY["edit" if event.event == "draft" else NEEDS[event.event]]  # type: ignore[index]  # as stored
        assert at in ("city", self.organisations[event.entry])
        if event.event in ("take", "approve", "reject"):
            assert event.actor not in after.versions[event.entry, event.number].took_part

    def is_public(self, code: str | None, seen: Seen) -> bool:
        """The model: it and all above it are published or degraded."""
        if code is None:
            return True
        mine = any(row.state in PUBLIC for (entry, _), row in seen.versions.items() if entry == code)
        return mine and self.is_public(self.parents[code], seen)


@pytest.fixture
async def people(database: Database) -> City:
    city = City(database)
    await city.found(TREE)
    for holder, (role, organisation) in ROLES.items():
        await city.give(holder, role, organisation)
    return city


@WALK
@given(public=st.integers(0, 4), steps=_steps)
async def test_a_walk_never_leaves_the_table(
    people: City, redis: Redis, public: int, steps: list[tuple[int | str, str, int]]
) -> None:
    walk = Walk(people, redis)
    await walk.bring_out(public)
    for step in steps:
        await walk.step(step)
    seen = await walk.seen()
    for code in walk.codes:
        assert broken_at([each for each in seen.events if each.entry == code]) is None
