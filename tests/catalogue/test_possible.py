"""What an entry's view says of steps is what happens to who takes them: who may, who may not, and in which words."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from kernel.database import Database
from kernel.settings import Settings
from services_catalog.lifecycle.publication import suspend
from tests.catalogue.office import Office, opened
from tests.publish.gateway_under_test import CLOCK
from tests.services_catalog.entries.samples import ITEM, ITEM_CODE

pytestmark = pytest.mark.case("issue-4.3")
PATH = f"/entries/{ITEM_CODE}"
BODIES = {step: {"reason": "x"} for step in ("approve", "reject", "publish", "suspend", "resume", "withdraw")}
BODIES["schedule"] = {"at": "2099-01-01T00:00:00Z"}


@pytest.fixture
async def office(database: Database, redis: Redis, settings: Settings) -> AsyncIterator[Office]:
    async with opened(database, redis, settings) as office:
        await office.hire("second", "reviewer")
        await office.hire("owner", "owner")
        await office.hire("operator", "operator")
        yield office


async def possible(office: Office, who: str) -> set[str]:
    """Return the steps that somebody is said to be able to take; those that are refused are, in the same words."""
    steps = (await office.get(who, PATH))["steps"]
    for each in steps:
        if "refused" in each:
            status, answer = await office.post(who, f"{PATH}/{each['step']}", BODIES.get(each["step"], b""))
            assert (status in {403, 409}, answer["error"]["message"], answer["error"]["fix"]) == (
                True,
                each["refused"],
                each["fix"],
            )
    return {each["step"] for each in steps if "refused" not in each}


async def test_each_state_has_its_steps_for_those_who_may(office: Office) -> None:
    people = ("editor", "reviewer", "second", "owner", "operator")

    async def stands(**expected: set[str]) -> None:
        assert {who: said for who in people if (said := await possible(office, who))} == expected

    await office.put("owner", ITEM)
    await stands(editor={"submit"}, owner={"submit"})
    await office.post("editor", f"{PATH}/submit")
    await stands(editor={"recall"}, reviewer={"take"}, second={"take"}, owner={"recall"})
    await office.post("reviewer", f"{PATH}/take")
    await stands(editor={"recall"}, reviewer={"approve", "reject", "release"}, owner={"recall", "release"})
    assert (await office.post("owner", f"{PATH}/release"))[0] == 200
    await stands(editor={"recall"}, reviewer={"take"}, second={"take"}, owner={"recall"})
    await office.post("second", f"{PATH}/take")
    assert (await office.post("second", f"{PATH}/release"))[1]["state"] == "checked"
    assert [each["code"] for each in await office.get("reviewer", "/entries/inbox")] == [ITEM_CODE]
    await office.post("reviewer", f"{PATH}/take")
    await office.post("reviewer", f"{PATH}/approve")
    out = {"publish", "schedule"}
    await stands(editor={"recall"}, reviewer=out, second=out, owner=out | {"recall"})
    await office.post("second", f"{PATH}/publish")
    off = {"suspend", "withdraw"}
    await stands(reviewer=off, second=off, owner=off, operator={"suspend"})
    await office.post("operator", f"{PATH}/suspend", {"reason": "x"})
    on = {"resume", "withdraw"}
    await stands(reviewer=on, second=on, owner=on)
    await office.post("owner", f"{PATH}/resume")
    async with office.city.database.session() as session:
        await suspend(session, CLOCK, "operator:test", ITEM_CODE, "a leak")
    await stands(reviewer={"withdraw"}, second={"withdraw"}, owner={"withdraw"})


async def test_both_versions_have_steps_at_once(office: Office) -> None:
    await office.bring_out(ITEM)
    await office.put("editor", ITEM, on_site_visits=2)
    steps = (await office.get("reviewer", PATH))["steps"]
    assert {(each["step"], each["version"]) for each in steps} == {("submit", 2), ("suspend", 1), ("withdraw", 1)}
    seen = await office.get("nobody", PATH)
    assert {each["step"] for each in seen["steps"] if each["refused"]} == {"suspend", "withdraw"}
