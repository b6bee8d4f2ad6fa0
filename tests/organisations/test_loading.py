"""Files of organisations: everything wrong is found at once, and the same file again changes nothing."""

from datetime import timedelta

import pytest
from sqlmodel import select

from kernel.clock import ManualClock
from kernel.database import Database
from services_catalog.organisations import loading
from services_catalog.organisations.errors import FileRefusedError
from services_catalog.organisations.moving import move
from services_catalog.organisations.questions import View, count, paths_of, subtree
from services_catalog.organisations.tables import Organisation, OrganisationChange
from services_catalog.organisations.tree_file import read_tree, write_tree
from tests.organisations.city import CITY, MONDAY, author, load_rows, row, sheet

pytestmark = pytest.mark.case("issue-4.1")


async def _refused(database: Database, clock: ManualClock, data: bytes, encoding: str = "utf-8") -> list[str]:
    with pytest.raises(FileRefusedError) as raised:
        async with database.session() as session:
            await loading.load(session, clock, author(), data, encoding=encoding, progress=lambda _: None)
    return [str(finding) for finding in raised.value.findings]


DEFECTS = [
    (row("", "city"), "line 2: code is empty"),
    (row("a/b", "city"), "line 2: code: 'a/b' is no code. Use up to 40 letters"),
    (row("new", "nowhere"), "line 2: parent nowhere is neither in the file nor known"),
    (row("new", guidance_parent="nowhere"), "line 2: guidance_parent nowhere is neither"),
    (row("new", "east"), "line 2: tier city (department) is not below that of its parent, district (government)"),
    (row("new", "east", tier="district", kind="government"), "line 2: tier district (government) is not below"),
    (row("new", tier="street"), "line 2: tier: 'street' is none. Use one of city, district"),
    (row("new", name_zh="a\x07b"), "line 2: name_zh has a line break or another control character"),
    (row("new", credit_code="91310000MA00000000"), "line 2: credit_code: The code's last character"),
    (row("new", region_code="50011"), "line 2: region_code: '50011' is no region code"),
    (row("new", valid_from="2026-02-30"), "line 2: valid_from: '2026-02-30' is no day"),
    (row("new", valid_from="2026-03-01", valid_to="2026-03-01"), "line 2: valid_to 2026-03-01 is not after"),
    (row("new", longitude="181", latitude="1"), "line 2: longitude: '181' is none. Write degrees"),
    (row("new", longitude="108"), "line 2: One of longitude and latitude is empty"),
    (row("new", calendar="none"), "line 2: calendar none is not known. Load it first"),
    (row("new", "new"), "line 2: parent leads in a circle: new below new"),
    (row("city", "health"), "line 2: parent leads in a circle"),
    (row("east", valid_to="2026-01-01"), "line 2: town is below it: parent east ends on 2026-01-01, before it d"),
    (row("health", tier="town"), "line 2: east-health is below it: tier district (department) is not below that"),
    (row("town", "east", tier="town", kind="government", valid_from="2020-01-01"), "line 2: valid_from of town is"),
    (row("west", merged_into="east", valid_to="2026-01-01"), "line 2: merged_into of west is empty already"),
]


async def test_a_defect_is_named_with_its_line_and_its_cure(city: Database, clock: ManualClock) -> None:
    for cells, said in DEFECTS:
        findings = await _refused(city, clock, sheet([cells]))
        assert any(finding.startswith(said) for finding in findings), (said, findings)


