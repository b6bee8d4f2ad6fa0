"""Entries follow their organisations through moves, merges, renames and files; what offers something is not closed."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from sqlalchemy import event
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import CHINA
from services_catalog import reorganising
from services_catalog.lifecycle import following
from services_catalog.lifecycle.errors import EntryMisplacedError, NotAllowedError
from services_catalog.lifecycle.publication import suspend, withdraw
from services_catalog.lifecycle.submitting import recall
from services_catalog.lifecycle.viewing import view
from services_catalog.organisations.errors import CloseRefusedError
from services_catalog.organisations.history import Author
from services_catalog.organisations.loading import Loaded
from services_catalog.organisations.tables import Organisation
from services_catalog.reading.answering import Answering
from services_catalog.reading.shared import SharedAnswers
from services_catalog.reading.shelf import Shelf
from tests.catalogue.conftest import EDITOR, ELSEWHERE, REVIEWER, TREE, City
from tests.organisations.city import OPERATOR, row, sheet
from tests.services_catalog.entries.samples import (
    CASE,
    CASE_CODE,
    IMPLEMENTATION,
    IMPLEMENTATION_CODE,
    ITEM,
    ITEM_CODE,
)

pytestmark = pytest.mark.case("issue-4.1")
OFFICE = "east-civil-affairs"


def author(city: City) -> Author:
    return Author(OPERATOR, city.clock.now().astimezone(CHINA).date())


async def change(city: City, work: Callable[[AsyncSession], Awaitable[int | None]]) -> int | None:
    async with city.database.session() as session:
        return await work(session)


async def move(city: City, code: str, parent: str) -> int | None:
    return await change(city, lambda session: reorganising.move(session, city.clock, author(city), code, parent))


async def merge(city: City, code: str, successor: str) -> int | None:
    return await change(city, lambda session: reorganising.merge(session, city.clock, author(city), code, successor))


async def close(city: City, code: str) -> None:
    async with city.database.session() as session:
        await reorganising.close(session, city.clock, author(city), code)


async def load(city: City, *rows: dict[str, str]) -> tuple[Loaded, int | None]:
    async with city.database.session() as session:
        return await reorganising.load(session, city.clock, author(city), sheet(rows), progress=lambda _: None)


async def revisions(city: City) -> dict[str, int]:
    rows = await city.database.pool.fetch("SELECT code, revision FROM entry_live")
    return {row["code"]: row["revision"] for row in rows}


@pytest.fixture
async def whole(city: City) -> City:
    """The city with all three levels public, those of the east by its office."""
    for sample in (ITEM, IMPLEMENTATION, CASE):
        await city.bring_out(sample)
    return city


async def test_a_move_takes_what_is_below_to_its_new_district_s_residents(whole: City) -> None:
    before = await revisions(whole)
    revision = await move(whole, OFFICE, "west")
    shown = await whole.shown()
    for code in (IMPLEMENTATION_CODE, CASE_CODE):
        assert shown[code].area == "west"
        assert shown[code].authority.path == ("city", "west", OFFICE)
    assert await revisions(whole) == before | {IMPLEMENTATION_CODE: revision, CASE_CODE: revision}


async def test_organisations_elsewhere_are_not_read(whole: City) -> None:
    await whole.bring_out({**IMPLEMENTATION, "code": "in-the-west", "organisation": "west-civil-affairs"})
    read: list[str] = []

    def note(organisation: Organisation, _: object) -> None:
        read.append(organisation.code)

    event.listen(Organisation, "load", note)
    try:
        async with whole.database.session() as session:
            await following.follow(session, ["east"])
    finally:
        event.remove(Organisation, "load", note)
    assert read == []


async def test_a_neighbour_whose_code_begins_alike_is_not_below(whole: City) -> None:
    """In the index "east-shop" stands between "east" and what is below that."""
    await whole.found(TREE | {"east-shop": "city"})
    await whole.bring_out({**IMPLEMENTATION, "code": "of-the-shop", "organisation": "east-shop"})
    await whole.database.pool.execute(
        "UPDATE organisation SET name_zh = '新' WHERE code IN ('east-shop', 'east-civil-affairs')"
    )
    async with whole.database.session() as session:
        await following.follow(session, ["east"])
    names = {code: each.authority.name.zh for code, each in (await whole.shown()).items()}
    assert (names[IMPLEMENTATION_CODE], names["of-the-shop"]) == ("新", "局")


async def test_all_else_that_an_entry_shows_stays(whole: City) -> None:
    before = await whole.shown()
    await move(whole, OFFICE, "west")
    await move(whole, OFFICE, "east")
    assert await whole.shown() == before


async def test_a_merge_hands_entries_over_in_whatever_state(whole: City) -> None:
    await whole.draft({**IMPLEMENTATION, "code": "a-draft"})
    await merge(whole, OFFICE, "west-civil-affairs")
    shown = await whole.shown()
    for code in (IMPLEMENTATION_CODE, CASE_CODE):
        assert (shown[code].area, shown[code].authority.code) == ("west", "west-civil-affairs")
    sample = {**IMPLEMENTATION, "organisation": "west-civil-affairs"}
    assert (await whole.draft({**sample, "code": "a-draft"}, ELSEWHERE, name={"zh": "新"})).number == 1
    await whole.bring_out(sample, summary={"zh": "另一段简介。"})
    with pytest.raises(EntryMisplacedError, match="belongs to west-civil-affairs"):
        await whole.draft(IMPLEMENTATION)


async def test_a_merged_district_s_entries_are_the_successor_s_residents(whole: City) -> None:
    await merge(whole, "east", "west")
    assert {each.area for code, each in (await whole.shown()).items() if code != ITEM_CODE} == {"west"}


async def test_a_file_renames_moves_and_makes_areas(whole: City) -> None:
    loaded, revision = await load(
        whole,
        row("west", "city", tier="district", kind="government"),
        row(OFFICE, "west", tier="town", name_zh="民政局", name_en="Civil Affairs"),
    )
    assert loaded.changes == {"moved": 1, "renamed": 1}
    shown = (await whole.shown())[IMPLEMENTATION_CODE]
    assert (shown.area, shown.authority.name.zh, shown.authority.name.en) == ("west", "民政局", "Civil Affairs")
    await load(whole, row("west", "city", tier="district", kind="department"))
    assert (await whole.shown())[IMPLEMENTATION_CODE].area == "city"
    assert (await load(whole, row("west", "city", tier="district", kind="department")))[1] is None
    assert revision is not None


async def test_what_is_suspended_is_shown_where_it_then_belongs(whole: City) -> None:
    async with whole.database.session() as session:
        await suspend(session, whole.clock, REVIEWER, ITEM_CODE, "because")
    await move(whole, OFFICE, "west")
    assert await whole.shown() == {}
    await whole.bring_out(ITEM, on_site_visits=2)
    assert (await whole.shown())[CASE_CODE].area == "west"


async def test_what_offers_something_is_not_closed(whole: City) -> None:
    with pytest.raises(CloseRefusedError) as refused:
        await close(whole, OFFICE)
    assert f"{IMPLEMENTATION_CODE} of {OFFICE} (published), {CASE_CODE} of {OFFICE} (published)" in str(refused.value)
    assert "Merge the organisation into its successor" in refused.value.fix
    day = str(author(whole).effective)
    with pytest.raises(CloseRefusedError, match="in use"):
        await load(whole, row(OFFICE, "east", tier="town", valid_to=day))
    async with whole.database.session() as session:
        for code in (CASE_CODE, IMPLEMENTATION_CODE):
            await withdraw(session, whole.clock, REVIEWER, code, "撤销")
    await whole.draft(IMPLEMENTATION, summary={"zh": "新的简介。"})
    await close(whole, OFFICE)
    assert [*await whole.shown()] == [ITEM_CODE]


async def test_what_is_on_its_way_keeps_its_organisation_open_and_a_draft_stays_one(city: City) -> None:
    await city.bring_out(ITEM)
    await city.draft(IMPLEMENTATION)
    await city.submit(IMPLEMENTATION_CODE)
    with pytest.raises(CloseRefusedError, match=r"\(checked\)"):
        await close(city, OFFICE)
    async with city.database.session() as session:
        await recall(session, city.clock, EDITOR, IMPLEMENTATION_CODE)
    await close(city, OFFICE)
    version = await city.submit(IMPLEMENTATION_CODE)
    assert (version.state, [each["rule"] for each in version.findings]) == ("draft", ["E25-authority"])
    with pytest.raises(EntryMisplacedError, match="was closed"):
        await city.draft({**IMPLEMENTATION, "code": "new"})


async def test_roles_follow_at_once(whole: City) -> None:
    await whole.draft(IMPLEMENTATION, summary={"zh": "新的简介。"})
    async with whole.database.session() as session:
        assert (await view(session, whole.clock, ELSEWHERE, IMPLEMENTATION_CODE)).open is None
    await move(whole, OFFICE, "west")
    async with whole.database.session() as session:
        assert (await view(session, whole.clock, ELSEWHERE, IMPLEMENTATION_CODE)).open is not None


async def test_residents_answers_follow_also_where_no_entry_moves(
    whole: City, redis: Redis, shared: SharedAnswers
) -> None:
    """A town without entries changes its district, and an answer for it was kept."""
    await load(whole, row("town", "east", tier="town", kind="government"))
    shelf = Shelf(whole.database.pool, redis)
    answering = Answering(shelf, shared, whole.clock)
    await shelf.refresh()

    async def found(district: str) -> bool:
        return IMPLEMENTATION_CODE.encode() in (await answering.answer(f"/search?district={district}")).body

    assert await found("town")
    await move(whole, "town", "west")
    await shelf.refresh()
    assert not await found("town")
    await merge(whole, "west", "east")
    await shelf.refresh()
    assert await found("town")
    assert await found("west")  # it is the east now


async def test_a_refused_change_leaves_everything(whole: City) -> None:
    before = await whole.shown(), await revisions(whole)
    with pytest.raises(CloseRefusedError):
        await load(
            whole,
            row("east", "city", tier="district", kind="government", name_zh="新区"),
            row("west-civil-affairs", "west", tier="town", name_zh="新局"),
            row(OFFICE, "west", tier="town", valid_to=str(author(whole).effective + timedelta(days=1))),
        )
    assert (await whole.shown(), await revisions(whole)) == before


async def test_who_has_no_role_there_any_more_is_refused(whole: City) -> None:
    await whole.give("credential:easterner", "editor", "east")
    await whole.draft(IMPLEMENTATION, "credential:easterner", summary={"zh": "新的简介。"})
    await move(whole, OFFICE, "west")
    with pytest.raises(NotAllowedError):
        await whole.submit(IMPLEMENTATION_CODE, "credential:easterner")
