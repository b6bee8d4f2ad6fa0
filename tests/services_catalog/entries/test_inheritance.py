"""What a level does not say it takes from the level above, and every value knows where it comes from."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services_catalog.entries.drift import drift
from services_catalog.entries.fields import FIELDS, Fields, said
from services_catalog.entries.inheritance import Authorship, Layer, authored, effective
from services_catalog.entries.words import SERVICES
from tests.services_catalog.entries.samples import (
    CASE_CODE,
    IMPLEMENTATION,
    IMPLEMENTATION_CODE,
    ITEM,
    ITEM_CODE,
    layer,
)

MORNING = datetime(2026, 5, 4, 8, tzinfo=UTC)
HER = Authorship("credential:aaaaaaaaaaaa", MORNING, 1)
HIM = Authorship("credential:bbbbbbbbbbbb", MORNING + timedelta(hours=1), 2)


def test_a_case_has_the_materials_of_the_generic_item(layers: list[Layer], a_case: Layer) -> None:
    whole = effective([*layers, a_case])
    assert [each.id for each in whole.fields.materials or ()] == ["id-card", "photo"]
    origin = whole.origins["materials"]
    assert (origin.entry, origin.level, origin.over) == (ITEM_CODE, "item", None)


def test_an_overridden_value_says_what_it_stands_over(layers: list[Layer], a_case: Layer) -> None:
    origin = effective([*layers, a_case]).origins["name"]
    assert (origin.entry, origin.level, origin.over) == (CASE_CODE, "case", ITEM_CODE)


def test_a_value_that_is_said_again_stands_over_nothing(layers: list[Layer], a_case: Layer) -> None:
    again = replace(a_case, fields=Fields(fee=layers[0].fields.fee))
    origin = effective([*layers, again]).origins["fee"]
    assert (origin.entry, origin.over) == (CASE_CODE, None)


WORDS = st.builds(lambda text: {"zh": text}, st.sampled_from("甲乙丙"))
SAID = st.fixed_dictionaries(
    {},
    optional={"name": WORDS, "summary": WORDS, "on_site_visits": st.integers(0, 3), "topics": st.just(["a", "b"])},
)


@given(st.tuples(SAID, SAID, SAID))
def test_the_lowest_level_that_says_a_field_decides_it(levels: tuple[dict[str, Any], ...]) -> None:
    layers = [
        Layer(code, level, "city", 1, msgspec.convert(fields, Fields))
        for code, level, fields in zip("123", SERVICES, levels, strict=True)
    ]
    whole = effective(layers)
    for name in FIELDS:
        sayers = [each for each in layers if name in said(each.fields)]
        assert (name in whole.origins) is bool(sayers) is (name in said(whole.fields))
        if sayers:
            assert getattr(whole.fields, name) == getattr(sayers[-1].fields, name)
            assert whole.origins[name].entry == sayers[-1].entry


def test_who_said_a_value_first_stays_its_author() -> None:
    first = layer(ITEM)
    mine = authored(first.fields, None, HER, {})
    before = replace(first, authorship=mine)
    changed = layer(ITEM, on_site_visits=2).fields
    after = authored(changed, before, HIM, {"on_site_visits": "两次到场"})
    assert after["on_site_visits"] == Authorship(HIM.by, HIM.at, 2, "两次到场")
    assert {each for name, each in after.items() if name != "on_site_visits"} == {HER}


def test_a_field_that_is_taken_out_has_no_author() -> None:
    before = replace(layer(ITEM), authorship=authored(layer(ITEM).fields, None, HER, {}))
    assert "fee" not in authored(layer(ITEM, fee=None).fields, before, HIM, {})


def diverging(**fields: Any) -> Layer:
    made = layer(IMPLEMENTATION, **fields)
    return replace(made, authorship=authored(made.fields, None, HIM, {"statutory_time": "地方条例第五条"}))


def kinds(upper: Layer, lower: Layer) -> dict[str, str]:
    return {each.field: each.kind for each in drift(upper, [lower])}


def test_the_drift_report_tells_reasons_from_silence_and_copies() -> None:
    upper = replace(layer(ITEM), authorship=authored(layer(ITEM).fields, None, HER, {}))
    lower = diverging(statutory_time={"amount": 3}, fee={"charged": False}, on_site_visits=2)
    assert kinds(upper, lower) == {
        "statutory_time": "overridden",
        "fee": "repeated",
        "on_site_visits": "unexplained",
    }


def test_what_changed_above_since_has_to_be_looked_at_again() -> None:
    upper = layer(ITEM)
    later = Authorship(HER.by, HIM.at + timedelta(days=1), 3)
    upper = replace(upper, authorship=authored(upper.fields, None, later, {}))
    found = {each.field: each for each in drift(upper, [diverging(statutory_time={"amount": 3})])}
    report = found["statutory_time"]
    assert (report.kind, report.reason, report.by, report.since) == ("overtaken", "地方条例第五条", HIM.by, HIM.at)
    assert (report.here, report.there) == ({"amount": 3}, {"amount": 1})
    assert (report.entry, report.above) == (IMPLEMENTATION_CODE, ITEM_CODE)