async def test_every_defect_of_a_file_is_named_at_once(database: Database, clock: ManualClock) -> None:
    rows = [row("a", "b"), row("b", "a"), row("a"), row("c", "x"), row("d", tier="?")]
    findings = await _refused(database, clock, sheet(rows))
    assert [finding.split(":")[0] for finding in findings] == ["line 2", "line 4", "line 5", "line 6"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file: It is empty"),
        (b"code,name_zh,tier,kind\n", "line 1: The column parent is missing"),
        (b"code,name_zh,tier,kind,parent,region\n", "line 1: 'region' is no column. Did you mean region_code?"),
        (b"code,name_zh,tier,kind,parent\na,b\n", "line 2: 2 cells, but the header names 5 columns"),
        (b'code,name_zh,tier,kind,parent\na,"b,c\n', "line 2: No CSV"),
        ("code,name_zh,tier,kind,parent\na,局,city,department,\n".encode("gb18030"), "line 2: Not text in utf-8. It m"),
        (b"code,name_zh,tier,kind,parent\na,\xff\xff,city,department,\n", "line 2: Not text in utf-8. Save it"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data: bytes, said: str) -> None:
    try:
        _, _, findings = read_tree(data, "utf-8")
    except FileRefusedError as error:
        findings = list(error.findings)
    assert str(findings[0]).startswith(said), findings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_what_is_exported_loads_and_changes_nothing(city: Database, clock: ManualClock, encoding: str) -> None:
    async with city.session() as session:
        data = write_tree(await loading.exported(session)).encode(encoding)
    read_as = "utf-8" if encoding == "utf-8-sig" else encoding
    async with city.session() as session:
        again = await loading.load(session, clock, author(), data, encoding=read_as, progress=lambda _: None)
    assert again == loading.Loaded(0, 0, len(CITY), {})
    assert await city.pool.fetchval("SELECT count(*) FROM audit_entry WHERE action = 'organisation.loaded'") == 1


async def test_a_changed_line_is_a_recorded_change(city: Database, clock: ManualClock) -> None:
    clock.advance(clock.now() - clock.now().replace(hour=0))
    changed = [
        row("town", "west", tier="town", kind="government", name_zh="绿水镇", contact="12345"),
        row("health", "city", valid_to="2030-01-01"),
        row("east-health", "east", tier="district", guidance_parent="health", valid_to="2030-01-01"),
        row("west-health", "west", tier="district", valid_to="2029-01-01"),
    ]
    loaded = await load_rows(city, clock, changed)
    assert (loaded.added, loaded.changed, loaded.unchanged) == (0, 4, 0)
    assert loaded.changes == {"moved": 2, "renamed": 1, "changed": 1, "closed": 3}
    async with city.session() as session:
        assert (await paths_of(session, View(MONDAY), ["grid"]))["grid"] == "city/west/town/village/grid"
        assert (await paths_of(session, View(MONDAY, "guidance"), ["west-health"]))["west-health"] == "west-health"
        rows = (await session.exec(select(OrganisationChange).where(OrganisationChange.organisation == "town"))).all()
        assert [(each.change, each.before, each.after) for each in rows] == [
            ("added", {}, {}),
            ("changed", {"contact": None}, {"contact": "12345"}),
            ("moved", {"parent": "east"}, {"parent": "west"}),
            ("renamed", {"name_zh": "青山镇"}, {"name_zh": "绿水镇"}),
        ]
        assert (await session.get_one(Organisation, "grid")).path == "city/west/town/village/grid"


async def test_a_move_by_file_leaves_the_past(city: Database, clock: ManualClock) -> None:
    yesterday = View(MONDAY)
    clock.advance(clock.now() - clock.now().replace(day=29))
    today = View(clock.now().date())
    await load_rows(city, clock, [row("town", "west", tier="town", kind="government", name_zh="青山镇")])
    async with city.session() as session:
        before = (await subtree(session, yesterday, "east")).organisations
        after = (await subtree(session, today, "east")).organisations
    assert [each.code for each in before] == ["east", "east-health", "town", "village", "grid"]
    assert [each.code for each in after] == ["east", "east-health"]


async def test_what_is_added_below_a_moved_one_is_known_from_the_move_on(city: Database, clock: ManualClock) -> None:
    async with city.session() as session:
        await move(session, clock, author(), "town", "west")
    added = [row("new", "town", tier="village", kind="community"), row("below", "new", tier="grid", kind="grid")]
    await load_rows(city, clock, added)
    async with city.session() as session:
        assert await count(session, View(MONDAY), "west") == 7
        before = View(MONDAY - timedelta(days=1))
        assert (await count(session, before, "west"), await count(session, before, "east")) == (2, 5)


async def test_columns_that_a_file_does_not_have_stay_as_they_are(city: Database, clock: ManualClock) -> None:
    data = "code,name_zh,tier,kind,parent\nvillage,绿村,village,community,town\n".encode()
    async with city.session() as session:
        loaded = await loading.load(session, clock, author(), data, progress=lambda _: None)
    assert loaded.changes == {"renamed": 1}
    assert await city.pool.fetchval("SELECT longitude FROM organisation WHERE code = 'village'") == 108.1


async def test_nobody_edits_what_was_recorded(city: Database) -> None:
    for statement in ("UPDATE organisation_change SET actor = ''", "DELETE FROM organisation_change"):
        with pytest.raises(Exception, match="changes are only ever added"):
            await city.pool.execute(statement)
