"""An entry's way from a draft to the public and off again: who may, what is frozen, what residents see."""

from datetime import timedelta

import msgspec
import pytest

from services_catalog.entries.errors import EntryInvalidError
from services_catalog.lifecycle.drafting import save_draft
from services_catalog.lifecycle.errors import (
    EntryMisplacedError,
    NotAllowedError,
    RulesBrokenError,
    SuspendedMeanwhileError,
    UnknownEntryError,
    WrongStateError,
)
from services_catalog.lifecycle.history import By, broken_at, events_of
from services_catalog.lifecycle.publication import (
    degrade,
    due,
    publish,
    publish_due,
    recover,
    resume,
    return_due,
    schedule,
    suspend,
    withdraw,
)
from services_catalog.lifecycle.reviewing import inbox, reject, take
from services_catalog.lifecycle.steps import open_version
from services_catalog.lifecycle.submitting import recall, refuse_if_broken
from services_catalog.lifecycle.viewing import history, view
from services_catalog.organisations.errors import OwnSubmissionError, UnknownOrganisationError
from tests.catalogue.conftest import EDITOR, ELSEWHERE, OPERATIONS, OUTSIDER, REVIEWER, City
from tests.services_catalog.entries.samples import (
    CASE,
    CASE_CODE,
    IMPLEMENTATION,
    IMPLEMENTATION_CODE,
    ITEM,
    ITEM_CODE,
    document,
)


@pytest.fixture
async def whole(city: City) -> City:
    """A city in which the three levels are public."""
    for sample in (ITEM, IMPLEMENTATION, CASE):
        await city.bring_out(sample)
    return city


async def test_an_entry_is_public_when_it_was_checked_reviewed_and_published(city: City) -> None:
    version = await city.draft(ITEM)
    assert (version.number, version.state) == (1, "draft")
    assert (await city.submit(ITEM_CODE)).state == "checked"
    assert (await city.approve(ITEM_CODE)).state == "approved"
    assert await city.shown() == {}
    await city.publish(ITEM_CODE)
    assert [*await city.shown()] == [ITEM_CODE]
    async with city.database.session() as session:
        steps = [(each.event, each.after, each.actor, each.role) for each in await events_of(session, ITEM_CODE)]
    assert steps == [
        ("draft", "draft", EDITOR, "editor"),
        ("submit", "submitted", EDITOR, "editor"),
        ("pass", "checked", "platform:catalogue", "platform"),
        ("take", "in_review", REVIEWER, "reviewer"),
        ("approve", "approved", REVIEWER, "reviewer"),
        ("publish", "published", REVIEWER, "reviewer"),
    ]


async def test_a_case_is_shown_with_what_it_inherits_and_where_that_comes_from(whole: City) -> None:
    case = (await whole.shown())[CASE_CODE]
    assert [each.id for each in case.materials or ()] == ["id-card", "photo"]
    sources = {each.field: (each.entry, each.over) for each in case.sources}
    assert sources["materials"] == (ITEM_CODE, None)
    assert sources["contact"] == (IMPLEMENTATION_CODE, None)
    assert sources["name"] == (CASE_CODE, ITEM_CODE)
    assert case.authority.path == ("city", "east", "east-civil-affairs")


async def test_a_change_of_the_generic_item_reaches_all_that_inherit_from_it(whole: City) -> None:
    before = await whole.shown()
    await whole.bring_out(ITEM, fee={"charged": False, "payable_online": True})
    after = await whole.shown()
    assert all(each.fee and each.fee.payable_online for each in after.values())
    assert [each.version for each in after.values()] == [2, 1, 1]
    assert before.keys() == after.keys()


async def test_while_a_new_version_is_on_its_way_the_old_one_is_shown(whole: City) -> None:
    await whole.draft(ITEM, name={"zh": "另一个名称"})
    assert (await whole.shown())[ITEM_CODE].version == 1
    await whole.submit(ITEM_CODE)
    with pytest.raises(WrongStateError, match="frozen"):
        await whole.draft(ITEM)
    async with whole.database.session() as session:
        assert (await recall(session, whole.clock, EDITOR, ITEM_CODE)).state == "draft"
    await whole.draft(ITEM, name={"zh": "再一个名称"})
    assert (await whole.shown())[ITEM_CODE].version == 1


