"""``yiwang appointments``: the example is loaded once, defects are said by line, and conflicts are listed."""

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli import appointment_demo
from kernel.clock import SystemClock, local
from kernel.database import Database
from kernel.settings import Settings
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from services_catalog.organisations.tables import EVER, Organisation, OrganisationPlace
from tests.architecture.test_structure import REPOSITORY
from tests.cli.operator import Operator

FOLDER = REPOSITORY / "examples" / "appointments"
CITY = FOLDER / "city.yaml"
BUREAU = "yunzhou-civil-affairs"


@pytest.fixture(autouse=True)
async def bureau(database: Database, operator: Operator) -> None:
    await operator.done("calendar", "load", str(FOLDER / "calendar.csv"))
    async with database.session() as session:
        await add_department(session, SystemClock(), "civil-affairs", Text(zh="民政局", en="Civil Affairs"))
        session.add(
            Organisation(
                code=BUREAU, name_zh="民政局", tier="city", kind="department", calendar="yunzhou", path=BUREAU,
                guidance_path=BUREAU,
            )
        )  # fmt: skip
        await session.flush()
        session.add(OrganisationPlace(organisation=BUREAU, since=EVER, path=BUREAU, guidance_path=BUREAU))


def changed(folder: Path, **resource: Any) -> str:
    """Write the example with other values in its first resource."""
    city = msgspec.yaml.decode(CITY.read_bytes())
    city["offices"][0]["resources"][0] |= resource
    path = folder / "city.yaml"
    path.write_bytes(msgspec.yaml.encode(city))
    return str(path)


async def test_the_example_is_loaded_once(operator: Operator, database: Database) -> None:
    dry = await operator.done("appointments", "load", str(CITY), "--dry-run")
    assert "resource:civic-centre/registry  added" in dry
    assert "resource:civic-centre/registry/schedule:working 09:00-12:00  added" in dry
    assert await database.pool.fetchval("SELECT count(*) FROM appointment_office") == 0
    await operator.done("appointments", "load", str(CITY))
    slots = await database.pool.fetchval("SELECT count(*) FROM appointment_slot")
    assert slots > 100
    assert await operator.done("appointments", "load", str(CITY)) == ""
    assert await database.pool.fetchval("SELECT count(*) FROM appointment_slot") == slots
    shown = await operator.done("appointments", "show")
    assert "civic-centre  云州市民政局婚姻登记处  0190-12345001" in shown
    assert "registry  登记窗口  marriage-registration  0 of " in shown


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({"skills": ["passport"], "schedules": []}, "there is no service passport"),
        ({"schedules": [{"days": ["working"], "hours": "12:00-09:00", "places": {"public": 1}}]}, "end before they"),
        ({"schedules": [{"days": ["working"], "hours": "9-12", "places": {"public": 1}}]}, "Write hours such as"),
        ({"schedules": [{"days": ["someday"], "hours": "09:00-12:00", "places": {"public": 1}}]}, "someday"),
        ({"schedules": [{"days": ["mon"], "hours": "09:00-12:00", "places": {"public": 0}}]}, "nobody has a place"),
        ({"schedules": [{"days": ["mon"], "hours": "09:00-12:00", "places": {"web": 1}}]}, "places"),
        (
            {
                "schedules": [
                    {"days": ["mon"], "hours": "09:00-12:00", "places": {"public": 1}},
                    {"days": ["working"], "hours": "11:00-13:00", "places": {"public": 1}},
                ]
            },
            "it overlaps schedule 1",
        ),
        ({"slot_minuts": 5}, "Did you mean slot_minutes?"),
    ],
)
async def test_defects_are_said_by_line_and_nothing_is_changed(
    operator: Operator, database: Database, tmp_path: Path, resource: dict[str, Any], said: str
) -> None:
    refused = await operator.type("appointments", "load", changed(tmp_path, **resource))
    assert refused.exit_code == 1
    assert said in refused.stderr
    assert "nothing was changed" in refused.stderr
    assert await database.pool.fetchval("SELECT count(*) FROM appointment_service") == 0


