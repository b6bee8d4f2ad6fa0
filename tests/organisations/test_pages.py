"""The files that docs/organisations.md shows are files that load, and its table of roles is the one that counts."""

import re
from pathlib import Path

import pytest

from services_catalog.organisations.calendar_file import read_calendars
from services_catalog.organisations.checking import check
from services_catalog.organisations.roles import MAY, ROLES
from services_catalog.organisations.tree_file import COLUMNS, read_tree

pytestmark = pytest.mark.case("issue-4.1")
PAGE = (Path(__file__).parents[2] / "docs" / "organisations.md").read_text()


def _file(header: str) -> bytes:
    (found,) = re.findall(rf"^```\n({header}.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found).encode()


def test_the_tree_loads() -> None:
    lines, _, findings = read_tree(_file("code,"), "utf-8")
    entries = {code: entry for code, (_, entry) in lines.items()}
    assert findings + check({code: line for code, (line, _) in lines.items()}, entries, {}, ()) == []


def test_every_column_is_described() -> None:
    assert [name for name in COLUMNS if f"`{name}`" not in PAGE] == []


def test_the_calendar_loads() -> None:
    assert len(read_calendars(_file("calendar,"))) == 5


def test_the_table_of_roles_is_the_one_that_counts() -> None:
    shown = {
        role: [cell.strip() == "x" for cell in cells.split("|")[:-1]]
        for role, cells in re.findall(r"^\| (\w+) \|((?: x? *\|)+)$", PAGE, re.MULTILINE)
    }
    assert shown == {role: [role in who for who in MAY.values()] for role in ROLES}