async def test_what_breaks_a_rule_comes_back_with_every_breach(city: City) -> None:
    await city.draft(ITEM, legal_basis=None, topics=None)
    version = await city.submit(ITEM_CODE)
    assert version.state == "draft"
    assert {each["rule"] for each in version.findings} == {"E01-needed", "E03-law"}
    with pytest.raises(RulesBrokenError, match="and 1 more"):
        refuse_if_broken(version)


async def test_nobody_reviews_what_they_wrote_or_submitted(city: City) -> None:
    await city.give(EDITOR, "owner", "city")
    await city.give(ELSEWHERE, "owner", "city")
    await city.draft(ITEM, actor=ELSEWHERE)
    await city.draft(ITEM)
    await city.submit(ITEM_CODE)
    for who in (EDITOR, ELSEWHERE):
        with pytest.raises(OwnSubmissionError):
            await city.approve(ITEM_CODE, who)
    assert (await city.approve(ITEM_CODE)).state == "approved"


async def test_a_rejection_says_why_by_field(city: City) -> None:
    await city.draft(ITEM)
    await city.submit(ITEM_CODE)
    async with city.database.session() as session:
        with pytest.raises(EntryInvalidError, match="says why"):
            await reject(session, city.clock, REVIEWER, ITEM_CODE, {})
        with pytest.raises(EntryInvalidError, match="no field 'colour'"):
            await reject(session, city.clock, REVIEWER, ITEM_CODE, {"colour": "red"})
        version = await reject(session, city.clock, REVIEWER, ITEM_CODE, {"fee": "缺依据"})
    assert version.state == "rejected"
    assert (await city.draft(ITEM)).state == "draft"
    async with city.database.session() as session:
        steps = await events_of(session, ITEM_CODE)
    assert [each.reasons for each in steps if each.event == "reject"] == [{"fee": "缺依据"}]


async def test_an_inbox_has_what_its_reviewer_may_decide(city: City) -> None:
    await city.draft(ITEM)
    await city.submit(ITEM_CODE)
    await city.give(EDITOR, "reviewer", "city")
    async with city.database.session() as session:
        for who, found in ((REVIEWER, [ITEM_CODE]), (EDITOR, []), (ELSEWHERE, []), (OUTSIDER, [])):
            assert [each.entry for each in await inbox(session, city.clock, who)] == found


async def test_what_comes_again_after_a_rejection_is_every_reviewer_s(city: City) -> None:
    await city.give(ELSEWHERE, "reviewer", "city")
    await city.draft(ITEM)
    await city.submit(ITEM_CODE)
    async with city.database.session() as session:
        await reject(session, city.clock, REVIEWER, ITEM_CODE, {"fee": "缺依据"})
    await city.draft(ITEM, summary={"zh": "新的简介。"})
    await city.submit(ITEM_CODE)
    async with city.database.session() as session:
        for who in (REVIEWER, ELSEWHERE):
            assert [each.entry for each in await inbox(session, city.clock, who)] == [ITEM_CODE]


async def test_what_one_reviewer_has_taken_is_no_other_s(city: City) -> None:
    await city.give(ELSEWHERE, "reviewer", "city")
    await city.draft(ITEM)
    await city.submit(ITEM_CODE)
    async with city.database.session() as session:
        await take(session, city.clock, REVIEWER, ITEM_CODE)
    with pytest.raises(WrongStateError, match="somebody else"):
        await city.approve(ITEM_CODE, ELSEWHERE)