async def test_all_defects_of_a_file_are_said_at_once_by_place(operator: Operator, database: Database) -> None:
    """What is misspelt, what contradicts itself and what the platform does not know, in one answer."""
    file = REPOSITORY / "tests" / "appointments" / "defects.yaml"
    refused = await operator.type("appointments", "load", str(file))
    said = re.findall(r"^(.*)\n    (.+)$", refused.stderr, re.MULTILINE)
    places = [re.fullmatch(rf"{file}:(\d+): error (\S+) \((.+?)\): (.+)", place) for place, _ in said]
    found = [(int(each[1]), each[2], each[3], each[4]) for each in places if each]
    assert len(found) == len(said)
    wanted = [
        (number, each)
        for number, line in enumerate(file.read_text().splitlines(), 1)
        for each in line.partition("  # ")[2].split(" # ")
        if each
    ]
    assert [(line, message) for line, _, _, message in found] == wanted
    assert f"The file has {len(found)} defects; nothing was changed." in refused.stderr
    assert found[-1][1:3] == ("/offices/1/resources", "office yunze")
    words = " ".join(fix for _, fix in said)
    assert re.search(r"`|msgspec|\bint\b|\bstr\b|array|\bobject\b", words + " ".join(each[3] for each in found)) is None
    for table in ("booking_system", "appointment_service", "appointment_office", "appointment_resource"):
        assert await database.pool.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - of this list


@pytest.mark.case("AP-17")
async def test_hours_that_change_leave_bookings_as_conflicts(
    operator: Operator, database: Database, tmp_path: Path
) -> None:
    await operator.done("appointments", "load", str(CITY))
    now = SystemClock().now()
    slot = await database.pool.fetchrow(
        """SELECT s.* FROM appointment_slot s JOIN appointment_resource r ON r.id = s.resource_id
            WHERE r.code = 'registry' AND s.starts_at > $1 ORDER BY s.starts_at LIMIT 1""",
        now + timedelta(days=3),
    )
    await database.pool.execute(
        """INSERT INTO booking (id, uid, code, hold_id, service, office, resource_id, slot_ids, starts_at, ends_at,
            people, channel, state, sequence, created_at, updated_at)
            VALUES (gen_random_uuid(), gen_random_uuid(), 'CODE2345', 'hold', 'marriage-registration', 'civic-centre',
            $1, $2, $3, $4, 1, 'public', 'confirmed', 0, now(), now())""",
        slot["resource_id"], [slot["id"]], slot["starts_at"], slot["ends_at"],
    )  # fmt: skip
    await database.pool.execute("UPDATE appointment_slot SET taken = 1, used[1] = 1 WHERE id = $1", slot["id"])
    assert await operator.done("appointments", "conflicts") == ""
    fewer = [{"days": ["working"], "hours": "20:00-21:00", "places": {"public": 1}}]
    loaded = await operator.type("appointments", "load", changed(tmp_path, schedules=fewer))
    assert "1 bookings conflict" in loaded.stderr
    shown = await operator.done("appointments", "conflicts", "--office", "civic-centre")
    assert shown == f"{local(slot['starts_at'], 'Asia/Shanghai')}  civic-centre  marriage-registration  CODE2345\n"
    unknown = await operator.type("appointments", "conflicts", "--office", "palace")
    assert "There is no office 'palace'" in str(unknown.exception)
    said = (await operator.type("appointments", "conflicts")).stderr
    assert "yiwang appointments keep CODE" in said
    assert "cancel CODE --reason" in said
    kept = await database.pool.fetchrow("SELECT status, taken FROM appointment_slot WHERE id = $1", slot["id"])
    assert tuple(kept) == ("closed", 1)
    gone = "SELECT count(*) FROM appointment_slot WHERE resource_id = $1 AND schedule_id = $2 AND taken = 0"
    assert await database.pool.fetchval(gone, slot["resource_id"], slot["schedule_id"]) == 0
    refused = await operator.type("appointments", "load", changed(tmp_path, schedules=fewer, slot_minutes=20))
    assert "somebody has booked by the former" in refused.stderr

    refused = await operator.type("appointments", "excuse", "CODE2345", "--reason", "illness")
    assert "nobody is said not to have come" in str(refused.exception)
    assert "still to come" in (await operator.type("appointments", "missed", "CODE2345")).stderr
    past = (
        "UPDATE booking SET state = 'confirmed', starts_at = now() - interval '2 h', ends_at = now() - interval '1 h'"
    )
    await database.pool.execute(past)
    await operator.done("appointments", "missed", "CODE2345")
    assert await database.pool.fetchval("SELECT state FROM booking") == "no_show"
    for _ in range(2):
        await operator.done("appointments", "excuse", "code2345", "--reason", "was ill, and has a note")
    assert await database.pool.fetchval("SELECT count(*) FROM booking WHERE excused_at IS NOT NULL") == 1


