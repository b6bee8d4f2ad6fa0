"""A small town for property tests: a tree that changes, entries that come and go, and what residents ought to see.

The model is plain dictionaries. It follows a step that was done and ignores one that was refused; which steps are
refused is for other tests to say.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import uuid4

from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import CHINA
from kernel.errors import YiwangError
from services_catalog import reorganising
from services_catalog.lifecycle import publication
from services_catalog.lifecycle.history import By
from services_catalog.lifecycle.reviewing import approve, reject
from services_catalog.lifecycle.submitting import recall, submit
from services_catalog.organisations.history import Author
from tests.catalogue.conftest import EDITOR, OPERATIONS, REVIEWER, TIERS, City
from tests.organisations.city import OPERATOR, row
from tests.services_catalog.entries.samples import CASE, IMPLEMENTATION, ITEM

Work = Callable[[AsyncSession], Awaitable[object]]
PUBLIC = {"published", "degraded"}
AFTER = {"publish": "published", "degrade": "degraded", "recover": "published", "suspend": "suspended"}
AFTER |= {"resume": "published", "withdraw": "withdrawn"}
FORWARD = ("draft", "submit", "approve", "publish")
EVENTS = ("draft", "submit", "recall", "approve", "reject", *AFTER)


class Node:
    """An organisation as the model has it."""

    def __init__(self, parent: str | None, kind: str, tier: str) -> None:
        self.parent, self.kind, self.tier = parent, kind, tier
        self.name, self.successor = "局", ""


class Town:
    """A tree of a root and others below it, with a generic item, and an implementation and a case of it each place."""

    def __init__(self, city: City, parents: list[tuple[int, bool]], places: list[int]) -> None:
        self.city = city
        self.mark = uuid4().hex[:8]  # of this example: the database has those of the others too
        self.nodes = {self.code(0): Node(None, "government", "city")}
        for at, (above, governs) in enumerate(parents, 1):
            parent = self.code(above % at)
            depth = TIERS.index(self.nodes[parent].tier) + 1 if self.nodes[parent].kind == "government" else 9
            governs = governs and depth < len(TIERS)  # noqa: PLW2901 - what was drawn may not be possible
            tier = TIERS[depth] if governs else self.nodes[parent].tier
            self.nodes[self.code(at)] = Node(parent, "government" if governs else "department", tier)
        self.codes = [*self.nodes]
        self.item = f"{self.mark}-item"
        self.samples: dict[str, dict[str, Any]] = {self.item: {**ITEM, "organisation": self.codes[0]}}
        for at, place in enumerate(places):
            organisation, offered = self.codes[place % len(self.codes)], f"{self.mark}-i{at}"
            own = {"name": {"zh": f"婚姻登记第{at}号"}}
            self.samples[offered] = self._sample(IMPLEMENTATION, organisation, self.item, own)
            self.samples[f"{offered}c"] = self._sample(CASE, organisation, offered, {"name": {"zh": f"补领第{at}号"}})
        self.live = dict.fromkeys(self.samples, "")
        self.done: set[str] = set()  # kinds of steps that were not refused

    def _sample(self, level: dict[str, Any], organisation: str, parent: str, own: dict[str, Any]) -> dict[str, Any]:
        return {**level, "organisation": organisation, "parent": parent, "fields": level["fields"] | own}

    def code(self, number: int) -> str:
        return f"{self.mark}-o{number}"

    async def begin(self) -> None:
        """Load the tree, give its people their roles, and publish everything."""
        await self._load([self._row(code) for code in reversed(self.codes)])
        await self.city.give(EDITOR, "editor", self.codes[0])
        await self.city.give(REVIEWER, "reviewer", self.codes[0])
        for code in self.samples:
            for event in FORWARD:
                assert await self.event(event, code), (event, code)

    async def step(self, kind: str, one: int, other: int) -> None:
        """Do something with an entry, or with organisations."""
        if kind in EVENTS:
            await self.event(kind, [*self.samples][one % len(self.samples)])
        elif kind == "renew":  # an entry goes as far as it can get
            for event in FORWARD:
                await self.event(event, [*self.samples][one % len(self.samples)])
        else:
            code, target = self.codes[1:][one % (len(self.codes) - 1)], self.codes[other % len(self.codes)]
            await getattr(self, kind)(code, target)

    async def event(self, event: str, code: str) -> bool:
        done = await self._does(event, partial(self._take, event, code))
        if done and event in AFTER:
            self.live[code] = AFTER[event]
        return done

    async def _take(self, event: str, code: str, session: AsyncSession) -> None:
        clock = self.city.clock
        if event == "draft":
            await self.city.draft({**self.samples[code], "code": code}, on_site_visits=len(self.done) % 3 + 1)
        elif event == "submit":
            await submit(session, clock, EDITOR, code, OPERATIONS)
        elif event == "recall":
            await recall(session, clock, EDITOR, code)
        elif event == "approve":
            await approve(session, clock, REVIEWER, code)
        elif event == "reject":
            await reject(session, clock, REVIEWER, code, {}, reason="no")
        elif event == "publish":
            await publication.publish(session, clock, By(REVIEWER), code, OPERATIONS)
        elif event == "degrade":
            await publication.degrade(session, clock, code, "no answer")
        elif event == "recover":
            await publication.recover(session, clock, code)
        elif event == "resume":
            await publication.resume(session, clock, REVIEWER, code)
        else:
            await getattr(publication, event)(session, clock, REVIEWER, code, "because")

    async def move(self, code: str, target: str) -> None:
        if await self._does("move", lambda session: reorganising.move(session, *self._by(), code, target)):
            self.nodes[code].parent = target

    async def merge(self, code: str, target: str) -> None:
        if await self._does("merge", lambda session: reorganising.merge(session, *self._by(), code, target)):
            self.nodes[code].successor = target
            for node in self.nodes.values():
                node.parent = target if node.parent == code else node.parent
            for sample in self.samples.values():
                sample["organisation"] = target if sample["organisation"] == code else sample["organisation"]

    async def close(self, code: str, _: str) -> None:
        await self._does("close", lambda session: reorganising.close(session, *self._by(), code))

    async def rename(self, code: str, _: str) -> None:
        name = f"第{len(self.done)}{code[-2:]}局"
        if await self._does("rename", lambda _: self._load([self._row(code) | {"name_zh": name}])):
            self.nodes[code].name = name

    async def load(self, code: str, target: str) -> None:
        """A file moves one organisation and makes an area of another, or no longer one."""
        kind = "department" if self.nodes[target].kind == "government" else "government"
        rows = [self._row(code) | {"parent": target}]
        if target != self.codes[0]:
            rows.append(self._row(target) | {"kind": kind})
        if await self._does("load", lambda _: self._load(rows)):
            self.nodes[code].parent = target
            self.nodes[target].kind = rows[-1]["kind"] if len(rows) > 1 else self.nodes[target].kind

    def _row(self, code: str) -> dict[str, str]:
        node = self.nodes[code]
        return row(code, node.parent or "", tier=node.tier, kind=node.kind, name_zh=node.name)

    async def _load(self, rows: list[dict[str, str]]) -> None:
        columns = b"code,parent,tier,kind,name_zh\n"
        lines = [",".join(each[name] for name in ("code", "parent", "tier", "kind", "name_zh")) for each in rows]
        data = columns + "\n".join(lines).encode()
        async with self.city.database.session() as session:
            await reorganising.load(session, *self._by(), data, progress=lambda _: None)

    def _by(self) -> tuple[Any, Author]:
        return self.city.clock, Author(OPERATOR, self.city.clock.now().astimezone(CHINA).date())

    async def _does(self, kind: str, work: Work) -> bool:
        try:
            async with self.city.database.session() as session:
                result = await work(session)
        except YiwangError:
            return False
        self.done.add(kind)
        return getattr(result, "state", "") != "draft" or kind != "submit"

    def path(self, code: str) -> list[str]:
        """From the root down to an organisation."""
        parent = self.nodes[code].parent
        return [*(self.path(parent) if parent else []), code]

    def area(self, code: str) -> str:
        """Whose residents an organisation serves."""
        return next(each for each in reversed(self.path(code)) if self.nodes[each].kind == "government")

    def is_public(self, code: str) -> bool:
        above = self.samples[code].get("parent")
        return self.live[code] in PUBLIC and (above is None or self.is_public(above))

    def shown(self, code: str) -> dict[str, Any] | None:
        """What residents read of an entry."""
        if not self.is_public(code):
            return None
        body = self.samples[code]["organisation"]
        authority = {"code": body, "name": {"zh": self.nodes[body].name}, "path": self.path(body)}
        return {"code": code, "area": self.area(body), "state": self.live[code], "authority": authority}

    def found(self, district: str) -> set[str]:
        """What is found in a district: the entries of it and of the areas above it; of its successor if it has one."""
        while self.nodes[district].successor:
            district = self.nodes[district].successor
        path = self.path(district)
        usable = [code for code in self.samples if code != self.item and self.is_public(code)]
        return {code for code in usable if self.area(self.samples[code]["organisation"]) in path}