@pytest.mark.parametrize("who", [OUTSIDER, ELSEWHERE])
async def test_who_has_no_role_does_nothing(whole: City, who: str) -> None:
    with pytest.raises(NotAllowedError):
        await whole.draft(IMPLEMENTATION, actor=who)
    async with whole.database.session() as session:
        for change in (suspend, withdraw):
            with pytest.raises(NotAllowedError):
                await change(session, whole.clock, who, IMPLEMENTATION_CODE, "because")


async def test_parents_are_published_first(city: City) -> None:
    await city.draft(ITEM)
    await city.draft(IMPLEMENTATION)
    version = await city.submit(IMPLEMENTATION_CODE)
    assert "E02-parents" in {each["rule"] for each in version.findings}


async def test_the_rules_are_asked_once_more_at_publication(city: City) -> None:
    await city.bring_out(ITEM)
    await city.draft(IMPLEMENTATION)
    await city.submit(IMPLEMENTATION_CODE)
    await city.approve(IMPLEMENTATION_CODE)
    async with city.database.session() as session:
        with pytest.raises(RulesBrokenError, match="E24-operations"):
            await publish(session, city.clock, By(REVIEWER), IMPLEMENTATION_CODE, frozenset())
    assert [*await city.shown()] == [ITEM_CODE]


async def test_a_suspended_entry_takes_what_inherits_from_it_along_and_brings_it_back(whole: City) -> None:
    async with whole.database.session() as session:
        await suspend(session, whole.clock, REVIEWER, ITEM_CODE, "政策调整")
    assert await whole.shown() == {}
    async with whole.database.session() as session:
        await resume(session, whole.clock, REVIEWER, ITEM_CODE)
    assert [*await whole.shown()] == [ITEM_CODE, IMPLEMENTATION_CODE, CASE_CODE]


async def test_a_withdrawn_entry_is_gone_until_a_new_version_comes(whole: City) -> None:
    async with whole.database.session() as session:
        await withdraw(session, whole.clock, REVIEWER, IMPLEMENTATION_CODE, "撤销")
    assert [*await whole.shown()] == [ITEM_CODE]
    await whole.bring_out(IMPLEMENTATION)
    assert [*await whole.shown()] == [ITEM_CODE, IMPLEMENTATION_CODE, CASE_CODE]


async def test_a_degraded_entry_says_so_and_recovers(whole: City) -> None:
    async with whole.database.session() as session:
        await degrade(session, whole.clock, IMPLEMENTATION_CODE, "marriage.offices: no answer")
    shown = (await whole.shown())[IMPLEMENTATION_CODE]
    assert (shown.state, shown.because) == ("degraded", "marriage.offices: no answer")
    async with whole.database.session() as session:
        await recover(session, whole.clock, IMPLEMENTATION_CODE)
    shown = (await whole.shown())[IMPLEMENTATION_CODE]
    assert (shown.state, shown.because) == ("published", "")


async def test_a_scheduled_version_is_due_when_its_time_has_come(city: City) -> None:
    await city.draft(ITEM)
    await city.submit(ITEM_CODE)
    await city.approve(ITEM_CODE)
    at = city.clock.now() + timedelta(hours=1)
    async with city.database.session() as session:
        with pytest.raises(WrongStateError, match="has passed"):
            await schedule(session, city.clock, REVIEWER, ITEM_CODE, city.clock.now())
        await schedule(session, city.clock, REVIEWER, ITEM_CODE, at)
        assert await due(session, city.clock) == []
        city.clock.advance(timedelta(hours=1))
        assert await due(session, city.clock) == [ITEM_CODE]


async def test_entries_stay_where_they_are(whole: City) -> None:
    with pytest.raises(EntryMisplacedError, match="already"):
        await whole.draft({**CASE, "code": IMPLEMENTATION_CODE})
    with pytest.raises(EntryMisplacedError, match="cannot belong"):
        await whole.draft({**CASE, "code": "new", "parent": ITEM_CODE})
    with pytest.raises(EntryMisplacedError, match="belongs to east-civil-affairs"):
        await whole.draft({**IMPLEMENTATION, "organisation": "west"})
    with pytest.raises(UnknownOrganisationError):
        await whole.draft({**ITEM, "code": "new", "organisation": "moon"})
    with pytest.raises(UnknownEntryError):
        await whole.draft({**CASE, "code": "new", "parent": "moon"})