async def test_an_office_decides_on_what_conflicts_and_closes_a_day(
    operator: Operator, database: Database, tmp_path: Path
) -> None:
    await operator.done("appointments", "load", str(CITY))
    slots = await database.pool.fetch(
        """SELECT s.*, (s.starts_at AT TIME ZONE 'Asia/Shanghai')::date AS day FROM appointment_slot s
            JOIN appointment_resource r ON r.id = s.resource_id
            WHERE r.code = 'registry' AND (s.starts_at AT TIME ZONE 'Asia/Shanghai')::date > current_date + 3
            ORDER BY s.starts_at LIMIT 3""",
    )
    day = str(slots[0]["day"])
    for number, slot in enumerate(slots):
        await database.pool.execute(
            """INSERT INTO booking (id, uid, code, hold_id, service, office, resource_id, slot_ids, starts_at, ends_at,
                people, channel, state, sequence, created_at, updated_at)
                VALUES (gen_random_uuid(), gen_random_uuid(), $5, $5, 'marriage-registration', 'civic-centre',
                $1, $2, $3, $4, 1, 'public', $6, 0, now(), now())""",
            slot["resource_id"], [slot["id"]], slot["starts_at"], slot["ends_at"], f"CODE234{number + 2}",
            "conflict" if number else "confirmed",
        )  # fmt: skip
        await database.pool.execute("UPDATE appointment_slot SET taken = 1, used[1] = 1 WHERE id = $1", slot["id"])
    await operator.done("appointments", "keep", "CODE2343")
    await operator.done("appointments", "cancel", "code2344", "--reason", "停电")
    again = await operator.type("appointments", "cancel", "CODE2344", "--reason", "停电")
    assert "It is cancelled by the office already" in str(again.exception)
    again = await operator.type("appointments", "keep", "CODE2343")
    assert "It is confirmed already" in str(again.exception)
    closing = ("appointments", "close-day", "civic-centre", day, "--reason", "停电")
    dry = await operator.type(*closing, "--dry-run")
    assert "2 appointments: marriage-registration 2." in dry.stdout
    assert f"civic-centre on {day} would be closed, and 2 appointments would be cancelled" in dry.stderr
    assert "nothing was done" in dry.stderr
    closed = "SELECT count(*) FROM appointment_exception WHERE day = $1"
    assert await database.pool.fetchval(closed, slots[0]["day"]) == 0
    assert (
        f"civic-centre on {day} is closed. 2 appointments were cancelled; their people"
        in (await operator.type(*closing)).stderr
    )
    assert "0 appointments were cancelled." in (await operator.type(*closing)).stderr
    assert await database.pool.fetch("SELECT DISTINCT state FROM booking") == [("office_cancelled",)]
    await operator.done("appointments", "load", _opened_again(tmp_path, day))
    assert await database.pool.fetchval(closed, slots[0]["day"]) == 0
    untold = await operator.done("appointments", "notices", "--state", "untold", "--kind", "office_cancelled")
    assert await operator.done("appointments", "notices", "--kind", "offer") == ""
    assert untold.count("office_cancelled  marriage-registration CODE234") == 3
    for wrong in (("palace", day), ("civic-centre", "2020-01-01")):
        assert (await operator.type("appointments", "close-day", *wrong, "--reason", "停电")).exit_code == 1


def _opened_again(folder: Path, day: str) -> str:
    """The file of docs/appointments.md that opens a day."""
    written = (REPOSITORY / "docs" / "appointments.md").read_text()
    [text] = re.findall(r"```yaml\n(offices:\n.*?)```", written, re.DOTALL)
    file = folder / "open.yaml"
    file.write_text(re.sub(r"day: [-0-9]+", f"day: {day}", text))
    return str(file)


def test_the_command_alone_knows_what_bookings_refer_to() -> None:
    """In a process of its own, where nobody else has imported accounts."""
    program = """import cli.appointments
from sqlmodel import SQLModel
ours = [each for name, each in SQLModel.metadata.tables.items() if name.startswith(("booking", "appointment"))]
print([key.column.table.name for each in ours for key in each.foreign_keys])"""
    command = [sys.executable, "-c", program]
    finished = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - ourselves
    assert finished.returncode == 0, finished.stderr
    assert "'account'" in finished.stdout


