"""The department's way over HTTP: from a draft to the public with two credentials, and every refusal with its place."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from kernel.database import Database
from kernel.settings import Settings
from services_catalog.entries.document import read_entry
from services_catalog.lifecycle.checking import rehearse
from tests.catalogue.office import Office, opened
from tests.publish.gateway_under_test import (
    CLOCK,
)
from tests.services_catalog.entries.samples import CASE_CODE, IMPLEMENTATION, IMPLEMENTATION_CODE, ITEM, ITEM_CODE

pytestmark = pytest.mark.case("issue-4.3")
ITEM_PATH, PATH = f"/entries/{ITEM_CODE}", f"/entries/{IMPLEMENTATION_CODE}"


@pytest.fixture
async def office(database: Database, redis: Redis, settings: Settings) -> AsyncIterator[Office]:
    async with opened(database, redis, settings) as office:
        yield office


async def test_the_whole_way_with_two_credentials(office: Office) -> None:
    status, answer = await office.put("editor", ITEM)
    assert (status, answer["state"], answer["number"], answer["outcome"]) == (200, "draft", 1, "drafted")
    assert [each["level"] for each in answer.get("findings", [])] == []
    status, answer = await office.post("editor", f"{ITEM_PATH}/submit")
    assert (status, answer["state"]) == (200, "checked")
    assert [each["holder"] for each in answer["reviewers"]] == [office.actor("reviewer")]
    assert [each["code"] for each in await office.get("reviewer", "/entries/inbox")] == [ITEM_CODE]
    assert await office.get("editor", "/entries/inbox") == []
    assert (await office.post("editor", f"{ITEM_PATH}/approve"))[1]["error"]["code"] == "ROLE_MISSING"
    assert (await office.post("reviewer", f"{ITEM_PATH}/take"))[1]["state"] == "in_review"
    assert (await office.post("reviewer", f"{ITEM_PATH}/approve", {"reason": "齐全"}))[1]["state"] == "approved"
    assert await office.city.shown() == {}
    status, answer = await office.post("reviewer", f"{ITEM_PATH}/publish")
    assert (status, answer["state"]) == (200, "published")
    assert answer["revision"] > 0
    assert [*await office.city.shown()] == [ITEM_CODE]
    history = await office.get("editor", f"{ITEM_PATH}/history")
    assert history["holds"]
    assert [each["event"] for each in history["events"]] == ["draft", "submit", "pass", "take", "approve", "publish"]
    assert history["events"][4]["reason"] == "齐全"
    assert [each["hash"] for each in history["events"]][:-1] == [each["previous_hash"] for each in history["events"]][
        1:
    ]


async def test_an_operation_that_is_not_live_keeps_an_entry_back(office: Office) -> None:
    await office.bring_out(ITEM)
    status, answer = await office.put("editor", IMPLEMENTATION)
    assert [(each["rule"], each["pointer"]) for each in answer["findings"] if each["level"] == "error"] == [
        ("E24-operations", "/binding/operations/0")
    ]
    status, answer = await office.post("editor", f"{PATH}/submit")
    assert (status, answer["error"]["code"]) == (422, "ENTRY_RULES_BROKEN")
    assert answer["error"]["details"]["findings"][0]["rule"] == "E24-operations"
    assert (await office.get("editor", PATH))["open"]["state"] == "draft"
    await office.offer_operation()
    await office.bring_out(IMPLEMENTATION)
    assert [*await office.city.shown()] == [ITEM_CODE, IMPLEMENTATION_CODE]


async def test_what_is_said_already_makes_no_new_version(office: Office) -> None:
    assert (await office.put("editor", ITEM))[1]["outcome"] == "drafted"
    assert (await office.put("editor", ITEM))[1]["outcome"] == "unchanged"
    await office.bring_out(ITEM)
    status, answer = await office.put("editor", ITEM)
    assert (status, answer["outcome"], answer["state"], answer["number"]) == (200, "unchanged", "published", 1)
    assert (await office.put("nobody", ITEM))[0] == 403
    assert (await office.put("editor", ITEM, on_site_visits=2))[1]["number"] == 2


async def test_a_view_has_levels_sources_and_findings(office: Office) -> None:
    await office.bring_out(ITEM)
    await office.put("editor", IMPLEMENTATION)
    seen = await office.get("editor", PATH)
    assert (seen["level"], seen["parent"], seen["live"]) == ("implementation", ITEM_CODE, None)
    assert "materials" not in seen["open"]["fields"]
    assert seen["effective"]["materials"][0]["id"] == "id-card"
    assert seen["sources"]["materials"]["entry"] == ITEM_CODE
    assert seen["inherited"] == ITEM["fields"]
    assert seen["open"]["authorship"]["summary"]["by"] == office.actor("editor")
    assert {each["rule"] for each in seen["findings"]} == {"E24-operations"}


async def test_a_rejection_comes_back_by_field(office: Office) -> None:
    await office.put("editor", ITEM)
    await office.post("editor", f"{ITEM_PATH}/submit")
    status, answer = await office.post("reviewer", f"{ITEM_PATH}/reject", {"reasons": {"colour": "红"}})
    assert (status, answer["error"]["details"]["findings"][0]["pointer"]) == (422, "/colour")
    status, answer = await office.post("reviewer", f"{ITEM_PATH}/reject", {"reasons": {"fee": "缺依据"}})
    assert answer["state"] == "rejected"
    history = await office.get("editor", f"{ITEM_PATH}/history")
    assert history["events"][-1]["reasons"] == {"fee": "缺依据"}
    (told,) = (await office.get("editor", "/entries/notices"))["notices"]
    assert (told["kind"], told["text"]) == ("rejected", "Version 1 was sent back. fee: 缺依据")
    assert (await office.put("editor", ITEM, on_site_visits=2))[1]["state"] == "draft"


async def test_a_rejected_draft_that_is_sent_again_says_so(office: Office) -> None:
    await office.put("editor", ITEM)
    await office.post("editor", f"{ITEM_PATH}/submit")
    await office.post("reviewer", f"{ITEM_PATH}/reject", {"reason": "缺依据"})
    assert [(await office.put("editor", ITEM))[1]["outcome"] for _ in range(2)] == ["revised", "unchanged"]


async def test_a_body_in_chunks_is_read(office: Office) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"reason": '
        yield b'"because"}'

    await office.bring_out(ITEM)
    headers = {"authorization": f"Bearer {office.tokens['reviewer']}"}
    answer = await office.asked.client.post(f"{ITEM_PATH}/suspend", content=chunks(), headers=headers)
    assert answer.json()["state"] == "suspended"


async def test_a_rehearsal_keeps_nobody_waiting(office: Office) -> None:
    await office.put("editor", ITEM)
    async with office.city.database.session() as session:
        await rehearse(session, CLOCK, office.actor("editor"), [read_entry(ITEM)], frozenset())
        async with asyncio.timeout(20):
            assert (await office.post("editor", f"{ITEM_PATH}/submit"))[0] == 200


async def test_off_and_on_again(office: Office) -> None:
    await office.bring_out(ITEM)
    assert (await office.post("reviewer", f"{ITEM_PATH}/suspend", {"reason": "政策调整"}))[1]["state"] == "suspended"
    assert await office.city.shown() == {}
    assert (await office.post("reviewer", f"{ITEM_PATH}/resume"))[1]["state"] == "published"
    assert (await office.post("reviewer", f"{ITEM_PATH}/withdraw", {"reason": "撤销"}))[1]["state"] == "withdrawn"
    assert await office.city.shown() == {}


async def test_a_schedule_names_a_time_with_its_zone(office: Office) -> None:
    await office.put("editor", ITEM)
    await office.post("editor", f"{ITEM_PATH}/submit")
    await office.post("reviewer", f"{ITEM_PATH}/approve")
    status, answer = await office.post("reviewer", f"{ITEM_PATH}/schedule", {"at": "2030-01-01T00:00:00"})
    assert (status, answer["error"]["details"]["findings"][0]["pointer"]) == (422, "/at")
    at = CLOCK.now() + timedelta(days=1)
    status, answer = await office.post("reviewer", f"{ITEM_PATH}/schedule", {"at": at.isoformat()})
    assert (status, answer["state"]) == (200, "scheduled")
    assert (await office.post("editor", f"{ITEM_PATH}/recall"))[1]["state"] == "draft"


async def test_who_has_no_role_is_refused_each_step(office: Office) -> None:
    reason, at = {"reason": "x"}, {"at": "2099-01-01T00:00:00Z"}
    await office.put("editor", ITEM)
    for who, does, refused in (
        ("editor", "submit", {"submit": {}}),
        ("reviewer", "approve", {"recall": {}, "take": {}, "approve": {}, "reject": reason}),
        ("reviewer", "publish", {"recall": {}, "schedule": at, "publish": {}}),
        ("reviewer", "suspend", {"suspend": reason, "withdraw": reason}),
        ("reviewer", "resume", {"resume": {}, "withdraw": reason}),
    ):
        for step, body in refused.items():
            for name in ("nobody", "west"):
                status, answer = await office.post(name, f"{ITEM_PATH}/{step}", body)
                assert (status, answer["error"]["code"]) == (403, "ROLE_MISSING"), (step, answer)
        assert (await office.post(who, f"{ITEM_PATH}/{does}", reason if does == "suspend" else {}))[0] == 200


async def test_drafts_are_for_those_whose_roles_read_them(office: Office) -> None:
    await office.put("editor", ITEM)
    for name in ("nobody", "west"):
        for path in (ITEM_PATH, f"{ITEM_PATH}/history", f"{ITEM_PATH}/drift"):
            status, answer = await office.asked.get(path, office.tokens[name])
            assert (status, answer["error"]["code"]) == (403, "ROLE_MISSING")
        assert (await office.get(name, "/entries"))["entries"] == []
        assert (await office.put(name, ITEM))[0] == 403
    await office.bring_out(ITEM)
    await office.put("editor", ITEM, on_site_visits=2)
    seen = await office.get("nobody", ITEM_PATH)
    assert (seen["open"], seen["live"]["number"], seen["live"].get("authorship")) == (None, 1, None)
    assert seen["effective"]["on_site_visits"] == 1


async def test_a_list_is_what_roles_allow_by_state_and_organisation(office: Office) -> None:
    await office.bring_out(ITEM)
    await office.put("editor", IMPLEMENTATION)
    name = ITEM["fields"]["name"]["zh"]
    assert [(each["code"], each["name"]) for each in (await office.get("editor", "/entries"))["entries"]] == [
        (ITEM_CODE, name),
        (IMPLEMENTATION_CODE, name),  # inherited
    ]
    for query, found in (
        ("state=draft", [IMPLEMENTATION_CODE]),
        ("state=published", [ITEM_CODE]),
        ("organisation=east", [IMPLEMENTATION_CODE]),
        ("organisation=west", []),
        (f"after={ITEM_CODE}", [IMPLEMENTATION_CODE]),
    ):
        assert [each["code"] for each in (await office.get("editor", f"/entries?{query}"))["entries"]] == found
    documents = (await office.get("editor", "/entries/documents"))["documents"]
    assert [each["code"] for each in documents] == [ITEM_CODE, IMPLEMENTATION_CODE]
    assert documents[0] == ITEM
    status, answer = await office.asked.get("/entries?state=asleep", office.tokens["editor"])
    assert (status, answer["error"]["details"]["findings"][0]["pointer"]) == (422, "/state")
    status, answer = await office.asked.get("/entries?colour=red", office.tokens["editor"])
    assert (status, answer["error"]["details"]["findings"][0]["pointer"]) == (422, "/colour")


async def test_a_drift_report_has_all_that_stands_below(office: Office) -> None:
    await office.offer_operation()
    await office.bring_out(ITEM)
    await office.bring_out(IMPLEMENTATION, fee={"charged": False, "payable_online": True})
    (found,) = await office.get("editor", f"{ITEM_PATH}/drift")
    assert (found["entry"], found["field"], found["kind"]) == (IMPLEMENTATION_CODE, "fee", "unexplained")
    case = {
        "level": "case",
        "code": CASE_CODE,
        "organisation": "east-civil-affairs",
        "parent": IMPLEMENTATION_CODE,
        "fields": {"name": {"zh": "补领"}, "fee": {"charged": False}},
        "because": {"fee": "不在网上收"},
    }
    await office.bring_out(case)
    found = await office.get("editor", f"{ITEM_PATH}/drift")
    assert [(each["entry"], each["field"], each["kind"], each["above"]) for each in found] == [
        (IMPLEMENTATION_CODE, "fee", "unexplained", ITEM_CODE),
        (CASE_CODE, "fee", "overridden", IMPLEMENTATION_CODE),
        (CASE_CODE, "name", "unexplained", ITEM_CODE),
    ]


async def test_documents_are_checked_together_and_nothing_is_stored(office: Office) -> None:
    wanted = {"documents": [IMPLEMENTATION, ITEM]}
    status, answer = await office.post("editor", "/entries/check", wanted)
    assert status == 200, answer
    assert [(each["code"], [one["rule"] for one in each.get("findings", [])]) for each in answer] == [
        (IMPLEMENTATION_CODE, ["E24-operations"]),
        (ITEM_CODE, []),
    ]
    status, answer = await office.post("editor", "/entries/check", wanted | {"operations": ["query marriage.offices"]})
    assert not any(each.get("findings") for each in answer)
    assert (await office.get("editor", "/entries"))["entries"] == []
    status, answer = await office.post("editor", "/entries/check", {"documents": [IMPLEMENTATION]})
    assert answer[0]["error"].startswith("ENTRY_UNKNOWN")
    status, answer = await office.post("nobody", "/entries/check", {"documents": [ITEM]})
    assert answer[0]["error"].startswith("ROLE_MISSING")


BAD: tuple[tuple[dict[str, Any], list[str]], ...] = (
    ({"colour": "red"}, ["/colour"]),
    ({"level": "thing"}, ["/level"]),
    ({"code": "其他"}, ["/code"]),
    ({"code": "other"}, ["/code"]),
    ({"parent": "x"}, ["/parent"]),
    ({"because": {"colour": "x"}}, ["/because/colour"]),
    ({"fields": {"fee": {"charged": "no"}, "audience": ["robot"]}}, ["/fields/audience/0", "/fields/fee/charged"]),
    ({"fields": {"name": {"zh": "a\x00b"}}}, ["/fields/name/zh"]),
    ({"fields": {"materials": [{"id": "x", "name": {"zh": "x"}, "forms": []}]}}, ["/fields/materials/0/forms"]),
)


async def test_every_bad_input_names_its_place(office: Office) -> None:
    for change, pointers in BAD:
        status, answer = await office.asked.put(ITEM_PATH, office.tokens["editor"], ITEM | change)
        assert (status, answer["error"]["code"]) == (422, "ENTRY_INVALID")
        assert sorted(each["pointer"] for each in answer["error"]["details"]["findings"]) == pointers
        assert all(each["fix"] for each in answer["error"]["details"]["findings"])


async def test_what_is_no_request_is_refused_as_that(office: Office) -> None:
    assert (await office.asked.put(ITEM_PATH, office.tokens["editor"], b"{"))[1]["error"]["code"] == "BAD_REQUEST"
    status, answer = await office.post("editor", f"{ITEM_PATH}/suspend", {"why": "x"})
    assert (status, {each["pointer"] for each in answer["error"]["details"]["findings"]}) == (422, {"", "/why"})
    assert (await office.asked.get(ITEM_PATH, "yw_x"))[0] == 401
    status, answer = await office.asked.get("/entries/notices?newest=yes", office.tokens["editor"])
    assert (status, answer["error"]["details"]["findings"][0]["pointer"]) == (422, "/newest")
    status, answer = await office.asked.get("/entries/moon", office.tokens["editor"])
    assert (status, answer["error"]["code"]) == (404, "ENTRY_UNKNOWN")
    long = ITEM | {"because": {"fee": "x" * 2**21}}
    assert (await office.asked.put(ITEM_PATH, office.tokens["editor"], long))[0] == 413


async def test_what_is_withdrawn_is_still_found(office: Office) -> None:
    await office.bring_out(ITEM)
    await office.put("editor", ITEM, on_site_visits=2)
    for who, step in (("editor", "submit"), ("reviewer", "approve"), ("reviewer", "publish")):
        assert (await office.post(who, f"{ITEM_PATH}/{step}"))[0] == 200
    assert (await office.post("reviewer", f"{ITEM_PATH}/withdraw", {"reason": "取消"}))[0] == 200
    for query in ("", "?state=withdrawn"):
        (found,) = (await office.get("editor", f"/entries{query}"))["entries"]
        assert (found.get("open"), found["live"], found["live_number"]) == (None, "withdrawn", 2)
    assert (await office.get("editor", "/entries/documents"))["documents"] == []
    assert len((await office.get("editor", "/entries/documents?state=withdrawn"))["documents"]) == 1
    assert (await office.asked.get("/entries?state=superseded", office.tokens["editor"]))[0] == 422
