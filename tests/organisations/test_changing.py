"""Moves, merges and closings: what is refused, and what goes along."""

from datetime import timedelta

import pytest
from sqlmodel import select

from kernel.clock import ManualClock
from kernel.database import Database
from services_catalog.departments import add_department, find_department
from services_catalog.manifest import Text
from services_catalog.organisations.closing import close
from services_catalog.organisations.errors import CloseRefusedError, MoveRefusedError, UnknownOrganisationError
from services_catalog.organisations.merging import merge
from services_catalog.organisations.moving import move
from services_catalog.organisations.responsible import responsible, set_responsibilities
from services_catalog.organisations.roles import Grant, grant, may
from services_catalog.organisations.tables import Organisation, OrganisationChange, Responsibility
from services_catalog.organisations.words import DEPTH_LIMIT
from tests.organisations.city import MONDAY, OPERATOR, author, load_rows, row

pytestmark = pytest.mark.case("issue-4.1")
DAY = timedelta(days=1)


MOVES = [
    ("east", "town", MONDAY, "town stands below east itself"),
    ("west", "east", MONDAY, "A government of the tier district cannot stand below a government of the tier dis"),
    ("town", "west", MONDAY + DAY, "is still to come"),
    ("town", "closed", MONDAY, "closed is closed since 2026-06-01"),
    ("town", "new", MONDAY - 10 * DAY, "new is there from 2026-11-25 to ever only"),
]


async def test_a_move_is_refused(city: Database, clock: ManualClock) -> None:
    district = {"tier": "district", "kind": "government"}
    others = [
        row("closed", "city", valid_to="2026-06-01", **district),
        row("new", "city", valid_from="2026-11-25", **district),
    ]
    await load_rows(city, clock, others)
    for code, parent, day, said in MOVES:
        with pytest.raises(MoveRefusedError, match=said):
            async with city.session() as session:
                await move(session, clock, author(day), code, parent)


async def test_a_move_before_another_one_is_refused(city: Database, clock: ManualClock) -> None:
    async with city.session() as session:
        await move(session, clock, author(), "town", "west")
    with pytest.raises(MoveRefusedError, match="town has moved, or what it stands below, on 2026-11-30"):
        async with city.session() as session:
            await move(session, clock, author(MONDAY - DAY), "town", "city")


async def test_nothing_is_deeper_than_the_limit(city: Database, clock: ManualClock) -> None:
    chain = [row("d0"), *(row(f"d{number}", f"d{number - 1}") for number in range(1, DEPTH_LIMIT))]
    await load_rows(city, clock, chain)
    with pytest.raises(MoveRefusedError, match="more than 32 levels"):
        async with city.session() as session:
            await move(session, clock, author(), "d0", "health")


async def test_a_move_is_in_the_history_and_in_the_audit_log(city: Database, clock: ManualClock) -> None:
    async with city.session() as session:
        await move(session, clock, author(MONDAY - DAY), "town", "west")
    async with city.session() as session:
        query = select(OrganisationChange).where(OrganisationChange.change == "moved")
        (found,) = (await session.exec(query)).all()
    assert (found.organisation, found.effective, found.at) == ("town", MONDAY - DAY, clock.now())
    assert (found.actor, found.before, found.after) == (OPERATOR, {"parent": "east"}, {"parent": "west"})
    entry = await city.pool.fetchrow("SELECT actor, action, object FROM audit_entry ORDER BY seq DESC LIMIT 1")
    assert tuple(entry) == (OPERATOR, "organisation.moved", "organisation:town")


async def test_what_something_stands_below_cannot_be_closed(city: Database, clock: ManualClock) -> None:
    for code in ("village", "health"):  # on either line
        with pytest.raises(CloseRefusedError, match="stands below"):
            async with city.session() as session:
                await close(session, clock, author(), code)


async def test_what_is_not_there_cannot_be_moved(city: Database, clock: ManualClock) -> None:
    with pytest.raises(UnknownOrganisationError):
        async with city.session() as session:
            await move(session, clock, author(), "nowhere", "city")


async def test_a_successor_has_what_its_predecessor_had(city: Database, clock: ManualClock) -> None:
    holder = "credential:0a1b2c3d4e5f"
    async with city.session() as session:
        await set_responsibilities(session, [Responsibility(organisation="east", matter="parks")])
        await grant(session, clock, OPERATOR, Grant(holder, "east", "editor"))
        await add_department(session, clock, "parks", Text(zh="园林", en="Parks"), organisation="east")
    clock.advance(DAY)
    async with city.session() as session:
        await merge(session, clock, author(MONDAY + DAY), "east", "west")
    async with city.session() as session:
        assert (await responsible(session, MONDAY, "grid", "parks")).code == "east"
        assert (await responsible(session, MONDAY + DAY, "grid", "parks")).code == "west"
        assert await may(session, clock, holder, "edit", "west-health")
        assert not await may(session, clock, holder, "edit", "east")
        assert (await find_department(session, "parks")).organisation == "west"
        gone = await session.get_one(Organisation, "east")
        assert (gone.merged_into, gone.valid_to) == ("west", MONDAY + DAY)
    with pytest.raises(MoveRefusedError, match="east is closed since 2026-12-01 and merged into west"):
        async with city.session() as session:
            await move(session, clock, author(MONDAY + DAY), "town", "east")


async def test_nothing_merges_into_what_is_below_it(city: Database, clock: ManualClock) -> None:
    for successor in ("town", "east"):
        with pytest.raises(MoveRefusedError, match="is east itself or stands below it"):
            async with city.session() as session:
                await merge(session, clock, author(), "east", successor)
