"""Every rule has an entry that breaks it, and a whole entry breaks none."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from services_catalog.entries.fields import Fields
from services_catalog.entries.inheritance import Layer, effective
from services_catalog.entries.rule import Subject, findings
from services_catalog.entries.rules import RULES
from tests.services_catalog.entries.samples import (
    CASE,
    CASE_CODE,
    IMPLEMENTATION,
    ITEM,
    ITEM_CODE,
    LAW,
    LIFE_EVENT,
    TOPIC,
    subject,
)

WHOLE = {**IMPLEMENTATION, "fields": {**ITEM["fields"], **IMPLEMENTATION["fields"]}}
PLAIN = IMPLEMENTATION["fields"]["accessibility"]["plain"]
HALL, WEB = IMPLEMENTATION["fields"]["channels"]
PLACE = IMPLEMENTATION["fields"]["locations"][0]
CARD = ITEM["fields"]["materials"][0]
NINE_YUAN = {"id": "nine", "name": {"zh": "工本费"}, "amount_fen": 900, "basis": LAW}


def plain(**changes: Any) -> dict[str, Any]:
    return {"accessibility": {"plain": PLAIN | changes}}


def at_channel(**overrides: Any) -> dict[str, Any]:
    return {"channels": [HALL, WEB | {"overrides": overrides}]}


# The rule's id, the fields that break it, and where it says so.
BREACHES: list[tuple[str, dict[str, Any], str]] = [
    ("E01-needed", {"summary": None}, "/summary"),
    ("E01-needed", {"channels": []}, "/channels"),
    ("E03-law", {"legal_basis": None}, "/legal_basis"),
    ("E03-law", {"legal_basis": []}, "/legal_basis"),
    ("E04-materials", {"materials": [CARD | {"legal_basis": None}]}, "/materials/0"),
    ("E04-materials", {"materials": [CARD | {"necessity": "conditional"}]}, "/materials/0/condition"),
    ("E04-materials", at_channel(materials=[CARD | {"legal_basis": None}]), "/channels/1/overrides/materials/0"),
    (
        "E05-waivers",
        at_channel(materials=[CARD | {"waived_if_shared": True}]),
        "/channels/1/overrides/materials/0/licence",
    ),
    ("E06-fees", at_channel(fee={"charged": True}), "/channels/1/overrides/fee/items"),
    ("E07-ids", at_channel(materials=[CARD, CARD]), "/channels/1/overrides/materials"),
    (
        "E13-visits",
        at_channel(on_site_visits=3) | {"on_site_visits": 0, "on_site_reason": None},
        "/channels/1/overrides/on_site_visits",
    ),
    ("E05-waivers", {"materials": [CARD | {"waived_if_shared": True}]}, "/materials/0/licence"),
    ("E06-fees", {"fee": {"charged": True}}, "/fee/items"),
    ("E06-fees", {"fee": {"charged": False, "items": [NINE_YUAN]}}, "/fee/items"),
    ("E06-fees", {"fee": {"charged": True, "items": [NINE_YUAN | {"basis": None}]}}, "/fee/items/0/basis"),
    ("E06-fees", {"fee": {"charged": True, "items": [NINE_YUAN | {"amount_fen": None}]}}, "/fee/items/0"),
    ("E06-fees", {"fee": {"charged": True, "items": [NINE_YUAN | {"waivable": True}]}}, "/fee/items/0/waiver_basis"),
    ("E07-ids", {"materials": [CARD, CARD]}, "/materials"),
    ("E07-ids", {"fee": {"charged": True, "items": [NINE_YUAN, NINE_YUAN]}}, "/fee/items"),
    ("E08-codes", {"local_codes": {"cn-region": "990000"}}, "/local_codes/cn-region"),
    ("E08-codes", {"local_codes": {"cn-implementation": "1"}}, "/local_codes/cn-implementation"),
    ("E09-result", {"result": {"kind": "document", "name": {"zh": "结婚证"}}}, "/result/kind"),
    ("E10-promise", {"promised_time": {"amount": 2}}, "/promised_time"),
    ("E10-promise", {"promised_time": {"amount": 2, "unit": "day"}}, "/promised_time"),
    (
        "E11-channel-promise",
        {"channels": [HALL, WEB | {"overrides": {"promised_time": {"amount": 3}}}]},
        "/channels/1/overrides/promised_time",
    ),
    (
        "E12-steps",
        {"special_steps": [{"name": {"zh": "公示"}, "time": {"amount": 7}, "counted": True}]},
        "/special_steps",
    ),
    ("E13-visits", {"on_site_reason": None}, "/on_site_reason"),
    ("E13-visits", {"on_site_visits": 0}, "/on_site_reason"),
    ("E14-without-visits", {"channels": [HALL], "on_site_visits": 0, "on_site_reason": None}, "/channels"),
    ("E15-depth", {"online_depth": 4}, "/online_depth"),
    ("E16-dates", {"effective_from": "2027-01-02", "withdraw_on": "2027-01-01"}, "/withdraw_on"),
    ("E16-dates", {"withdraw_on": "2026-05-04"}, "/withdraw_on"),
    ("E16-dates", {"assured_on": "0001-01-01"}, "/assured_on"),
    ("E20-channels", {"channels": [HALL, WEB | {"url": None}]}, "/channels/1/url"),
    ("E20-channels", {"channels": [HALL | {"location": "moon"}]}, "/channels/0/location"),
    (
        "E20-channels",
        {"locations": [PLACE | {"hours": [{"days": ["MO"], "opens": "17:00", "closes": "09:00"}]}]},
        "/locations/0/hours/0",
    ),
    ("E21-help", {"channels": [WEB], "contact": None}, "/contact/phone"),
    ("E22-opens", {"binding": {}}, "/binding"),
    ("E22-opens", {"binding": {"window_only": True, "flow": "book"}}, "/binding/window_only"),
    ("E22-opens", {"binding": {"flow": "book", "client": "marriage"}}, "/binding/client"),
    (
        "E23-probes",
        {"binding": {"operations": [{"operation": "mutation marriage.book", "safe": True}]}},
        "/binding/operations/0/safe",
    ),
    (
        "E23-probes",
        {"binding": {"operations": [{"operation": "query marriage.offices", "probe": {"id": 1}}]}},
        "/binding/operations/0/probe",
    ),
    ("E24-operations", {"binding": {"operations": [{"operation": "query marriage.gone"}]}}, "/binding/operations/0"),
    ("E30-plain-complete", plain(bring=[]), "/accessibility/plain/bring"),
    ("E30-plain-complete", plain(help_phone=None), "/accessibility/plain/help_phone"),
    ("E31-plain-steps", plain(steps=[{"zh": "等。"}] * 8), "/accessibility/plain/steps"),
    ("W01-english", {"name": {"zh": "婚姻登记"}}, "/name/en"),
    ("W02-https", {"channels": [HALL, WEB | {"url": "http://marriage.example.gov.cn"}]}, "/channels/1/url"),
    ("W03-assured", {"assured_on": "2025-05-03"}, "/assured_on"),
    ("W03-assured", {"assured_on": None}, "/assured_on"),
    ("W30-plain-short", plain(what={"zh": "两个人" * 9 + "。"}), "/accessibility/plain/what/zh"),
    ("W30-plain-short", plain(what={"zh": "好。", "en": "one " * 16}), "/accessibility/plain/what/en"),
    ("W31-plain-everyday", plain(what={"zh": "予以登记。"}), "/accessibility/plain/what/zh"),
    ("W31-plain-everyday", plain(what={"zh": "到 NGO 登记。"}), "/accessibility/plain/what"),
    ("W32-plain-missing", {"accessibility": None}, "/accessibility/plain"),
]


def inheriting(sample: dict[str, Any], **fields: Any) -> Subject:
    """Return the sample as if it inherited its fields."""
    return replace(subject(sample, **fields), own=Fields())


def broken(judged: Subject) -> list[tuple[str, str]]:
    return [(each.rule, each.pointer) for each in findings(judged, RULES)]


def test_a_whole_entry_breaks_no_rule() -> None:
    assert broken(inheriting(WHOLE)) == []


@pytest.mark.parametrize(("rule", "fields", "pointer"), BREACHES)
def test_what_breaks_a_rule_is_named_with_its_place(rule: str, fields: dict[str, Any], pointer: str) -> None:
    assert (rule, pointer) in broken(inheriting(WHOLE, **fields))


def test_what_belongs_to_an_unpublished_entry_is_not_published() -> None:
    judged = replace(inheriting(WHOLE), unpublished_parents=("000111002000",))
    assert broken(judged) == [("E02-parents", "")]


@pytest.mark.parametrize(
    ("until", "withdraw_on", "where"),
    [
        (date(2026, 5, 4), None, [""]),
        (date(2026, 5, 4), "2026-05-30", [""]),
        (date(2026, 6, 1), None, ["/withdraw_on"]),
        (date(2026, 6, 1), "2026-06-02", ["/withdraw_on"]),
        (date(2026, 6, 1), "2026-06-01", []),
    ],
)
def test_nothing_outlasts_its_organisation(until: date, withdraw_on: str | None, where: list[str]) -> None:
    judged = replace(inheriting(WHOLE, withdraw_on=withdraw_on), authority_until=until)
    assert broken(judged) == [("E25-authority", each) for each in where]


def test_a_level_says_what_is_its_own_to_say() -> None:
    address = {"locations": IMPLEMENTATION["fields"]["locations"]}
    assert ("E17-placed", "/locations") in broken(subject(ITEM, **address))
    assert ("E17-placed", "/item_type") in broken(subject(IMPLEMENTATION, item_type="levy"))
    assert ("E17-placed", "/steps") in broken(subject(ITEM, steps=LIFE_EVENT["fields"]["steps"]))
    assert ("E17-placed", "/fee") in broken(subject(TOPIC, fee={"charged": False}))


def test_a_life_event_leads_from_step_to_step() -> None:
    whole = subject(LIFE_EVENT)
    assert broken(whole) == broken(subject(TOPIC)) == []
    assert broken(subject(LIFE_EVENT, steps=[{"entry": "a", "after": ["b"]}])) == [("E27-order", "/steps/0/after")]
    assert broken(subject(LIFE_EVENT, steps=None)) == [("E01-needed", "/steps")]
    judged = replace(whole, steps={ITEM_CODE: None, CASE_CODE: "hidden"})
    assert broken(judged) == [("E26-steps", "/steps/0/entry"), ("W04-steps", "/steps/1/entry")]
    assert broken(replace(whole, steps={ITEM_CODE: "public", CASE_CODE: "public"})) == []


def test_every_rule_can_be_broken() -> None:
    tested = {"E02-parents", "E17-placed", "E25-authority", "E26-steps", "E27-order", "E28-own", "W04-steps"}
    assert {rule.id for rule in RULES} == {rule for rule, *_ in BREACHES} | tested


def test_ids_say_how_serious_a_rule_is() -> None:
    assert all(rule.id.startswith({"error": "E", "warning": "W"}[rule.level]) for rule in RULES)
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_errors_come_first() -> None:
    found = findings(inheriting(WHOLE, summary=None, assured_on=None, fee={"charged": True}), RULES)
    assert [each.level for each in found] == ["error", "error", "warning"]


def test_five_working_days_are_a_week() -> None:
    week = {"statutory_time": {"amount": 7, "unit": "day"}, "promised_time": {"amount": 5, "unit": "working_day"}}
    assert broken(inheriting(WHOLE, **week)) == []
    week["promised_time"]["amount"] = 6
    assert broken(inheriting(WHOLE, **week)) == [("E10-promise", "/promised_time")]


def test_an_inherited_law_is_a_law(a_case: Layer, layers: list[Layer]) -> None:
    whole = effective([*layers, a_case])
    judged = Subject(
        code=a_case.entry,
        level="case",
        fields=whole.fields,
        own=a_case.fields,
        today=date(2026, 5, 4),
        operations=frozenset({"query marriage.offices"}),
    )
    assert broken(judged) == []
    assert CASE["fields"].keys() == {"name"}
