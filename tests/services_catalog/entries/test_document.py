"""An entry's document is read strictly: every defect at once, each with its place and the way out."""

from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services_catalog.entries.codes import schemes
from services_catalog.entries.document import read_entry
from services_catalog.entries.errors import EntryInvalidError
from services_catalog.entries.words import Localized, said_in
from supergraph.findings import Finding
from tests.services_catalog.entries.samples import CASE, IMPLEMENTATION, ITEM

DEEP: dict[str, Any] = {
    "id": "a",
    "text": {"zh": "b"},
    "rule": {"rule": "fact", "fact": "a", "comparison": "is", "value": 1},
}
for _ in range(20):
    DEEP["rule"] = {"rule": "not", "of": DEEP["rule"]}


def refused(raw: Any) -> dict[str, tuple[str, str]]:
    with pytest.raises(EntryInvalidError) as caught:
        read_entry(raw)
    return {each.pointer: (each.message, each.fix) for each in caught.value.findings}


@pytest.mark.parametrize("sample", [ITEM, IMPLEMENTATION, CASE])
def test_what_is_read_is_what_was_written(sample: dict[str, Any]) -> None:
    assert msgspec.json.decode(msgspec.json.encode(read_entry(sample))) == sample


def test_every_defect_is_named_with_its_place() -> None:
    raw = deepcopy(ITEM)
    raw["fields"]["materials"][1]["forms"] = []
    raw["fields"]["materials"][0]["necesity"] = "required"
    raw["fields"]["fee"] = {"charged": "no"}
    raw["fields"]["promised_time"]["unit"] = "week"
    del raw["fields"]["name"]["zh"]
    found = refused(raw)
    assert found.keys() == {
        "/fields/materials/1/forms",
        "/fields/materials/0/necesity",
        "/fields/fee/charged",
        "/fields/promised_time/unit",
        "/fields/name",
    }
    assert found["/fields/materials/0/necesity"] == ("the key 'necesity' is unknown", "Did you mean necessity?")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"level": "thing"}, "/level"),
        ({"parent": "000111002000"}, "/parent"),
        ({"level": "case"}, "/parent"),
        ({"because": {"colour": "red"}}, "/because/colour"),
        ({"fields": None}, ""),
        ({"code": "a b"}, "/code"),
        ({"fields": {"assured_on": "2026-02-30"}}, "/fields/assured_on"),
        ({"fields": {"acceptance_conditions": [DEEP]}}, "/fields/acceptance_conditions/0/rule"),
        (
            {"fields": {"acceptance_conditions": [{"id": "a", "text": {"zh": "b"}, "rule": {"rule": "maybe"}}]}},
            "/fields/acceptance_conditions/0/rule",
        ),
    ],
)
def test_what_fits_nowhere_is_refused(changes: dict[str, Any], pointer: str) -> None:
    assert pointer in refused(ITEM | changes)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["zh", "id", "of", "rule"]), inner),
    max_leaves=6,
)


@given(st.sampled_from(sorted(ITEM["fields"])), JSON)
def test_no_value_of_a_field_is_more_than_a_defect(name: str, value: Any) -> None:
    raw = {**ITEM, "fields": ITEM["fields"] | {name: value}}
    found: tuple[Finding, ...] = ()
    try:
        read_entry(raw)
    except EntryInvalidError as error:
        found = error.findings
    assert all(each.pointer.startswith(f"/fields/{name}") and each.message and each.fix for each in found)


def test_every_scheme_takes_its_own_example_and_no_other_text() -> None:
    for scheme in schemes().values():
        assert scheme.defect(scheme.example) == "", scheme.name
        assert scheme.defect("?") != ""


def test_english_falls_back_to_chinese_and_says_so() -> None:
    assert said_in("en", Localized("结婚")) == ("结婚", "zh")
    assert said_in("en", Localized("结婚", "Marriage")) == ("Marriage", "en")
    assert said_in("zh", Localized("结婚", "Marriage")) == ("结婚", "zh")
