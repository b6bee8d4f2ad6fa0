"""What is exported as HSDS fits the standard's schemas, and says what the entries say."""

import re
from copy import deepcopy
from typing import Any

import msgspec
import pytest

from services_catalog.exports.cpsv_ap.service import describe
from services_catalog.exports.hsds.record import Writer
from services_catalog.exports.hsds.service import listed, nested
from services_catalog.reading.shown import Shown
from tests.services_catalog.exports.samples import AROUND, IDENTITIES, entry, first
from tests.services_catalog.exports.validating import defects, records, schemas

pytestmark = pytest.mark.case("issue-4.3")
ENGLISH, CHINESE = (Writer(IDENTITIES, AROUND, language) for language in ("en", "zh"))
USED = (
    *("service", "url", "phone", "schedule", "service_area", "service_at_location", "location", "address"),
    *("accessibility", "language", "organization", "organization_identifier", "cost_option", "required_document"),
    *("attribute", "taxonomy_term", "taxonomy", "metadata"),
)


@pytest.mark.parametrize("writer", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_an_entry_that_says_everything_fits(writer: Writer) -> None:
    assert defects("service", nested(entry(), writer)) == []
    assert defects("service", listed(entry(), writer)) == []


def test_every_table_that_entries_can_fill_is_filled() -> None:
    assert {kind for kind, _ in records("service", nested(entry(), CHINESE))} == {*USED}


def test_generated_entries_fit() -> None:
    for each, around in first(40):
        assert defects("service", nested(each, Writer(IDENTITIES, around, "zh"))) == []


@pytest.mark.parametrize("kind", USED)
def test_what_the_standard_requires_is_missed(kind: str) -> None:
    for name in schemas()[kind]["required"]:
        service = deepcopy(nested(entry(), CHINESE))
        next(each for found, each in records("service", service) if found == kind).pop(name)
        assert any(f"'{name}' is a required property" in each for each in defects("service", service))


@pytest.mark.parametrize(
    "wrong", [{"id": "1"}, {"url": "web"}, {"status": "open"}, {"colour": "red"}, {"last_modified": "yesterday"}]
)
def test_a_wrong_value_or_name_is_found(wrong: dict[str, Any]) -> None:
    assert defects("service", nested(entry(), CHINESE) | wrong)


def test_tables_could_be_taken_apart() -> None:
    """Every record names what it belongs to, as HSDS's tables need, and every identifier is one record's alone."""
    within = {"attributes", "metadata"}
    seen: dict[str, Any] = {}
    for kind, record in records("service", nested(entry(), CHINESE)):
        missing = {*schemas()[kind].get("tabular_required", ())} - record.keys()
        assert missing == set(), kind
        plain = {name: value for name, value in record.items() if name not in within}
        assert seen.setdefault(record["id"], plain) == plain


def test_texts_are_in_one_language_and_fall_back_to_chinese() -> None:
    english, chinese = nested(entry(), ENGLISH), nested(entry(), CHINESE)
    assert (english["name"], chinese["name"]) == ("Residence permit", "居住证办理")
    assert english["cost_options"][0]["option"] == "工本费"
    assert [each["id"] for each in english["phones"]] == [each["id"] for each in chinese["phones"]]


def test_ages_are_read_from_the_rules() -> None:
    service = listed(entry(), ENGLISH)
    assert (service["minimum_age"], service["maximum_age"]) == (18, 60)
    rule = {"rule": "not", "of": {"rule": "fact", "fact": "age", "comparison": "at_least", "value": 18}}
    own = [{"id": "young", "text": {"zh": "未成年"}, "rule": rule}]
    assert "minimum_age" not in listed(entry(acceptance_conditions=own), ENGLISH)


def test_hours_recur_weekly_in_china_s_time() -> None:
    (at,) = nested(entry(), ENGLISH)["service_at_locations"]
    (schedule,) = at["location"]["schedules"]
    assert (schedule["freq"], schedule["byday"], schedule["valid_from"]) == ("WEEKLY", "MO,SA", "2026-01-01")
    assert (schedule["opens_at"], schedule["closes_at"]) == ("09:00+08:00", "17:00+08:00")


def test_what_one_channel_asks_for_says_so() -> None:
    service = nested(entry(), ENGLISH)
    assert [(each["option"], each["amount"]) for each in service["cost_options"]] == [
        ("工本费", 9.5),
        ("Post: Free of charge", 0.0),
    ]
    assert [each["document"][:6] for each in service["required_documents"]] == ["ID car", "Post: "]


def test_addresses_are_uris() -> None:
    odd = entry(channels=[{"id": "web", "kind": "web", "url": "https://web.example/a|b?c={d}&e=%20#f"}])
    assert nested(odd, ENGLISH)["url"] == "https://web.example/a%7Cb?c=%7Bd%7D&e=%20#f"
    assert "https://web.example/a%7Cb?c=%7Bd%7D&e=%20#f" in describe(odd, IDENTITIES, AROUND).own


def test_what_does_not_work_says_why() -> None:
    assert "alert" not in listed(entry(), ENGLISH)
    assert listed(entry(state="degraded", because="no answer"), ENGLISH)["alert"] == "no answer"


def test_what_is_internal_stays_so() -> None:
    text = msgspec.json.encode(nested(entry(), CHINESE)).decode()
    assert "secret-4" not in text
    assert not re.search(r'"(null|None)"|:null', text)


def test_one_that_says_next_to_nothing_fits() -> None:
    bare = {"code": "bare", "level": "implementation", "version": 1, "item": "unnamed", "area": "east"}
    more = {"authority": {"code": "x", "name": {"zh": "某局"}, "path": ["x"]}, "state": "published", "sources": []}
    shown = msgspec.convert(bare | more | {"since": "2026-05-04T01:00:00Z"}, Shown)
    assert defects("service", nested(shown, CHINESE)) == []


def test_its_version_is_of_a_day_in_china() -> None:
    made = nested(entry(since="2026-05-03T16:00:00Z"), Writer(IDENTITIES, AROUND, "zh"))
    assert made["metadata"][0]["last_action_date"] == "2026-05-04"
