"""Entries as CSV: what is written reads back as the same documents, and every defect has its line."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services_catalog.entries.document import EntryDocument, read_entry
from services_catalog.entries.entry_file import read_file
from services_catalog.entries.sheet import FLAT, read_sheet, write_sheet
from tests.services_catalog.entries.samples import CASE, IMPLEMENTATION, ITEM

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "departments").glob("*/entries.yaml"))


def _back(*documents: EntryDocument) -> list[EntryDocument]:
    text = write_sheet(msgspec.to_builtins(each) for each in documents)
    written, defects = read_sheet(text.encode())
    assert defects == []
    return [each.document for each in written]


def _examples() -> list[EntryDocument]:
    return [each.document for path in EXAMPLES for each in read_file(path.read_bytes())[0]]


def test_real_entries_come_back_the_same() -> None:
    documents = [*(read_entry(each) for each in (ITEM, IMPLEMENTATION, CASE)), *_examples()]
    assert len(documents) == 11
    assert _back(*documents) == documents


_text = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=9)
_fields = st.fixed_dictionaries(
    {},
    optional={
        "name": st.fixed_dictionaries({"zh": _text}, optional={"en": _text}),
        "summary": st.fixed_dictionaries({"zh": _text.map(lambda text: text + "\n" + text)}, optional={"en": _text}),
        "audience": st.lists(st.sampled_from(["person", "enterprise"]), max_size=3),
        "topics": st.lists(st.sampled_from(["a", "b.c", "0"]), max_size=3),
        "on_site_visits": st.integers(0, 20),
        "contact": st.fixed_dictionaries({}, optional={"phone": _text, "note": st.fixed_dictionaries({"zh": _text})}),
        "promised_time": st.fixed_dictionaries({"amount": st.integers(0, 9)}, optional={"note": st.just({"zh": "x"})}),
        "fee": st.fixed_dictionaries({"charged": st.booleans()}),
        "alternate_names": st.lists(st.fixed_dictionaries({"zh": _text}), max_size=2),
    },
)


@given(st.lists(_fields, min_size=1, max_size=4))
def test_whatever_is_written_comes_back_the_same(fields: list[dict[str, Any]]) -> None:
    documents = [
        read_entry({"level": "item", "code": f"c{at}", "organisation": "city", "fields": each})
        for at, each in enumerate(fields)
    ]
    assert _back(*documents) == documents


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("level,colour\nitem,red\n", 1, "the column 'colour' is unknown"),
        ("level,level\nitem,item\n", 1, "stands there twice"),
        ("level,code\nitem\n", 2, "1 cells for 2 columns"),
        ('level,code,organisation,summary_zh,/fee\nitem,a,city,"two\nlines",\nitem,b,city,,{\n', 4, "is no JSON"),
        ("level,code,organisation,on_site_visits\nitem,a,city,two\n", 2, "'two' in on_site_visits is no whole number"),
        (f"level,code,organisation,on_site_visits\nitem,a,city,{'9' * 5000}\n", 2, "is no whole number"),
        ("level,code,organisation,audience\nitem,a,city,person robot\n", 2, "robot"),
        ("level,code,organisation,name_zh,/name\nitem,a,city,x,3\n", 2, "name_zh and /name both say it"),
        ('level,code\n"item,a\n', 2, "this is no CSV"),
        ("level,code,organisation\nitem,,city\n", 2, "the key 'code' is missing"),
    ],
)
def test_a_defect_has_its_line(text: str, line: int, said: str) -> None:
    _, defects = read_sheet(text.encode())
    assert defects[0].line == line
    assert said in defects[0].finding.message
    assert defects[0].finding.fix


def test_flat_columns_lead_somewhere() -> None:
    for name, column in FLAT.items():
        cell = {"words": "a", "number": "1", "text": "x"}[column.kind]
        _, defects = read_sheet(f"level,code,organisation,{name}\nitem,a,city,{cell}\n".encode())
        assert not [each for each in defects if "unknown" in each.finding.message], name
