"""A city of sixteen district tenants with 600 apps, its staff, and what each of them may do.

That is worked out without the platform's own code: from parents, and the table of docs/organisations.md written out
once more.
"""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from auth.credentials import issue, key_id_of
from services_catalog.departments import add_department
from services_catalog.entries.fields import to_json
from services_catalog.entries.words import EntryLevel
from services_catalog.lifecycle.showing import show
from services_catalog.lifecycle.states import State
from services_catalog.lifecycle.tables import Entry, EntryVersion
from services_catalog.manifest import Text
from services_catalog.organisations.roles import ROLES, Grant, Role, grant
from services_catalog.organisations.words import LINES, Line
from tests.catalogue.conftest import City
from tests.organisations.city import OPERATOR, load_rows, row
from tests.publish.gateway_under_test import CLOCK
from tests.services_catalog.entries.samples import IMPLEMENTATION, ITEM, document

DISTRICTS, APPS = 16, 600
BUREAUS = ("health", "civil", "works")
DOES: dict[str, str] = {  # the rows of docs/organisations.md, by what is asked for
    "read": "owner editor reviewer operator auditor",
    "edit": "owner editor",
    "submit": "owner editor",
    "recall": "owner editor",
    "take": "owner reviewer",
    "approve": "owner reviewer",
    "reject": "owner reviewer",
    "schedule": "owner reviewer",
    "publish": "owner reviewer",
    "resume": "owner reviewer",
    "withdraw": "owner reviewer",
    "suspend": "owner reviewer operator",
}
STATES: tuple[State, ...] = (
    *("draft", "submitted", "checked", "in_review", "approved", "scheduled"),
    *("published", "degraded", "suspended", "rejected", "superseded", "withdrawn"),
)
ON_ITS_WAY = {"draft", "submitted", "checked", "in_review", "approved", "scheduled", "rejected"}
SEEN_BY_ALL = {"published", "degraded"}


class App(NamedTuple):
    """An entry: whose, how its newest version stands, and who wrote and who reviews that."""

    code: str
    organisation: str
    state: State
    author: str
    reviewer: str | None


class Person(NamedTuple):
    """A member of staff with a credential; roles as (role, node, line)."""

    token: str
    roles: tuple[tuple[Role, str, Line], ...]

    @property
    def holder(self) -> str:
        return f"credential:{key_id_of(self.token)}"


