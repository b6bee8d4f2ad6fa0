"""docs/appointments.md's tables of the office file are those of its structs: every key, and what stands without it."""

import re
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import FieldInfo

from flows.appointments.office_file import (
    FileCounter,
    FileException,
    FileOffice,
    FileResource,
    FileSchedule,
    FileService,
    FileSystem,
    OfficeFile,
)
from flows.appointments.papers.questions import Choice, Question

PAGE = (Path(__file__).parents[2] / "docs" / "appointments.md").read_text()
TABLES: dict[str, type[msgspec.Struct]] = {
    "services": FileService,
    "questions": Question,
    "choices": Choice,
    "offices": FileOffice,
    "resources": FileResource,
    "schedules": FileSchedule,
    "counters": FileCounter,
    "exceptions": FileException,
    "systems": FileSystem,
}
WORDS = {"''": "empty", "None": "none", "[]": "none", "True": "true", "False": "false"}


def _without(field: FieldInfo) -> str:
    if field.required:
        return "**required**"
    default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return WORDS.get(repr(default), str(default))


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_the_keys_of_its_struct(table: str) -> None:
    (rows,) = re.findall(rf"^\| `{table}:` \| without it \| \|\n\|---\|---\|---\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    cells = re.findall(r"^\| (.+?) \| (.+?) \|", rows, re.MULTILINE)
    shown = [(key, without) for keys, without in cells for key in re.findall(r"`(\w+)`", keys)]
    assert dict(shown) == {field.encode_name: _without(field) for field in msgspec.structs.fields(TABLES[table])}
    assert len(shown) == len(dict(shown))


def test_every_list_of_the_file_has_a_table() -> None:
    structs: list[type[msgspec.Struct]] = [OfficeFile, *TABLES.values()]
    keys = {field.encode_name for each in structs for field in msgspec.structs.fields(each)}
    assert {*re.findall(r"^\| `(\w+):` \|", PAGE, re.MULTILINE)} == keys & TABLES.keys()