async def test_a_history_that_was_touched_no_longer_fits(whole: City) -> None:
    async with whole.database.session() as session:
        assert broken_at(await events_of(session, ITEM_CODE)) is None
    for touch in (
        "UPDATE entry_event SET reason = 'x' WHERE entry = $1 AND place = 3",
        "UPDATE entry_event SET content = '' WHERE entry = $1 AND place = 3",
    ):
        before = await whole.database.pool.fetchrow(
            "SELECT reason, content FROM entry_event WHERE entry = $1 AND place = 3", ITEM_CODE
        )
        await whole.database.pool.execute(touch, ITEM_CODE)
        async with whole.database.session() as session:
            assert broken_at(await events_of(session, ITEM_CODE)) == 3
        await whole.database.pool.execute(
            "UPDATE entry_event SET reason = $2, content = $3 WHERE entry = $1 AND place = 3", ITEM_CODE, *before
        )
    await whole.database.pool.execute("DELETE FROM entry_event WHERE entry = $1 AND place = 2", ITEM_CODE)
    async with whole.database.session() as session:
        assert broken_at(await events_of(session, ITEM_CODE)) == 2


async def test_who_wrote_a_field_stays_its_author_through_versions(whole: City) -> None:
    await whole.give(ELSEWHERE, "editor", "city")
    changed = document(ITEM, on_site_visits=2)
    await whole.draft(changed, actor=ELSEWHERE)
    async with whole.database.session() as session:
        version = await open_version(session, ITEM_CODE)
    assert version is not None
    assert {name for name, said in version.authorship.items() if said["by"] == ELSEWHERE} == {"on_site_visits"}


async def test_whose_residents_an_entry_serves_is_the_nearest_area_above_its_authority(city: City) -> None:
    tree = {"north": "", "north-affairs": "north", "works-affairs": "north-affairs"}
    await city.found(tree)
    await city.give(EDITOR, "editor", "north")
    await city.give(REVIEWER, "reviewer", "north")
    await city.bring_out({**ITEM, "organisation": "north"})
    await city.bring_out({**IMPLEMENTATION, "organisation": "works-affairs"})
    shown = await city.shown()
    assert (shown[ITEM_CODE].area, shown[IMPLEMENTATION_CODE].area) == ("north", "north")


async def test_a_scheduled_version_does_not_lift_a_suspension(city: City) -> None:
    await city.bring_out(ITEM)
    await city.draft(ITEM, on_site_visits=2)
    await city.submit(ITEM_CODE)
    await city.approve(ITEM_CODE)
    async with city.database.session() as session:
        await schedule(session, city.clock, REVIEWER, ITEM_CODE, city.clock.now() + timedelta(hours=1))
        await suspend(session, city.clock, REVIEWER, ITEM_CODE, "政策调整")
    city.clock.advance(timedelta(hours=2))
    async with city.database.session() as session:
        with pytest.raises(SuspendedMeanwhileError):
            await publish_due(session, city.clock, ITEM_CODE, OPERATIONS)
    async with city.database.session() as session:
        await return_due(session, city.clock, ITEM_CODE, (), "suspended")
    assert await city.shown() == {}
    async with city.database.session() as session:
        version = await open_version(session, ITEM_CODE)
    assert version is not None
    assert (version.state, version.publish_at) == ("draft", None)


async def test_what_is_withdrawn_does_not_come_back_by_schedule(city: City) -> None:
    await city.bring_out(ITEM)
    await city.draft(ITEM, on_site_visits=2)
    await city.submit(ITEM_CODE)
    await city.approve(ITEM_CODE)
    async with city.database.session() as session:
        await schedule(session, city.clock, REVIEWER, ITEM_CODE, city.clock.now() + timedelta(hours=1))
        await withdraw(session, city.clock, REVIEWER, ITEM_CODE, "撤销")
        version = await open_version(session, ITEM_CODE)
    assert version is not None
    assert version.state == "draft"


