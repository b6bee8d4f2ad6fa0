"""The days on which entries are seen, beside what is shown of them."""

from datetime import date

import pytest
from alembic import command

from kernel.database import create_engine
from migrations.upgrade import configuration, upgrade
from services_catalog.lifecycle.publication import suspend
from tests.catalogue.conftest import REVIEWER, City
from tests.services_catalog.entries.samples import CASE, CASE_CODE, IMPLEMENTATION, IMPLEMENTATION_CODE, ITEM, ITEM_CODE

pytestmark = pytest.mark.case("issue-4.3")
BEFORE = "a41c7d20b9e3"  # the revision at which there were none
Days = dict[str, tuple[date | None, date | None]]


async def days(city: City) -> Days:
    rows = await city.database.pool.fetch("SELECT code, effective_from, withdraw_on FROM entry_live")
    return {row["code"]: (row["effective_from"], row["withdraw_on"]) for row in rows}


async def test_they_are_those_that_are_shown_and_go_with_it(city: City) -> None:
    await city.bring_out(ITEM)
    await city.bring_out(IMPLEMENTATION, effective_from="2026-10-02", withdraw_on="2026-10-04")
    await city.bring_out(CASE)
    seen = (date(2026, 10, 2), date(2026, 10, 4))
    assert await days(city) == {ITEM_CODE: (None, None), IMPLEMENTATION_CODE: seen, CASE_CODE: seen}
    async with city.database.session() as session:
        await suspend(session, city.clock, REVIEWER, ITEM_CODE, "because")
    assert {*(await days(city)).values()} == {(None, None)}


async def test_what_an_earlier_release_has_written_gets_them(city: City, database_url: str) -> None:
    await city.bring_out(ITEM)
    await city.bring_out(IMPLEMENTATION, effective_from="2026-10-02")
    await city.bring_out(CASE, withdraw_on="2026-10-04")
    before = await days(city)
    assert before[CASE_CODE] == (date(2026, 10, 2), date(2026, 10, 4))
    engine = create_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(lambda on: command.downgrade(configuration(on), BEFORE))
    await engine.dispose()
    await upgrade(database_url)
    assert await days(city) == before
