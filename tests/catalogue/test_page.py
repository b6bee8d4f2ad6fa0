"""docs/catalogue.md is true: its example reads and breaks no rule, every word of the tables has a meaning."""

import re
from pathlib import Path
from typing import get_args

import msgspec

from docs.catalogue_tables import MEANING, STANDS
from services_catalog.entries.entry_file import read_file
from services_catalog.entries.fields import FIELDS
from services_catalog.lifecycle.states import State
from tests.catalogue.conftest import City

EXAMPLES = Path(__file__).parents[2] / "examples" / "departments"
PAGE = (Path(__file__).parents[2] / "docs" / "catalogue.md").read_text()


def test_every_field_and_state_has_a_meaning() -> None:
    assert set(MEANING) == set(FIELDS)
    assert set(STANDS) == set(get_args(State))


async def test_the_examples_break_no_rule(city: City) -> None:
    example, together = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (written,), defects = read_file(example.encode())
    assert defects == []
    items = [each.document for each in read_file((EXAMPLES / "marriage" / "entries.yaml").read_bytes())[0]]
    (item,) = (each for each in items if each.code == written.document.parent)
    for code in (item.code, "YZ0120110010"):
        raw = msgspec.to_builtins(msgspec.structs.replace(item, code=code, organisation="city"))
        await city.bring_out(raw)
    document = msgspec.structs.replace(written.document, organisation="east-civil-affairs")
    await city.draft(document)
    assert (await city.submit(document.code)).state == "checked"
    (written,), defects = read_file(together.encode())
    assert defects == []
    document = msgspec.structs.replace(written.document, organisation="city")
    await city.draft(document)
    version = await city.submit(document.code)
    assert (version.state, version.findings) == ("checked", [])


def test_a_file_may_hold_several_entries() -> None:
    text = b"# first\nlevel: item\ncode: a\n---\nlevel: item\ncode: b\nfields: {colour: red}\n"
    written, defects = read_file(text)
    assert written == []
    assert [(each.line, each.finding.pointer) for each in defects if "unknown" in each.finding.message] == [
        (7, "/fields/colour")
    ]
    written, defects = read_file(b'[{"level": "item", "code": "a", "organisation": "city", "fields": {}}]')
    assert ([each.document.code for each in written], defects) == (["a"], [])
    assert read_file(b"\xff\xfe\xff")[1]
    assert read_file(b"a: [\n")[1][0].line == 2