async def test_what_the_operator_suspended_the_operator_resumes(whole: City) -> None:
    async with whole.database.session() as session:
        await suspend(session, whole.clock, "operator:test/0", ITEM_CODE, "紧急")
    async with whole.database.session() as session:
        with pytest.raises(NotAllowedError, match="by the platform's operator"):
            await resume(session, whole.clock, REVIEWER, ITEM_CODE)
        await resume(session, whole.clock, "operator:test/0", ITEM_CODE)
    assert ITEM_CODE in await whole.shown()


async def test_a_review_that_stands_still_can_be_recalled(city: City) -> None:
    await city.draft(ITEM)
    await city.submit(ITEM_CODE)
    async with city.database.session() as session:
        await take(session, city.clock, REVIEWER, ITEM_CODE)
        version = await recall(session, city.clock, EDITOR, ITEM_CODE)
    assert (version.state, version.reviewer) == ("draft", None)


async def test_a_case_is_its_implementation_s_authority_s(whole: City) -> None:
    with pytest.raises(EntryMisplacedError, match="is not below it"):
        await whole.draft({**CASE, "code": "new", "organisation": "west-civil-affairs"})


async def test_a_version_that_was_frozen_while_it_was_waited_for_is_not_overwritten(city: City) -> None:
    """Somebody has read the draft before its submission commits, and writes after it."""
    await city.draft(ITEM)
    async with city.database.session() as session:
        assert await open_version(session, ITEM_CODE) is not None
        await city.submit(ITEM_CODE)
        with pytest.raises(WrongStateError, match="frozen"):
            await save_draft(session, city.clock, EDITOR, document(ITEM, on_site_visits=2))


async def test_each_step_is_in_the_audit_log_with_its_hash(city: City) -> None:
    await city.bring_out(ITEM)
    query = "SELECT action, details FROM audit_entry WHERE object = $1 ORDER BY seq"
    rows = await city.database.pool.fetch(query, f"entry:{ITEM_CODE}")
    async with city.database.session() as session:
        hashes = [each.hash.hex() for each in await events_of(session, ITEM_CODE)]
    assert [msgspec.json.decode(row["details"])["hash"] for row in rows] == hashes
    assert [row["action"] for row in rows][-1] == "entry.published"


async def test_others_see_of_an_entry_what_residents_see(whole: City) -> None:
    await whole.bring_out(IMPLEMENTATION, owner_contact={"phone": "010-1"})
    async with whole.database.session() as session:
        theirs = await view(session, whole.clock, OUTSIDER, IMPLEMENTATION_CODE)
        staff = await view(session, whole.clock, EDITOR, IMPLEMENTATION_CODE)
    assert ("owner_contact" in theirs.effective, "owner_contact" in staff.effective) == (False, True)
    assert ["owner_contact" in each.live.fields for each in (theirs, staff) if each.live] == [False, True]
    assert {each.authorship for each in theirs.sources.values()} == {None}
    async with whole.database.session() as session:
        await suspend(session, whole.clock, REVIEWER, ITEM_CODE, "政策调整")
    async with whole.database.session() as session:
        with pytest.raises(NotAllowedError):
            await view(session, whole.clock, OUTSIDER, IMPLEMENTATION_CODE)


async def test_a_version_that_was_rewritten_is_seen_in_its_history(whole: City) -> None:
    async with whole.database.session() as session:
        assert (await history(session, whole.clock, EDITOR, ITEM_CODE)).holds
    await whole.database.pool.execute(
        "UPDATE entry_version SET fields = jsonb_set(fields, '{fee}', '{\"charged\": true}') WHERE entry = $1",
        ITEM_CODE,
    )
    async with whole.database.session() as session:
        found = await history(session, whole.clock, EDITOR, ITEM_CODE)
    assert (found.holds, found.broken_at) == (False, 6)