async def test_a_hall_is_shown(operator: Operator, database: Database) -> None:
    await operator.done("appointments", "load", str(CITY))
    await database.pool.execute("UPDATE hall_counter SET opened_at = now() WHERE code = '2'")
    shown = await operator.done("hall", "show", "civic-centre")
    assert "counter 1  一号窗口  closed" in shown
    assert "counter 2  二号窗口  free" in shown
    assert "marriage-registration  0 wait  about 0 min for a newcomer  (no estimate was measured yet)" in shown
    assert "certificate-reissue  0 wait  no counter is open for it" in shown
    nowhere = (await operator.type("hall", "show", "nowhere")).stderr
    assert "There is no office 'nowhere'. yiwang appointments show lists them." in nowhere


async def test_what_people_are_told_is_not_empty(operator: Operator, database: Database) -> None:
    await operator.done("appointments", "load", str(CITY))
    for words in (("close-day", "civic-centre", "2999-12-04"), ("cancel", "ABCD2345"), ("excuse", "ABCD2345")):
        refused = await operator.type("appointments", *words, "--reason", " \u3000\n")
        assert (refused.exit_code, "it is empty" in refused.stderr) == (2, True)
    assert await database.pool.fetchval("SELECT count(*) FROM appointment_exception WHERE closed_at IS NOT NULL") == 0


async def test_a_day_that_is_over_is_not_closed_in_a_dry_run_either(operator: Operator) -> None:
    await operator.done("appointments", "load", str(CITY))
    closing = ("appointments", "close-day", "civic-centre", "2020-01-01", "--reason", "停电")
    real, dry = await operator.type(*closing), await operator.type(*closing, "--dry-run")
    assert str(dry.exception) == str(real.exception) == "2020-01-01 is over"
    assert dry.exit_code == real.exit_code == 1
    assert dry.output == ""


async def test_who_mistypes_a_code_is_told_where_codes_are(operator: Operator) -> None:
    for words in (
        ("cancel", "NOPE", "--reason", "x"),
        ("keep", "NOPE"),
        ("missed", "NOPE"),
        ("excuse", "NOPE", "--reason", "x"),
    ):
        said = (await operator.type("appointments", *words)).stderr
        assert "There is no booking NOPE.\n  " in said
        assert "/desk" in said


async def test_a_sticker_is_of_an_office_that_is_there(operator: Operator, database: Database) -> None:
    await operator.done("appointments", "load", str(CITY))
    add = ("place-code", "add", "--name-zh", "大厅", "--name-en", "Hall", "--street-zh", "云津东路", "--kind")
    nope = await operator.type(*add, "counter", "--reference", "office:NOPE")
    assert str(nope.exception) == "There is no office 'NOPE'"
    bay = await operator.type(*add, "bay", "--reference", "office:civic-centre")
    assert str(bay.exception) == "A sticker of an office is no bay"
    for reference in ("lot:NOPE", "gate:0193b2c4-0000-7000-8000-000000000000", "bay:1"):
        refused = await operator.type(*add, "lot", "--reference", reference)
        assert "so that a scan would lead nowhere" in str(refused.exception)
    assert await database.pool.fetchval("SELECT count(*) FROM static_code") == 0
    await operator.done(*add, "counter", "--reference", "office:civic-centre")
    await database.pool.execute("UPDATE appointment_office SET closed_at = now()")
    closed = await operator.type(*add, "counter", "--reference", "office:yunze")
    assert str(closed.exception) == "The office yunze is closed, so that a scan would lead nowhere"


async def test_the_example_has_a_sticker_in_its_hall_however_often_it_starts(
    settings: Settings, database: Database, operator: Operator
) -> None:
    said: list[str] = []
    welcomes = [await appointment_demo.bring_up(settings, [], said.append) for _ in range(2)]
    assert said == []
    assert welcomes[0] == welcomes[1]
    [text] = [line.split()[1] for line in welcomes[0] if line.startswith("  sticker ")]
    assert "office:civic-centre" in await operator.done("place-code", "list")
    assert (await operator.type("place-code", "verify", text)).exit_code == 0
    stickers = await database.pool.fetch("SELECT kind, reference, status FROM static_code")
    assert [tuple(each) for each in stickers] == [("counter", "office:civic-centre", "active")]
