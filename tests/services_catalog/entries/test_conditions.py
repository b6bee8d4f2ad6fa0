"""Conditions are judged by what is known, and say which facts they miss."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services_catalog.entries.conditions import All, Condition, Is, Not, Rule, Value, judge
from services_catalog.entries.conditions import Any as AnyOf

OF_AGE = Is("age", "at_least", 60)
LOCAL = Is("district", "one_of", ("east", "west"))


@pytest.mark.parametrize(
    ("rule", "facts", "met"),
    [
        (OF_AGE, {"age": 60}, True),
        (OF_AGE, {"age": 59}, False),
        (OF_AGE, {}, None),
        (OF_AGE, {"age": "60"}, False),
        (OF_AGE, {"age": True}, False),
        (LOCAL, {"district": "west"}, True),
        (LOCAL, {"district": "north"}, False),
        (Is("single", "is", value=True), {"single": True}, True),
        (Is("single", "is", value=True), {"single": 1}, False),
        (Is("single", "is_not", value=True), {"single": False}, True),
        (Is("born", "at_most", "2008-05-04"), {"born": date(2008, 5, 4)}, True),
        (Is("born", "at_most", "2008-05-04"), {"born": date(2008, 5, 5)}, False),
        (All((OF_AGE, LOCAL)), {"age": 59}, False),
        (All((OF_AGE, LOCAL)), {"age": 60}, None),
        (AnyOf((OF_AGE, LOCAL)), {"age": 60}, True),
        (AnyOf((OF_AGE, LOCAL)), {"age": 59}, None),
        (AnyOf((OF_AGE, LOCAL)), {"age": 59, "district": "north"}, False),
        (Not(OF_AGE), {"age": 59}, True),
        (Not(OF_AGE), {}, None),
    ],
)
def test_a_rule_is_met_not_met_or_open(rule: Rule, facts: dict[str, Value | date], met: bool | None) -> None:  # noqa: FBT001 - the expected value
    assert judge(rule, facts).met is met


def test_it_says_what_was_not_met_and_what_is_missing() -> None:
    both = All((OF_AGE, LOCAL))
    assert judge(both, {"age": 59, "district": "north"}).unmet == (OF_AGE, LOCAL)
    assert judge(both, {"age": 61}).missing == ("district",)


FACTS: st.SearchStrategy[dict[str, Value]] = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 2))
LEAVES = st.builds(
    Is, st.sampled_from(["a", "b", "c"]), st.sampled_from(["is", "is_not", "at_least", "at_most"]), st.integers(0, 2)
)
RULES: st.SearchStrategy[Rule] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@given(RULES, FACTS)
def test_what_is_decided_stays_so_whatever_else_becomes_known(rule: Rule, facts: dict[str, Value]) -> None:
    verdict = judge(rule, facts)
    everything = [facts | {"a": a, "b": b, "c": c} | facts for a in range(3) for b in range(3) for c in range(3)]
    later = {judge(rule, each).met for each in everything}
    assert None not in later
    if verdict.met is None:
        assert verdict.missing
    else:
        assert later == {verdict.met}


def test_rules_are_read_from_plain_data() -> None:
    raw: dict[str, Any] = {
        "id": "elder",
        "text": {"zh": "年满60周岁的本市居民"},
        "rule": {
            "rule": "all",
            "of": [
                {"rule": "fact", "fact": "age", "comparison": "at_least", "value": 60},
                {"rule": "not", "of": {"rule": "fact", "fact": "abroad", "comparison": "is", "value": True}},
            ],
        },
    }
    assert msgspec.json.decode(msgspec.json.encode(msgspec.convert(raw, Condition))) == raw
