"""``yiwang parking``: the file of operators, as an operator of the platform loads, changes and exports it."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flows.parking.recording import record
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.settings import Settings
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from tests.architecture.test_structure import REPOSITORY
from tests.cli.operator import Operator

CITY = REPOSITORY / "examples" / "parking" / "city.yaml"


@pytest.fixture(autouse=True)
async def department(database: Database) -> None:
    async with database.session() as session:
        await add_department(session, SystemClock(), "parking", Text(zh="停车", en="Parking"))


def changed(folder: Path, **operator: Any) -> str:
    """Write the example with other values in its first operator."""
    city = msgspec.yaml.decode(CITY.read_bytes())
    city["operators"][0] |= operator
    path = folder / "city.yaml"
    path.write_bytes(msgspec.yaml.encode(city))
    return str(path)


def tariff(valid_from: str, minutes: int = 30) -> dict[str, Any]:
    bands = [{"name": "day", "begin": "00:00", "end": "24:00", "unit": {"minutes": minutes, "fen": 500}}]
    return {"code": "inner", "valid_from": valid_from, "data": {"rates": [{"bands": bands}]}}


async def test_the_example_is_loaded_once_and_exported_as_it_is(
    operator: Operator, database: Database, tmp_path: Path
) -> None:
    dry = await operator.type("parking", "load", str(CITY), "--dry-run")
    assert "lot:yunzhou-streets/K1  added" in dry.stdout
    assert "is no verifier yet" in dry.stderr
    assert await database.pool.fetchval("SELECT count(*) FROM parking_lot") == 0
    assert (await operator.type("parking", "load", str(CITY))).stdout == dry.stdout
    assert await database.pool.fetchval("SELECT count(*) FROM parking_lot") == 6
    exported = tmp_path / "exported.yaml"
    await operator.done("parking", "export", str(exported))
    for file in (CITY, exported):
        assert await operator.done("parking", "load", str(file)) == ""
    shown = await operator.done("parking", "show")
    assert "yunzhou-garages/101  人民广场地下车库  0 of 420  inner" in shown
    assert "  enter enter  never heard" in shown
    lot = await database.pool.fetchval("SELECT id FROM parking_lot WHERE code = '101'")
    assert f"inner  lot:{lot}" in shown
    for milliseconds, said in ((-30, False), (49, False), (-250, True), (90_000, True)):
        await database.pool.execute("UPDATE parking_lane SET clock_offset_ms = $1", milliseconds)
        assert ("its clock is" in await operator.done("parking", "show")) == said
    named = ("--name-zh", "车库", "--name-en", "Garage", "--street-zh", "人民路")
    await operator.done("place-code", "add", "--kind", "lot", "--reference", f"lot:{lot}", *named)
    actions = await database.pool.fetch("SELECT action FROM audit_entry WHERE action LIKE 'parking%'")
    assert [row["action"] for row in actions].count("parking.loaded") == 1


async def test_a_sticker_is_of_its_kind_and_of_what_is_in_use(operator: Operator, database: Database) -> None:
    await operator.done("parking", "load", str(CITY))
    named = ("--name-zh", "车库", "--name-en", "Garage", "--street-zh", "人民路")

    async def refused(kind: str, reference: str) -> str:
        return str(
            (await operator.type("place-code", "add", "--kind", kind, "--reference", reference, *named)).exception
        )

    bay, street = await database.pool.fetchrow("SELECT id, lot_id FROM parking_bay LIMIT 1")
    lane, garage = await database.pool.fetchrow("SELECT id, lot_id FROM parking_lane LIMIT 1")
    things = [("gate", lane), ("lot", garage), ("bay", bay)]
    for (kind, thing), (other, _) in zip(things, things[1:] + things[:1], strict=True):
        assert await refused(other, f"{kind}:{thing}") == f"A sticker of a {kind} is no {other}"
    await database.pool.execute("UPDATE parking_lane SET closed_at = now() WHERE id = $1", lane)
    assert await refused("gate", f"gate:{lane}") == "The gate is closed, so that a scan would lead nowhere"
    await database.pool.execute("UPDATE parking_lot SET closed_at = now() WHERE id = $1", street)
    assert await refused("lot", f"lot:{street}") == "The lot is closed, so that a scan would lead nowhere"
    assert await refused("bay", f"bay:{bay}") == "The lot of this bay is closed, so that a scan would lead nowhere"
    assert await database.pool.fetchval("SELECT count(*) FROM static_code") == 0
    await operator.done("place-code", "add", "--kind", "lot", "--reference", f"lot:{garage}", *named)


async def test_a_published_tariff_is_never_another_and_a_new_one_begins_later(
    operator: Operator, tmp_path: Path
) -> None:
    await operator.done("parking", "load", str(CITY))
    for version, said in (
        (tariff("2026-01-01T00:00:00+08:00"), "another version holds from then on"),
        (tariff("2026-02-01T00:00:00+08:00"), "it has passed"),
    ):
        refused = await operator.type("parking", "load", changed(tmp_path, tariffs=[version]))
        assert refused.exit_code == 1
        assert said in refused.stderr
    later = changed(tmp_path, tariffs=[tariff("2099-01-01T00:00:00+08:00")])
    assert await operator.done("parking", "load", later) == "tariff:yunzhou-garages/inner/2  published\n"
    forced = changed(tmp_path, tariffs=[tariff("2026-02-01T00:00:00+08:00")])
    assert "inner/3  published" in await operator.done("parking", "load", forced, "--force")


async def test_what_devices_sent_in_vain(operator: Operator, settings: Settings, database: Database) -> None:
    await operator.done("parking", "load", str(CITY))
    device = "46e8196d-005b-55f7-9549-0d3f263ed03c"
    async with database.session() as session:
        await record(session, SystemClock(), open_keys(settings), device, [b'{"plate": "\xe6\xb2\xaaA12345"}'])
    shown = await operator.done("parking", "refused")
    assert f"UTC  yunzhou-garages/101  {device}  event_id: Object missing required field" in shown
    assert "A12345" not in shown
    assert "沪A12345" in await operator.done("parking", "refused", "--device", device, "--content")
    assert await operator.done("parking", "refused", "--device", "another") == ""
    read = "SELECT count(*) FROM audit_entry WHERE action = 'parking_refused_event.read'"
    assert await database.pool.fetchval(read) == 1


async def test_every_defect_is_told_with_its_line_and_what_to_do(operator: Operator, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(
        "operators:\n"
        "- id: A\n"
        "  name_zh: 公司\n"
        "  lots:\n"
        "  - {code: '1', kind: tower, name_zh: 一, latitude: 91, longitude: 0, spaces: -1, tarif: x}\n"
        "holidays:\n"
        "- {day: 2027-13-01, kind: holiday}\n"
    )
    told = (await operator.type("parking", "load", str(path))).stderr
    for line, where in (
        *((2, "operators/0/id"), (5, "lots/0/kind"), (5, "lots/0/latitude"), (5, "lots/0/spaces")),
        *((5, "the key 'tarif' is unknown"), (5, "the key 'tariff' is missing"), (7, "holidays/0/day")),
    ):
        assert any(each.startswith(f"{path}:{line}: error") and where in each for each in told.splitlines()), where
    assert "Did you mean tariff?" in told
    contradictory = changed(tmp_path, tariffs=[tariff("2027-01-01T00:00:00+08:00", minutes=0)])
    told = (await operator.type("parking", "load", contradictory)).stderr
    assert re.search(r"/operators/0/tariffs/0/data/rates/0/bands/0/unit/minutes \(.+\): 0 is out of bounds", told)
    nowhere = (await operator.type("parking", "load", changed(tmp_path, department="nobody"))).stderr
    assert "no department nobody" in nowhere


async def test_a_file_of_permits(operator: Operator, database: Database, tmp_path: Path) -> None:
    await operator.done("parking", "load", str(CITY))
    path = tmp_path / "season.csv"
    path.write_text(
        "operator,lot,plate,permit,since,until\n"
        "yunzhou-garages,101,沪A12345,season,2099-01-01,2100-01-01\n"
        "yunzhou-garages,,沪B88888,disabled,2026-01-01T00:00:00+08:00,\n"
    )
    dry = await operator.type("parking", "permits", str(path), "--dry-run")
    assert (dry.exit_code, dry.stderr) == (0, "2 would be assigned, 0 as they were.\n")
    assert await database.pool.fetch("SELECT 1 FROM parking_permit") == []
    assert (await operator.type("parking", "permits", str(path))).stderr == "2 assigned, 0 as they were.\n"
    assert (await operator.type("parking", "permits", "-", stdin=path.read_text())).stderr.startswith("0 assigned, 2")
    rows = await database.pool.fetch("SELECT granted_by, lot_id, until FROM parking_permit ORDER BY id")
    assert [(each["granted_by"][:9], each["lot_id"] is None, each["until"] is None) for each in rows] == [
        ("operator:", False, False), ("operator:", True, True)
    ]  # fmt: skip
    assert len(await database.pool.fetch("SELECT 1 FROM audit_entry WHERE action = 'parking_permit.loaded'")) == 1

    path.write_text(
        "operator,lot,plate,permit,since,until\n"
        "yunzhou-garages,101,沪C11111,season,2099-01-01,\n"
        "yunzhou-garages,999,沪A12345,season,2099-01-01,\n"
        "yunzhou-garages,,!!,season,2099-01-01,\n"
        "yunzhou-garages,,沪A12345,gold,2099-01-01,\n"
        "yunzhou-garages,101,沪A12345,season,2099-06-01,\n"
        "yunzhou-garages,,沪A12345,disabled,01.01.2099,\n"
    )
    refused = await operator.type("parking", "permits", str(path))
    told = [line for line in refused.stderr.splitlines() if line.startswith(f"{path}:")]
    for line, part in zip(
        told, ("no yunzhou-garages/999", "The plate has", "permit 'gold'", "already, from 2099", "no day"), strict=True
    ):
        assert part in line
    assert [line.split(":")[1] for line in told] == ["3", "4", "5", "6", "7"]
    assert "The file has 5 defects; nothing was changed." in refused.stderr
    assert len(await database.pool.fetch("SELECT 1 FROM parking_permit")) == 2
