"""The operator's commands for organisations, calendars, roles and matters, as they are typed."""

from pathlib import Path

import pytest

from kernel.database import Database
from kernel.settings import Settings
from tests.cli.operator import Operator
from tests.organisations.city import CITY, row, sheet

pytestmark = pytest.mark.case("issue-4.1")


@pytest.fixture
def operator(settings: Settings) -> Operator:
    return Operator(settings)


async def test_a_tree_is_loaded_read_and_changed(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "tree.csv"
    file.write_bytes(sheet(CITY))
    assert "9 added, 0 changed, 0 as they were" in await operator.done("organisation", "load", str(file), "--dry-run")
    assert "9 added" in await operator.done("organisation", "load", str(file))
    assert "0 added, 0 changed, 9 as they were" in await operator.done("organisation", "load", str(file))
    assert await operator.done("organisation", "find", "青山") == "town  青山镇  town  government\n"
    assert "town is below west" in await operator.done("organisation", "move", "town", "--to", "west")
    shown = await operator.done("organisation", "show", "village")
    assert "above   west  西区" in shown
    assert "below   grid" in shown
    assert "2 with itself" in shown
    before = await operator.done("organisation", "show", "village", "--as-of", "2026-01-01")
    assert "above   east  东区" in before
    assert "parent: east → west" in await operator.done("organisation", "show", "town")
    await operator.done("organisation", "merge", "east", "--into", "west")
    await operator.done("organisation", "close", "grid")
    exported = await operator.done("organisation", "export")
    assert exported.splitlines()[0].startswith("code,name_zh,")
    refused = await operator.type("organisation", "show", "nowhere")
    assert refused.exception is not None
    assert "There is no organisation nowhere" in str(refused.exception)


async def test_a_file_s_defects_are_listed(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "tree.csv"
    file.write_bytes(sheet([row("a", "b"), row("c", tier="?")]))
    result = await operator.type("organisation", "load", str(file))
    assert result.exit_code == 1
    assert "line 2: parent b is neither in the file nor known. Add its line, or mend the code." in result.output
    assert "line 3: tier: '?' is none." in result.output
    assert "The file has 2 defects; nothing was changed." in result.output
    assert "no organisation" in (await operator.type("organisation", "find", "局")).output.lower()


async def test_matters_calendars_and_roles(operator: Operator, database: Database) -> None:
    await operator.done("organisation", "load", "-", stdin=sheet(CITY).decode())
    matters = "organisation,matter\nhealth,clinics\n"
    assert "1 responsibilities" in await operator.done("organisation", "responsibilities", "-", stdin=matters)
    assert await operator.done("responsible", "grid", "clinics") == "health  局\n"
    assert await operator.done("responsible", "108.2,30.2", "clinics") == "health  局\n"
    assert "Loaded office." in await operator.done(
        "calendar", "load", "-", stdin="calendar,day,kind,hours\noffice,mon,working,09:00-17:00\n"
    )
    assert "mon         working  09:00-17:00" in await operator.done("calendar", "show", "office")
    await operator.done(
        "department", "add", "parks", "--title-zh", "园林", "--title-en", "Parks", "--organisation", "east"
    )
    await operator.done("department", "place", "parks", "west")
    assert "parks  园林  Parks  west" in await operator.done("department", "list")
    issued = await operator.type("department", "credential", "parks")
    assert all(each in issued.stderr for each in ("YIWANG_TOKEN", "/hall", "/desk", "/hall/display"))
    token = issued.stdout.split("_")[1]
    await operator.done("role", "grant", f"credential:{token}", "editor", "--at", "west")
    listed = await operator.done("role", "list", "--at", "west")
    assert f"credential:{token}  editor  west (administrative)" in listed
    assert "is no editor of west any more" in await operator.done("role", "revoke", listed.split()[0])
    assert await operator.done("role", "list") == ""
    await operator.done("role", "grant", f"credential:{token}", "editor", "--at", "west")
    await database.pool.execute("UPDATE department_credential SET last_used_at = '2026-12-01T12:36:32.75Z'")
    assert f"{token}  last used 2026-12-01 12:36 UTC\n" in await operator.done("department", "list")
    await operator.done("department", "revoke", token)
    assert await operator.done("role", "list") == ""  # nobody can use it any more
    nobody = await operator.type("role", "grant", "account:none", "editor", "--at", "west")
    assert "there is no account:none" in nobody.output
