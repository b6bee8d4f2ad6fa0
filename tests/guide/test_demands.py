"""What a department asks for, held to what its entry lists."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services_catalog.entries.asks import Ask
from services_catalog.guide.demands import Charge, Demands, Promised, beyond, demanded
from supergraph.scalars import decode
from tests.services_catalog.entries.samples import LAW


def _material(name: str) -> dict[str, Any]:
    return {"id": name, "name": {"zh": name}, "forms": ["original"], "legal_basis": LAW}


ENTRY = msgspec.convert(
    {
        "code": "a",
        "version": 1,
        "materials": [_material("id-card"), _material("photo")],
        "acceptance_conditions": [{"id": "adult", "text": {"zh": "成年"}}],
        "fee": {
            "charged": True,
            "items": [
                {"id": "book", "name": {"zh": "工本费"}, "amount_fen": 900},
                {"id": "post", "name": {"zh": "邮寄费"}, "amount_fen": 1200},
            ],
        },
        "channels": [
            {
                "id": "hall",
                "kind": "window",
                "overrides": {"materials": [_material("form")], "fee": {"charged": False}},
            },
            {"id": "web", "kind": "web", "url": "https://a.example"},
        ],
    },
    Promised,
)


@pytest.mark.parametrize(
    ("demands", "found"),
    [
        (Demands(materials=("id-card", "photo")), []),
        (Demands(materials=("photo", "hukou", "hukou")), [("material", "hukou")]),
        (Demands(conditions=("adult",)), []),
        (Demands(conditions=("adult", "local")), [("condition", "local")]),
        (Demands(fees=(Charge(900, "book"), Charge(1200, "post"))), []),
        (Demands(fees=(Charge(901, "book"),)), [("fee", "book")]),
        (Demands(fees=(Charge(100, "copies"),)), [("fee", "copies")]),
        (Demands(fees=(Charge(0, "copies"),)), []),
        (Demands(fees=(Charge(2100),)), []),
        (Demands(fees=(Charge(2101),)), [("fee", "all")]),
        (Demands(channel="hall", materials=("form",)), []),
        (Demands(channel="hall", materials=("photo",)), [("material", "photo")]),
        (Demands(channel="hall", fees=(Charge(900),)), [("fee", "all")]),
        (Demands(channel="web", materials=("photo",)), []),
        (Demands(channel="web", materials=("form",)), [("material", "form")]),
        (Demands(materials=("form",)), []),
    ],
)
def test_what_is_not_listed_is_beyond(demands: Demands, found: list[tuple[str, str]]) -> None:
    assert [(each.kind, each.id) for each in beyond(ENTRY, demands)] == found


def test_an_entry_that_lists_nothing_allows_nothing_and_a_rule_in_words_any_amount() -> None:
    asked = Demands(materials=("a",), conditions=("b",), fees=(Charge(1),))
    assert [each.kind for each in beyond(Promised("a", 1), asked)] == ["material", "condition", "fee"]
    words = {"charged": True, "items": [{"id": "area", "name": {"zh": "按面积"}, "standard": {"zh": "每平方米 80 元"}}]}
    entry = msgspec.convert({"code": "a", "version": 1, "fee": words}, Promised)
    assert beyond(entry, Demands(fees=(Charge(10**9, "area"), Charge(10**9)))) == []


@pytest.mark.parametrize(
    ("ask", "answer", "found"),
    [
        (Ask(kind="material", at="missing[].code"), {"missing": [{"code": "a"}, {"code": "b"}, {}]}, ("a", "b")),
        (Ask(kind="material", at="missing[]"), {"missing": ["a", 7, None, ["c"]]}, ("a", "7")),
        (Ask(kind="material", at="[].code"), [{"code": "a"}], ("a",)),
        (Ask(kind="material", at="code"), {"code": "a"}, ("a",)),
        (Ask(kind="material", at="code"), [{"code": "a"}], ()),
        (Ask(kind="material", at="code"), {"code": "a\x00b\n" + "c" * 100}, ("ab" + "c" * 60,)),
        (Ask(kind="material", at="deep.er[][].x"), {"deep": {"er": [[{"x": "a"}], [{"x": "b"}]]}}, ("a", "b")),
    ],
)
def test_materials_are_read_where_the_entry_says(ask: Ask, answer: Any, found: tuple[str, ...]) -> None:
    assert [each.materials for each in demanded((ask,), answer)] == ([found] if found else [])


@pytest.mark.parametrize(
    ("text", "unit", "fen"),
    [
        ("900", "fen", 900),
        ("9", "yuan", 900),
        ("9.00", "yuan", 900),
        ("0.29", "yuan", 29),
        ('"9.01"', "yuan", 901),
        ("9.005", "yuan", 901),
        ("1e3", "fen", 1000),
        ("true", "fen", None),
        ('"free"', "fen", None),
        ('"NaN"', "fen", None),
        ('"1e999999"', "fen", None),
        ('"1e999999"', "yuan", None),
        ("1000000000001", "fen", None),
        ("10000000000.01", "yuan", None),
        (f'"{"1" * 5000}"', "fen", None),
        ('"-5"', "fen", None),
        ("null", "fen", None),
    ],
)
def test_amounts_are_whole_fen(text: str, unit: Any, fen: int | None) -> None:
    asked = demanded((Ask(kind="fee", at="total", unit=unit),), decode(f'{{"total": {text}}}'))
    assert [each.amount_fen for one in asked for each in one.fees] == ([] if fen is None else [fen])


@given(
    st.recursive(
        st.none() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("ab"), inner),
    )
)
def test_whatever_an_answer_is_something_or_nothing_is_asked_for(answer: Any) -> None:
    asks = tuple(
        Ask(kind=kind, at=at) for kind in ("material", "condition", "fee") for at in ("a", "a[].b", "[].a", "b[]")
    )
    for demands in demanded(asks, answer):
        assert all(len(each.id) <= 64 for each in beyond(ENTRY, demands))


def test_what_is_asked_at_one_channel_is_held_to_that() -> None:
    asks = (Ask(kind="material", at="hall[]", channel="hall"), Ask(kind="material", at="web[]", channel="web"))
    found = demanded(asks, {"hall": ["form", "photo"], "web": ["form", "photo"]})
    unlisted = {each.channel: [one.id for one in beyond(ENTRY, each)] for each in found}
    assert unlisted == {"hall": ["photo"], "web": ["form"]}
