"""600 apps in 16 district tenants: each member of staff sees and does exactly what node and role allow.

Every route is asked over HTTP; the expectation is worked out in tests/catalogue/tenants.py. Lists are compared whole.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import msgspec
import pytest
from redis.asyncio import Redis

from kernel.database import Database
from kernel.settings import Settings
from services_catalog.reading.answering import Answering
from services_catalog.reading.shared import SharedAnswers
from services_catalog.reading.shelf import Shelf
from tests.catalogue.conftest import City
from tests.catalogue.tenants import APPS, DISTRICTS, DOES, SEEN_BY_ALL, App, Person, Tenants
from tests.publish.gateway_under_test import Gateway, gateway, open_to_loopback

pytestmark = pytest.mark.case("issue-4.must-show")
WHOLE = "YIWANG_ALL_TENANTS" in os.environ  # minutes: every app and organisation, not a share that differs by person
PEOPLE = 11 if WHOLE else 6  # and one without a role
APPS_EACH, ORGANISATIONS_EACH = (APPS, 1000) if WHOLE else (30, 7)
BODIES: dict[str, dict[str, Any]] = {
    "reject": {"reason": "x"},
    "schedule": {"at": "2099-01-01T00:00:00Z"},
    "suspend": {"reason": "x"},
    "withdraw": {"reason": "x"},
}
_T = TypeVar("_T")
STEPS = sorted(DOES.keys() - {"read", "edit"})


class Comparison:
    """Asks the routes as each member of staff, and compares; ``compared`` counts by route and answer."""

    def __init__(self, tenants: Tenants, asked: Gateway) -> None:
        self.tenants = tenants
        self.asked = asked
        self.compared: Counter[tuple[str, int]] = Counter()
        self.by_organisation: dict[str, list[App]] = {}
        for app in tenants.apps[1:]:
            self.by_organisation.setdefault(app.organisation, []).append(app)

    async def person(self, person: Person) -> None:
        await self.lists(person)
        for app in self.share(self.tenants.apps, APPS_EACH):
            await self.look(person, app)
        own = {node for _, node, _ in person.roles}
        for organisation in {*own, *self.share([*self.by_organisation], ORGANISATIONS_EACH)}:
            await self.do(person, organisation, self.by_organisation[organisation])

    def share(self, things: list[_T], most: int) -> list[_T]:
        return self.tenants.random.sample(things, min(most, len(things)))

    async def lists(self, person: Person) -> None:
        for path, key in (("/entries", "entries"), ("/entries/documents", "documents")):
            found: list[str] = []
            after: str | None = ""
            while after is not None:
                status, answer = await self.asked.get(f"{path}?after={after}", person.token)
                found += [each["code"] for each in answer[key]]
                after = answer["next"]
                self.compared[path, status] += 1
            assert found == self.tenants.listed(person, path), (person, path)
        waiting = await self.inbox(person)
        assert set(waiting) == self.tenants.waiting(person), person
        assert len(waiting) == len(set(waiting))

    async def inbox(self, person: Person) -> list[str]:
        status, answer = await self.asked.get("/entries/inbox", person.token)
        self.compared["/entries/inbox", status] += 1
        return [each["code"] for each in answer]

    async def look(self, person: Person, app: App) -> None:
        status, answer = await self.asked.get(f"/entries/{app.code}", person.token)
        seen = status, *((answer.get(each) or {}).get("state", "") for each in ("open", "live"))
        assert seen == self.tenants.shown(person, app), (person, app)
        self.compared["/entries/{code}", status] += 1

    async def do(self, person: Person, organisation: str, apps: list[App]) -> None:
        """Who may not is refused whatever the state; who may is told that it is the wrong one, so nothing changes."""
        for what in ("history", "drift"):
            expected = 200 if self.tenants.may(person, "read", organisation) else 403
            await self.compare(person, "get", f"/entries/{apps[0].code}/{what}", expected)
        for step in STEPS:
            may = self.tenants.may(person, step, organisation)
            unfit = next(app for app in apps if app.state == ("published" if step == "submit" else "draft"))
            app = unfit if may else self.tenants.random.choice(apps)
            await self.compare(person, "post", f"/entries/{app.code}/{step}", 409 if may else 403, BODIES.get(step, {}))
        public = next(app for app in apps if app.state in SEEN_BY_ALL)
        expected = 200 if self.tenants.may(person, "edit", organisation) else 403
        await self.compare(person, "put", f"/entries/{public.code}", expected, self.tenants.sample(public))

    async def compare(self, person: Person, method: str, path: str, expected: int, *body: object) -> None:
        status, answer = await getattr(self.asked, method)(path, person.token, *body)
        assert status == expected, (person, path, answer)
        if expected == 403:
            assert answer["error"]["code"] == "ROLE_MISSING", (person, path, answer)
            assert "state" not in str(answer["error"]["details"])
        self.compared[path.rpartition("/")[2] if method != "put" else "PUT", status] += 1


@pytest.fixture
async def asked(database: Database, redis: Redis, settings: Settings) -> AsyncIterator[Gateway]:
    async with gateway(database, redis, open_to_loopback(settings)) as one:
        yield one


async def test_each_sees_and_does_what_node_and_role_allow(database: Database, asked: Gateway) -> None:
    tenants = Tenants(City(database), PEOPLE)
    await tenants.begin()
    assert len(tenants.apps) == APPS
    comparison = Comparison(tenants, asked)
    for person in tenants.people:
        await comparison.person(person)
    assert {status for _, status in comparison.compared} == {200, 403, 409}
    for (route, status), count in sorted(comparison.compared.items()):
        print(f"{route:24} {status} {count:7,}")  # noqa: T201 - pytest -s shows what was compared


async def test_residents_of_a_district_find_its_own_and_the_city_s(
    database: Database, redis: Redis, shared: SharedAnswers
) -> None:
    tenants = Tenants(City(database), 1)
    await tenants.begin()
    shelf = Shelf(database.pool, redis)
    answering = Answering(shelf, shared, tenants.city.clock)
    await shelf.refresh()
    for number in range(DISTRICTS):
        for district in (f"d{number:02}", f"d{number:02}-town", f"d{number:02}-health"):
            found: set[str] = set()
            after = ""
            while True:
                answer = await answering.answer(f"/search?district={district}&first=100&after={after}")
                hits = msgspec.json.decode(answer.body)["hits"]
                found |= {hit["entry"]["code"] for hit in hits}
                if len(hits) < 100:
                    break
                after = hits[-1]["cursor"]
            assert found == tenants.residents_find(district), district
