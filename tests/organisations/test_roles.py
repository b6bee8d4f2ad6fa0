"""Roles: who gives them, how they end, and that nobody reviews their own."""

from datetime import timedelta

import pytest

from kernel.clock import ManualClock
from kernel.database import Database
from services_catalog.organisations.errors import OwnSubmissionError, RoleRefusedError, UnknownOrganisationError
from services_catalog.organisations.roles import MAY, ROLES, Grant, check_apart, grant, may, revoke, roles
from tests.organisations.city import OPERATOR

pytestmark = pytest.mark.case("issue-4.1")
OWNER, EDITOR = "account:owner", "credential:0a1b2c3d4e5f"


async def _give(database: Database, clock: ManualClock, by: str, given: Grant) -> None:
    async with database.session() as session:
        await grant(session, clock, by, given)


async def test_an_owner_gives_roles_below(city: Database, clock: ManualClock) -> None:
    await _give(city, clock, OPERATOR, Grant(OWNER, "east", "owner"))
    await _give(city, clock, OWNER, Grant(EDITOR, "east-health", "editor"))
    async with city.session() as session:
        assert await may(session, clock, EDITOR, "submit", "east-health")
        assert not await may(session, clock, EDITOR, "submit", "east")
        assert not await may(session, clock, EDITOR, "review", "east-health")
        assert not await may(session, clock, EDITOR, "submit", "nowhere")


async def test_who_does_not_own_it_gives_no_role(city: Database, clock: ManualClock) -> None:
    await _give(city, clock, OPERATOR, Grant(OWNER, "east", "owner"))
    await _give(city, clock, OPERATOR, Grant(OWNER, "city", "reviewer"))
    for given in (
        Grant(EDITOR, "city", "editor"),
        Grant(EDITOR, "west", "editor"),
        Grant(EDITOR, "east", "editor", "guidance"),  # owned on the other line
    ):
        with pytest.raises(RoleRefusedError, match="Only an owner"):
            await _give(city, clock, OWNER, given)


async def test_a_role_on_the_ministry_line_reaches_along_it(city: Database, clock: ManualClock) -> None:
    await _give(city, clock, OPERATOR, Grant(OWNER, "health", "owner", "guidance"))
    await _give(city, clock, OWNER, Grant(EDITOR, "east-health", "editor", "guidance"))
    async with city.session() as session:
        assert await may(session, clock, OWNER, "publish", "west-health")
        assert not await may(session, clock, OWNER, "publish", "east")
        assert await may(session, clock, EDITOR, "edit", "east-health")


async def test_a_role_ends_when_it_is_taken_or_over(city: Database, clock: ManualClock) -> None:
    until = clock.now() + timedelta(hours=1)
    async with city.session() as session:
        taken = await grant(session, clock, OPERATOR, Grant(EDITOR, "east", "editor"))
        await grant(session, clock, OPERATOR, Grant(EDITOR, "west", "editor", until=until))
    async with city.session() as session:
        assert await may(session, clock, EDITOR, "edit", "west")
        with pytest.raises(RoleRefusedError):
            await revoke(session, clock, EDITOR, taken)
        await revoke(session, clock, OPERATOR, taken)
    clock.advance(timedelta(hours=1))
    async with city.session() as session:
        assert not await may(session, clock, EDITOR, "edit", "east")
        assert not await may(session, clock, EDITOR, "edit", "west")
        assert await roles(session, clock.now()) == []
        with pytest.raises(RoleRefusedError, match="is held now"):
            await revoke(session, clock, OPERATOR, taken)
    logged = await city.pool.fetch("SELECT action, object FROM audit_entry WHERE action LIKE 'role.%' ORDER BY seq")
    assert [tuple(each) for each in logged] == [("role.granted", EDITOR)] * 2 + [("role.revoked", EDITOR)]


async def test_what_is_no_holder_or_no_place_is_refused(city: Database, clock: ManualClock) -> None:
    with pytest.raises(RoleRefusedError, match="can hold no role"):
        await _give(city, clock, OPERATOR, Grant("operator:me", "east", "editor"))
    with pytest.raises(RoleRefusedError, match="can hold no role") as refused:
        await _give(city, clock, OPERATOR, Grant("credential:yw_0a1b2c3d4e5f_verySecret", "east", "editor"))
    assert "verySecret" not in str(refused.value)
    with pytest.raises(RoleRefusedError, match="has passed"):
        await _give(city, clock, OPERATOR, Grant(EDITOR, "east", "editor", until=clock.now()))
    with pytest.raises(UnknownOrganisationError):
        await _give(city, clock, OPERATOR, Grant(EDITOR, "nowhere", "editor"))


def test_nobody_reviews_what_they_took_part_in() -> None:
    check_apart("account:reviewer", {EDITOR})
    with pytest.raises(OwnSubmissionError):
        check_apart(EDITOR, {EDITOR, OWNER})


def test_every_action_is_somebody_s() -> None:
    assert all(who and who <= set(ROLES) for who in MAY.values())
    assert not MAY["edit"] & MAY["review"] - {"owner"}
