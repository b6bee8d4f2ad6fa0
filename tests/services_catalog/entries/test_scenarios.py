"""Life events: the steps in their order, materials once, and only what the person may have."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services_catalog.entries.fields import Fields
from services_catalog.entries.scenarios import defects, plan
from services_catalog.entries.steps import Step


def entry(*materials: dict[str, Any], rule: Any = None) -> Fields:
    conditions = [{"id": "who", "text": {"zh": "谁"}, "rule": rule}] if rule else []
    return msgspec.convert({"materials": materials, "acceptance_conditions": conditions}, Fields)


def material(code: str, **more: Any) -> dict[str, Any]:
    return {"id": code, "name": {"zh": code}, "forms": ["copy"]} | more


CERTIFICATE, HOUSEHOLD, INSURANCE = (
    Step(entry="cert"),
    Step(entry="hukou", after=("cert",)),
    Step(entry="ins", after=("hukou",)),
)


def test_what_can_be_done_at_the_same_time_is_one_round() -> None:
    school = Step(entry="school", after=("cert",))
    entries = {code: entry() for code in ("cert", "hukou", "ins", "school")}
    rounds = plan((INSURANCE, HOUSEHOLD, school, CERTIFICATE), entries, {}).rounds
    assert [[step.entry for step in each] for each in rounds] == [["cert"], ["hukou", "school"], ["ins"]]


def test_a_material_that_several_ask_for_is_asked_once_in_its_strictest_form() -> None:
    entries = {
        "cert": entry(material("id-card", copies=1)),
        "hukou": entry(material("id-card", copies=2, forms=["original"]), material("photo")),
        "ins": entry(material("card", licence="11100000"), material("photo", necessity="optional")),
    }
    materials = plan((CERTIFICATE, HOUSEHOLD, INSURANCE), entries, {}).materials
    assert [(each.material.id, each.material.copies, each.entries) for each in materials] == [
        ("id-card", 2, ("cert", "hukou")),
        ("photo", 1, ("hukou", "ins")),
        ("card", 1, ("ins",)),
    ]


def test_the_same_licence_is_the_same_material_under_any_id() -> None:
    entries = {"cert": entry(material("a", licence="L1")), "hukou": entry(material("b", licence="L1"))}
    (one,) = plan((CERTIFICATE, HOUSEHOLD), entries, {}).materials
    assert one.entries == ("cert", "hukou")


def test_what_is_ruled_out_or_not_to_be_seen_is_left_out_and_the_order_stays() -> None:
    young = {"rule": "fact", "fact": "age", "comparison": "at_most", "value": 6}
    entries = {"cert": entry(), "hukou": entry(rule=young), "ins": entry()}
    whole = (CERTIFICATE, HOUSEHOLD, INSURANCE)
    assert plan(whole, entries, {}).missing_facts == ("age",)
    made = plan(whole, entries, {"age": 7})
    assert made.ruled_out == ("hukou",)
    assert [[step.entry for step in each] for each in made.rounds] == [["cert"], ["ins"]]
    assert plan(whole, {"ins": entry()}, {}).rounds == ((INSURANCE,),)


@pytest.mark.parametrize(
    ("steps", "pointer", "said"),
    [
        ((CERTIFICATE, CERTIFICATE), "/steps/1/entry", "a step already"),
        ((HOUSEHOLD,), "/steps/0/after", "cert is no step"),
        ((Step(entry="a", after=("b",)), Step(entry="b", after=("a",))), "/steps", "wait for each other"),
    ],
)
def test_plans_that_cannot_be_followed_are_named(steps: tuple[Step, ...], pointer: str, said: str) -> None:
    (found,) = defects(steps)
    assert found.pointer == pointer
    assert said in found.message


def test_a_whole_plan_has_no_defects() -> None:
    assert [*defects((CERTIFICATE, HOUSEHOLD, INSURANCE))] == []


@given(st.data())
def test_nothing_comes_before_what_it_waits_for(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 8))
    steps = [
        Step(
            entry=f"s{at}", after=tuple(data.draw(st.sets(st.sampled_from([f"s{b}" for b in range(at)]))) if at else ())
        )
        for at in range(count)
    ]
    seen = data.draw(st.sets(st.sampled_from([step.entry for step in steps])))
    rounds = plan(data.draw(st.permutations(steps)), {code: entry() for code in seen}, {}).rounds
    place = {step.entry: at for at, each in enumerate(rounds) for step in each}
    assert place.keys() == seen
    assert all(
        place[before] < place[step.entry]
        for step in steps
        if step.entry in seen
        for before in step.after
        if before in seen
    )