class Tenants:
    """The city; everything random follows from one seed."""

    def __init__(self, city: City, people: int, seed: int = 1) -> None:
        self.city = city
        self.random = Random(seed)  # noqa: S311 - a test
        self.parents: dict[str, str] = {}
        self.guides: dict[str, str] = {}
        self.kinds: dict[str, tuple[str, str]] = {}
        self._build_tree()
        self.people: list[Person] = []
        self.apps: list[App] = []
        self._people = people

    def _build_tree(self) -> None:
        self._add("city", "", "city", "government")
        for bureau in BUREAUS:
            self._add(f"city-{bureau}", "city", "city", "department")
        for number in range(DISTRICTS):
            district = f"d{number:02}"
            self._add(district, "city", "district", "government")
            self._add(f"{district}-town", district, "town", "government")
            for bureau in BUREAUS:
                self._add(f"{district}-{bureau}", district, "district", "department")
                self.guides[f"{district}-{bureau}"] = f"city-{bureau}"

    def _add(self, code: str, parent: str, tier: str, kind: str) -> None:
        self.parents[code], self.kinds[code] = parent, (tier, kind)

    async def begin(self) -> None:
        """Load the tree, hire the staff, and have 600 apps in all states."""
        rows = []
        for code, parent in self.parents.items():
            tier, kind = self.kinds[code]
            rows.append(row(code, parent, tier=tier, kind=kind, guidance_parent=self.guides.get(code, "")))
        await load_rows(self.city.database, self.city.clock, rows)
        await self._hire()
        await self._write()

    async def _hire(self) -> None:
        """Each role is held by somebody; every fourth has two, every sixth holds theirs on the ministry's line."""
        nodes = [*self.parents]
        async with self.city.database.session() as session:
            await add_department(session, CLOCK, "city", Text(zh="市", en="City"))
            for number in range(self._people):
                roles: list[tuple[Role, str, Line]] = [self._role(ROLES[number % len(ROLES)], nodes, number)]
                if number % 4 == 3:
                    roles.append(self._role(self.random.choice(ROLES), nodes, number))
                self.people.append(Person(await issue(session, CLOCK, "city"), tuple(roles)))
            self.people.append(Person(await issue(session, CLOCK, "city"), ()))
            for person in self.people:
                for role, node, line in person.roles:
                    await grant(session, self.city.clock, OPERATOR, Grant(person.holder, node, role, line))

    def _role(self, role: Role, nodes: list[str], number: int) -> tuple[Role, str, Line]:
        if number % 6 == 5:
            return role, f"city-{self.random.choice(BUREAUS)}", LINES[1]
        return role, self.random.choice(nodes), LINES[0]

    async def _write(self) -> None:
        """Write the apps' rows: how they came to stand so is not what is looked at here."""
        nodes = [*self.parents]
        self.apps.append(App("the-item", "city", "published", self._somebody(), None))
        for number in range(APPS - 1):
            state: State = self.random.choice(STATES)
            if number < 2 * len(nodes):  # each organisation has one of both
                state = "draft" if number < len(nodes) else "published"
            reviewer = self.random.choice([None, self._somebody()]) if state in ("checked", "in_review") else None
            self.apps.append(App(f"app-{number:03}", nodes[number % len(nodes)], state, self._somebody(), reviewer))
        now = self.city.clock.now()
        async with self.city.database.session() as session:
            for app in self.apps:
                item = app.code == "the-item"
                level: EntryLevel = "item" if item else "implementation"
                entry = Entry(
                    code=app.code, level=level, organisation=app.organisation, item="the-item", created_at=now
                )
                entry.parent = None if item else "the-item"
                session.add(entry)
            await session.flush()
            for app in self.apps:
                session.add(
                    EntryVersion(
                        entry=app.code,
                        number=1,
                        state=app.state,
                        fields=to_json(document(self.sample(app)).fields),
                        took_part=[app.author],
                        reviewer=app.reviewer,
                        created_at=now,
                        changed_at=now,
                    )
                )
            await session.flush()
            await show(session, self.city.clock, "the-item")

    def sample(self, app: App) -> dict[str, Any]:
        """The document of an app."""
        if app.code == "the-item":
            return {**ITEM, "code": app.code, "organisation": app.organisation}
        own = {"parent": "the-item", "fields": IMPLEMENTATION["fields"] | {"name": {"zh": app.code}}}
        return {**IMPLEMENTATION, "code": app.code, "organisation": app.organisation, **own}

    def _somebody(self) -> str:
        return self.random.choice(self.people).holder

    # What each of them may: the expectation, from parents and the table above.

    def above(self, code: str, line: Line = "administrative") -> Iterator[str]:
        """Yield an organisation and all above it on a line."""
        while code:
            yield code
            code = (self.parents if line == "administrative" else self.guides).get(code, "")

    def may(self, person: Person, does: str, organisation: str) -> bool:
        return any(
            role in DOES[does].split() and node in self.above(organisation, line) for role, node, line in person.roles
        )

    def listed(self, person: Person, path: str) -> list[str]:
        """Return what a list has: of what is withdrawn there are no documents unless they are asked for."""
        states = ON_ITS_WAY | SEEN_BY_ALL | {"suspended", *(["withdrawn"] if path == "/entries" else [])}
        kept = (app for app in self.apps if app.state in states)
        return sorted(app.code for app in kept if self.may(person, "read", app.organisation))

    def waiting(self, person: Person) -> set[str]:
        return {
            app.code
            for app in self.apps
            if app.state in ("checked", "in_review")
            and app.reviewer in (None, person.holder)
            and app.author != person.holder
            and self.may(person, "approve", app.organisation)
        }

    def shown(self, person: Person, app: App) -> tuple[int, str, str]:
        """Return the status of a look at an app, and the states that its answer has: on the way, and live."""
        staff = self.may(person, "read", app.organisation)
        if not staff and app.state not in SEEN_BY_ALL:
            return 403, "", ""
        return 200, app.state * (app.state in ON_ITS_WAY), app.state * (app.state in SEEN_BY_ALL | {"suspended"})

    def residents_find(self, district: str) -> set[str]:
        """What is found in a district: its own departments', and the city's. Items are nobody's to use."""
        towns = {code for code in self.above(district) if self.kinds[code][1] == "government"}
        return {
            app.code
            for app in self.apps[1:]
            if app.state in SEEN_BY_ALL
            and next(code for code in self.above(app.organisation) if self.kinds[code][1] == "government") in towns
        }
